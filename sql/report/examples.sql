-- The first findings of each code, kept as they pass by: the table is never sorted.
with first as (
    select
        code,
        unnest(min(
            {
                path: path,
                position: position,
                pointer: pointer,
                message: message,
                expected: expected,
                actual: actual,
                pith_number: pith_number
            },
            5
        )) as example
    from findings
    group by code
)

select
    code,
    unnest(example)
from first
order by all

-- The first findings of each code. Findings in proven documents come first. The query
-- never sorts the table, and compares places by their hashes.
with proven as (
    select distinct hash(path, position) as place
    from documents
    where vouched(proof)
),

first as (
    select
        code,
        unnest(min(
            {
                unproven: proven.place is null,
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
    left join proven on hash(path, position) = proven.place
    group by code
)

select
    code,
    unnest(example)
from first
order by all

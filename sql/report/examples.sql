-- The first findings of each code.
select
    code,
    path,
    position,
    pointer,
    message,
    expected,
    actual,
    pith_number
from findings
qualify row_number() over (
    partition by code
    order by path, position, pointer, message, expected, actual, pith_number
) <= 5
order by code, path, position, pointer, message, expected, actual, pith_number

-- Two documents of one paper list different aliases.
-- severity: warning
-- means: One of them is older, incomplete or altered.
-- do: Compare the two documents.
with sets as (
    select
        proof.pith_number,
        proof.sha256,
        proof.rank,
        proof.eligible,
        coalesce(
            list(
                distinct alias.kind || ' ' || alias.value
                order by alias.kind || ' ' || alias.value
            ) filter (alias.kind is not null),
            []
        ) as names
    from proof
    left join staged_aliases as alias using (sha256)
    group by all
)

select
    other.sha256,
    other.pith_number,
    array_to_string(best.names, ', ') as expected,
    array_to_string(other.names, ', ') as actual
from sets as best
inner join sets as other using (pith_number)
where best.rank = 1 and other.names <> best.names

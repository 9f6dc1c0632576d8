-- Two documents of one paper list different aliases.
-- severity: warning
-- means: One of them is older, incomplete or altered.
-- do: Compare the two documents.
with contradicting as (
    select distinct alias.doc
    from staged_aliases as alias
    inner join aliases as known
        on
            alias.pith_number = known.pith_number
            and alias.kind = known.kind
            and alias.value = known.value
    where not known.well_formed
),

sets as (
    select
        proof.pith_number,
        proof.doc,
        -- one that contradicts the number or the source cannot be the one to compare with
        row_number() over (
            partition by proof.pith_number
            order by contradicting.doc is not null, proof.rank
        ) as rank,
        coalesce(
            list(
                distinct alias.kind || ' ' || alias.value
                order by alias.kind || ' ' || alias.value
            ) filter (alias.kind is not null),
            []
        ) as names
    from proof
    left join contradicting using (doc)
    left join staged_aliases as alias using (doc)
    group by proof.pith_number, proof.doc, proof.rank, contradicting.doc
)

select
    other.doc,
    other.pith_number,
    array_to_string(best.names, ', ') as expected,
    array_to_string(other.names, ', ') as actual
from sets as best
inner join sets as other using (pith_number)
where best.rank = 1 and other.names <> best.names

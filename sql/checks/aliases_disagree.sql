-- Two documents of one paper list different aliases.
-- severity: warning
-- means: One document is older, incomplete or altered. The finding is on the less proven document.
--   It is on both if they are equally proven and no signed bundle says which is right.
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

-- a single document cannot disagree with another
several as (
    select pith_number
    from proof
    group by pith_number
    having count(*) > 1
),

sets as (
    select
        proof.pith_number,
        proof.doc,
        proof.proof,
        contradicting.doc is not null as contradicts,
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
    semi join several using (pith_number)
    left join contradicting using (doc)
    left join staged_aliases as alias using (doc)
    group by proof.pith_number, proof.doc, proof.proof, proof.rank, contradicting.doc
),

-- joined by their digest, because one document's may be very many
compared as (
    select
        * exclude (names),
        md5(to_json(names)::varchar) as digest,
        left(array_to_string(names, ', '), 1000) as shown
    from sets
),

pairs as (
    select
        pith_number,
        best.doc as best_doc,
        best.shown as best_shown,
        other.doc,
        other.rank,
        other.shown,
        -- a signature over the aliases is a bundle's own
        best.proof <> 'signed' and best.proof = other.proof and not other.contradicts as as_good
    from compared as best
    inner join compared as other using (pith_number)
    where best.rank = 1 and other.digest <> best.digest
)

select
    doc,
    pith_number,
    best_shown as expected,
    shown as actual
from pairs
union all
select
    best_doc as doc,
    pith_number,
    arg_min(shown, rank) as expected,
    best_shown as actual
from pairs
where as_good
group by best_doc, pith_number, best_shown

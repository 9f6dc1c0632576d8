-- Every other name of a paper, once. Its time is the earliest that the best-proven documents with
-- this name state. A less proven document cannot date the name.
with graded as (
    select
        alias.pith_number,
        alias.kind,
        alias.value,
        proof.grade,
        {
            'created_at': min(alias.created_at),
            'proof': any_value(proof.proof)
        } as told
    from staged_aliases as alias
    inner join proof using (doc)
    where proof.eligible
    group by alias.pith_number, alias.kind, alias.value, proof.grade
),

named as (
    select
        pith_number,
        kind,
        value,
        unnest(arg_max(told, grade))
    from graded
    group by pith_number, kind, value
),

expected as (
    select
        pith_number,
        source_kind = 'arxiv' as is_arxiv,
        source_id,
        source_id || 'v' || source_version as versioned_id,
        split_part(pith_number, ':', 3) as id
    from papers
)

select
    named.pith_number,
    named.kind,
    named.value,
    named.created_at,
    -- null: nothing in the documents can confirm such a kind, or a publisher's DOI
    case named.kind
        when 'arxiv' then expected.is_arxiv and named.value = expected.source_id
        when 'arxiv_version' then expected.is_arxiv and named.value = expected.versioned_id
        when 'doi' then
            case
                when starts_with(lower(named.value), '10.48550/')
                    then
                        expected.is_arxiv
                        and named.value = '10.48550/arxiv.' || lower(expected.source_id)
            end
        when 'pith_short_8' then named.value = left(expected.id, 8)
        when 'pith_short_12' then named.value = left(expected.id, 12)
        when 'pith_short_16' then named.value = left(expected.id, 16)
    end as well_formed,
    named.proof
from named
inner join expected using (pith_number)

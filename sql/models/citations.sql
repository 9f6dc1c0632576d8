-- Every citation: those that records list as a sample, and those of events whose content and
-- signature hold. The citations of other events stay in `events` and `attestations`.
with samples as (
    select
        citation.pith_number as cited_pith_number,
        citation.citing_arxiv_id,
        citation.ref_index,
        'inbound_sample' as origin,
        null::varchar as relationship,
        citation.citing_title,
        citation.is_internal_anchor,
        null::varchar as event_id,
        null::varchar as signed_citing_number,
        proof.proof,
        proof.rank,
        citation.position,
        proof.sha256 as document_sha256
    from staged_citations as citation
    inner join proof using (doc)
    where proof.eligible
),

-- no payload of such an event was ever seen, so a field may be missing
signed as (
    select
        pith_number as cited_pith_number,
        payload ->> '$.citing_arxiv_id' as citing_arxiv_id,
        -- a cast would also take texts and round numbers; only an integer is a place
        case
            when json_type(payload, '$.ref_index') in ('BIGINT', 'UBIGINT')
                then try_cast(payload ->> '$.ref_index' as bigint)
        end as ref_index,
        'citation_signature' as origin,
        payload ->> '$.relationship' as relationship,
        payload ->> '$.citing_title' as citing_title,
        null::boolean as is_internal_anchor,
        event_id,
        nullif(payload ->> '$.citing_pith_number', '') as signed_citing_number,
        proof,
        1 as rank,
        position,
        document_sha256
    from events
    where event_type = 'citation_signature' and content_ok and signature_status = 'valid'
),

chosen as (
    select *
    from (
        select * from samples
        union all
        select * from signed
    )
    qualify
        -- the row comes from the best document with the citation; it may list several titles
        rank = min(rank) over (
            partition by
                cited_pith_number,
                citing_arxiv_id,
                ref_index,
                origin,
                event_id,
                -- a citing paper without an id is recognised by its title
                case when nullif(citing_arxiv_id, '') is null then citing_title end
        )
        and row_number() over (
            partition by
                cited_pith_number, citing_arxiv_id, ref_index, origin, event_id, citing_title
            order by rank, position, document_sha256
        ) = 1
),

-- the rows of the last snapshot that no changed document made; the number of the citing paper is
-- looked up anew, because another document may have changed it
everything as (
    select
        cited_pith_number,
        citing_arxiv_id,
        ref_index,
        origin,
        event_id,
        relationship,
        signed_citing_number,
        citing_title,
        is_internal_anchor,
        proof,
        document_sha256
    from chosen
    union all by name
    select * exclude (citing_pith_number)
    from kept_citations
),

all_papers as (
    select pith_number, proof, source_version
    from papers
    union all
    select pith_number, proof, source_version
    from kept_papers
),

all_aliases as (
    select pith_number, kind, value, well_formed
    from aliases
    union all
    select pith_number, kind, value, well_formed
    from kept_aliases
),

-- an arXiv id names a version, or else means the latest; only versions that a receipt vouches for
-- count, because anybody can claim an id; null would sort as the greatest version
resolved as (
    select
        alias.value as arxiv_id,
        arg_max(
            alias.pith_number,
            (paper.source_version is not null, paper.source_version, alias.pith_number)
        ) as pith_number
    from all_aliases as alias
    inner join all_papers as paper using (pith_number)
    where
        alias.kind in ('arxiv', 'arxiv_version')
        and alias.well_formed
        and vouched(paper.proof)
    group by alias.value
)

select
    everything.cited_pith_number,
    everything.citing_arxiv_id,
    everything.ref_index,
    everything.origin,
    everything.event_id,
    everything.relationship,
    coalesce(everything.signed_citing_number, resolved.pith_number) as citing_pith_number,
    everything.signed_citing_number,
    everything.citing_title,
    everything.is_internal_anchor,
    everything.proof,
    everything.document_sha256
from everything
left join resolved on everything.citing_arxiv_id = resolved.arxiv_id

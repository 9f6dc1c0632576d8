-- The citations of the documents to model, without the papers that cite: those that records list as a
-- sample, and those of events whose content and signature hold. The citations of other events stay in
-- `events` and `attestations`.
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
)

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

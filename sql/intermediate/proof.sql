-- One row a document that was read: how well it is proven, as a word and as a number.
with judged as (
    select
        doc,
        kind,
        -- anybody can send the registry an event, so an event does not lower the proof of a bundle
        -- that a pinned key signs; the event and its signatures have a status of their own
        kind <> 'event' and not unapplied as own,
        status = 'valid' as valid,
        status in ('untrusted_key', 'unknown_key') as untrusted,
        status in ('invalid', 'digest_mismatch', 'malformed') as wrong
    from signature_statuses
),

signatures as (
    select
        doc,
        bool_and(valid) as all_valid,
        bool_or(valid) as any_valid,
        bool_or(valid and kind = 'bundle') as bundle_valid,
        bool_or(untrusted) as any_untrusted,
        bool_or(wrong) as any_wrong,
        bool_and(valid) filter (own) as own_valid,
        bool_or(wrong) filter (own) as own_wrong
    from judged
    group by doc
),

breaks as (
    select
        doc,
        bool_or(not unapplied) as own
    from staged_problems
    where breaks
    group by doc
),

words as (
    select
        document.doc,
        document.sha256,
        document.kind,
        document.pith_number,
        -- how many texts have the hash in the canonical record
        (paper.title_status = 'verified')::int + (paper.abstract_status = 'verified')::int as texts,
        paper.doc is not null as of_paper,
        coalesce(document.built_at, document.updated_at, document.created_at) as stated_at,
        case
            when if(signatures.bundle_valid, breaks.own, breaks.doc is not null) then 'failed'
            when if(signatures.bundle_valid, signatures.own_wrong, signatures.any_wrong)
                then 'failed'
            when signatures.bundle_valid and signatures.own_valid then 'signed'
            when signatures.all_valid then 'receipt'
            when signatures.any_valid then 'partial'
            when signatures.any_untrusted then 'untrusted'
            else 'unsigned'
        end as proof
    from staged_documents as document
    -- integrity documents and manifests hold no canonical record
    left join staged_papers as paper using (doc)
    left join signatures using (doc)
    left join breaks using (doc)
    where document.status = 'ok'
),

graded as (
    select
        words.*,
        proof_levels.grade
    from words
    inner join proof_levels using (proof)
),

ranks as (
    select
        *,
        -- first by signatures, then by verified texts, time and kind; the digest makes the order
        -- total
        row_number() over (
            partition by pith_number, of_paper
            order by
                grade desc,
                texts desc,
                stated_at desc nulls last,
                list_position(['bundle', 'record', 'state'], kind),
                sha256
        ) as rank,
        max(grade) over (partition by pith_number, of_paper) as best_grade
    from graded
)

select
    * exclude (of_paper, best_grade),
    -- if a paper has a verified document, only verified ones count for it; if not, only those
    -- with the best grade
    of_paper
    and (
        grade = best_grade
        or grade >= (select level.grade from proof_levels as level where level.proof = 'receipt')
    ) as eligible
from ranks

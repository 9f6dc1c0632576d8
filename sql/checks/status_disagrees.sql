-- A record's verification_status says other than the tables show.
-- severity: warning
-- means: The registry states the status without a signature. The program recomputed the tables.
-- do: Use the tables' own columns.
with facts as (
    select
        record.*,
        paper.canonical_status,
        paper.claims_count,
        paper.references_resolved_work,
        paper.author_claims_count,
        paper.author_claims_strong_count,
        paper.graph_builder_version,
        receipt.status as receipt_status
    from staged_records as record
    inner join staged_papers as paper using (doc)
    left join signature_statuses as receipt
        on record.doc = receipt.doc and receipt.kind = 'receipt'
),

held as (
    select
        pith_number,
        count(*) filter (where event_type = 'author_attestation') as author_attestations,
        count(*) filter (where event_type = 'timestamp_anchor') as timestamp_anchors,
        count(*) filter (where event_type = 'storage_attestation') as storage_attestations,
        count(*) filter (where event_type = 'citation_signature') as citation_signatures,
        count(*) filter (where event_type = 'replication_record') as replication_records
    from events
    -- Only a valid signature can contradict the record. Anybody can put an event into a
    -- standalone state, so such an event does not count either.
    where content_ok and signature_status = 'valid'
    group by pith_number
),

claims as (
    unpivot (
        select
            facts.doc,
            facts.pith_number,
            [
                facts.content_addressed::varchar,
                (nullif(facts.canonical_status, 'missing') = 'verified')::varchar
            ] as content_addressed,
            [facts.pith_receipt::varchar, (facts.receipt_status <> 'missing')::varchar]
                as pith_receipt,
            [facts.graph_snapshot::varchar, (facts.graph_builder_version is not null)::varchar]
                as graph_snapshot,
            [facts.references_resolved::varchar, (facts.references_resolved_work > 0)::varchar]
                as references_resolved,
            [
                facts.formal_links_present::varchar,
                (facts.formal_canon_evidence_count > 0)::varchar
            ] as formal_links_present,
            [
                facts.strong_author_claims::varchar,
                facts.author_claims_strong_count::varchar
            ] as strong_author_claims,
            [
                facts.weak_author_claims::varchar,
                -- stated numbers may be as far apart as no BIGINT can tell
                (facts.author_claims_count::hugeint - facts.author_claims_strong_count)::varchar
            ] as weak_author_claims,
            [facts.author_attested::varchar, (held.author_attestations > 0)::varchar]
                as author_attested,
            [facts.externally_anchored::varchar, (held.timestamp_anchors > 0)::varchar]
                as externally_anchored,
            [facts.storage_verified::varchar, (held.storage_attestations > 0)::varchar]
                as storage_verified,
            [facts.citation_signatures::varchar, held.citation_signatures::varchar]
                as citation_signatures,
            [facts.replication_records::varchar, held.replication_records::varchar]
                as replication_records
        from facts
        left join held using (pith_number)
    )
    on columns(* exclude (doc, pith_number))
    into name field value pair
)

select
    doc,
    pith_number,
    '/verification_status/' || field as pointer,
    pair[2] as expected,
    pair[1] as actual
from claims
where pair[1] <> pair[2]

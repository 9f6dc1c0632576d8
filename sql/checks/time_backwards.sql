-- Times run backwards.
-- severity: warning
-- means: A paper is submitted, then its number is computed, then signed, then bundled. Times are
--   compared to the second. No signature covers its own time.
-- do: Distrust the times of the document.
with steps as (
    select
        doc,
        pith_number,
        receipt_pointer || '/first_computed_at' as pointer,
        submitted_at as earlier,
        receipt_first_computed_at as later
    from staged_papers
    union all
    select
        paper.doc,
        paper.pith_number,
        signature.pointer || '/signed_at' as pointer,
        paper.receipt_first_computed_at as earlier,
        signature.signed_at as later
    from staged_papers as paper
    inner join staged_signatures as signature
        on paper.doc = signature.doc and paper.receipt_pointer = signature.pointer
    union all
    select
        event.doc,
        event.document_pith_number as pith_number,
        signature.pointer || '/signed_at' as pointer,
        event.created_at as earlier,
        signature.signed_at as later
    from staged_events as event
    inner join staged_signatures as signature
        on
            event.doc = signature.doc
            and event.pointer || '/signature' = signature.pointer
    union all
    select
        signature.doc,
        signature.pith_number,
        '/built_at' as pointer,
        signature.signed_at as earlier,
        document.built_at as later
    from staged_signatures as signature
    inner join staged_documents as document using (doc)
    where signature.kind <> 'bundle'
    union all
    select
        signature.doc,
        signature.pith_number,
        signature.pointer || '/signed_at' as pointer,
        document.built_at as earlier,
        signature.signed_at as later
    from staged_signatures as signature
    inner join staged_documents as document using (doc)
    where signature.kind = 'bundle'
    union all
    select
        doc,
        pith_number,
        '/updated_at' as pointer,
        created_at as earlier,
        updated_at as later
    from staged_documents
)

select distinct
    doc,
    pith_number,
    pointer,
    'not before ' || earlier as expected,
    later as actual
from steps
where date_trunc('second', later) < date_trunc('second', earlier)

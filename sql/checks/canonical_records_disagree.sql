-- Two documents of one Pith number hold different canonical records.
-- severity: error
-- means: The number derives from the record, so at most one record is right. The tables
--   follow the better-proven document.
-- do: Treat the document as altered; fetch it again from the registry or another mirror.
select
    other.doc,
    other.pith_number,
    best_document.canonical_sha256_computed as expected,
    other_document.canonical_sha256_computed as actual
from proof as best
inner join proof as other using (pith_number)
inner join staged_documents as best_document on best.doc = best_document.doc
inner join staged_documents as other_document on other.doc = other_document.doc
where
    best.rank = 1
    and best_document.canonical_sha256_computed <> other_document.canonical_sha256_computed

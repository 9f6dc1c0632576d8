-- Two documents of one Pith number hold different canonical records.
-- severity: error
-- means: The number derives from the record, so that at most one of them is right; the
--   tables follow the better-proven one.
-- do: Treat the document as altered; fetch it again from the registry or another mirror.
select
    other.sha256,
    other.pith_number,
    best_document.canonical_sha256_computed as expected,
    other_document.canonical_sha256_computed as actual
from proof as best
inner join proof as other using (pith_number)
inner join staged_documents as best_document on best.sha256 = best_document.sha256
inner join staged_documents as other_document on other.sha256 = other_document.sha256
where
    best.rank = 1
    and best_document.canonical_sha256_computed <> other_document.canonical_sha256_computed

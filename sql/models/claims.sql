-- The claims of each paper, from the document that the row in `papers` comes from.
select
    claim.pith_number,
    claim.position,
    claim.claim_id,
    claim.kind,
    claim.text,
    claim.source,
    claim.status,
    claim.attestation,
    proof.proof,
    proof.sha256 as document_sha256
from staged_claims as claim
inner join proof using (doc)
where proof.rank = 1

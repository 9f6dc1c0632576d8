-- Every signature once for what it claims to sign. The same receipt in a record, a bundle and a state
-- is one row, unless the signed content differs.
with ranked as (
    select
        signature_statuses.*,
        proof.sha256,
        row_number() over same as rank,
        count(*) over same as stands_in
    from signature_statuses
    inner join proof using (doc)
    window same as (
        partition by signature_statuses.kind, subject, digest_computed, signature_b64
        -- not every document with the signature carries the key under which it holds
        order by
            status = 'valid' desc,
            status = 'untrusted_key' desc,
            status = 'digest_unproven' desc,
            grade desc,
            sha256,
            pointer
        rows between unbounded preceding and unbounded following
    )
)

select
    kind,
    subject,
    digest_computed,
    signature_b64,
    pith_number,
    status,
    nullif(digest_stated, digest_computed) as digest_stated,
    public_key_b64,
    key_id,
    public_key_fingerprint,
    algorithm,
    signature_status as stated_status,
    signed_message,
    signed_at,
    stands_in,
    sha256 as document_sha256,
    pointer
from ranked
where rank = 1

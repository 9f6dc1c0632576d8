-- Every signature once for what it claims to sign: the same receipt in a record, a bundle and
-- a state is one row, unless the content it stands beside differs.
with ranked as (
    select
        *,
        row_number() over same as rank,
        count(*) over same as stands_in
    from trusted
    inner join (select sha256, grade from proof) using (sha256)
    window same as (
        partition by kind, subject, digest_computed, signature_b64
        order by status = 'valid' desc, grade desc, sha256, pointer
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
    digest_stated,
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
order by kind, subject, digest_computed, signature_b64

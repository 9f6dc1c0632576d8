-- Every signature once for what it claims to sign: the same receipt in a record, a bundle and
-- a state is one row, unless the content it stands beside differs.
with ranked as (
    select
        trusted.rowid as row,
        proof.sha256,
        row_number() over same as rank,
        count(*) over same as stands_in
    from trusted
    inner join proof using (doc)
    window same as (
        partition by trusted.kind, subject, digest_computed, signature_b64
        order by status = 'valid' desc, grade desc, sha256, pointer
        rows between unbounded preceding and unbounded following
    )
)

select
    trusted.kind,
    trusted.subject,
    trusted.digest_computed,
    trusted.signature_b64,
    trusted.pith_number,
    trusted.status,
    nullif(trusted.digest_stated, trusted.digest_computed) as digest_stated,
    trusted.public_key_b64,
    trusted.key_id,
    trusted.public_key_fingerprint,
    trusted.algorithm,
    trusted.signature_status as stated_status,
    trusted.signed_message,
    trusted.signed_at,
    ranked.stands_in,
    ranked.sha256 as document_sha256,
    trusted.pointer
from ranked
inner join trusted on ranked.row = trusted.rowid
where ranked.rank = 1

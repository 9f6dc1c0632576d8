-- One key signed two digests with the same nonce.
-- severity: critical
-- means: The first 32 bytes of an Ed25519 signature must never recur under one key for
--   another message: anybody can compute the private key from the two.
-- do: Remove the key from the keyring and tell the registry at once.
with nonces as (
    select
        *,
        substr(hex(from_base64(signature_b64)), 1, 64) as nonce,
        -- what was signed, which beside altered content is the digest stated
        case when status = 'digest_mismatch' then digest_stated else digest_computed end
            as digest
    from trusted
    where status in ('valid', 'untrusted_key', 'digest_mismatch')
),

reused as (
    select
        public_key_b64,
        nonce
    from nonces
    group by public_key_b64, nonce
    having count(distinct digest) > 1
)

select
    nonces.doc,
    nonces.pointer,
    nonces.pith_number,
    nonces.nonce as actual
from reused
inner join nonces using (public_key_b64, nonce)

-- A pinned key signed two digests with the same nonce.
-- severity: critical
-- means: The first 32 bytes of an Ed25519 signature must never recur under one key for
--   another message: anybody can compute the private key from two such signatures. Keys outside
--   the keyring never raise this, because their signatures prove nothing.
-- do: Remove the key from the keyring and tell the registry at once.
with signed as (
    select
        *,
        -- what was signed, which beside altered or unproven content is the digest stated
        case
            when status = 'digest_mismatch' then digest_stated
            else coalesce(digest_computed, digest_stated)
        end as digest
    from signature_statuses
    semi join pinned using (public_key_b64)
    where status in ('valid', 'untrusted_key', 'digest_unproven', 'digest_mismatch')
),

-- 42 characters are the first 252 of a nonce's 256 bits: few signatures share them
alike as (
    select
        public_key_b64,
        left(signature_b64, 42) as start
    from signed
    group by public_key_b64, left(signature_b64, 42)
    having count(distinct digest) > 1
),

nonces as (
    select
        signed.*,
        substr(hex(from_base64(signed.signature_b64)), 1, 64) as nonce
    from signed
    inner join alike
        on
            signed.public_key_b64 = alike.public_key_b64
            and left(signed.signature_b64, 42) = alike.start
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

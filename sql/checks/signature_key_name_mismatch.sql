-- A signature names another key than the one under which it holds.
-- severity: warning
-- means: key_id or public_key_fingerprint is not that of the key. The signature is good all
--   the same; its label is not.
-- do: Treat the label as altered.
with names as (
    -- the keyring names the pinned keys, and each document those that it brings
    select
        null::bigint as doc,
        public_key_b64,
        key_id,
        fingerprint_sha256_hex as fingerprint
    from pinned
    union all
    select
        doc,
        public_key_b64,
        key_id,
        fingerprint_computed as fingerprint
    from staged_keys
    anti join pinned using (public_key_b64)
    where fingerprint_computed is not null
),

labels as (
    select
        trusted.doc,
        trusted.pointer,
        trusted.pith_number,
        concat_ws(' ', trusted.key_id, trusted.public_key_fingerprint) as actual,
        string_agg(
            distinct concat_ws(' ', names.key_id, names.fingerprint), ', '
        ) as expected,
        bool_or(
            names.key_id is not distinct from trusted.key_id
            and names.fingerprint is not distinct from trusted.public_key_fingerprint
        ) as named
    from trusted
    inner join names
        on
            trusted.public_key_b64 = names.public_key_b64
            and trusted.doc = coalesce(names.doc, trusted.doc)
    where trusted.status in ('valid', 'untrusted_key')
    group by all
)

select * exclude (named)
from labels
where not named

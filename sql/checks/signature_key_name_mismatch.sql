-- A signature names another key than the one under which it holds.
-- severity: warning
-- means: key_id or public_key_fingerprint is not that of the key. The signature is good all
--   the same; its label is not.
-- do: Treat the label as altered.
with labels as (
    -- most signatures name the pinned key rightly, which takes no further look
    select
        trusted.doc,
        trusted.pointer,
        trusted.pith_number,
        trusted.key_id,
        trusted.public_key_fingerprint,
        trusted.public_key_b64
    from trusted
    anti join pinned
        on
            trusted.public_key_b64 = pinned.public_key_b64
            and trusted.key_id = pinned.key_id
            and trusted.public_key_fingerprint = pinned.fingerprint_sha256_hex
    where trusted.status in ('valid', 'untrusted_key')
),

-- the keyring names the pinned keys, and each document those others that it brings; joined
-- apart, because very many documents may bring one key
names as (
    select
        labels.*,
        pinned.key_id as true_key_id,
        pinned.fingerprint_sha256_hex as true_fingerprint
    from labels
    inner join pinned using (public_key_b64)
    union all
    select
        labels.*,
        carried.key_id as true_key_id,
        carried.fingerprint_computed as true_fingerprint
    from labels
    inner join staged_keys as carried using (doc, public_key_b64)
    anti join pinned using (public_key_b64)
    where carried.fingerprint_computed is not null
),

compared as (
    select
        doc,
        pointer,
        pith_number,
        concat_ws(' ', key_id, public_key_fingerprint) as actual,
        string_agg(
            distinct concat_ws(' ', true_key_id, true_fingerprint), ', '
            order by concat_ws(' ', true_key_id, true_fingerprint)
        ) as expected,
        bool_or(
            true_key_id is not distinct from key_id
            and true_fingerprint is not distinct from public_key_fingerprint
        ) as named
    from names
    group by doc, pointer, pith_number, key_id, public_key_fingerprint
)

select * exclude (named)
from compared
where not named

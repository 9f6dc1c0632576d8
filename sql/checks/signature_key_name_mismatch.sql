-- A signature names another key than the one under which it holds.
-- severity: warning
-- means: key_id or public_key_fingerprint belongs to another key. The signature is good, but its
--   label is wrong.
-- do: Treat the label as altered.
with labels as (
    -- most signatures name the pinned key rightly, which takes no further look
    select
        signature_statuses.doc,
        signature_statuses.pointer,
        signature_statuses.pith_number,
        signature_statuses.key_id,
        signature_statuses.public_key_fingerprint,
        signature_statuses.public_key_b64
    from signature_statuses
    anti join pinned
        on
            signature_statuses.public_key_b64 = pinned.public_key_b64
            and signature_statuses.key_id = pinned.key_id
            and signature_statuses.public_key_fingerprint = pinned.fingerprint_sha256_hex
    -- an integrity event has no fingerprint, so that only the right name leads to a key
    where
        signature_statuses.status in ('valid', 'untrusted_key')
        and signature_statuses.kind <> 'integrity'
),

-- the names of a key: the keyring has those of the pinned ones, and each document those of the
-- others that it brings; joined apart, because very many documents may bring one key
names as (
    select
        used.doc,
        used.public_key_b64,
        pinned.key_id,
        pinned.fingerprint_sha256_hex as fingerprint
    from (select distinct doc, public_key_b64 from labels) as used
    inner join pinned using (public_key_b64)
    union
    select
        carried.doc,
        carried.public_key_b64,
        carried.key_id,
        carried.fingerprint_computed as fingerprint
    from staged_keys as carried
    semi join labels using (doc, public_key_b64)
    anti join pinned using (public_key_b64)
    where carried.fingerprint_computed is not null
),

-- told once a key, as a document may bring many names and use them in very many signatures
told as (
    select
        doc,
        public_key_b64,
        left(
            string_agg(
                concat_ws(' ', key_id, fingerprint), ', ' order by concat_ws(' ', key_id, fingerprint)
            ),
            1000
        ) as names
    from names
    group by doc, public_key_b64
)

select
    labels.doc,
    labels.pointer,
    labels.pith_number,
    told.names as expected,
    concat_ws(' ', labels.key_id, labels.public_key_fingerprint) as actual
from labels
inner join told using (doc, public_key_b64)
anti join names
    on
        labels.doc = names.doc
        and labels.public_key_b64 = names.public_key_b64
        and labels.key_id is not distinct from names.key_id
        and labels.public_key_fingerprint is not distinct from names.fingerprint

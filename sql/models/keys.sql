-- Every key that is pinned or stands in a document, by its stated fields. One public key under two
-- names gives two rows, and so does one name for two keys. No document can change the row of a
-- pinned key.
with carried as (
    select
        key_id,
        public_key_b64,
        public_key_hex,
        fingerprint_sha256_hex,
        fingerprint_sha256_b32,
        algorithm,
        count(distinct doc) as documents,
        -- from the best-proven document with it
        unnest(
            arg_min(
                {
                    'format': format,
                    'fingerprint_computed': fingerprint_computed,
                    'key_status': key_status,
                    'rotates_at': rotates_at,
                    'url': url,
                    'notes': notes,
                    'document_sha256': document_grades.sha256
                },
                (-document_grades.grade, document_grades.sha256, pointer)
            )
        )
    from carried_keys
    inner join document_grades using (doc)
    group by
        key_id,
        public_key_b64,
        public_key_hex,
        fingerprint_sha256_hex,
        fingerprint_sha256_b32,
        algorithm
)

select
    coalesce(carried.key_id, pins.key_id) as key_id,
    coalesce(carried.public_key_b64, pins.public_key_b64) as public_key_b64,
    carried.public_key_hex,
    coalesce(carried.fingerprint_sha256_hex, pins.fingerprint_sha256_hex)
        as fingerprint_sha256_hex,
    carried.fingerprint_sha256_b32,
    coalesce(carried.algorithm, pins.algorithm) as algorithm,
    case
        -- a row that misstates any field of a pinned key is untrusted
        when
            pins.public_key_b64 is null
            and (carried.algorithm is distinct from 'ed25519' or carried.key_status <> 'verified')
            then 'untrusted'
        when coalesce(carried.key_id, pins.key_id) in (
            select pinned.key_id from pinned
            where
                pinned.public_key_b64 = coalesce(carried.public_key_b64, pins.public_key_b64)
        ) then 'pinned'
        when exists (
            select 1 from pinned
            where pinned.public_key_b64 = carried.public_key_b64
        ) then 'pinned_under_another_name'
        else 'untrusted'
    end as trust,
    case
        when pins.public_key_b64 is null then 'documents'
        when carried.documents is null then 'keyring'
        else 'both'
    end as origin,
    coalesce(carried.key_status, 'verified') as key_status,
    coalesce(carried.fingerprint_computed, pins.fingerprint_sha256_hex) as fingerprint_computed,
    carried.format,
    pins.valid_from,
    pins.valid_until,
    carried.rotates_at,
    carried.url,
    carried.notes,
    pins.note as keyring_note,
    coalesce(carried.documents, 0) as documents,
    carried.document_sha256
from carried
full outer join pinned as pins
    on
        carried.public_key_b64 = pins.public_key_b64
        and carried.key_id = pins.key_id
        and carried.algorithm = pins.algorithm
        and carried.fingerprint_sha256_hex = pins.fingerprint_sha256_hex
        and carried.key_status = 'verified'

-- One row for each way in which signatures name their key, with the key under which they hold,
-- where that is a pinned key, or one goes by that name or fingerprint: few rows, however many
-- signatures.
with names as (
    select distinct
        signature.key_id,
        signature.public_key_fingerprint,
        coalesce(late.public_key_b64, signature.public_key_b64) as public_key_b64
    from staged_signatures as signature
    left join late_verdicts as late using (doc, pointer)
)

select
    names.key_id,
    names.public_key_fingerprint,
    names.public_key_b64,
    -- a pinned key goes by this name or fingerprint
    coalesce(
        bool_or(
            names.key_id = pinned.key_id
            or names.public_key_fingerprint = pinned.fingerprint_sha256_hex
        ),
        false
    ) as named,
    -- and it is the one under which they hold
    coalesce(
        bool_or(
            names.key_id = pinned.key_id
            or names.public_key_fingerprint = pinned.fingerprint_sha256_hex
        ) filter (pinned.public_key_b64 = names.public_key_b64),
        false
    ) as candidate,
    -- when the pinned key is valid; null: the key is not among the pinned ones
    list({'valid_from': pinned.valid_from, 'valid_until': pinned.valid_until})
        filter (pinned.public_key_b64 = names.public_key_b64) as periods,
    bool_or(pinned.valid_from is null and pinned.valid_until is null)
        filter (pinned.public_key_b64 = names.public_key_b64) as always
from names
inner join pinned
    on
        names.key_id = pinned.key_id
        or names.public_key_fingerprint = pinned.fingerprint_sha256_hex
        -- a bundle may carry the very key under another name
        or names.public_key_b64 = pinned.public_key_b64
group by names.key_id, names.public_key_fingerprint, names.public_key_b64

-- One row for each name and fingerprint that signatures state and each key under which they hold, if
-- that key is pinned, or a pinned key has that name or fingerprint. The rows are few, however many
-- signatures there are.
with names as (
    select distinct
        signature.key_id,
        signature.public_key_fingerprint,
        coalesce(late.public_key_b64, signature.public_key_b64) as public_key_b64
    from staged_signatures as signature
    left join late_verdicts as late using (doc, pointer)
),

matches as (
    select
        names.*,
        pinned.valid_from,
        pinned.valid_until,
        coalesce(
            names.key_id = pinned.key_id
            or names.public_key_fingerprint = pinned.fingerprint_sha256_hex,
            false
        ) as by_name,
        -- a bundle may carry a pinned key under another name
        coalesce(names.public_key_b64 = pinned.public_key_b64, false) as holds
    from names
    cross join pinned
)

select
    key_id,
    public_key_fingerprint,
    public_key_b64,
    -- whether a pinned key has this name or fingerprint
    bool_or(by_name) as named,
    -- whether they hold under a pinned key of this name or fingerprint
    bool_or(by_name and holds) as candidate,
    -- when the key is valid; null if it is not pinned
    list({'valid_from': valid_from, 'valid_until': valid_until}) filter (holds) as periods,
    bool_or(valid_from is null and valid_until is null) filter (holds) as always
from matches
where by_name or holds
group by key_id, public_key_fingerprint, public_key_b64

-- A signature names another key than the one under which it holds.
-- severity: warning
-- means: key_id or public_key_fingerprint is not that of the key. The signature is good all
--   the same; its label is not.
-- do: Treat the label as altered.
with names as (
    select distinct
        public_key_b64,
        key_id,
        fingerprint_computed
    from keys
    where key_status = 'verified' and fingerprint_computed is not null
),

labels as (
    select
        trusted.sha256,
        trusted.pointer,
        trusted.pith_number,
        concat_ws(' ', trusted.key_id, trusted.public_key_fingerprint) as actual,
        string_agg(
            distinct concat_ws(' ', names.key_id, names.fingerprint_computed), ', '
        ) as expected,
        bool_or(
            names.key_id is not distinct from trusted.key_id
            and names.fingerprint_computed is not distinct from trusted.public_key_fingerprint
        ) as named
    from trusted
    inner join names using (public_key_b64)
    where trusted.status in ('valid', 'untrusted_key')
    group by all
)

select * exclude (named)
from labels
where not named

-- The pinned keys as a snapshot published them.
select
    key_id,
    algorithm,
    public_key_b64,
    fingerprint_computed,
    strftime(valid_from, '%Y-%m-%dT%H:%M:%S.%fZ'),
    strftime(valid_until, '%Y-%m-%dT%H:%M:%S.%fZ')
from keys
where origin in ('keyring', 'both')

-- The fingerprint beside a key is not the key's.
-- severity: error
-- means: A fingerprint was copied from another key, perhaps to look like it.
-- do: Distrust the document; the keyring alone decides which key is trusted.
select
    sha256,
    pointer,
    fingerprint_computed as expected,
    fingerprint_sha256_hex as actual
from staged_keys
where key_status = 'fingerprint_mismatch'

-- The fingerprint beside a key is not the key's.
-- severity: error
-- means: A fingerprint was copied from another key, perhaps to look like it.
-- do: Distrust the document; the keyring alone decides which key is trusted.
select
    doc,
    pointer,
    fingerprint_computed as expected,
    -- where the hex is right it is the base32 that is not
    case
        when fingerprint_sha256_hex <> fingerprint_computed then fingerprint_sha256_hex
        else fingerprint_sha256_b32
    end as actual
from staged_keys
where key_status = 'fingerprint_mismatch'

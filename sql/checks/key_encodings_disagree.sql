-- The base64 and the hex of a key are different keys.
-- severity: error
-- means: One of the two was altered.
-- do: Distrust the document; the keyring alone decides which key is trusted.
select
    doc,
    pointer,
    public_key_b64 as expected,
    public_key_hex as actual
from staged_keys
where key_status = 'encodings_disagree'

-- A key is not the base64 of 32 bytes.
-- severity: error
-- means: It can verify nothing.
-- do: Distrust the document; the keyring alone decides which key is trusted.
select
    doc,
    pointer,
    public_key_b64 as actual
from staged_keys
where key_status = 'malformed'

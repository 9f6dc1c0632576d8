-- No key at hand can check a signature.
-- severity: warning
-- means: Neither the keyring nor the document holds a key of the stated name or
--   fingerprint. The signature may be good or bad.
-- do: Get the key from the registry by a way you trust, pin it, and build again.
select
    doc,
    pointer,
    pith_number,
    concat_ws(' ', key_id, public_key_fingerprint) as actual
from not_valid
where status = 'unknown_key'

-- A signature holds, but not by a pinned key.
-- severity: warning
-- means: Whoever made the document also brought the key. That proves nothing about who it
--   was.
-- do: If you trust the key for reasons of your own, pin it in the keyring and build again.
select
    doc,
    pointer,
    pith_number,
    public_key_b64 as actual
from not_valid
where status = 'untrusted_key' and not outside_validity

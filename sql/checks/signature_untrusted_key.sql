-- A signature holds, but not by a pinned key.
-- severity: warning
-- means: The key came with the document. Such a signature does not prove who made the
--   document.
-- do: If you have other reasons to trust the key, pin it in the keyring and build again.
select
    doc,
    pointer,
    pith_number,
    public_key_b64 as actual
from not_valid
where status = 'untrusted_key' and not outside_validity

-- A signature by a pinned key is dated outside the key's period.
-- severity: warning
-- means: The keyring trusts the key for a period only; signed_at lies outside of it, or is
--   missing.
-- do: Check the period in the keyring; a key may be used after it was stolen.
select
    doc,
    pointer,
    pith_number,
    signed_at as actual
from not_valid
where outside_validity

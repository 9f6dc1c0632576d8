-- The signatures of a part that hold under no key so far, but may hold under a key pinned since.
-- $number is the number of the part. $bits is how many bits the numbers of its documents have. $names
-- and $marks are the names and fingerprints of the new keys.
from staged_signatures
where
    doc >> $bits = $number
    and verdict in ('unknown_key', 'invalid', 'digest_mismatch')
    and (
        list_contains($names, key_id)
        or list_contains($marks, public_key_fingerprint)
    )

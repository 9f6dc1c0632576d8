-- The signatures of a part that hold under no key so far, but may hold under a key pinned since.
-- $number is the number of the part, which $bits and $parts take from that of a document. $names and
-- $marks are the names and fingerprints of the new keys.
from staged_signatures
where
    ((doc >> $bits) & $parts) = $number
    and verdict in ('unknown_key', 'invalid', 'digest_mismatch')
    and (
        list_contains($names, key_id)
        or list_contains($marks, public_key_fingerprint)
    )

-- The signatures of a part that hold under no key so far, and may under keys pinned since.
-- $number is that of the part, $bits how many bits number the documents in it; $names and $marks
-- are the names and fingerprints of the keys.
from staged_signatures
where
    doc >> $bits = $number
    and verdict in ('unknown_key', 'invalid', 'digest_mismatch')
    and (
        list_contains($names, key_id)
        or list_contains($marks, public_key_fingerprint)
    )

-- How well a document can be proven, as a word and as a number: the greater, the better.
--   signed     the bundle's own signature is valid, which covers every byte, and so are its receipts
--   receipt    every signature is valid, which covers the canonical record and what it hashes
--   partial    some signatures are valid, others missing, unsupported or by another key
--   untrusted  signatures hold, but by no pinned key
--   unsigned   no signature holds, and nothing is wrong
--   failed     a digest, a number or a signature is wrong
from (
    values
    ('failed', 1),
    ('unsigned', 2),
    ('untrusted', 3),
    ('partial', 4),
    ('receipt', 5),
    ('signed', 6)
) as proof_levels (proof, grade)

-- The SHA-256 of all content that a listing needs, sorted, as bytes.
-- `documents` are its documents.
with named as (
    select sha256 from documents
    union
    select good_sha256 from documents
)

select unhex(sha256) as sha256
from named
where sha256 is not null
order by sha256

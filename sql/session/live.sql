-- The content that an input has and staging holds, once each.
select distinct
    sha256,
    doc
from inputs
where doc is not null

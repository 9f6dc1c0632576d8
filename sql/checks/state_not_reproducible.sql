-- A state cannot be recomputed.
-- severity: info
-- means: Its events are of a type whose merge is unknown, or no signed bundle of the paper
--   is at hand.
-- do: Nothing; the state's content is stated, not proven.
select
    document_sha256 as sha256,
    pith_number
from states
where merge_status = 'not_reproducible'

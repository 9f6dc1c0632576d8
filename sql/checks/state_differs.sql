-- A state is not what the paper's events merge to.
-- severity: warning
-- means: Rebuilt from the signed events, the state differs at the place named. A standalone
--   state is not signed: it may be older than the bundle, or altered.
-- do: Believe the bundle.
select
    document_sha256 as sha256,
    pith_number,
    merge_pointer as pointer
from states
where merge_status = 'differs'

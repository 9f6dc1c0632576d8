-- A signature does not say when it was made.
-- severity: warning
-- means: Every real signature has a signed_at. Without it a key that the keyring trusts for a
--   period only cannot be trusted here.
-- do: Ask the mirror for the complete document.
select
    trusted.doc,
    trusted.pointer || '/signed_at' as pointer,
    trusted.pith_number
from trusted
left join staged_problems as problem
    on
        trusted.doc = problem.doc
        and problem.code = 'time_malformed'
        -- where there are too many to list, this one may be among those that are only counted
        and (problem.pointer is null or problem.pointer = trusted.pointer || '/signed_at')
where
    trusted.signed_at is null
    and trusted.status <> 'missing'
    and problem.doc is null

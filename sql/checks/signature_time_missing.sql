-- A signature does not say when it was made.
-- severity: warning
-- means: Every real signature has a signed_at. Without it a key that the keyring trusts for a
--   period only cannot be trusted here.
-- do: Ask the mirror for the complete document.
select
    trusted.sha256,
    trusted.pointer || '/signed_at' as pointer,
    trusted.pith_number
from trusted
left join staged_problems as problem
    on
        trusted.sha256 = problem.sha256
        and problem.code = 'time_malformed'
        and problem.pointer = trusted.pointer || '/signed_at'
where
    trusted.signed_at is null
    and trusted.status <> 'missing'
    and problem.sha256 is null

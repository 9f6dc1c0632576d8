-- A signature does not say when it was made.
-- severity: warning
-- means: Every real signature has a signed_at. Without it a key that the keyring trusts for a
--   period only cannot be trusted here.
-- do: Ask the mirror for the complete document.
select
    signature_statuses.doc,
    signature_statuses.pointer || '/signed_at' as pointer,
    signature_statuses.pith_number
from signature_statuses
left join staged_problems as problem
    on
        signature_statuses.doc = problem.doc
        and problem.code = 'time_malformed'
        -- where there are too many to list, this one may be among those that are only counted
        and (
            problem.pointer is null
            or problem.pointer = signature_statuses.pointer || '/signed_at'
        )
where
    signature_statuses.signed_at is null
    and signature_statuses.status <> 'missing'
    -- of an integrity event it is the time of the event (`integrity_event_incomplete`)
    and signature_statuses.kind <> 'integrity'
    and problem.doc is null

-- A signature is of another algorithm, status or message than this format knows.
-- severity: warning
-- means: Known are ed25519, signed_v1 and the message that goes with its place. The
--   signature was not checked.
-- do: If the registry introduced it, ask for support.
select
    doc,
    pointer,
    pith_number,
    'ed25519 signed_v1 ' || expected_message as expected,
    concat_ws(' ', algorithm, signature_status, signed_message) as actual
from not_valid
where status = 'unsupported'

-- A signature stands beside an integrity payload that it may not cover.
-- severity: error
-- means: The same payload_sha256 stands beside two payloads, or the signature is that of a receipt, an
--   event or a bundle. Nobody can recompute payload_sha256, so anybody can copy it and its signature
--   to a payload of his own. Such a finding counts less than one that is only listed.
-- do: Fetch the integrity document from the registry itself; distrust the mirror that has another.
select
    doc,
    pointer,
    payload_sha256 as actual
from integrity_statements
where payload_status = 'contested'

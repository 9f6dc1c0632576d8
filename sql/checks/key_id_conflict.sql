-- Two public keys go by one key_id.
-- severity: error
-- means: A key borrows the name of another. Names prove nothing: only the exact pinned key
--   does.
-- do: Find out which of the documents carries the wrong key; the keyring's is the trusted
--   one.
-- scope: all documents
with conflicts as (
    select
        key_id,
        -- a few are enough to show that they differ
        array_to_string(
            list_slice(list(distinct public_key_b64 order by public_key_b64), 1, 4), ' '
        ) as known
    from keys
    -- what is no key is no other key
    where key_status <> 'malformed'
    group by key_id
    having count(distinct public_key_b64) > 1
)

select
    carried.doc,
    carried.pointer,
    conflicts.known as expected,
    carried.public_key_b64 as actual
from conflicts
inner join staged_keys as carried using (key_id)
where
    carried.key_status <> 'malformed'
    -- a pinned key is trusted under any name
    and not exists (
        select 1 from pinned
        where pinned.public_key_b64 = carried.public_key_b64
    )

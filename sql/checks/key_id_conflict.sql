-- Two public keys go by one key_id.
-- severity: error
-- means: A key uses the name of another key. A name proves nothing, only the exact pinned key
--   does. If the documents with the keys are not equally proven, the finding is only on the keys
--   of the less proven ones.
-- do: Find out which of the documents carries the wrong key; the keyring's is the trusted
--   one.
-- scope: all documents
with weighed as (
    select
        carried.key_id,
        carried.public_key_b64,
        document_grades.grade
    from carried_keys as carried
    inner join document_grades using (doc)
    where carried.key_status <> 'malformed'
    union all
    -- the keyring counts more than any document
    select
        key_id,
        public_key_b64,
        (select max(grade) + 1 from proof_levels) as grade
    from pinned
),

-- a key counts as much as the best that vouches for it
keys_by_name as (
    select
        key_id,
        public_key_b64,
        max(grade) as grade
    from weighed
    group by all
),

conflicts as (
    select
        key_id,
        max(grade) as best,
        -- a few are enough to show that they differ
        array_to_string(
            list_slice(list(distinct public_key_b64 order by public_key_b64), 1, 4), ' '
        ) as known
    from keys_by_name
    group by key_id
    having count(*) > 1
),

-- if several keys are equally well proven, the finding is on all of them
blamed as (
    select
        keys_by_name.*,
        conflicts.known
    from keys_by_name
    inner join conflicts using (key_id)
    qualify
        keys_by_name.grade < conflicts.best
        or count_if(keys_by_name.grade = conflicts.best) over (partition by key_id) > 1
)

select
    carried.doc,
    carried.pointer,
    blamed.known as expected,
    carried.public_key_b64 as actual
from blamed
inner join carried_keys as carried using (key_id, public_key_b64)
where
    carried.key_status <> 'malformed'
    -- a pinned key is trusted under any name
    and not exists (
        select 1 from pinned
        where pinned.public_key_b64 = carried.public_key_b64
    )

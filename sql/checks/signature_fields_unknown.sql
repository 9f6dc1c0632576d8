-- A bundle's signature has fields that nothing covers.
-- severity: warning
-- means: A bundle is signed whole but for the signature's own object, where anybody can add
--   a field. The format knows of none beside its own.
-- do: Disregard the field.
with fields as (
    select
        path,
        position,
        pith_number,
        extra,
        unnest(json_keys(extra)) as pointer
    from documents
    where kind = 'bundle' and extra_count > 0
)

select
    path,
    position,
    pith_number,
    pointer,
    map_extract_value(cast(extra::json as map(varchar, json)), pointer) as actual
from fields
where starts_with(pointer, '/bundle_signature/')

-- Fields without a column of their own: places in a list count as one.
with fields as (
    select
        document.path,
        document.position,
        coalesce(document.kind, '—') as kind,
        array_to_string(
            list_transform(
                string_split(field.key, '/'),
                lambda step: if(regexp_full_match(step, '[0-9]+'), '*', step)
            ),
            '/'
        ) as pointer,
        left(field.value::varchar, 200) as example
    from documents as document, json_each(document.extra) as field
    where document.extra_count > 0
)

select
    kind,
    pointer,
    count(distinct hash(path, position)) as documents,
    arg_min(path, (path, position, example)) as path,
    arg_min(position, (path, position, example)) as position,
    arg_min(example, (path, position, example)) as example
from fields
group by kind, pointer
order by documents desc, kind, pointer
limit 100

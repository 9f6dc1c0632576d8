-- What ties papers together: each Pith number beside a link of its documents to another number, or
-- to an event or a signature that documents of several numbers hold. A document without a number
-- stands by its digest.
with held as (
    select
        coalesce(document.pith_number, document.sha256) as holder,
        links.link
    from links
    inner join part_documents as document using (doc)
    semi join known using (doc)
    where links.link <> coalesce(document.pith_number, document.sha256)
),

crossing as (
    select link
    from held
    group by link
    having starts_with(link, 'pith:') or min(holder) <> max(holder)
)

select distinct
    holder,
    link,
    number_key(holder) as holder_key,
    -- null: an event or a signature is in no range
    case when starts_with(link, 'pith:') then number_key(link) end as link_key
from held
semi join crossing using (link)

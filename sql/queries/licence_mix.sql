-- Under which licences are the papers?
-- param: category = ; only papers of this category; empty for all
select
    coalesce(nullif(license, ''), '(none stated)') as licence,
    count(*) as papers,
    count(*) filter (where vouched(proof)) as proven_papers,
    round(100.0 * count(*) / sum(count(*)) over (), 1) as percent,
    min(submitted_at) as first_submitted_at,
    max(submitted_at) as last_submitted_at
from papers
where
    $category = ''
    or pith_number in (select pith_number from categories where category = $category)
group by licence
order by papers desc, licence

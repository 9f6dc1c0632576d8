-- One row for each primary category and year: how many papers there are, and how many are trusted.
with papers as (
    select
        papers.primary_cat,
        year(papers.submitted_at) as submitted_year,
        trusted.pith_number is not null as is_trusted
    from {{ source('pith', 'papers') }} as papers
    left join {{ ref('trusted_papers') }} as trusted using (pith_number)
)

select
    primary_cat,
    submitted_year,
    count(*) as papers,
    count_if(is_trusted) as trusted_papers
from papers
group by all

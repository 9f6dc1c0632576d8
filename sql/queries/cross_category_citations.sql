-- Who cites whom across categories?
-- param: category = ; only from or to this primary category; empty for all
select
    coalesce(citing_cat, '(not in this warehouse)') as citing_category,
    coalesce(cited_cat, '(not in this warehouse)') as cited_category,
    count(*) as citations,
    count(*) filter (where proof = 'signed') as signed_citations,
    count(distinct cited_pith_number) as cited_papers
from citation_graph
where
    citing_cat is distinct from cited_cat
    and ($category in ('', citing_cat) or $category = cited_cat)
group by citing_category, cited_category
order by citations desc, citing_category, cited_category

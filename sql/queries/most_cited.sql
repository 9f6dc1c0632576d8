-- Which papers are cited most, as their records count, and how much of that do they list?
-- param: rows = 20; how many to show
select
    pith_number,
    title,
    inbound_citation_count as citations,
    inbound_sample_count as listed,
    round(1.0 * inbound_sample_count / inbound_citation_count, 4) as share_listed,
    proof
from papers
where inbound_citation_count > 0
order by citations desc, pith_number
limit cast($rows as bigint)

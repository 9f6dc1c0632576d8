-- Every citation with the facts on both ends. The title of a citing paper comes from `papers` only
-- if that paper is proven.
select
    citation.citing_arxiv_id,
    citation.citing_pith_number,
    citing.pith_number is not null as citing_known,
    citing.proof as citing_proof,
    coalesce(
        case when vouched(citing.proof) then citing.title end,
        citation.citing_title
    ) as citing_title,
    citing.primary_cat as citing_cat,
    citing.submitted_at as citing_submitted_at,
    cited.source_id as cited_arxiv_id,
    citation.cited_pith_number,
    cited.pith_number is not null as cited_known,
    cited.proof as cited_proof,
    cited.title as cited_title,
    cited.primary_cat as cited_cat,
    cited.submitted_at as cited_submitted_at,
    citation.ref_index,
    citation.origin,
    citation.event_id,
    citation.relationship,
    citation.proof
from citations as citation
left join papers as citing on citation.citing_pith_number = citing.pith_number
left join papers as cited on citation.cited_pith_number = cited.pith_number

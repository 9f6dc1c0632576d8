-- Every citation, with the Pith number of the paper that cites: an event states it, or its arXiv id
-- gives it. `unresolved_citations` are the citations without that number.
select
    citation.cited_pith_number,
    citation.citing_arxiv_id,
    citation.ref_index,
    citation.origin,
    citation.event_id,
    citation.relationship,
    coalesce(citation.signed_citing_number, numbers.pith_number) as citing_pith_number,
    citation.signed_citing_number,
    citation.citing_title,
    citation.is_internal_anchor,
    citation.proof,
    citation.document_sha256
from unresolved_citations as citation
left join arxiv_numbers as numbers on citation.citing_arxiv_id = numbers.arxiv_id

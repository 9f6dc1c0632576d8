-- An alias contradicts the Pith number or the source of its paper.
-- severity: error
-- means: An arXiv id, version, DOI or short number can be derived. This alias differs from the
--   derived one and would lead to the wrong paper. The resolver leaves it out.
-- do: Treat the document as altered; fetch it again from the registry or another mirror.
select
    alias.doc,
    alias.pointer,
    alias.pith_number,
    alias.kind || ' ' || alias.value as actual
from staged_aliases as alias
inner join proof using (doc)
inner join aliases as known
    on
        alias.pith_number = known.pith_number
        and alias.kind = known.kind
        and alias.value = known.value
where proof.eligible and not known.well_formed

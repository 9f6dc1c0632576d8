-- The Pith numbers that an identifier names, in any of its forms; none if it names none.
-- param: identifier; an arXiv id, a DOI, a Pith number or its first 8, 12, 16 or 26 characters, or an address of them
-- column: pith_number; a paper of that name, one for each version where the name says none; the proven first
--
-- The forms become candidates (kind, value) for `aliases`, which is sorted by value, so that
-- a lookup reads the row groups that can hold them and no others.
with written as (
    select
        regexp_replace(
            -- an address of the registry holds the short or the full id
            regexp_replace(
                regexp_replace(identifier::varchar, '^\s+|\s+$', '', 'g'), '%2f', '/', 'gi'
            ),
            '^(?:https?://)?(?:www\.)?pith\.science/'
            || '(?:pith|paper|api/pith-number|\.well-known/pith)/'
            || '((?:pith:)?(?:\d{4}:)?[a-z2-7]{8,26})(?:\.json)?(?:[/?#].*)?$',
            '\1',
            'i'
        ) as text
),

parsed as (
    select
        text,
        regexp_extract(
            text,
            '^(?:arxiv:\s*'
            || '|(?:https?://)?(?:[a-z]+\.)?arxiv\.org/(?:abs|pdf|html|ps|format|src|e-print)/'
            || '|(?:doi:\s*|(?:https?://)?(?:www\.|dx\.)?doi\.org/)?10\.48550/arxiv\.'
            || '|(?:https?://)?(?:www\.)?pith\.science/api/pith-number/resolve\?(?:[^#]*&)?arxiv='
            || ')?'
            || '(\d{4}\.\d{4,5}|[a-z-]+(?:\.[a-z-]+)?/\d{7})(v\d+)?'
            || '(?:\.pdf)?/?(?:[?#&].*)?$',
            ['id', 'version'],
            'i'
        ) as arxiv,
        regexp_extract(
            text,
            '^(?:doi:\s*|(?:https?://)?(?:www\.|dx\.)?doi\.org/)?(10\.\d{4,9}/\S+)$',
            1,
            'i'
        ) as doi,
        regexp_extract(
            text,
            '^(?:pith:)?(?:(\d{4}):)?([a-z2-7]{8}(?:[a-z2-7]{4})?(?:[a-z2-7]{4})?(?:[a-z2-7]{10})?)$',
            ['year', 'id'],
            'i'
        ) as pith
    from written
),

named as (
    select
        coalesce(text, '') as text,
        arxiv.id || lower(arxiv.version) as arxiv_id,
        case arxiv.version when '' then 'arxiv' else 'arxiv_version' end as arxiv_kind,
        doi,
        coalesce('pith:' || nullif(pith.year, '') || ':', '') as pith_year,
        coalesce(upper(pith.id), '') as pith_id
    from parsed
),

candidates as (
    select distinct
        unnest([
            {kind: arxiv_kind, value: arxiv_id},
            {kind: arxiv_kind, value: lower(arxiv_id)},
            -- the class of an old id is no part of it: math.GT/0309136 is math/0309136
            {kind: arxiv_kind, value: regexp_replace(lower(arxiv_id), '\.[a-z-]+/', '/')},
            {kind: 'doi', value: doi},
            {kind: 'doi', value: lower(doi)},
            {
                kind: 'pith_short_' || least(length(pith_id), 16),
                value: nullif(left(pith_id, 16), '')
            }
        ], recursive := true),
        pith_year,
        pith_id
    from named
),

named_papers as (
    select
        alias.pith_number,
        alias.proof
    from aliases as alias
    inner join candidates as candidate
        on alias.kind = candidate.kind and alias.value = candidate.value
    where
        alias.well_formed is distinct from false
        -- an alias has no year, and 16 of the 26 characters at most
        and starts_with(alias.pith_number, candidate.pith_year)
        and starts_with(split_part(alias.pith_number, ':', 3), candidate.pith_id)
    union all
    select
        paper.pith_number,
        paper.proof
    from papers as paper
    inner join (select unnest([pith_year || pith_id, text]) as pith_number from named) as number
        on paper.pith_number = number.pith_number
)

select pith_number
from named_papers
group by pith_number
order by bool_or(vouched(proof)) desc, pith_number

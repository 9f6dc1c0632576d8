-- One word a paper on how far it can be trusted, and why.
with reasons as (
    select
        pith_number,
        title,
        proof,
        receipt_status,
        list_where(
            [
                'the number is not the canonical record''s',
                'the canonical digest is wrong',
                'the title is not the one hashed',
                'the abstract is not the one hashed',
                'the receipt is ' || receipt_status,
                'its document fails verification'
            ],
            [
                number_status is not distinct from 'mismatch',
                canonical_status is not distinct from 'mismatch',
                title_status is not distinct from 'mismatch',
                abstract_status is not distinct from 'mismatch',
                receipt_status in ('invalid', 'digest_mismatch', 'malformed'),
                proof is not distinct from 'failed'
            ]
        ) as failures
    from papers
),

problems as (
    select
        pith_number,
        sum(occurrences)::bigint as findings
    from findings
    where severity in ('critical', 'error') and pith_number is not null
    group by pith_number
)

select
    reasons.pith_number,
    reasons.title,
    case
        when len(reasons.failures) > 0 then 'contradicted'
        when reasons.receipt_status <> 'valid' then 'unproven'
        when reasons.proof = 'signed' then 'proven'
        else 'vouched'
    end as trust,
    case
        when len(reasons.failures) > 0 then array_to_string(reasons.failures, '; ')
        when reasons.receipt_status <> 'valid' then 'the receipt is ' || reasons.receipt_status
        when reasons.proof = 'signed' then 'a pinned key signs every byte of its bundle'
        else 'a pinned key signs the canonical record; the rest is stated'
    end as why,
    reasons.proof,
    reasons.receipt_status,
    coalesce(problems.findings, 0) as findings
from reasons
left join problems using (pith_number)

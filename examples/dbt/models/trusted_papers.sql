-- One row for each paper whose receipt is valid and whose title is the one that was signed.
select
    pith_number,
    title,
    primary_cat,
    year(submitted_at) as submitted_year
from {{ source('pith', 'papers') }}
where receipt_status = 'valid' and title_status = 'verified'

-- Claims
select
    claim_id,
    kind,
    text,
    status,
    attestation,
    proof
from claims
where pith_number = $number
order by vouched(proof) desc, position

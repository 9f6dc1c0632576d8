-- How many signatures of each key hold, fail, or cannot be checked?
select
    signature.key_id,
    signature.public_key_b64,
    key.trust,
    count(*) as signatures,
    count(*) filter (where signature.status = 'valid') as valid,
    count(*) filter (where signature.status = 'untrusted_key') as valid_under_untrusted_key,
    count(*) filter (
        where signature.status in ('invalid', 'digest_mismatch', 'malformed')
    ) as failed,
    count(*) filter (
        where signature.status in ('unknown_key', 'unsupported', 'missing', 'digest_unproven')
    ) as not_checked
from signatures as signature
left join (
    select
        key_id,
        public_key_b64,
        min(trust) as trust
    from keys
    group by key_id, public_key_b64
) as key
    on
        signature.key_id is not distinct from key.key_id
        and signature.public_key_b64 is not distinct from key.public_key_b64
group by signature.key_id, signature.public_key_b64, key.trust
order by signatures desc, signature.key_id, signature.public_key_b64

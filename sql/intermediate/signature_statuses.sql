-- One row a signature in a document: its published status. A signature is trusted if the exact public
-- key under which it holds is pinned. Names and fingerprints only say which keys to try. The result
-- does not depend on the keyring that staging had.
with verdicts as not materialized (
    select
        signature.* exclude (verdict, public_key_b64),
        -- keys that were pinned after the document was staged
        coalesce(late.verdict, signature.verdict) as verdict,
        coalesce(late.public_key_b64, signature.public_key_b64) as public_key_b64
    from staged_signatures as signature
    left join late_verdicts as late using (doc, pointer)
),

dated as (
    select
        verdicts.*,
        coalesce(candidate_key.named, false) as named,
        -- staging may have tried a key of an earlier keyring that is not pinned any more
        verdicts.carried or coalesce(candidate_key.candidate, false) as tried,
        -- null: the key under which it holds is not pinned
        case
            when candidate_key.always then true
            else list_bool_or(
                list_transform(
                    candidate_key.periods,
                    -- false without a time: the key's period cannot be checked
                    lambda period: coalesce(
                        verdicts.signed_at >= coalesce(period.valid_from, '-infinity'::timestamp)
                        and verdicts.signed_at
                        <= coalesce(period.valid_until, 'infinity'::timestamp),
                        false
                    )
                )
            )
        end as within
    from verdicts
    left join key_candidates as candidate_key
        on
            verdicts.key_id is not distinct from candidate_key.key_id
            and verdicts.public_key_fingerprint is not distinct from candidate_key.public_key_fingerprint
            and verdicts.public_key_b64 is not distinct from candidate_key.public_key_b64
),

judged as (
    select
        *,
        case
            when verdict in ('missing', 'unsupported', 'malformed') then verdict
            when verdict = 'holds' and tried and within then 'valid'
            when verdict = 'digest_unproven' and tried and within then 'digest_unproven'
            when verdict in ('holds', 'digest_unproven') and tried then 'untrusted_key'
            when verdict = 'digest_mismatch' and tried then 'digest_mismatch'
            -- no pinned or carried key has the stated name or fingerprint
            when not named and not carried_any then 'unknown_key'
            else 'invalid'
        end as status
    from dated
)

select
    * exclude (public_key_b64, named, tried, within),
    case
        when status in ('valid', 'untrusted_key', 'digest_mismatch', 'digest_unproven')
            then public_key_b64
    end as public_key_b64,
    status = 'untrusted_key' and within is not null as outside_validity
from judged

-- One row a signature in a document: its published status. Trust is this join with the
-- keyring on the exact public key, and nothing else: names and fingerprints merely say which
-- key a signature means. The result is the same whichever keyring the staging knew.
with verdicts as not materialized (
    select
        signature.* exclude (verdict, public_key_b64),
        -- a key that was pinned after the document was staged is tried late
        coalesce(late.verdict, signature.verdict) as verdict,
        coalesce(late.public_key_b64, signature.public_key_b64) as public_key_b64
    from staged_signatures as signature
    left join late_verdicts as late using (doc, pointer)
),

dated as (
    select
        verdicts.*,
        coalesce(candidate_key.named, false) as named,
        -- an earlier keyring may have let staging try a key that nothing names any more
        verdicts.carried or coalesce(candidate_key.candidate, false) as tried,
        -- null: the key under which it holds is not among the pinned ones
        case
            when candidate_key.always then true
            else list_bool_or(
                list_transform(
                    candidate_key.periods,
                    -- without a time nobody can say that it lies within the key's period
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
            -- no key at hand, or none of those at hand is the one that made it
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

-- One row a signature in a document: its published status. Trust is this join with the
-- keyring on the exact public key, and nothing else: names and fingerprints merely say which
-- key a signature means. The result is the same whichever keyring the staging knew.
with verdicts as (
    select
        signature.* exclude (verdict, public_key_b64),
        -- a key that was pinned after the document was staged is tried late
        coalesce(late.verdict, signature.verdict) as verdict,
        coalesce(late.public_key_b64, signature.public_key_b64) as public_key_b64
    from staged_signatures as signature
    left join late_verdicts as late using (doc, pointer)
),

meant as (
    select
        verdicts.doc,
        verdicts.pointer,
        -- null: the key under which it holds is not among the pinned ones
        bool_or(
            -- without a time nobody can say that it lies within the key's period
            case
                when pinned.valid_from is null and pinned.valid_until is null then true
                else coalesce(
                    verdicts.signed_at >= coalesce(pinned.valid_from, '-infinity'::timestamp)
                    and verdicts.signed_at <= coalesce(pinned.valid_until, 'infinity'::timestamp),
                    false
                )
            end
        ) filter (where pinned.public_key_b64 = verdicts.public_key_b64) as within
    from verdicts
    inner join pinned
        on
            verdicts.key_id = pinned.key_id
            or verdicts.public_key_fingerprint = pinned.fingerprint_sha256_hex
    group by verdicts.doc, verdicts.pointer
),

judged as (
    select
        verdicts.*,
        meant.within,
        case
            when verdicts.verdict in ('missing', 'unsupported', 'malformed')
                then verdicts.verdict
            when verdicts.verdict = 'holds' and meant.within then 'valid'
            when verdicts.verdict = 'holds' and (meant.within is not null or verdicts.carried)
                then 'untrusted_key'
            when
                verdicts.verdict = 'digest_mismatch'
                and (meant.within is not null or verdicts.carried)
                then 'digest_mismatch'
            -- no key at hand, or none of those at hand is the one that made it
            when meant.doc is null and not verdicts.carried_any then 'unknown_key'
            else 'invalid'
        end as status
    from verdicts
    left join meant using (doc, pointer)
)

select
    * exclude (public_key_b64, within),
    case
        when status in ('valid', 'untrusted_key', 'digest_mismatch') then public_key_b64
    end as public_key_b64,
    status = 'untrusted_key' and within is not null as outside_validity
from judged

-- One row for each place where a document to model says that a detector found something: the status
-- of its signature, how well its content is known, and how much the statement counts.
with signed as (
    select
        signature.doc,
        signature.pointer,
        signature.status,
        signature.public_key_b64,
        signature.key_id
    from signature_statuses as signature
    semi join staged_integrity as found
        on signature.doc = found.doc and signature.pointer = found.signature_pointer
),

-- one digest stands for one payload: where two payloads stand beside it, one of them is forged
several as (
    select payload_sha256
    from staged_integrity
    where origin = 'event'
    group by payload_sha256
    having min(payload_digest) <> max(payload_digest)
),

-- what the registry signed as another thing, somebody pasted beside a payload
borrowed as (
    select signature_b64
    from staged_signatures
    group by signature_b64
    having bool_or(kind = 'integrity') and bool_or(kind <> 'integrity')
),

pasted as (
    select
        doc,
        pointer
    from staged_signatures
    semi join borrowed using (signature_b64)
    where kind = 'integrity'
),

judged as (
    select
        found.*,
        proof.sha256,
        proof.proof,
        case
            when found.origin <> 'listed' then coalesce(signed.status, 'missing')
        end as signature_status,
        signed.public_key_b64,
        signed.key_id as signing_key_id,
        case
            when found.origin = 'listed' then null
            when found.origin = 'bundle' and found.content_ok then 'verified'
            when found.origin = 'bundle' and not found.content_ok then 'mismatch'
            when several.payload_sha256 is not null or pasted.doc is not null then 'contested'
            else 'unproven'
        end as payload_status
    from staged_integrity as found
    inner join proof using (doc)
    left join signed on found.doc = signed.doc and found.signature_pointer = signed.pointer
    left join several on found.payload_sha256 = several.payload_sha256
    left join pasted on found.doc = pasted.doc and found.signature_pointer = pasted.pointer
)

select
    *,
    -- the greater, the more it counts:
    --   5  an event of a bundle of which content and signature hold by a pinned key
    --   4  a signature by a pinned key holds over the digest that is stated, of unknown content
    --   3  a signature by another key holds
    --   2  it is merely stated
    --   1  the content beside the signature is contested
    --   0  a signature or a digest is wrong
    case
        when payload_status = 'mismatch' then 0
        when signature_status in ('invalid', 'digest_mismatch', 'malformed') then 0
        when payload_status = 'contested' then 1
        when payload_status = 'verified' and signature_status = 'valid' then 5
        when signature_status = 'digest_unproven' then 4
        when signature_status = 'untrusted_key' then 3
        else 2
    end as weight
from judged

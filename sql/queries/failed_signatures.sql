-- Which signatures are not valid, and where do they stand?
-- param: status = ; only this status, such as digest_mismatch; empty for all that are not valid
select
    signature.status,
    signature.kind,
    signature.subject,
    signature.key_id,
    document.path,
    document.position,
    signature.pointer
from signatures as signature
left join documents as document on signature.document_sha256 = document.sha256
where signature.status <> 'valid' and $status in ('', signature.status)
order by signature.status, signature.kind, signature.subject, document.path, document.position

-- Which signatures are not valid, and where do they stand?
-- param: status = ; only this status, such as digest_unproven; empty for all in which something is wrong
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
where
    case $status
        when '' then signature.status not in ('valid', 'digest_unproven')
        else signature.status = $status
    end
order by signature.status, signature.kind, signature.subject, document.path, document.position

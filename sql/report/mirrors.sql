-- The mirrors that manifests list, and the trust in their keys. A stranger can list any: the first 50.
select
    mirror.name,
    mirror.base_url,
    mirror.status,
    mirror.key_trust,
    mirror.generated_at,
    document.path,
    document.position
from mirrors as mirror
inner join documents as document on mirror.document_sha256 = document.sha256
order by mirror.generated_at desc nulls last, mirror.name, document.path, document.position, mirror.position
limit 50

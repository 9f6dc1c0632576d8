-- Every mirror that a manifest lists, and whether the key that the manifest names for it is trusted.
with trusted as (
    select
        public_key_b64,
        list(key_id) as names
    from pinned
    group by public_key_b64
)

select
    mirror.name,
    mirror.mirror_type,
    mirror.base_url,
    mirror.bundle_pattern,
    mirror.state_pattern,
    mirror.well_known_pattern,
    mirror.status,
    mirror.key_id,
    mirror.public_key_b64,
    case
        when mirror.public_key_b64 is null then null
        when list_contains(trusted.names, mirror.key_id) then 'pinned'
        when trusted.public_key_b64 is not null then 'pinned_under_another_name'
        else 'untrusted'
    end as key_trust,
    document.built_at as generated_at,
    document.merge_version,
    mirror.position,
    proof.proof,
    proof.sha256 as document_sha256
from staged_mirrors as mirror
inner join proof using (doc)
inner join staged_documents as document using (doc)
left join trusted on mirror.public_key_b64 = trusted.public_key_b64

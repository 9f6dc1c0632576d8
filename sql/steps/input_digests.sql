-- A digest of each input: of its place, its content and its status.
select
    sha256(
        to_json(
            [
                path,
                position::varchar,
                bytes::varchar,
                found_sha256,
                sha256,
                status,
                reason
            ]
        )
    ) as digest
from inputs
order by digest

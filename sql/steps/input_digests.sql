-- A digest of each input: where it was found, its content, and what speaks for it.
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

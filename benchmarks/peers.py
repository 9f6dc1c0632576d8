"""What others do with the same directory of bundles: `python -m benchmarks.peers NAME DIR OUT`.

Only `documented` checks digests and signatures: it does what the registry's public instructions
say, in a plain loop.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

_BUNDLE = """{
    'pith_number': 'VARCHAR',
    'built_at': 'VARCHAR',
    'canonical_sha256': 'VARCHAR',
    'canonical_record': 'STRUCT(
        source STRUCT(kind VARCHAR, id VARCHAR, version BIGINT),
        metadata STRUCT(
            license VARCHAR, primary_cat VARCHAR, submitted_at VARCHAR,
            cross_cats_sorted VARCHAR[], title_canon_sha256 VARCHAR,
            abstract_canon_sha256 VARCHAR
        )
    )',
    'source_aliases': 'STRUCT(
        alias_kind VARCHAR, alias_value VARCHAR, created_at VARCHAR
    )[]',
    'events': 'STRUCT(
        event_id VARCHAR, event_type VARCHAR, target VARCHAR, created_at VARCHAR, payload JSON,
        signature STRUCT(key_id VARCHAR, signature_b64 VARCHAR, signed_at VARCHAR)
    )[]'
}"""


def duckdb_json(directory: Path, output: Path) -> None:
    """DuckDB's `read_json` with typed columns, copied to three Parquet tables."""
    import duckdb

    connection = duckdb.connect()
    connection.execute(f"set temp_directory = '{output}/spill'")
    connection.execute(
        f"create table bundles as from read_json('{directory}/**/*.json', columns = {_BUNDLE}, "
        "format = 'unstructured', maximum_object_size = 16777216)"
    )
    for table, columns in {
        "papers": "pith_number, built_at, canonical_sha256, canonical_record.*",
        "aliases": "pith_number, unnest(source_aliases, recursive := true)",
        "events": "pith_number, unnest(events, recursive := true)",
    }.items():
        connection.execute(
            f"copy (select {columns} from bundles) to '{output}/{table}.parquet' "
            "(format parquet, compression zstd)"
        )


def _files(directory: Path) -> Iterator[Path]:
    for folder, _, names in os.walk(directory):
        yield from (Path(folder, name) for name in sorted(names))


def _digest(value: object) -> bytes:
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).digest()


def _without(value: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: item for name, item in value.items() if name not in names}


def documented(directory: Path, output: Path) -> None:
    """The registry's documented way, in a loop: json, hashlib, PyNaCl, then pandas."""
    import pandas as pd
    from nacl.signing import VerifyKey

    papers, aliases, events = [], [], []
    for path in _files(directory):
        bundle = json.loads(path.read_bytes())
        key = VerifyKey(base64.b64decode(bundle["public_keys"][0]["public_key_b64"]))

        def verify(digest: bytes, signature: str, key: VerifyKey = key) -> None:
            key.verify(digest, base64.b64decode(signature))

        number = bundle["pith_number"]
        canonical = _digest(bundle["canonical_record"])
        papers.append({"pith_number": number, **bundle["canonical_record"]["metadata"]})
        aliases += [{"pith_number": number, **alias} for alias in bundle["source_aliases"]]
        for event in bundle["events"]:
            content = _digest(_without(event, "signature", "content_sha256", "event_id"))
            verify(content, event["signature"]["signature_b64"])
            if "receipt" in event["payload"]:
                verify(canonical, event["payload"]["receipt"]["signature_b64"])
            row = {name: event[name] for name in ("event_id", "event_type", "target", "created_at")}
            events.append({"pith_number": number, **row, "payload": json.dumps(event["payload"])})
        _digest(_without(bundle["state"], "state_sha256"))
        whole = _digest(_without(bundle, "bundle_signature"))
        verify(whole, bundle["bundle_signature"]["signature_b64"])
    for name, rows in {"papers": papers, "aliases": aliases, "events": events}.items():
        pd.DataFrame(rows).to_parquet(output / f"{name}.parquet", compression="zstd")


def dlt(directory: Path, output: Path) -> None:
    """Let dlt find the tables by itself and load them as Parquet files."""
    os.environ["DLT_DATA_DIR"] = str(output / "dlt")
    os.environ["RUNTIME__DLTHUB_TELEMETRY"] = "false"
    import dlt as library
    import orjson

    bundles = (orjson.loads(path.read_bytes()) for path in _files(directory))
    destination = library.destinations.filesystem(bucket_url=str(output / "tables"))
    run = library.pipeline("bench", destination=destination, dataset_name="pith")
    run.run(bundles, table_name="bundles", loader_file_format="parquet")


PEERS: dict[str, Callable[[Path, Path], None]] = {
    "duckdb_json": duckdb_json,
    "documented": documented,
    "dlt": dlt,
}


if __name__ == "__main__":
    PEERS[sys.argv[1]](Path(sys.argv[2]), Path(sys.argv[3]))

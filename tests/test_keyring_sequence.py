"""A keyring that changes its names between builds, against clean builds."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec

from pipeline.build import Order, build
from pipeline.keyring import Keyring, load
from pipeline.resources import default_keyring
from tests.paths import SAMPLES


def _published(source: Path, warehouse: Path, keyring: Keyring) -> dict[str, bytes]:
    build(Order([str(source)], warehouse, keyring, 1), lambda *_: None)
    names = ("papers", "signatures", "keys", "findings", "documents")
    return {name: (warehouse / f"current/{name}/part-0.parquet").read_bytes() for name in names}


def test_renamed_keys_leave_what_a_clean_build_makes(tmp_path: Path) -> None:
    """After a pinned key was renamed and named back, the tables are those of a clean build."""
    source = tmp_path / "source"
    source.mkdir()
    for sample in SAMPLES.iterdir():
        document = json.loads(sample.read_bytes())
        if "receipt" in document:
            # so that the name alone tells which key is meant; no signature covers the receipt
            receipt = document["receipt"]
            document["receipt"] = {k: v for k, v in receipt.items() if "fingerprint" not in k}
            (source / f"{sample.stem}.json").write_text(json.dumps(document))
    real = load(default_keyring())
    renamed = Keyring(tuple(msgspec.structs.replace(key, key_id="other") for key in real.keys))
    clean = [_published(source, tmp_path / f"{n}", k) for n, k in enumerate((real, renamed))]
    assert clean[0]["signatures"] != clean[1]["signatures"]
    for start in (0, 1):
        warehouse = tmp_path / f"from-{start}"
        for turn in (start, 1 - start, start):
            keyring = (real, renamed)[turn]
            assert _published(source, warehouse, keyring) == clean[turn]

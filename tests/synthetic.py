"""A warehouse over a synthetic dump, some of it tampered with, for tests that only read it."""

from __future__ import annotations

from pathlib import Path

from pipeline.documents.keyring import load
from pipeline.synth.dump import Plan, write
from tests.building import build_warehouse


def build_synthetic(folder: Path, papers: int = 60) -> Path:
    """Write a dump of papers, a third of whose documents are tampered with, and build it.

    Returns:
        The warehouse.
    """
    write(Plan(papers, folder / "dump", tamper=0.3, events=(2, 9)), workers=1)
    keyring = load(folder / "dump" / "keyring.json")
    warehouse = folder / "warehouse"
    build_warehouse(warehouse, folder / "dump" / "documents", keyring=keyring)
    return warehouse

"""A document is found again by the place that a row names."""

from __future__ import annotations

import hashlib
import tarfile
from pathlib import Path

import pytest

from pipeline.errors import SourceError
from pipeline.jobs.raw_document import raw_document
from pipeline.limits import DEFAULT
from pipeline.warehouse.reader import Warehouse
from tests.building import build_warehouse
from tests.console import Console
from tests.site import REAL

RECORD = "000_97f37641e2d9eba2.txt"


@pytest.fixture
def places(tmp_path: Path) -> Path:
    """Return a directory of real documents: in a file, as lines, and in an archive."""
    mirror = tmp_path / "a mirror"
    mirror.mkdir()
    (mirror / "back\\slash!.json").write_bytes(REAL[RECORD])
    (mirror / "lines.jsonl").write_bytes(b"\n".join(REAL.values()))
    with tarfile.open(mirror / "archive.tgz", "w:gz") as archive:
        archive.add(mirror / "lines.jsonl", "within/lines.jsonl")
    return mirror


def test_every_row_leads_to_its_bytes(places: Path, tmp_path: Path, console: Console) -> None:
    """`cat` prints the bytes of the row's digest, whatever the name and packing of the file."""
    build_warehouse(tmp_path / "warehouse", places)
    with Warehouse(tmp_path / "warehouse") as warehouse:
        query = "select path, position, bytes, sha256 from documents"
        rows = warehouse.connection.execute(query).fetchall()
    assert len(rows) == 11
    for path, position, size, sha256 in rows:
        printed = console("cat", path, "--position", position)
        assert printed.code == 0
        assert hashlib.sha256(printed.raw[:size]).hexdigest() == sha256
        assert printed.raw[size:] in {b"", b"\n"}


def test_a_place_may_be_relative(places: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The part that names the file may be relative to the working directory."""
    monkeypatch.chdir(places)
    found = raw_document("archive.tgz!within/lines.jsonl", 2)
    assert found.strip() == list(REAL.values())[1].strip()


def test_a_place_without_a_document_is_said(places: Path, console: Console) -> None:
    """The message names the file, the place and the reason."""
    with pytest.raises(SourceError, match=r"holds no document .*lines.jsonl at 9"):
        raw_document(str(places / "lines.jsonl"), 9)
    assert console("cat", places / "nowhere.json").code == 1


def test_a_document_that_was_not_kept_is_said(tmp_path: Path) -> None:
    """The message has the reason, as the row of the document has it."""
    large = tmp_path / "large.json"
    large.write_bytes(b" " * (DEFAULT.document_bytes + 1))
    with pytest.raises(SourceError, match=r"large.json at 1 cannot be read: .+"):
        raw_document(str(large), 1)

"""However a dump is laid out, it makes the same tables: only paths and positions differ."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline import catalog
from tests.buckets import Buckets
from tests.site import SMALL, Site, synthetic
from tests.sources.layouts import COLUMNS, LAYOUTS, different, documents_of, laid_out

_PAPERS = 30


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Site:
    """Return documents of all kinds, a file each, some tampered with, and their warehouse."""
    folder = tmp_path_factory.mktemp("layouts")
    dump = synthetic(folder, _PAPERS)
    (folder / "tree").mkdir()
    return laid_out(folder / "tree", dump.keyring, documents_of(dump))


@pytest.mark.parametrize("name", ["tar of packed lines", "envelopes of many"])
def test_a_layout_makes_the_same_tables(tmp_path: Path, tree: Site, name: str) -> None:
    """All tables are the same to the byte; the two with paths differ only in the paths."""
    other = laid_out(tmp_path, tree.keyring, LAYOUTS[name](documents_of(tree)))
    assert different(other, tree) == set()


def test_every_layout_holds_the_same_documents(tmp_path: Path, tree: Site) -> None:
    """Fifteen layouts and more, in one build: each has every document as the tree has it."""
    assert len(LAYOUTS) >= 15
    documents = documents_of(tree)
    files = {
        f"{number}/{name}": raw
        for number, layout in enumerate(LAYOUTS.values())
        for name, raw in layout(documents).items()
    }
    other = laid_out(tmp_path, tree.keyring, files)
    expected = tree.rows(f"select {COLUMNS} from documents order by all")  # noqa: S608 - ours
    assert len(expected) == len(documents) > 2 * _PAPERS
    for number, name in enumerate(LAYOUTS):
        mine = f"starts_with(path, '{other.mirror}/{number}/')"
        query = f"select {COLUMNS} from documents where {mine} order by all"  # noqa: S608 - ours
        assert other.rows(query) == expected, name


def test_a_bucket_of_every_layout_holds_the_same_documents(
    tmp_path: Path, tree: Site, bucket: Buckets
) -> None:
    """Read by several workers, each document is as the tree has it, but for its path."""
    documents = documents_of(tree)
    for number, layout in enumerate(LAYOUTS.values()):
        bucket.put_all(layout(documents), f"{number}/")
    other = Site(tmp_path)
    (tmp_path / "keyring.json").write_bytes(tree.keyring.read_bytes())
    other.build("s3://bucket", workers=2, limits=SMALL)
    expected = tree.rows(f"select {COLUMNS} from documents order by all")  # noqa: S608 - ours
    for number, name in enumerate(LAYOUTS):
        mine = f"starts_with(path, 's3://bucket/{number}/')"
        query = f"select {COLUMNS} from documents where {mine} order by all"  # noqa: S608 - ours
        assert other.rows(query) == expected, name


def test_only_two_tables_have_paths() -> None:
    """So all other tables can be compared byte by byte."""
    assert {
        table.name
        for table in catalog.tables().values()
        if "path" in {column.name for column in table.columns}
    } == {"documents", "findings"}

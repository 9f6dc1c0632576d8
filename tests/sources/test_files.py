"""Discovering files: what is listed, and by which name."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

import pytest

from pipeline.errors import SourceError, UsageError
from pipeline.limits import DEFAULT
from pipeline.sources.files import InputFile, discover, prefixes
from pipeline.sources.reading import read_documents
from tests.paths import SAMPLES

RAW = b'{"a":1}'


def _paths(found: Iterable[InputFile]) -> list[str]:
    return sorted(file.path for file in found)


# -- discover ---------------------------------------------------------------------------------


def test_directories_are_walked_to_the_bottom() -> None:
    """Every file below a source is found, once for each source that it is below."""
    samples = [str(path) for path in sorted(SAMPLES.iterdir())]
    found = [path for path in _paths(discover([SAMPLES.parent])) if path in samples]
    assert found == samples
    assert _paths(discover([SAMPLES, SAMPLES])) == sorted(samples * 2)


def test_links_below_a_source_are_not_followed(tmp_path: Path) -> None:
    """A link below a source, to a file or to a parent, is listed, skipped and never opened."""
    (tmp_path / "x").write_bytes(RAW)
    (tmp_path / "to_file").symlink_to("x")
    (tmp_path / "to_parent").symlink_to(tmp_path)
    found = {Path(file.path).name: file.status for file in discover([tmp_path])}
    assert found == {"x": None, "to_file": "skipped", "to_parent": "skipped"}


def test_a_source_through_a_link_is_the_one_of_the_system(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`link/..` is the parent of the link's target; no other directory is read instead."""
    for name in ("real/sub", "real/b", "b"):
        (tmp_path / name).mkdir(parents=True)
        (tmp_path / name / "x").write_bytes(RAW)
    (tmp_path / "link").symlink_to("real/sub")
    (tmp_path / "beside").symlink_to("b")
    monkeypatch.chdir(tmp_path)
    assert _paths(discover(["link/../b/"])) == [f"{tmp_path}/real/b/x"]
    assert _paths(discover(["beside/..//b/.", "real/../b"])) == [f"{tmp_path}/b/x"] * 2
    with pytest.raises(SourceError, match=r"nowhere/\.\./b: No such file or directory"):
        discover(["nowhere/../b"])


@pytest.mark.parametrize("spelled", ["real", "./real/", "link", "link/../real", "{}/link"])
def test_a_file_is_named_by_its_real_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, spelled: str
) -> None:
    """However a source is spelled, its files have the same paths, and it has the same prefix."""
    (tmp_path / "real").mkdir()
    (tmp_path / "real" / "x").write_bytes(RAW)
    (tmp_path / "link").symlink_to("real")
    monkeypatch.chdir(tmp_path)
    source = spelled.format(tmp_path)
    assert _paths(discover([source, f"{source}/x"])) == [f"{tmp_path}/real/x"] * 2
    assert prefixes([source, f"{source}/x"]) == [f"{tmp_path}/real/", f"{tmp_path}/real/x"]


def test_a_missing_source_is_an_error(tmp_path: Path) -> None:
    """A source that does not exist stops the run."""
    with pytest.raises(SourceError, match="nowhere: No such file or directory"):
        discover([tmp_path / "nowhere"])


@pytest.mark.parametrize("source", ["", Path()])
def test_an_empty_source_is_not_the_working_directory(source: str | Path) -> None:
    """An empty source, as an unset shell variable gives, is wrong usage; a dot is a directory."""
    if source:
        assert _paths(discover([source]))
        return
    with pytest.raises(UsageError, match="a source is empty"):
        discover([SAMPLES, source])


def test_the_warehouse_is_no_input(tmp_path: Path) -> None:
    """A warehouse below a source is not read, by any path to either."""
    (tmp_path / "source" / "warehouse").mkdir(parents=True)
    (tmp_path / "source" / "x").write_bytes(RAW)
    (tmp_path / "source" / "warehouse" / "y").write_bytes(RAW)
    (tmp_path / "link").symlink_to("source")
    for source in (tmp_path / "source", tmp_path / "link"):
        found = discover([source], tmp_path / "link" / "warehouse")
        assert _paths(found) == [f"{tmp_path}/source/x"]
    (first, _) = _paths(discover([tmp_path / "source"], tmp_path / "elsewhere"))
    assert first.endswith("warehouse/y")


@pytest.mark.parametrize("name", ["snapshots", "staging/parts", "snapshots/mine/deeper", "link"])
def test_what_the_warehouse_manages_is_no_source(tmp_path: Path, name: str) -> None:
    """Sources where builds delete and write are refused, by any path to them."""
    for folder in ("snapshots/mine/deeper", "staging/parts"):
        (tmp_path / "warehouse" / folder).mkdir(parents=True)
    (tmp_path / "warehouse" / "link").symlink_to("snapshots/mine")
    with pytest.raises(UsageError, match="where builds write and delete"):
        discover([tmp_path / "warehouse" / name], tmp_path / "warehouse")


def test_the_warehouse_itself_is_no_source(tmp_path: Path) -> None:
    """It is refused: it would be an empty source, and the build would be clean."""
    with pytest.raises(SourceError, match="it is the warehouse"):
        discover([tmp_path], tmp_path / "." / "")


@pytest.mark.parametrize("name", ["fifo", "/dev/null"])
def test_a_source_is_a_file_or_a_directory(tmp_path: Path, name: str) -> None:
    """A FIFO or a device that the operator names is an error; below a source it is a row."""
    os.mkfifo(tmp_path / "fifo")
    with pytest.raises(SourceError, match="it is neither a file nor a directory"):
        discover([tmp_path / name])
    assert [file.status for file in discover([tmp_path])] == ["skipped"]


def test_names_stay_distinct(tmp_path: Path) -> None:
    r"""Names that are no UTF-8 are shown as `\xNN`, never as another name."""
    names = [b"\xff", rb"\xff", rb"\\xff", "é".encode(), b"new\nline"]
    for name in names:
        Path(os.fsdecode(os.fsencode(tmp_path) + b"/" + name)).write_bytes(name)
    found = list(discover([tmp_path]))
    assert len({file.path for file in found}) == len(names)
    assert f"{tmp_path}/\\xff" in _paths(found)
    contents = {next(read_documents(file, DEFAULT)).raw for file in found}
    assert contents == set(names)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_what_may_not_be_read_is_listed(tmp_path: Path) -> None:
    """A file and a directory without permission are unreadable, with the system's reason."""
    (tmp_path / "file").write_bytes(RAW)
    (tmp_path / "file").chmod(0)
    (tmp_path / "directory").mkdir(mode=0)
    found = [
        document for file in discover([tmp_path]) for document in read_documents(file, DEFAULT)
    ]
    assert [(d.status, d.reason) for d in found] == [
        ("unreadable", "the directory cannot be listed: Permission denied"),
        ("unreadable", "Permission denied"),
    ]


def test_a_packed_file_weighs_what_it_likely_holds(tmp_path: Path) -> None:
    """A packed file counts as ten times its size when work is shared out."""
    for name in ("x.json", "x.json.GZ", "x.ndjson.zst"):
        (tmp_path / name).write_bytes(bytes(100))
    weights = {Path(file.path).name: file.weight for file in discover([tmp_path])}
    assert weights == {"x.json": 100, "x.json.GZ": 1000, "x.ndjson.zst": 1000}

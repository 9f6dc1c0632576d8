"""The staging cache: if it is deleted, broken or of another version, it is made anew."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import msgspec
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from pipeline.documents.keyring import Keyring
from pipeline.errors import WarehouseError
from pipeline.jobs import retention
from pipeline.runner import part_store
from pipeline.runner.part_store import DigestSet, parts, remove_broken, write_known, write_part
from pipeline.stage.stage import stage
from tests.site import REAL, Site, tables

#: A module that `stage` imports, but that does not decide what a part holds.
OTHER = {"errors.py"}

RECORD = "000_97f37641e2d9eba2.txt"


@pytest.fixture
def site(built_site: Site) -> Site:
    """Return a mirror of the five real documents, built once."""
    return built_site


def _add(site: Site) -> None:
    """Make the next build model all tables anew, from the staged documents and one more."""
    site.put("new.json", REAL[RECORD].replace(b'"title":"MXNet:', b'"title":"Other:', 1))


def test_deleted_staging_is_made_anew(site: Site) -> None:
    """Without it everything is read and staged again, and the tables are the same bytes."""
    before = tables(site.warehouse)
    shutil.rmtree(site.warehouse / "staging")
    summary = site.build()
    assert (summary.staged, summary.published) == (5, False)
    (site.warehouse / "current").unlink()
    site.build()
    assert tables(site.warehouse) == before


def _cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-20])


def _garble(path: Path) -> None:
    content = bytearray(path.read_bytes())
    middle = len(content) // 2
    content[middle : middle + 200] = b"\xa5" * 200
    path.write_bytes(content)


def _flip(path: Path) -> None:
    """Damage a file so that it can still be read: it is Parquet with other dates."""
    table = pq.read_table(path)
    column = table.schema.get_field_index("created_at")
    later = pc.add(table.column(column), pa.scalar(1, pa.duration("us")))
    pq.write_table(table.set_column(column, "created_at", later), path)


DAMAGE = [
    (_cut, "documents"),
    (_garble, "papers"),
    (_flip, "aliases"),
    (Path.unlink, "states"),
]


@pytest.mark.parametrize(("damage", "table"), DAMAGE)
def test_a_broken_part_is_told_and_made_anew(
    site: Site, damage: Callable[[Path], None], table: str
) -> None:
    """The build exits with 1, the published snapshot stays, and the next build succeeds."""
    before = tables(site.warehouse)
    (part,) = (site.warehouse / "staging" / "parts").iterdir()
    damage(part / f"{table}.parquet")
    _add(site)
    with pytest.raises(WarehouseError, match=rf"staging was broken; {part.name} is removed"):
        site.build()
    assert tables(site.warehouse) == before
    (site.mirror / "new.json").unlink()
    (site.warehouse / "current").unlink()
    assert site.build().staged == 5
    assert tables(site.warehouse) == before


@pytest.mark.parametrize("content", [b"\xff\xff", b'{"version": "another", "keys": []}'])
def test_parts_of_another_version_are_made_anew(site: Site, content: bytes) -> None:
    """A part that this program did not write is ignored, replaced, and pruned at the end."""
    before = tables(site.warehouse)
    (old,) = (site.warehouse / "staging" / "parts").iterdir()
    (old / "part.json").write_bytes(content)
    (site.warehouse / "current").unlink()
    assert site.build(keep=7).staged == 5
    assert tables(site.warehouse) == before
    assert len(parts(site.warehouse / "staging")) == 1
    assert len(list((site.warehouse / "staging" / "parts").iterdir())) == 1


def test_a_new_version_of_the_program_stages_everything_again(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same documents get a new part beside the old one, which a prune removes."""
    for name in ("program.version", "program.digest", "runner.part_store.stage_version"):
        monkeypatch.setattr(f"pipeline.{name}", lambda: "0123456789abcdef")
    summary = site.build()
    assert (summary.read, summary.staged, summary.published) == (5, 5, True)
    assert not site.build(keep=7).published  # a run without changes looks for nothing to prune
    assert len(list((site.warehouse / "staging" / "parts").iterdir())) == 2
    retention.prune(site.warehouse, 7)
    (part,) = (site.warehouse / "staging" / "parts").iterdir()
    assert msgspec.json.decode((part / "part.json").read_bytes())["version"] == "0123456789abcdef"


def test_the_version_covers_every_module_that_makes_parts() -> None:
    """The modules that `stage` imports decide what a part holds, and are in its version."""
    code = """if True:
        import sys
        from pathlib import Path
        import pipeline.stage.stage
        package = Path(pipeline.__file__).parent
        for name in [name for name in sys.modules if name.startswith("pipeline.")]:
            print(Path(sys.modules[name].__file__).relative_to(package))
    """
    done = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    covered = {name.split("/")[0] for name in done.stdout.split()} - OTHER
    assert covered == set(part_store.SOURCES)


def test_a_part_is_written_once(tmp_path: Path) -> None:
    """The same documents staged twice, as by two workers, are one part."""
    raw = REAL[RECORD]
    made = stage([(hashlib.sha256(raw).hexdigest(), raw)], Keyring(()))
    for _ in range(2):
        write_part(tmp_path, made, [])
    (part,) = parts(tmp_path)
    assert part_store.part_digests(part) == [hashlib.sha256(raw).hexdigest()]
    assert not any((tmp_path / "aside").iterdir())
    assert remove_broken(tmp_path) == []


def test_known_finds_what_was_written(tmp_path: Path) -> None:
    """Exactly the digests that were written are found, in a file of any size."""
    digests = [hashlib.sha256(bytes([n])).hexdigest() for n in range(200)]
    for size in (0, 1, 2, 3, 100):
        written = sorted(map(bytes.fromhex, digests[:size]))
        write_known(tmp_path / "known", [written[:2], written[2:]])
        with DigestSet(tmp_path / "known") as known:
            assert [digest in known for digest in digests] == [n < size for n in range(200)]

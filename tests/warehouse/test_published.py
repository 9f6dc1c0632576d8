"""Snapshots in a bucket, on a server on loopback: files are sent once, readers switch at once."""

from __future__ import annotations

import io
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec
import pyarrow.parquet as pq
import pytest

from benchmarks.bucket_survival import kill_publishers
from pipeline import Warehouse, buckets, catalog
from pipeline.errors import UsageError, WarehouseError
from pipeline.jobs.publish import Outcome, publish
from pipeline.warehouse import published, snapshot
from tests.console import Console
from tests.site import REAL, Site

if TYPE_CHECKING:
    from tests.buckets import Buckets

URL = "s3://bucket/some/tables"
PREFIX = "some/tables/"
_PITH_ETL = Path(sys.executable).with_name("pith-etl")


class Nights(NamedTuple):
    """A warehouse, and the names of its snapshots by how many documents they have."""

    site: Site
    names: dict[int, str]

    def publish(self, documents: int, keep: int | None = None) -> Outcome:
        """Publish one of the snapshots at `URL`."""
        self.choose(documents)
        return publish(self.site.warehouse, URL, keep)

    def choose(self, documents: int) -> str:
        """Publish one of the snapshots on this machine; return its name."""
        snapshot.publish(
            self.site.warehouse, self.site.warehouse / "snapshots" / self.names[documents]
        )
        return self.names[documents]


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a cache of the user that is empty."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture(scope="module")
def nights(tmp_path_factory: pytest.TempPathFactory) -> Nights:
    """Return a warehouse with a snapshot of three, one of four and one of five documents."""
    site = Site(tmp_path_factory.mktemp("nights"))
    names = {}
    for number, (name, content) in enumerate(REAL.items(), 1):
        site.put(name, content)
        if number >= 3:
            names[number] = site.build().snapshot
    return Nights(site, names)


def _rows(warehouse: Warehouse, table: str) -> list[Any]:
    return warehouse.connection.execute(f"from {table} order by all").fetchall()


def test_a_published_snapshot_is_read_as_the_one_here(nights: Nights, bucket: Buckets) -> None:
    """All tables have the same rows, from the address as from the directory."""
    done = nights.publish(5)
    assert (done.snapshot, done.sent, done.replaced) == (nights.names[5], done.files, True)
    with Warehouse(URL) as there, Warehouse(nights.site.warehouse) as here:
        assert there.snapshot.name == nights.names[5]
        for table in catalog.relations():
            assert _rows(there, table) == _rows(here, table)
    bucket.wire.reset()
    with Warehouse(URL):
        assert not [line for line in bucket.wire.asked("GET") if "/files/" in line]


def test_what_is_there_is_not_sent_again(nights: Nights, bucket: Buckets) -> None:
    """A second time sends nothing, and the next night only files that changed."""
    first = nights.publish(4)
    bucket.wire.reset()
    assert not nights.publish(4).replaced
    assert not bucket.wire.asked("PUT")
    second = nights.publish(5)
    assert 0 < second.sent < second.files == first.files
    assert len([line for line in bucket.wire.asked("PUT") if "/files/" in line]) == second.sent


def test_one_of_two_publishers_at_once_wins(
    nights: Nights, bucket: Buckets, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The one who comes second is told so, and the pointer stays what the first one wrote."""
    old = nights.publish(4).snapshot
    write, others = buckets.write, iter([True])

    def meanwhile(address: buckets.Address, content: bytes | Path) -> None:
        write(address, content)
        if address.key.startswith(f"{PREFIX}snapshots/") and next(others, False):
            body = json.loads(bucket.get(f"{PREFIX}current.json")) | {"snapshot": old}
            bucket.put(f"{PREFIX}current.json", json.dumps(body).encode())

    monkeypatch.setattr(buckets, "write", meanwhile)
    with pytest.raises(WarehouseError, match="another publisher was faster at s3://bucket"):
        nights.publish(5)
    assert published.Place(URL).published().pointer.snapshot == old  # type: ignore[union-attr]


def test_an_answer_that_was_lost_is_no_other_publisher(bucket: Buckets) -> None:
    """A request that is repeated succeeds if its own content is already there."""
    address = buckets.Address("s3://bucket", "pointer")
    assert buckets.replace(address, b"one", None)
    assert buckets.replace(address, b"one", None)
    assert not buckets.replace(address, b"two", None)
    _, meta = buckets.read(address, 10)
    assert buckets.replace(address, b"two", meta)
    assert not buckets.replace(address, b"three", meta)
    assert bucket.get("pointer") == b"two"


def test_pruning_keeps_what_a_kept_snapshot_has(nights: Nights, bucket: Buckets) -> None:
    """The newest snapshots stay whole, and of older ones nothing stays."""
    names = [nights.publish(3).snapshot]
    for documents in (4, 5):
        time.sleep(1.1)  # the times of objects in S3 are whole seconds
        done = nights.publish(documents, keep=2)
        names.append(done.snapshot)
    assert done.pruned == (names[0],)
    left = set(bucket.names())
    manifests = {key for key in left if "/snapshots/" in key}
    assert {Path(key).name.split("-")[0] for key in manifests} == set(names[1:])
    files = {
        f"{PREFIX}{published.key_of(facts)}"
        for key in manifests
        for facts in published.table_facts(snapshot.read_manifest(bucket.get(key), URL)).values()
    }
    assert left == files | manifests | {f"{PREFIX}current.json"}


def test_an_older_snapshot_can_be_published_again(nights: Nights, bucket: Buckets) -> None:
    """After a rollback readers see the older one again, whatever is pruned."""
    nights.publish(4)
    nights.publish(5, keep=1)
    assert nights.publish(4, keep=1).snapshot == nights.names[4]
    with Warehouse(URL) as there:
        assert len(_rows(there, "documents")) == 4
    assert bucket.names()


def test_a_damaged_file_is_not_published(nights: Nights, bucket: Buckets) -> None:
    """The error names it, and nothing is published."""
    nights.choose(5)
    (file,) = (nights.site.warehouse / "current" / "papers").resolve().iterdir()
    content = file.read_bytes()
    file.chmod(0o644)
    file.write_bytes(content[:-1] + b"x")
    try:
        with pytest.raises(WarehouseError, match=r"papers/\S+ is damaged; build again, then publ"):
            nights.publish(5)
    finally:
        file.write_bytes(content)
    assert f"{PREFIX}current.json" not in bucket.names()


def test_the_pointer_names_the_files_of_each_table_for_other_programs(
    nights: Nights, bucket: Buckets
) -> None:
    """They are Parquet files, and together have as many rows as the table."""
    nights.publish(5)
    tables = json.loads(bucket.get(f"{PREFIX}current.json"))["tables"]
    assert set(tables) == set(catalog.tables())
    for table, keys in tables.items():
        found = sum(
            pq.read_metadata(io.BytesIO(bucket.get(f"{PREFIX}{key}"))).num_rows for key in keys
        )
        assert found == nights.site.rows(f"select count(*) from {table}")[0][0]  # noqa: S608 - of ours


Change = Callable[[dict[str, Any]], None]


def _rename(name: str) -> Change:
    def change(manifest: dict[str, Any]) -> None:
        files = manifest["files"]
        old = next(file for file in files if file.startswith("papers/"))
        files[name] = files.pop(old)

    return change


def _altered(manifest: dict[str, Any]) -> None:
    name = next(file for file in manifest["files"] if file.startswith("papers/"))
    manifest["files"][name]["bytes"] -= 1


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (_rename("../../../../x.parquet"), "the manifest names the file '../../../../x.parquet'"),
        (_rename("/etc/x.parquet"), "the manifest names the file '/etc/x.parquet'"),
        (_rename("strange/all.parquet"), "the manifest names the file 'strange/all.parquet'"),
        (_altered, r"files/\w+\.parquet is not what the manifest says"),
    ],
)
def test_a_hostile_manifest_is_refused(
    nights: Nights, bucket: Buckets, cache: Path, change: Change, told: str
) -> None:
    """If a name leads elsewhere or a length is wrong, the snapshot is not kept in the cache."""
    nights.publish(5)
    found = published.Place(URL).published()
    assert found
    manifest = json.loads(bucket.get(f"{PREFIX}{found.pointer.manifest}"))
    change(manifest)
    text = json.dumps(manifest).encode()
    bucket.put(f"{PREFIX}{found.pointer.manifest}", text)
    with pytest.raises(WarehouseError, match=r"is not what current\.json says"):
        Warehouse(URL)
    pointer = msgspec.structs.replace(found.pointer, sha256=published.sha256(text))
    bucket.put(f"{PREFIX}current.json", msgspec.json.encode(pointer))
    with pytest.raises(WarehouseError, match=told):
        Warehouse(URL)
    assert not list(cache.rglob("manifest.json"))


@pytest.mark.parametrize("text", [b"", b"[]", b'{"snapshot": 1}', b"\xff"])
def test_an_invalid_pointer_is_refused(bucket: Buckets, text: bytes) -> None:
    """The error names the place."""
    bucket.put(f"{PREFIX}current.json", text)
    with pytest.raises(WarehouseError, match="the published warehouse s3://bucket/some/tables"):
        Warehouse(URL)


def test_where_nothing_is_published_the_error_says_so(bucket: Buckets) -> None:
    """To publish on a web server is wrong usage, which is told before anything is read."""
    assert bucket.names() == []
    with pytest.raises(WarehouseError, match="nothing is published at s3://bucket/some/tables"):
        Warehouse(URL)
    with pytest.raises(UsageError, match="a web server cannot be written"):
        publish(Path("nowhere"), "https://host/tables")


def test_a_bucket_that_is_not_there_is_said(nights: Nights, bucket: Buckets) -> None:
    """The error names it; a reader is told that nothing is published."""
    assert bucket.names() == []
    with pytest.raises(WarehouseError, match=r"s3://other/tables cannot .* NoSuchBucket"):
        publish(nights.site.warehouse, "s3://other/tables")
    with pytest.raises(WarehouseError, match="nothing is published at s3://other/tables"):
        Warehouse("s3://other/tables")


def test_the_commands_publish_and_read(nights: Nights, bucket: Buckets, console: Console) -> None:
    """`build --publish`, `publish` and `sql` take an address; `rollback` of one is wrong usage."""
    assert bucket.environment
    site = nights.site
    where = ("--warehouse", site.warehouse)
    nights.choose(5)
    assert console("build", site.mirror, *where, "--publish", URL, "--progress", "none").code == 0
    assert "is published there already" in console("publish", URL, *where).output
    found = console("sql", "select count(*) from papers", "-w", URL, "--format", "csv")
    assert found.output.split() == ["count_star()", "5"]
    assert console("rollback", "-w", URL).code == 2


def test_a_reader_sees_one_snapshot_while_publishers_are_killed(
    nights: Nights, bucket: Buckets
) -> None:
    """Killed at any moment, a publisher leaves the old snapshot or the new one."""
    assert bucket.environment
    found = kill_publishers(nights.site.warehouse, rounds=6)
    assert found.rounds == 6
    assert found.readings

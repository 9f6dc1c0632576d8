"""Objects in buckets, from a server on loopback (`buckets.py` says how it differs from S3)."""

from __future__ import annotations

import os
import signal
import socket
import threading
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from pipeline import buckets, extras
from pipeline.errors import SourceError, UsageError
from pipeline.limits import DEFAULT
from pipeline.sources import objects
from pipeline.sources.files import discover, prefixes, shown
from pipeline.sources.named import settled
from pipeline.sources.reading import Share, ahead
from tests.buckets import BUCKET, KEY_ID, SECRET, Buckets
from tests.building import rows
from tests.console import Console
from tests.site import REAL, Site, tables
from tests.sources.packed import Found, read
from tests.sources.test_archives import ARCHIVES

NAMES = sorted(REAL)


def _read(bucket: Buckets, *arguments: Any) -> list[Found]:  # noqa: ANN401 - those of `read`
    """Return what reading the whole bucket yields, by key."""
    found = read(f"s3://{BUCKET}/", *arguments)
    assert bucket.wire.port
    start = f"s3://{BUCKET}/"
    return [(path.removeprefix(start), *rest) for path, *rest in found]  # type: ignore[misc]


# -- what is read -----------------------------------------------------------------------------


@pytest.mark.parametrize("part", [1000, buckets.PART])
@pytest.mark.parametrize("name", sorted(ARCHIVES))
def test_an_object_is_read_as_a_file_is(
    bucket: Buckets, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, part: int
) -> None:
    """However it is packed, and in however many parts it comes, the same documents are found."""
    monkeypatch.setattr(buckets, "PART", part)
    raw = ARCHIVES[name]()
    (tmp_path / name).write_bytes(raw)
    bucket.put(name, raw)
    local = [(path.removeprefix(f"{tmp_path}/"), *rest) for path, *rest in read(tmp_path)]
    assert _read(bucket) == local
    shares = [one for number in range(3) for one in _read(bucket, DEFAULT, Share(number, 3))]
    assert sorted(shares) == sorted(local)


def test_a_bucket_makes_the_tables_of_a_tree(bucket: Buckets, tmp_path: Path) -> None:
    """The same documents make the same tables, but for their paths, by one worker or several."""
    for name in ("tree", "bucket"):
        (tmp_path / name).mkdir()
    tree, other = Site(tmp_path / "tree"), Site(tmp_path / "bucket")
    tree.put_all(REAL)
    bucket.put_all(REAL, "a/b/")
    tree.build()
    built = other.build(f"s3://{BUCKET}/a")
    assert (built.files, built.barren) == (5, [])
    expected, found = tables(tree.warehouse), tables(other.warehouse)
    different = {table for table in expected if found[table] != expected[table]}
    assert {table.split("/")[0] for table in different} <= {"documents", "findings", "runs"}
    query = "select regexp_extract(path, '[^/]*$'), * exclude (path) from documents order by 1"
    assert rows(other.warehouse, query) == rows(tree.warehouse, query)
    assert rows(other.warehouse, "select min(path) from documents") == [
        (f"s3://{BUCKET}/a/b/{NAMES[0]}",)
    ]


def test_a_source_is_a_bucket_a_prefix_or_an_object(bucket: Buckets, console: Console) -> None:
    """A prefix is a directory, even without its `/`: `ab` is not below the prefix `a`."""
    bucket.put_all({"a/x": b"1", "a/b/x": b"2", "ab": b"3", "a/c/": b"", "empty": b""})
    start = f"s3://{BUCKET}/"
    for source, expected in {
        start: ["a/b/x", "a/x", "ab", "empty"],
        start.rstrip("/"): ["a/b/x", "a/x", "ab", "empty"],
        f"{start}a": ["a/b/x", "a/x"],
        f"{start}a/": ["a/b/x", "a/x"],
        f"{start}ab": ["ab"],
    }.items():
        assert sorted(file.path for file in discover([source])) == [start + key for key in expected]
    assert prefixes([start.rstrip("/"), f"{start}a", f"{start}ab"]) == [
        start,
        f"{start}a/",
        f"{start}ab",
    ]
    bucket.put("real", REAL[NAMES[0]])
    assert console("cat", f"{start}real").raw == REAL[NAMES[0]]
    assert console("verify", f"{start}real", "--json").code == 0


def test_keys_of_any_letters_have_a_path(bucket: Buckets) -> None:
    """As in the names of files, `!` and a backslash are escaped in paths; nothing else is."""
    keys = ["a!b", "c\\d", "é ü", "f%2Fg", "h?i#j", "*", "k/l&m"]
    bucket.put_all(dict.fromkeys(keys, b"{}"))
    assert sorted(path for path, *_ in _read(bucket)) == sorted(shown(key) for key in keys)
    assert {raw for *_, raw in _read(bucket)} == {b"{}"}


def test_objects_are_fetched_at_once(bucket: Buckets, monkeypatch: pytest.MonkeyPatch) -> None:
    """As many as `AHEAD` says are fetched at the same time."""
    bucket.put_all({f"{number:03}": b"{}" for number in range(40)})
    all_at_once = threading.Barrier(buckets.AHEAD)
    fetch = objects.fetch

    def wait(found: objects.Object, number: int) -> bytes:
        if found.address.endswith(tuple(f"{number:03}" for number in range(buckets.AHEAD))):
            all_at_once.wait(60)
        return fetch(found, number)

    monkeypatch.setattr(objects, "fetch", wait)
    found = [file.path[-3:] for file, begun in ahead(discover([f"s3://{BUCKET}"])) if begun]
    assert found == [f"{number:03}" for number in range(40)]


# -- from night to night ----------------------------------------------------------------------


def test_only_changed_objects_are_read(bucket: Buckets, tmp_path: Path) -> None:
    """An object with the same tag and size is not fetched; one that is gone leaves the tables."""
    site, source = Site(tmp_path), f"s3://{BUCKET}/"
    bucket.put_all(REAL)
    site.build(source)
    bucket.wire.reset()
    again = site.build(source)
    assert (again.read, again.published) == (0, False)
    assert [address.partition("?")[0] for address in bucket.wire.asked("GET")] == [f"/{BUCKET}"]
    first, second, *_ = NAMES
    bucket.put(first, REAL[first] + b"\n")
    bucket.remove(second)
    bucket.wire.reset()
    assert (
        site.build(source, max_shrink=None).read,
        site.rows("select count(*) from documents"),
    ) == (
        1,
        [(4,)],
    )
    assert f"/{BUCKET}/{first}" in bucket.wire.asked("GET")


def test_an_object_that_changes_while_it_is_read_is_no_mix(
    bucket: Buckets, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The listed content is read, or nothing: parts of two contents are never mixed."""
    monkeypatch.setattr(buckets, "PART", 1000)
    line = b'"' + b"a" * 98 + b'"\n'
    bucket.put("x.jsonl", line * 100)
    fetch = objects.fetch

    def change(found: objects.Object, number: int) -> bytes:
        if number == 5:
            bucket.put("x.jsonl", line.replace(b"a", b"b") * 100)
        return fetch(found, number)

    monkeypatch.setattr(objects, "fetch", change)
    *good, (_, position, reason, raw) = _read(bucket)
    assert {one for *_, one in good} == {line.strip()}
    assert (position, raw) == (len(good) + 1, None)
    assert str(reason).startswith("unreadable: it changed after it was listed")


def test_a_server_that_dies_after_the_listing_keeps_the_rows(
    bucket: Buckets, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As with a disk that fails, each document has a row and its last good content, stale."""
    site, source = Site(tmp_path), f"s3://{BUCKET}/"
    bucket.put_all(REAL)
    site.build(source)
    listed = objects.listed

    def die(url: str) -> Iterator[objects.Object]:
        yield from list(listed(url))
        bucket.wire.most = 0

    monkeypatch.setattr(objects, "listed", die)
    bucket.put_all({name: raw + b"\n" for name, raw in REAL.items()})
    site.build(source, max_shrink=None)
    query = "select status, reason, count(*) filter (stale) from documents group by all"
    assert site.rows(query) == [("unreadable", "the server cannot be reached", 5)]
    monkeypatch.setattr(objects, "listed", listed)
    bucket.wire.reset()
    buckets.forget()
    assert site.build(source).documents == {"bundle": 2, "record": 2, "state": 1}
    assert site.rows("select count(*) from documents where stale") == [(0,)]


def test_a_server_that_is_killed_is_not_asked_for_ever(
    bucket: Buckets, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After some objects that cannot be read, the others get a row without a request."""
    assert bucket
    killed = Buckets()
    killed.begin()
    killed.put_all({f"{number:03}": b"{}" for number in range(100)})
    monkeypatch.setenv("AWS_ENDPOINT_URL", killed.environment["AWS_ENDPOINT_URL"])
    files = list(discover([f"s3://{BUCKET}"]))
    killed.stop()
    reasons = []
    for _, begun in ahead(files):
        assert begun is not None
        with pytest.raises(OSError, match="server") as raised:
            begun.read(1)
        reasons.append(str(raised.value))
    assert len(reasons) == 100
    assert reasons[0] == "the server cannot be reached"
    assert reasons[-1] == "not tried, because the server failed too often"


def test_a_bucket_that_cannot_be_listed_to_its_end_keeps_its_rows(
    bucket: Buckets, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Objects that a broken listing did not reach stay as stale; none counts as vanished."""
    site, source = Site(tmp_path), f"s3://{BUCKET}/a/"
    bucket.put_all(REAL, "a/")
    site.build(source)
    pages = buckets.pages

    def break_off(address: Any) -> Iterator[Any]:  # noqa: ANN401 - private
        for page in pages(address):
            yield page[:3]
            message = "the answer of the server breaks off"
            raise OSError(message)

    monkeypatch.setattr(buckets, "pages", break_off)
    site.build(source, max_shrink=None)
    assert site.rows(
        "select stale, reason, count(*) from documents group by all order by 3, 1"
    ) == [
        (False, "the directory cannot be listed: the answer of the server breaks off", 1),
        (True, "the directory cannot be listed: the answer of the server breaks off", 2),
        (False, None, 3),
    ]


# -- servers that fail ------------------------------------------------------------------------


def test_a_slow_server_is_waited_for(bucket: Buckets) -> None:
    """An answer that comes little by little is read to its end."""
    bucket.put("x.json", REAL[NAMES[0]])
    bucket.wire.pause = 0.02
    assert [raw for *_, raw in _read(bucket)] == [REAL[NAMES[0]].strip()]


def test_a_server_that_takes_too_long_is_said(
    bucket: Buckets, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that answers too late stops the run, as one that is not there."""
    bucket.put("x.json", REAL[NAMES[0]])
    bucket.wire.pause = 5
    monkeypatch.setattr(buckets, "CLIENT", {"timeout": "100ms", "allow_http": True})
    with pytest.raises(SourceError, match="the server does not answer in time"):
        discover([f"s3://{BUCKET}/"])


def test_an_interrupt_ends_the_wait_for_a_server(
    bucket: Buckets, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ctrl-C does not wait for a server that accepts connections and never answers."""
    assert bucket
    with socket.create_server(("127.0.0.1", 0)) as silent:
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{silent.getsockname()[1]}")
        timer = threading.Timer(0.2, os.kill, [os.getpid(), signal.SIGINT])
        timer.start()
        with pytest.raises(KeyboardInterrupt):
            discover([f"s3://{BUCKET}/"])
        timer.join()


@pytest.mark.parametrize("most", [0, 50, 400])
def test_an_answer_that_breaks_off_stops_the_run(bucket: Buckets, most: int) -> None:
    """A bucket that cannot be listed at all is a source that cannot be read."""
    bucket.put("x.json", REAL[NAMES[0]])
    bucket.wire.most = most
    with pytest.raises(
        SourceError, match=f"cannot read the source s3://{BUCKET}/: the (server|answer)"
    ):
        discover([f"s3://{BUCKET}/"])


def test_an_object_that_breaks_off_is_fetched_on_from_there(bucket: Buckets) -> None:
    """Half an object is never taken for the whole: the rest is asked for, or it is not read."""
    bucket.put("x.json", REAL[NAMES[0]])
    (file,) = discover([f"s3://{BUCKET}/"])
    for most, expected in {5000: REAL[NAMES[0]], 400: None}.items():
        bucket.wire.most = most
        ((_, begun),) = ahead([file])
        assert begun is not None
        if expected is not None:
            assert begun.read(10_000) == expected
            continue
        with pytest.raises(OSError, match=r"breaks off|reached|cannot be read"):
            begun.read(10_000)


@pytest.mark.parametrize("key", ["a//b", "a/../b", "a/./b", "a\x01b", "a\nb"])
def test_a_key_that_no_path_can_be_is_told_of(bucket: Buckets, key: str) -> None:
    """It stops the run, and the message says that one of the keys cannot be read."""
    bucket.put_all({"0": b"{}", key: b"{}"})
    with pytest.raises(SourceError, match="one of the keys cannot be read; delete it"):
        discover([f"s3://{BUCKET}/"])


def test_keys_of_one_path_are_one_row(bucket: Buckets, tmp_path: Path) -> None:
    """A key that begins or ends with `/` has the path of another; no document counts twice."""
    site = Site(tmp_path)
    bucket.put_all({"a": REAL[NAMES[0]], "/a": b"{}", "a/": b"{ }", "b/": b""})
    site.build(f"s3://{BUCKET}/")
    assert site.rows("select path, count(*) from documents group by 1") == [(f"s3://{BUCKET}/a", 1)]


# -- addresses and secrets --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("s3://id:secret@bucket/x", "may be secret"),
        ("https://user:secret@host/x", "may be secret"),
        ("https://host/x?X-Amz-Signature=secret", "may be secret"),
        ("s3:///x", "name a bucket"),
        ("https://host/", "on a web server one file"),
        ("https://host", "on a web server one file"),
        ("http://host/x", "name a path, or s3://, gs://, az://, https://"),
        ("ftp://host/x", "name a path, or s3://"),
        ("s3://bucket/../x", "is empty, . or .."),
        ("s3://bucket/a//x", "is empty, . or .."),
    ],
)
def test_an_address_that_cannot_be_read_is_wrong_usage(
    tmp_path: Path, console: Console, source: str, message: str
) -> None:
    """The message says what to name instead, and repeats nothing that may be secret."""
    done = console("build", source, "-w", tmp_path)
    assert (done.code, message in done.errors, "secret@" in done.errors) == (2, True, False)
    assert "=secret" not in done.errors
    assert not any(b"=secret" in file.read_bytes() for file in tmp_path.rglob("*.*"))


def test_no_credentials_are_written_anywhere(
    bucket: Buckets, tmp_path: Path, console: Console
) -> None:
    """Neither a good run nor a failed one writes secrets into logs or the warehouse."""
    bucket.put_all(REAL)
    said = []
    for most in (None, 0):
        bucket.wire.most = most
        buckets.forget()
        done = console(
            "build", f"s3://{BUCKET}", "-w", tmp_path, "--log-format", "json", "--progress", "plain"
        )
        said.append(done.raw + done.errors.encode())
    contents = [file.read_bytes() for file in tmp_path.rglob("*") if file.is_file()]
    assert b"cannot be reached" in said[1]
    for content in said + contents:
        assert KEY_ID.encode() not in content
        assert SECRET.encode() not in content


def test_without_the_extra_one_line_names_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, console: Console
) -> None:
    """If the extra is not installed, one line says what to install."""

    def missing(name: str) -> object:
        if name.startswith("obstore"):
            raise ImportError(name)
        return import_module(name)

    buckets.forget()
    monkeypatch.setattr(extras, "import_module", missing)
    done = console("build", "s3://bucket/x", "-w", tmp_path)
    assert (done.code, done.errors.count("\n")) == (2, 1)
    assert "needs the extra cloud: pipx install" in done.errors


def test_settled_sources_stay_as_they_are(bucket: Buckets) -> None:
    """Deciding twice whether a source is a prefix or an object gives the same answer."""
    bucket.put_all({"a/x": b"1", "b": b"2"})
    once = settled([f"s3://{BUCKET}", f"s3://{BUCKET}/a", f"s3://{BUCKET}/b", "https://host/x"])
    assert once == [f"s3://{BUCKET}/", f"s3://{BUCKET}/a/", f"s3://{BUCKET}/b", "https://host/x"]
    assert settled(once) == once
    with pytest.raises(UsageError, match="name a path"):
        settled(["file:///etc/passwd"])

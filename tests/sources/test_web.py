"""Files of web servers, and buckets of Google and Azure, from a small server of our own.

Neither store is the real one: `web.py` says what it knows of them. What holds of all objects is
tested in `test_objects.py`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from pipeline import buckets
from pipeline.errors import SourceError
from pipeline.sources.files import discover, prefixes
from tests.site import REAL, Site
from tests.sources.packed import packed_tar, packed_zip, read
from tests.sources.web import Web

NAMES = sorted(REAL)


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Web, Web]]:
    """Yield two running servers, the first of them over TLS."""
    directory = tmp_path_factory.mktemp("web")
    found = Web(directory, tls=True), Web(directory, tls=False)
    yield found
    for server in found:
        server.stop()


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    waits = {"init_backoff": timedelta(milliseconds=1), "max_backoff": timedelta(milliseconds=5)}
    retries = {"max_retries": 2, "backoff": {**waits, "base": 2}}
    monkeypatch.setattr(buckets, "RETRIES", buckets.RETRIES | retries)
    buckets.forget()
    yield
    buckets.forget()


@pytest.fixture
def web(servers: tuple[Web, Web], monkeypatch: pytest.MonkeyPatch) -> Web:
    """Return a web server that holds nothing yet, and is trusted."""
    server, _ = servers
    server.reset()
    certificate = server.certificate[server.certificate.index(b"-----BEGIN CERTIFICATE") :]
    monkeypatch.setattr(buckets, "CLIENT", {"root_certificate": certificate})
    return server


@pytest.fixture(params=["gs", "az"])
def store(
    request: pytest.FixtureRequest, servers: tuple[Web, Web], monkeypatch: pytest.MonkeyPatch
) -> tuple[Web, str]:
    """Return a store of another cloud, and the address of its bucket."""
    _, server = servers
    server.reset()
    monkeypatch.setattr(buckets, "CLIENT", {"allow_http": True})
    if request.param == "gs":
        names = dict.fromkeys(("client_email", "private_key", "private_key_id"), "")
        account = names | {"gcs_base_url": server.address, "disable_oauth": True}
        monkeypatch.setenv("GOOGLE_SERVICE_ACCOUNT_KEY", json.dumps(account))
    else:
        monkeypatch.setenv("AZURE_STORAGE_ACCOUNT_NAME", "account")
        monkeypatch.setenv("AZURE_STORAGE_ACCOUNT_KEY", "c2VjcmV0")
        monkeypatch.setenv("AZURE_STORAGE_ENDPOINT", server.address)
    return server, f"{request.param}://bucket/"


# -- web servers ------------------------------------------------------------------------------


@pytest.mark.parametrize("part", [1000, buckets.PART])
@pytest.mark.parametrize("pack", [packed_tar, packed_zip])
def test_a_file_of_a_web_server_is_read_as_one_of_a_disk(
    web: Web, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, part: int, pack: object
) -> None:
    """Its paths begin with its address as it was given; its name may hold escapes."""
    assert callable(pack)
    monkeypatch.setattr(buckets, "PART", part)
    web.files["/a b/dump.x"] = pack(REAL)
    (tmp_path / "dump.x").write_bytes(pack(REAL))
    source = f"{web.address}/a%20b/dump.x"
    assert prefixes([source]) == [source]
    local = [(path.replace(f"{tmp_path}/dump.x", source), *rest) for path, *rest in read(tmp_path)]
    assert read(source) == local


@pytest.mark.parametrize(("tag", "again"), [("strong", 0), ("weak", 1), ("none", 1)])
def test_a_file_is_not_read_again_if_its_tag_vouches_for_it(
    web: Web, tmp_path: Path, tag: str, again: int
) -> None:
    """An object with a weak tag or none is read again, because its bytes may have changed."""
    site, source = Site(tmp_path), f"{web.address}/x.json"
    web.files["/x.json"], web.tag = REAL[NAMES[0]], tag
    site.build(source)
    web.asked.clear()
    assert site.build(source).read == again
    assert [method for method, _ in web.asked] == ["HEAD"] + ["GET"] * again


def test_a_web_server_that_sends_no_parts_still_sends_small_files(
    web: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file that fits into one part is read; a row says why a larger one is not."""
    web.ranges = False
    web.files["/x.jsonl"] = b"\n".join(raw.replace(b"\n", b" ") for raw in REAL.values())
    source = f"{web.address}/x.jsonl"
    assert len(read(source)) == len(REAL)
    monkeypatch.setattr(buckets, "PART", 1000)
    ((_, _, reason, raw),) = read(source)
    assert raw is None
    assert str(reason).startswith("unreadable: the web server sends no parts of a file")


def test_a_file_that_is_not_there_stops_the_run(web: Web) -> None:
    """The message says that there is no such object."""
    with pytest.raises(SourceError, match=r"/nowhere: No such object"):
        discover([f"{web.address}/nowhere"])


def test_a_server_without_trusted_tls_is_not_read(
    web: Web, servers: tuple[Web, Web], monkeypatch: pytest.MonkeyPatch
) -> None:
    """An unknown certificate is refused, and so is a redirect without TLS."""
    web.files["/x"] = b"{}"
    _, plain = servers
    plain.reset()
    plain.files["/x"] = b"{}"
    web.moved["/moved"] = f"{plain.address}/x"
    with pytest.raises(SourceError, match="/moved: it leads to http://"):
        discover([f"{web.address}/moved"])
    monkeypatch.setattr(buckets, "CLIENT", None)
    buckets.forget()
    with pytest.raises(SourceError, match="the server cannot be re"):
        discover([f"{web.address}/x"])
    assert not plain.asked


# -- other clouds -----------------------------------------------------------------------------


def test_a_bucket_of_another_cloud_is_read_as_one_of_s3(
    store: tuple[Web, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is listed by prefix, read in parts, and not read again while its tags stay."""
    monkeypatch.setattr(buckets, "PART", 1000)
    server, source = store
    server.files = {f"/bucket/a/{name}": raw for name, raw in REAL.items()}
    server.files["/bucket/ab"] = b"{}"
    site = Site(tmp_path)
    built = site.build(f"{source}a")
    assert built.documents == {"bundle": 2, "record": 2, "state": 1}
    assert site.rows("select min(path), max(path) from documents") == [
        (f"{source}a/{NAMES[0]}", f"{source}a/{NAMES[-1]}")
    ]
    again = site.build(f"{source}a")
    assert (again.read, again.published) == (0, False)

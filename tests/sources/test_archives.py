"""Archives: every member is a document at its own place, or a row with a reason."""

from __future__ import annotations

import io
import random
import stat
import tarfile
import zipfile
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from pipeline.limits import DEFAULT, Limits
from pipeline.sources.reading import Share
from tests.site import REAL, Site
from tests.sources.packed import CODECS, packed_tar, packed_zip, read

MEMBERS = {f"a/{number}.json": raw for number, raw in enumerate(REAL.values())}


def _packed(codec: str) -> bytes:
    return CODECS[codec](packed_tar(MEMBERS))


def _zip64() -> bytes:
    """Return a zip archive whose sizes, places and numbers all stand in the fields of 64 bits."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(zipfile, "ZIP64_LIMIT", 1)
        patch.setattr(zipfile, "ZIP_FILECOUNT_LIMIT", 1)
        raw = packed_zip(MEMBERS, zipfile.ZIP_DEFLATED)
    assert b"PK\x06\x06" in raw
    return raw


ARCHIVES: dict[str, Callable[[], bytes]] = {
    "pax.tar": lambda: packed_tar(MEMBERS),
    "gnu.tar": lambda: packed_tar(MEMBERS, tarfile.GNU_FORMAT),
    "ustar.tar": lambda: packed_tar(MEMBERS, tarfile.USTAR_FORMAT),
    **{f"x.tar.{codec}": partial(_packed, codec) for codec in CODECS},
    "stored.zip": lambda: packed_zip(MEMBERS, zipfile.ZIP_STORED),
    "deflated.zip": lambda: packed_zip(MEMBERS, zipfile.ZIP_DEFLATED),
    "bzip2.zip": lambda: packed_zip(MEMBERS, zipfile.ZIP_BZIP2),
    "lzma.zip": lambda: packed_zip(MEMBERS, zipfile.ZIP_LZMA),
    "64.zip": _zip64,
    "within.zip": lambda: packed_zip({"in.tar": packed_tar(MEMBERS)}),
    "within.tar": lambda: packed_tar({"in.zip": packed_zip(MEMBERS)}),
    "lines.tar": lambda: packed_tar({"a.jsonl.gz": CODECS["gz"](b"\n".join(REAL.values()))}),
}


@pytest.mark.parametrize("name", ARCHIVES)
def test_every_member_is_a_document(tmp_path: Path, name: str) -> None:
    """Each has its own bytes, and a path that begins with the archive's."""
    (tmp_path / name).write_bytes(ARCHIVES[name]())
    found = read(tmp_path / name)
    assert {reason for _, _, reason, _ in found} == {None}
    assert sorted((raw or b"").strip() for *_, raw in found) == sorted(
        raw.strip() for raw in REAL.values()
    )
    assert all(path.startswith(f"{tmp_path / name}!") for path, *_ in found)
    assert len({(path, position) for path, position, *_ in found}) == len(MEMBERS)


@pytest.mark.parametrize("name", ["pax.tar", "x.tar.gz", "deflated.zip", "lines.tar"])
def test_shares_together_read_each_document_once(tmp_path: Path, name: str) -> None:
    """However many workers there are, one of them reads each document, and each fault."""
    raw = ARCHIVES[name]()
    (tmp_path / "whole").write_bytes(raw)
    (tmp_path / "cut").write_bytes(raw[: len(raw) * 2 // 3])
    for file in ("whole", "cut"):
        shared = [one for n in range(3) for one in read(tmp_path / file, share=Share(n, 3))]
        assert sorted(shared, key=str) == sorted(read(tmp_path / file), key=str)


def _tar(*headers: tuple[str, bytes, bytes]) -> bytes:
    """Return a tar archive of members of (name, type, what they hold)."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name, kind, data in headers:
            header = tarfile.TarInfo(name)
            header.type, header.size, header.linkname = kind, len(data), "/etc/passwd"
            archive.addfile(header, io.BytesIO(data))
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("name", "kind", "reason"),
    [
        ("/etc/passwd", tarfile.REGTYPE, "refused: member 1, /etc/passwd: an absolute name"),
        ("a/../../b", tarfile.REGTYPE, "refused: member 1, a/../../b: a name that leads out"),
        ("n" * 5000, tarfile.REGTYPE, "refused: member 1, " + "n" * 80 + ": a name of 5000 bytes"),
        ("link", tarfile.SYMTYPE, "skipped: a link, which is not followed"),
        ("hard", tarfile.LNKTYPE, "skipped: a link, which is not followed"),
        ("device", tarfile.CHRTYPE, "skipped: no regular file"),
        ("pipe", tarfile.FIFOTYPE, "skipped: no regular file"),
    ],
)
def test_a_hostile_member_is_a_row_and_the_next_is_read(
    tmp_path: Path, name: str, kind: bytes, reason: str
) -> None:
    """Its reason says what it is; nothing is written, followed or opened by its name."""
    data = b"{}" if kind == tarfile.REGTYPE else b""
    (tmp_path / "x.tar").write_bytes(_tar((name, kind, data), ("good", tarfile.REGTYPE, b"{}")))
    bad, good = read(tmp_path)
    assert str(bad[2]).startswith(reason)
    assert bad[3] is None
    assert good == (f"{tmp_path / 'x.tar'}!good", 1, None, b"{}")


def test_a_second_member_of_a_name_is_refused(tmp_path: Path) -> None:
    """So a path names one document."""
    member = ("same", tarfile.REGTYPE, b"{}")
    (tmp_path / "x.tar").write_bytes(_tar(member, member))
    assert [reason for _, _, reason, _ in read(tmp_path)] == [
        None,
        "refused: member 2, same: a second member of the same name",
    ]


def test_many_directories_may_stand_before_the_first_file(tmp_path: Path) -> None:
    """Up to a limit, directories do not make an archive unreadable."""
    directories = [(f"{number}", tarfile.DIRTYPE, b"") for number in range(300)]
    (tmp_path / "x.tar").write_bytes(_tar(*directories, ("good", tarfile.REGTYPE, b"{}" * 999)))
    found = read(tmp_path, Limits(batch_documents=4))
    assert [(path, reason) for path, _, reason, _ in found] == [(f"{tmp_path}/x.tar!good", None)]
    assert str(read(tmp_path, Limits(batch_documents=3))[0][2]).startswith("unreadable: more than")


@pytest.mark.parametrize(
    ("name", "raw", "reason"),
    [
        ("a.jsonl", b"\n \n", "skipped: a file of lines without a line"),
        ("x.tar", _tar(("a", tarfile.DIRTYPE, b"")), "skipped: an archive that holds no file"),
        ("x.zip", packed_zip({"a/": b""}), "skipped: an archive that holds no file"),
        ("y.zip", packed_zip({}), "skipped: an archive that holds no file"),
    ],
)
def test_what_holds_no_document_is_a_row(
    tmp_path: Path, name: str, raw: bytes, reason: str
) -> None:
    """Every file and member that was read has a row."""
    (tmp_path / name).write_bytes(raw)
    (tmp_path / "z.tar").write_bytes(packed_tar({name: raw}))
    assert [found[2] for found in read(tmp_path)] == [reason, reason]
    assert [found[2] for found in read(tmp_path, share=Share(1, 2))] == []


def test_an_encrypted_member_is_refused(tmp_path: Path) -> None:
    """A member that needs a password is refused with that reason."""
    raw = bytearray(packed_zip({"secret": b"{}" * 9}))
    for mark, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        raw[raw.index(mark) + offset] |= 1
    (tmp_path / "x.zip").write_bytes(raw)
    assert [reason for _, _, reason, _ in read(tmp_path)] == ["refused: encrypted: unpack it first"]


def test_overlapping_members_are_refused(tmp_path: Path) -> None:
    """Otherwise two entries that share their bytes would multiply what a file holds."""
    raw = packed_zip({"a": b"{}", "b": b"{}"}, zipfile.ZIP_STORED)
    first = raw.index(b"PK\x01\x02")
    second = raw.index(b"PK\x01\x02", first + 4)
    # the second entry leads to the first member
    forged = raw[: second + 42] + raw[first + 42 : first + 46] + raw[second + 46 :]
    (tmp_path / "x.zip").write_bytes(forged)
    assert all(str(reason).startswith("refused: ") for _, _, reason, _ in read(tmp_path))


def test_a_link_in_a_zip_is_skipped(tmp_path: Path) -> None:
    """A link is not followed out of a zip archive either."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        entry = zipfile.ZipInfo("link")
        entry.create_system, entry.external_attr = 3, (stat.S_IFLNK | 0o777) << 16
        archive.writestr(entry, "/etc/passwd")
    (tmp_path / "x.zip").write_bytes(buffer.getvalue())
    assert [reason for _, _, reason, _ in read(tmp_path)] == [
        "skipped: a link, which is not followed"
    ]


def test_archives_are_read_two_deep(tmp_path: Path) -> None:
    """A third archive within is refused, and the reason says its format."""
    deep = packed_tar({"in.tar": packed_tar({"in.tar": packed_tar({"a": b"{}"})})})
    (tmp_path / "x.tar").write_bytes(deep)
    ((path, _, reason, _),) = read(tmp_path)
    assert path == f"{tmp_path / 'x.tar'}!in.tar!in.tar"
    assert str(reason).startswith("refused: a tar archive within 2 others")


@pytest.mark.parametrize("pack", [packed_tar, packed_zip])
def test_too_many_members_end_an_archive(
    tmp_path: Path, pack: Callable[[dict[str, bytes]], bytes]
) -> None:
    """The number of members has a limit, and so has the number of empty ones."""
    (tmp_path / "x").write_bytes(pack({str(number): b"{}" for number in range(20)}))
    *_, last = read(tmp_path, Limits(members=5))
    assert "more than 5 members" in str(last[2])
    (tmp_path / "x").write_bytes(pack({str(number): b"" for number in range(40)}))
    *_, last = read(tmp_path, Limits(batch_documents=10))
    assert "on average" in str(last[2])


def test_a_bomb_in_a_zip_is_cut(tmp_path: Path) -> None:
    """A member that unpacks to far more than its packed size is not read."""
    (tmp_path / "x.zip").write_bytes(packed_zip({"bomb": bytes(50_000_000)}))
    ((_, _, reason, raw),) = read(tmp_path)
    assert raw is None
    assert str(reason).startswith(("unreadable: ", "refused: "))


@pytest.mark.parametrize("name", ["pax.tar", "x.tar.gz", "deflated.zip", "lzma.zip", "within.tar"])
def test_no_damage_stops_reading(tmp_path: Path, name: str) -> None:
    """Bytes flipped or cut anywhere give documents or rows with a reason, and no exception."""
    whole, chosen = ARCHIVES[name](), random.Random(0)  # noqa: S311 - the same flips each time
    for _ in range(60):
        raw = bytearray(
            whole[: chosen.randrange(1, len(whole))] if chosen.random() < 0.3 else whole
        )
        for _ in range(chosen.randrange(1, 6)):
            raw[chosen.randrange(len(raw))] = chosen.randrange(256)
        (tmp_path / "x").write_bytes(raw)
        found = read(tmp_path, DEFAULT)
        assert found
        assert all((raw is None) == (reason is not None) for _, _, reason, raw in found)


def test_an_archive_changes_from_night_to_night(tmp_path: Path) -> None:
    """A member that vanishes leaves the tables, and one that is out of reach keeps its rows."""
    site = Site(tmp_path)
    raw = packed_tar(MEMBERS)
    site.put("dump.tar", raw)
    assert site.build().documents == {"bundle": 2, "record": 2, "state": 1}
    again = site.build()
    assert (again.read, again.published) == (0, False)
    fewer = dict(list(MEMBERS.items())[1:])
    site.put("dump.tar", packed_tar(fewer))
    assert (site.build().staged, site.rows("select count(*) from documents")) == (0, [(4,)])
    site.put("dump.tar", packed_tar(fewer)[:-25_000])
    site.build()
    assert site.rows("select count(*) > 0 from documents where stale") == [(True,)]
    assert site.rows("select count(*) from documents where pith_number is not null") == [(4,)]


@pytest.mark.parametrize(
    ("at", "value", "reason"),
    [
        # behind the last `PK\x05\x06`: the number of this disk, the size of the directory
        (4, b"\x01\x00", "one of several parts"),
        (12, b"\xf0\xff\xff\x0f", "the directory of the archive is broken"),
    ],
)
def test_a_broken_end_of_a_zip_is_told(tmp_path: Path, at: int, value: bytes, reason: str) -> None:
    """Nothing of the archive is read where its end contradicts the rest."""
    raw = bytearray(packed_zip(MEMBERS))
    end = raw.rindex(b"PK\x05\x06") + at
    raw[end : end + len(value)] = value
    (tmp_path / "broken.zip").write_bytes(raw)
    ((_, _, told, found),) = read(tmp_path / "broken.zip")
    assert found is None
    assert told is not None
    assert reason in told


def test_a_broken_entry_ends_the_directory_of_a_zip(tmp_path: Path) -> None:
    """The members before it are read, and a row says where the directory breaks."""
    raw = bytearray(packed_zip(MEMBERS))
    second = raw.index(b"PK\x01\x02", raw.index(b"PK\x01\x02") + 1)
    raw[second : second + 4] = b"\0\0\0\0"
    (tmp_path / "broken.zip").write_bytes(raw)
    reasons = [reason for _, _, reason, _ in read(tmp_path / "broken.zip")]
    assert "the directory of the archive is broken behind entry 1" in (reasons[-1] or "")


def test_a_file_with_holes_in_a_tar_is_skipped(tmp_path: Path) -> None:
    """Its map may go on for several blocks; the members after it are read."""
    sparse = tarfile.TarInfo("holes.json")
    sparse.size, sparse.type = 512, tarfile.GNUTYPE_SPARSE
    block = bytearray(sparse.tobuf(tarfile.GNU_FORMAT)[:512])
    block[482] = 1  # another block of the map follows
    block[148:156] = b" " * 8
    block[148:156] = b"%06o\0 " % sum(block)
    raw = bytes(block) + bytes(512) + bytes(512) + packed_tar(MEMBERS)
    (tmp_path / "sparse.tar").write_bytes(raw)
    found = read(tmp_path / "sparse.tar")
    assert "a file with holes" in (found[0][2] or "")
    assert len(found) == 1 + len(MEMBERS)


def test_a_size_that_pax_states_counts(tmp_path: Path) -> None:
    """A member has the size in its pax header, even if its own header says zero."""
    body = next(iter(REAL.values()))
    info = tarfile.TarInfo("a.json")
    info.pax_headers = {"size": str(len(body))}
    header = info.tobuf(tarfile.PAX_FORMAT)
    padded = body + bytes(-len(body) % 512)
    (tmp_path / "pax.tar").write_bytes(header + padded + bytes(1024))
    ((_, _, reason, raw),) = read(tmp_path / "pax.tar")
    assert (reason, raw) == (None, body)

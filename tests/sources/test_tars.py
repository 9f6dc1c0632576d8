"""Headers of tar archives are read as Python's `tarfile` reads them."""

from __future__ import annotations

import tarfile
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.limits import DEFAULT
from pipeline.sources.streams import Begun, Extent, Held
from pipeline.sources.tars import members

_TYPES = (tarfile.REGTYPE, tarfile.AREGTYPE, tarfile.SYMTYPE, tarfile.CHRTYPE, tarfile.DIRTYPE)


@given(
    st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=120),
    st.sampled_from([0, 1, 8**11 - 1, 8**11, 10**13]),
    st.sampled_from(_TYPES),
    st.sampled_from([tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT]),
)
def test_a_member_is_what_tarfile_says(
    name: str, size: int, kind: bytes, form: Literal[0, 1, 2]
) -> None:
    """The name and the size are the same, however long they are and in whatever format."""
    header = tarfile.TarInfo(name)
    header.size, header.type = size, kind
    try:
        raw = header.tobuf(form)
    except ValueError:
        # this format cannot hold it
        return
    member = next(members(Begun(Extent(Held(raw), 0, len(raw))), DEFAULT))
    assert member.name.rstrip(b"/") == name.encode().rstrip(b"/")
    if member.stream is not None:
        assert member.size == size


def _altered(at: int, to: bytes) -> bytes:
    """Return the header of a member with other bytes at a place, and its checksum made right."""
    block = bytearray(tarfile.TarInfo("a.json").tobuf(tarfile.GNU_FORMAT))
    block[at : at + len(to)] = to
    block[148:156] = b" " * 8
    block[148:156] = b"%06o\0 " % sum(block)
    return bytes(block)


_BROKEN: dict[str, tuple[bytes, str]] = {
    "cut after a member": (_altered(0, b"a"), "has no end"),
    "a wrong checksum": (b"b" + _altered(0, b"a")[1:], "no header at byte 0"),
    "a size of letters": (_altered(124, b"size"), "no header at byte 0"),
    "a size below zero": (_altered(124, b"\xff" * 12), "a size below zero at byte 0"),
}


@pytest.mark.parametrize("fault", _BROKEN)
def test_a_broken_archive_is_an_error_that_says_what_is_wrong(fault: str) -> None:
    """The error says what is wrong, and at which byte a header is broken."""
    raw, message = _BROKEN[fault]
    with pytest.raises(OSError, match=message):
        list(members(Begun(Extent(Held(raw), 0, len(raw))), DEFAULT))


def test_a_header_that_only_a_huge_name_needs_is_refused() -> None:
    """Its size alone is the reason: nothing of the name follows here."""
    header = tarfile.TarInfo("././@LongLink")
    header.type, header.size = tarfile.GNUTYPE_LONGNAME, 2**23
    raw = header.tobuf(tarfile.GNU_FORMAT)
    with pytest.raises(OSError, match="more than any name needs"):
        list(members(Begun(Extent(Held(raw), 0, len(raw))), DEFAULT))

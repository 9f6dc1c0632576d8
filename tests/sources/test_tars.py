"""Headers of tar archives are read as Python's `tarfile` reads them."""

from __future__ import annotations

import tarfile
from typing import Literal

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

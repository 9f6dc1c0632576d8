"""Every limit on hostile input, by name, in one place."""

from __future__ import annotations

from dataclasses import dataclass

#: The deepest nesting of arrays and objects that is read. orjson serialises no deeper, so
#: the comparison of raw bytes with the re-serialised parse proves this limit for nothing.
MAX_DEPTH = 254

#: Integers outside of this range do not survive orjson, DuckDB or polars.
MIN_INTEGER = -(2**63)
MAX_INTEGER = 2**64 - 1

#: The longest Pith number that is read; a true one has 36 characters. Every row of a document
#: bears it, so that a long one would multiply.
MAX_NUMBER_CHARACTERS = 64

#: The most keys that a bundle may carry; the real ones carry one.
MAX_KEYS = 64

#: The most keys of one name that are tried on each signature of a document. A name of more
#: keys means none of them.
MAX_NAMESAKES = 4

#: How much of a value a finding shows; what it compares is the whole.
SHOWN_CHARACTERS = 1000


@dataclass(frozen=True, slots=True)
class Limits:
    """How much of a hostile input is looked at.

    Attributes:
        document_bytes: the largest document; a larger one is refused unread.
        file_bytes: the most a compressed file may unpack to.
        ratio: the most that a compressed file may unpack to, as a multiple of its own size,
            once it has unpacked to more than `document_bytes`.
        mean_bytes: the fewest bytes that the documents of a file may have on average, once there
            are more of them than a batch holds; the rest of such a file is not read. Nothing
            that names a Pith number is as short, and a packed file of a KB could hold millions.
        batch_documents: the most documents staged in one batch.
        batch_bytes: the bytes of documents after which a batch is closed.
    """

    document_bytes: int = 16 * 2**20
    file_bytes: int = 64 * 2**30
    ratio: int = 200
    mean_bytes: int = 48
    batch_documents: int = 4096
    batch_bytes: int = 32 * 2**20


DEFAULT = Limits()

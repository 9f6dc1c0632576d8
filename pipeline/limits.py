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

#: The longest name or fingerprint of a key that is read; true ones have at most 64 characters.
#: Every signature bears some, and is held against those of each key.
MAX_LABEL_CHARACTERS = 256

#: The longest spelling of a key that is read: other algorithms' have thousands of characters.
MAX_KEY_CHARACTERS = 16_384

#: The most events that a document may hold: an event is some rows and some problems, and `{}` is
#: one. The largest state that was seen has 19.
MAX_EVENTS = 10_000

#: The most items of any other list that becomes rows or findings.
MAX_ITEMS = 100_000

#: The most bytes of text in one row of a staged table, of which a record or a bundle makes one for
#: a paper and one for an event; the largest real ones have 3 KB. DuckDB carries whole rows through
#: a sort, 2048 at a time and more, and has 1 GB.
MAX_ROW_BYTES = 32 * 2**10

#: How much of a value a finding shows; what it compares is the whole.
SHOWN_CHARACTERS = 1000

#: The most findings of one code that are listed of one document, and the most places of one
#: content that they are listed at. What is not listed is counted: copies of a document of many
#: findings pack to nothing.
MAX_LISTED = 50
MAX_PLACES = 10


#: So many bytes a packed one is taken to hold where work is shared out, before it is unpacked.
LIKELY_RATIO = 10


@dataclass(frozen=True, slots=True)
class Limits:
    """How much of a hostile input is looked at.

    Attributes:
        document_bytes: the largest document; a larger one is refused unread. Real ones have 5 to
            20 KB.
        file_bytes: the most a compressed file may unpack to.
        ratio: the most that a compressed file may unpack to, as a multiple of its own size,
            however small it is: a byte that is sent costs no more. Documents of all kinds pack to
            a sixth, those of one paper beside each other to a nineteenth.
        mean_bytes: the fewest bytes that the documents of a file may have on average, once there
            are more of them than a batch holds; the rest of such a file is not read. Nothing
            that names a Pith number is as short, and a packed file of a KB could hold millions.
        batch_documents: the most documents staged in one batch.
        batch_bytes: the bytes of documents after which a batch is closed.
        batch_objects: the objects in documents, by their braces, after which a batch is closed.
            Rows are made of objects, and two bytes can be one; true documents have one in 170 to
            240 bytes, so that a batch of them comes to its bytes at about the same time.
    """

    document_bytes: int = 2 * 2**20
    file_bytes: int = 64 * 2**30
    ratio: int = 100
    mean_bytes: int = 48
    batch_documents: int = 4096
    batch_bytes: int = 24 * 2**20
    batch_objects: int = 2**17


DEFAULT = Limits()

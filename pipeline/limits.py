"""Every limit on hostile input, by name, in one place."""

from __future__ import annotations

from dataclasses import dataclass

#: The deepest nesting of arrays and objects that is read. orjson serialises no deeper, so
#: the comparison of raw bytes with the re-serialised parse proves this limit for nothing.
MAX_DEPTH = 254

#: Integers outside of this range do not survive orjson, DuckDB or polars.
MIN_INTEGER = -(2**63)
MAX_INTEGER = 2**64 - 1

#: The longest Pith number that is read; a true one has 36 characters. Every row of a document holds
#: it, so a long one would multiply.
MAX_NUMBER_CHARACTERS = 64

#: The most keys that a bundle may carry; the real ones carry one.
MAX_KEYS = 64

#: The most keys of one name that are tried on each signature of a document. A name of more
#: keys means none of them.
MAX_NAMESAKES = 4

#: The longest name or fingerprint of a key that is read; true ones have at most 64 characters.
#: Every signature holds some, and each is compared with those of every key.
MAX_LABEL_CHARACTERS = 256

#: The longest text of a key that is read. Keys of other algorithms have thousands of characters.
MAX_KEY_CHARACTERS = 16_384

#: The most events that a document may hold. Each event, even `{}`, makes several rows and problems.
#: The largest real state has 19.
MAX_EVENTS = 10_000

#: The most items of any other list that becomes rows or findings.
MAX_ITEMS = 100_000

#: The most bytes of text in one row of a staged table. A document makes a row for its paper and one
#: for each event; the largest real rows have 3 KB. DuckDB sorts whole rows, 2048 or more at a time,
#: and has 1 GB.
MAX_ROW_BYTES = 32 * 2**10

#: How many characters of a value a finding shows. Checks compare whole values.
SHOWN_CHARACTERS = 1000

#: The most findings of one code that are listed for one document, and the most places of one
#: content at which they are listed. The rest is only counted: many copies of a document with many
#: findings fit into a small packed file.
MAX_LISTED = 50
MAX_PLACES = 10


#: The assumed bytes in a packed byte, to share out work before files are unpacked.
LIKELY_RATIO = 10


@dataclass(frozen=True, slots=True)
class Limits:
    """How much of a hostile input is read.

    Attributes:
        document_bytes: the largest document; a larger one is refused unread. Real ones have 5 to
            20 KB.
        file_bytes: the most a compressed file may unpack to.
        ratio: the most that a compressed file, or a packed member of an archive, may unpack to, as
            a multiple of its own size, also for small files: so a sent byte has a bounded cost. All
            that is packed within one file may unpack to as much again. Documents of all kinds pack
            to a sixth. Documents of one paper beside each other pack to a nineteenth.
        members: the most members of an archive, with its directories.
        depth: how many archives may stand within each other.
        name_bytes: the longest name of a member, which is the longest path of most file systems.
        held_bytes: the largest zip archive that is read within another file. Its directory stands
            at its end, so the whole archive is held in memory.
        lzma_bytes: the most memory that unpacking xz or LZMA data may take; `xz -9` takes 65 MiB.
        mean_bytes: the fewest bytes that the documents of a file may have on average, once there
            are more of them than a batch holds. The rest of a file below this mean is not read. A
            document with a Pith number is longer, and a packed file of a KB could hold millions of
            shorter ones.
        batch_documents: the most documents staged in one batch.
        batch_bytes: the bytes of documents after which a batch is closed.
        batch_objects: the objects in documents, by their braces, after which a batch is closed.
            Objects become rows, and an object can have two bytes. Real documents have an object in
            170 to 240 bytes, so a batch of them reaches both limits at about the same time.
    """

    document_bytes: int = 2 * 2**20
    file_bytes: int = 64 * 2**30
    ratio: int = 100
    members: int = 10_000_000
    depth: int = 2
    name_bytes: int = 4096
    held_bytes: int = 32 * 2**20
    lzma_bytes: int = 96 * 2**20
    mean_bytes: int = 48
    batch_documents: int = 4096
    batch_bytes: int = 24 * 2**20
    batch_objects: int = 2**17


DEFAULT = Limits()

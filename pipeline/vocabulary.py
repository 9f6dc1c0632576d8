"""The words that columns take, each list once, for all code that reads or writes them.

A list of which code needs the order is an enumeration. The others are `Literal`s: they cost nothing
where a row is made, and the type checker finds a misspelt word. SQL writes its words out, and
`tests/test_vocabulary.py` holds them to these lists.
"""

from __future__ import annotations

from enum import StrEnum, auto
from typing import Any, Literal, get_args


class Severity(StrEnum):
    """How bad a finding is, the worst first."""

    CRITICAL = auto()
    ERROR = auto()
    WARNING = auto()
    INFO = auto()

    @property
    def rank(self) -> int:
        """The place in the order, 0 for the worst."""
        return list(Severity).index(self)

    def at_least(self, least: Severity) -> bool:
        """Tell whether it is as bad as another one, or worse."""
        return self.rank <= least.rank


#: The kinds of document, and those that tell of a paper and hold its canonical record.
PaperKind = Literal["record", "bundle", "state"]
Kind = Literal[PaperKind, "integrity", "mirror_manifest"]

#: What became of a document (`documents.status`).
Status = Literal["ok", "refused", "not_pith", "unsupported", "unreadable", "skipped"]

#: How well a document is proven, the worst first, as `sql/intermediate/proof_levels.sql` has them.
ProofLevel = Literal["failed", "unsigned", "untrusted", "partial", "receipt", "signed"]

#: The types of event.
EventType = Literal[
    "record_created",
    "graph_snapshot",
    "author_attestation",
    "timestamp_anchor",
    "storage_attestation",
    "citation_signature",
    "replication_record",
    "correction",
]

#: What a signature signs.
SignatureKind = Literal["receipt", "event", "bundle", "integrity"]

#: What trying a signature under the keys at hand tells. `sql/intermediate/signature_statuses.sql`
#: makes a `SignatureStatus` of it by the keyring.
SignatureVerdict = Literal[
    "holds",
    "digest_unproven",
    "digest_mismatch",
    "invalid",
    "unknown_key",
    "malformed",
    "unsupported",
    "missing",
]

#: What a signature is worth (`signatures.status`).
SignatureStatus = Literal[
    "valid",
    "untrusted_key",
    "digest_unproven",
    "digest_mismatch",
    "invalid",
    "unknown_key",
    "malformed",
    "unsupported",
    "missing",
]

#: A stated digest or number against the one that the content yields.
DigestStatus = Literal["verified", "mismatch", "missing"]

#: How bad the registry calls what a detector found, the worst first, and how sure it is.
FindingSeverity = Literal["critical", "advisory", "informational"]
VerdictClass = Literal["incontrovertible", "cross_source", "threshold_with_margin", "rescinded"]

#: What a detector found against what was signed (`integrity_findings.payload_status`).
PayloadStatus = Literal["verified", "mismatch", "unproven", "contested"]

#: Where it stands (`integrity_findings.origin`).
FindingOrigin = Literal["bundle", "event", "listed"]

#: A text against its hash.
TextStatus = Literal["verified", "mismatch", "unverifiable"]

#: A state against the merge of the events of its bundle.
MergeStatus = Literal["reproduced", "differs", "not_reproducible"]

#: The fields of a key against each other.
KeyStatus = Literal["verified", "fingerprint_mismatch", "encodings_disagree", "malformed"]

PAPER_KINDS: tuple[PaperKind, ...] = get_args(PaperKind)

#: The levels at which the registry's signature vouches for a row.
VOUCHED: tuple[ProofLevel, ...] = ("signed", "receipt")


def words(literal: Any) -> tuple[str, ...]:  # noqa: ANN401 - Python has no type for a `Literal`
    """Return the words of one of these lists, in order."""
    return get_args(literal)

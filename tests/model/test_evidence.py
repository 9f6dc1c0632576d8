"""docs/evidence.md: it explains every word that the tables use."""

from __future__ import annotations

import re
from operator import itemgetter

from pipeline import catalog
from pipeline.vocabulary import SignatureStatus, SignatureVerdict, words
from tests.paths import REPO


def _words(heading: str) -> list[str]:
    """Return the first column of the table below a heading of the page."""
    text = (REPO / "docs" / "evidence.md").read_text("utf-8")
    section = text.split(f"\n## {heading}\n", 1)[1].split("\n## ", 1)[0]
    return re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE)


def test_every_word_of_evidence_is_explained() -> None:
    """The page explains the words of evidence of the catalogue, and no others."""
    assert sorted(_words("The words of evidence")) == sorted(catalog.EVIDENCE)


def test_every_column_has_a_word_of_evidence() -> None:
    """Every column of every table has one of the words, and every word is used."""
    used = {column.evidence for table in catalog.tables().values() for column in table.columns}
    assert used == set(catalog.EVIDENCE)


def test_every_word_of_proof_is_explained() -> None:
    """The page explains the words of `proof`, best first, as the SQL ranks them."""
    sql = catalog.intermediate_sql("proof_levels")
    best_first = sorted(re.findall(r"\('(\w+)', (\d)\)", sql), key=itemgetter(1), reverse=True)
    assert _words("How well a document is proven") == [word for word, _ in best_first]


def test_every_status_of_a_signature_is_explained() -> None:
    """The page explains every status that a verdict and the keyring can make."""
    assert sorted(_words("What a signature can be")) == sorted(words(SignatureStatus))
    made = set(words(SignatureVerdict)) - {"holds"} | {"valid", "untrusted_key"}
    assert set(words(SignatureStatus)) == made


def test_the_paper_of_a_signature_is_only_stated() -> None:
    """A receipt stays valid beside the name of another paper, as in receipt_renamed_fail."""
    columns = {column.name: column.evidence for column in catalog.table("signatures").columns}
    assert (columns["subject"], columns["pith_number"]) == ("stated", "stated")
    assert columns["digest_computed"] == "computed"

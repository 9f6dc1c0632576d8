"""The words of columns and options: SQL, the tables and the commands use those of the lists."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import duckdb
import pytest

from pipeline import catalog
from pipeline.cli.render import WRITERS
from pipeline.formats import ResultFormat
from pipeline.resources import sql, sql_dir
from pipeline.vocabulary import (
    PAPER_KINDS,
    VOUCHED,
    DigestStatus,
    EventType,
    FindingSeverity,
    KeyStatus,
    Kind,
    MergeStatus,
    PaperKind,
    PayloadStatus,
    ProofLevel,
    Severity,
    SignatureKind,
    SignatureStatus,
    SignatureVerdict,
    Status,
    TextStatus,
    words,
)
from tests.building import rows

#: The end of a column's name, the longest first, to the lists whose words it may hold.
_LISTS: dict[str, tuple[Any, ...]] = {
    "bundle_signature_status": (SignatureStatus,),
    "signature_status": (SignatureStatus,),
    "receipt_status": (SignatureStatus,),
    "canonical_status": (DigestStatus,),
    "number_status": (DigestStatus,),
    "bundle_status": (DigestStatus,),
    "state_status": (DigestStatus,),
    "title_status": (TextStatus,),
    "abstract_status": (TextStatus,),
    "merge_status": (MergeStatus,),
    "key_status": (KeyStatus,),
    "payload_status": (PayloadStatus,),
    "event_type": (EventType,),
    "verdict": (SignatureVerdict,),
    "proof": (ProofLevel,),
    "severity": (Severity,),
    "status": (Status, SignatureStatus),
    # of documents, of signatures, and of attestations, which are events
    "kind": (Kind, SignatureKind, EventType),
}
#: Columns of these names whose words documents choose.
_OTHERS = {"source_kind", "receipt_kind"}

_COMPARED = re.compile(
    r"\b(?:[a-z_]+\.)?([a-z_]*(?:status|event_type|verdict|proof|severity|kind))\s*"
    r"(?:=|<>|is not distinct from|is distinct from|not in|in)\s*(\([^()]*\)|'\w*')"
)


def _allowed(column: str) -> set[str]:
    for ending, lists in _LISTS.items():
        if column.endswith(ending):
            return {str(word) for one in lists for word in (get_args(one) or one)}
    raise AssertionError(column)


def _compared() -> Iterator[tuple[str, str, str]]:
    """Yield (file, column, word) of each word that SQL compares with such a column."""
    for file in sorted(sql_dir().rglob("*.sql")):
        text = re.sub(r"--.*", "", file.read_text("utf-8"))
        for column, compared in _COMPARED.findall(text):
            for word in re.findall(r"'(\w+)'", compared):
                if column not in _OTHERS and not (column == "kind" and word.startswith("arxiv")):
                    yield file.name, column, word


def test_each_word_that_sql_compares_with_a_column_is_one_of_its_list() -> None:
    """A misspelt word would compare with nothing, and no query would fail."""
    found = list(_compared())
    assert len(found) > 50
    assert [use for use in found if use[2] not in _allowed(use[1])] == []


@pytest.mark.parametrize(
    ("table", "column"),
    [
        ("documents", "kind"),
        ("documents", "status"),
        ("documents", "proof"),
        ("documents", "bundle_status"),
        ("papers", "title_status"),
        ("papers", "abstract_status"),
        ("papers", "canonical_status"),
        ("papers", "number_status"),
        ("papers", "receipt_status"),
        ("signatures", "status"),
        ("signatures", "kind"),
        ("states", "merge_status"),
        ("keys", "key_status"),
        ("findings", "severity"),
    ],
)
def test_the_tables_hold_words_of_the_lists(
    samples_warehouse: Path, table: str, column: str
) -> None:
    """What the samples give stands in the lists."""
    counted = f"select distinct {column} from {table} where {column} is not null"  # noqa: S608 - our own names
    assert {row[0] for row in rows(samples_warehouse, counted)} <= _allowed(column)


def test_the_levels_of_proof_are_graded_in_the_order_of_their_list() -> None:
    """SQL numbers the levels in the order of the list, and the two highest are vouched for."""
    ordered = f"{sql('intermediate', 'proof_levels')} order by grade"
    levels = duckdb.execute(ordered).fetchall()
    assert tuple(level for level, _ in levels) == words(ProofLevel)
    assert set(VOUCHED) == set(words(ProofLevel)[-2:])


def test_sql_orders_severities_and_levels_as_their_lists_do() -> None:
    """Each list by which SQL sorts them is the whole list, the worst or the best first."""
    ordered = re.compile(r"list_position\(\[([^]]*)\], (?:[a-z]+\.)?(severity|proof)\)")
    lists = {"severity": tuple(Severity), "proof": words(ProofLevel)[::-1]}
    found_in_papers = words(FindingSeverity)
    files = [file for file in sql_dir().rglob("*.*") if file.suffix in {".sql", ".toml"}]
    found = [use for file in files for use in ordered.findall(file.read_text("utf-8"))]
    assert {name for _, name in found} == set(lists)
    for listed, name in found:
        ordered_words = tuple(re.findall(r"\w+", listed))
        # what a detector found in a paper has severities of its own
        assert ordered_words in {lists[name], found_in_papers}


@pytest.mark.parametrize(
    ("table", "column", "literal"),
    [
        ("documents", "status", Status),
        ("documents", "proof", ProofLevel),
        ("papers", "title_status", TextStatus),
        ("signatures", "status", SignatureStatus),
        ("signatures", "kind", SignatureKind),
        ("states", "merge_status", MergeStatus),
        ("keys", "key_status", KeyStatus),
    ],
)
def test_the_meaning_of_a_column_names_each_word(
    table: str,
    column: str,
    literal: Any,  # noqa: ANN401 - Python has no type for a `Literal`
) -> None:
    """A reader of the documentation of a column finds all values that it may have."""
    (meaning,) = (c.meaning for c in catalog.table(table).columns if c.name == column)
    assert set(words(literal)) <= set(re.findall(r"\w+", meaning))


def test_each_format_of_a_result_has_a_writer() -> None:
    """Only Parquet has none, as it is not written row by row."""
    assert [*WRITERS, "parquet"] == list(words(ResultFormat))


def test_the_kinds_of_documents_of_papers_are_listed_for_code_that_runs_through_them() -> None:
    """The list holds the words of the type."""
    assert words(PaperKind) == PAPER_KINDS

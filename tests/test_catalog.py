"""The catalogue: every table, column and check says what it means."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from pipeline import catalog
from pipeline.errors import ModelError, UsageError
from pipeline.resources import sql_dir
from pipeline.vocabulary import Severity

_NAME = re.compile(r"[a-z][a-z0-9_]*")


@pytest.mark.parametrize("name", catalog.tables())
def test_every_table_is_documented(name: str) -> None:
    """Each table has a meaning, and each of its columns a type, a meaning and its evidence."""
    table = catalog.table(name)
    assert table.meaning.endswith(".")
    assert table.columns
    for column in table.columns:
        assert _NAME.fullmatch(column.name)
        assert column.type == column.type.upper()
        assert column.meaning.endswith((".", "?")), column
        assert column.evidence in catalog.EVIDENCE


@pytest.mark.parametrize("name", catalog.tables())
def test_keys_are_columns(name: str) -> None:
    """The key of each table names columns of it, once each, and no column comes twice."""
    table = catalog.table(name)
    names = [column.name for column in table.columns]
    assert len(set(names)) == len(names)
    assert table.key
    assert len(set(table.key)) == len(table.key)
    assert set(table.key) <= set(names)


def test_every_file_of_a_model_is_used() -> None:
    """Each file of a model belongs to a published table, each other one to a listed relation."""
    folder = sql_dir() / "models"
    assert {path.stem for path in folder.glob("*.toml")} == set(catalog.tables())
    assert {path.stem for path in folder.glob("*.sql")} == set(catalog.tables())
    intermediate = {path.stem for path in (sql_dir() / "intermediate").glob("*.sql")}
    assert intermediate == set(catalog.intermediate().keys())


def test_the_columns_that_the_issue_names() -> None:
    """`documents` and `findings` have the columns that others rely on, by these names."""
    documents = {column.name for column in catalog.table("documents").columns}
    findings = [column.name for column in catalog.table("findings").columns]
    wanted = "path position kind bytes sha256 status reason pith_number stale"
    assert set(wanted.split()) <= documents
    wanted = "severity code path position pointer message expected actual pith_number"
    assert set(wanted.split()) <= set(findings)


@pytest.mark.parametrize("check", catalog.checks(), ids=lambda check: check.code)
def test_every_check_explains_itself(check: catalog.Check) -> None:
    """Each check has a severity, says in a sentence what it found, what it means, what to do."""
    assert _NAME.fullmatch(check.code)
    assert check.severity in list(Severity)
    for text in (check.promise, check.means, check.action):
        assert text
        assert text.endswith(".")


def test_an_unknown_table_is_wrong_usage() -> None:
    """The error lists the tables that there are."""
    with pytest.raises(UsageError, match="there is no table 'x'; there are aliases, attest"):
        catalog.table("x")


@pytest.mark.parametrize("scope", ["all document", "everything"])
def test_an_unknown_scope_is_refused(tmp_path: Path, scope: str) -> None:
    """With it, an incremental build would keep findings that no longer hold."""
    path = tmp_path / "misspelt.sql"
    path.write_text(
        f"-- A promise.\n-- severity: error\n-- means: m\n-- do: d\n-- scope: {scope}\n"
    )
    with pytest.raises(ModelError, match="scope"):
        catalog._check(path)  # noqa: SLF001 - one file of those that `checks` reads


@pytest.mark.parametrize("rest", ["", "-- from: nowhere\n", "-- from: staged_problems\nselect 1\n"])
def test_a_check_has_sql_or_says_that_staging_noted_its_rows(tmp_path: Path, rest: str) -> None:
    """A check is refused that has no source of rows, an unknown one or two."""
    path = tmp_path / "odd.sql"
    path.write_text(f"-- A promise.\n-- severity: error\n-- means: m\n-- do: d\n{rest}")
    with pytest.raises(ModelError, match="from: staged_problems"):
        catalog._check(path)  # noqa: SLF001 - one file of those that `checks` reads


def test_each_model_reads_only_tables_that_are_written_earlier() -> None:
    """In the order of the catalogue, a table comes after those that it reads."""
    names = list(catalog.tables())
    for place, name in enumerate(names):
        read = set(re.findall(r"\b(?:from|join) (\w+)\b", catalog.model_sql(name)))
        assert not read & set(names[place:]), name


@pytest.mark.parametrize("wrong", ['step = "sometime"', 'kept_by = "name"'])
def test_a_table_whose_step_or_kept_rows_are_misspelt_is_refused(
    tmp_path: Path, wrong: str
) -> None:
    """The error names the file."""
    path = tmp_path / "odd.toml"
    path.write_text(f'meaning = "Odd."\nkey = []\n{wrong}\n[columns]\n')
    with pytest.raises(ModelError, match=r"odd\.toml"):
        catalog._described(path)  # noqa: SLF001 - one file of those that `tables` reads

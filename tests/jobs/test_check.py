"""`pith-etl check`: what is published is checked again, and what is wrong is found."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipeline import catalog
from pipeline.jobs import retention
from tests.console import Console, Finished
from tests.paths import SAMPLES
from tests.site import REAL, Site, synthetic

RECORD = "000_97f37641e2d9eba2.txt"


@pytest.fixture(scope="module")
def tampered(tmp_path_factory: pytest.TempPathFactory) -> Site:
    """Return a site of a dump with many findings; no test changes it."""
    site = synthetic(tmp_path_factory.mktemp("tampered"), papers=40, tamper=0.3)
    site.build()
    return site


@pytest.fixture
def site(samples_warehouse: Path, tmp_path: Path) -> Site:
    """Return a copy of the samples' warehouse that a test may change."""
    site = Site(tmp_path)
    shutil.copytree(samples_warehouse, site.warehouse, symlinks=True)
    return site


def _lines(finished: Finished) -> list[list[str]]:
    """Return (verdict, check, severity, count) of each line."""
    return [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in finished.output.splitlines()[2:-1]
    ]


def test_the_samples_pass_every_check(samples_warehouse: Path, console: Console) -> None:
    """Each key of a table and each check of the audit has a line, all pass, and the exit is 0."""
    finished = console("check", "--warehouse", samples_warehouse)
    lines = _lines(finished)
    assert finished.code == 0
    assert finished.output.splitlines()[-1] == f"{len(lines)} checks, 0 failed"
    assert {line[0] for line in lines} == {"ok"}
    names = {line[1] for line in lines}
    assert names == {f"key of {name}" for name in catalog.tables()} | {
        check.code for check in catalog.checks()
    }


def test_files_are_compared_with_the_manifest(samples_warehouse: Path, console: Console) -> None:
    """`--files` has a line more for each file of the snapshot, and one for the link to it."""
    lines = _lines(console("check", "--files", "--warehouse", samples_warehouse))
    files = [line[1] for line in lines if line[1].startswith("file ")]
    assert len(files) == len(catalog.tables()) + 1
    assert "file pith.duckdb" in files
    assert ["ok", "link pith.duckdb", "error", "0"] in lines


@pytest.mark.parametrize("copied", [False, True])
def test_a_lost_link_to_the_database_is_found(
    site: Site, console: Console, *, copied: bool
) -> None:
    """If `pith.duckdb` is missing, or a copy instead of a link, `--files` fails."""
    link = site.warehouse / "pith.duckdb"
    content = link.read_bytes()
    link.unlink()
    if copied:
        link.write_bytes(content)
    finished = console("check", "--files", "--warehouse", site.warehouse)
    assert finished.code == 3
    failed = [line[1] for line in _lines(finished) if line[0] == "FAILED"]
    assert failed == ["link pith.duckdb"]


@pytest.mark.parametrize("damage", ["changed", "missing"])
def test_a_damaged_file_is_found(site: Site, console: Console, damage: str) -> None:
    """A file that is not as the manifest says fails, and the exit code is 3."""
    path = site.warehouse / "current" / "papers" / "0000-2.parquet"
    if damage == "changed":
        content = path.read_bytes()
        path.unlink()  # a published table is read-only
        path.write_bytes(content[:-1] + b"X")
    else:
        path.unlink()
    finished = console("check", "--files", "--warehouse", site.warehouse)
    assert finished.code == 3
    failed = [line[1] for line in _lines(finished) if line[0] == "FAILED"]
    assert failed == ["file papers/0000-2.parquet"]


def test_a_repeated_key_is_found(site: Site, console: Console) -> None:
    """Two rows of a table with the same key fail."""
    path = site.warehouse / "current" / "authors" / "0000-2.parquet"
    table = pq.read_table(path)
    path.unlink()  # a published table is read-only
    pq.write_table(table.take([0, *range(table.num_rows)]), path)
    finished = console("check", "--warehouse", site.warehouse)
    failed = [line[1] for line in _lines(finished) if line[0] == "FAILED"]
    assert finished.code == 3
    assert "key of authors" in failed


@pytest.mark.parametrize("rows", [1, 2])
def test_a_key_that_is_null_is_a_key(site: Site, console: Console, rows: int) -> None:
    """One row whose key is null is no repetition; two are."""
    path = site.warehouse / "current" / "states" / "0000-2.parquet"
    table = pq.read_table(path).slice(0, rows)
    nothing = pa.nulls(rows, table.schema.field("document_sha256").type)
    pq.write_table(table.set_column(0, "document_sha256", nothing), path)
    finished = console("check", "--warehouse", site.warehouse)
    keys = [line for line in _lines(finished) if line[1] == "key of states"]
    assert [line[2:] for line in keys] == [["error", str(rows - 1)]]


def test_check_finds_what_the_build_found(tampered: Site, console: Console) -> None:
    """Run again, each check finds as many as are published; errors fail, warnings do not."""
    finished = console("check", "--warehouse", tampered.warehouse)
    counts = "select code, severity, count(*) from findings group by all"
    published = {code: (severity, count) for code, severity, count in tampered.rows(counts)}
    assert len(published) > 10
    assert finished.code == 3
    for verdict, name, severity, count in _lines(finished):
        if name in published:
            assert (severity, int(count.replace(",", ""))) == published[name]
            assert verdict == ("ok" if severity in {"warning", "info"} else "FAILED")
        else:
            assert (verdict, count) == ("ok", "0")


def test_a_finding_that_was_removed_is_found(site: Site, console: Console) -> None:
    """Findings that differ from the published ones fail, of any severity."""
    path = site.warehouse / "current" / "findings" / "0000-2.parquet"
    table = pq.read_table(path)
    path.unlink()  # a published table is read-only
    pq.write_table(table.slice(1), path)
    finished = console("check", "--warehouse", site.warehouse)
    assert finished.code == 3
    failed = [line[1] for line in _lines(finished) if line[0] == "FAILED"]
    assert failed == ["state_not_reproducible"]


def test_rows_shows_what_offends(tampered: Site, console: Console) -> None:
    """`--rows` prints the findings of a check, and exits with 3 if they are errors."""
    shown = console("check", "--rows", "document_refused", "--warehouse", tampered.warehouse)
    (expected,) = tampered.rows("select count(*) from findings where code = 'document_refused'")
    assert shown.code == 3
    assert f"{expected[0]} row" in shown.output
    assert shown.output.count("refused: ") == expected[0]


def test_rows_of_a_warning_pass(samples_warehouse: Path, console: Console) -> None:
    """Rows of a check that is no error, and no rows of one that is, exit with 0."""
    for code, count in (("state_not_reproducible", "1 row"), ("document_refused", "0 rows")):
        shown = console("check", "--rows", code, "--warehouse", samples_warehouse)
        assert shown.code == 0
        assert count in shown.output


def test_rows_of_an_unknown_check(samples_warehouse: Path, console: Console) -> None:
    """An unknown code is wrong usage."""
    shown = console("check", "--rows", "nothing", "--warehouse", samples_warehouse)
    assert shown.code == 2
    assert "there is no check 'nothing'; docs/findings.md lists them" in shown.errors


def test_an_older_snapshot_can_be_checked(tmp_path: Path, console: Console) -> None:
    """After a rollback the audit runs over what is published, not over what was built last."""
    site = Site(tmp_path)
    site.put_all(REAL)
    site.build()
    site.put(RECORD, REAL[RECORD][:2000])
    site.build(max_shrink=None)
    (site.mirror / RECORD).unlink()
    site.build(max_shrink=None)
    assert console("check", "--warehouse", site.warehouse).code == 0
    for code in (3, 0):  # with the refused document, and before it
        retention.rollback(site.warehouse, None)
        finished = console("check", "--files", "--warehouse", site.warehouse)
        assert finished.code == code
        failed = [line[1] for line in _lines(finished) if line[0] == "FAILED"]
        assert failed == (["document_refused"] if code else [])


def test_without_staging_the_audit_cannot_run(site: Site, console: Console) -> None:
    """Where staging was deleted, check says so and exits with 1."""
    shutil.rmtree(site.warehouse / "staging")
    finished = console("check", "--warehouse", site.warehouse)
    assert finished.code == 1
    assert "lacks 5 documents of the published snapshot, without which" in finished.errors


def test_a_restore_without_staging(
    samples_warehouse: Path, tmp_path: Path, console: Console
) -> None:
    """If staging was not copied, the files are checked, and the next build enables the rest."""
    site = Site(tmp_path)
    site.warehouse.mkdir()
    for name in ("snapshots", "current", "pith.duckdb"):
        copied = samples_warehouse / name, site.warehouse / name
        subprocess.run(["cp", "-a", *map(str, copied)], check=True)  # noqa: S603, S607 - as the page says
    finished = console("check", "--files", "--warehouse", site.warehouse)
    assert finished.code == 1
    assert [line[0] for line in _lines(finished)] == ["ok"] * (len(catalog.tables()) + 3)
    assert "the next build fills it" in finished.errors
    site.build(SAMPLES)
    assert console("check", "--files", "--warehouse", site.warehouse).code == 0


def test_the_rows_of_a_check_are_printed_in_any_format(
    samples_warehouse: Path, console: Console
) -> None:
    """`check --rows CODE --format` prints them as JSON, or with a line for each column."""
    command = ["check", "--rows", "state_not_reproducible", "--warehouse", samples_warehouse]
    (row,) = json.loads(console(*command, "--format", "json").output)
    assert row["code"] == "state_not_reproducible"
    assert "pith_number = pith:" in console(*command, "--format", "line").output

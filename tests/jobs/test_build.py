"""The main job on real documents, alone and among everything else that a mirror may hold."""

from __future__ import annotations

import bz2
import gzip
import hashlib
import json
import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

import duckdb
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipeline import catalog
from pipeline.errors import WarehouseError
from pipeline.jobs.build import Summary
from pipeline.limits import Limits
from pipeline.model import batch
from tests.building import build_warehouse, count, rows
from tests.paths import SAMPLES

RECORD = (SAMPLES / "000_97f37641e2d9eba2.txt").read_bytes()
MXNET = "pith:2015:23I7M26R5JO2ZDVLZ734LVBI3N"

COUNTS = {
    "signatures": 11,
    "documents": 5,
    "papers": 5,
    "aliases": 30,
    "events": 6,
    "states": 3,
    "citations": 12,
    "claims": 0,
    "attestations": 0,
    "authors": 33,
    "categories": 11,
    "integrity_findings": 0,
    "integrity_runs": 0,
    "mirrors": 0,
    "keys": 1,
    "findings": 1,
    "runs": 1,
}


# -- the five real documents ------------------------------------------------------------------


@pytest.mark.parametrize(("table", "expected"), COUNTS.items())
def test_counts_of_the_samples(samples_warehouse: Path, table: str, expected: int) -> None:
    """Every table has the number of rows that is expected of the five documents."""
    assert count(samples_warehouse, table) == expected


def test_the_samples_cover_all_seventeen_tables() -> None:
    """The tables that are counted are all that there are, and they are seventeen."""
    assert sorted(COUNTS) == sorted(catalog.tables())
    assert len(COUNTS) == 17


def test_every_sample_is_a_paper_that_is_verified(samples_warehouse: Path) -> None:
    """All five papers have a valid receipt, a verified title, number and stated digest."""
    found = rows(
        samples_warehouse,
        "select source_id, receipt_status, title_status, number_status, canonical_status "
        "from papers order by submitted_at",
    )
    verified = ("valid", "verified", "verified")
    papers = [
        ("1412.2302", "missing"),  # from a state, which states no digest
        ("1511.04348", "verified"),
        ("1512.01274", "verified"),
        ("1606.06234", "verified"),
        ("1712.05902", "verified"),
    ]
    assert found == [(arxiv_id, *verified, digest) for arxiv_id, digest in papers]


def test_all_signatures_of_the_samples_are_valid(samples_warehouse: Path) -> None:
    """Five receipts, four events and two bundles are signed, all validly."""
    found = rows(
        samples_warehouse, "select kind, status, count(*) from signatures group by all order by all"
    )
    assert found == [("bundle", "valid", 2), ("event", "valid", 4), ("receipt", "valid", 5)]


def test_events_of_the_samples(samples_warehouse: Path) -> None:
    """Four events come from bundles, signed, and two from the standalone state, all applied."""
    found = rows(
        samples_warehouse,
        "select origin, signature_status, content_ok, applied, equivocates, count(*) "
        "from events group by all order by all",
    )
    assert found == [
        ("bundle", "valid", True, True, False, 4),
        ("state", "missing", None, True, False, 2),
    ]


def test_states_of_the_samples(samples_warehouse: Path) -> None:
    """Both embedded states are what their events merge to; the third has no bundle beside it."""
    found = rows(
        samples_warehouse,
        "select embedded, state_status, merge_status, count(*) "
        "from states group by all order by all",
    )
    assert found == [
        (False, "verified", "not_reproducible", 1),
        (True, "verified", "reproduced", 2),
    ]


def test_all_inbound_citations_are_of_one_paper(samples_warehouse: Path) -> None:
    """The twelve citations are of 1512.01274, whose record counts twelve, nine of them anchored."""
    found = rows(
        samples_warehouse,
        "select p.source_id, p.inbound_citation_count, p.inbound_internal_anchor_count, "
        "p.inbound_sample_count, count(*), count(*) filter (c.is_internal_anchor) "
        "from citations c join papers p on c.cited_pith_number = p.pith_number group by all",
    )
    assert found == [("1512.01274", 12, 9, 12, 12, 9)]


def test_every_alias_of_the_samples_agrees_with_its_paper(samples_warehouse: Path) -> None:
    """Each paper has its six aliases, and each is the one that number and source yield."""
    found = rows(
        samples_warehouse,
        "select kind, count(*), bool_and(well_formed) from aliases group by all order by all",
    )
    kinds = ["arxiv", "arxiv_version", "doi", "pith_short_12", "pith_short_16", "pith_short_8"]
    assert found == [(kind, 5, True) for kind in kinds]


def test_an_empty_directory_has_every_table(tmp_path: Path) -> None:
    """Without a document every table has its columns, and only `keys` and `runs` have a row."""
    source = tmp_path / "source"
    source.mkdir()
    summary = build_warehouse(tmp_path / "warehouse", source)
    assert {name: n for name, n in summary.rows.items() if n} == {"keys": 1, "runs": 1}
    for table in catalog.tables().values():
        (file,) = (tmp_path / "warehouse" / "current" / table.name).iterdir()
        schema = pl.read_parquet_schema(file)
        assert list(schema) == [column.name for column in table.columns]


@pytest.mark.parametrize("table", catalog.tables())
def test_tables_have_encodings_that_every_reader_knows(samples_warehouse: Path, table: str) -> None:
    """No column has an encoding of Parquet's second version, which some readers lack."""
    (file,) = (samples_warehouse / "current" / table).iterdir()
    facts = pq.read_metadata(file).to_dict()
    columns = [column for group in facts["row_groups"] for column in group["columns"]]
    known = {"PLAIN", "PLAIN_DICTIONARY", "RLE_DICTIONARY", "RLE", "BIT_PACKED"}
    assert {name for column in columns for name in column["encodings"]} <= known


@pytest.mark.parametrize("table", catalog.tables())
def test_tables_are_plain_parquet(samples_warehouse: Path, table: str) -> None:
    """polars, pyarrow and DuckDB read each published table by a glob, to the same rows."""
    folder = samples_warehouse / "current" / table
    glob = f"{folder}/*.parquet"
    arrow = pa.concat_tables(pq.read_table(path) for path in folder.glob("*.parquet"))
    assert arrow.num_rows == COUNTS[table]
    assert pl.read_parquet(glob).rows() == pl.DataFrame(arrow).rows()
    with duckdb.connect() as connection:
        assert connection.read_parquet(glob).to_arrow_table().to_pylist() == arrow.to_pylist()


@pytest.mark.parametrize("table", catalog.tables())
def test_parquet_files_carry_the_meanings(samples_warehouse: Path, table: str) -> None:
    """The key-value metadata of each Parquet file holds the meaning of table and columns."""
    described = catalog.table(table)
    for path in (samples_warehouse / "current" / table).glob("*.parquet"):
        metadata = pq.read_metadata(path).metadata
        assert metadata[b"pith_etl_table"].decode() == described.meaning
        assert json.loads(metadata[b"pith_etl_columns"]) == {
            column.name: column.meaning for column in described.columns
        }


@pytest.mark.parametrize("read_only", [True, False])
def test_the_database_opens_from_anywhere(
    samples_warehouse: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, read_only: bool
) -> None:
    """`pith.duckdb` shows every table from another working directory, however it is opened."""
    copy = tmp_path / "warehouse"
    shutil.copytree(samples_warehouse, copy, symlinks=True)
    monkeypatch.chdir("/")
    with duckdb.connect(str(copy / "pith.duckdb"), read_only=read_only) as connection:
        found = {
            table: (connection.execute(f'select count(*) from "{table}"').fetchone() or [None])[0]  # noqa: S608 - a table of ours
            for table in catalog.tables()
        }
    assert found == COUNTS


def test_the_database_comments_on_everything(samples_warehouse: Path) -> None:
    """Every view and every column in `pith.duckdb` has its meaning as a comment."""
    with duckdb.connect(str(samples_warehouse / "pith.duckdb"), read_only=True) as connection:
        views = connection.execute(
            "select view_name, comment from duckdb_views() where not internal"
        ).fetchall()
        columns = connection.execute(
            "select table_name, column_name, data_type, comment from duckdb_columns() "
            "where not internal"
        ).fetchall()
    tables = catalog.tables().values()
    assert {table.name: table.meaning for table in tables}.items() <= dict(views).items()
    assert all(comment for _, comment in views)
    assert all(comment for *_, comment in columns)
    assert set(columns) >= {
        (table.name, column.name, column.type, column.meaning)
        for table in tables
        for column in table.columns
    }


# -- a messy directory ------------------------------------------------------------------------

LIMITS = Limits(document_bytes=2**16, ratio=20)


@dataclass(frozen=True, slots=True)
class Mess:
    """A file of the messy directory and the row of `documents` that it must become."""

    content: bytes
    status: str
    reason: str | None
    finding: str | None = None
    pointer: str | None = None


def _incompressible(size: int) -> bytes:
    blocks = range(size // 64 + 1)
    return b"".join(hashlib.sha256(bytes([n % 256, n >> 8])).hexdigest().encode() for n in blocks)


def _text(size: int) -> bytes:
    return b'{"record_type":"pith_number_record","x":"' + _incompressible(size) + b'"}'


_REFUSED, _BROKEN = "document_refused", "document_unreadable"
_PACKED = gzip.compress(RECORD, mtime=0)
_NUL = b"\0" * 2**20

MESS: dict[str, Mess] = {
    # Pith documents gone wrong
    "truncated.json": Mess(
        RECORD[:2000],
        "refused",
        "not JSON: the document ends too early at byte 2000",
        _REFUSED,
        "byte 2000",
    ),
    "empty.json": Mess(b"", "refused", "the document is empty at byte 0", _REFUSED, "byte 0"),
    "blank.json": Mess(b" \n", "refused", "the document is empty at byte 0", _REFUSED, "byte 0"),
    "empty.gz": Mess(b"", "refused", "the document is empty at byte 0", _REFUSED, "byte 0"),
    "duplicate.json": Mess(
        RECORD.replace(b'"paper":{', b'"paper":{"title":"x",', 1),
        "refused",
        "duplicate key at /paper/title",
        _REFUSED,
        "/paper/title",
    ),
    "title.json": Mess(
        RECORD.replace(b'"paper":{"title":"', b'"paper":{"title":7,"headlines":"', 1),
        "refused",
        "wrong type: Expected `str | null`, got `int` at /paper/title",
        _REFUSED,
        "/paper/title",
    ),
    "bom.json": Mess(
        b"\xef\xbb\xbf" + RECORD,
        "refused",
        "a byte-order mark stands before the document at byte 0",
        _REFUSED,
        "byte 0",
    ),
    "utf16le.json": Mess(
        RECORD.decode().encode("utf-16-le"), "refused", "not JSON", _REFUSED, "byte 1"
    ),
    "utf16.json": Mess(
        RECORD.decode().encode("utf-16"), "refused", "not UTF-8 at byte 0", _REFUSED, "byte 0"
    ),
    "latin1.json": Mess(
        RECORD.replace(b'"MXNet', b'"\xe9', 1), "refused", "not UTF-8 at byte ", _REFUSED
    ),
    "surrogate.json": Mess(
        RECORD.replace(b'"MXNet', b'"\\ud800', 1),
        "refused",
        "a lone surrogate, which is no character at /paper/title",
        _REFUSED,
        "/paper/title",
    ),
    "nan.json": Mess(
        RECORD.replace(b'"count":0', b'"count":NaN', 1),
        "refused",
        "NaN is not JSON at /graph_snapshot/claims/count",
        _REFUSED,
        "/graph_snapshot/claims/count",
    ),
    "big.json": Mess(
        RECORD.replace(b'"count":0', b'"count":1' + b"0" * 40, 1),
        "refused",
        "at /graph_snapshot/claims/count",
        _REFUSED,
        "/graph_snapshot/claims/count",
    ),
    "two.json": Mess(
        RECORD + RECORD,
        "refused",
        f"one document a file, or one a line at byte {len(RECORD)}",
        _REFUSED,
        f"byte {len(RECORD)}",
    ),
    "deep.json": Mess(
        b'{"pith_number":' + b"[" * 300 + b"]" * 300 + b"}",
        "refused",
        "nested deeper than 254 levels at /pith_number/0",
        _REFUSED,
    ),
    "bottomless.json": Mess(
        b'{"pith_number":' + b"[" * 30_000, "refused", "nested deeper than 254 levels", _REFUSED
    ),
    "unmarked.json": Mess(
        RECORD.replace(b"pith_number_record", b"pith_number_recipe", 1),
        "refused",
        "no marker of a Pith document at /record_type",
        _REFUSED,
        "/record_type",
    ),
    "large.json": Mess(_text(2**16), "refused", "larger than 65536 bytes at byte 65536", _REFUSED),
    "large.json.gz": Mess(
        gzip.compress(_text(2**16)), "refused", "larger than 65536 bytes at byte 65536", _REFUSED
    ),
    # files that cannot be read
    "cut.gz": Mess(_PACKED[:-9], "unreadable", "Truncated compressed stream", _BROKEN),
    "cut.json.zst": Mess(
        pa.compress(RECORD, codec="zstd", asbytes=True)[:-9], "unreadable", "Truncated", _BROKEN
    ),
    "cut.bz2": Mess(bz2.compress(RECORD)[:-9], "unreadable", "Truncated", _BROKEN),
    "noise.gz": Mess(
        b"noise" * 9, "unreadable", "neither packed, as its name says, nor JSON", _BROKEN
    ),
    "noise.zst": Mess(
        b"noise" * 9, "unreadable", "neither packed, as its name says, nor JSON", _BROKEN
    ),
    "noise.bz2": Mess(
        b"noise" * 9, "unreadable", "neither packed, as its name says, nor JSON", _BROKEN
    ),
    "bomb.gz": Mess(
        gzip.compress(_NUL), "unreadable", "the archive unpacks to more than ", _BROKEN
    ),
    "bomb.ndjson.gz": Mess(
        gzip.compress(_NUL), "unreadable", "the archive unpacks to more than ", _BROKEN
    ),
    # what never was a Pith document
    "picture.png": Mess(b"\x89PNG\r\n\x1a\n" + bytes(64), "not_pith", "not UTF-8 at byte 0"),
    "numbers.json": Mess(b"[1,2,3]", "not_pith", "JSON, but not an object"),
    "object.json": Mess(b'{"a":1}', "not_pith", "a JSON object without a marker"),
    "notes.txt": Mess(b"notes", "not_pith", "not JSON: Expecting value at byte 0"),
    "integrity.json": Mess(
        b'{"schema":"https://pith.science/schemas/pith-integrity/v2.json","arxiv_id":"1"}',
        "unsupported",
        "a document of https://pith.science/schemas/pith-integrity/v2.json",
        "document_unsupported",
    ),
    # real documents, packed or laid out differently
    "again.gz": Mess(_PACKED, "ok", None),
    "members.jsonl.gz": Mess(_PACKED + gzip.compress(b"\n"), "ok", None),
    "AGAIN.JSON.ZST": Mess(pa.compress(RECORD, codec="zstd", asbytes=True), "ok", None),
    "again.bz2": Mess(bz2.compress(RECORD), "ok", None),
    "pretty.json": Mess(json.dumps(json.loads(RECORD), indent=2).encode(), "ok", None),
    "extra.json": Mess(
        RECORD.replace(b'"paper":{', b'"paper":{"mood":"glad","a/b":[1],', 1),
        "ok",
        None,
        "fields_unknown",
        "/paper/mood",
    ),
}


def _lines() -> bytes:
    """Return all five documents as NDJSON, with blank lines and one that is too large."""
    first, second, third, fourth, fifth = (
        p.read_bytes().strip() for p in sorted(SAMPLES.iterdir())
    )
    over = _text(2**16)
    pieces = (first, b"\n\n", second, b"\r\n", third, b"\n \t\n", over, b"\n", fourth, b"\n", fifth)
    return b"".join(pieces)


@dataclass(frozen=True, slots=True)
class Built:
    """A directory, the warehouse that was built from it, and the summary of that build."""

    source: Path
    warehouse: Path
    summary: Summary

    def row(self, name: str, *columns: str) -> tuple[object, ...]:
        """Return columns of the only row of `documents` for a file."""
        query = f"select {', '.join(columns)} from documents where path = '{self.source}/{name}'"  # noqa: S608 - names of ours
        found = rows(self.warehouse, query)
        assert len(found) == 1
        return found[0]


@pytest.fixture(scope="session")
def messy(tmp_path_factory: pytest.TempPathFactory) -> Built:
    """Build a directory of the five real documents and everything in `MESS`."""
    base = tmp_path_factory.mktemp("messy")
    source = base / "source"
    shutil.copytree(SAMPLES, source / "seeds" / "deeper")
    for name, mess in MESS.items():
        (source / name).write_bytes(mess.content)
    (source / "all.ndjson").write_bytes(_lines())
    (source / "seeds" / "parent").symlink_to(source, target_is_directory=True)
    (source / "seeds" / "linked.json").symlink_to(SAMPLES / "000_97f37641e2d9eba2.txt")
    (source / "seeds" / "dangling").symlink_to("nowhere")
    os.mkfifo(source / "pipe.json")
    Path(os.fsdecode(os.fsencode(source) + b"/caf\xe9")).write_bytes(RECORD)
    (source / r"caf\xe9").write_bytes(RECORD)
    summary = build_warehouse(base / "warehouse", source, limits=LIMITS)
    return Built(source, base / "warehouse", summary)


@pytest.mark.parametrize("name", MESS)
def test_every_file_is_accounted_for(messy: Built, name: str) -> None:
    """Each file of a messy directory is one row whose status and reason say what is wrong."""
    mess = MESS[name]
    status, reason, pointer = messy.row(name, "status", "reason", "pointer")
    assert status == mess.status
    assert (reason is None) == (mess.reason is None)
    assert (mess.reason or "") in str(reason)
    if mess.pointer and status == "refused":
        assert pointer == mess.pointer


@pytest.mark.parametrize("name", MESS)
def test_what_went_wrong_is_a_finding(messy: Built, name: str) -> None:
    """A broken Pith document is a finding; a document of another kind is not."""
    found = rows(
        messy.warehouse,
        f"select code, pointer from findings where path = '{messy.source}/{name}' "  # noqa: S608 - a name of ours
        "and code not in ('document_outdated', 'state_not_reproducible')",
    )
    codes = [code for code, _ in found]
    assert codes == ([MESS[name].finding] if MESS[name].finding else [])
    assert not found or MESS[name].pointer in (None, found[0][1])


def test_nothing_is_lost_among_the_mess(messy: Built) -> None:
    """The tables of papers are the same for a messy directory as for the five documents in it."""
    same = [name for name in COUNTS if name not in ("documents", "findings", "runs")]
    assert {name: count(messy.warehouse, name) for name in same} == {
        name: COUNTS[name] for name in same
    }


def test_a_mess_refutes_nothing(messy: Built) -> None:
    """Files gone wrong leave every paper verified and raise nothing critical."""
    found = rows(messy.warehouse, "select count(*) from papers where receipt_status = 'valid'")
    assert found == [(5,)]
    assert messy.summary.findings["critical"] == 0


def test_lines_are_documents(messy: Built) -> None:
    """A document in a file of lines keeps its line number, with any line ends and empty lines."""
    found = rows(
        messy.warehouse,
        "select position, status, reason from documents "  # noqa: S608 - a name of ours
        f"where path = '{messy.source}/all.ndjson' order by position",
    )
    reason = "larger than 65536 bytes at byte 65536"
    assert found == [
        (1, "ok", None),
        (3, "ok", None),
        (4, "ok", None),
        (6, "refused", reason),
        (7, "ok", None),
        (8, "ok", None),
    ]


def test_a_line_is_the_same_document_as_a_file(messy: Built) -> None:
    """A document has the same digest in a file of its own and as a line, with CRLF or without."""
    found = rows(
        messy.warehouse,
        "select count(distinct sha256), count(*) from documents where status = 'ok' "  # noqa: S608 - a name of ours
        f"and (path like '%/deeper/%' or path = '{messy.source}/all.ndjson')",
    )
    assert found == [(5, 10)]


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("seeds/parent", "a link, which is not followed"),
        ("seeds/linked.json", "a link, which is not followed"),
        ("seeds/dangling", "a link, which is not followed"),
        ("pipe.json", "no regular file"),
    ],
)
def test_links_and_pipes_are_listed_but_not_opened(messy: Built, name: str, reason: str) -> None:
    """A link, even to a parent directory, and a FIFO are skipped with the reason."""
    assert messy.row(name, "status", "reason", "sha256") == ("skipped", reason, None)


def test_names_that_are_no_utf8_stay_apart(messy: Built) -> None:
    r"""A byte that is no UTF-8 is shown as `\xNN`, and a name with that text in it as another."""
    assert messy.row(r"caf\xe9", "status") == ("ok",)
    assert messy.row(r"caf\\xe9", "status") == ("ok",)


def test_a_pretty_printed_document_verifies_fully(messy: Built) -> None:
    """White space between the tokens of a document does not weaken its proof."""
    found = messy.row("pretty.json", "digests_ok", "signatures_valid", "proof")
    assert found == (True, True, "receipt")


def test_unknown_fields_are_kept(messy: Built) -> None:
    """A field without a column is accepted: it is kept, counted and reported in the summary."""
    count_, extra = messy.row("extra.json", "extra_count", "extra")
    assert count_ == messy.summary.extra_fields == 2
    assert json.loads(str(extra)) == {"/paper/mood": "glad", "/paper/a~1b": [1]}


def test_sizes_of_what_was_not_read(messy: Built) -> None:
    """A document over the limit has its true size where that is known, and none otherwise."""
    assert messy.row("large.json", "bytes") == (len(_text(2**16)),)
    assert messy.row("large.json.gz", "bytes") == (None,)
    assert messy.row("empty.gz", "bytes") == (0,)


@pytest.mark.parametrize("table", catalog.tables())
@pytest.mark.parametrize("built", ["samples", "messy"])
def test_keys_are_unique(samples_warehouse: Path, messy: Built, table: str, built: str) -> None:
    """No two rows of a table agree in all columns of its key."""
    warehouse = samples_warehouse if built == "samples" else messy.warehouse
    key = ", ".join(f'"{name}"' for name in catalog.table(table).key)
    query = f'select {key}, count(*) from "{table}" group by all having count(*) > 1'  # noqa: S608 - names of ours
    assert rows(warehouse, query) == []


def test_the_summary_agrees_with_the_tables(messy: Built) -> None:
    """The summary of a build counts what its tables hold."""
    assert messy.summary.rows == {name: count(messy.warehouse, name) for name in catalog.tables()}
    assert sum(messy.summary.documents.values()) == messy.summary.rows["documents"]
    assert sum(messy.summary.findings.values()) == messy.summary.rows["findings"]
    assert messy.summary.files == len(MESS) + 12


# -- the same input gives the same tables -----------------------------------------------------


@pytest.fixture(scope="module")
def twice(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Build the same files with one worker, and with two in another order."""
    base = tmp_path_factory.mktemp("twice")
    source = base / "source"
    shutil.copytree(SAMPLES, source)
    for name in ("title.json", "extra.json", "cut.gz", "picture.png"):
        (source / name).write_bytes(MESS[name].content)
    (source / "all.ndjson").write_bytes(_lines())
    files = sorted(source.iterdir())
    build_warehouse(base / "one", *files, workers=1)
    limits = Limits(batch_documents=2, batch_bytes=20_000)
    build_warehouse(base / "two", *reversed(files), workers=2, limits=limits)
    return base / "one", base / "two"


@pytest.mark.parametrize("table", [name for name in catalog.tables() if name != "runs"])
def test_tables_depend_on_the_documents_alone(twice: tuple[Path, Path], table: str) -> None:
    """Workers, batches and the order of the sources change no row and no row's place."""
    one, two = (next((warehouse / "current" / table).iterdir()) for warehouse in twice)
    assert pl.read_parquet(one).rows() == pl.read_parquet(two).rows()


def test_building_again_changes_nothing(tmp_path: Path) -> None:
    """A second build of the same files parses none of them and leaves the same tables."""
    warehouse = tmp_path / "warehouse"
    first = build_warehouse(warehouse, SAMPLES)
    before = {name: rows(warehouse, f'from "{name}"') for name in COUNTS if name != "runs"}
    second = build_warehouse(warehouse, SAMPLES)
    assert (first.staged, second.staged) == (5, 0)
    assert {name: rows(warehouse, f'from "{name}"') for name in before} == before
    assert MXNET in {row[0] for row in before["papers"]}


def test_a_source_may_have_any_name(tmp_path: Path) -> None:
    """A source whose name is no UTF-8 is built, and named as its documents are."""
    source = Path(os.fsdecode(os.fsencode(tmp_path) + b"/s\xff"))
    shutil.copytree(SAMPLES, source)
    build_warehouse(tmp_path / "warehouse", source)
    assert rows(tmp_path / "warehouse", "from (select unnest(sources) from runs)") == [
        (rf"{tmp_path}/s\xff/",)
    ]
    manifest = json.loads((tmp_path / "warehouse" / "current" / "manifest.json").read_bytes())
    assert manifest["sources"] == [rf"{tmp_path}/s\xff"]


def test_a_warehouse_among_its_sources_is_not_read(tmp_path: Path) -> None:
    """Building a directory into a warehouse below it finds the same documents each time."""
    shutil.copytree(SAMPLES, tmp_path, dirs_exist_ok=True)
    for _ in range(2):
        assert build_warehouse(tmp_path / "warehouse", tmp_path).files == 5


def test_a_query_without_room_names_the_documents_that_weigh_most(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If memory runs out, nothing is published, and the error names the largest documents."""

    def fail(*_: object) -> NoReturn:
        raise duckdb.OutOfMemoryException

    monkeypatch.setattr(batch, "build_intermediate", fail)
    largest = max(SAMPLES.glob("*.txt"), key=lambda file: file.stat().st_size)
    with pytest.raises(WarehouseError, match="nothing was published") as failed:
        build_warehouse(tmp_path / "warehouse", SAMPLES)
    told = f"The largest documents are {str(largest)!r} at 1 ({largest.stat().st_size} bytes)"
    assert told in str(failed.value)
    assert not (tmp_path / "warehouse" / "current").exists()

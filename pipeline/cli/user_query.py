"""A user's query: whether it only reads, how it is run, and its errors."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from pipeline.cli.text_table import cells
from pipeline.engine import Connection, behind, engine
from pipeline.errors import UsageError
from pipeline.text import safe

#: The text before a query that is run as a subquery, and the text before that to plan it.
_FROM = "from ("
_PLAN = "explain (format json) "

#: How many characters of a line an error shows on either side of the place.
_AROUND = 60

#: `explain`, with its options, before a query. Between them stand plain words alone: in a
#: comment or a quoted text DuckDB may see the query begin elsewhere.
_EXPLAIN = re.compile(
    r"(?P<explain>\s*explain(?:\s+analy[sz]e)?(?:\s*\([\w\s,]*\))?)(?P<query>[\s(].*)",
    re.ASCII | re.IGNORECASE | re.DOTALL,
)


#: The operators and table functions that the plan of a query may hold. Other operators write (COPY
#: does, even within a WITH), run a query that no plan shows, or change how DuckDB works. Each
#: version brings new ones.
_READS = frozenset(
    (  # noqa: SIM905 - one a line they would fill a page
        "asof_join blockwise_nl_join delim_join hash_join ie_join left_delim_join "
        "nested_loop_join piecewise_merge_join positional_join right_delim_join cross_product "
        "union cte rec_cte recursive_key_join chunk_scan column_data_scan cte_scan delim_scan "
        "dummy_scan expression_scan positional_scan rec_cte_scan seq_scan table_scan projection "
        "filter limit limit_percent streaming_limit window streaming_window order_by top_n "
        "hash_group_by perfect_hash_group_by partitioned_aggregate ungrouped_aggregate pivot "
        "empty_result reservoir_sample streaming_sample unnest inout_function read_parquet "
        "parquet_file_metadata parquet_full_metadata parquet_kv_metadata parquet_metadata "
        "parquet_schema generate_series range repeat repeat_row json_each json_tree parquet_scan "
        "pragma_show pragma_table_info pragma_version duckdb_columns duckdb_constraints "
        "duckdb_databases duckdb_dependencies duckdb_functions duckdb_indexes duckdb_keywords "
        "duckdb_schemas duckdb_sequences duckdb_settings duckdb_tables duckdb_types duckdb_views "
    ).split()
)


class Question(NamedTuple):
    """A query as DuckDB runs it, and how many bytes stand before the user's text in it.

    DuckDB gives the place of an error in bytes.
    """

    text: str
    behind: int


def read_only(
    connection: Connection, query: str, values: Mapping[str, object] | None = None
) -> Question:
    """Return a query as it is to be run, if it is one statement that only reads.

    DuckDB may write wherever it may read. So this function refuses every statement that is not a
    query. The result is a subquery, or `explain` of one. DuckDB's own grammar allows only queries
    there, so a WITH that writes fails even if this function overlooks it.

    Args:
        connection: where the tables are; the query is planned there, and not run.
        query: what was asked.
        values: what is to be bound to its `$name`s.

    Raises:
        UsageError: the statement is not a query that only reads.
        duckdb.Error: DuckDB cannot parse or plan it; `told` says so in the words of the query.
    """
    query, kind, start = _statement(connection, query)
    explain = ""
    if kind == engine.StatementType.EXPLAIN and (match := _EXPLAIN.fullmatch(query)):
        explain = f"{match['explain']} "
        before = start + len(match["explain"].encode())
        with behind(-before):
            query, kind, start = _statement(connection, match["query"])
        start += before
    _only_select(kind)
    with behind(len(_FROM) - start):
        # a subquery's columns have each a name of its own, too
        query, kind, _ = _statement(connection, f"{_FROM}{query}\n)")
    _only_select(kind)
    with behind(len(_PLAN) + len(_FROM) - start):
        plan = connection.execute(f"{_PLAN}{query}", values).fetchall()
    for operator in _operators(json.loads(plan[0][1])):
        if (name := operator.strip().lower()) not in _READS:
            message = f"only queries of the tables can be run; {name} is nothing that they may use"
            raise UsageError(message)
    return Question(explain + query, len((explain + _FROM).encode()) - start)


def _only_select(kind: engine.StatementType) -> None:
    """Refuse a statement that is not a query."""
    if kind == engine.StatementType.SELECT:
        return
    message = f"only queries can be run; this is {kind.name.lower()}"
    if kind == engine.StatementType.EXPLAIN:
        message = "only EXPLAIN [ANALYZE] [(FORMAT format)] can stand before a query, no comment"
    if kind == engine.StatementType.MULTI:
        message = "only single queries can be run; a PIVOT must name its values: ON x IN (...)"
    raise UsageError(message)


def _statement(connection: Connection, query: str) -> tuple[str, engine.StatementType, int]:
    """Return the only statement of a query, its kind, and the byte of the query where it begins.

    Text before and after the statement is left out.
    """
    try:
        query.encode()
    except UnicodeEncodeError:
        message = "the query is not UTF-8"
        raise UsageError(message) from None
    # the function of the module would open another database to parse the query
    statements = connection.extract_statements(query)
    if len(statements) != 1:
        message = f"one query is expected, not {len(statements)} statements"
        raise UsageError(message)
    text = statements[0].query
    # the offsets count bytes
    data = text.encode()
    for offset, kind in reversed(engine.tokenize(text)):
        if kind != engine.token_type.comment and data[offset:].strip() != b";":
            break
        data = data[:offset].rstrip()
    return data.decode(), statements[0].type, _beginning(query)


def _beginning(query: str) -> int:
    """Return the byte where the first statement of a query begins."""
    data = query.encode()
    for offset, kind in engine.tokenize(query):
        if kind != engine.token_type.comment and data[offset : offset + 1] != b";":
            return offset
    return 0


def _operators(plan: object) -> Iterator[str]:
    """Yield the names of all operators of a plan."""
    if isinstance(plan, dict):
        if isinstance(plan.get("name"), str):
            yield plan["name"]
        plan = list(plan.values())
    if isinstance(plan, list):
        for part in plan:
            yield from _operators(part)


def tell_places(connection: Connection) -> None:
    """Let the connection give its errors as JSON with the place; `told` reads them."""
    connection.execute("set errors_as_json = true")


def told(error: engine.Error, query: str) -> str:
    """Return DuckDB's message about a query, and the wrong line as the user wrote it.

    DuckDB ran a longer text than the user wrote. `behind` adds a note to the error: how many bytes
    to subtract from its place.
    """
    kind, _, text = str(error).partition(": ")
    try:
        facts = json.loads(text)
    except ValueError:
        return str(error)
    message = f"{kind}: {facts['exception_message']}"
    if "position" not in facts:
        return message
    offset, length = json.loads(facts.get("location", f"[{facts['position']},1]"))
    offset -= sum(map(int, getattr(error, "__notes__", ())))
    data = query.encode()
    if not 0 <= offset <= len(data):
        return message
    parts = data[:offset], data[offset : offset + length], data[offset + length :]
    return f"{message}\n\n{_pointed(*(part.decode(errors='replace') for part in parts))}"


def _pointed(before: str, marked: str, after: str) -> str:
    """Return the line of a query in which something is marked, and marks below it.

    A long line is cut to the text around the mark.
    """
    number = before.count("\n") + 1
    before = before.rpartition("\n")[2]
    marked, *more = marked.split("\n", 1)
    after = "" if more else after.partition("\n")[0]
    if len(before) > _AROUND:
        before = f"...{before[-_AROUND:]}"
    if len(marked + after) > _AROUND:
        after = f"{(marked + after)[:_AROUND][len(marked) :]}..."
        marked = marked[:_AROUND]
    before, marked, after = safe(before), safe(marked), safe(after)
    head = f"LINE {number}: "
    # a tab below the line keeps the marks in place
    room = "".join(one if one == "\t" else " " * cells(one) for one in head + before)
    return f"{head}{before}{marked}{after.rstrip()}\n{room}{'^' * max(1, cells(marked))}"

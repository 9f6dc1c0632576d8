"""The formats of a result that is printed, and of exported tables, each list once."""

from __future__ import annotations

from typing import Literal

ResultFormat = Literal["table", "line", "csv", "json", "jsonl", "parquet"]
ExportFormat = Literal["parquet", "csv", "jsonl", "duckdb", "sqlite", "delta"]

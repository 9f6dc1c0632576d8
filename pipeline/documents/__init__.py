"""Bytes in; a typed document, its digests and the verdicts on its signatures out.

No I/O, no Arrow, no DuckDB.
"""

"""The log of a build: records of the standard `logging`, on standard error, as text or JSON."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from pipeline.text import safe, safe_json

#: A caller in the same process may add its own handlers.
LOG = logging.getLogger("pith_etl")


@contextmanager
def logged(form: str) -> Iterator[None]:
    """Write all records of `LOG` to standard error, if that can be written.

    Args:
        form: what a line is: `text`, or a `json` object.
    """
    handler = _Handler()
    handler.setFormatter(_FORMATTERS[form]())
    LOG.addHandler(handler)
    LOG.setLevel(logging.INFO)
    try:
        yield
    finally:
        LOG.removeHandler(handler)


def info(message: str, **facts: int) -> None:
    """Log how the build goes on, and the numbers that tell it."""
    LOG.info("%s", message, extra={"facts": facts})


class _Handler(logging.StreamHandler):  # type: ignore[type-arg]  # of text, by default
    def handleError(self, _record: logging.LogRecord) -> None:  # noqa: N802 - the library's name
        """Ignore the error: a full disk or a closed pipe must not end the build."""


class _TextFormatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        mark = "" if record.levelno == logging.INFO else f" {record.levelname.lower()}"
        counts = "/".join(map(str, _facts(record).values()))
        line = f"{_time(record)}{mark} {safe(record.getMessage())}"
        return f"{line} {counts}" if counts else line


class _JsonFormatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        line = {
            "time": _time(record),
            "level": record.levelname.lower(),
            "message": record.getMessage(),
            **_facts(record),
        }
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        return safe_json(json.dumps(line, ensure_ascii=False))


def _time(record: logging.LogRecord) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(record.created))


def _facts(record: logging.LogRecord) -> Mapping[str, int]:
    facts: Mapping[str, int] = getattr(record, "facts", {})
    return facts


_FORMATTERS = {"text": _TextFormatter, "json": _JsonFormatter}

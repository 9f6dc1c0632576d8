"""How a command ends: its exit code, the message of an error, the end of the process."""

from __future__ import annotations

import atexit
import io
import os
import sys
from contextlib import suppress
from typing import NoReturn

import click

from pipeline.errors import INTERRUPTED, PithEtlError
from pipeline.interrupts import terminable

#: The commands whose exit code is a verdict.
_VERDICTS = frozenset({"build", "check", "verify"})


def run(command: click.Command) -> int:
    """Run a command with the arguments of the process and return its exit code.

    0 done, 1 could not, 2 wrong usage, 3 a document does not hold, 130 interrupted.
    """
    if not _has_output():
        return _said("standard output is closed; discard it by `> /dev/null`", 1)
    _write_utf8()
    output = sys.stdout
    try:
        # before all imports: they take a while, and a signal may come meanwhile
        with terminable():
            # without the standalone mode click returns the code of an `Exit`
            code = command.main(prog_name="pith-etl", standalone_mode=False) or 0
            sys.stdout.flush()
    except click.ClickException as error:
        with suppress(OSError):  # as in `_said`
            error.show()
        code = error.exit_code
    except PithEtlError as error:
        code = _said(str(error), error.exit_code)
    except SystemExit as stop:
        # where a pipe is closed, click wraps the streams and exits
        code = stop.code if sys.stdout is output else _unread()
    except (click.Abort, KeyboardInterrupt):
        code = _said("interrupted", INTERRUPTED)
    except BrokenPipeError:
        code = _unread()
    except OSError as error:
        code = _said(str(error), 1)  # the output's device is full, say
    return int(code)


def _unread() -> int:
    """Return the exit code of a command whose reader has seen enough, as `head` has.

    A verdict that nobody has read must not pass for a good one.
    """
    return int(bool(_VERDICTS & set(sys.argv[1:2])))


def _has_output() -> bool:
    """Tell whether there is a standard output; let each closed stream be the null device.

    Otherwise the next opened file takes the number of the closed stream, and output lands in that
    file.
    """
    closed = [name for name in ("stdin", "stdout", "stderr") if getattr(sys, name) is None]
    for name in closed:
        mode = "r" if name == "stdin" else "w"
        setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: SIM115, PTH123 - open to the end
    return "stdout" not in closed


def _write_utf8() -> None:
    """Let all commands write UTF-8, wherever they run: a title fits into no smaller encoding.

    A byte that is not text, as in a file's name, is written as an escape.
    """
    for stream in (sys.stdout, sys.stderr):
        # a caller in the same process may have replaced the stream
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")


def _said(message: str, code: int) -> int:
    from pipeline.text import safe  # noqa: PLC0415 - what ends well needs none of it

    # without a standard error, only the exit code reports the failure
    with suppress(OSError):
        click.echo(f"pith-etl: {safe(message)}", err=True)
    return code


def leave(code: int) -> NoReturn:
    """End the process at once, as the output is written."""
    # lets libraries end what they began: threads, for one
    atexit._run_exitfuncs()  # noqa: SLF001 - the only way to end as `exit` does up to here
    # all output is written; freeing every object would only take time
    os._exit(code)

"""The errors that reach a user: a small tree, each naming the place and what to do.

A bad *document* never raises one of these: it becomes a row with a reason. These errors mean that
the environment, the command or the warehouse is at fault.
"""

from __future__ import annotations

#: The command is done, but a document does not hold, or findings are at or over `--fail-on`.
FINDINGS = 3

#: By Ctrl-C or SIGTERM.
INTERRUPTED = 130


class PithEtlError(Exception):
    """Base of every error that the command line prints as one message.

    Attributes:
        exit_code: what the process exits with (docs/operations.md lists them).
    """

    exit_code = 1


class UsageError(PithEtlError):
    """The caller made a mistake: a wrong query, an unknown table."""

    exit_code = 2


class SourceError(PithEtlError):
    """A source named on the command line does not exist or cannot be listed."""


class KeyringError(PithEtlError):
    """The keyring file cannot be read or a key in it is malformed."""


class WarehouseError(PithEtlError):
    """The warehouse is missing, unpublished, or cannot be written."""


class ShrinkError(WarehouseError):
    """Too many of the last snapshot's documents vanished or fail, as with an empty mount."""


class ModelError(PithEtlError):
    """A model or a check broke its own contract: a defect of the program, not of the data."""

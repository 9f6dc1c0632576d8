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
        exit_code: what the process exits with (docs/runs.md lists them).
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


class UnusableError(WarehouseError):
    """No snapshot can be read, and a build can mend that; the message says how.

    Attributes:
        reason: what is wrong, without the advice.
    """

    def __init__(self, reason: str, advice: str = "build again") -> None:
        """Make the message of what is wrong and of what to do."""
        super().__init__(f"{reason}; {advice}")
        self.reason = reason


class UnknownPaperError(PithEtlError):
    """An identifier names no paper of the warehouse."""


class ShrinkError(WarehouseError):
    """Too many of the last snapshot's documents vanished or fail, as with an empty mount."""


class ModelError(PithEtlError):
    """A model or a check broke its own contract: a defect of the program, not of the data."""

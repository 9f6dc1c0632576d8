"""Libraries that only an extra of the package installs."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from types import ModuleType

from pipeline.errors import UsageError


def import_extra(module: str, extra: str, purpose: str) -> ModuleType:
    """Return a library of an extra; it is loaded by the first who asks, since that is slow.

    Args:
        module: its name.
        extra: which installs it.
        purpose: what needs it.

    Raises:
        UsageError: it is not installed.
    """
    try:
        return import_module(module)
    except ImportError:
        raise _missing(extra, purpose) from None


def require_extra(module: str, extra: str, purpose: str) -> None:
    """Raise the same error where a library of an extra is not installed, without loading it."""
    if find_spec(module) is None:
        raise _missing(extra, purpose)


def _missing(extra: str, purpose: str) -> UsageError:
    """Return the error that tells how to install an extra: the package is on no index."""
    message = (
        f"{purpose} needs the extra {extra}: pipx install --force 'WHEEL[{extra}]', "
        f"or in a clone .venv/bin/pip install -e '.[{extra}]'"
    )
    return UsageError(message)

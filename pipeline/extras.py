"""Libraries that only an extra of the package installs."""

from __future__ import annotations

from importlib import import_module
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
        message = f"{purpose} needs: pip install 'pith-etl[{extra}]'"
        raise UsageError(message) from None

"""What the parameters of several commands share: a type, options, the shell's completion."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import click

from pipeline.formats import ResultFormat
from pipeline.vocabulary import words

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path
    from types import ModuleType


class _Path(click.Path):
    """A path on the command line, as a `Path`; it is not empty."""

    def convert(
        self,
        value: str | os.PathLike[str],
        param: click.Parameter | None,
        ctx: click.Context | None,
    ) -> Path:
        from pathlib import Path  # noqa: PLC0415 - `--help` starts faster without it

        if not os.fspath(value):
            # an empty `Path` would be the working directory
            self.fail("a path is empty, as by a variable of the shell that is not set", param, ctx)
        return Path(os.fsdecode(super().convert(value, param, ctx)))


class _Warehouse(_Path):
    """A warehouse: a directory or, to be read, the address of a published one, which is fetched."""

    def __init__(self, *, fetched: bool) -> None:
        super().__init__()
        self._fetched = fetched

    def convert(
        self,
        value: str | os.PathLike[str],
        param: click.Parameter | None,
        ctx: click.Context | None,
    ) -> Path:
        # the tab key waits for no server
        if "://" not in os.fspath(value) or (ctx and ctx.resilient_parsing):
            return super().convert(value, param, ctx)
        if not self._fetched:
            self.fail("this command needs the directory of a warehouse, not an address", param, ctx)
        from pipeline.warehouse import published  # noqa: PLC0415 - most are directories

        return published.fetched(os.fspath(value))


class Share(click.FloatRange):
    """A number within bounds. `nan` is refused, because it lies within no bounds."""

    def convert(
        self,
        value: Any,  # noqa: ANN401 - a text, or a default
        param: click.Parameter | None,
        ctx: click.Context | None,
    ) -> float:
        """Return the number that the text spells, or fail with wrong usage."""
        found: float = super().convert(value, param, ctx)
        if found != found:  # noqa: PLR0124 - only nan differs from itself
            self.fail("nan is no number", param, ctx)
        return found


class Address(click.types.StringParamType):
    """The address of a web server. It may hold secrets, so no message shows it."""

    name = "url"

    def convert(
        self,
        value: Any,  # noqa: ANN401 - a text, or bytes
        param: click.Parameter | None,
        ctx: click.Context | None,
    ) -> str:
        """Return the address, or fail with wrong usage."""
        from urllib.parse import urlsplit  # noqa: PLC0415 - `--help` starts faster without it

        url: str = super().convert(value, param, ctx)
        try:
            parts = urlsplit(url)
            # a port that is no number raises, too
            named = bool(parts.hostname) and parts.port != 0
        except ValueError:
            named = False
        # a control character could end a line of the request
        plain = url.isascii() and url.isprintable() and " " not in url
        if not (named and plain and parts.scheme in {"http", "https"}):
            self.fail("an address is http://HOST/… or https://HOST/…, in ASCII", param, ctx)
        return url


#: One instance for all options: each new one looks up its name in the user's language, on disk.
PATH = _Path()


def _warehouse(*, fetched: bool, help: str) -> Callable[[Any], Any]:  # noqa: A002 - as click names it
    return click.option(
        "-w",
        "--warehouse",
        envvar="PITH_ETL_WAREHOUSE",
        show_envvar=True,
        default="data/warehouse",
        show_default=True,
        type=_Warehouse(fetched=fetched),
        help=help,
    )


WAREHOUSE = _warehouse(
    fetched=True, help="The directory of the tables, or an address where `publish` put them."
)
OWN_WAREHOUSE = _warehouse(fetched=False, help="The directory of the tables.")
KEYRING = click.option(
    "--keyring",
    type=PATH,
    help="The file of the pinned keys, instead of the registry's key that comes with pith-etl.",
)


def formats(*forms: str, help: str) -> Callable[[Any], Any]:  # noqa: A002 - as click names it
    """Return the option that chooses a format, by default the first."""
    return click.option(
        "--format",
        "form",
        type=click.Choice(forms),
        default=forms[0],
        show_default=True,
        help=help,
    )


FORMAT = formats(*words(ResultFormat), help="How to print the result.")


def _completion(names: Callable[[ModuleType], Iterable[str]]) -> Callable[..., list[str]]:
    """Return the shell's completion of some names of the catalogue."""

    def complete(_context: click.Context, _parameter: click.Parameter, start: str) -> list[str]:
        from pipeline import catalog  # noqa: PLC0415 - `--help` starts faster without it

        return [name for name in names(catalog) if name.startswith(start)]

    return complete


complete_table = _completion(lambda catalog: catalog.tables())
complete_view = _completion(lambda catalog: catalog.relations())
complete_relation = _completion(
    lambda catalog: (*catalog.relations(), *(macro.name for macro in catalog.macros()))
)
complete_query = _completion(lambda catalog: catalog.queries())
complete_check = _completion(lambda catalog: (check.code for check in catalog.checks()))


def complete_parameter(
    context: click.Context, _parameter: click.Parameter, start: str
) -> list[str]:
    """Return the parameters of the worked example that is named, each with its default."""
    from pipeline import catalog  # noqa: PLC0415 - `--help` starts faster without it

    example = catalog.queries().get(context.params.get("named") or "")
    found = example.parameters if example else ()
    pairs = [f"{one.name}={one.default or ''}" for one in found]
    return [pair for pair in pairs if pair.startswith(start)]


def complete_snapshot(context: click.Context, _parameter: click.Parameter, start: str) -> list[str]:
    """Return the snapshots that are kept, the newest first."""
    from pipeline.errors import WarehouseError  # noqa: PLC0415 - `--help` starts faster without it
    from pipeline.warehouse.snapshot import finished  # noqa: PLC0415 - see above

    try:
        names = [folder.name for folder in finished(context.params["warehouse"])]
    except WarehouseError:
        return []
    return [name for name in ("current", *names) if name.startswith(start)]

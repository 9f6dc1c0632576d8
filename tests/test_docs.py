"""The documentation agrees with the program, and its links lead to files."""

from __future__ import annotations

import re

import pytest

from pipeline import catalog, docs
from pipeline.cli.main import cli
from tests.paths import REPO


@pytest.fixture(scope="module")
def pages() -> dict[str, str]:
    """Return the pages as they should be."""
    return docs.pages()


@pytest.mark.parametrize(
    "name",
    [
        "README.md",
        "docs/tables.md",
        "docs/findings.md",
        "docs/views.md",
        "docs/queries.md",
        "docs/commands.md",
        "examples/dbt/models/sources.yml",
    ],
)
def test_generated_pages_are_up_to_date(pages: dict[str, str], name: str) -> None:
    """A generated page, or a generated part of one, is what `make docs` writes."""
    assert (REPO / name).read_text(encoding="utf-8") == pages[name], "run `make docs`"


def test_every_page_is_linked() -> None:
    """A page of `docs/` stands in the navigation of the site, and the README links to the first."""
    navigation = (REPO / "zensical.toml").read_text(encoding="utf-8")
    for page in (REPO / "docs").rglob("*.md"):
        assert f'"{page.relative_to(REPO / "docs").as_posix()}"' in navigation
    assert "](docs/index.md)" in (REPO / "README.md").read_text(encoding="utf-8")


def test_links_lead_somewhere() -> None:
    """A link between pages names a file that exists."""
    for page in [REPO / "README.md", *(REPO / "docs").rglob("*.md")]:
        for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8")):
            assert (page.parent / target).exists(), f"{page.name} links to {target}"


def test_every_command_is_documented() -> None:
    """The README names each command of the program, as `pith-etl NAME`."""
    readme = (REPO / "README.md").read_text(encoding="utf-8")
    for name in cli.commands:
        assert f"pith-etl {name}" in readme


def test_every_make_target_of_the_readme_exists() -> None:
    """A make target that a page names is one of the Makefile."""
    makefile = (REPO / "Makefile").read_text(encoding="utf-8")
    for page in [REPO / "README.md", *(REPO / "docs").rglob("*.md")]:
        for target in re.findall(r"`make ([a-z-]+)`", page.read_text(encoding="utf-8")):
            assert re.search(rf"^{target}:", makefile, re.MULTILINE), target


def test_every_column_names_its_evidence() -> None:
    """A column has a meaning and one of the words of evidence that docs/evidence.md explains."""
    evidence = (REPO / "docs" / "evidence.md").read_text(encoding="utf-8")
    for table in catalog.tables().values():
        for column in table.columns:
            assert column.meaning.endswith((".", "?"))
            assert column.evidence in catalog.EVIDENCE
    for word in catalog.EVIDENCE:
        assert f"`{word}`" in evidence

"""The pages and settings for those who work on the project name what is there."""

from __future__ import annotations

import re

from tests.paths import REPO

CONTRIBUTING = (REPO / "CONTRIBUTING.md").read_text(encoding="utf-8")


def test_the_hooks_of_a_commit_are_targets_of_the_makefile() -> None:
    """Each hook of pre-commit runs a target of the Makefile, and `make test` runs it as well."""
    hooks = (REPO / ".pre-commit-config.yaml").read_text(encoding="utf-8")
    makefile = (REPO / "Makefile").read_text(encoding="utf-8")
    (tested,) = re.findall(r"^test: ([a-z ]+?) *##", makefile, re.MULTILINE)
    entries = re.findall(r"entry: (.+)", hooks)
    assert entries == [f"make {target}" for target in tested.split()]


def test_every_path_that_contributing_names_exists() -> None:
    """Each path, folder and link in CONTRIBUTING.md leads to a file or folder of the project."""
    links = re.findall(r"\]\(([^)#:]+)", CONTRIBUTING)
    paths = re.findall(r"`((?:[\w.-]+/)+[\w.-]*)`", CONTRIBUTING)
    commands = re.findall(r"tests/[\w/.]+", "\n".join(_lines()))
    named = [*links, *paths, *commands]
    assert len(named) > 40
    for path in named:
        below = "sql" if path.removesuffix("/") in _folders("sql") else ""
        real = path.replace("CODE", "chain_loop").replace("TABLE", "papers")
        assert (REPO / below / real.replace("NAME", "papers")).exists(), path


def test_every_file_of_code_that_the_architecture_names_exists() -> None:
    """Each Python file in docs/architecture.md is one of ours, in the folder it gives."""
    page = (REPO / "docs" / "architecture.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`([\w/]+\.py)`", page))
    folders = (REPO / "pipeline", REPO / "tests")
    files = [f"/{path.relative_to(REPO)}" for folder in folders for path in folder.rglob("*.py")]
    assert len(named) > 30
    for name in named:
        assert any(path.endswith(f"/{name}") for path in files), name


def test_every_target_that_contributing_names_exists() -> None:
    """Each `make` target in CONTRIBUTING.md is one of the Makefile."""
    makefile = (REPO / "Makefile").read_text(encoding="utf-8")
    named = re.findall(r"^\$ make (.+)$|`make ([a-z -]+)`", CONTRIBUTING, re.MULTILINE)
    targets = {target for line in named for target in "".join(line).split()}
    assert targets
    for target in targets:
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target


def test_every_name_that_contributing_gives_for_code_exists() -> None:
    """Each name in `X of FILE` or `X in FILE` of CONTRIBUTING.md stands in that file."""
    named = re.findall(r"`(\w+)`\s+(?:in|of)\s+`(pipeline/[\w/]+\.py)`", CONTRIBUTING)
    assert len(named) >= 5
    for name, path in named:
        assert re.search(rf"\b{name}\b", (REPO / path).read_text(encoding="utf-8")), (name, path)


def _lines() -> list[str]:
    return re.findall(r"^\$ (.+)$", CONTRIBUTING, re.MULTILINE)


def _folders(name: str) -> set[str]:
    return {path.name for path in (REPO / name).iterdir()}

"""The pages and settings for those who work on the project name what is there."""

from __future__ import annotations

import re

from tests.paths import REPO


def test_the_hooks_of_a_commit_are_targets_of_the_makefile() -> None:
    """Each hook of pre-commit runs a target of the Makefile, and `make test` runs it as well."""
    hooks = (REPO / ".pre-commit-config.yaml").read_text(encoding="utf-8")
    makefile = (REPO / "Makefile").read_text(encoding="utf-8")
    (tested,) = re.findall(r"^test: ([a-z ]+?) *##", makefile, re.MULTILINE)
    entries = re.findall(r"entry: (.+)", hooks)
    assert entries == [f"make {target}" for target in tested.split()]

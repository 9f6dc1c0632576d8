"""The locked requirements: complete, hashed, without an address, and within the ranges."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from tests.paths import REPO

#: Lock file to the extra that it holds beside the project's own dependencies.
LOCKS = {
    "requirements.txt": "build",
    "requirements-dev.txt": "dev",
    "requirements-bench.txt": "bench",
}
_HASH = re.compile(r"--hash=sha256:[0-9a-f]{64}")


def _entries(lock: str) -> list[str]:
    """Return the requirements of a lock file, each with its hashes on one line."""
    text = (REPO / lock).read_text("utf-8").replace("\\\n", " ")
    lines = (line.split("#")[0].strip() for line in text.splitlines())
    return [line for line in lines if line]


def _pinned(lock: str) -> dict[str, Version]:
    found: dict[str, Version] = {}
    for entry in _entries(lock):
        requirement = Requirement(entry.split("--hash")[0].strip())
        (specifier,) = requirement.specifier
        found[canonicalize_name(requirement.name)] = Version(specifier.version)
    return found


def _wanted(lock: str) -> Iterator[Requirement]:
    """Yield what the project asks of a lock file, in ranges."""
    document = tomllib.loads((REPO / "pyproject.toml").read_text("utf-8"))
    project = document["project"]
    extras = project["optional-dependencies"]
    texts = [*project["dependencies"], *extras["build"], *document["build-system"]["requires"]]
    texts += extras[LOCKS[lock]]
    yield from map(Requirement, texts)


@pytest.mark.parametrize("lock", LOCKS)
def test_every_requirement_is_pinned_with_hashes(lock: str) -> None:
    """Each line names one version exactly and at least one SHA-256, as --require-hashes wants."""
    entries = _entries(lock)
    assert len(entries) > 10
    for entry in entries:
        requirement = Requirement(entry.split("--hash")[0].strip())
        assert [specifier.operator for specifier in requirement.specifier] == ["=="], entry
        assert "*" not in str(requirement.specifier)
        options = entry.split()[1:]
        hashes = [option for option in options if option.startswith("--")]
        assert hashes, entry
        assert all(_HASH.fullmatch(option) for option in hashes), entry


@pytest.mark.parametrize("lock", LOCKS)
def test_no_address_stands_in_a_lock_file(lock: str) -> None:
    """No index, no URL and no path: the same file serves every mirror."""
    text = (REPO / lock).read_text("utf-8")
    assert not re.search(
        r"://|--(?:extra-)?index|--find-links|--trusted|(?:^|\s)-[ief]\s|file:/| @ ", text
    )


@pytest.mark.parametrize("lock", LOCKS)
def test_the_locked_versions_are_within_the_ranges(lock: str) -> None:
    """Whatever pyproject.toml asks for is locked, at a version that it allows."""
    pinned = _pinned(lock)
    for requirement in _wanted(lock):
        version = pinned.get(canonicalize_name(requirement.name))
        assert version is not None, requirement
        assert requirement.specifier.contains(version), requirement


@pytest.mark.parametrize("lock", LOCKS)
def test_tests_run_with_what_users_get(lock: str) -> None:
    """What users get is locked in the same version for developers and benchmarks."""
    assert _pinned("requirements.txt").items() <= _pinned(lock).items()


def test_the_ranges_are_ranges() -> None:
    """pyproject.toml names the oldest version that will do, and pins none."""
    for requirement in _wanted("requirements-dev.txt"):
        operators = {specifier.operator for specifier in requirement.specifier}
        assert ">=" in operators, requirement
        assert "==" not in operators, requirement

"""Where the tests find their files."""

from __future__ import annotations

from pathlib import Path

#: The checkout.
REPO = Path(__file__).resolve().parent.parent

#: The five real documents.
SAMPLES = REPO / "data" / "samples"

#: Our own tables of pinned verdicts.
PINNED = REPO / "tests" / "vectors"

#: Other people's test vectors, which are not part of the repository.
VECTORS = REPO.parent / "shared" / "vectors"

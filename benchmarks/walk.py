"""Walk and stat a tree, as little as noticing changes can take: `python -m benchmarks.walk DIR`."""

from __future__ import annotations

import os
import sys

# "starting the program" is part of the measure: the command line with what a build needs
import pipeline.cli.nightly  # noqa: F401


def main() -> None:
    """Stat every file once."""
    pending, files = [sys.argv[1]], 0
    while pending:
        with os.scandir(pending.pop()) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    pending.append(entry.path)
                else:
                    entry.stat(follow_symlinks=False)
                    files += 1
    sys.stdout.write(f"{files}\n")


if __name__ == "__main__":
    main()

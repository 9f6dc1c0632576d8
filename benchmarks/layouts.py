"""Build one dump in each layout in which people keep dumps, and compare all tables.

`python -m benchmarks.layouts [--documents N]`
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
import time
from pathlib import Path

from tests.site import synthetic
from tests.sources.layouts import LAYOUTS, different, documents_of, laid_out


def main() -> int:
    """Print the time of each layout and what differs from the tree; return 1 if anything does."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--documents", type=int, default=2000)
    arguments = parser.parse_args()
    failed = False
    with tempfile.TemporaryDirectory() as work:
        dump = synthetic(Path(work), -(-arguments.documents // 3))
        documents = documents_of(dump)
        (Path(work) / "tree").mkdir()
        tree = laid_out(Path(work) / "tree", dump.keyring, documents)
        for number, (name, layout) in enumerate(LAYOUTS.items()):
            folder = Path(work) / str(number)
            folder.mkdir()
            files = layout(documents)
            started = time.perf_counter()
            differ = different(laid_out(folder, dump.keyring, files), tree)
            failed = failed or bool(differ)
            told = ", ".join(sorted(differ)) or "as the tree"
            seconds = time.perf_counter() - started
            sys.stdout.write(f"{name:<24}{seconds:>8.1f} s  {told}\n")
            sys.stdout.flush()
            shutil.rmtree(folder)
    sys.stdout.write(f"{len(documents):,} documents\n")
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())

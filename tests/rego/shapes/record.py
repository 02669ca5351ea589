"""Record what conftest makes of the Dockerfiles here: `python record.py conftest`.

`recorded.json` was made so with conftest 0.71.1.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))


def names() -> list[str]:
    """The Dockerfiles here."""
    return sorted(name for name in os.listdir(HERE) if name.startswith("Dockerfile."))


def record(conftest: str) -> dict[str, object]:
    """The input that conftest makes of each."""
    found = subprocess.run(
        [conftest, "parse", *names()], cwd=HERE, capture_output=True, text=True, check=True
    )
    # Conftest looks into a list once more before it asks its policies.
    return {name: instructions for name, (instructions,) in json.loads(found.stdout).items()}


if __name__ == "__main__":
    with open(os.path.join(HERE, "recorded.json"), "w", encoding="utf-8") as recorded:
        recorded.write(json.dumps(record(sys.argv[1]), indent=1) + "\n")

"""The program: `policylint`, and `python -m policylint`."""

from __future__ import annotations

import gc
import sys


def run() -> None:
    """Run the command line and exit: 0 passed, 1 findings, 2 could not do it, 130 interrupted."""
    # Modules, documents and findings are trees without cycles: looking for some takes a third
    # of a large run and finds next to nothing. It is not needed at the end either.
    gc.set_threshold(50_000, 50, 100)
    from policylint.cli import exit_code

    code = exit_code(sys.argv[1:])
    gc.freeze()
    sys.exit(code)


if __name__ == "__main__":
    run()

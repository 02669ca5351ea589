"""Keeps the screens in the README and in guides true.

A block that begins with `$ policylint` shows what that prints.

Run as a module it writes them: `python3 dev.py generate`.
"""

from __future__ import annotations

import os
import re
import shlex
import sys

from tests.integration.outside import ROOT, run

PATHS = tuple(os.path.join(ROOT, *path) for path in (("README.md",), ("docs", "fleet.md")))
_SCREEN = re.compile(r"(?<=^```console\n)\$ policylint (.*)\n(?:(?!```).*\n)*", re.MULTILINE)


def refreshed(text: str) -> str:
    """The same text with every screen as it looks today."""
    return _SCREEN.sub(_screen, text)


def read(path: str) -> str:
    """A guide as it stands."""
    with open(path, encoding="utf-8") as file:
        return file.read()


def _screen(screen: re.Match[str]) -> str:
    arguments = shlex.split(screen[1])
    shown = run(sys.executable, "-m", "policylint", *arguments, cwd=ROOT, env={"NO_COLOR": "1"})
    return f"$ policylint {screen[1]}\n{shown.stdout}"


def main() -> None:
    """Write the screens that are not as they should be."""
    for path in PATHS:
        before = read(path)
        after = refreshed(before)
        if after != before:
            with open(path, "w", encoding="utf-8", newline="\n") as file:
                file.write(after)
            print(f"wrote {os.path.relpath(path)}")


if __name__ == "__main__":
    main()

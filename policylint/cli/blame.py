"""How old lines are, as git tells: asked carefully, and not at all where there is no git."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from datetime import date, datetime, timezone

_TIMEOUT = 10
_HEADER = re.compile(rb"([0-9a-f]{40,64}) \d+ (\d+)")
# A repository that somebody else made may name programs to be run; none of these is.
_SAFE = (
    "--no-pager", "--no-optional-locks", "--literal-pathspecs",
    "-c", "core.fsmonitor=false", "-c", f"core.hooksPath={os.devnull}",
    "-c", "protocol.allow=never",
)  # fmt: skip


class Blame:
    """The ages of lines in files, each file asked for once.

    Lines are looked for in what is committed: that of the working tree would have to
    go through filters that the repository chooses. A line that is changed has no age.
    """

    def __init__(self, today: date) -> None:
        self._today = today
        self._git = shutil.which("git")
        self._files: dict[str, list[tuple[int, str, date]]] = {}

    def age(self, path: str, text: str, line: int) -> int | None:
        """How many days ago a line was written: the nearest that reads so."""
        if self._git is None:
            return None
        if path not in self._files:
            self._files[path] = self._lines(self._git, os.path.abspath(path))
        same = [(abs(at - line), day) for at, found, day in self._files[path] if found == text]
        return max((self._today - min(same)[1]).days, 0) if same else None

    def _lines(self, git: str, path: str) -> list[tuple[int, str, date]]:
        folder, name = os.path.split(path)
        try:
            done = subprocess.run(  # noqa: S603 (words of ours and the name of a file)
                [git, *_SAFE, "blame", "--no-textconv", "--line-porcelain", "HEAD", "--", name],
                cwd=folder,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                timeout=_TIMEOUT,
                check=False,
                env={**os.environ, "GIT_TERMINAL_PROMPT": "0", "GIT_NO_LAZY_FETCH": "1"},
            )
        except subprocess.TimeoutExpired:
            self._git = None  # the next file would take as long
            return []
        except OSError:
            return []
        return _read(done.stdout) if done.returncode == 0 else []


def _read(output: bytes) -> list[tuple[int, str, date]]:
    """Number, text and day of every line in what `git blame --line-porcelain` prints."""
    found = []
    number, day = 0, None
    for row in output.split(b"\n"):
        header = _HEADER.match(row)
        if row.startswith(b"\t"):
            if day is not None:
                text = row[1:].decode("utf-8", "replace").rstrip("\r")
                found.append((number, text, day))
        elif header:
            number, day = int(header[2]), None
        elif row.startswith(b"author-time "):
            day = _day(row[12:])
    return found


def _day(seconds: bytes) -> date | None:
    try:
        return datetime.fromtimestamp(int(seconds), timezone.utc).date()
    except (ValueError, OverflowError, OSError):
        return None

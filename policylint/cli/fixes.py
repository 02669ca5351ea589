"""`--fix` and `--diff`: what a run mends, or would mend, in its files."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import click

from policylint.cli.errors import UsageError
from policylint.fix import apply, compatible
from policylint.output.text import printable
from policylint.source import SourceFile, decode, encode

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from policylint.finding import Report

# One fix may make room for the next; a file needs few rounds.
_ROUNDS = 10


class Mended:
    """A run's files after their fixes, and how many fixes that took; `judge` finds what to mend."""

    def __init__(
        self,
        sources: Iterable[SourceFile],
        judge: Callable[[list[SourceFile]], Report],
        *,
        unsafe: bool,
    ) -> None:
        self._judge = judge
        self._unsafe = unsafe
        self.before = list(sources)
        self.fixes = 0
        self.after = [self._mend(source) for source in self.before]

    def diff(self) -> str:
        """What would change, as a patch."""
        from difflib import unified_diff

        lines: list[str] = []
        for old, new in zip(self.before, self.after, strict=True):
            if old.text != new.text:
                name = printable(old.path)
                lines += unified_diff(
                    old.text.splitlines(keepends=True),
                    new.text.splitlines(keepends=True),
                    f"a/{name}",
                    f"b/{name}",
                )
        ended = (line if line.endswith("\n") else f"{line}\n" for line in lines)
        return "".join(_visible(line) for line in ended)

    def write(self) -> None:
        """Write the files that changed; raises `UsageError` when one cannot be written."""
        changed = [
            (old, new)
            for old, new in zip(self.before, self.after, strict=True)
            if old.text != new.text
        ]
        for old, new in changed:
            write(old, new.text)
        if changed:
            files = f"{len(changed)} file{'' if len(changed) == 1 else 's'}"
            fixes = f"{self.fixes} problem{'' if self.fixes == 1 else 's'}"
            click.echo(f"fixed {fixes} in {files}", err=True)

    def _mend(self, source: SourceFile) -> SourceFile:
        for _ in range(_ROUNDS):
            report = self._judge([source])
            groups = [
                finding.edits
                for finding in report.findings
                if finding.fix is not None and (finding.fix.is_safe or self._unsafe)
            ]
            edits = compatible(group for group in groups if group)
            if not edits:
                break
            self.fixes += sum(bool(group) and set(group) <= set(edits) for group in groups)
            source = source.with_text(apply(source.text, edits))
        return source


def write(source: SourceFile, text: str) -> None:
    """Put a text into a file in one step; nothing is written when the file changed meanwhile."""
    if source.location.startswith("<"):
        raise UsageError("standard input cannot be written; --diff shows what would change")
    path = os.path.realpath(source.location)
    try:
        with open(path, "rb") as file:
            data = file.read()
        if decode(data)[0] != source.text:
            raise UsageError(f"{source.location}: changed while it was checked; run again")
        beside = f"{path}.policylint-{os.getpid()}"
        with open(beside, "xb") as file:
            file.write(encode(text, data))
        os.chmod(beside, os.stat(path).st_mode)
        os.replace(beside, path)
    except OSError as error:
        raise UsageError(f"{source.location}: cannot be written: {error.strerror}") from None


def _visible(line: str) -> str:
    body = line.rstrip("\r\n")
    return "\t".join(map(printable, body.split("\t"))) + "\n"

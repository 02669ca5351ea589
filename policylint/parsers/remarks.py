"""Comments of Dockerfiles that ask for exceptions: our suppressions, and other tools' remarks.

    # policylint: ignore[rule, rule] reason (until 2027-03-31)
    # hadolint ignore=DL3008

A comment stands on lines of its own. Ours holds for the instruction below it, or
around it between two lines of one, and for what the word says otherwise. Theirs hold
for what their tools make of them, and are only heeded when somebody asks for it.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from datetime import date
from typing import TYPE_CHECKING

from policylint.detect.dates import is_date
from policylint.dockerfile.remarks import find
from policylint.equivalents import equivalent
from policylint.model import Suppression
from policylint.parsers.suppressions import NOTHING_BELOW, find_remark, remark, scope_of
from policylint.patterns import regex
from policylint.source import Span

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from policylint.dockerfile.remarks import Remark
    from policylint.dockerfile.scanner import Dockerfile, Instruction
    from policylint.dockerfile.stages import Build, Stage

    _Key = tuple[str, str | None]

# What a shell may take for a comment, or a build for a word.
_IN_TEXT = regex(r"[ \t](?P<remark>#[ \t]*policylint:[ \t]*ignore[^\r\n]*)")
_DIRECTIVE = regex(r"#\s*(syntax|escape)\s*=", re.IGNORECASE)
# Tools that read lines, and so also those between the lines of an instruction.
_BY_LINE = ("kics", "semgrep")


def of_dockerfile(build: Build) -> Iterator[Suppression]:
    """The suppressions among the comments, and what was meant to be one."""
    file = build.file
    scopes = _Scopes(build)
    header = _header(file)
    for comment in file.comments:
        match = find_remark(comment.text)
        if match is None:
            continue
        at = comment.span.start
        late = _DIRECTIVE.match(file.text, header) if at < header else None
        if late is not None:
            why = f"stands above # {late[1]}=, which only the first lines can be: write it below"
            yield remark(match, at, why)
        else:
            yield remark(match, at, scopes.target(scope_of(match), at))
    for found in _IN_TEXT.finditer(file.text):
        at = found.start("remark")
        match = find_remark(found["remark"])
        if match is not None and scopes.is_in_words(at):
            yield remark(match, at, "# begins a comment on lines of their own only: write it above")


class Remarks:
    """The remarks of other tools in a file, by what they hold for."""

    def __init__(self, build: Build, tools: Collection[str], today: date) -> None:
        self._scopes = _Scopes(build)
        self._text = build.file.text
        # By the instruction or stage that they are for, None for all; then by tool and id.
        self._found: dict[Instruction | Stage | None, dict[_Key, Remark]] = {}
        for said in find(build.file, tools):
            if said.until is None or (
                is_date(said.until) and date.fromisoformat(said.until) >= today
            ):
                self._note(said)

    def __bool__(self) -> bool:
        return bool(self._found)

    def about(self, at: int, names: Collection[str]) -> Suppression | None:
        """The remark that takes back what begins at an offset and has these equivalents."""
        instruction = self._scopes.around(at)
        stage = self._scopes.stage(instruction) if instruction is not None else None
        places = (instruction, stage, None) if instruction is not None else (None,)
        for place in places:
            found = self._found.get(place, {})
            for name in names if found else ():
                tool = equivalent(name).tool.lower()
                said = found.get((tool, name.lower())) or found.get((tool, None))
                if said is not None:
                    return self._suppression(said)
        return None

    def _note(self, said: Remark) -> None:
        place: Instruction | Stage | None = None
        if said.scope == "file":
            if said.tool == "kics" and not self._scopes.is_first(said.span.start):
                return
        else:
            place = self._instruction(said)
            if said.scope == "stage" and place is not None:
                place = self._scopes.stage(place) if place.name == "FROM" else None
            if place is None:
                return
        here = self._found.setdefault(place, {})
        for name in (None,) if said.ids is None else said.ids:
            here.setdefault((said.tool, name), said)

    def _instruction(self, said: Remark) -> Instruction | None:
        """The instruction right below a remark, or around it; other comments may stand between."""
        at = said.span.start
        meant = self._scopes.meant(at)
        if meant is None or meant.start < at:
            return meant if said.tool in _BY_LINE else None
        above = meant.comments
        return meant if above and above[0].span.start <= at else None

    def _suppression(self, said: Remark) -> Suppression:
        words = self._text[said.span.start : said.span.end].strip()
        return Suppression("remark", said.scope, (), words, said.until, said.span)


class _Scopes:
    """What the places of a Dockerfile belong to."""

    def __init__(self, build: Build) -> None:
        self._file = build.file
        self._build = build
        self._starts = [instruction.start for instruction in build.file.instructions]

    def target(self, scope: str | None, at: int) -> Span | str:
        """What a comment's remark is about, from the comment on, or why there is no such thing."""
        if scope == "file":
            return Span(0, len(self._file.text) + 1)
        if scope == "object":
            return "there are no objects here: write ignore-stage or ignore-file"
        meant = self.meant(at)
        if scope == "stage":
            stage = self.stage(meant) if meant is not None else self._build.final
            return self._stretch(stage, at) if stage is not None else "stands in no stage"
        if meant is None:
            return NOTHING_BELOW
        return Span(min(at, meant.start), meant.extent.end)

    def meant(self, at: int) -> Instruction | None:
        """The instruction whose lines are around a comment, else the one below it."""
        instructions = self._file.instructions
        below = bisect_right(self._starts, at)
        if below and at < instructions[below - 1].span.end:
            return instructions[below - 1]
        return instructions[below] if below < len(instructions) else None

    def around(self, at: int) -> Instruction | None:
        """The instruction in which an offset lies, here-documents included."""
        before = bisect_right(self._starts, at)
        found = self._file.instructions[before - 1] if before else None
        return found if found is not None and at < found.extent.end else None

    def stage(self, instruction: Instruction) -> Stage | None:
        """The stage in which an instruction stands."""
        return self._build.stage_of(instruction)

    def is_first(self, at: int) -> bool:
        """Whether no instruction stands above an offset."""
        return not self._starts or at < self._starts[0]

    def is_in_words(self, at: int) -> bool:
        """Whether an offset is in the words of an instruction, not in quotes or comments."""
        found = self.around(at)
        if found is None or at >= found.span.end:
            return False
        text = self._file.text
        line = text[text.rfind("\n", 0, at) + 1 : at].strip()
        return (
            bool(line) and line[0] != "#" and line.count('"') % 2 == 0 and line.count("'") % 2 == 0
        )

    def _stretch(self, stage: Stage, at: int) -> Span:
        following = self._build.stages[stage.index + 1 : stage.index + 2]
        end = following[0].instruction.start if following else len(self._file.text) + 1
        return Span(min(at, stage.instruction.start), end)


def _header(file: Dockerfile) -> int:
    """Where the first directive stands that comments above it have made a comment; else 0."""
    end = file.directives[-1].span.end if file.directives else 0
    for comment in file.comments:
        start = comment.span.start
        if file.text[end:start].strip() or file.text.count("\n", end, start) > 1:
            return 0
        if _DIRECTIVE.match(comment.text):
            return start
        end = comment.span.end
    return 0

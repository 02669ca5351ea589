"""Which of BuildKit's own build checks a Dockerfile asks to leave out."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from policylint.named import NamedTuple
from policylint.patterns import regex

if TYPE_CHECKING:
    from policylint.dockerfile.scanner import Dockerfile, Instruction

_REMARK = regex(r"#[ \t]*check[ \t]*=(.*)", re.IGNORECASE)


class Checks(NamedTuple):
    """What a `check=` says: the checks to skip, or all of them, and whether findings are errors."""

    skip: frozenset[str] = frozenset()
    skip_all: bool = False
    error: bool = False

    def skips(self, name: str) -> bool:
        """Whether a check is left out; the case of its name does not matter."""
        return self.skip_all or name.lower() in self.skip


def parse(value: str) -> Checks:
    """Read `skip=A,B;error=true`, behind which `//` begins a remark."""
    skip: list[str] = []
    error = False
    for part in value.partition("//")[0].split(";"):
        key, _, listed = part.partition("=")
        if key.strip().lower() == "skip":
            skip += [name.strip().lower() for name in listed.split(",") if name.strip()]
        elif key.strip().lower() == "error":
            error = listed.strip().lower() in ("1", "t", "true")
    return Checks(frozenset(skip) - {"all"}, "all" in skip, error)


def of_file(dockerfile: Dockerfile) -> Checks:
    """What the directive says."""
    directive = dockerfile.directive("check")
    return parse(directive.value) if directive else Checks()


def of_instruction(instruction: Instruction) -> Checks:
    """What the comments directly above an instruction say."""
    found = Checks()
    for comment in instruction.comments:
        remark = _REMARK.match(comment.text)
        if remark:
            more = parse(remark.group(1))
            found = Checks(found.skip | more.skip, found.skip_all or more.skip_all, found.error)
    return found

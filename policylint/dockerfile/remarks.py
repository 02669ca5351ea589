"""Remarks in comments that ask other tools to leave something alone."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from policylint.dockerfile.checks import parse
from policylint.dockerfile.excerpt import Word
from policylint.named import NamedTuple
from policylint.patterns import regex
from policylint.source import Span

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from policylint.dockerfile.scanner import Dockerfile

TOOLS = ("buildkit", "checkov", "hadolint", "kics", "semgrep", "trivy")

_HEAD = regex(
    r"#\s*(?:(?P<hadolint>hadolint\s)|(?P<trivy>trivy:)|(?P<checkov>(?:checkov|bridgecrew):)"
    r"|(?P<kics>kics-scan\s)|(?P<semgrep>nosem)|(?P<buildkit>check\s*=))",
    re.IGNORECASE,
)
# In small letters: one of these is in every remark for the tool.
_MARKS = {
    "buildkit": ("check",), "checkov": ("checkov", "bridgecrew"), "hadolint": ("hadolint",),
    "kics": ("kics-scan",), "semgrep": ("nosem",), "trivy": ("trivy",),
}  # fmt: skip
_IDS = r"(?P<ids>[\w.-]+(?:\s*,\s*[\w.-]+)*)"
_FORMS = {
    "buildkit": regex(r"check\s*=(?P<ids>(?:.*;)?\s*skip\s*=.*)", re.IGNORECASE),
    "checkov": regex(rf"(?:checkov|bridgecrew):skip=\s*{_IDS}"),
    "hadolint": regex(rf"hadolint\s+(?P<file>global\s+)?ignore\s*=\s*{_IDS}"),
    "kics": regex(
        r"kics-scan\s+(?:(?P<line>ignore-line)|(?P<stage>ignore-block)"
        rf"|(?P<file>ignore(?![\w-])|disable\s*=\s*{_IDS}))"
    ),
    "semgrep": regex(rf"nosem(?:grep)?(?![\w-])(?:\s*:\s*{_IDS})?", re.IGNORECASE),
    "trivy": regex(
        r"trivy:ignore:(?P<ids>\*|[\w-]+\*?)(?::exp:(?P<until>\d{4}-\d\d-\d\d))?(?![\w:*-])"
    ),
}
_COMMA = regex(r"\s*,\s*")
_TRIVY = regex(r"(?:avd-)?ds-?(\d{1,6}|\*)", re.ASCII)


class Remark(NamedTuple):
    """What a comment asks of another tool, and its words in the file.

    It holds for the instruction (`line`), the stage or the file. `ids` are spelt as
    the rules' `equivalents` spell them, in lower case; None is all that the tool looks
    for. `until` is a date after which the tool takes no notice.
    """

    tool: str
    scope: str
    ids: tuple[str, ...] | None
    span: Span
    until: str | None = None


def find(file: Dockerfile, tools: Collection[str]) -> Iterator[Remark]:
    """The remarks for some tools, in the order of the file."""
    directive = file.directive("check")
    if directive is not None and "buildkit" in tools:
        start, end = directive.span
        word = Word(file.text[start:end], directive.span)
        for remark in _in_comment(word, ("buildkit",)):
            yield remark._replace(scope="file")
    marks = [mark for tool in tools for mark in _MARKS.get(tool, ())]
    for comment in file.comments:
        if any(map(comment.text.lower().__contains__, marks)):
            yield from _in_comment(comment, tools)


def _in_comment(comment: Word, tools: Collection[str]) -> Iterator[Remark]:
    head = _HEAD.match(comment.text)
    tool = head.lastgroup if head is not None else None
    if head is None or tool is None or tool not in tools:
        return
    form = _FORMS[tool]
    match = form.match(comment.text, head.start(tool))
    while match is not None:
        said = match.groupdict()
        ids = None if said["ids"] is None else _ids(tool, said["ids"])
        start, end = (comment.span.start + offset for offset in match.span())
        yield Remark(tool, _scope(tool, said), ids, Span(start, end), said.get("until"))
        match = form.search(comment.text, match.end())


def _scope(tool: str, said: dict[str, str | None]) -> str:
    if tool == "checkov" or said.get("file"):
        return "file"
    return "stage" if said.get("stage") else "line"


def _ids(tool: str, listed: str) -> tuple[str, ...] | None:
    """The ids in a list as the rules' equivalents spell them; None for all of the tool's."""
    listed = listed.lower()
    if tool == "buildkit":
        checks = parse(listed)
        return None if checks.skip_all else tuple(f"buildkit:{name}" for name in checks.skip)
    if tool == "trivy":
        return _trivy(listed)
    ids = _COMMA.split(listed)
    if tool == "semgrep":
        return tuple(f"semgrep:{name.rpartition('.')[2]}" for name in ids)
    if tool == "kics":
        from policylint.dockerfile.kics import QUERIES

        return tuple(f"kics:{QUERIES[name].lower()}" for name in ids if name in QUERIES)
    return tuple(ids)


def _trivy(name: str) -> tuple[str, ...] | None:
    """An id of trivy, in any of the spellings that it has had."""
    if name == "*":
        return None
    match = _TRIVY.fullmatch(name)
    if match is None:
        return ()
    return None if match[1] == "*" else (f"ds-{int(match[1]):04d}",)

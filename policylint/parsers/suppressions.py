"""Suppressions in definitions: remarks in comments, and labels where there are no comments.

    # policylint: ignore[rule, rule] reason (until 2027-03-31)
    "policylint.ignore/rule": "reason (until 2027-03-31)"

A remark holds for its line or, alone on a line, for the member below it;
`ignore-object`, `ignore-stage` and `ignore-file` say their scope in the word. A
label holds for the object that carries it. What looks like a remark and is none
is a suppression with a fault: nothing is dropped in silence.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from functools import lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING

from policylint.detect.dates import is_date
from policylint.model import Suppression, Value
from policylint.named import NamedTuple
from policylint.patterns import regex
from policylint.source import Span
from policylint.tree import Place
from policylint.workload import Workload

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from policylint.model import Node
    from policylint.source import SourceFile
    from policylint.tree import Tree
    from policylint.tree.yaml_text import YamlTree
    from policylint.workload import Label

MARK = "policylint"
LABEL = "policylint.ignore"

_REMARK = regex(r"#\s*policylint:\s*(?P<word>[\w-]*)\s*(?P<rules>\[[^\]]*\])?(?P<reason>.*)")
# Somewhere in a comment, or without the colon.
_NEAR = regex(r"(?P<word>policylint[\s:=-]{0,3}ignore[\w-]*)\s*(?P<rules>\[)(?P<reason>.*)")
_SCOPES = {
    "ignore": "line",
    "ignore-stage": "stage",
    "ignore-object": "object",
    "ignore-file": "file",
}
_UNTIL = regex(r"\(\s*until\b(?P<date>[^()]*)\)")
_LOOSE_UNTIL = regex(r"\(\s*until\b|\buntil:?\s+[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}\W*$")
NOTHING_BELOW = "nothing stands below it"
_WRITE_DATE = "write its date in brackets: (until 2027-03-31)"
_BLANKS = regex(r"(?:\s+|(?<=[\r\n])---(?=\s))*")
_SEPARATOR = regex(r"^(?:---|\.\.\.)(?=\s|$)", re.MULTILINE)
_EMPTY = regex(r"(?:---|\.\.\.)?(?:[ \t]*(?:[#%][^\r\n]*)?(?:\r\n|\r(?!\n)|\n|$))*")
_NAME = regex(r"[^\s,\[\]]+")


def of_labels(nodes: Iterable[Node], tree: Tree) -> Iterator[Suppression]:
    """The suppressions among the labels of workloads and their parts."""
    for workload in nodes:
        if not isinstance(workload, Workload):
            continue
        for label in _labels(workload):
            word, _, rule = label.name.partition("/")
            if word != LABEL or not isinstance(label.at, Place):
                continue
            at = tree.span(Place(label.at.path, key=True))
            target = tree.span(Place(label.at.path[:-2]))
            said = label.value.value if label.value.is_known else ""
            rules = (Value(rule, at),) if rule else ()
            found = suppression("label", "object", rules, said, at, target)._replace(
                subject=_subject(workload)
            )
            yield found if rule else found._replace(fault=f"names no rule: write {LABEL}/rule")


def of_comments(source: SourceFile, tree: YamlTree, nodes: Iterable[Node]) -> Iterator[Suppression]:
    """The suppressions among the comments of a YAML document."""
    remarks = _remarks(source.text)
    first, last = _reach(source.text, tree.span(Place(())))
    start, end = bisect_left(remarks, (first,)), bisect_right(remarks, (last,))
    if start == end:
        return
    from policylint.tree.yaml_comments import members

    scopes = _Scopes(source.text, members(tree, source.text), _objects(nodes, tree))
    for found in remarks[start:end]:
        subject = scopes.subject(found.below)
        yield remark(found.match, found.start, scopes.target(found))._replace(subject=subject)


def remark(match: re.Match[str], start: int, target: Span | str) -> Suppression:
    """The suppression that a comment states; `start` is the offset of the comment.

    `target` is what it is about, or why that is nothing.
    """
    at = Span(start + match.start("word"), start + match.end())
    if match.re.pattern == _NEAR.pattern:
        found = suppression("comment", "line", (), "", at, None)
        return found._replace(fault='a remark begins its comment with "policylint:"')
    rules = tuple(
        Value(name.group(), Span(base + name.start(), base + name.end()))
        for base in (start + match.start("rules"),)
        for name in _NAME.finditer(match["rules"] or "")
    )
    scope = scope_of(match)
    about = target if isinstance(target, Span) else None
    found = suppression("comment", scope or "line", rules, match["reason"], at, about)
    if scope is None:
        return found._replace(fault=f'no such word: "{match["word"]}"')
    if not rules:
        return found._replace(fault=f"names no rule: write {match['word']}[rule] and the reason")
    return found if isinstance(target, Span) else found._replace(fault=target)


def find_remark(comment: str) -> re.Match[str] | None:
    """The remark that a comment, from its `#` on, holds, or what was meant to be one."""
    return _REMARK.match(comment) or _NEAR.search(comment)


def scope_of(match: re.Match[str]) -> str | None:
    """What a remark holds for: line, stage, object or file; None when its word is none."""
    return _SCOPES.get(match["word"])


def suppression(
    form: str,
    scope: str,
    rules: tuple[Value[str], ...],
    said: str,
    at: Span,
    target: Span | None,
) -> Suppression:
    """A suppression from its words: the reason and, in brackets, a date."""
    dates = [match["date"].strip(" \t:=") for match in _UNTIL.finditer(said)]
    reason = " ".join(_UNTIL.sub(" ", said).split()).strip(" -:;,\u2013\u2014")
    until = dates[0] if dates else None
    fault = None
    if len(dates) > 1:
        fault = f"has {len(dates)} dates"
    elif until is not None and not is_date(until):
        fault = f'"{until}" is no date: write it as 2027-03-31'
    elif until is None and _LOOSE_UNTIL.search(said):
        fault = _WRITE_DATE
    return Suppression(form, scope, rules, reason, until, at, target, fault=fault)


def _labels(workload: Workload) -> Iterator[Label]:
    """The labels of a workload and its parts, each once."""
    seen = set()
    parts = (workload, *workload.containers, *workload.networks, *workload.ports)
    for label in (label for part in parts for label in getattr(part, "labels", ())):
        at = label.at
        if isinstance(at, Place) and at.path[-2:-1] == ("labels",) and at.path not in seen:
            seen.add(at.path)
            yield label


def _subject(workload: Workload) -> str | None:
    return workload.id.value if workload.id.is_known else None


class _Object(NamedTuple):
    """Where a workload stands, and its id."""

    start: int
    end: int
    id: str | None


def _objects(nodes: Iterable[Node], tree: Tree) -> list[_Object]:
    """The workloads in the order of the text."""
    return sorted(
        (
            _Object(*tree.span(Place(node.root)), _subject(node))
            for node in nodes
            if isinstance(node, Workload)
        ),
        key=lambda found: found[:2],
    )


class _Remark(NamedTuple):
    """A remark at its offset; `below` is the offset of what it is about."""

    start: int
    end: int
    below: int
    is_alone: bool
    match: re.Match[str]


class _Scopes:
    """What remarks hold for in one document."""

    def __init__(self, text: str, members: dict[int, Span], objects: list[_Object]) -> None:
        self._text = text
        self._members = members
        self._objects = objects

    def target(self, found: _Remark) -> Span | str:
        """The stretch of text whose findings a remark is about, or why there is none."""
        scope = scope_of(found.match)
        if scope == "stage":
            return "there are no stages here"
        if scope == "file":
            return Span(0, len(self._text) + 1)
        if scope == "object":
            owner = self._object(found.below)
            return Span(owner.start, owner.end) if owner else NOTHING_BELOW
        if found.is_alone:
            return self._members.get(found.below, NOTHING_BELOW)
        return Span(_line_start(self._text, found.start), found.end)

    def subject(self, below: int) -> str | None:
        """The id of the workload that a remark is in or above."""
        owner = self._object(below)
        return owner.id if owner else None

    def _object(self, below: int) -> _Object | None:
        """The workload around an offset, or the one that is the whole list item there."""
        after = bisect_right(self._objects, below, key=lambda found: found.start)
        if after and below <= self._objects[after - 1].end:
            return self._objects[after - 1]
        item = self._members.get(below)
        if item and after < len(self._objects) and self._objects[after].end == item.end:
            return self._objects[after]
        return None


# The documents of a stream ask for the same text one after the other.
@lru_cache(maxsize=1)
def _remarks(text: str) -> list[_Remark]:
    """The remarks in a text, in its order."""
    from policylint.tree.yaml_comments import comments

    found = []
    start, below = -1, len(text)
    for comment in reversed(comments(text)):
        blanks = _BLANKS.match(text, comment.span.end)
        end = blanks.end() if blanks else comment.span.end
        below = below if end == start else end
        start = comment.span.start
        match = find_remark(comment.text)
        if match is not None:
            about = below if comment.is_alone else _content(text, start)
            found.append(_Remark(start, comment.span.end, about, comment.is_alone, match))
    return found[::-1]


def _reach(text: str, whole: Span) -> tuple[int, int]:
    """From where to where comments belong to this document of a stream, `---` to `---`.

    Those before a stream's first `---`, or after its last one, belong to the next document.
    """
    parts = _parts(text)
    at = bisect_right(parts, whole.start, key=lambda part: part.start) - 1
    first = last = at
    while first and parts[first - 1].is_empty:
        first -= 1
    if all(parts[later].is_empty for later in range(at + 1, len(parts))):
        last = len(parts) - 1
    return parts[first].start, parts[last].end


class _Part(NamedTuple):
    """A stretch of a stream between two separators; an empty one has nothing but comments."""

    start: int
    end: int
    is_empty: bool


@lru_cache(maxsize=1)
def _parts(text: str) -> list[_Part]:
    starts = [match.start() for match in _SEPARATOR.finditer(text)]
    bounds = [0, *(start for start in starts if start), len(text)]
    return [
        _Part(start, end, bool(_EMPTY.fullmatch(text, start, end)))
        for start, end in pairwise(bounds)
    ]


def _content(text: str, at: int) -> int:
    """Where the content of a line begins that has something before an offset."""
    start = _line_start(text, at)
    return at - len(text[start:at].lstrip())


def _line_start(text: str, at: int) -> int:
    start = text.rfind("\n", 0, at) + 1
    return max(text.rfind("\r", start, at) + 1, start)

"""Suppressions in definitions: remarks in comments, and labels where there are no comments.

    # policylint: ignore[rule, rule] reason (until 2027-03-31)
    "policylint.ignore/rule": "reason (until 2027-03-31)"

A remark holds for its line or, alone on a line, for the member below it;
`ignore-object`, `ignore-stage` and `ignore-file` say their scope in the word. A
label holds for the object that carries it.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from functools import lru_cache
from typing import TYPE_CHECKING

from policylint.detect.dates import is_date
from policylint.model import Suppression, Value, Workload
from policylint.source import Span
from policylint.tree import Place

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from policylint.model import Node
    from policylint.source import SourceFile
    from policylint.tree import Tree
    from policylint.tree.yaml_comments import Comment
    from policylint.tree.yaml_text import YamlTree

MARK = "policylint:"
LABEL = "policylint.ignore/"

_REMARK = re.compile(r"#\s*policylint:\s*(?P<word>[\w-]*)\s*(?P<rules>\[[^\]]*\])?(?P<reason>.*)")
_SCOPES = {
    "ignore": "line",
    "ignore-stage": "stage",
    "ignore-object": "object",
    "ignore-file": "file",
}
_UNTIL = re.compile(r"\(\s*until:?\s+(?P<date>[^()]*?)\s*\)\s*$")
_BLANKS = re.compile(r"\s*")
_SEPARATOR = re.compile(r"^(?:---|\.\.\.)(?=\s|$)", re.MULTILINE)
_NAME = re.compile(r"[^\s,\[\]]+")


def of_labels(nodes: Iterable[Node], tree: Tree) -> Iterator[Suppression]:
    """The suppressions among the labels of workloads."""
    for node in nodes:
        if not isinstance(node, Workload):
            continue
        target = tree.span(Place(node.root))
        for label in node.labels:
            if label.name.startswith(LABEL) and isinstance(label.at, Place):
                at = tree.span(Place(label.at.path, key=True))
                name = Value(label.name.removeprefix(LABEL), at)
                said = label.value.value if label.value.is_known else ""
                yield suppression("label", "object", (name,), said, at, target)


def of_comments(source: SourceFile, tree: YamlTree, nodes: Iterable[Node]) -> Iterator[Suppression]:
    """The suppressions among the comments of a YAML document."""
    from policylint.tree.yaml_comments import members

    text = source.text
    whole = tree.span(Place(()))
    objects = [tree.span(Place(node.root)) for node in nodes if isinstance(node, Workload)]
    below_of = members(tree, text)
    first, last = _reach(text, whole)
    for comment, match, below in _remarks(text):
        start = comment.span.start
        if not first <= start <= last:
            continue
        scope = _SCOPES.get(match["word"], "line")
        target: Span | None = Span(start - _column(text, start), comment.span.end)
        if scope == "stage":
            target = None
        elif scope == "file":
            target = Span(0, len(text) + 1)
        elif scope == "object":
            target = next((span for span in objects if span.start <= below <= span.end), None)
        elif comment.is_alone:
            target = below_of.get(below)
        yield remark(match, start, target)


def remark(match: re.Match[str], start: int, target: Span | None) -> Suppression:
    """The suppression that a comment states; `start` is the offset of the comment."""
    at = Span(start + match.start("word"), start + match.end())
    rules = tuple(
        Value(name.group(), Span(base + name.start(), base + name.end()))
        for base in (start + match.start("rules"),)
        for name in _NAME.finditer(match["rules"] or "")
    )
    scope = _SCOPES.get(match["word"])
    found = suppression("comment", scope or "line", rules, match["reason"], at, target)
    if scope is None:
        return found._replace(fault=f'no such word: "{match["word"]}"')
    if not rules:
        return found._replace(fault=f"names no rule: write {match['word']}[rule] and the reason")
    if scope == "stage" and target is None:
        return found._replace(fault="there are no stages here")
    return found if target is not None else found._replace(fault="nothing stands below it")


def find_remark(comment: str) -> re.Match[str] | None:
    """The remark that a comment, from its `#` on, holds."""
    return _REMARK.match(comment)


def suppression(
    form: str,
    scope: str,
    rules: tuple[Value[str], ...],
    said: str,
    at: Span,
    target: Span | None,
) -> Suppression:
    """A suppression from its words: the reason and, in brackets at the end, a date."""
    match = _UNTIL.search(said)
    reason = (said[: match.start()] if match else said).strip(" \t-:;,\u2013\u2014")
    until = match["date"] if match else None
    fault = None
    if until is not None and not is_date(until):
        fault = f'"{until}" is no date: write it as 2027-03-31'
    return Suppression(form, scope, rules, reason, until, at, target, fault=fault)


# The documents of a stream ask for the same text one after the other.
@lru_cache(maxsize=1)
def _remarks(text: str) -> list[tuple[Comment, re.Match[str], int]]:
    """The remarks in a text, each with the offset of the next thing that is no comment."""
    from policylint.tree.yaml_comments import comments

    found = []
    start, below = -1, len(text)
    for comment in reversed(comments(text)):
        blanks = _BLANKS.match(text, comment.span.end)
        end = blanks.end() if blanks else comment.span.end
        below = below if end == start else end
        start = comment.span.start
        match = _REMARK.match(comment.text)
        if match is not None:
            found.append((comment, match, below if comment.is_alone else start))
    return found[::-1]


def _reach(text: str, whole: Span) -> tuple[int, int]:
    """From where to where comments belong to this document of a stream, `---` to `---`."""
    lines = _separators(text)
    after = bisect_left(lines, whole.end)
    before = bisect_left(lines, whole.start)
    return (lines[before - 1] if before else 0), (lines[after] if after < len(lines) else len(text))


@lru_cache(maxsize=1)
def _separators(text: str) -> list[int]:
    return [match.start() for match in _SEPARATOR.finditer(text)]


def _column(text: str, at: int) -> int:
    return at - (max(text.rfind("\n", 0, at), text.rfind("\r", 0, at)) + 1)

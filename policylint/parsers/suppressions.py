"""Suppressions in definitions: remarks in comments, and labels where there are no comments.

    # policylint: ignore[rule, rule] reason (until 2027-03-31)
    "policylint.ignore/rule": "reason (until 2027-03-31)"

A remark holds for its line or, alone on a line, for the member below it;
`ignore-object`, `ignore-stage` and `ignore-file` say their scope in the word. A
label holds for the object that carries it.
"""

from __future__ import annotations

import re
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
    from policylint.tree.yaml_comments import comments, member_at

    text = source.text
    whole = tree.span(Place(()))
    objects = [tree.span(Place(node.root)) for node in nodes if isinstance(node, Workload)]
    for comment in comments(text):
        match = _REMARK.match(comment.text)
        if match is None or not _is_near(comment.span, whole, text):
            continue
        start = comment.span.start
        below = _next_content(text, comment.span.end) if comment.is_alone else start
        scope = _SCOPES.get(match["word"], "line")
        target: Span | None = Span(start - _column(text, start), comment.span.end)
        if scope == "stage":
            target = None
        elif scope == "file":
            target = Span(0, len(text) + 1)
        elif scope == "object":
            target = next((span for span in objects if span.start <= below <= span.end), None)
        elif comment.is_alone:
            target = member_at(tree, text, below)
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


def _is_near(comment: Span, whole: Span, text: str) -> bool:
    """Whether a comment belongs to this document of a stream: in it, or between it and `---`."""
    if whole.start <= comment.start <= whole.end:
        return True
    first, last = sorted((comment.start, whole.start if comment.start < whole.start else whole.end))
    return not re.search(r"^(?:---|\.\.\.)(?:\s|$)", text[first:last], re.MULTILINE)


def _next_content(text: str, at: int) -> int:
    """The offset of the next thing after a comment that is neither blank nor a comment."""
    match = re.compile(r"(?:\s|#[^\r\n]*)*").match(text, at)
    return match.end() if match else at


def _column(text: str, at: int) -> int:
    return at - (max(text.rfind("\n", 0, at), text.rfind("\r", 0, at)) + 1)

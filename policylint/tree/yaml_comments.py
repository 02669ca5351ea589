"""Comments in YAML text, which the readers drop, and the member that a line begins.

Only read when a text holds something that wants a comment.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import yaml

from policylint.named import NamedTuple
from policylint.patterns import regex
from policylint.source import Span

if TYPE_CHECKING:
    from collections.abc import Iterator

    from policylint.tree.yaml_text import YamlTree

_LINE_END = regex(r"[\r\n]")
_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class Comment(NamedTuple):
    """A comment from its `#` to the end of the line; `is_alone` when nothing stands before it."""

    text: str
    span: Span
    is_alone: bool


def comments(text: str) -> list[Comment]:
    """The comments of a text that can be read; a `#` inside a scalar is text."""
    found: list[Comment] = []
    end = 0
    for token in [*_tokens(text), None]:
        start = len(text) if token is None else token.start_mark.index
        found += _comments_between(text, end, start)
        end = start if token is None else max(end, token.end_mark.index)
    return found


def members(tree: YamlTree, text: str) -> dict[int, Span]:
    """Every member and list item by the offset at which it begins, the outermost one there."""
    found: dict[int, Span] = {}
    _collect(tree, tree.root, text, found, set())
    return found


def _tokens(text: str) -> Iterator[yaml.Token]:
    loader = _Loader(text)
    try:
        while loader.check_token():
            token = loader.get_token()
            # The end of a block is where the next thing begins, past the comments.
            if token.end_mark.index > token.start_mark.index:
                yield token
    finally:
        loader.dispose()


def _comments_between(text: str, start: int, end: int) -> Iterator[Comment]:
    at = text.find("#", start, end)
    while at >= 0:
        line_end = _LINE_END.search(text, at, end)
        stop = line_end.start() if line_end else end
        if at == 0 or text[at - 1] in " \t\r\n\ufeff":
            yield Comment(text[at:stop], Span(at, stop), _is_alone(text, at))
        at = text.find("#", stop, end)


def _is_alone(text: str, at: int) -> bool:
    while at and text[at - 1] in " \t\ufeff":
        at -= 1
    return at == 0 or text[at - 1] in "\r\n"


def _collect(
    tree: YamlTree, node: yaml.Node, text: str, found: dict[int, Span], seen: set[int]
) -> None:
    if id(node) in seen:  # an alias
        return
    seen.add(id(node))
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            end = max(tree.end(key), tree.end(value))
            found.setdefault(key.start_mark.index, Span(key.start_mark.index, end))
            _collect(tree, value, text, found, seen)
    elif isinstance(node, yaml.SequenceNode):
        for item in node.value:
            first = item.start_mark.index
            dash = text.rfind("-", 0, first) if not node.flow_style else first
            for start in (dash, first):
                found.setdefault(start, Span(start, tree.end(item)))
            _collect(tree, item, text, found, seen)

"""Comments in YAML text, which the readers drop, and the member that a line begins.

Only read when a text holds something that wants a comment.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import yaml

from policylint.source import Span

if TYPE_CHECKING:
    from collections.abc import Iterator

    from policylint.tree.yaml_text import YamlTree

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


def member_at(tree: YamlTree, text: str, start: int) -> Span | None:
    """The whole member or list item that begins at an offset, the outermost one."""
    return _member(tree, tree.root, text, start)


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
        line_end = min(_line_end(text, at), end)
        if at == 0 or text[at - 1] in " \t\r\n\ufeff":
            before = text[_line_start(text, at) : at]
            yield Comment(text[at:line_end], Span(at, line_end), not before.strip())
        at = text.find("#", line_end, end)


def _line_start(text: str, at: int) -> int:
    return max(text.rfind("\n", 0, at), text.rfind("\r", 0, at)) + 1


def _line_end(text: str, at: int) -> int:
    ends = [end for end in (text.find("\n", at), text.find("\r", at)) if end >= 0]
    return min(ends, default=len(text))


def _member(tree: YamlTree, node: yaml.Node, text: str, start: int) -> Span | None:
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            end = max(tree.end(key), tree.end(value))
            if key.start_mark.index == start:
                return Span(start, end)
            if key.start_mark.index < start < end:
                return _member(tree, value, text, start)
    elif isinstance(node, yaml.SequenceNode):
        for item in node.value:
            first = item.start_mark.index
            dash = text.rfind("-", 0, first) if not node.flow_style else first
            if start in (dash, first):
                return Span(start, tree.end(item))
            if first < start < tree.end(item):
                return _member(tree, item, text, start)
    return None

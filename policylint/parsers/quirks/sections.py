"""Sections of templates: two places that no rendering has together do not contradict each other."""

from __future__ import annotations

from bisect import bisect_right
from typing import TYPE_CHECKING

from policylint.model import UNKNOWN, Conflict, DroppedSetting
from policylint.patterns import regex
from policylint.workload import Secret, Workload

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from policylint.model import At, Node
    from policylint.source import Span

_TAG = regex(
    r"\{\{\{?\s*(?P<open>[#^])(?P<name>[^{}]*)\}\}|\{\{\{?\s*(?P<close>/)[^{}]*\}\}"
    r"|\{%[-+]?\s*(?P<word>if|for|elif|else|end\w*)\b(?P<condition>[^%]*)%\}"
)

# Deeper sections are taken for one: a text may open hundreds of thousands.
_DEEPEST = 32

_Sections = tuple[str, ...]


def compatible(nodes: Iterable[Node], text: str, span: Callable[[At], Span]) -> Iterator[Node]:
    """The nodes of a template without contradictions between sections that exclude each other.

    A workload in it has one more secret, the name of which nobody knows.
    """
    ends, sections = _read(text)

    def around(at: At) -> _Sections:
        return sections[bisect_right(ends, span(at).start)]

    for node in nodes:
        if isinstance(node, (Conflict, DroppedSetting)):
            here = around(node.at)
            if any(_are_apart(here, around(at)) for at, _ in node.others):
                continue
        elif isinstance(node, Workload):
            # Another rendering may define further secrets.
            node = node._replace(secrets=(*node.secrets, Secret(UNKNOWN, None, node.at)))
        yield node


def _are_apart(one: _Sections, other: _Sections) -> bool:
    """Whether each lies in a section that the other one is not in."""
    shorter = min(len(one), len(other))
    return one[:shorter] != other[:shorter]


def _read(text: str) -> tuple[list[int], list[_Sections]]:
    """Where sections change, and which are open before the first change and after each."""
    ends: list[int] = []
    sections: list[_Sections] = [()]
    around: list[str] = []
    for tag in _TAG.finditer(text):
        word = tag["word"]
        if tag["open"]:
            around.append(f"{tag['open']}{tag['name'].strip()}")
        elif word in ("if", "for"):
            around.append(f"{word}{tag['condition']}")
        elif around:
            around.pop()
            if word in ("elif", "else"):
                around.append(f"{word} at {tag.start()}")
        ends.append(tag.end())
        sections.append(tuple(around[:_DEEPEST]))
    return ends, sections

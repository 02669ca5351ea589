"""Files to documents, and documents to the nodes that rules look at."""

from __future__ import annotations

from typing import TYPE_CHECKING

from policylint.model import ReadProblem, RepeatedKey
from policylint.parsers.recognise import APP, APP_LIST, GROUP, kind_of, looks_ours, may_be_ours
from policylint.source import Span
from policylint.tree import Place, Unreadable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from policylint.model import At, Node
    from policylint.source import SourceFile
    from policylint.tree import Tree

_YAML_ENDINGS = (".yaml", ".yml")
_FREE_MAPS = frozenset({"env", "environment", "labels", "options", "secrets"})


class Document:
    """One definition of a file: its kind, its nodes and the way to their places."""

    __slots__ = ("_tree", "kind", "nodes", "source")

    def __init__(
        self, source: SourceFile, kind: str, nodes: tuple[Node, ...], tree: Tree | None = None
    ) -> None:
        self.source = source
        self.kind = kind
        self.nodes = nodes
        self._tree = tree

    def span(self, at: At) -> Span:
        """The stretch of text that a place names."""
        if isinstance(at, Span):
            return at
        return self._tree.span(at) if self._tree else Span(0, 0)

    def names(self, at: At) -> tuple[str | int, ...]:
        """The path of a place with list items under their own names, for fingerprints."""
        return _named(self._tree.value, at.path) if self._tree and isinstance(at, Place) else ()


def parse(source: SourceFile) -> list[Document]:
    """The documents of a file that are ours; none when it is somebody else's."""
    if source.error is not None:
        offset = source.error.offset
        problem = ReadProblem(source.error.message, Span(offset, offset))
        return [_unreadable(source, problem)] if _claims(source) else []
    if source.kind is None and not may_be_ours(source.text):
        return _blank(source)
    try:
        trees = _read(source)
    except Unreadable as error:
        problem = ReadProblem(error.message, error.span)
        return [_unreadable(source, problem)] if _claims(source) else []
    return [document for tree in trees if (document := _document(source, tree)) is not None]


def _read(source: SourceFile) -> list[Tree]:
    from policylint.tree.json_text import JsonTree

    text = source.text
    looks_like_json = text.lstrip()[:1] in ("{", "[")
    if not source.name.endswith(_YAML_ENDINGS) and (looks_like_json or source.kind is None):
        return [JsonTree(text)] if looks_like_json else []
    if looks_like_json:  # JSON under a YAML name: JSON's own reader keeps to JSON's own rules
        try:
            return [JsonTree(text)]
        except Unreadable:
            pass
    from policylint.tree import yaml_text

    return list(yaml_text.read(text))


def _document(source: SourceFile, tree: Tree) -> Document | None:
    kind = source.kind or kind_of(tree.value)
    if kind is None:
        return None
    repeated = tuple(
        RepeatedKey(key.name, key.at, key.first, key.exact)
        for key in tree.repeated()
        if key.exact or not _FREE_MAPS.intersection(key.path[-1:])
    )
    if not isinstance(tree.value, (dict, list)):
        problem = ReadProblem(f"not a definition: no {kind} is a lone value", tree.span(Place(())))
        return Document(source, kind, (problem,), tree)
    return Document(source, kind, (*repeated, *_workloads(kind, tree.value)), tree)


def _workloads(kind: str, raw: dict[str, object] | list[object]) -> Iterator[Node]:
    from policylint.parsers import marathon
    from policylint.parsers.members import Members

    if isinstance(raw, list):
        yield from marathon.apps(raw, ())
        return
    read: dict[str, Callable[[Members], Iterator[Node]]] = {
        GROUP: marathon.group,
        APP: lambda members: iter((marathon.app(members),)),
        APP_LIST: marathon.group,
    }
    yield from read[kind](Members(raw, ()))


def _claims(source: SourceFile) -> bool:
    return source.kind is not None or looks_ours(source.name, source.text)


def _blank(source: SourceFile) -> list[Document]:
    """A file without a word of ours: only its name can make it ours, and only when it is empty."""
    if source.text.strip() or not looks_ours(source.name, ""):
        return []
    return [_unreadable(source, ReadProblem("the file is empty", Span(0, 0)))]


def _unreadable(source: SourceFile, problem: ReadProblem) -> Document:
    return Document(source, source.kind or "unknown", (problem,))


def _named(value: object, path: tuple[str | int, ...]) -> tuple[str | int, ...]:
    names: list[str | int] = []
    for step in path:
        if isinstance(value, list) and isinstance(step, int) and step < len(value):
            value = value[step]
            names.append(_own_name(value))
        else:
            value = value.get(step) if isinstance(value, dict) else None
            names.append(step)
    return tuple(names)


def _own_name(item: object) -> str:
    """What a list item is called: by the member that tells it from its neighbours."""
    if isinstance(item, dict):
        for key in ("id", "name", "containerPath", "key", "containerPort", "port", "uri"):
            if isinstance(item.get(key), (str, int)):
                return f"{key}={item[key]}"
        return ""
    return str(item) if isinstance(item, (str, int, float)) else ""

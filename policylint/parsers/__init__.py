"""Files to documents, and documents to the nodes that rules look at."""

from __future__ import annotations

from typing import TYPE_CHECKING

from policylint.detect.placeholders import template_stem
from policylint.dockerfile import names
from policylint.source import Span
from policylint.tree import Place

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import date

    from policylint.dockerfile.stages import Build
    from policylint.model import At, Node, Suppression
    from policylint.parsers.remarks import Remarks
    from policylint.parsers.templates import Values
    from policylint.source import SourceFile
    from policylint.tree import Tree

DOCKERFILE = "dockerfile"
# What the kind of a file may be said to be.
KINDS = (
    "app", "app-list", "group", "pod", "pod-list", "job", "job-list", "schedule", DOCKERFILE,
)  # fmt: skip


class Document:
    """One definition of a file: its kind, its nodes and the way to their places."""

    __slots__ = ("_tree", "kind", "nodes", "source", "suppressions")

    def __init__(
        self,
        source: SourceFile,
        kind: str,
        nodes: tuple[Node, ...],
        tree: Tree | None = None,
        suppressions: tuple[Suppression, ...] = (),
    ) -> None:
        self.source = source
        self.kind = kind
        self.nodes = nodes
        self.suppressions = suppressions
        self._tree = tree

    @property
    def tree(self) -> Tree | None:
        """The values and their places; None for a file that could not be read."""
        return self._tree

    def span(self, at: At) -> Span:
        """The stretch of text that a place names."""
        if isinstance(at, Span):
            return at
        return self._tree.span(at) if self._tree else Span(0, 0)

    def names(self, at: At) -> tuple[str | int, ...]:
        """The path of a place with list items under their own names, for fingerprints."""
        return _named(self._tree.value, at.path) if self._tree and isinstance(at, Place) else ()

    def remarks(self, tools: Collection[str], today: date) -> Remarks | None:  # noqa: ARG002
        """The remarks for other tools in it that hold today, if there are any."""
        return None


def parse(
    source: SourceFile, values: Values | None = None, *, judged: bool = True
) -> list[Document]:
    """The documents of a file that are ours; none when it is somebody else's.

    `values` fill the placeholders of templates before anything is judged. What is not
    `judged` itself has the nodes of what it defines, without those on how it is written.
    """
    if _is_dockerfile(source) and (source.error is None or source.error.is_garbled):
        return [_dockerfile(source)]
    from policylint.parsers import definitions

    return definitions.parse(source, values, judged=judged)


def stem(source: SourceFile) -> str:
    """A file's name without the ending that makes it a template."""
    return template_stem(source.name) or source.name


class _DockerfileDocument(Document):
    """A Dockerfile, whose places are called by stage and instruction."""

    __slots__ = ("_build",)

    def __init__(self, source: SourceFile, build: Build, nodes: tuple[Node, ...]) -> None:
        suppressions = _in_comments(build) if "policylint" in source.text else ()
        super().__init__(source, DOCKERFILE, nodes, suppressions=suppressions)
        self._build = build

    def names(self, at: At) -> tuple[str | int, ...]:
        return self._build.names(self.span(at).start)

    def remarks(self, tools: Collection[str], today: date) -> Remarks | None:
        from policylint.parsers.remarks import Remarks

        return Remarks(self._build, tools, today) or None


def _is_dockerfile(source: SourceFile) -> bool:
    if source.kind is not None:
        return source.kind == DOCKERFILE
    name = stem(source)
    return names.is_named(name) and names.is_ours(name, source.text)


def _dockerfile(source: SourceFile) -> Document:
    from policylint.parsers import dockerfile

    return _DockerfileDocument(source, *dockerfile.nodes(source))


def _in_comments(build: Build) -> tuple[Suppression, ...]:
    from policylint.parsers.remarks import of_dockerfile

    return tuple(of_dockerfile(build))


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

"""Definitions written in a test, read by the real parsers."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from policylint.parsers import Document, parse
from policylint.source import SourceFile
from policylint.workload import Container, Workload

if TYPE_CHECKING:
    from collections.abc import Iterator

    from policylint.model import Node


def documents(definition: object, name: str = "marathon.json", **options: Any) -> list[Document]:
    """The documents of a definition, given as a value or as text."""
    text = definition if isinstance(definition, str) else json.dumps(definition)
    return parse(SourceFile(name, text, **options))


def nodes(definition: object, name: str = "marathon.json") -> list[Node]:
    """Every node of a definition, in order."""
    tops = [top for document in documents(definition, name) for top in document.nodes]
    return [node for top in tops for node in walk(top)]


def walk(node: Node) -> Iterator[Node]:
    """A node and those below it, in the order of the definition."""
    yield node
    for part in type(node).PARTS:
        below = getattr(node, part)
        for child in below if isinstance(below, tuple) else (below,):
            if child is not None:
                yield from walk(child)


def workloads(definition: object, name: str = "marathon.json") -> list[Workload]:
    """The workloads of a definition."""
    return [node for node in nodes(definition, name) if isinstance(node, Workload)]


def workload(definition: object, name: str = "marathon.json") -> Workload:
    """The only workload of a definition."""
    (only,) = workloads(definition, name)
    return only


def container(definition: object) -> Container:
    """The only container of the only workload."""
    (only,) = workload(definition).containers
    return only


def docker(*parameters: tuple[str, str], **fields: object) -> dict[str, Any]:
    """An app in the Docker engine with parameters and further fields of `docker`."""
    listed = [{"key": key, "value": value} for key, value in parameters]
    return {"id": "/a", "container": {"docker": {"image": "r/a:1", "parameters": listed, **fields}}}


def job(**run: object) -> dict[str, Any]:
    """A Metronome job."""
    return {"id": "a", "run": {"cpus": 0.1, "mem": 32, "disk": 0, **run}}


def pod(*containers: dict[str, Any], **fields: object) -> dict[str, Any]:
    """A pod; containers get a name and resources."""
    named = [
        {"name": f"c{index}", "resources": {"cpus": 0.1, "mem": 32}, **container}
        for index, container in enumerate(containers)
    ]
    return {"id": "/p", "containers": named, **fields}


def text_at(definition: object, node: Any) -> str:
    """The text at the place of a node or a value."""
    (document,) = documents(definition)
    span = document.span(node.at)
    return document.source.text[span.start : span.end]

"""App, group, pod and job definitions: JSON and YAML to documents."""

from __future__ import annotations

from typing import TYPE_CHECKING

from policylint.detect.placeholders import template_stem
from policylint.dockerfile import names
from policylint.model import Hole, ReadProblem, RepeatedKey, UnknownKind
from policylint.parsers import Document, quirks, recognise, stem
from policylint.source import Span
from policylint.tree import Place, Unreadable

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from policylint.model import Node, Suppression
    from policylint.parsers.recognise import Part
    from policylint.parsers.templates import Values
    from policylint.source import SourceFile
    from policylint.tree import Tree
    from policylint.tree.lenient import Mistake

_YAML_ENDINGS = (".yaml", ".yml")
_FREE_MAPS = frozenset({"env", "environment", "labels", "options", "secrets"})
_EMPTY = ReadProblem("the file is empty", Span(0, 0))


def parse(source: SourceFile, values: Values | None, *, judged: bool) -> list[Document]:
    """The documents of a file that is no Dockerfile."""
    if source.error is not None:
        offset = source.error.offset
        return _unreadable(source, ReadProblem(source.error.message, Span(offset, offset)))
    if source.kind is None and not recognise.may_be_ours(source.text, source.name):
        return []
    if not source.text.strip():
        return _unreadable(source, _EMPTY)
    try:
        trees = _read(source)
    except Unreadable as error:
        return _read_leniently(source, error, values)
    found = [_document(source, tree, values, judged=judged) for tree in trees]
    if not found and source.kind is not None:
        return _unreadable(source, ReadProblem(f"holds no {source.kind}", Span(0, 0)))
    return [document for document in found if document is not None]


def _read(source: SourceFile) -> list[Tree]:
    from policylint.tree.json_text import JsonTree

    if _is_json(source):
        return [JsonTree(source.text)]
    if not _may_be_yaml(source):
        return [JsonTree(source.text)] if stem(source).endswith(".json") else []
    from policylint.tree import yaml_text

    if _begins_like_json(source.text):
        try:  # JSON under a YAML name: JSON's own reader keeps to JSON's own rules
            return [JsonTree(source.text)]
        except Unreadable:
            pass
    return list(yaml_text.read(source.text))


def _is_json(source: SourceFile) -> bool:
    return _begins_like_json(source.text) and not stem(source).endswith(_YAML_ENDINGS)


def _may_be_yaml(source: SourceFile) -> bool:
    is_named = stem(source).endswith(_YAML_ENDINGS) or source.name.startswith("<")
    return is_named or source.kind is not None


def _begins_like_json(text: str) -> bool:
    return text.lstrip()[:1] in ("{", "[", "/")


def _read_leniently(source: SourceFile, error: Unreadable, values: Values | None) -> list[Document]:
    """What can still be seen of text that is not quite JSON, or of a template."""
    if not _claims(source):
        return []
    from policylint.tree.lenient import MendedTree, mend

    refused = ReadProblem(error.message, error.span)
    mended = mend(source.text)
    is_template = _is_template(source) or mended.has_statements
    if _begins_like_json(mended.text):
        try:
            tree = MendedTree(mended)
        except Unreadable as second:
            refused = refused if not mended.mistakes else ReadProblem(second.message, second.span)
        else:
            document = _document(source, tree, values, is_template=is_template)
            problems = tuple(map(_not_strict, mended.mistakes))
            if document is not None:
                found: Iterable[Node] = document.nodes
                if mended.has_statements:
                    from policylint.parsers.quirks.sections import compatible

                    found = compatible(found, source.text, document.span)
                nodes = (*problems, *found)
                return [Document(source, document.kind, nodes, tree, document.suppressions)]
            return [Document(source, "unknown", problems, tree)] if problems else []
    if is_template or mended.holes:
        hole = Hole(error.message, error.span, is_template=is_template, is_linted=False)
        return [Document(source, source.kind or "template", (hole,))]
    return _unreadable(source, refused)


def _not_strict(mistake: Mistake) -> ReadProblem:
    times = f" ({mistake.times} times)" if mistake.times > 1 else ""
    return ReadProblem(
        f"not JSON: {mistake.message}{times}",
        mistake.span,
        "instead, take them out: Marathon and Metronome read strict JSON and refuse the file",
    )


def _document(
    source: SourceFile,
    tree: Tree,
    values: Values | None,
    *,
    is_template: bool = False,
    judged: bool = True,
) -> Document | None:
    raw = tree.value if values is None else values.fill(tree.value)
    if source.kind is not None:
        found = (source.kind, recognise.assume(source.kind, raw))
    else:
        known = recognise.recognise(raw)
        if known is None:
            return _unknown(source, raw, tree)
        found = known
    contradiction = recognise.contradiction(source.kind, raw) if source.kind is not None else None
    kind, parts = found
    if not parts:
        node = UnknownKind(f"no {kind}: neither an object nor a list of objects", Place(()))
        return Document(source, kind, (node,), tree)
    if contradiction is not None:
        parts = [*parts, *contradiction[1]]
    defined = tuple(node for part in parts for node in _nodes(part))
    if not judged:
        return Document(source, kind, defined, tree, tuple(_suppressions(source, tree, defined)))
    from policylint.parsers.quirks.deprecated import deprecated
    from policylint.parsers.texts import texts

    nodes = (
        *(_contradicted(kind, contradiction[0], raw) if contradiction is not None else ()),
        *_repeated(tree),
        *_holes(source, raw, is_template=is_template),
        *_structure(parts),
        *deprecated(parts),
        *defined,
        texts(raw, source.text if values is None else None),
    )
    return Document(source, kind, nodes, tree, tuple(_suppressions(source, tree, nodes)))


def _contradicted(stated: str, looks: str, raw: object) -> Iterator[UnknownKind]:
    at = Place(("id",)) if isinstance(raw, dict) and "id" in raw else Place((0, "id"))
    yield UnknownKind(f"is said to be of kind {stated}, and looks like {looks}", at)


def _structure(parts: list[Part]) -> Iterator[Node]:
    from policylint.parsers import structure

    for part in parts:
        # Only an app that stands alone can be a change of a stored one.
        partial = part.kind == recognise.APP and not part.path
        yield from structure.check(part.kind, part.raw, part.path, partial=partial)


def _unknown(source: SourceFile, raw: object, tree: Tree) -> Document | None:
    """A document of no kind: somebody else's, unless the file's name says otherwise."""
    if not recognise.has_own_name(source.name):
        return None
    why = recognise.why_unknown(raw)
    at = Place(("id",)) if isinstance(raw, dict) and "id" in raw else tree.span(Place(()))
    if isinstance(at, Span):
        at = Span(at.start, at.start + 1)
    return Document(source, "unknown", (UnknownKind(why, at),), tree) if why else None


def _suppressions(source: SourceFile, tree: Tree, nodes: tuple[Node, ...]) -> Iterator[Suppression]:
    if "policylint" not in source.text:
        return
    from policylint.parsers import suppressions

    yield from suppressions.of_labels(nodes, tree)
    if suppressions.MARK in source.text and not _is_json(source):
        from policylint.tree.yaml_text import YamlTree

        if isinstance(tree, YamlTree):
            yield from suppressions.of_comments(source, tree, nodes)


def _repeated(tree: Tree) -> Iterator[RepeatedKey]:
    for key in tree.repeated():
        if key.exact or _FREE_MAPS.isdisjoint(key.path[-1:]):
            yield RepeatedKey(key.name, key.at, key.first, key.exact)


def _holes(source: SourceFile, raw: object, *, is_template: bool) -> Iterator[Node]:
    from policylint.parsers.templates import holes

    yield from holes(raw, source.text, is_template=is_template or _is_template(source))


def _is_template(source: SourceFile) -> bool:
    return template_stem(source.name) is not None


def _nodes(part: Part) -> Iterator[Node]:
    from policylint.parsers.members import Members

    members = Members(part.raw, part.path)
    if part.kind == recognise.APP:
        from policylint.parsers import marathon

        app = marathon.app(members)
        yield app
        yield from quirks.of(app, members)
    elif part.kind == recognise.GROUP:
        from policylint.parsers import groups

        yield from groups.group(members)
    elif part.kind == recognise.POD:
        from policylint.parsers import pods

        pod = pods.pod(members)
        yield pod
        yield from quirks.of(pod, members)
    elif part.kind == recognise.JOB:
        from policylint.parsers import metronome

        job = metronome.job(members)
        yield job
        yield from quirks.of(job, members)
    elif part.kind == recognise.SCHEDULE:
        from policylint.parsers import metronome

        schedule = metronome.schedule(members)
        if schedule is not None:
            yield schedule


def _claims(source: SourceFile) -> bool:
    return (
        source.kind is not None
        or names.is_named(stem(source))
        or recognise.looks_ours(source.name, source.text)
    )


def _unreadable(source: SourceFile, problem: ReadProblem) -> list[Document]:
    return [Document(source, source.kind or "unknown", (problem,))] if _claims(source) else []

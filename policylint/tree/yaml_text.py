"""YAML text: one composed node graph gives the values and the places.

Values follow the core schema of YAML 1.2: `no`, `on`, `0777`, `1:30` and dates
are what they look like. Keys are always strings, as they will be in JSON.
"""

from __future__ import annotations

from math import isfinite
from typing import TYPE_CHECKING, Any

import yaml

from policylint.patterns import regex
from policylint.source import Span
from policylint.tree import (
    MAX_ALIAS_NODES,
    MAX_DEPTH,
    MAX_DOCUMENTS,
    Placeholder,
    Repeated,
    Unreadable,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from policylint.tree import Place

_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

_TAG = "tag:yaml.org,2002:"
_CORE = regex(
    r"(?P<null>~|null|Null|NULL|)"
    r"|(?P<bool>true|True|TRUE|false|False|FALSE)"
    r"|(?P<int>[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+)"
    r"|(?P<float>[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?"
    r"|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))"
)
# What such a value begins with.
_CORE_BEGINS = frozenset("~nNtTfF+-.0123456789")
# An anchor or a tag, and a comment after it, belong to the node but not to its value.
_PROPERTIES = regex(r"(?:[&!]\S*\s+(?:#[^\r\n]*[\r\n]\s*)*)+")
_MERGE = "<<"
# What YAML takes for blank: not every character that Unicode does.
_BLANKS = " \t\r\n"
# A number longer than this is no quantity of anything, and slow to print.
_MAX_DIGITS = 1000
# Indentation that can hold more levels than the limit: a list may stand at its key's column.
_INDENTATION = " " * (MAX_DEPTH // 2)
_DEEP = regex(rf"[\r\n\x85\u2028\u2029]{_INDENTATION}")


class YamlTree:
    """A YAML document's values and their places."""

    def __init__(self, text: str, root: yaml.Node) -> None:
        """Take over a composed document; raises `Unreadable` when its aliases explode."""
        self._text = text
        self.root = root
        self._built: dict[int, object] = {}
        self._repeated: list[Repeated] = []
        self._indexes: dict[int, dict[str | int, _Member]] = {}
        _refuse_growth(text, root)
        self.value: object = self._build(root, ())

    def repeated(self) -> list[Repeated]:
        """Keys that stand twice in one mapping, in the order of the text."""
        return sorted(self._repeated, key=lambda repeated: repeated.at)

    def span(self, place: Place) -> Span:
        """The stretch of text that a place names; its nearest ancestor's when it has none."""
        node = self.root
        for depth, step in enumerate(place.path, 1):
            found = self._index(node).get(step)
            if found is None:
                break
            key, node = found
            if place.key and depth == len(place.path):
                return self._node_span(key)
        return self._node_span(node)

    def _build(self, node: yaml.Node, path: tuple[str | int, ...]) -> object:
        # Anchored nodes are shared, and so are the values built from them.
        if id(node) not in self._built:
            self._built[id(node)] = self._value(node, path)
        return self._built[id(node)]

    def _value(self, node: yaml.Node, path: tuple[str | int, ...]) -> object:
        if not node.tag.startswith(_TAG):
            return Placeholder(
                self._text[node.start_mark.index : node.end_mark.index].rstrip(_BLANKS)
            )
        if isinstance(node, yaml.ScalarNode):
            return _scalar(node)
        if isinstance(node, yaml.SequenceNode):
            return [self._build(item, (*path, index)) for index, item in enumerate(node.value)]
        if isinstance(node, yaml.MappingNode) and not _is_braces(node):
            return self._mapping(node, path)
        return Placeholder(self._text[node.start_mark.index : node.end_mark.index])

    def _mapping(self, node: yaml.MappingNode, path: tuple[str | int, ...]) -> dict[str, object]:
        members: dict[str, object] = {}
        merged: dict[str, object] = {}
        exact: dict[str, yaml.Node] = {}
        folded: dict[str, yaml.Node] = {}
        for key, value in node.value:
            name = self._name(key)
            if name == _MERGE and _is_plain(key):
                for source in _merge_sources(value):
                    for inherited, built in self._mapping_of(source, path).items():
                        merged.setdefault(inherited, built)
                continue
            first = exact.get(name) or folded.get(name.lower())
            if first is not None:
                at, earlier = self._node_span(key), self._node_span(first)
                self._repeated.append(Repeated(path, name, at, earlier, name in exact))
            exact.setdefault(name, key)
            folded.setdefault(name.lower(), key)
            members[name] = self._build(value, (*path, name))
        for inherited, built in merged.items():
            members.setdefault(inherited, built)
        return members

    def _mapping_of(self, node: yaml.Node, path: tuple[str | int, ...]) -> dict[str, object]:
        built = self._build(node, path)
        return built if isinstance(built, dict) else {}

    def _index(self, node: yaml.Node) -> dict[str | int, _Member]:
        """The members of a mapping or the items of a list by their names."""
        found = self._indexes.get(id(node))
        if found is None:
            if isinstance(node, yaml.SequenceNode):
                found = {at: (item, item) for at, item in enumerate(node.value)}
            else:
                found = self._index_mapping(node) if isinstance(node, yaml.MappingNode) else {}
            self._indexes[id(node)] = found
        return found

    def _index_mapping(self, node: yaml.MappingNode) -> dict[str | int, _Member]:
        members: dict[str | int, _Member] = {}
        merged: dict[str | int, _Member] = {}
        for key, value in node.value:
            name = self._name(key)
            if name == _MERGE and _is_plain(key):
                for source in _merge_sources(value):
                    for inherited, member in self._index(source).items():
                        merged.setdefault(inherited, member)
            else:
                members[name] = key, value  # the last of repeated keys counts
        return {**merged, **members}

    def _name(self, key: yaml.Node) -> str:
        if isinstance(key, yaml.ScalarNode):
            return str(key.value)
        return self._text[key.start_mark.index : key.end_mark.index].rstrip(_BLANKS)

    def _node_span(self, node: yaml.Node) -> Span:
        start = node.start_mark.index
        properties = _PROPERTIES.match(self._text, start)
        if properties and properties.end() < node.end_mark.index:
            start = properties.end()
        return Span(start, max(start, self.end(node)))

    def end(self, node: yaml.Node) -> int:
        """The offset at which a node's own text ends."""
        # libyaml ends a block collection at the token after it.
        while isinstance(node, yaml.CollectionNode) and not node.flow_style and node.value:
            last = node.value[-1]
            node = last[1] if isinstance(last, tuple) else last
        start, end = node.start_mark.index, node.end_mark.index
        return int(start + len(self._text[start:end].rstrip(_BLANKS)))


_Member = tuple[yaml.Node, yaml.Node]


def read(text: str) -> list[YamlTree]:
    """The documents of a YAML stream, empty ones left out; raises `Unreadable`."""
    _refuse_surrogates(text)
    return [YamlTree(text, root) for root in _compose(text)]


class _Composer(_Loader):  # type: ignore[misc, valid-type]
    """Composes nodes, with the tags of the core schema and without path resolvers."""

    def resolve(self, kind: type, value: str, implicit: object) -> str:
        if kind is yaml.ScalarNode:
            if not isinstance(implicit, tuple) or not implicit[0]:
                return _TAG + "str"
            if value and value[0] not in _CORE_BEGINS:
                return _TAG + "str"
            match = _CORE.fullmatch(value)
            return _TAG + (match.lastgroup or "str" if match else "str")
        return _TAG + ("seq" if kind is yaml.SequenceNode else "map")

    def descend_resolver(self, current_node: object, current_index: object) -> None:
        pass

    def ascend_resolver(self) -> None:
        pass


def _compose(text: str) -> list[yaml.Node]:
    _refuse_depth(text)
    loader = _Composer(text)
    roots = []
    try:
        while loader.check_node():
            root = loader.get_node()
            if root.tag != _TAG + "null":
                roots.append(root)
            if len(roots) > MAX_DOCUMENTS:
                message = f"more than {MAX_DOCUMENTS} documents in one file"
                raise Unreadable(message, _clip(text, root.start_mark.index))
    except yaml.MarkedYAMLError as error:
        raise Unreadable(*_explain(text, error)) from None
    except yaml.reader.ReaderError as error:
        at = error.position if isinstance(error.position, int) else 0
        message = f"not YAML: character U+{_code(error):04X} is not allowed"
        raise Unreadable(message, _clip(text, _find(text, _code(error), at))) from None
    finally:
        loader.dispose()
    return roots


def _explain(text: str, error: yaml.MarkedYAMLError) -> tuple[str, Span]:
    at = _index(error.problem_mark or error.context_mark)
    problem = error.problem or "cannot be read"
    if "\\t" in problem or text[at : at + 1] == "\t":
        problem = "a tab where only blanks may indent"
    elif problem == "second occurrence":
        problem = "an anchor that is set already"
    return f"not YAML: {problem}", _clip(text, at)


def _index(mark: Any) -> int:
    return int(mark.index) if mark is not None else 0


def _clip(text: str, at: int) -> Span:
    at = min(at, len(text))
    return Span(at, min(at + 1, len(text)))


def _code(error: yaml.reader.ReaderError) -> int:
    character = error.character
    return character if isinstance(character, int) else ord(character)


def _find(text: str, code: int, fallback: int) -> int:
    # libyaml counts bytes here, so the character is looked up.
    at = text.find(chr(code))
    return at if at >= 0 else fallback


def _refuse_depth(text: str) -> None:
    """Refuse deep nesting before libyaml composes it: it would overflow the C stack."""
    likely = text.count("[") + text.count("{") + text.count("- ") + text.count("? ")
    is_deep = _INDENTATION in text and _DEEP.search(text)
    if likely <= MAX_DEPTH and not is_deep:
        return
    depth = 0
    loader = _Loader(text)
    try:
        while loader.check_event():
            event = loader.get_event()
            if isinstance(event, yaml.CollectionStartEvent):
                depth += 1
                if depth > MAX_DEPTH:
                    raise _too_deep(text, _index(event.start_mark))
            elif isinstance(event, yaml.CollectionEndEvent):
                depth -= 1
    except yaml.YAMLError:
        return  # composing says what is wrong, and gets no deeper than this has come
    finally:
        loader.dispose()


def _refuse_growth(text: str, root: yaml.Node) -> None:
    """Refuse aliases that grow into more than a definition has, or contain themselves."""
    sizes: dict[int, tuple[int, int]] = {}  # of nodes and of levels, aliases followed

    def measure(node: yaml.Node) -> tuple[int, int]:
        known = sizes.get(id(node))
        if known is not None:
            if not known[0]:
                at = node.start_mark.index
                raise Unreadable("an alias stands for a node that contains it", _clip(text, at))
            return known
        sizes[id(node)] = 0, 0
        nodes, levels = 1, 0
        for child in _children(node):
            below, deep = measure(child)
            nodes, levels = nodes + below, max(levels, deep)
        levels += isinstance(node, yaml.CollectionNode)
        if levels > MAX_DEPTH:
            raise _too_deep(text, node.start_mark.index)
        sizes[id(node)] = nodes, levels
        return nodes, levels

    nodes, _ = measure(root)
    if nodes - len(sizes) > MAX_ALIAS_NODES:
        message = f"aliases stand for more than {MAX_ALIAS_NODES} values"
        raise Unreadable(message, _clip(text, text.find("*")))


def _refuse_surrogates(text: str) -> None:
    """Refuse halves of characters, which no encoding of a file can hold: libyaml wants UTF-8."""
    try:
        text.encode()
    except UnicodeEncodeError as error:
        message = f"not YAML: character U+{ord(text[error.start]):04X} is not allowed"
        raise Unreadable(message, _clip(text, error.start)) from None


def _too_deep(text: str, at: int) -> Unreadable:
    return Unreadable(f"nested more than {MAX_DEPTH} levels deep", _clip(text, at))


def _children(node: yaml.Node) -> Iterator[yaml.Node]:
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            yield key
            yield value
    elif isinstance(node, yaml.SequenceNode):
        yield from node.value


def _merge_sources(value: yaml.Node) -> list[yaml.MappingNode]:
    sources = value.value if isinstance(value, yaml.SequenceNode) else [value]
    return [source for source in sources if isinstance(source, yaml.MappingNode)]


def _is_plain(key: yaml.Node) -> bool:
    return isinstance(key, yaml.ScalarNode) and key.style in (None, "")


def _is_braces(node: yaml.MappingNode) -> bool:
    """Whether a flow mapping is `{{name}}`, which templates write where a value belongs."""
    return bool(
        node.flow_style
        and len(node.value) == 1
        and isinstance(node.value[0][0], yaml.MappingNode)
        and node.value[0][0].start_mark.index == node.start_mark.index + 1
    )


def _scalar(node: yaml.ScalarNode) -> object:
    kind = node.tag.removeprefix(_TAG)
    text: str = node.value
    try:
        if kind == "null":
            return None
        if kind == "bool":
            return text.lower() == "true"
        if kind == "int" and len(text) <= _MAX_DIGITS:
            return int(text, 0) if text[:2] in ("0o", "0x") else int(text)
        if kind == "float":
            # JSON has no infinity and no NaN: as a text, it is of the wrong type for a number.
            number = float(text)
            return number if isfinite(number) else text
    except ValueError:  # an explicit tag that its text does not bear out
        return text
    return text

"""Fixes: changes of values to edits of text, every other byte untouched.

An edit is only offered when the text that it makes reads back as exactly what was
meant; whatever cannot be done so is left to people.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from policylint.finding import Edit
from policylint.patterns import regex
from policylint.source import Span
from policylint.tree import Place, Unreadable
from policylint.tree.json_text import JsonTree

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from policylint.finding import Change, Fix
    from policylint.source import SourceFile
    from policylint.tree import Tree

    Path = tuple[str | int, ...]

# What YAML reads as the text that it is, without quotes.
_PLAIN = regex(r"[A-Za-z_/][\w./-]*")
_NO_TEXT = frozenset({"true", "false", "null", "yes", "no", "on", "off", "y", "n"})


def edits(source: SourceFile, tree: Tree | None, fix: Fix) -> tuple[Edit, ...]:
    """The edits that make a fix; none when they would change anything else."""
    if source.error is not None:  # to write it would lose what could not be read
        return ()
    if all(change.action == "text" for change in fix.changes):
        return _text_edits(source.text, fix)
    if tree is None or not _is_editable(tree):
        return ()
    editor = _Editor(source.text, tree)
    try:
        wanted = [edit for change in fix.changes for edit in editor.edits(change)]
        made = _joined(source.text, wanted)
        fixed = apply(source.text, made)
        meant = _changed(tree.value, fix.changes)
        is_exact = _reread(fixed, tree, source.text) == meant
    except (_Refused, Unreadable, LookupError, TypeError, ValueError):
        return ()
    return made if is_exact else ()


def _text_edits(text: str, fix: Fix) -> tuple[Edit, ...]:
    """The edits of a Dockerfile; none when another instruction would read otherwise."""
    from policylint.dockerfile.reread import reads_as_meant

    made = tuple(
        sorted(
            Edit(change.at, str(change.value))
            for change in fix.changes
            if isinstance(change.at, Span)
        )
    )
    try:
        fixed = apply(text, made)
    except ValueError:
        return ()
    return made if reads_as_meant(text, fixed, made) else ()


def apply(text: str, made: Iterable[Edit]) -> str:
    """A text with edits made; raises `ValueError` when two of them overlap."""
    parts = []
    end = 0
    for edit in sorted(made):
        if edit.span.start < end:
            raise ValueError("edits overlap")
        parts += [text[end : edit.span.start], edit.text]
        end = edit.span.end
    return "".join([*parts, text[end:]])


def compatible(wanted: Iterable[Sequence[Edit]]) -> list[Edit]:
    """As many groups of edits as can be made at once, the earlier ones first."""
    taken: list[Edit] = []
    for group in wanted:
        if all(_apart(edit, other) for edit in group for other in taken):
            taken += group
    return taken


def _apart(edit: Edit, other: Edit) -> bool:
    if edit.span.start == other.span.start:
        return False
    return edit.span.end <= other.span.start or other.span.end <= edit.span.start


class _Refused(Exception):
    """A change that this text does not allow."""


class _Editor:
    """Turns changes of a document's values into edits of its text."""

    def __init__(self, text: str, tree: Tree) -> None:
        self._text = text
        self._tree = tree
        self._is_json = isinstance(tree, JsonTree)

    def edits(self, change: Change) -> list[Edit]:
        """The edits that one change needs."""
        if not isinstance(change.at, Place):
            raise _Refused
        path = change.at.path
        if change.action == "set":
            return [Edit(self._value(path), self._literal(change.value))]
        if change.action == "rename":
            return [Edit(self._key(path), self._name(str(change.value), self._key(path)))]
        if change.action == "delete":
            return [self._delete(path[: len(path) - change.up])]
        if change.action == "add":
            return [self._add(path[: len(path) - change.up], change.name, change.value)]
        raise _Refused

    def _delete(self, path: Path) -> Edit:
        if not path:
            raise _Refused
        siblings = self._siblings(path)
        start, end = self._item(path)
        if self._is_flow(path[:-1]):
            return Edit(self._flow_region(start, end), "")
        if len(siblings) == 1:
            return self._empty(path[:-1], end)
        line_start = self._line_start(start)
        before = self._text[line_start:start]
        if before.strip():  # the first member of a list item shares its line with the dash
            following = [at for at in siblings if at > start]
            if not following:
                raise _Refused
            return Edit(Span(start, min(following)), "")
        return Edit(Span(line_start, self._line_end(end)), "")

    def _empty(self, parent: Path, end: int) -> Edit:
        """A block without its only member: `[]` or `{}` where nothing would be null."""
        if not parent or isinstance(parent[-1], int):
            raise _Refused
        colon = self._text.index(":", self._key(parent).end)
        braces = " []" if isinstance(_at(self._tree.value, parent), list) else " {}"
        return Edit(Span(colon + 1, end), braces)

    def _add(self, path: Path, name: str, value: object) -> Edit:
        container = _at(self._tree.value, path)
        steps: list[str | int] = list(container)
        if isinstance(container, list):
            steps = list(range(len(container)))
        item = self._literal(value)
        if isinstance(container, dict):
            item = f"{self._name(name, None)}: {item}"
        if not steps:
            span = self._value(path)
            if self._text[span.start : span.end].strip("[]{} \t\r\n"):
                raise _Refused
            return Edit(Span(span.start + 1, span.end - 1), item)
        start, end = max(self._item((*path, step)) for step in steps)
        line_start = self._line_start(start)
        indent = self._text[line_start:start]
        if self._is_flow(path):
            separator = f",{self._newline()}{indent}" if not indent.strip() else ", "
            return Edit(Span(end, end), separator + item)
        if isinstance(container, list) or indent.strip(" -"):
            raise _Refused
        return Edit(Span(end, end), f"{self._newline()}{' ' * len(indent)}{item}")

    def _flow_region(self, start: int, end: int) -> Span:
        """An item of a list in brackets with the comma that goes with it."""
        text = self._text
        after = _after_blanks(text, end)
        if text[after] == ",":
            return Span(start, _after_blanks(text, after + 1))
        before = len(text[:start].rstrip())
        return Span(before - 1, end) if text[before - 1] == "," else Span(start, end)

    def _siblings(self, path: Path) -> list[int]:
        """Where the members around one, itself included, begin."""
        parent = _at(self._tree.value, path[:-1])
        steps: Iterable[str | int] = parent if isinstance(parent, dict) else range(len(parent))
        return [self._item((*path[:-1], step))[0] for step in steps]

    def _item(self, path: Path) -> tuple[int, int]:
        start, end = self._key(path).start, self._value(path).end
        if isinstance(path[-1], int) and not self._is_flow(path[:-1]):
            start = self._text.rindex("-", 0, start)
        return start, end

    def _is_flow(self, path: Path) -> bool:
        return self._is_json or self._text[self._value(path).start] in "[{"

    def _key(self, path: Path) -> Span:
        return self._tree.span(Place(path, key=True))

    def _value(self, path: Path) -> Span:
        return self._tree.span(Place(path))

    def _literal(self, value: object) -> str:
        if isinstance(value, str) and not self._is_json and _is_plain(value):
            return value
        return json.dumps(value, ensure_ascii=False)

    def _name(self, name: str, old: Span | None) -> str:
        is_quoted = old is not None and self._text[old.start] in "\"'"
        return name if not self._is_json and not is_quoted and _is_plain(name) else json.dumps(name)

    def _line_start(self, at: int) -> int:
        return max(self._text.rfind("\n", 0, at), self._text.rfind("\r", 0, at)) + 1

    def _line_end(self, at: int) -> int:
        match = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)?").match(self._text, at)
        return match.end() if match else at

    def _newline(self) -> str:
        match = re.search(r"\r\n|\r|\n", self._text)
        return match.group() if match else "\n"


def _joined(text: str, wanted: Iterable[Edit]) -> tuple[Edit, ...]:
    """Edits in their order, neighbours that go together as one, their last comma included."""
    joined: list[Edit] = []
    for edit in sorted(wanted):
        last = joined[-1] if joined else None
        if last is None or edit.text or last.text or edit.span.start > last.span.end:
            joined.append(edit)
            continue
        start, end = last.span.start, max(last.span.end, edit.span.end)
        before = len(text[:start].rstrip())
        if text[before - 1 : before] == "," and text.startswith(
            ("]", "}"), _after_blanks(text, end)
        ):
            start = before - 1
        joined[-1] = Edit(Span(start, end), "")
    return tuple(joined)


def _is_editable(tree: Tree) -> bool:
    # A mended text is not what the file holds.
    return type(tree).__name__ in ("JsonTree", "YamlTree")


def _is_plain(text: str) -> bool:
    return bool(_PLAIN.fullmatch(text)) and text.lower() not in _NO_TEXT


def _changed(value: object, changes: Iterable[Change]) -> object:
    """A document's value as the changes want it; members are told apart before any is gone."""
    changed = _copy(value)
    deleted = []
    for change in changes:
        if not isinstance(change.at, Place):
            raise _Refused
        path = change.at.path[: len(change.at.path) - change.up]
        if change.action == "set":
            _at(changed, path[:-1])[path[-1]] = change.value
        elif change.action == "rename":
            parent = _at(changed, path[:-1])
            renamed = {str(change.value) if key == path[-1] else key: parent[key] for key in parent}
            parent.clear()
            parent.update(renamed)
        elif change.action == "add":
            target = _at(changed, path)
            if isinstance(target, list):
                target.append(change.value)
            elif change.name in target:
                raise _Refused
            else:
                target[change.name] = change.value
        else:
            deleted.append(path)
    for path in sorted(deleted, key=lambda path: [(type(step).__name__, step) for step in path],
                       reverse=True):  # fmt: skip
        del _at(changed, path[:-1])[path[-1]]
    return changed


def _reread(fixed: str, tree: Tree, text: str) -> object:
    """What the document of a tree says in the fixed text; raises when others changed too."""
    if isinstance(tree, JsonTree):
        return JsonTree(fixed).value
    from policylint.tree.yaml_text import read

    start = tree.span(Place(())).start
    before, after = read(text), read(fixed)
    if len(before) != len(after):
        raise _Refused
    mine = None
    for old, new in zip(before, after, strict=True):
        if old.span(Place(())).start == start:
            mine = new.value
        elif old.value != new.value:
            raise _Refused
    return mine


def _copy(value: object) -> Any:
    """A copy in which nothing is shared: aliases are values of their own."""
    if isinstance(value, dict):
        return {key: _copy(item) for key, item in value.items()}
    return [_copy(item) for item in value] if isinstance(value, list) else value


def _at(value: Any, path: Path) -> Any:
    for step in path:
        value = value[step]
    return value


def _after_blanks(text: str, at: int) -> int:
    while at < len(text) and text[at] in " \t\r\n":
        at += 1
    return at

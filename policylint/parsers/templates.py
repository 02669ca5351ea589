"""Templates: the placeholders in a document, and the values that fill them."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

from policylint.detect.placeholders import is_hole
from policylint.model import Hole
from policylint.patterns import regex
from policylint.tree import Place, Placeholder

if TYPE_CHECKING:
    import re
    from collections.abc import Iterator, Mapping

    Path = tuple[str | int, ...]

_MARKS = ("{{", "{%", "<", "@@", "%%", "$", "CHANGE")
_LIKELY = regex(r"\{\{|\{%|<%|@@\w|%%\w|\$\{|CHANGE_?ME|[\"':,\[]\s*(?:<[A-Za-z]|\$[A-Za-z_])")
_ANYWHERE = regex(r"\{\{\{[^{}]*\}\}\}|\{\{[^{}]*\}\}|\{%[^%]*%\}|<%[^%]*%>|@@\w+@@|%%\w+%%")
_REFERENCE = regex(r"\{\{\{?\s*([\w.-]+)\s*\}?\}\}|\$\{([\w.-]+)\}|<%=\s*([\w.-]+)\s*%>")

# Commands have the shell's variables, descriptions are prose.
_FREE_TEXT = frozenset({"cmd", "args", "command", "shell", "argv", "description"})
# Labels of proxies hold templates of the proxies' own.
_PROXY_LABELS = ("HAPROXY_", "traefik.")
_FREE_MAPS = frozenset({"env", "environment", "labels"})
_SECURITY = frozenset({
    "user", "image", "hostPath", "host", "privileged", "role", "acceptedResourceRoles",
    "parameters",
})  # fmt: skip


class Values:
    """Values by their dotted names, as a values file gives them."""

    def __init__(self, values: Mapping[str, Any]) -> None:
        self._values = values

    def fill(self, raw: object) -> object:
        """A document with every placeholder filled that has a value; the others stay."""
        if isinstance(raw, dict):
            return {key: self.fill(value) for key, value in raw.items()}
        if isinstance(raw, list):
            return [self.fill(item) for item in raw]
        if isinstance(raw, Placeholder):
            match = _REFERENCE.fullmatch(raw)
            value = self._find(match) if match else None
            return raw if value is None else value
        if isinstance(raw, str):
            return _REFERENCE.sub(self._text, raw)
        return raw

    def _text(self, match: re.Match[str]) -> str:
        value = self._find(match)
        if value is None:
            return match.group()
        return str(value).lower() if isinstance(value, bool) else str(value)

    def _find(self, match: re.Match[str]) -> object:
        name = next(name for name in match.groups() if name is not None)
        value: Any = self._values.get(name)
        if value is None:
            value = self._values
            for step in name.split("."):
                value = value.get(step) if isinstance(value, dict) else None
        return None if isinstance(value, (dict, list)) else value


def holes(raw: object, text: str, *, is_template: bool) -> Iterator[Hole]:
    """The placeholders left in a document, each text once; a template has one for all."""
    if not (is_template or _is_likely(text)):
        return
    found: dict[str, list[Path]] = {}
    for hole, path in _walk(raw, ()):
        found.setdefault(hole, []).append(path)
    if is_template and found:
        first = next(iter(found.values()))[0]
        count = f"{len(found)} placeholders" if len(found) > 1 else next(iter(found))
        yield Hole(count, Place(first), is_template=True)
        return
    for hole, paths in found.items():
        guards = [path for path in paths if _guards(path)]
        first, *others = [*guards, *(path for path in paths if path not in guards)]
        yield Hole(hole, Place(first), tuple(map(Place, others)), is_security=bool(guards))


def _guards(path: Path) -> bool:
    """Whether a value here decides what a workload may do; names in free maps are only names."""
    return not _SECURITY.isdisjoint(path) and _FREE_MAPS.isdisjoint(path)


@lru_cache(maxsize=1)
def _is_likely(text: str) -> bool:
    # The documents of a stream ask for the same text one after the other.
    return any(mark in text for mark in _MARKS) and bool(_LIKELY.search(text))


def _walk(raw: object, path: Path) -> Iterator[tuple[str, Path]]:
    if isinstance(raw, dict):
        for key, value in raw.items():
            if key not in _FREE_TEXT and not key.startswith(_PROXY_LABELS):
                yield from _walk(value, (*path, key))
    elif isinstance(raw, list):
        for index, item in enumerate(raw):
            yield from _walk(item, (*path, index))
    elif isinstance(raw, Placeholder) or (isinstance(raw, str) and is_hole(raw)):
        yield str(raw), path
    elif isinstance(raw, str):
        for match in _ANYWHERE.finditer(raw):
            yield match.group(), path

"""Holes that templates leave in text: `{{name}}`, `${NAME}`, `<%= name %>`, `<name>` and others."""

from __future__ import annotations

import re

from policylint.patterns import regex

_HOLE = regex(
    r"\{\{\{[^{}]*\}\}\}|\{\{[^{}]*\}\}|\{%[^%]*%\}|<%[^%]*%>|\$\{[^{}]*\}|@@\w+@@|%%\w+%%|%\(\w+\)s|\$[A-Za-z_]\w*"
)
_WHOLE = regex(
    r"<[A-Za-z][\w .-]*>|\{[A-Za-z_]\w*\}|REPLACE[_-]\w+|CHANGE[_-]?ME\w*|YOUR[ _-].*", re.DOTALL
)
_TEMPLATE_ENDING = regex(
    r"\.(?:mustache|j2|jinja2?|tmpl|tpl|template|erb|hbs|handlebars|in)$", re.IGNORECASE
)
_FIRST = frozenset("{$<@%RCY")  # what such a text begins with


def template_stem(name: str) -> str | None:
    """A file's name without the ending that makes it a template; None when it has none."""
    match = _TEMPLATE_ENDING.search(name)
    return name[: match.start()] if match else None


def has_hole(text: str) -> bool:
    """Whether something in a text is still to be filled in."""
    return bool(_HOLE.search(text) or _WHOLE.fullmatch(text))


def is_hole(text: str) -> bool:
    """Whether a whole text is still to be filled in."""
    if text[:1] not in _FIRST:
        return False
    return bool(_HOLE.fullmatch(text) or _WHOLE.fullmatch(text))


def mask_holes(text: str) -> str:
    """A text of the same length in which every hole is a run of the letter x."""
    if _WHOLE.fullmatch(text):
        return "x" * len(text)
    return _HOLE.sub(lambda hole: "x" * len(hole.group()), text)

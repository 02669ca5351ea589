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
_TEMPLATE_ENDINGS = frozenset((
    "mustache", "j2", "jinja", "jinja2", "tmpl", "tpl", "template", "erb", "hbs", "handlebars",
    "in",
))  # fmt: skip
_WHOLE_BEGINS = ("<", "{", "REPLACE", "CHANGE", "YOUR")


def template_stem(name: str) -> str | None:
    """A file's name without the ending that makes it a template; None when it has none."""
    stem, dot, ending = name.rpartition(".")
    return stem if dot and ending.lower() in _TEMPLATE_ENDINGS else None


def has_hole(text: str) -> bool:
    """Whether something in a text is still to be filled in."""
    return (_has_mark(text) and bool(_HOLE.search(text))) or _is_whole(text)


def is_hole(text: str) -> bool:
    """Whether a whole text is still to be filled in."""
    return (_has_mark(text) and bool(_HOLE.fullmatch(text))) or _is_whole(text)


def mask_holes(text: str) -> str:
    """A text of the same length in which every hole is a run of the letter x."""
    if _is_whole(text):
        return "x" * len(text)
    if not _has_mark(text):
        return text
    return _HOLE.sub(lambda hole: "x" * len(hole.group()), text)


def _has_mark(text: str) -> bool:
    """Whether there may be a hole: asked first, for most texts have none."""
    return "$" in text or "%" in text or "{{" in text or "@@" in text


def _is_whole(text: str) -> bool:
    return text.startswith(_WHOLE_BEGINS) and bool(_WHOLE.fullmatch(text))

"""Writes an exemption into the text of a policy file and leaves every other character alone."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import yaml

from policylint.named import NamedTuple
from policylint.patterns import regex
from policylint.policy import PolicyError
from policylint.tree import Unreadable
from policylint.tree.yaml_text import YamlTree, read

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_KEY = "exemptions"
_WIDTH = 100
_PLAIN = regex(r"[A-Za-z/][\w ./*'@+()=-]*[\w/*.')]", re.ASCII)
_DATE = regex(r"\d{4}-\d\d-\d\d", re.ASCII)
_WORDS = frozenset({"true", "false", "null", "yes", "no", "on", "off", "y", "n"})
_BLANKS = regex(r"[ \t]*")
_STOP = regex(r"^\.\.\.(?=\s|$)", re.MULTILINE)
_END = regex(r"^(?:---|\.\.\.)(?=\s|$)", re.MULTILINE)


def add(text: str, entry: Mapping[str, str]) -> str:
    """The text of a policy with one more exemption, at the end of those that it has.

    Raises `PolicyError` when that cannot be done by adding alone.
    """
    tree = _read(text)
    insertions = _insertions(text, tree, entry)
    added = _apply(text, insertions)
    value = tree.value if tree else {}
    before = value if isinstance(value, dict) else {}
    known = before.get(_KEY, [])
    expected = {**before, _KEY: [*(known if isinstance(known, list) else ()), dict(entry)]}
    try:
        after = _read(added)
    except Unreadable:
        after = None
    if after is None or after.value != expected:
        raise PolicyError("no room that is plain to see; write the exemption by hand")
    return added


class _Insertion(NamedTuple):
    at: int
    text: str


def _read(text: str) -> YamlTree | None:
    trees = read(text)
    return trees[0] if len(trees) == 1 else None


def _apply(text: str, insertions: Iterable[_Insertion]) -> str:
    for insertion in reversed(list(insertions)):  # they come in the order of the text
        text = text[: insertion.at] + insertion.text + text[insertion.at :]
    return text


def _insertions(text: str, tree: YamlTree | None, entry: Mapping[str, str]) -> Iterator[_Insertion]:
    root = tree.root if tree else None
    if tree is None or not isinstance(root, yaml.MappingNode):
        yield _at_the_end(text, 0, "", entry)
        return
    known = next((value for key, value in root.value if key.value == _KEY), None)
    if known is None and root.flow_style:
        yield from _into_flow(text, root, f"{_KEY}: [{_flow(entry)}]")
    elif known is None:
        indent = " " * root.start_mark.column
        yield _at_the_end(text, tree.end(root), indent, entry)
    elif not isinstance(known, yaml.SequenceNode) or known.start_mark.index < root.start_mark.index:
        return
    elif known.flow_style:
        yield from _into_flow(text, known, _flow(entry))
    else:
        yield _into_block(text, tree, known, entry)


def _at_the_end(text: str, after: int, indent: str, entry: Mapping[str, str]) -> _Insertion:
    """A new list at the end of the document."""
    newline = _newline(text)
    end = (_END if after else _STOP).search(text, after)
    at = end.start() if end else len(text)
    before = newline if at and text[at - 1] not in "\r\n" else ""
    item = f"{indent}  - "
    words = _flow(entry)
    if len(item) + len(words) > _WIDTH:
        words = _block(entry, " " * len(item), newline)
    return _Insertion(at, f"{before}{indent}{_KEY}:{newline}{item}{words}{newline}")


def _into_block(
    text: str, tree: YamlTree, known: yaml.SequenceNode, entry: Mapping[str, str]
) -> _Insertion:
    """One more item after the last one, in its style."""
    newline = _newline(text)
    last = known.value[-1]
    start = last.start_mark.index
    dash = text.rfind("-", 0, start)
    item = text[_line_start(text, dash) : start]
    if last.flow_style and len(item) + len(_flow(entry)) <= _WIDTH:
        words = _flow(entry)
    else:
        words = _block(entry, " " * len(item), newline)
    at = _line_end(text, tree.end(last))
    return _Insertion(at, f"{newline}{item}{words}")


def _into_flow(text: str, node: yaml.CollectionNode, words: str) -> Iterator[_Insertion]:
    """One more member before the closing bracket: on a line of its own where that has one."""
    close = node.end_mark.index - 1
    if not node.value:
        yield _Insertion(close, words)
        return
    last = _last_token(text, close)
    ends_with_comma = isinstance(last, yaml.FlowEntryToken)
    end = last.end_mark.index
    line_end = _line_end(text, end)
    if line_end > close:
        yield _Insertion(end, f" {words}" if ends_with_comma else f", {words}")
        return
    indent = _BLANKS.match(text, _line_start(text, end))
    if not ends_with_comma:
        yield _Insertion(end, ",")
    tail = "," if ends_with_comma else ""
    yield _Insertion(line_end, f"{_newline(text)}{indent.group() if indent else ''}{words}{tail}")


def _last_token(text: str, before: int) -> yaml.Token:
    """The last token that ends before an offset; a comment is none."""
    loader = _Loader(text)
    last = yaml.Token(None, None)
    try:
        while loader.check_token():
            token = loader.get_token()
            if token.end_mark.index > before:
                break
            last = token
    finally:
        loader.dispose()
    return last


def _flow(entry: Mapping[str, str]) -> str:
    return f"{{{', '.join(f'{key}: {_scalar(text)}' for key, text in entry.items())}}}"


def _block(entry: Mapping[str, str], indent: str, newline: str) -> str:
    lines = [f"{key}: {_scalar(text)}" for key, text in entry.items()]
    return f"{newline}{indent}".join(lines)


def _scalar(text: str) -> str:
    """A text as YAML, with quotes only where it needs them."""
    if _DATE.fullmatch(text):
        return text
    if _PLAIN.fullmatch(text) and text.lower() not in _WORDS:
        return text
    return f'"{"".join(map(_escaped, text))}"'


def _escaped(character: str) -> str:
    if character in '"\\':
        return f"\\{character}"
    if character.isprintable():
        return character
    code = ord(character)
    return (
        f"\\x{code:02x}" if code < 256 else f"\\u{code:04x}" if code < 65536 else f"\\U{code:08x}"
    )


def _newline(text: str) -> str:
    match = re.search(r"\r\n|\r|\n", text)
    return match.group() if match else "\n"


def _line_start(text: str, at: int) -> int:
    return max(text.rfind("\n", 0, at), text.rfind("\r", 0, at)) + 1


def _line_end(text: str, at: int) -> int:
    match = re.compile(r"[\r\n]").search(text, at)
    return match.start() if match else len(text)

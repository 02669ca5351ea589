"""Whatever is written, and however: the text at the place of a leaf reads back as its value."""

from __future__ import annotations

import io
import json
from typing import TYPE_CHECKING, Any

import yaml
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML

from policylint.source import SourceFile, decode
from policylint.tree import Place, Unreadable, yaml_text
from policylint.tree.json_text import JsonTree

if TYPE_CHECKING:
    from collections.abc import Iterator

    from policylint.tree import Tree

Path = tuple[str | int, ...]

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
# What every YAML writer can write: no control characters but line ends and tabs. Nor a
# colon in front, which a writer of YAML 1.2 leaves bare and libyaml does not read.
PLAIN_TEXT = st.text(
    st.characters(
        exclude_categories=["Cs", "Cc", "Cn", "Co"], exclude_characters="\ufeff\u2028\u2029"
    )
    | st.sampled_from("\n\t:#-{}[]'\"|>&*!%@, "),
    max_size=100,
).filter(lambda text: not text.startswith(":"))


def documents(text: st.SearchStrategy[str]) -> st.SearchStrategy[Any]:
    """Values such as definitions hold, with keys that are hard to quote."""
    numbers = st.integers() | st.floats(allow_nan=False, allow_infinity=False)
    leaves = st.none() | st.booleans() | numbers | text
    values = st.recursive(
        leaves,
        lambda below: st.lists(below, max_size=4) | st.dictionaries(text, below, max_size=4),
        max_leaves=15,
    )
    return st.lists(values, max_size=4) | st.dictionaries(text, values, max_size=4)


def leaves(value: object, path: Path = ()) -> Iterator[tuple[Path, object]]:
    """Path and value of everything that holds nothing."""
    if isinstance(value, dict):
        for key, below in value.items():
            yield from leaves(below, (*path, key))
    elif isinstance(value, list):
        for index, below in enumerate(value):
            yield from leaves(below, (*path, index))
    if not isinstance(value, (dict, list)) or not value:
        yield path, value


def all_places(value: object) -> Iterator[Place]:
    """Every leaf and its key."""
    for path, _ in leaves(value):
        yield Place(path)
        yield Place(path, key=True)


def text_at(tree: Tree, text: str, place: Place) -> str:
    """What stands at a place, cut out by line and column as an editor would."""
    source = SourceFile("app", text)
    region = source.region(tree.span(place))
    start = source.offset(region.start_line, region.start_column)
    return text[start : source.offset(region.end_line, region.end_column)]


@given(
    documents(TEXT),
    st.sampled_from([None, 0, 1, 3, "\t"]),
    st.sampled_from([(",", ":"), (", ", ": "), (" ,\t", " :  ")]),
    st.sampled_from(["\n", "\r\n", "\r"]),
    st.booleans(),
)
def test_json_reads_back(
    document: Any,
    indent: int | str | None,
    separators: tuple[str, str],
    ending: str,
    ensure_ascii: bool,
) -> None:
    text = json.dumps(document, indent=indent, separators=separators, ensure_ascii=ensure_ascii)
    text = text.replace("\n", ending)
    tree = JsonTree(text)
    assert tree.value == document
    for path, value in leaves(document):
        found = json.loads(text_at(tree, text, Place(path)))
        assert (type(found), found) == (type(value), value)
        if path and isinstance(path[-1], str):
            assert json.loads(text_at(tree, text, Place(path, key=True))) == path[-1]


@given(documents(TEXT), st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-32", "utf-16-le"]))
def test_json_reads_back_in_every_encoding(document: Any, encoding: str) -> None:
    text, failure = decode(json.dumps(document, ensure_ascii=False).encode(encoding))
    assert failure is None
    tree = JsonTree(text)
    for path, value in leaves(document):
        assert json.loads(text_at(tree, text, Place(path))) == value


def dump_with_pyyaml(document: Any, flow: bool | None, width: int) -> str:
    text: str = yaml.safe_dump(
        document, default_flow_style=flow, width=width, allow_unicode=True, sort_keys=False
    )
    return text


def dump_with_ruamel(document: Any, flow: bool | None, width: int) -> str:
    writer = YAML(typ="safe", pure=True)
    writer.default_flow_style = flow
    writer.width = width
    stream = io.StringIO()
    writer.dump(document, stream)
    return stream.getvalue()


@settings(deadline=None, max_examples=60)
@given(
    documents(PLAIN_TEXT),
    st.sampled_from([dump_with_pyyaml, dump_with_ruamel]),
    st.sampled_from([True, False, None]),
    st.sampled_from([20, 80, 10_000]),
    st.sampled_from(["\n", "\r\n"]),
)
def test_yaml_reads_back(
    document: Any, dump: Any, flow: bool | None, width: int, ending: str
) -> None:
    text = dump(document, flow, width).replace("\n", ending)
    assume(libyaml_reads(text))  # ruamel writes a few things that libyaml has never read
    (tree,) = yaml_text.read(text)
    for path, value in leaves(tree.value):
        shown = text_at(tree, text, Place(path))
        assert shown == shown.strip(" \r\n"), "neither blanks nor line ends belong to a value"
        assert yaml_text_value(shown) == comparable(value)


def libyaml_reads(text: str) -> bool:
    try:
        yaml.compose(text, yaml.CSafeLoader)
    except yaml.YAMLError:
        return False
    return True


def yaml_text_value(shown: str) -> object:
    """The value of a YAML text that stands in a list alone."""
    if not shown:
        return None
    trees = yaml_text.read(f"- {shown}\n")
    assert isinstance(trees[0].value, list)
    return comparable(trees[0].value[0])


def comparable(value: object) -> object:
    # The line ends after a block scalar are not at its place.
    return value.rstrip("\n") if isinstance(value, str) else value


LITERALS = st.sampled_from(["|", ">", "|-", ">-", "|+"])
LINES = st.lists(st.text("ab #:-'\"{", max_size=8).map(str.strip), min_size=1, max_size=4)


@given(LITERALS, LINES.filter(any), st.integers(1, 9), st.sampled_from(["\n", "\r\n"]))
def test_block_scalars_read_back(style: str, lines: list[str], indent: int, ending: str) -> None:
    block = "".join(f"{' ' * indent}{line}\n" if line else "\n" for line in lines)
    text = f"a: {style}\n{block}\n\nb: 1\n".replace("\n", ending)
    (tree,) = yaml_text.read(text)
    assert isinstance(tree.value, dict)
    shown = text_at(tree, text, Place(("a",)))
    assert shown.startswith(style)
    assert yaml_text_value(shown) == comparable(tree.value["a"])
    assert text_at(tree, text, Place(("b",))) == "1"


PIECES = st.lists(
    st.sampled_from(
        ["{", "}", "[", "]", ":", ",", '"', "'", "id", "cmd", " ", "\n", "- ", "? ", ": ", "&a ",
         "*a", "!x ", "|", ">", "#", "\\", "\\u", "1e5", "NaN", "null", "\t", "\r", "<<", "---\n",
         "...", "%", "@", "\x00", "\ufeff", "é", "\ud800", "{{", "}}", "0x", "=", "~", "\x85"]
    ),
    max_size=25,
).map("".join)  # fmt: skip


@settings(max_examples=200, deadline=None)
@given(PIECES | st.text(max_size=30))
def test_garbage_is_read_or_unreadable(text: str) -> None:
    for read in (lambda text: [JsonTree(text)], yaml_text.read):
        try:
            trees = read(text)
        except Unreadable as unreadable:
            spans = [unreadable.span]
        else:
            places = [place for tree in trees for place in all_places(tree.value)]
            spans = [tree.span(place) for tree in trees for place in places]
            spans += [
                span for tree in trees for key in tree.repeated() for span in (key.first, key.at)
            ]
        assert all(0 <= start <= end <= len(text) for start, end in spans)


@given(st.binary(max_size=40))
def test_any_bytes_are_text_or_say_why_not(data: bytes) -> None:
    text, failure = decode(data)
    assert not text.startswith("\ufeff") or failure is not None
    text.encode()
    if failure is not None:
        assert 0 <= failure.offset <= len(text)
        SourceFile("app", text).position(failure.offset)

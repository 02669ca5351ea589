"""The strings of a document, whatever they are for: names and values, each at its place."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from policylint.detect.hints import is_likely
from policylint.model import Value
from policylint.patterns import regex
from policylint.tree import Place, Placeholder
from policylint.workload import Text, Texts

if TYPE_CHECKING:
    from collections.abc import Iterator

    Path = tuple[str | int, ...]

# An escape in a string of JSON or YAML may hide what is looked for.
_ESCAPE = regex(r"\\[uUx/\r\n]")


def texts(raw: object, source: str | None) -> Texts:
    """The strings of a document; `source` is its text, where every string stands in that."""
    likely: tuple[Text, ...] = ()
    if source is None or is_likely(source) or ("\\" in source and _ESCAPE.search(source)):
        likely = tuple(text for text in _walk(raw, ()) if is_likely(text.value.value))
    return Texts(Place(()), likely, partial(_walk, raw, ()))


def _walk(raw: object, path: Path) -> Iterator[Text]:
    if isinstance(raw, dict):
        for key, value in raw.items():
            inner = (*path, key)
            yield Text(Value(key, Place(inner, key=True)))
            yield from _walk(value, inner)
    elif isinstance(raw, list):
        for index, item in enumerate(raw):
            yield from _walk(item, (*path, index))
    elif isinstance(raw, str) and not isinstance(raw, Placeholder):
        yield Text(Value(raw, Place(path)), _is_fetched(path))


def _is_fetched(path: Path) -> bool:
    """`fetch[].uri` and `uris[]` of apps, `artifacts[].uri` of pods and jobs."""
    above, owner = path[-1:], path[-3:-2]
    return path[-2:-1] == ("uris",) or (above == ("uri",) and owner in (("fetch",), ("artifacts",)))

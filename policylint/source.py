"""Text and the places in it: the only module that counts lines."""

from __future__ import annotations

import os
from bisect import bisect_right

from policylint.named import NamedTuple

# More than any definition has; a file beyond it is not read to its end.
MAX_BYTES = 2 * 1024 * 1024


class Span(NamedTuple):
    """A stretch of a file's text: offsets in code points, the end exclusive."""

    start: int
    end: int


class Region(NamedTuple):
    """A stretch of text as people and reports count it.

    Lines and columns start at 1, columns are code points, the end column is exclusive.
    """

    start_line: int
    start_column: int
    end_line: int
    end_column: int


class SourceFile:
    """One file: its path as reported (relative to the root, with `/`) and its decoded text.

    The text has no byte order mark; its line endings are those of the file.
    `kind` is what the user said the file is (`--kind`), `name` what its name says it is;
    `error` is why it could not be read, when it could not. `beside` is the ignore file
    that belongs to a Dockerfile, and `is_placed` whether one was looked for.
    """

    __slots__ = (
        "_starts", "beside", "error", "is_placed", "kind", "location", "name", "path", "text",
    )  # fmt: skip

    def __init__(
        self,
        path: str,
        text: str,
        *,
        kind: str | None = None,
        location: str | None = None,
        error: ReadFailure | None = None,
        beside: SourceFile | None = None,
        is_placed: bool = False,
    ) -> None:
        self.path = path
        self.text = text
        self.kind = kind
        self.name = path.rpartition("/")[2]
        self.location = path if location is None else location
        self.error = error
        self.beside = beside
        self.is_placed = is_placed
        self._starts: list[int] | None = None

    def with_text(self, text: str) -> SourceFile:
        """The same file with another text."""
        return SourceFile(
            self.path,
            text,
            kind=self.kind,
            location=self.location,
            beside=self.beside,
            is_placed=self.is_placed,
        )

    def region(self, span: Span) -> Region:
        """Where a span begins and ends in lines and columns."""
        start_line, start_column = self.position(span.start)
        end_line, end_column = self.position(span.end)
        return Region(start_line, start_column, end_line, end_column)

    def position(self, offset: int) -> tuple[int, int]:
        """Line and column of an offset, both from 1."""
        starts = self._line_starts()
        line = bisect_right(starts, offset)
        return line, offset - starts[line - 1] + 1

    def offset(self, line: int, column: int) -> int:
        """The offset of a line and column; past the end of the text it is the end."""
        starts = self._line_starts()
        if line > len(starts):
            return len(self.text)
        return min(starts[line - 1] + column - 1, len(self.text))

    def line(self, number: int) -> str:
        """The text of a line without its ending."""
        starts = self._line_starts()
        end = starts[number] if number < len(starts) else len(self.text)
        return self.text[starts[number - 1] : end].rstrip("\r\n")

    def line_start(self, number: int) -> int:
        """The offset at which a line begins."""
        return self._line_starts()[number - 1]

    def _line_starts(self) -> list[int]:
        # Only \n, \r\n and a lone \r end a line, as in editors and SARIF viewers;
        # str.splitlines would also break at U+2028, form feeds and others.
        if self._starts is None:
            text = self.text
            starts = [0]
            if "\r" not in text:
                at = text.find("\n")
                while at >= 0:
                    starts.append(at + 1)
                    at = text.find("\n", at + 1)
            else:
                for at, character in enumerate(text):
                    if character == "\n" or (character == "\r" and text[at + 1 : at + 2] != "\n"):
                        starts.append(at + 1)
            self._starts = starts
        return self._starts


class ReadFailure(NamedTuple):
    """Why a file's bytes are not text we read: a message, and the offset where that shows.

    `is_garbled` tells text that is whole but for single wrong characters.
    """

    message: str
    offset: int
    is_garbled: bool = False


def decode(data: bytes) -> tuple[str, ReadFailure | None]:
    """The text of a file's bytes, without its byte order mark, and what is wrong with them.

    UTF-8, and UTF-16 or UTF-32 when a byte order mark says so. Wrong bytes
    become U+FFFD, so that places before them stay right.
    """
    encoding = _encoding(data)
    try:
        text, failure = data.decode(encoding), None
    except UnicodeDecodeError as error:
        before = data[: error.start].decode(encoding, "replace").lstrip("\ufeff")
        text = data.decode(encoding, "replace")
        name = encoding.upper().replace("-SIG", "")
        failure = ReadFailure(
            f"not {name}: byte 0x{data[error.start]:02x}", len(before), is_garbled=True
        )
    text = text.removeprefix("\ufeff")
    if failure is None and text.startswith("\ufeff"):
        failure = ReadFailure("more than one byte order mark", 0)
    return text, failure


def encode(text: str, like: bytes) -> bytes:
    """A text as bytes in the encoding, and with the byte order mark, of a file's bytes."""
    encoding = _encoding(like)
    if encoding in ("utf-16", "utf-32"):
        return text.encode(encoding)
    mark = "\ufeff" if like.decode(encoding, "replace").startswith("\ufeff") else ""
    return (mark + text).encode(encoding)


def shipped(name: str) -> str:
    """The path of a shipped folder or file, such as `policies` or `schemas/report.schema.json`.

    In a wheel it lies inside the package, in a checkout beside it.
    """
    package = os.path.dirname(os.path.abspath(__file__))
    inside = os.path.join(package, name)
    return inside if os.path.exists(inside) else os.path.join(os.path.dirname(package), name)


def _encoding(data: bytes) -> str:
    if data.startswith((b"\xff\xfe\x00\x00", b"\x00\x00\xfe\xff")):
        return "utf-32"
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "utf-16"
    # Definitions begin with an ASCII character, so a zero beside it tells UTF-16.
    if len(data) > 1 and (data[0] == 0) != (data[1] == 0):
        return "utf-16-be" if data[0] == 0 else "utf-16-le"
    return "utf-8"

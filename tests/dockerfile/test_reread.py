"""An edit of a Dockerfile is only made where it says what is meant."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policylint.dockerfile.reread import reads_as_meant
from policylint.dockerfile.scanner import scan
from policylint.source import Span


def check(text: str, old: str, new: str) -> bool:
    start = text.index(old)
    edit = (Span(start, start + len(old)), new)
    return reads_as_meant(text, text.replace(old, new, 1), [edit])


@pytest.mark.parametrize(
    ("text", "old", "new"),
    [
        ("FROM a\nRUN apt-get install x\n", "install", "install -y"),
        ("FROM a\nRUN apt-get \\\n  install \\\n # why\n  x\n", "install", "install -y"),
        ("FROM a\nRUN x \\\n  \t\n\n && y\n", "  \t\n\n", ""),
        ("FROM a\nRUN x \\\n  y\n", " \\\n  y", " y"),
        ("FROM a\nRUN <<EOF\nsudo x\nEOF\nUSER 1\n", "sudo ", ""),
        ("FROM a\nONBUILD RUN <<EOF\nsudo x\nEOF\n", "sudo ", ""),
        ("FROM a\nMAINTAINER me\n", "MAINTAINER me", 'LABEL authors="me"'),
        ("FROM a\r\nADD x /y\r\nUSER 1", "ADD", "COPY"),
    ],
)
def test_an_edit_within_a_line_is_as_meant(text: str, old: str, new: str) -> None:
    assert check(text, old, new)


@pytest.mark.parametrize(
    ("text", "old", "new"),
    [
        ("FROM a\nRUN x\nUSER 1\n", "x", "x \\"),  # takes the next line in
        ("FROM a\nRUN x\nUSER 1\n", "x", "x\nUSER 0"),  # one instruction more
        ("FROM a\nRUN x\nUSER 1\n", "x", "x <<EOF"),  # the rest becomes its input
        ("FROM a\nRUN <<EOF\nx\nEOF\nUSER 1\n", "x", "EOF\nx"),
        ("FROM a\n# why\nUSER 1\n", "# why", "# else"),
    ],
)
def test_an_edit_that_changes_more_is_refused(text: str, old: str, new: str) -> None:
    assert not check(text, old, new)


@given(st.text(alphabet="FROM RUN\\\n #<E'", max_size=60), st.data())
def test_nothing_raises_and_no_change_is_as_meant(text: str, data: st.DataObject) -> None:
    assert reads_as_meant(text, text, [])
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, len(text)))
    fixed = text[:start] + "x" + text[end:]
    if reads_as_meant(text, fixed, [(Span(start, end), "x")]):
        assert len(scan(fixed).instructions) == len(scan(text).instructions)

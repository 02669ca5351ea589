"""Patterns of paths and ids: what they fit, and that no pattern takes for ever."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policylint.detect.paths import matches_glob

FITS = [
    ("/a", "/a/**"), ("/a/b/c", "/a/**"), ("/a/b", "/a/**/b"), ("/a/x/y/b", "/a/**/b"),
    ("b", "**/b"), ("x/y/b", "**/b"), ("a.json", "*.json"), ("d/a.json", "**.json"),
    ("abc", "a?c"), ("/", "/**"), ("", "**"), ("/x", "/*/**"), ("a[b", "a[b"), ("a*", "a*"),
]  # fmt: skip
DIFFERS = [
    ("/ab", "/a/**"), ("xb", "**/b"), ("d/a.json", "*.json"), ("a/c", "a?c"), ("/a", "/a/**/b"),
    ("", "?"), ("vendored/x", "vendor/**"), ("a", ""),
]  # fmt: skip


@pytest.mark.parametrize(("path", "pattern"), FITS)
def test_a_pattern_fits(path: str, pattern: str) -> None:
    assert matches_glob(path, pattern)


@pytest.mark.parametrize(("path", "pattern"), DIFFERS)
def test_a_pattern_does_not_fit(path: str, pattern: str) -> None:
    assert not matches_glob(path, pattern)


@given(st.text("ab/", max_size=8), st.lists(st.sampled_from(["a", "b", "/", "*", "?"]), max_size=6))
def test_single_stars_and_question_marks_are_what_they_are_in_regular_expressions(
    path: str, pieces: list[str]
) -> None:
    pattern = re.sub(r"\*+", "*", "".join(pieces))
    expression = re.escape(pattern).replace(r"\*", "[^/]*").replace(r"\?", "[^/]")
    assert matches_glob(path, pattern) == bool(re.fullmatch(expression, path))


def test_a_pattern_made_to_be_slow_is_not() -> None:
    assert not matches_glob("a" * 4000 + "b", "*a" * 30)

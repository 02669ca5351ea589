"""What an ignore file leaves out of the context of a build."""

from __future__ import annotations

import re
from posixpath import normpath

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from policylint.dockerfile.ignored import IgnoreFile


def covers(text: str, path: str) -> bool:
    return IgnoreFile(".dockerignore", text).covers(path)


def covers_all(text: str, path: str) -> bool:
    return IgnoreFile(".dockerignore", text).covers_all(path)


@pytest.mark.parametrize(
    ("pattern", "path"),
    [
        ("secret", "secret"),
        ("secret", "secret/key.pem"),
        ("/secret/", "secret/key.pem"),
        ("./a/../secret", "secret"),
        ("  secret\t", "secret"),
        ("secret\r", "secret"),
        ("*.pem", "key.pem"),
        ("*/*.pem", "tls/key.pem"),
        ("*/temp*", "a/temporary/b"),
        ("temp?", "tempa"),
        ("key[0-9].pem", "key1.pem"),
        ("key[^a-f].pem", "keyz.pem"),
        (r"k\ey", "key"),
        (r"\#key", "#key"),
        ("**/key", "key"),
        ("**/key", "a/b/key"),
        ("a/**/key", "a/key"),
        ("a/**/key", "a/b/c/key"),
        ("a/**", "a/b/c"),
        ("**", "anything/at/all"),
        ("**key", "a/monkey"),
        ("**/*.pem", "tls/old/key.pem"),
        ("*", ""),
        ("secret", "./secret/"),
        ("secret", "/secret"),
    ],
)
def test_a_pattern_leaves_out_what_it_fits_and_all_below_it(pattern: str, path: str) -> None:
    assert covers(pattern, path)
    assert covers_all(pattern, path)


@pytest.mark.parametrize(
    ("pattern", "path"),
    [
        ("secret", "secrets"),
        ("secret", "a/secret"),
        ("*.pem", "tls/key.pem"),
        ("temp?", "temp"),
        ("a?b", "a/b"),
        ("key[0-9].pem", "keya.pem"),
        ("a/**", "a"),
        ("**/key", "monkey"),
        ("**key*", "monkey"),
        ("Secret", "secret"),
        ("#secret", "#secret"),
        ("../secret", "secret"),
        ("[secret", "[secret"),
        ("secret\\", "secret"),
        (".", ""),
        ("!", "!"),
        ("secret", ""),
    ],
)
def test_a_pattern_fits_nothing_else(pattern: str, path: str) -> None:
    assert not covers(pattern, path)
    assert not covers_all(pattern, path)


def test_the_last_pattern_that_fits_decides() -> None:
    assert not covers("*.md\n!README.md", "README.md")
    assert covers("*.md\n!README.md", "NEWS.md")
    assert covers("!README.md\n*.md", "README.md")
    assert covers("*\n! src \nsrc/secret", "src/secret")
    assert not covers("*\n!src", "src/main.py")


def test_a_backslash_takes_the_meaning_of_a_wildcard() -> None:
    assert covers(r"key\[1\]\*", "key[1]*")
    assert not covers(r"key\[1\]\*", "key1a")


def test_a_comment_begins_where_the_line_does() -> None:
    assert not covers("# *\n\n", "a")
    assert covers(" #a", "#a")


def test_an_exception_below_a_folder_leaves_something_of_it() -> None:
    assert not covers_all("*\n!src/main.py", "src")
    assert not covers_all("*\n!**/*.py", "docs")
    assert covers("*\n!**/*.py", "docs")
    assert covers_all("*\n!src/main.py", "docs")
    assert not covers_all("*\n!src", "")


@pytest.mark.parametrize(
    ("text", "source"),
    [
        ("*", "*.pem"),
        ("*.pem", "*.pem"),
        ("*.pem", "key?.pem"),
        ("secret", "secret/*"),
        ("**/*.pem", "tls/[a-z]*.pem"),
        ("key?", "key[0-9]"),
        ("a", r"\a"),
    ],
)
def test_a_source_with_wildcards_is_left_out_when_all_that_it_fits_is(
    text: str, source: str
) -> None:
    assert covers_all(text, source)


@pytest.mark.parametrize(
    ("text", "source"),
    [
        ("?.pem", "*.pem"),
        ("package-lock.json", "package*.json"),
        ("key1", "key?"),
        ("*.pem\n!public.pem", "*.pem"),
        ("*/*", "*"),
        ("*.pem", "[a"),
        ("[*]x", "*x"),
    ],
)
def test_a_source_with_wildcards_may_fit_more_than_is_left_out(text: str, source: str) -> None:
    assert not covers_all(text, source)


def test_of_too_many_patterns_nothing_is_claimed() -> None:
    text = "\n".join(f"folder-{number}/**/x" for number in range(2000))
    assert covers(text, "elsewhere")
    assert not covers_all(text, "folder-1/x")


PATTERN = st.lists(
    st.sampled_from(["a", "b", "*", "**", "**/", "/", "?", "[ab]", "[^a]", r"\a", ".", ".."]),
    max_size=6,
).map("".join)
LINES = st.lists(st.tuples(st.sampled_from(["", "", "!", "/", "#"]), PATTERN), max_size=4)
PATH = st.lists(st.text("ab.", min_size=1, max_size=3), min_size=1, max_size=3).map("/".join)


@given(LINES, PATH)
@example([("", "**/**/a")], "b/a")
@example([("", "a***")], "a/b")
def test_patterns_mean_what_their_translations_to_regular_expressions_mean(
    lines: list[tuple[str, str]], path: str
) -> None:
    path = normpath("/" + path).lstrip("/")
    if path:
        text = "\n".join(sign + pattern for sign, pattern in lines)
        assert covers(text, path) == _covers_by_expressions(text, path), text


@given(LINES, PATTERN, PATH)
def test_what_is_left_out_with_a_pattern_is_left_out_with_each_path_that_it_fits(
    lines: list[tuple[str, str]], source: str, path: str
) -> None:
    text = "\n".join(sign + pattern for sign, pattern in lines)
    path = normpath("/" + path).lstrip("/")
    if covers_all(text, source):
        expression = _translated(normpath(f"/{source}").lstrip("/").replace("**", "*"))
        if re.fullmatch(expression, path):
            assert covers(text, path), text
            assert covers(text, f"{path}/a"), text


@given(st.text("ab*?/[]!\\#^-. \t\r\n\ufeffä", max_size=60), st.text(max_size=20))
def test_no_text_and_no_path_raises(text: str, path: str) -> None:
    covers(text, path)
    covers_all(text, path)


def _covers_by_expressions(text: str, path: str) -> bool:
    """The answer, found pattern by pattern and folder by folder."""
    segments = path.split("/")
    above = ["/".join(segments[: depth + 1]) for depth in range(len(segments))]
    is_covered = False
    for line in text.split("\n"):
        is_exception = line.startswith("!")
        pattern = line[1:] if is_exception else line
        if not pattern or line.startswith("#"):
            continue
        is_absolute = pattern.startswith("/")
        pattern = normpath("/" + pattern.lstrip("/"))[1:] if is_absolute else normpath(pattern)
        expression = _translated(pattern)
        if pattern in ("", "."):
            continue
        if any(re.fullmatch(expression, each, re.DOTALL) for each in above):
            is_covered = not is_exception
    return is_covered


def _translated(pattern: str) -> str:
    """A pattern of the alphabet above as a regular expression."""
    if pattern.startswith("**") and re.fullmatch(r"[ab./]+", pattern[2:]) and pattern[2] != "/":
        return ".*" + re.escape(pattern[2:])
    expression = ""
    while pattern:
        piece = next(
            (each for each in ("[ab]", "[^a]", r"\a", "**/", "**") if pattern.startswith(each)),
            pattern[0],
        )
        pattern = pattern[len(piece) :]
        if piece in ("**/", "**"):
            expression += "(?:.*/)?" if pattern else ".*"
        elif piece == "*":
            expression += "[^/]*"
        elif piece == "?":
            expression += "[^/]"
        elif piece in ("[ab]", "[^a]"):
            expression += piece
        else:
            expression += re.escape(piece[-1])
    return expression

"""What scripts write into which files."""

from __future__ import annotations

import pytest

from policylint.dockerfile.shell import parse
from policylint.dockerfile.written import lines, written


def told(script: str) -> list[tuple[str, list[str]]]:
    """Every file and its lines; each line is where its place says that it is."""
    found = []
    for paths, texts in written(parse(script)):
        seen = [line for text in texts for line in lines(text)]
        for line in seen:
            if line.text:
                at = line.span(0, len(line.text))
                assert script[at.start : at.start + 1] == line.text[0]
                assert script[at.end - 1 : at.end] == line.text[-1]
        found += [(path, [line.text for line in seen]) for path in paths]
    return found


@pytest.mark.parametrize(
    ("script", "files"),
    [
        ("echo a b >> ~/f", [("~/f", ["a b"])]),
        ("printf '%s\\n' a 'b c' > f", [("f", ["%s", "a", "b c"])]),
        ("echo 'a\nb' >| f", [("f", ["a", "b"])]),
        ("cat > f <<E\na\n\nb\nE\n", [("f", ["a", "", "b"])]),
        ("cat <<E | sudo tee -a f > /dev/null\na\nE\n", [("f", ["a"])]),
        ("tee f g <<< a", [("f", ["a"]), ("g", ["a"])]),
        ("{ echo a; (echo b; echo c > g); } > f", [("f", ["a"]), ("f", ["b"]), ("g", ["c"])]),
        ("(echo a; echo b) | tee f; echo c", [("f", ["a", "b"])]),
        ("sh -c 'echo a > f'", [("f", ["a"])]),
        ("echo a > f > g", [("g", ["a"])]),
        ("sed -i s/a/b/ f g", [("f", ["b"]), ("g", ["b"])]),
        ("sed -i.old -e '2,$s|a|b|' -e 's,c,d,' f", [("f", ["b", "d"])]),
        ("sed --in-place '/x/ s/a/b/' f", [("f", ["b"])]),
    ],
)
def test_what_a_script_writes_is_found_with_its_place(
    script: str, files: list[tuple[str, list[str]]]
) -> None:
    assert told(script) == files


@pytest.mark.parametrize(
    "script",
    [
        "echo a; echo b 2> f",
        "echo a | grep b > f",
        "cat g > f",
        "sed s/a/b/ f",
        "{ echo a; } 2> f; echo b",
        "{ a; } > f; echo b",
        "echo 'echo a > f'",
        "echo a |",
        "| tee f",
    ],
)
def test_what_goes_elsewhere_is_not_told(script: str) -> None:
    assert not [texts for path, texts in told(script) if texts]

"""Policies with mistakes: marks ⟦…⟧ show where each must be told, and nothing else may be.

    a rule that is none:
      policy: |
        rules: {⟦nope⟧: on}
      message: no such rule

A case may have further `files`; it is told in the marks of any of them. `message` is one for
all marks or a list with one for each. A case without marks must be read.
"""

from __future__ import annotations

import json
import os
import re
from typing import TYPE_CHECKING, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policylint.engine import lint
from policylint.organisation import Organisation
from policylint.policy import PolicyError, find
from policylint.policy_file import KEYS, read, read_text
from policylint.source import SourceFile
from policylint.tree import yaml_text

if TYPE_CHECKING:
    from pathlib import Path

FOLDER = os.path.join(os.path.dirname(__file__), "policies")
NAME = ".policylint.yaml"
_MARK = re.compile("[⟦⟧]")
_TOLD = re.compile(r"^(\S+?):(\d+):(\d+): (.*)")


class Case(NamedTuple):
    """Files without their marks, and the places that were marked with a word of the message."""

    title: str
    files: dict[str, str]
    marks: dict[tuple[str, int, int], str]


def cases() -> list[Case]:
    found = []
    for name in sorted(os.listdir(FOLDER)):
        with open(os.path.join(FOLDER, name), encoding="utf-8") as file:
            (tree,) = yaml_text.read(file.read())
        assert isinstance(tree.value, dict)
        assert not tree.repeated()
        found += [_case(f"{name}: {title}", said) for title, said in tree.value.items()]
    return found


def _case(title: str, said: dict[str, object]) -> Case:
    assert said.keys() <= {"policy", "files", "message"}, title
    more = said.get("files", {})
    assert isinstance(more, dict)
    texts = {NAME: str(said["policy"]), **more}
    places = []
    for name, text in texts.items():
        plain = SourceFile(name, _MARK.sub("", text))
        for count, mark in enumerate(_MARK.finditer(text)):
            if mark.group() == "⟦":
                places.append((name, *plain.position(mark.start() - count)))
    words = said.get("message", "")
    messages: list[str] = words if isinstance(words, list) else [str(words)] * len(places)
    assert len(messages) == len(places), f"{title}: {len(messages)} messages"
    files = {name: _MARK.sub("", text) for name, text in texts.items()}
    return Case(title, files, dict(zip(places, messages, strict=True)))


CASES = cases()


@pytest.mark.parametrize("case", CASES, ids=[case.title for case in CASES])
def test_a_mistake_is_told_where_it_is_marked(
    case: Case, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for name, text in case.files.items():
        os.makedirs(os.path.dirname(name) or ".", exist_ok=True)
        (tmp_path / name).write_bytes(text.encode())
    told: dict[tuple[str, int, int], str] = {}
    try:
        read(NAME)
    except PolicyError as error:
        for line in str(error).split("\n"):
            match = _TOLD.match(line)
            if match:
                told[match[1], int(match[2]), int(match[3])] = match[4]
            else:
                assert line.startswith("  "), line
    assert told.keys() == case.marks.keys()
    for place, words in case.marks.items():
        assert words in told[place]


@pytest.mark.parametrize("name", [".policylint.yml", "policylint.json"])
def test_a_file_that_is_called_almost_so_is_not_passed_over(tmp_path: Path, name: str) -> None:
    (tmp_path / ".git").mkdir()
    (tmp_path / name).write_text("extends: all\n")
    with pytest.raises(PolicyError, match=r"call it \.policylint\.yaml"):
        find(str(tmp_path))
    (tmp_path / ".policylint.yaml").write_text("")
    assert find(str(tmp_path)) == str(tmp_path / ".policylint.yaml")


KEY = st.sampled_from(
    [*KEYS, "rule", "reason", "until", "path", "severity", "suppressible", "public", "role", "web",
     "warn_at", "cpus", "runs-as-root", "host-path-mount", "allow", "suppression-expired",
     "max_days", "require_ticket", *Organisation._fields]
)  # fmt: skip
LEAF = (
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
    | KEY | st.sampled_from(["on", "off", "high", "baseline", "2027-03-31", "(", "/x", ""])
)  # fmt: skip
VALUE = st.recursive(
    LEAF, lambda below: st.lists(below, max_size=3) | st.dictionaries(KEY, below, max_size=4)
)


@given(st.dictionaries(KEY, VALUE, max_size=5))
def test_whatever_stands_in_a_policy_it_is_read_or_refused_at_a_place(value: object) -> None:
    text = json.dumps(value, indent=1)
    try:
        policy = read_text("policy.yaml", text)
    except PolicyError as error:
        places = [_TOLD.match(line) for line in str(error).split("\n") if line[:1] != " "]
        assert all(place and place[1] == "policy.yaml" for place in places)
    else:
        assert policy.rules.keys() >= {"document-unreadable", "suppression-unused"}
        assert not lint([SourceFile("a.json", '{"id": "/a", "cmd": "x"}')], policy).passed_over

"""The guide is true: its files are written, its commands run, in the order in which it has them."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from typing import TYPE_CHECKING, NamedTuple

import pytest

from tests.integration.outside import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PATH = os.path.join(ROOT, "docs", "rego.md")
_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
# The file that a block is stands at the end of the text before it.
_FILE = re.compile(r"`([\w./-]+)`:\n\n$")
_POLICYLINT = f"{shlex.quote(sys.executable)} -m policylint"


class Snippet(NamedTuple):
    language: str
    text: str
    file: str | None


def snippets() -> Iterator[Snippet]:
    with open(PATH, encoding="utf-8") as file:
        guide = file.read()
    for block in _BLOCK.finditer(guide):
        name = _FILE.search(guide[: block.start()])
        yield Snippet(block[1], block[2], name[1] if name else None)


SNIPPETS = list(snippets())


def shell(command: str, folder: Path) -> subprocess.CompletedProcess[str]:
    command = re.sub(r"\bpolicylint(?= (check|test|input|rules|explain) )", _POLICYLINT, command)
    return subprocess.run(
        ["sh", "-c", command],
        cwd=folder,
        env={**os.environ, "NO_COLOR": "1", "PYTHONPATH": ROOT, "PYTHONUTF8": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


@pytest.mark.skipif(os.name == "nt", reason="the commands are for a POSIX shell")
def test_every_snippet_does_what_the_guide_says(opa: str, folder: Path) -> None:  # noqa: ARG001
    for snippet in SNIPPETS:
        if snippet.language == "console":
            commands = re.findall(r"^\$ (.*)\n((?:(?!\$ ).*\n)*)", snippet.text, re.MULTILINE)
            for command, shown in commands:
                assert shell(command, folder).stdout == shown
        elif snippet.language == "sh":
            for command in snippet.text.splitlines():
                done = shell(command, folder)
                assert done.returncode == 0, done.stdout
        else:
            assert snippet.file is not None, snippet.text
            path = folder / snippet.file
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(snippet.text, encoding="utf-8")


def test_its_policies_are_formatted_and_strict(opa: str, folder: Path) -> None:
    for number, snippet in enumerate(SNIPPETS):
        if snippet.language == "rego":
            (folder / f"{number}.rego").write_text(snippet.text, encoding="utf-8")
    listed = subprocess.run([opa, "fmt", "--list", "."], capture_output=True, text=True)
    assert (listed.returncode, listed.stdout) == (0, "")


def test_its_links_lead_somewhere() -> None:
    with open(PATH, encoding="utf-8") as file:
        links = re.findall(r"\]\((?!https:)([^)#]+)", file.read())
    assert "rego/README.md" in links
    missing = [link for link in links if not os.path.exists(os.path.join(ROOT, "docs", link))]
    assert missing == []

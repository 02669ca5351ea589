from __future__ import annotations

import os
import re

import pytest

from policylint.generate import generated
from tests.integration import readme
from tests.integration.outside import ROOT

FILES = generated()


@pytest.mark.parametrize("path", FILES, ids=lambda path: os.path.relpath(path, ROOT))
def test_a_generated_file_is_what_the_code_says(path: str) -> None:
    with open(path, encoding="utf-8") as file:
        assert file.read() == FILES[path], "stale: run `python3 dev.py generate`"


@pytest.mark.parametrize("path", readme.PATHS, ids=lambda path: os.path.relpath(path, ROOT))
def test_the_screens_in_a_guide_are_what_the_commands_print(path: str) -> None:
    text = readme.read(path)
    assert "$ policylint check" in text
    assert readme.refreshed(text) == text, "stale: run `python3 dev.py generate`"


@pytest.mark.parametrize("name", ["README.md", "CONTRIBUTING.md", "CHANGELOG.md", "docs/fleet.md"])
def test_links_between_documents_lead_somewhere(name: str) -> None:
    with open(os.path.join(ROOT, name), encoding="utf-8") as file:
        links = re.findall(r"\]\((?!https?:|#)([^)#\s]+)", file.read())
    folder = os.path.dirname(os.path.join(ROOT, name))
    assert [link for link in links if not os.path.exists(os.path.join(folder, link))] == []

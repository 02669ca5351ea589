"""Writing an exemption: one entry more, and every other character as it was."""

from __future__ import annotations

from difflib import SequenceMatcher
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policylint.exempt import add
from policylint.policy import PolicyError
from policylint.tree.yaml_text import read

if TYPE_CHECKING:
    from collections.abc import Mapping

ENTRY = {"rule": "runs-as-root", "subject": "/web", "reason": "binds port 80"}
FLOW = "{rule: runs-as-root, subject: /web, reason: binds port 80}"
LONG = {**ENTRY, "reason": "binds port 80 on the old agents, which " + "very " * 10 + "old"}

# ⟦…⟧ is what must be added to the text around it.
PLACES = {
    "no list yet": f"extends: all\n⟦exemptions:\n  - {FLOW}\n⟧",
    "no end of the last line": f"extends: all⟦\nexemptions:\n  - {FLOW}\n⟧",
    "an empty file": f"⟦exemptions:\n  - {FLOW}\n⟧",
    "comments alone": f"# nothing yet\n⟦exemptions:\n  - {FLOW}\n⟧",
    "comments below": f"extends: all\n\n# the end\n⟦exemptions:\n  - {FLOW}\n⟧",
    "marks of start and end": f"---\nextends: all\n⟦exemptions:\n  - {FLOW}\n⟧...\n",
    "another system's lines": f"extends: all\r\n⟦exemptions:\r\n  - {FLOW}\r\n⟧",
    "an indented document": f"  extends: all\n⟦  exemptions:\n    - {FLOW}\n⟧",
    "one line of JSON": f'{{"extends": "all"⟦, exemptions: [{FLOW}]⟧}}\n',
    "empty braces": f"{{⟦exemptions: [{FLOW}]⟧}}\n",
    "several lines of JSON": f'{{\n  "extends": "all"⟦,⟧\n⟦  exemptions: [{FLOW}]\n⟧}}\n',
    "an empty list": f"exemptions: [⟦{FLOW}⟧]\nextends: all\n",
    "a list on one line": f"exemptions: [{{rule: x, reason: a}}⟦, {FLOW}⟧]  # old\n",
    "a comma at the end": f"exemptions: [{{rule: x, reason: a}},⟦ {FLOW}⟧]\n",
    "a list over lines": (
        f"exemptions: [\n  {{rule: x, reason: a}}⟦,⟧ # why\n⟦  {FLOW}\n⟧]\nextends: all\n"
    ),
    "a list over lines with a comma": (
        f"exemptions: [\n  {{rule: x, reason: a}}, # why\n⟦  {FLOW},\n⟧]\n"
    ),
    "items on lines": f"exemptions:\n- {{rule: x, reason: a}}  # why\n⟦- {FLOW}\n⟧extends: all\n",
    "items further in": f"exemptions:\n    -   {{rule: x, reason: a}}\n⟦    -   {FLOW}\n⟧# end\n",
    "keys on lines": (
        "exemptions:\n  - rule: x\n    reason: a # why\n"
        "⟦  - rule: runs-as-root\n    subject: /web\n    reason: binds port 80\n⟧"
        "\n# rules\nrules: {}\n"
    ),
    "a reason over lines": (
        "exemptions:\n  - rule: x\n    reason: |\n      a\n      b\n"
        "⟦  - rule: runs-as-root\n    subject: /web\n    reason: binds port 80\n⟧"
    ),
    "no end of the last item": f"exemptions:\n  - {{rule: x, reason: a}}⟦\n  - {FLOW}⟧",
}


@pytest.mark.parametrize("name", PLACES)
def test_an_entry_is_added_where_the_others_are(name: str) -> None:
    text = PLACES[name]
    plain = "".join(part.rpartition("⟧")[2] for part in text.split("⟦"))
    assert add(plain, ENTRY) == text.replace("⟦", "").replace("⟧", "")


def test_a_long_entry_has_a_line_for_every_key() -> None:
    added = add("exemptions:\n  - {rule: x, reason: a}\n", LONG)
    assert added.splitlines()[2:4] == ["  - rule: runs-as-root", "    subject: /web"]
    assert entries(added)[1:] == [LONG]


@pytest.mark.parametrize(
    "text",
    [
        "settings: &x [{rule: x}]\nexemptions: *x\n",
        "exemptions: {a: b}\n",
        "exemptions: none\n",
        "exemptions:\n",
        "a: 1\n---\nb: 2\n",
        "~\n",
        "- a\n",
    ],
)
def test_where_there_is_no_plain_room_nothing_is_added(text: str) -> None:
    with pytest.raises(PolicyError, match="by hand"):
        add(text, ENTRY)


WORDS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1)


@given(
    st.sampled_from(sorted(PLACES)),
    st.fixed_dictionaries(
        {"rule": WORDS, "reason": WORDS}, optional={"until": WORDS, "owner": WORDS}
    ),
)
def test_whatever_is_written_reads_back_and_nothing_else_changes(
    name: str, entry: dict[str, str]
) -> None:
    text = "".join(part.rpartition("⟧")[2] for part in PLACES[name].split("⟦"))
    added = add(text, entry)
    assert entries(added) == [*entries(text), entry]
    kept = SequenceMatcher(None, text, added, autojunk=False).get_matching_blocks()
    assert sum(block.size for block in kept) == len(text), "nothing is taken away"


@pytest.mark.parametrize(
    "text", ["no", "true", "~", "7", "1.5", "2027-03-31", "a: b", "a #b", "*x"]
)
def test_words_that_yaml_would_read_as_something_else_stay_texts(text: str) -> None:
    entry: Mapping[str, str] = {"rule": "x", "reason": text}
    assert entries(add("", entry)) == [entry]


def entries(text: str) -> list[object]:
    value = read(text)[0].value if read(text) else {}
    assert isinstance(value, dict)
    found = value.get("exemptions", [])
    assert isinstance(found, list)
    return found

"""What other tools call what our rules find."""

from __future__ import annotations

from typing import TYPE_CHECKING

from policylint.named import NamedTuple
from policylint.patterns import regex

if TYPE_CHECKING:
    from collections.abc import Iterable

    from policylint.rule import Rule

# What an id begins with, and whose it is. A prefix with a colon is ours, not the tool's.
_TOOLS = (
    ("BuildKit:", "BuildKit"),
    ("CIS-DI-", "dockle"),
    ("CIS-Docker:", "CIS Docker Benchmark"),
    ("CKV", "checkov"),
    ("DKL-", "dockle"),
    ("DL", "hadolint"),
    ("DS-", "trivy"),
    ("KICS:", "KICS"),
    ("semgrep:", "semgrep"),
)
_NUMBER = regex(r"(\d+)")


class Equivalent(NamedTuple):
    """A check of another tool: whose it is, and its id there."""

    tool: str
    id: str


class Crossing(NamedTuple):
    """A check of another tool, and the rules of ours that find the same."""

    tool: str
    id: str
    rules: tuple[str, ...]


def equivalent(name: str) -> Equivalent:
    """Whose a rule's equivalent is; one that nobody knows stands for itself."""
    for prefix, tool in _TOOLS:
        if name.startswith(prefix):
            return Equivalent(tool, name.removeprefix(prefix) if ":" in prefix else name)
    return Equivalent("", name)


def by_tool(rule: Rule) -> dict[str, list[str]]:
    """What a rule is called elsewhere, tool by tool."""
    found: dict[str, list[str]] = {}
    for tool, name in sorted(map(equivalent, rule.equivalents), key=_order):
        found.setdefault(tool, []).append(name)
    return found


def crosswalk(rules: Iterable[Rule]) -> list[Crossing]:
    """The checks of other tools that our rules know, by tool and id."""
    found: dict[Equivalent, list[str]] = {}
    for rule in rules:
        for name in dict.fromkeys(rule.equivalents):
            found.setdefault(equivalent(name), []).append(rule.name)
    return [Crossing(*entry, tuple(sorted(found[entry]))) for entry in sorted(found, key=_order)]


def _order(entry: Equivalent) -> tuple[str, list[tuple[int, str]]]:
    """By tool, then by id such that 9 comes before 10."""
    parts = _NUMBER.split(entry.id)
    return entry.tool.lower(), [
        (int(part), "") if part.isdecimal() else (0, part.lower()) for part in parts
    ]

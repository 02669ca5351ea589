"""Policies written for conftest: which of their rules there are, and what to ask OPA of them."""

from __future__ import annotations

import re
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

from policylint.finding import SEVERITIES
from policylint.rego.rules import FAMILY, RegoRule
from policylint.rule import FAMILIES, Doc

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

NAMESPACE = "main"
# One definition at a time, as a list of all of them.
SINGLE, COMBINED = "conftest", "combined"
MOST_PARTS = 12

_NAME = re.compile(r"(?P<kind>deny|violation|warn)(?:_(?P<rest>[a-zA-Z0-9]+(?:_[a-zA-Z0-9]+)*))?")
_PART = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")
_SEVERITIES = {"deny": "high", "violation": "high", "warn": "low"}
_OURS = "policylint"


class ConftestRule(RegoRule):
    """All `deny`, `warn` or `violation` of one name in a namespace.

    `steps` are the parts of the namespace, `query` the name in it and `bare` that name
    without its first word, as an `exception` names it.
    """

    __slots__ = ("bare", "query", "steps")

    def __init__(
        self, namespace: str, query: str, place: str, said: Mapping[str, Any], on: str
    ) -> None:
        match = _NAME.fullmatch(query)
        if match is None:
            raise ValueError(query)
        self._begin(f"{namespace}.{query}", namespace, place)
        self.steps = namespace.split(".")
        self.query = query
        self.bare = match["rest"] or ""
        self.on = on
        self.kinds = ()
        self._settings = {}
        custom = said.get("custom")
        own: Mapping[str, Any] = custom if isinstance(custom, dict) else {}
        self.severity = _word(own, "severity", SEVERITIES) or _SEVERITIES[match["kind"]]
        self.family = _word(own, "family", (*FAMILIES, FAMILY)) or FAMILY
        related = said.get("related_resources") or ()
        self.refs = tuple(link for link in (entry.get("ref") for entry in related) if link)
        title = str(said.get("title") or "").strip() or f"{query} of {namespace}"
        described = str(said.get("description") or "").split("\n\n")
        body = tuple(" ".join(text.split()) for text in described if text.strip())
        self._doc = Doc(title.rstrip(".") + ".", body, {}, ())


def is_rule(name: str) -> bool:
    """Whether conftest asks for what is called so."""
    return _NAME.fullmatch(name) is not None


def is_asked(namespace: str, patterns: Iterable[str]) -> bool:
    """Whether a package is one of the namespaces, which may be patterns."""
    steps = namespace.split(".")
    found = (fnmatchcase(namespace, pattern.replace("[^", "[!")) for pattern in patterns)
    return steps[0] != _OURS and any(found)


def is_plain(namespace: str) -> bool:
    """Whether a rule can be called by its namespace."""
    steps = namespace.split(".")
    return len(steps) <= MOST_PARTS and all(map(_PART.fullmatch, steps))


def question(rules: Iterable[RegoRule]) -> str:
    """What to ask of the rules: members of a query, which depends on nothing but their depth.

    The answers are numbers of a document, an input of it and a rule, then what the rule
    says and whether an exception takes that back.
    """
    depths = sorted({len(rule.steps) for rule in rules if isinstance(rule, ConftestRule)})
    if not depths:
        return ""
    heads = " ".join(
        f"found_{depth} := {_answers(depth)} with input as given with data.conftest.file as file;"
        for depth in depths
    )
    found = ", ".join(f"found_{depth}" for depth in depths)
    return f"""
  "{SINGLE}": [row |
    document := input.documents[d]
    given := document.inputs[n]
    file := document.file
    rules := input.conftest.{SINGLE}
    {heads}
    answer := [{found}][_][_]
    row := [d, n, answer]
  ],
  "{COMBINED}": [answer |
    given := [entry |
      document := input.documents[input.conftest.order[_]]
      contents := document.inputs[_]
      entry := {{"path": document.path, "contents": contents}}
    ]
    file := input.conftest.file
    rules := input.conftest.{COMBINED}
    {heads}
    answer := [{found}][_][_]
  ],"""


def told(rules: Sequence[RegoRule], on: str) -> list[dict[str, Any]]:
    """The rules that are asked in one way, as the question wants them."""
    return [
        {"number": number, "steps": rule.steps, "query": rule.query, "bare": rule.bare}
        for number, rule in enumerate(rules)
        if isinstance(rule, ConftestRule) and rule.on == on
    ]


def _answers(depth: int) -> str:
    """What rules at one depth say, each with its number; those that say nothing are left out."""
    package = "data" + "".join(f"[rule.steps[{step}]]" for step in range(depth))
    return f"""[[rule.number, value, excepted] |
      rule := rules[_]
      count(rule.steps) == {depth}
      value := {package}[rule.query]
      value != set()
      value != []
      value != false
      value != null
      excepted := count([1 | {package}.exception[_][_] == rule.bare]) > 0
    ]"""


def _word(said: Mapping[str, Any], key: str, known: Sequence[str]) -> str | None:
    """A word of METADATA if it is one of ours: what others write there is theirs."""
    found = str(said.get(key, "")).lower()
    return found if found in known else None

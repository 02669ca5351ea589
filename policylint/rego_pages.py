"""The pages of the policies in Rego that come with policylint: `docs/rego/`."""

from __future__ import annotations

import json
import os
import re
from typing import TYPE_CHECKING, Any

from policylint.cases import read_cases
from policylint.pages import NOTE, page
from policylint.parsers import KINDS
from policylint.policy import shipped_rego
from policylint.rego import files
from policylint.rego.rules import Metadata, RegoRule
from policylint.rule import Example
from policylint.tree.yaml_text import read

if TYPE_CHECKING:
    from collections.abc import Iterator

    from policylint.cases import Case

_METADATA = re.compile(r"^# METADATA\n((?:#.*\n)+)package policylint\.rules\.(\w+)$", re.MULTILINE)


_ABOUT = """\
They are demands that differ from one organisation to the next: each is silent until the policy
states its settings. They need an `opa`, see [Your own policies in Rego](../rego.md)."""


def rego_pages(root: str) -> dict[str, str]:
    """Path and text of every page."""
    folder = os.path.join(root, "docs", "rego")
    found = {}
    parts = [f"# Policies in Rego that come with policylint\n\n{NOTE}", _ABOUT]
    for name, place in shipped_rego().items():
        rules = list(_rules(name, place))
        rows = ["| rule | severity | what it finds |", "| --- | --- | --- |"]
        rows += [
            f"| [{rule.name}]({rule.name}.md) | {rule.severity} | {rule.summary.rstrip('.')} |"
            for rule in rules
        ]
        parts += [f"## {name}", "\n".join(rows)]
        for rule in rules:
            found[os.path.join(folder, f"{rule.name}.md")] = page(rule, f"in `{name}`, in Rego")
    found[os.path.join(folder, "README.md")] = "\n\n".join(parts) + "\n"
    return found


def _rules(name: str, folder: str) -> Iterator[RegoRule]:
    """The rules of a folder with the words of their METADATA and examples from their cases.

    This much of Rego can be read without an opa; a test compares it with what opa says.
    """
    for file in files.read([folder]):
        match = _METADATA.search(file.text)
        if match is None:
            continue
        said: Any = read(re.sub(r"^# ?", "", match[1], flags=re.MULTILINE))[0].value
        settings = said["custom"]["settings"]
        said["custom"]["settings"] = dict(sorted(settings.items()))  # as opa tells them
        line = file.text[: match.end()].count("\n") + 1
        rule = RegoRule(match[2], Metadata(f"{file.path}:{line}", said), KINDS)
        cases = read_cases(os.path.join(folder, files.CASES, f"{rule.name}.yaml"))
        bad = next(case for case in cases if case.marks)
        good = next(case for case in cases if not case.marks and case.policy == bad.policy)
        rule.illustrate((*_examples(bad), *_examples(good)), _policy(name, bad))
        yield rule


def _examples(case: Case) -> Iterator[Example]:
    for source in case.sources:
        day = f", on {case.today}" if case.today else ""
        yield Example(not case.marks, f"{source.path}{day}", source.text)


def _policy(name: str, case: Case) -> str:
    settings = json.loads(case.policy)["rules"][case.rule]
    shown = json.dumps(settings, ensure_ascii=False)
    return f"rego: {name}\nrules:\n  {case.rule}: {shown}\n"

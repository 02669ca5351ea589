"""A repository that the tests of policies in Rego are about."""

from __future__ import annotations

from textwrap import dedent
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

APP = '{"id": "/web", "cmd": "run", "instances": 2, "labels": {"a": "b"}}\n'

OWNER = """
    # METADATA
    # title: Workload has no owner
    # description: |
    #   Nobody answers for it.
    #
    #   Instead, name the team in a label.
    # related_resources: ["https://wiki.example/owners"]
    # schemas:
    #   - input: schema.document
    # custom:
    #   severity: high
    #   family: hygiene
    #   references: [CWE-778]
    #   settings:
    #     label: {default: owner, description: The label that names the team.}
    package policylint.rules.owner_missing

    deny contains {"msg": sprintf("no label %s", [name]), "path": path} if {
        name := input.settings.label
        some workload in input.model.workloads
        not name in {label.name | some label in workload.labels}
        path := array.concat(workload._root, ["labels", name])
    }
"""


def rule(body: str, name: str = "some_rule", metadata: str = "") -> str:
    """A policy with this body."""
    lines = ["# METADATA", *(f"# {line}" for line in dedent(metadata).strip().split("\n"))]
    head = "\n".join(lines) + "\n" if metadata else ""
    return f"{head}package policylint.rules.{name}\n\n{dedent(body).strip()}\n"


def write(folder: Path, files: dict[str, str]) -> None:
    """Write files by their paths; texts may be indented."""
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(dedent(text).lstrip("\n"))

"""Rules on documents that are not what they seem: of no known kind, or not rendered yet."""

from __future__ import annotations

from typing import TYPE_CHECKING

from policylint.finding import Problem
from policylint.model import Hole, UnknownKind
from policylint.rule import rule

if TYPE_CHECKING:
    from policylint.finding import Problems


@rule(on=UnknownKind, severity="medium", family="document", refs="CWE-693")
def unknown_document_kind(document: UnknownKind) -> Problems:
    """Kind of a document cannot be decided.

    Its name says that it is a definition, its content fits none. A file that is
    not recognised escapes every rule.

    Instead, correct the document, say what it is with --kind, or exclude the file in the policy.

    Bad (marathon.json):
        {"id": "web", "command": "run", "env": {}, "foo": {}}

    Good (marathon.json):
        {"id": "/web", "cmd": "sleep 1", "cpus": 0.1, "mem": 32}
    """
    yield Problem(document, document.message)


@rule(on=Hole, severity="medium", family="document", confidence="medium", refs="CWE-20")
def unresolved_placeholder(hole: Hole) -> Problems:
    """Template placeholder left in the document.

    What is checked is not what will be deployed: the value that fills it may be
    the one that a rule forbids.

    Instead, render the template before checking it, or fill it with --values.

    Bad (marathon):
        {"id": "/web", "user": "{{service.user}}", "cmd": "run"}

    Good (marathon):
        {"id": "/web", "user": "nobody", "cmd": "run"}
    """
    if not hole.is_linted:
        yield Problem(hole, f"template, not linted: {hole.text}")
    elif hole.is_template:
        yield Problem(hole, f"template, judged with {hole.text} unknown", severity="info")
    else:
        severity = "high" if hole.is_security else None
        related = tuple((at, "and here") for at in hole.others)
        yield Problem(hole, f"{hole.text} is not filled in", related, severity=severity)

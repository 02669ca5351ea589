"""Rules about the structure of definitions: what the scheduler refuses, and what nobody reads."""

from __future__ import annotations

from typing import TYPE_CHECKING

from policylint.detect.paths import matches_glob
from policylint.finding import Problem
from policylint.model import SchemaError, UnknownField
from policylint.rule import rule

if TYPE_CHECKING:
    from policylint.finding import Problems


@rule(on=SchemaError, severity="medium", family="document", refs="CWE-20")
def schema_violation(error: SchemaError, *, lenient_types: bool = False) -> Problems:
    """Value that the scheduler refuses.

    The deployment fails, or an older and laxer version accepts the value and
    reads something else into it.

    Instead, correct the value.

    Settings:
        lenient_types: Let numbers and booleans pass that are written as text.

    Bad (marathon):
        {"id": "/web", "cmd": "run", "cpus": "0.5"}

    Good (marathon):
        {"id": "/web", "cmd": "run", "cpus": 0.5}
    """
    if not (lenient_types and error.is_quoted):
        yield Problem(error, error.message, instead=error.instead)


@rule(on=UnknownField, severity="low", family="document", refs="CWE-693")
def unknown_field(field: UnknownField, *, extra_fields: tuple[str, ...] = ()) -> Problems:
    """Field that nobody reads.

    The scheduler drops what it does not know without a word, so a misspelt
    guard is a guard that is not there.

    Instead, correct the name or take the field out.

    Settings:
        extra_fields: Fields that other tools read, as paths of names and positions such
            as maintainer, container/docker/note or **/note.

    Bad (marathon):
        {"id": "/web", "cmd": "run", "acceptedResourcesRoles": ["*"]}

    Good (marathon):
        {"id": "/web", "cmd": "run", "acceptedResourceRoles": ["*"]}
    """
    if not any(_is_at(field, pattern) for pattern in extra_fields):
        severity = "medium" if field.is_security else None
        message = f'nobody reads a field "{field.name}" here'
        yield Problem(field, message, severity=severity, instead=field.instead)


def _is_at(field: UnknownField, pattern: str) -> bool:
    path = "/".join(map(str, getattr(field.at, "path", ())))
    return matches_glob(f"/{path}", f"/{pattern.removeprefix('/')}")

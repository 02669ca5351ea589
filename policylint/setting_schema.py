"""What the settings of policies in Rego must look like, where their authors say it as a schema."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn

if TYPE_CHECKING:
    from collections.abc import Iterator

    Path = tuple[str | int, ...]

_MOST = 200


class SchemaError(Exception):
    """A schema that is none."""


def mistakes(schema: object, value: object) -> Iterator[tuple[Path, str]]:
    """Where a value does not fit a JSON Schema, and why; raises `SchemaError`."""
    import jsonschema_rs

    try:
        # References lead nowhere else: a policy has no network.
        validator = jsonschema_rs.validator_for(
            _object(schema), validate_formats=True, retriever=_refuse
        )
        found = list(validator.iter_errors(value))
    except (ValueError, TypeError, jsonschema_rs.ReferencingError) as error:
        raise SchemaError(_line(error)) from None
    for mistake in found:
        yield tuple(mistake.instance_path), _line(mistake.message)


def _object(schema: object) -> Any:
    if not isinstance(schema, dict):
        raise SchemaError("expected a JSON Schema, as in {pattern: ^[a-z]+$}")
    return schema


def _refuse(address: str) -> NoReturn:
    raise ValueError(f"{address}: a schema is all in one place")


def _line(said: object) -> str:
    first = str(said).partition("\n")[0]
    return first if len(first) <= _MOST else f"{first[:_MOST]}..."

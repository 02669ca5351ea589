"""Keeps the schemas in step: each stands alone, and what several need is written in one.

A definition is written in the first schema of the list that has it; the others
hold copies of it. The schema of version 0 jobs is all copy.
"""

from __future__ import annotations

import json
import os
from typing import Any

from policylint.source import shipped

Schema = dict[str, Any]

_WIDTH = 100
_ORIGINALS = ("marathon-app", "marathon-pod", "metronome-schedule", "metronome-job")
_COPIES = ("marathon-group", "marathon-app-list")


def bundled() -> dict[str, str]:
    """Path and text of every schema of a definition, its copies up to date."""
    schemas: dict[str, Schema] = {name: _read(name) for name in (*_ORIGINALS, *_COPIES)}
    originals: Schema = {}
    for name in _ORIGINALS:
        schema = schemas[name]
        originals = {**schema.get("$defs", {}), **originals}
        originals[name.rpartition("-")[2]] = _as_definition(schema)
    for schema in schemas.values():
        if "$defs" in schema:
            schema["$defs"] = _needed(schema, originals)
    schemas["metronome-job-v0"] = _job_of_version_0(schemas["metronome-job"])
    return {_path(name): written(schema) for name, schema in schemas.items()}


def written(value: object) -> str:
    """JSON as people like to read it: what fits on a line stands on one."""
    return _lines(value, "", 0) + "\n"


def _lines(value: object, indent: str, used: int) -> str:
    flat = json.dumps(value, ensure_ascii=False)
    if not isinstance(value, (dict, list)) or len(indent) + used + len(flat) < _WIDTH:
        return flat
    deeper = indent + "  "
    if isinstance(value, list):
        items = [deeper + _lines(item, deeper, 1) for item in value]
        return "[\n" + ",\n".join(items) + f"\n{indent}]"
    heads = {key: f"{json.dumps(key)}: " for key in value}
    members = [
        deeper + head + _lines(value[key], deeper, len(head) + 1) for key, head in heads.items()
    ]
    return "{\n" + ",\n".join(members) + f"\n{indent}}}"


def _as_definition(schema: Schema) -> Schema:
    """A whole schema as a definition in another one."""
    return {key: value for key, value in schema.items() if key not in ("$schema", "$defs")}


def _needed(schema: Schema, originals: Schema) -> Schema:
    """The definitions that a schema refers to, those that these refer to included."""
    known = {**schema["$defs"], **originals}
    found: Schema = {}
    waiting = [_as_definition(schema)]
    while waiting:
        for name in _references(waiting.pop()):
            if name not in found:
                found[name] = known[name]
                waiting.append(found[name])
    return {name: found[name] for name in sorted(found)}


def _references(value: object) -> list[str]:
    if isinstance(value, list):
        return [name for item in value for name in _references(item)]
    if not isinstance(value, dict):
        return []
    own = value.get("$ref")
    below = [name for item in value.values() for name in _references(item)]
    return [own.removeprefix("#/$defs/"), *below] if isinstance(own, str) else below


def _job_of_version_0(job: Schema) -> Schema:
    """The job that `/v0/scheduled-jobs` takes: it does not know the grace period."""
    old: Schema = json.loads(json.dumps(job))
    old["title"] = "Metronome job, version 0"
    old["description"] = (
        "A job with its schedule, as the endpoint /v0/scheduled-jobs takes it:"
        " an update replaces every stored schedule."
    )
    del old["properties"]["run"]["properties"]["taskKillGracePeriodSeconds"]
    return old


def _read(name: str) -> Schema:
    with open(_path(name), encoding="utf-8") as file:
        schema: Schema = json.load(file)
    return schema


def _path(name: str) -> str:
    return os.path.join(shipped("schemas"), f"{name}.schema.json")

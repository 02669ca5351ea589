"""The JSON Schema of policy files, from the rules themselves: editors complete names and settings.

The reader of policy files is stricter where a schema has no words for it: files that
must exist, days that there are, keys that stand twice.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from policylint.dockerfile.remarks import TOOLS
from policylint.finding import SEVERITIES, UNREADABLE
from policylint.patterns import regex
from policylint.policy import REGO_VERSIONS
from policylint.rules.index import SETS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from policylint.rule import Rule

    Schema = dict[str, Any]

_TYPES = {"str": "string", "int": "integer", "float": "number", "bool": "boolean"}
_LIST = regex(r"tuple\[(\w+), \.\.\.\]")
_TEXT = {"type": "string", "minLength": 1}
_PATTERN = {**_TEXT, "not": {"pattern": r"^(/|\./|\.\./)"}}
_AMOUNT = {"type": "number", "minimum": 0}
_RESOURCES = {
    "cpus": "CPUs.",
    "mem": "Memory in MiB.",
    "disk": "Disk in MiB.",
    "gpus": "GPUs.",
    "instances": "Instances.",
}
_SEVERITIES = [*reversed(SEVERITIES)]


def policy_schema(rules: Mapping[str, Rule]) -> Schema:
    """The schema of a policy file that may speak of these rules."""
    families = sorted({rule.family for rule in rules.values()})
    exempt = [name for name in sorted(rules) if name != UNREADABLE]
    return {
        # Editors know this draft best.
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "policylint policy",
        "description": "What an organisation demands of its definitions: `.policylint.yaml`.",
        "type": "object",
        "additionalProperties": False,
        "properties": {
            "extends": {
                "description": "Sets, or paths of policy files relative to this one, that this"
                " one builds on; later ones stand over earlier ones. Default: recommended.",
                **_some({"anyOf": [{"enum": sorted(SETS)}, _TEXT]}),
            },
            "fail_on": _severity("The least severity that fails a run. Default: medium."),
            "min_severity": _severity("The least severity that is reported."),
            "exclude": {
                "description": "Patterns of paths that are not checked, such as `vendor/**`,"
                " relative to the folder of the policy.",
                **_some(_PATTERN),
            },
            "honor": {
                "description": "Tools whose remarks in Dockerfiles take findings back too.",
                **_some({"enum": list(TOOLS)}),
            },
            "settings": _settings(),
            "rules": {
                "description": "What is said of single rules.",
                "type": "object",
                "additionalProperties": _choice(["on", "off", *_SEVERITIES], {}, closed=False),
                "properties": {name: _rule(rules[name]) for name in sorted(rules)},
            },
            "rego": {
                "description": "Policies in Rego: files or folders, or policylint/governance.",
                "anyOf": [*_some(_TEXT)["anyOf"], _rego()],
            },
            "exemptions": {
                "description": "Exceptions, each with a reason and best with an end.",
                "type": "array",
                "items": _exemption(),
            },
        },
        # Rules in Rego have names that nobody here knows, also those of files that it extends.
        "if": {"properties": {"rego": False, "extends": _some({"enum": sorted(SETS)})}},
        "then": {
            "properties": {
                "rules": {"propertyNames": {"enum": sorted(rules)}},
                "exemptions": {
                    "items": {"properties": {"rule": _some({"enum": [*exempt, *families]})}}
                },
            }
        },
    }


def _rego() -> Schema:
    """Policies in Rego with all that can be said of them."""
    members = {
        "policies": {"description": "Files or folders of policies.", **_some(_TEXT)},
        "data": {"description": "Files or folders of data for them.", **_some(_TEXT)},
        "namespaces": {
            "description": "Packages of policies for conftest, patterns allowed.",
            **_some(_TEXT),
        },
        "combine": {
            "description": "Give policies for conftest all definitions at once.",
            "type": "boolean",
        },
        "version": {"description": "The version of Rego.", "enum": list(REGO_VERSIONS)},
    }
    return {"type": "object", "additionalProperties": False, "properties": members}


def _rule(rule: Rule) -> Schema:
    words = ["on", "off", *_SEVERITIES]
    if rule.name == UNREADABLE:
        words.remove("off")
    doc = rule.doc
    settings = {
        name: {"description": doc.settings.get(name, ""), **_setting(kind, default)}
        for name, (kind, default) in rule.settings.items()
    }
    described = f"{rule.summary} Usually {rule.severity}."
    return {"description": described, **_choice(words, settings, closed=True)}


def _choice(words: list[str], settings: Schema, *, closed: bool) -> Schema:
    """What can be said of a rule: a word, or a mapping; a `closed` one has no other settings."""
    mapping = {
        "type": "object",
        **({"additionalProperties": False} if closed else {}),
        "properties": {
            "severity": _severity("How much it weighs."),
            "suppressible": {
                "description": "Whether definitions may suppress it; critical ones only if so.",
                "type": "boolean",
            },
            **settings,
        },
    }
    return {"anyOf": [{"enum": words}, mapping]}


def _setting(kind: str, default: object) -> Schema:
    match = _LIST.match(kind)
    if match:
        listed = [*default] if isinstance(default, tuple) else []
        return {**_some({"type": _TYPES[match[1]]}), "default": listed}
    schema: Schema = {"type": _TYPES[kind.removesuffix(" | None")]}
    if default in SEVERITIES:
        schema["enum"] = _SEVERITIES
    return schema if default is None else {**schema, "default": default}


def _exemption() -> Schema:
    described: dict[str, tuple[str, Schema]] = {
        "subject": ("The id of who is exempt, or a pattern such as `/infra/**`.", _TEXT),
        "path": ("The files in which it holds, such as `infra/**`.", _PATTERN),
        "reason": ("Why.", _TEXT),
        "until": (
            "The last day on which it holds (UTC).",
            {"type": "string", "pattern": r"^\d{4}-\d\d-\d\d$"},
        ),
        "owner": ("Who answers for it.", _TEXT),
    }
    rule = {
        "description": "The rules or families that it is about.",
        **_some(_TEXT, least=1),
    }
    return {
        "type": "object",
        "additionalProperties": False,
        "required": ["rule", "reason"],
        "properties": {
            "rule": rule,
            **{name: {"description": words, **kind} for name, (words, kind) in described.items()},
        },
    }


def _settings() -> Schema:
    """Facts about the organisation."""
    return _object(
        "Facts about the organisation, for all rules that ask for them.",
        registries={
            "description": "Where images may come from, such as `registry.example.com/**`.",
            **_some(_TEXT),
        },
        roles={
            "description": "The Mesos roles that services may use, by patterns of their ids;"
            " `public` are the roles of the public agents.",
            **_map(_some(_TEXT)),
        },
        tiers={
            "description": "Groups of ids by importance, the highest first.",
            "type": "array",
            "items": {**_map(_some(_TEXT)), "minProperties": 1, "maxProperties": 1},
        },
        quotas=_object(
            "What roles and groups may use at most.",
            role={"description": "By role.", **_map(_quota())},
            group={"description": "By group.", **_map(_quota())},
            warn_at={
                "description": "The share of a quota from which there is a warning.",
                "type": "number",
                "exclusiveMinimum": 0,
                "maximum": 1,
                "default": 0.9,
            },
        ),
        images={
            "description": "The Dockerfiles of images, by the names of the images.",
            **_map(_TEXT),
        },
        environments={
            "description": "Words in paths that tell clusters apart, such as `prod`: what is"
            " defined for one never meets what is defined for another.",
            **_some(_TEXT),
        },
    )


def _quota() -> Schema:
    kinds = {name: {"description": words, **_AMOUNT} for name, words in _RESOURCES.items()}
    return {"type": "object", "additionalProperties": False, "properties": kinds}


def _object(description: str, **properties: Schema) -> Schema:
    return {
        "description": description,
        "type": "object",
        "additionalProperties": False,
        "properties": properties,
    }


def _map(values: Schema) -> Schema:
    return {"type": "object", "additionalProperties": values}


def _some(item: Schema, *, least: int = 0) -> Schema:
    """A list; a single item may stand alone."""
    several: Schema = {"type": "array", "items": item}
    return {"anyOf": [item, {**several, "minItems": least} if least else several]}


def _severity(description: str) -> Schema:
    return {"description": description, "enum": _SEVERITIES}

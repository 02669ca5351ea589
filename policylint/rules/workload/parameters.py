"""Rules on Docker parameters as such; what each of them opens is judged where its effect is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from policylint.detect import parameters
from policylint.detect.placeholders import has_hole
from policylint.finding import Problem
from policylint.rule import rule
from policylint.workload import Container, DockerParameter

if TYPE_CHECKING:
    from collections.abc import Iterator

    from policylint.finding import Problems


@rule(on=Container, severity="medium", family="document", refs="CWE-436 CWE-88")
def ambiguous_docker_parameter(container: Container) -> Problems:
    """Docker parameter written in an evasive or broken form.

    The agent writes `--key=value`, so the key `security-opt=seccomp` with the
    value `unconfined` is a flag that whoever compares keys overlooks. Of a flag
    given twice, only one counts.

    Instead, write the long name of the flag as key, the value as value, and each flag once.

    Bad (marathon):
        {"id": "/web", "container": {"docker": {"image": "web:1", "parameters": [
          {"key": "security-opt=seccomp", "value": "unconfined"}]}}}

    Good (marathon):
        {"id": "/web", "container": {"docker": {"image": "web:1", "parameters": [
          {"key": "label", "value": "team=billing"}]}}}
    """
    for parameter in container.parameters:
        if has_hole(parameter.raw_key.value):
            continue
        yield from _evasive_key(parameter)
        yield from _broken_switch(parameter)
    yield from _given_twice(container.parameters)


@rule(on=DockerParameter, severity="low", family="document", refs="CWE-184 NIST:4.4.3")
def unknown_docker_parameter(
    parameter: DockerParameter, *, extra_allowed_parameters: tuple[str, ...] = ()
) -> Problems:
    """Docker parameter that nobody reviewed.

    Parameters are an open door to every flag of the engine, also to those that
    are newer than this rule.

    Instead, drop it, or allow it in the policy once somebody has looked at what it does.

    Settings:
        extra_allowed_parameters: Flags that may be used besides, by their long names.

    Bad (marathon):
        {"id": "/web", "container": {"docker": {"image": "web:1", "parameters": [
          {"key": "frobnicate", "value": "1"}]}}}

    Good (marathon):
        {"id": "/web", "container": {"docker": {"image": "web:1", "parameters": [
          {"key": "stop-timeout", "value": "30"}]}}}
    """
    key = parameter.key
    if key in parameters.REVIEWED or key in extra_allowed_parameters:
        return
    if key and not has_hole(parameter.raw_key.value):
        known = parameters.similar(key)
        yield Problem(
            parameter.raw_key,
            f'Docker parameter "{key}" is none of the reviewed ones',
            instead=f'instead, write "{known}" if that is meant, or drop it' if known else None,
        )


def _evasive_key(parameter: DockerParameter) -> Iterator[Problem]:
    written = parameter.raw_key.value
    key, equals, _ = written.partition("=")
    ways = [
        way
        for way, is_so in (
            ("begins with dashes", key.strip().startswith("-")),
            ("has blanks", any(char.isspace() for char in key)),
            ("has characters that nobody sees", not key.replace(" ", "").isprintable()),
            ("has capitals", key != "P" and key != key.lower()),
            ('has a "=" and part of the value', bool(equals)),
            ("is a short name", len(key) == 1),
        )
        if is_so
    ]
    if ways:
        does = parameters.DENIED.get(parameter.key)
        effect = f", and the flag {parameter.key} {does}" if does else ""
        yield Problem(
            parameter.raw_key,
            f"key {', '.join(ways)}: the agent still makes a flag of it{effect}",
            instead=f'instead, write the key "{parameter.key}"' if parameter.key else None,
            secret=bool(equals) and parameter.key in ("env", "label"),
        )


def _broken_switch(parameter: DockerParameter) -> Iterator[Problem]:
    value = parameter.value
    if parameter.key not in parameters.SWITCHES or value.value in parameters.BOOLEANS:
        return
    if value.is_known and not has_hole(value.value):
        what = "an empty value" if not value.value else "no boolean"
        yield Problem(
            value,
            f"{parameter.key} is a switch with {what}: the engine refuses the container",
            instead='instead, write "true" or "false"',
        )


def _given_twice(given: tuple[DockerParameter, ...]) -> Iterator[Problem]:
    """Flags that count once and have two values."""
    by_key: dict[str, list[DockerParameter]] = {}
    for parameter in given:
        if parameters.is_scalar(parameter.key) and not has_hole(parameter.value.value):
            by_key.setdefault(parameter.key, []).append(parameter)
    for key, same in by_key.items():
        # The agent takes the first network, the engine the last of everything else.
        winner = same[0] if key == "network" else same[-1]
        for parameter in same:
            if parameter.value.value != winner.value.value:
                which = "first" if key == "network" else "last"
                yield Problem(
                    parameter,
                    f"{key} is given twice with different values, and the {which} one counts",
                    ((winner.at, "this one counts"),),
                )

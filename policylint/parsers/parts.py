"""Parts that apps, pods and jobs have in common: labels, environment, artifacts, limits, checks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from policylint.model import UNKNOWN, Value
from policylint.tree import Place, Placeholder
from policylint.workload import (
    Artifact,
    Command,
    Constraint,
    EnvVar,
    Label,
    ResourceLimit,
    Resources,
    Secret,
    SecurityOption,
    Unreachable,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from policylint.model import At
    from policylint.parsers.docker import Parameters
    from policylint.parsers.members import Members

_IPC_MODES = {"SHARE_PARENT": "host", "PRIVATE": "private"}


def labels(members: Members) -> tuple[Label, ...]:
    """The labels of an object, or anything else that maps names to texts."""
    return tuple(
        Label(name, Value(_as_text(raw), place), place) for name, raw, place in members.entries()
    )


def env(members: Members) -> Iterator[EnvVar]:
    """Environment variables: texts, and references to secrets."""
    for name, raw, place in members.entries():
        if isinstance(raw, dict):
            reference = members.child_or_empty(name).text("secret")
            yield EnvVar(name, None, place, reference)
        else:
            yield EnvVar(name, Value(_as_text(raw), place), place)


def hides_items(members: Members, key: str) -> bool:
    """Whether a placeholder stands for a list, or for some of its items."""
    raw = members.raw.get(key)
    items = raw if isinstance(raw, list) else (raw,)
    return any(isinstance(item, str) for item in items)


def parameter_env(parameters: Parameters) -> Iterator[EnvVar]:
    """Environment variables among Docker parameters; a name alone takes the agent's value."""
    for value in parameters.all("env"):
        name, equals, text = value.value.partition("=")
        yield EnvVar(name, Value(text, value.at) if equals else None, value.at)


def parameter_labels(parameters: Parameters) -> tuple[Label, ...]:
    """Labels among Docker parameters."""
    found = ((value, *value.value.partition("=")) for value in parameters.all("label"))
    return tuple(Label(name, Value(text, value.at), value.at) for value, name, _, text in found)


def entrypoint(parameters: Parameters, args: tuple[Value[str], ...]) -> Command | None:
    """The program that a parameter puts in the place of the image's, and its arguments."""
    program = parameters.last("entrypoint")
    return Command(None, (program, *args), program.at) if program is not None else None


def secrets(members: Members) -> tuple[Secret, ...]:
    """The secrets that a definition declares."""
    return tuple(
        Secret(name, members.child_or_empty(name).text("source"), members.key_place(name))
        for name, _, _ in members.entries()
    )


def artifacts(members: Members, key: str) -> Iterator[Artifact]:
    """Files to fetch."""
    for item in members.children(key):
        uri = item.text("uri")
        if uri is not None:
            yield Artifact(
                uri, item.text("destPath"), item.flag("executable"), item.flag("extract")
            )


def resources(members: Members, at: At) -> Resources:
    """What is reserved."""
    cpus, mem, disk, gpus = map(members.number, ("cpus", "mem", "disk", "gpus"))
    return Resources(at, cpus, mem, disk, gpus)


def executor_resources(members: Members) -> Resources | None:
    """What is reserved for the executor beside the containers."""
    own = members.child("executorResources")
    return resources(own, members.key_place("executorResources")) if own is not None else None


def limits(members: Members) -> Iterator[ResourceLimit]:
    """The ceilings of `resourceLimits`: numbers, or a word in any case."""
    for resource in ("cpus", "mem"):
        limit = members.number(resource) or members.text(resource)
        if limit is not None:
            yield ResourceLimit(resource, limit)


def linux_options(members: Members) -> Iterator[SecurityOption]:
    """The seccomp settings of `linuxInfo`."""
    seccomp = members.child_or_empty("seccomp")
    unconfined = seccomp.flag("unconfined")
    if unconfined:
        yield SecurityOption("seccomp", Value("unconfined", unconfined.at))
    profile = seccomp.text("profileName")
    if profile is not None:
        yield SecurityOption("seccomp", profile)


def ipc_mode(members: Members) -> Value[str] | None:
    """The IPC namespace of `linuxInfo`, in Docker's words."""
    mode = members.child_or_empty("ipcInfo").word("mode")
    if mode is None or not mode.is_known:
        return mode
    return Value(_IPC_MODES.get(mode.value, mode.value), mode.at)


def command(text: Value[str] | None, args: tuple[Value[str], ...]) -> Command | None:
    """A shell line or a list of arguments, None when there is neither."""
    if text is None and not args:
        return None
    return Command(text, args, text.at if text is not None else args[0].at)


def exec_command(members: Members) -> Command | None:
    """`{"command": {"shell": …}}` or `{"command": {"argv": […]}}`, as pods and checks write it."""
    inner = members.child_or_empty("command")
    return command(inner.text("shell"), inner.texts("argv"))


def constraint_objects(members: Members, key: str, field: str) -> Iterator[Constraint]:
    """Constraints written as objects, as pods and jobs do."""
    for item in members.children(key):
        name = item.text(field)
        if name is not None:
            yield Constraint(name, item.text("operator"), item.text("value"))


def unreachable(members: Members) -> Unreachable | None:
    """`unreachableStrategy`: an object, or a text that switches it off."""
    word, strategy = members.text("unreachableStrategy"), members.child("unreachableStrategy")
    if word is not None:
        return Unreachable(word.at, disabled=word)
    if strategy is None:
        return None
    inactive = strategy.number("inactiveAfterSeconds")
    expunge = strategy.number("expungeAfterSeconds")
    return Unreachable(Place(strategy.path), None, inactive, expunge)


def _as_text(raw: object) -> str:
    if isinstance(raw, Placeholder):
        return UNKNOWN  # type: ignore[no-any-return]
    if isinstance(raw, bool):
        return "true" if raw else "false"
    return raw if isinstance(raw, str) else str(raw)

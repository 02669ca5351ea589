"""Quirks of Marathon pods."""

from __future__ import annotations

from typing import TYPE_CHECKING

from policylint.model import Conflict
from policylint.parsers.quirks import shared
from policylint.parsers.quirks.shared import Field

if TYPE_CHECKING:
    from policylint.parsers.members import Members
    from policylint.parsers.quirks.shared import Quirks


def pod(members: Members, *, group_role: str | None = None) -> Quirks:
    """The quirks of a pod."""
    scheduling = members.child_or_empty("scheduling")
    yield from shared.networks(members, is_docker=False)
    yield from _endpoints(members)
    yield from shared.volumes(members, ("persistent", "secret", "host"))
    yield from _volume_mounts(members)
    yield from shared.linux_info(members)
    yield from shared.roles(members, scheduling.child_or_empty("placement"), group_role)
    yield from shared.unreachable(scheduling)
    names = (container.text("name") for container in members.children("containers"))
    yield from shared.twice(names, "container name", "Marathon refuses the pod")
    for container in members.children("containers"):
        yield from _pod_container(members, container)


def _endpoints(members: Members) -> Quirks:
    containers = members.children("containers")
    endpoints = [item for container in containers for item in container.children("endpoints")]
    refused = "Marathon refuses the pod"
    yield from shared.twice((item.text("name") for item in endpoints), "endpoint name", refused)
    for key in ("containerPort", "hostPort"):
        numbers = [number for item in endpoints if (number := item.number(key))]
        yield from shared.twice(numbers, key, refused)
    yield from shared.network_names(members, endpoints)
    networks = members.children("networks")
    mode = shared.network_mode(networks[0]) if networks else None
    if mode is not None and mode.value == "host":
        for item in endpoints:
            if "containerPort" in item:
                yield Conflict(
                    "containerPort stands beside network mode host: Marathon refuses it",
                    item.place("containerPort"),
                    ((mode.at, "the mode stands here"),),
                    "instead, delete it, or choose network mode container/bridge",
                )


def _volume_mounts(members: Members) -> Quirks:
    """Volumes that no container mounts, and mounts of volumes that there are not."""
    volumes = [volume.text("name") for volume in members.children("volumes")]
    mounts = [
        mount.text("name")
        for container in members.children("containers")
        for mount in container.children("volumeMounts")
    ]
    yield from shared.twice(volumes, "volume name", "Marathon refuses the pod")
    sides = (
        (volumes, mounts, "no container mounts volume", "mount it or delete it"),
        (mounts, volumes, "no volume of the pod is called", "name one of its volumes"),
    )
    for names, others, message, way in sides:
        known = {name.value for name in others if name is not None}
        if all(name is not None and name.is_known for name in others):
            for name in names:
                if name is not None and name.is_known and name.value not in known:
                    yield Conflict(
                        f"{message} {name.value}: Marathon refuses the pod",
                        name.at,
                        (),
                        f"instead, {way}",
                    )


def _pod_container(pod: Members, container: Members) -> Quirks:
    cgroups, limits = pod.flag("legacySharedCgroups"), Field(container, "resourceLimits")
    if cgroups and limits.says:
        yield Conflict(
            "resourceLimits stands beside legacySharedCgroups, which lets containers share"
            " their limits: Marathon refuses it",
            limits.at,
            ((cgroups.at, "legacySharedCgroups stands here"),),
            "instead, delete legacySharedCgroups",
        )
    yield from shared.limits(container, container.child_or_empty("resources"), shared.REQUESTS)
    yield from shared.linux_info(container)
    program = container.child_or_empty("exec")
    yield from _shell_and_argv(program)
    for key in ("healthCheck", "check"):
        check = container.child_or_empty(key)
        yield from shared.forms(check, ("http", "tcp", "exec"), "check")
        yield from _shell_and_argv(check.child_or_empty("exec"))
    override = program.flag("overrideEntrypoint")
    shell = Field(program.child_or_empty("command"), "shell")
    if override is not None and override.is_false and shell.says:
        yield Conflict(
            "overrideEntrypoint is false beside a shell line, which always replaces the entrypoint",
            override.at,
            shell.related,
            "instead, write argv for the arguments of the entrypoint",
        )


def _shell_and_argv(program: Members) -> Quirks:
    command = program.child_or_empty("command")
    why = "Marathon runs the shell line and ignores argv"
    yield from shared.exclusive(Field(command, "argv"), Field(command, "shell"), "one of them", why)

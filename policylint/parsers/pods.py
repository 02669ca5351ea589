"""Marathon pods: documents to nodes. A pod always runs in the Universal Container Runtime."""

from __future__ import annotations

from typing import TYPE_CHECKING

from policylint.detect.ids import resolve
from policylint.model import Value
from policylint.parsers import parts
from policylint.parsers.images import image
from policylint.parsers.marathon import external_volume, networks
from policylint.parsers.mounts import host_mount
from policylint.tree import Place
from policylint.workload import Backoff, Container, HealthCheck, Network, Port, Upgrade, Workload

if TYPE_CHECKING:
    from collections.abc import Iterator

    from policylint.parsers.members import Members
    from policylint.workload import EnvVar, Mount, Volume


def pod(members: Members) -> Workload:
    """One pod."""
    own = members.text("id")
    scheduling = members.child_or_empty("scheduling")
    placement = scheduling.child_or_empty("placement")
    default = Value("host", members.place("id"), origin="default")
    if own is not None and own.is_known:
        own = Value(resolve(own.value, "/"), own.at)
    return Workload(
        kind="pod",
        id=own if own is not None else Value("/", members.place("id")),
        root=members.path,
        role=members.text("role"),
        accepted_roles=placement.texts("acceptedResourceRoles"),
        instances=members.child_or_empty("scaling").number("instances"),
        containers=tuple(_container(members, item) for item in members.children("containers")),
        networks=networks(members) or (Network(default),),
        has_hidden_ports=any(
            parts.hides_items(item, "endpoints") for item in members.children("containers")
        ),
        constraints=tuple(parts.constraint_objects(placement, "constraints", "fieldName")),
        labels=parts.labels(members.child_or_empty("labels")),
        secrets=parts.secrets(members.child_or_empty("secrets")),
        upgrade=_upgrade(scheduling),
        backoff=_backoff(scheduling),
        unreachable=parts.unreachable(scheduling),
        shared_cgroups=members.flag("legacySharedCgroups"),
        executor_resources=parts.executor_resources(members),
    )


def _container(pod: Members, members: Members) -> Container:
    name = members.text("name")
    at = name.at if name is not None else Place(members.path)
    linux = members.child_or_empty("linuxInfo")
    reference = members.child_or_empty("image")
    return Container(
        name=name.value if name is not None and name.is_known else "",
        at=at,
        runtime=Value("MESOS", at, origin="default"),
        image=image(reference.text("id"), reference.flag("forcePull")),
        command=parts.exec_command(members.child_or_empty("exec")),
        user=members.text("user") or _inherited(pod.text("user")),
        # A container's own mode shares with the pod only; the pod's shares with the agent.
        ipc=parts.ipc_mode(pod.child_or_empty("linuxInfo")),
        security_options=(
            *parts.linux_options(linux),
            *parts.linux_options(pod.child_or_empty("linuxInfo")),
        ),
        mounts=tuple(_mounts(pod, members)),
        volumes=tuple(_volumes(pod, members)),
        env=tuple(_env(pod, members)),
        artifacts=tuple(parts.artifacts(members, "artifacts")),
        resources=parts.resources(members.child_or_empty("resources"), at),
        limits=tuple(parts.limits(members.child_or_empty("resourceLimits"))),
        ports=tuple(_endpoints(members)),
        health_checks=tuple(_health_checks(members)),
        labels=(
            *parts.labels(members.child_or_empty("labels")),
            *parts.labels(reference.child_or_empty("labels")),
        ),
        pull_secret=reference.child_or_empty("pullConfig").text("secret"),
        tty=members.flag("tty"),
    )


def _inherited(value: Value[str] | None) -> Value[str] | None:
    return None if value is None else Value(value.value, value.at, value.also, "inherited")


def _env(pod: Members, container: Members) -> Iterator[EnvVar]:
    own = container.child_or_empty("environment")
    yield from parts.env(own)
    for variable in parts.env(pod.child_or_empty("environment")):
        if variable.name not in own:
            yield variable


def _mounts(pod: Members, container: Members) -> Iterator[Mount]:
    for mount, volume in _joined(pod, container):
        source = volume.text("host")
        at = Place(volume.path)
        if source is not None and external_volume(volume, at, None) is None:
            is_read_only = bool(mount.flag("readOnly"))
            target = mount.text("mountPath")
            yield host_mount(source, target, read_only=is_read_only, route="host")


def _volumes(pod: Members, container: Members) -> Iterator[Volume]:
    for mount, volume in _joined(pod, container):
        name = volume.text("name")
        at = name.at if name is not None else Place(volume.path)
        found = external_volume(volume, at, mount.text("mountPath"))
        if found is not None:
            yield found._replace(at=at) if found.kind == "persistent" else found


def _joined(pod: Members, container: Members) -> Iterator[tuple[Members, Members]]:
    """A container's mounts, each with the volume of the pod that it names."""
    volumes = {}
    for volume in pod.children("volumes"):
        name = volume.raw.get("name")
        if isinstance(name, str):
            volumes[name] = volume
    for mount in container.children("volumeMounts"):
        name = mount.raw.get("name")
        if isinstance(name, str) and name in volumes:
            yield mount, volumes[name]


def _endpoints(members: Members) -> Iterator[Port]:
    for item in members.children("endpoints"):
        name = item.text("name")
        protocols = item.texts("protocol")
        yield Port(
            name.at if name is not None else Place(item.path),
            item.number("containerPort"),
            item.number("hostPort"),
            protocol=protocols[0] if protocols else None,
            name=name,
            labels=parts.labels(item.child_or_empty("labels")),
        )


def _health_checks(members: Members) -> Iterator[HealthCheck]:
    for key in ("healthCheck", "check"):
        check = members.child(key)
        if check is None:
            continue
        at = Place(check.path)
        form = next((name for name in ("http", "tcp", "exec") if name in check), "exec")
        probe = check.child_or_empty(form)
        yield HealthCheck(
            Value("CHECK" if key == "check" else f"MESOS_{form.upper()}", at),
            at,
            command=parts.exec_command(probe),
            path=probe.text("path"),
            endpoint=probe.text("endpoint"),
            interval=check.number("intervalSeconds"),
            timeout=check.number("timeoutSeconds"),
            grace=check.number("gracePeriodSeconds"),
            max_failures=check.number("maxConsecutiveFailures"),
            delay=check.number("delaySeconds"),
        )


def _upgrade(scheduling: Members) -> Upgrade | None:
    upgrade = scheduling.child("upgrade")
    if upgrade is None:
        return None
    return Upgrade(
        Place(upgrade.path),
        upgrade.number("minimumHealthCapacity"),
        upgrade.number("maximumOverCapacity"),
    )


def _backoff(scheduling: Members) -> Backoff | None:
    backoff = scheduling.child("backoff")
    if backoff is None:
        return None
    seconds, factor, delay = map(backoff.number, ("backoff", "backoffFactor", "maxLaunchDelay"))
    stated = [value for value in (seconds, factor, delay) if value is not None]
    return Backoff(stated[0].at, seconds, factor, delay) if stated else None

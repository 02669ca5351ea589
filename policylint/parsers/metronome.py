"""Metronome jobs and schedules: documents to nodes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from policylint.model import UNKNOWN, Value
from policylint.parsers import parts
from policylint.parsers.docker import Parameters
from policylint.parsers.images import image
from policylint.parsers.marathon import namespaces, networks, override_network, privileged
from policylint.parsers.mounts import host_mount, parameter_mounts
from policylint.workload import Container, Network, Restart, Schedule, Volume, Workload

if TYPE_CHECKING:
    from collections.abc import Iterator

    from policylint.parsers.members import Members
    from policylint.workload import Mount, WorkloadImage


def job(members: Members) -> Workload:
    """One job, with the schedules that stand in it."""
    run = members.child_or_empty("run")
    docker = run.child("docker")
    parameters = Parameters(docker)
    stated = networks(run)
    at = members.place("id")
    default = Network(Value("host", at, origin="default"))
    placement = run.child_or_empty("placement")
    return Workload(
        kind="job",
        id=members.text("id") or Value("", at),
        root=members.path,
        containers=(_container(members, run, parameters),),
        networks=override_network(parameters, stated) or stated or (default,),
        constraints=tuple(parts.constraint_objects(placement, "constraints", "attribute")),
        labels=parts.labels(members.child_or_empty("labels")),
        dependencies=tuple(
            name
            for item in members.children("dependencies")
            if (name := item.text("id")) is not None
        ),
        secrets=parts.secrets(run.child_or_empty("secrets")),
        schedules=tuple(_schedules(members)),
        restart=_restart(run),
        kill_grace=run.number("taskKillGracePeriodSeconds"),
    )


def schedule(members: Members) -> Schedule | None:
    """One schedule; None when it has no cron line."""
    cron = members.text("cron")
    if cron is None:
        return None
    return Schedule(
        members.text("id"),
        cron,
        members.text("timezone"),
        members.text("concurrencyPolicy"),
        members.flag("enabled"),
        members.number("startingDeadlineSeconds"),
    )


def _schedules(members: Members) -> Iterator[Schedule]:
    for item in members.children("schedules"):
        found = schedule(item)
        if found is not None:
            yield found


def _container(members: Members, run: Members, parameters: Parameters) -> Container:
    docker, ucr = run.child("docker"), run.child("ucr")
    at = members.place("id")
    runtime = "DOCKER" if docker is not None else "MESOS" if ucr is not None else "NONE"
    is_docker = docker is not None
    return Container(
        name="",
        at=at,
        runtime=Value(runtime, run.key_place("docker" if is_docker else "ucr")),
        image=_image(docker, ucr),
        command=parts.command(run.text("cmd"), run.texts("args")),
        entrypoint=parts.entrypoint(parameters, run.texts("args")),
        privileged=privileged(docker, parameters) if docker is not None else None,
        user=parameters.last("user") if is_docker else run.text("user"),
        pid=parameters.last("pid"),
        ipc=parameters.last("ipc"),
        capabilities=parameters.capabilities(),
        security_options=parameters.security_options(),
        namespaces=namespaces(parameters),
        parameters=parameters.items,
        # Without a container the volumes are dropped at launch.
        mounts=(*(_mounts(run) if runtime != "NONE" else ()), *parameter_mounts(parameters)),
        volumes=tuple(_volumes(run)),
        env=(*parts.env(run.child_or_empty("env")), *parts.parameter_env(parameters)),
        artifacts=tuple(parts.artifacts(run, "artifacts")),
        labels=parts.parameter_labels(parameters),
        resources=parts.resources(run, at),
    )


def _image(docker: Members | None, ucr: Members | None) -> WorkloadImage | None:
    if docker is not None:
        return image(docker.text("image"), docker.flag("forcePullImage"))
    if ucr is not None:
        reference = ucr.child_or_empty("image")
        return image(reference.text("id"), reference.flag("forcePull"))
    return None


def _mounts(run: Members) -> Iterator[Mount]:
    for volume in run.children("volumes"):
        source, mode = volume.text("hostPath"), volume.word("mode")
        if source is not None:
            is_read_only = mode is not None and mode.value in ("RO", UNKNOWN)
            target = volume.text("containerPath")
            yield host_mount(source, target, read_only=is_read_only, route="hostPath")


def _volumes(run: Members) -> Iterator[Volume]:
    for volume in run.children("volumes"):
        secret = volume.text("secret")
        if secret is not None:
            yield Volume("secret", secret.at, volume.text("containerPath"), name=secret)


def _restart(run: Members) -> Restart | None:
    restart = run.child_or_empty("restart")
    policy = restart.word("policy")
    return Restart(policy, restart.number("activeDeadlineSeconds")) if policy is not None else None

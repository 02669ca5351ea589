"""Marathon apps: documents to nodes.

Source: the Marathon reference (fields, defaults and the order in which legacy
forms are migrated). Legacy fields become the modern ones here, so that no rule
has to know them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from policylint.detect.ids import resolve
from policylint.detect.placeholders import is_hole
from policylint.model import UNKNOWN, Value
from policylint.parsers import parts
from policylint.parsers.docker import Parameters
from policylint.parsers.images import image
from policylint.parsers.mounts import external_mounts, host_mount, parameter_mounts
from policylint.tree import Place
from policylint.workload import (
    Artifact,
    Backoff,
    Command,
    Constraint,
    Container,
    HealthCheck,
    Namespace,
    Network,
    Port,
    ReadinessCheck,
    Upgrade,
    Volume,
    Workload,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from policylint.model import At
    from policylint.parsers.members import Members
    from policylint.workload import Mount

_NETWORK_MODES = {"HOST": "host", "BRIDGE": "container/bridge", "USER": "container"}
_DOCKER_NETWORKS = {"host": "host", "bridge": "container/bridge", "default": "container/bridge"}


def app(members: Members, base: str = "/") -> Workload:
    """One app; a relative id starts at `base`."""
    runtime = _runtime(members)
    docker = members.child_or_empty("container").child("docker")
    parameters = Parameters(docker if runtime.value == "DOCKER" else None)
    container = _container(members, runtime, parameters)
    joined = _networks(members, parameters)
    return Workload(
        kind="app",
        id=_id(members, base),
        root=members.path,
        partial=_is_partial(members, container),
        role=members.text("role"),
        accepted_roles=members.texts("acceptedResourceRoles"),
        instances=members.number("instances"),
        containers=(container,),
        networks=joined,
        ports=tuple(_ports(members, joined[0].mode)),
        has_hidden_ports=_has_hidden_ports(members),
        constraints=tuple(_constraints(members)),
        health_checks=tuple(_health_checks(members)),
        readiness_checks=tuple(_readiness_checks(members)),
        labels=parts.labels(members.child_or_empty("labels")),
        dependencies=members.texts("dependencies"),
        secrets=parts.secrets(members.child_or_empty("secrets")),
        executor=members.text("executor"),
        executor_resources=parts.executor_resources(members),
        upgrade=_upgrade(members),
        backoff=_backoff(members),
        unreachable=parts.unreachable(members),
        kill_grace=members.number("taskKillGracePeriodSeconds"),
    )


def networks(members: Members) -> tuple[Network, ...]:
    """The `networks` of an app, a pod or a job."""
    return tuple(_network(item) for item in members.children("networks"))


def external_volume(members: Members, at: At, target: Value[str] | None) -> Volume | None:
    """The persistent, external or secret volume that an object describes, in Marathon's order."""
    mode = members.word("mode")
    persistent, external = members.child("persistent"), members.child("external")
    if persistent is not None:
        size = persistent.number("size")
        return Volume("persistent", Place(persistent.path), target, mode, size=size)
    if external is not None:
        options = external.child_or_empty("options")
        return Volume(
            "external",
            external.place("name") if "name" in external else at,
            target,
            mode,
            external.text("name"),
            external.number("size"),
            external.text("provider"),
            parts.labels(options),
            tuple(_driver_secrets(options)),
            external.flag("shared"),
        )
    secret = members.text("secret")
    return Volume("secret", secret.at, target, mode, secret) if secret is not None else None


def _driver_secrets(options: Members) -> Iterator[Value[str]]:
    for key in ("nodeStageSecret", "nodePublishSecret"):
        references = options.child_or_empty(key)
        for name in references.raw:
            reference = references.text(name)
            if reference is not None:
                yield reference


def _id(members: Members, base: str) -> Value[str]:
    own = members.text("id")
    if own is None:
        return Value(base, members.place("id"))
    return Value(resolve(own.value, base), own.at) if own.is_known else own


def _runtime(members: Members) -> Value[str]:
    container = members.child("container")
    if container is None:
        implied = "MESOS" if "ipAddress" in members else "NONE"
        return Value(implied, members.place("id"), origin="default")
    stated = container.word("type")
    return stated or Value("DOCKER", members.key_place("container"), origin="default")


def _container(members: Members, runtime: Value[str], parameters: Parameters) -> Container:
    settings = members.child_or_empty("container")
    docker = settings.child_or_empty("docker")
    is_docker = runtime.value == "DOCKER"
    linux = settings.child_or_empty("linuxInfo")
    return Container(
        name="",
        at=members.place("id"),
        runtime=runtime,
        image=image(docker.text("image"), docker.flag("forcePullImage")),
        command=parts.command(members.text("cmd"), members.texts("args")),
        entrypoint=parts.entrypoint(parameters, members.texts("args")),
        privileged=privileged(docker, parameters) if is_docker else None,
        user=parameters.last("user") if is_docker else members.text("user"),
        pid=parameters.last("pid"),
        ipc=parameters.last("ipc") if is_docker else parts.ipc_mode(linux),
        capabilities=parameters.capabilities(),
        security_options=(
            parameters.security_options() if is_docker else tuple(parts.linux_options(linux))
        ),
        namespaces=namespaces(parameters),
        parameters=parameters.items,
        mounts=(*_mounts(settings, is_docker=is_docker), *parameter_mounts(parameters)),
        volumes=tuple(_volumes(settings)),
        env=(*parts.env(members.child_or_empty("env")), *parts.parameter_env(parameters)),
        artifacts=(*parts.artifacts(members, "fetch"), *map(Artifact, members.texts("uris"))),
        resources=parts.resources(members, members.place("id")),
        limits=tuple(parts.limits(members.child_or_empty("resourceLimits"))),
        labels=parts.parameter_labels(parameters),
        pull_secret=docker.child_or_empty("pullConfig").text("secret"),
        tty=members.flag("tty"),
    )


def privileged(docker: Members, parameters: Parameters) -> Value[bool] | None:
    """True when the field or the parameter says so; the field comes first."""
    field = docker.flag("privileged")
    stated = [value for value in (field, parameters.flag("privileged")) if value]
    if not stated:
        return field
    first, *others = stated
    return Value(True, first.at, (*first.also, *(other.at for other in others)))


def namespaces(parameters: Parameters) -> tuple[Namespace, ...]:
    """The namespaces that only parameters choose."""
    found = ((name, parameters.last(name)) for name in ("uts", "userns", "cgroupns"))
    return tuple(Namespace(name, mode) for name, mode in found if mode is not None)


def _mounts(container: Members, *, is_docker: bool) -> Iterator[Mount]:
    for item in container.children("volumes"):
        # Marathon reads a volume as the first form that fits, and host comes last.
        source, target, mode = item.text("hostPath"), item.text("containerPath"), item.word("mode")
        is_read_only = mode is not None and mode.value in ("RO", UNKNOWN)
        volume = external_volume(item, Place(item.path), target)
        if volume is None:
            if source is not None:
                yield host_mount(source, target, read_only=is_read_only, route="hostPath")
        elif volume.kind == "external":
            external = item.child_or_empty("external")
            yield from external_mounts(
                external, target, read_only=is_read_only, is_docker=is_docker
            )


def _volumes(container: Members) -> Iterator[Volume]:
    for item in container.children("volumes"):
        target = item.text("containerPath")
        at = target.at if target is not None else Place(item.path)
        volume = external_volume(item, Place(item.path), target)
        if volume is not None:
            yield volume._replace(at=at) if volume.kind == "persistent" else volume


def _networks(members: Members, parameters: Parameters) -> tuple[Network, ...]:
    """The networks that hold in the end: parameter, `networks`, the two legacy fields, host."""
    stated = _stated_networks(members)
    override = override_network(parameters, stated)
    default = Value("host", members.place("id"), origin="default")
    return override or stated or (Network(default),)


def override_network(parameters: Parameters, stated: tuple[Network, ...]) -> tuple[Network, ...]:
    """The network that a parameter chooses over those that a definition states."""
    override = parameters.first("network")
    if override is None:
        return ()
    word = _network_name(override.value.strip())
    mode = _DOCKER_NETWORKS.get(word, word if ":" in word or word == "none" else "container")
    name = Value(word, override.at) if mode == "container" else None
    same = (network.mode.at for network in stated if network.mode.value == mode)
    labels = tuple(label for network in stated for label in network.labels)
    return (Network(Value(mode, override.at, (*override.also, *same)), name, labels),)


def _network_name(text: str) -> str:
    """The network in `name=host,alias=web`, which the engine takes as well as the name alone."""
    fields = (field.partition("=") for field in text.split(","))
    names = [value for key, _, value in fields if key.strip().lower() == "name"]
    return names[-1].strip().lower() if names else text


def _stated_networks(members: Members) -> tuple[Network, ...]:
    listed = networks(members)
    if listed:
        return listed
    legacy = members.child_or_empty("container").child_or_empty("docker").word("network")
    address = members.child("ipAddress")
    if legacy is not None:
        mode = _NETWORK_MODES.get(legacy.value, "none") if legacy.is_known else UNKNOWN
        return (Network(Value(mode, legacy.at)),)
    if address is not None:
        name = address.text("networkName")
        at = name.at if name is not None else members.key_place("ipAddress")
        labels = parts.labels(address.child_or_empty("labels"))
        return (Network(Value("container", at), name, labels),)
    return ()


def _network(members: Members) -> Network:
    name, mode = members.text("name"), members.word("mode")
    labels = parts.labels(members.child_or_empty("labels"))
    if mode is None:
        at = name.at if name is not None else Place(members.path)
        return Network(Value("container", at, origin="default"), name, labels)
    return Network(Value(mode.value.lower() if mode.is_known else UNKNOWN, mode.at), name, labels)


def _ports(members: Members, mode: Value[str]) -> Iterator[Port]:
    container = members.child_or_empty("container")
    docker = container.child_or_empty("docker")
    # Outside the agent's network Marathon forces requirePorts to false.
    is_fixed = bool(members.flag("requirePorts")) and mode.among("host", UNKNOWN)
    mappings = container.children("portMappings") or docker.children("portMappings")
    yield from map(_mapping, mappings)
    definitions = members.children("portDefinitions")
    for definition in definitions:
        yield _definition(definition, is_fixed=is_fixed)
    if not definitions:
        yield from _plain_ports(members, is_fixed=is_fixed)
    discovered = members.child_or_empty("ipAddress").child_or_empty("discovery").children("ports")
    for port in discovered:
        yield Port(
            Place(port.path),
            container_port=port.number("number"),
            protocol=port.text("protocol"),
            name=port.text("name"),
            labels=parts.labels(port.child_or_empty("labels")),
        )
    is_stated = any(key in holder for holder, key in _port_lists(members))
    if not is_stated and not discovered and mode.among("host", UNKNOWN):
        yield Port(members.place("id"))  # Marathon gives one where the author says nothing


def _has_hidden_ports(members: Members) -> bool:
    """Whether a placeholder stands for a list of ports, or for some of its items."""
    return any(parts.hides_items(holder, key) for holder, key in _port_lists(members))


def _port_lists(members: Members) -> Iterator[tuple[Members, str]]:
    """Where an app lists its ports, and under which key."""
    container = members.child_or_empty("container")
    yield container, "portMappings"
    yield container.child_or_empty("docker"), "portMappings"
    yield members, "portDefinitions"
    yield members, "ports"


def _mapping(members: Members) -> Port:
    return Port(
        Place(members.path),
        members.number("containerPort"),
        members.number("hostPort"),
        members.number("servicePort"),
        members.text("protocol"),
        members.text("name"),
        parts.labels(members.child_or_empty("labels")),
    )


def _definition(members: Members, *, is_fixed: bool) -> Port:
    number = members.number("port")
    return Port(
        Place(members.path),
        host_port=number if is_fixed else None,
        service_port=None if is_fixed else number,
        protocol=members.text("protocol"),
        name=members.text("name"),
        labels=parts.labels(members.child_or_empty("labels")),
    )


def _plain_ports(members: Members, *, is_fixed: bool) -> Iterator[Port]:
    raw = members.raw.get("ports")
    for index, number in enumerate(raw if isinstance(raw, list) else ()):
        if isinstance(number, int):
            at = Place((*members.path, "ports", index))
            port: Value[float] = Value(number, at)
            if is_fixed:
                yield Port(at, host_port=port)
            else:
                yield Port(at, service_port=port)


def _constraints(members: Members) -> Iterator[Constraint]:
    raw = members.raw.get("constraints")
    for index, item in enumerate(raw if isinstance(raw, list) else ()):
        if isinstance(item, list) and item and all(isinstance(word, str) for word in item):
            path = (*members.path, "constraints", index)
            words = [
                Value(UNKNOWN if is_hole(word) else word, Place((*path, at)))
                for at, word in enumerate(item)
            ]
            field, operator, value = [*words, None, None][:3]
            if field is not None:
                yield Constraint(field, operator, value)


def _health_checks(members: Members) -> Iterator[HealthCheck]:
    for item in members.children("healthChecks"):
        protocol = item.word("protocol")
        if protocol is None:
            protocol = Value("HTTP", Place(item.path), origin="default")
        line = item.child_or_empty("command").text("value")
        yield HealthCheck(
            protocol,
            Place(item.path),
            command=Command(line, (), line.at) if line is not None else None,
            path=item.text("path"),
            port=item.number("port"),
            port_index=_port_index(members, item, protocol),
            interval=item.number("intervalSeconds"),
            timeout=item.number("timeoutSeconds"),
            grace=item.number("gracePeriodSeconds"),
            max_failures=item.number("maxConsecutiveFailures"),
            delay=item.number("delaySeconds"),
        )
    check = members.child("check")
    if check is not None:
        at = Place(check.path)
        probe = check.child("http") or check.child("tcp") or check.child_or_empty("exec")
        yield HealthCheck(
            Value("CHECK", at),
            at,
            command=parts.exec_command(probe),
            path=probe.text("path"),
            port=probe.number("port"),
            port_index=probe.number("portIndex"),
        )


def _port_index(members: Members, check: Members, protocol: Value[str]) -> Value[float] | None:
    """The port that is checked: the first one by default, where ports are listed."""
    stated = check.number("portIndex")
    if stated is not None or "port" in check or protocol.value == "COMMAND":
        return stated
    container = members.child_or_empty("container")
    is_listed = (
        bool(members.raw.get("portDefinitions"))
        or "portMappings" in container
        or "portMappings" in container.child_or_empty("docker")
    )
    return Value(0, Place(check.path), origin="default") if is_listed else None


def _readiness_checks(members: Members) -> Iterator[ReadinessCheck]:
    for item in members.children("readinessChecks"):
        name = item.text("portName")
        at = name.at if name is not None else members.key_place("readinessChecks")
        yield ReadinessCheck(at, name or Value("http-api", at, origin="default"))


def _upgrade(members: Members) -> Upgrade | None:
    strategy = members.child("upgradeStrategy")
    if strategy is None:
        return None
    return Upgrade(
        Place(strategy.path),
        strategy.number("minimumHealthCapacity"),
        strategy.number("maximumOverCapacity"),
    )


def _backoff(members: Members) -> Backoff | None:
    values = map(members.number, ("backoffSeconds", "backoffFactor", "maxLaunchDelaySeconds"))
    seconds, factor, delay = values
    stated = [value for value in (seconds, factor, delay) if value is not None]
    return Backoff(stated[0].at, seconds, factor, delay) if stated else None


def _is_partial(members: Members, container: Container) -> bool:
    """Whether this is no complete app: it leaves out what the stored one keeps."""
    return "id" not in members or (container.command is None and container.image is None)

"""Marathon apps, alone, in lists and in groups: documents to nodes.

Source: the Marathon reference (fields, defaults and the order in which legacy
forms are migrated). Legacy fields become the modern ones here, so that no rule
has to know them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from policylint.model import (
    UNKNOWN,
    Artifact,
    Command,
    Constraint,
    Container,
    EnvVar,
    HealthCheck,
    Label,
    Network,
    Port,
    ResourceLimit,
    SecurityOption,
    Value,
    Workload,
)
from policylint.parsers.docker import Parameters
from policylint.parsers.images import image
from policylint.parsers.members import Members
from policylint.parsers.mounts import host_mount, parameter_mounts
from policylint.tree import Place, Placeholder

if TYPE_CHECKING:
    from collections.abc import Iterator

    from policylint.model import Mount

_NETWORK_MODES = {"HOST": "host", "BRIDGE": "container/bridge", "USER": "container"}
_DOCKER_NETWORKS = {"host": "host", "bridge": "container/bridge", "default": "container/bridge"}
_IPC_MODES = {"SHARE_PARENT": "host", "PRIVATE": "private"}


def apps(raw: object, path: tuple[str | int, ...], base: str = "/") -> Iterator[Workload]:
    """The apps of a list."""
    if isinstance(raw, list):
        for index, item in enumerate(raw):
            if isinstance(item, dict):
                yield app(Members(item, (*path, index)), base)


def group(members: Members, base: str = "/") -> Iterator[Workload]:
    """The apps of a group and of the groups in it; relative ids start at the group around them."""
    own = members.text("id")
    path = resolve(own.value, base) if own is not None and own.is_known else base
    yield from apps(members.raw.get("apps"), (*members.path, "apps"), path)
    for inner in members.children("groups"):
        yield from group(inner, path)


def app(members: Members, base: str = "/") -> Workload:
    """One app."""
    runtime = _runtime(members)
    docker = members.child_or_empty("container").child("docker")
    parameters = Parameters(docker if runtime.value == "DOCKER" else None)
    container = _container(members, runtime, parameters)
    return Workload(
        kind="app",
        id=_id(members, base),
        root=members.path,
        partial=_is_partial(members, container),
        role=members.text("role"),
        accepted_roles=members.texts("acceptedResourceRoles"),
        instances=members.number("instances"),
        containers=(container,),
        networks=_networks(members, parameters),
        ports=tuple(_ports(members)),
        constraints=tuple(_constraints(members)),
        health_checks=tuple(_health_checks(members)),
        labels=labels(members.child_or_empty("labels")),
        dependencies=members.texts("dependencies"),
    )


def resolve(identifier: str, base: str) -> str:
    """The absolute form of an id, as Marathon resolves it: `..` at the root stays at the root."""
    segments = [] if identifier.startswith("/") else base.split("/")
    resolved: list[str] = []
    for segment in [*segments, *identifier.split("/")]:
        if segment == "..":
            del resolved[-1:]
        elif segment not in ("", "."):
            resolved.append(segment)
    return "/" + "/".join(resolved)


def labels(members: Members) -> tuple[Label, ...]:
    """The labels of an object."""
    return tuple(
        Label(name, Value(_as_text(raw), place), place) for name, raw, place in members.entries()
    )


def env(members: Members) -> Iterator[EnvVar]:
    """Environment variables: texts, and references to secrets."""
    for name, raw, place in members.entries():
        if isinstance(raw, dict):
            yield EnvVar(name, None, place)
        else:
            yield EnvVar(name, Value(_as_text(raw), place), place)


def parameter_env(parameters: Parameters) -> Iterator[EnvVar]:
    """Environment variables among Docker parameters; a name alone takes the agent's value."""
    for value in parameters.all("env"):
        name, equals, text = value.value.partition("=")
        yield EnvVar(name, Value(text, value.at) if equals else None, value.at)


def artifacts(members: Members, key: str) -> Iterator[Artifact]:
    """Files to fetch."""
    for item in members.children(key):
        uri = item.text("uri")
        if uri is not None:
            yield Artifact(uri)


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
    return stated or Value("DOCKER", container.key_place("type"), origin="default")


def _container(members: Members, runtime: Value[str], parameters: Parameters) -> Container:
    settings = members.child_or_empty("container")
    docker = settings.child_or_empty("docker")
    is_docker = runtime.value == "DOCKER"
    linux = settings.child_or_empty("linuxInfo")
    return Container(
        name="",
        at=members.place("id"),
        runtime=runtime,
        image=image(docker.text("image")),
        command=_command(members),
        privileged=_privileged(docker, parameters) if is_docker else None,
        user=parameters.last("user") if is_docker else members.text("user"),
        pid=parameters.last("pid"),
        ipc=parameters.last("ipc") if is_docker else ipc_mode(linux),
        capabilities=parameters.capabilities(),
        security_options=(
            parameters.security_options() if is_docker else tuple(linux_options(linux))
        ),
        parameters=parameters.items,
        mounts=(*_volumes(settings), *parameter_mounts(parameters)),
        env=(*env(members.child_or_empty("env")), *parameter_env(parameters)),
        artifacts=(*artifacts(members, "fetch"), *map(Artifact, members.texts("uris"))),
        limits=tuple(limits(members.child_or_empty("resourceLimits"))),
    )


def _command(members: Members) -> Command | None:
    text, args = members.text("cmd"), members.texts("args")
    if text is None and not args:
        return None
    return Command(text, args, text.at if text else args[0].at)


def _privileged(docker: Members, parameters: Parameters) -> Value[bool] | None:
    """True when the field or the parameter says so; the field comes first."""
    stated = [
        value for value in (docker.flag("privileged"), parameters.flag("privileged")) if value
    ]
    if not stated:
        return docker.flag("privileged")
    first, *others = stated
    return Value(True, first.at, (*first.also, *(other.at for other in others)))


def _volumes(container: Members) -> Iterator[Mount]:
    for volume in container.children("volumes"):
        # Marathon reads a volume as the first form that fits, and host comes last.
        if any(volume.child(form) for form in ("persistent", "external")) or "secret" in volume:
            continue
        source, mode = volume.text("hostPath"), volume.word("mode")
        if source is not None:
            yield host_mount(
                source,
                volume.text("containerPath"),
                read_only=mode is not None and mode.value == "RO",
                route="hostPath",
            )


def _networks(members: Members, parameters: Parameters) -> tuple[Network, ...]:
    """The networks that hold in the end: parameter, `networks`, the two legacy fields, host."""
    override = parameters.first("network")
    stated = _stated_networks(members)
    if override is None:
        default = Value("host", members.place("id"), origin="default")
        return stated or (Network(default),)
    word = override.value.strip()
    mode = _DOCKER_NETWORKS.get(word, word if ":" in word or word == "none" else "container")
    same = (network.mode.at for network in stated if network.mode.value == mode)
    return (Network(Value(mode, override.at, (*override.also, *same))),)


def _stated_networks(members: Members) -> tuple[Network, ...]:
    listed = tuple(_network(item) for item in members.children("networks"))
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
        return (Network(Value("container", at), name),)
    return ()


def _network(members: Members) -> Network:
    name, mode = members.text("name"), members.word("mode")
    if mode is None:
        at = name.at if name is not None else Place(members.path)
        return Network(Value("container", at, origin="default"), name)
    return Network(Value(mode.value.lower() if mode.is_known else UNKNOWN, mode.at), name)


def _ports(members: Members) -> Iterator[Port]:
    container = members.child_or_empty("container")
    mappings = container.children("portMappings")
    mappings = mappings or container.child_or_empty("docker").children("portMappings")
    fixed = members.flag("requirePorts")
    for mapping in mappings:
        yield Port(
            Place(mapping.path),
            mapping.number("containerPort"),
            mapping.number("hostPort"),
            mapping.number("servicePort"),
            labels(mapping.child_or_empty("labels")),
        )
    for definition in members.children("portDefinitions"):
        number = definition.number("port")
        yield Port(
            Place(definition.path),
            host_port=number if fixed else None,
            service_port=None if fixed else number,
            labels=labels(definition.child_or_empty("labels")),
        )
    yield from _plain_ports(members, is_fixed=bool(fixed))
    if not any(
        (
            "portMappings" in container,
            "portMappings" in container.child_or_empty("docker"),
            "portDefinitions" in members,
            "ports" in members,
        )
    ):
        yield Port(members.place("id"))  # Marathon gives one where the author says nothing


def _plain_ports(members: Members, *, is_fixed: bool) -> Iterator[Port]:
    raw = members.raw.get("ports")
    for index, number in enumerate(raw if isinstance(raw, list) else ()):
        if isinstance(number, int):
            at = Place((*members.path, "ports", index))
            port = Value(float(number), at)
            yield Port(
                at, host_port=port if is_fixed else None, service_port=None if is_fixed else port
            )


def _constraints(members: Members) -> Iterator[Constraint]:
    raw = members.raw.get("constraints")
    for index, item in enumerate(raw if isinstance(raw, list) else ()):
        if isinstance(item, list) and item and all(isinstance(word, str) for word in item):
            path = (*members.path, "constraints", index)
            words = [Value(word, Place((*path, at))) for at, word in enumerate(item)]
            yield Constraint(
                words[0],
                words[1] if len(words) > 1 else None,
                words[2] if len(words) > 2 else None,
            )


def _health_checks(members: Members) -> Iterator[HealthCheck]:
    for item in members.children("healthChecks"):
        protocol = item.word("protocol")
        at = Place(item.path)
        yield HealthCheck(protocol or Value("HTTP", at, origin="default"), at)
    check = members.child("check")
    if check is not None:
        yield HealthCheck(Value("CHECK", Place(check.path)), Place(check.path))


def _is_partial(members: Members, container: Container) -> bool:
    """Whether this is no complete app: it leaves out what the stored one keeps."""
    return "id" not in members or (container.command is None and container.image is None)


def _as_text(raw: object) -> str:
    if isinstance(raw, Placeholder):
        return UNKNOWN  # type: ignore[no-any-return]
    if isinstance(raw, bool):
        return "true" if raw else "false"
    return raw if isinstance(raw, str) else str(raw)

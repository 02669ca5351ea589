"""Quirks of Marathon apps."""

from __future__ import annotations

from typing import TYPE_CHECKING

from policylint.model import Conflict, DroppedSetting, Value
from policylint.parsers.quirks import shared
from policylint.parsers.quirks.shared import Field
from policylint.tree import Place

if TYPE_CHECKING:
    from policylint.model import At
    from policylint.parsers.members import Members
    from policylint.parsers.quirks.shared import Quirks

_NETWORK_MODES = {"HOST": "host", "BRIDGE": "container/bridge", "USER": "container"}
_LEADER_CHECKS = ("HTTP", "HTTPS", "TCP")
_AGENT_CHECKS = ("MESOS_HTTP", "MESOS_HTTPS", "MESOS_TCP")


def app(members: Members, *, is_partial: bool = False, group_role: str | None = None) -> Quirks:
    """The quirks of an app; `group_role` is the role that the group around it enforces."""
    view = _App(members, is_partial=is_partial)
    yield from shared.exclusive(
        Field(members, "args"), Field(members, "cmd"), "cmd for a shell line, or args for arguments"
    )
    yield from shared.exclusive(Field(members, "uris"), Field(members, "fetch"), "fetch")
    yield from _old_networks(view)
    yield from shared.networks(members, is_docker=view.runtime == "DOCKER")
    yield from _port_lists(view)
    yield from _ports_and_network(view)
    yield from shared.roles(members, members, group_role)
    yield from _residency(members)
    yield from _health_checks(view)
    yield from shared.forms(members.child_or_empty("check"), ("http", "tcp", "exec"), "check")
    yield from shared.limits(members, members, None if is_partial else shared.REQUESTS)
    yield from shared.unreachable(members)
    yield from shared.volumes(view.container, ("persistent", "external", "secret", "hostPath"))
    if view.runtime == "DOCKER":
        yield from _in_docker(view)
    elif view.runtime == "MESOS":
        yield from _in_mesos(view)


class _App:
    """An app's members with what Marathon makes of its container and networks."""

    __slots__ = ("container", "docker", "is_partial", "members", "mode", "runtime")

    def __init__(self, members: Members, *, is_partial: bool) -> None:
        self.members = members
        self.is_partial = is_partial
        self.container = members.child_or_empty("container")
        self.docker = self.container.child_or_empty("docker")
        self.runtime = self._runtime()
        self.mode = self._mode()

    @property
    def type_at(self) -> tuple[tuple[At, str], ...]:
        """The place that makes the container one of its type."""
        if "type" in self.container:
            return ((self.container.place("type"), f"type {self.runtime} is stated here"),)
        if "container" in self.members:
            text = "no type is stated, which means DOCKER"
            return ((self.members.key_place("container"), text),)
        return ()

    @property
    def mode_at(self) -> tuple[tuple[At, str], ...]:
        """The place that makes the network one of its mode."""
        if self.mode is None:
            return ()
        if self.mode.origin == "default":
            return ((self.mode.at, "no network is stated, which means the agent's own"),)
        return ((self.mode.at, f"network mode {self.mode.value} is chosen here"),)

    def _runtime(self) -> str | None:
        """DOCKER or MESOS; None without a container, and where nobody can say."""
        if "container" not in self.members:
            return "MESOS" if "ipAddress" in self.members else None
        stated = self.container.word("type")
        if stated is not None:
            return stated.value if stated.is_known else None
        is_open = Field(self.members, "container").is_open or "type" in self.container
        return None if is_open else "DOCKER"

    def _mode(self) -> Value[str] | None:
        """The network mode by the fields of the app; None where nobody can say."""
        listed = Field(self.members, "networks")
        if listed.says or listed.is_open:
            modes = map(shared.network_mode, self.members.children("networks"))
            return next((mode for mode in modes if mode.is_known), None)
        if "network" in self.docker:
            old = self.docker.word("network")
            mode = _NETWORK_MODES.get(old.value) if old is not None and old.is_known else None
            return Value(mode, old.at) if old is not None and mode is not None else None
        if "ipAddress" in self.members:
            return Value("container", self.members.key_place("ipAddress"))
        if self.is_partial:
            return None
        return Value("host", self.members.place("id"), origin="default")


def _old_networks(view: _App) -> Quirks:
    """`docker.network`, `docker.portMappings` and `ipAddress` against what replaced them."""
    network = Field(view.docker, "network")
    mappings = Field(view.docker, "portMappings")
    listed = Field(view.members, "networks")
    if view.runtime == "MESOS":
        for field, modern in ((network, "networks"), (mappings, "container.portMappings")):
            if field.says:
                yield Conflict(
                    f"docker.{field.key} stands in a container of type MESOS:"
                    " Marathon refuses it outside the Docker engine",
                    field.at,
                    view.type_at,
                    f"instead, write {modern}",
                )
    else:
        yield from shared.exclusive(network, listed, "networks")
        yield from shared.exclusive(
            mappings,
            Field(view.container, "portMappings"),
            "those of the container",
            "Marathon fails on an app with the docker's and the container's",
        )
    if "ipAddress" in view.members:
        yield from _ip_address(view)


def _ip_address(view: _App) -> Quirks:
    members = view.members
    field = Field(members, "ipAddress")
    yield from shared.exclusive(field, Field(members, "networks"), "networks")
    for key in ("ports", "portDefinitions"):
        yield from shared.exclusive(
            Field(members, key), field, "networks, with the ports in container.portMappings"
        )
    network = view.docker.word("network")
    if view.runtime == "DOCKER" and field.says and network is not None and network.value == "HOST":
        yield Conflict(
            "ipAddress stands beside docker.network HOST: Marathon follows the latter,"
            " and the app joins the agent's network",
            field.at,
            ((network.at, "HOST stands here"),),
            "instead, keep networks with the mode that is meant",
        )
    address = members.child_or_empty("ipAddress")
    if Field(address, "groups").says:
        yield DroppedSetting(
            "ipAddress.groups",
            "Marathon drops it, and the app is in no group that a network rule could name",
            address.key_place("groups"),
            instead="instead, separate the app by a network of its own in networks",
        )
    yield from _discovery(view, address.child_or_empty("discovery"))


def _discovery(view: _App, discovery: Members) -> Quirks:
    ports = Field(discovery, "ports")
    if ports.says and view.runtime == "DOCKER":
        yield Conflict(
            "ipAddress.discovery stands in an app of the Docker engine: Marathon refuses it",
            ports.at,
            view.type_at,
            "instead, declare the ports in container.portMappings",
        )
    else:
        mappings = Field(view.container, "portMappings")
        why = "Marathon fails on an app with both"
        yield from shared.exclusive(ports, mappings, "container.portMappings", why)


def _port_lists(view: _App) -> Quirks:
    """Ports against each other."""
    members = view.members
    ports = Field(members, "ports")
    listed = members.raw.get("ports")
    numbers = listed if isinstance(listed, list) else []
    definitions = members.children("portDefinitions")
    defined = [item.raw.get("port") or 0 for item in definitions]
    are_known = all(type(number) is int for number in (*numbers, *defined))
    if numbers and definitions and are_known and numbers != defined:
        yield Conflict(
            "ports and portDefinitions name different ports: Marathon refuses an app with both",
            ports.at,
            Field(members, "portDefinitions").related,
            "instead, keep portDefinitions",
        )
    refused = "Marathon refuses the app"
    plain = (
        Value(number, Place((*members.path, "ports", index)))
        for index, number in enumerate(numbers)
        if number and type(number) is int
    )
    stated = (number for item in definitions if (number := item.number("port")))
    yield from shared.twice(plain, "port", refused)
    yield from shared.twice(stated, "port", refused)
    mappings = view.container.children("portMappings")
    for items in (definitions, mappings or view.docker.children("portMappings")):
        yield from shared.twice((item.text("name") for item in items), "port name", refused)
    if view.mode is not None and view.mode.value != "host":
        yield from shared.network_names(members, mappings)


def _ports_and_network(view: _App) -> Quirks:
    """Ports of the kind that the network has no use for."""
    mode = view.mode
    if mode is None:
        return
    if mode.value == "host":
        holders = (view.container, *((view.docker,) if view.runtime != "MESOS" else ()))
        for mappings in (Field(holder, "portMappings") for holder in holders):
            if mappings.says:
                yield DroppedSetting(
                    "portMappings",
                    "Marathon drops it, because the app shares the network of the agent",
                    mappings.at,
                    view.mode_at,
                    "instead, choose network mode container/bridge, or declare the ports in"
                    " portDefinitions",
                )
    elif "ipAddress" not in view.members:
        definitions = Field(view.members, "portDefinitions")
        if definitions.says and not _is_echo(view):
            yield Conflict(
                "portDefinitions stands beside a network of the app's own:"
                " Marathon drops it and follows container.portMappings",
                definitions.at,
                view.mode_at,
                "instead, declare the ports in container.portMappings",
            )
    fixed = view.members.flag("requirePorts")
    if fixed and mode.value != "host":
        yield DroppedSetting(
            "requirePorts",
            "Marathon forces it to false, because the app has a network of its own",
            fixed.at,
            view.mode_at,
            "instead, give the mapping a fixed hostPort if the app cannot do without",
        )


def _is_echo(view: _App) -> bool:
    """Whether `portDefinitions` only repeats defaults or service ports, as old answers do."""
    definitions = view.members.children("portDefinitions")
    if any(Field(item, "labels").says for item in definitions):
        return False
    mappings = view.container.children("portMappings")
    mappings = mappings or view.docker.children("portMappings")
    defined = [item.raw.get("port") or 0 for item in definitions]
    return not any(defined) or defined == [item.raw.get("servicePort") or 0 for item in mappings]


def _in_docker(view: _App) -> Quirks:
    """What only the Universal Container Runtime can do."""
    gpus = view.members.number("gpus")
    if gpus:
        yield Conflict(
            "gpus stands beside a container of the Docker engine: Marathon refuses it",
            gpus.at,
            view.type_at,
            'instead, set the type to "MESOS"',
        )
    check = Field(view.members, "check")
    if check.says:
        yield Conflict(
            "check stands beside a container of the Docker engine: Marathon refuses it",
            check.at,
            view.type_at,
            'instead, write a health check, or set the type to "MESOS"',
        )
    linux, pull = Field(view.container, "linuxInfo"), Field(view.docker, "pullConfig")
    if linux.says:
        yield DroppedSetting(
            "linuxInfo",
            "the Docker engine never gets it",
            linux.at,
            view.type_at,
            'instead, use the parameters "security-opt" and "ipc", or set the type to "MESOS"',
        )
    if pull.says:
        yield DroppedSetting(
            "pullConfig",
            "Marathon refuses it for the Docker engine",
            pull.at,
            view.type_at,
            'instead, give the agents the credentials, or set the type to "MESOS"',
        )
    for volume in view.container.children("volumes"):
        yield from shared.secret_volume(volume, view.type_at, 'set the type to "MESOS"')
    yield from shared.user(view.members, view.docker, view.type_at)


def _in_mesos(view: _App) -> Quirks:
    """What only the Docker engine can do, and what the other runtime cannot do at once."""
    privileged, parameters = view.docker.flag("privileged"), Field(view.docker, "parameters")
    if privileged:
        yield DroppedSetting(
            "privileged",
            "the Universal Container Runtime has no such mode",
            privileged.at,
            view.type_at,
            "instead, delete it",
        )
    if parameters.says:
        yield DroppedSetting(
            "parameters",
            "they are for the Docker engine, and Marathon refuses them for type MESOS",
            parameters.at,
            view.type_at,
            "instead, use the fields that type MESOS has: user, linuxInfo, volumes, networks",
        )
    yield from shared.linux_info(view.container)


def _residency(members: Members) -> Quirks:
    residency = members.child("residency")
    if residency is None:
        return
    behaviour = residency.word("taskLostBehavior")
    timeout = residency.number("relaunchEscalationTimeoutSeconds")
    # The defaults are what Marathon itself adds to an app with a persistent volume.
    is_default = behaviour is None or not behaviour.is_known or behaviour.value == "WAIT_FOREVER"
    if not is_default or (timeout is not None and timeout.is_known and timeout.value != 3600):
        yield DroppedSetting(
            "residency",
            "Marathon does not read it any more",
            members.key_place("residency"),
            instead="instead, say in unreachableStrategy what becomes of lost tasks",
        )


def _health_checks(view: _App) -> Quirks:
    by_agent: Value[str] | None = None
    for check in view.members.children("healthChecks"):
        protocol = check.word("protocol") or Value("HTTP", Place(check.path), origin="default")
        if not protocol.is_known:
            continue
        yield from _health_check(view, check, protocol)
        if protocol.value in _AGENT_CHECKS:
            if by_agent is not None:
                yield Conflict(
                    f"{protocol.value} stands beside another check by the agent:"
                    " Marathon refuses more than one",
                    protocol.at,
                    ((by_agent.at, "the first one stands here"),),
                    "instead, keep one of them",
                )
            by_agent = by_agent or protocol


def _health_check(view: _App, check: Members, protocol: Value[str]) -> Quirks:
    related = ((protocol.at, f"this is a check of protocol {protocol.value}"),)
    strangers = ("path", "port") if protocol.value == "COMMAND" else ("command",)
    for field in (Field(check, key) for key in strangers):
        if field.says:
            yield Conflict(
                f"{field.key} stands in a check of protocol {protocol.value}: Marathon refuses it",
                field.at,
                related,
                f"instead, delete {field.key}, or write a second check",
            )
    delay = check.number("delaySeconds")
    # 15 is the default, and 0 is what happens.
    if protocol.value in _LEADER_CHECKS and delay and delay.value != 15:
        yield DroppedSetting(
            "delaySeconds",
            f"a check of protocol {protocol.value} is made by the leader, which does not wait",
            delay.at,
            related,
            "instead, use gracePeriodSeconds, or a MESOS_ protocol",
        )
    family = check.word("ipProtocol")
    if family is not None and family.value == "IPV6":
        is_docker = view.runtime == "DOCKER" or (view.is_partial and view.runtime is None)
        if not is_docker or protocol.value not in _AGENT_CHECKS:
            yield Conflict(
                "IPv6 is checked only by the agent and for the Docker engine:"
                " Marathon refuses it here",
                family.at,
                related,
                "instead, use a MESOS_ protocol with type DOCKER, or check over IPv4",
            )

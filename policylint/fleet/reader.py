"""Nodes to the facts that the fleet keeps of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from policylint import demand
from policylint.detect import capabilities
from policylint.detect.ids import resolve
from policylint.detect.images import full_name
from policylint.detect.paths import is_benign, normalise, volume_name
from policylint.detect.placeholders import has_hole
from policylint.fleet import (
    Fact,
    Facts,
    Home,
    HostMount,
    HostPort,
    ImageUse,
    NamedVolume,
    RoutingLabel,
    Service,
    ServiceGroup,
    ServicePort,
    Timer,
)
from policylint.tree import Place
from policylint.workload import Group, Workload

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from policylint.model import At, Node, Value
    from policylint.workload import Container, Label, Port, Volume

# What proxies, VIPs and the platform's router read; how the rest is spelt is for rules to see.
_ROUTING = ("haproxy_", "traefik.", "vip_", "dcos_service_", "edgelb")

_ANY_ADDRESS = ("", "0.0.0.0", "::")  # noqa: S104 (what we look for)


class Reader:
    """Turns nodes into facts; what many definitions have in common is kept once."""

    def __init__(self) -> None:
        self._known: dict[object, Any] = {}

    def facts(self, path: str, document: int, nodes: Sequence[Node]) -> Facts | None:
        """The facts of a document; None when it has nothing that others could meet."""
        groups = {
            node.at.path[:-1]: node
            for node in nodes
            if isinstance(node, Group) and isinstance(node.at, Place)
        }
        workloads = [node for node in nodes if isinstance(node, Workload)]
        builds = [node for node in nodes if type(node).__name__ == "ImageBuild"]
        if builds:
            return self._built(path, document, builds[0])
        if not groups and not workloads:
            return None
        roots = (*groups, *(workload.root for workload in workloads))
        filled = {root[:end] for root in roots for end in range(len(root))}
        return Facts(
            tuple(self._service(path, document, node, groups) for node in workloads),
            tuple(
                self._group(Home(path, document, root), node, is_filled=root in filled)
                for root, node in groups.items()
                if _text(node.id) is not None
            ),
        )

    def _built(self, path: str, document: int, build: Any) -> Facts | None:
        """The facts of a Dockerfile."""
        from policylint.fleet.images import built_image

        image = built_image(Home(path, document, ()), build)
        return Facts((), (), (image,)) if image is not None else None

    def _group(self, home: Home, group: Group, *, is_filled: bool) -> ServiceGroup:
        enforces = group.enforce_role
        return ServiceGroup(
            home,
            group.id.value,
            self._tail(group.id.at, home.root),
            enforces.value if enforces is not None and enforces.is_known else None,
            is_filled,
            tuple(self._dependencies(group.dependencies, home.root, group.id.value)),
        )

    def _service(
        self,
        path: str,
        document: int,
        workload: Workload,
        groups: Mapping[tuple[str | int, ...], Group],
    ) -> Service:
        root = workload.root
        around = [groups[root[:end]] for end in range(len(root)) if root[:end] in groups]
        is_placed = all(_text(group.id) is not None for group in around)
        base = around[-1].id.value if around and is_placed else "/"
        wanted = [
            self._fact(*demand.request(workload, resource), root)
            for resource in demand.RESOURCES
        ]  # fmt: skip
        at = workload.instances.at if workload.instances is not None else workload.id.at
        return Service(
            Home(path, document, root),
            workload.kind,
            # Where none is written it is that of the group around it.
            _text(workload.id) if is_placed and workload.id.value not in (base, "") else None,
            self._tail(workload.id.at, root),
            workload.partial,
            next(self._texts([workload.role], root), None),
            tuple(self._once(_text(role) or "") for role in workload.accepted_roles),
            tuple(wanted),
            self._fact(demand.instances(workload), at, root),
            demand.height(workload),
            tuple(self._dependencies(workload.dependencies, root, base, workload.kind)),
            **self._more(workload),
        )

    def _more(self, workload: Workload) -> dict[str, Any]:
        """The facts that most services have few of."""
        root, containers = workload.root, workload.containers
        more: dict[str, tuple[Any, ...]] = {
            "images": tuple(self._images(workload)),
            "host_ports": tuple(self._host_ports(workload)),
            "service_ports": tuple(self._service_ports(workload)),
            "routing": tuple(self._routing(workload)),
            "mounts": tuple(
                HostMount(mount.path, mount.read_only, self._tail(mount.at, root))
                for container in containers
                for mount in container.mounts
                if mount.path is not None and not has_hole(mount.path)
            ),
            "volumes": tuple(self._volumes(workload)),
            "secrets": tuple(self._texts((secret.source for secret in workload.secrets), root)),
            "timers": tuple(self._timers(workload)),
            "constraints": tuple(_constraints(workload)),
        }
        return {name: facts for name, facts in more.items() if facts}

    def _images(self, workload: Workload) -> Iterator[ImageUse]:
        root = workload.root
        for container in workload.containers:
            image = container.image
            if image is None or not image.repository or has_hole(image.registry + image.repository):
                continue
            targets = [mount.target for mount in container.mounts]
            targets += [volume.target for volume in container.volumes]
            hides_some = any(target is None or _text(target) is None for target in targets)
            yield ImageUse(
                self._once(full_name(image.registry, image.repository)),
                image.reference.value,
                self._tail(image.at, root),
                _text(container.runtime) or "",
                container.user is not None,
                bool(workload.kind == "job" or workload.health_checks or container.health_checks),
                tuple(
                    Fact(words, self._tail(at, root))
                    for words, at in _accesses(workload, container)
                ),
                tuple(
                    Fact(number, self._tail(at, root))
                    for number, at in _inner_ports(workload, container)
                ),
                ("/",)
                if hides_some
                else tuple(
                    self._once(normalise(_text(target) or "")) for target in targets if target
                ),
            )

    def _host_ports(self, workload: Workload) -> Iterator[HostPort]:
        for port in _ports(workload):
            number = _number(port.host_port)
            if number and port.host_port is not None:
                tail = self._tail(port.host_port.at, workload.root)
                yield HostPort(number, number, _protocols(port), tail)
        for container in workload.containers:
            for parameter in container.parameters:
                text = _text(parameter.value) if parameter.key == "publish" else None
                if text is None:
                    continue
                from policylint.detect.ports import publication

                opened = publication(text)
                if opened is not None and opened.host is not None:
                    if opened.address not in _ANY_ADDRESS:
                        continue
                    protocol = "udp" if text.endswith("/udp") else "tcp"
                    tail = self._tail(parameter.at, workload.root)
                    yield HostPort(*opened.host, (protocol,), tail)

    def _service_ports(self, workload: Workload) -> Iterator[ServicePort]:
        stated = {
            label.name: label for label in workload.labels if label.name.startswith("HAPROXY_")
        }
        for index, port in enumerate(workload.ports):
            override = stated.get(f"HAPROXY_{index}_PORT")
            if override is not None:
                text = _text(override.value) or ""
                number = int(text) if text.isdecimal() and len(text) < 6 else None
                at = override.at
            else:
                number = _number(port.service_port)
                at = port.service_port.at if port.service_port is not None else port.at
            if number:
                yield ServicePort(number, index, self._tail(at, workload.root))

    def _routing(self, workload: Workload) -> Iterator[RoutingLabel]:
        for container in workload.containers:
            yield from self._labels(container.labels, None, workload.root)
        yield from self._labels(workload.labels, None, workload.root)
        for port in _ports(workload):
            yield from self._labels(port.labels, _protocols(port), workload.root)
        for network in workload.networks:
            yield from self._labels(network.labels, None, workload.root)

    def _labels(
        self,
        labels: Iterable[Label],
        protocols: tuple[str, ...] | None,
        root: tuple[str | int, ...],
    ) -> Iterator[RoutingLabel]:
        for label in labels:
            is_routing = label.name.lower().startswith(_ROUTING)
            if is_routing and (value := _text(label.value)) is not None:
                name = self._once(label.name)
                yield RoutingLabel(name, self._once(value), protocols, self._tail(label.at, root))

    def _volumes(self, workload: Workload) -> Iterator[NamedVolume]:
        for container in workload.containers:
            for volume in container.volumes:
                name = _text(volume.name) if volume.name is not None else None
                driver = _driver(volume)
                if volume.kind == "external" and volume.name and name and driver:
                    yield NamedVolume(
                        volume_name(name),
                        self._once(driver),
                        read_only=_is_read_only(volume),
                        is_shared=bool(volume.shared),
                        is_local=False,
                        tail=self._tail(volume.name.at, workload.root),
                    )
            for mount in container.mounts:
                if mount.route == "named-volume" and (name := _text(mount.source)):
                    driver = _engine_driver(container)
                    if driver is not None:
                        yield NamedVolume(
                            name,
                            self._once(driver),
                            read_only=mount.read_only,
                            is_shared=False,
                            is_local=driver == "local",
                            tail=self._tail(mount.at, workload.root),
                        )

    def _timers(self, workload: Workload) -> Iterator[Timer]:
        for schedule in workload.schedules:
            cron = _text(schedule.cron)
            if cron is not None:
                timezone = _text(schedule.timezone) if schedule.timezone is not None else None
                is_enabled = schedule.enabled is None or not schedule.enabled.is_false
                tail = self._tail(schedule.cron.at, workload.root)
                yield Timer(self._once(cron), self._once(timezone), is_enabled, tail)

    def _dependencies(
        self,
        stated: Iterable[Value[str]],
        root: tuple[str | int, ...],
        base: str,
        kind: str = "app",
    ) -> Iterator[Fact[str]]:
        for fact in self._texts(stated, root):
            name = fact.value if kind == "job" else self._once(resolve(fact.value, base))
            yield Fact(name, fact.tail)

    def _texts(
        self, values: Iterable[Value[str] | None], root: tuple[str | int, ...]
    ) -> Iterator[Fact[str]]:
        for value in values:
            if value is not None and (text := _text(value)) is not None:
                yield Fact(self._once(text), self._tail(value.at, root))

    def _fact(self, value: float, at: At, root: tuple[str | int, ...]) -> Fact[float]:
        return Fact(self._once(value), self._tail(at, root))

    def _tail(self, at: At, root: tuple[str | int, ...]) -> At:
        if not isinstance(at, Place):
            return at
        tail: At = self._once(Place(at.path[len(root) :], at.key))
        return tail

    def _once(self, value: Any) -> Any:
        # 1 and 1.0 are equal, and print alike.
        return self._known.setdefault(value, value)


def _text(value: Value[str]) -> str | None:
    """A text that is known to its end."""
    text = value.value
    return text if value.is_known and not has_hole(text) else None


def _number(value: Value[float] | None) -> int | None:
    """A port that is fixed."""
    if value is None or not value.is_known or not 0 < value.value < 65536:
        return None
    return int(value.value)


def _protocols(port: Port) -> tuple[str, ...]:
    text = _text(port.protocol) if port.protocol is not None else None
    words = tuple(word.strip().lower() for word in (text or "tcp").split(","))
    return tuple(word for word in words if word) or ("tcp",)


def _ports(workload: Workload) -> Iterator[Port]:
    yield from workload.ports
    for container in workload.containers:
        yield from container.ports


def _constraints(workload: Workload) -> Iterator[tuple[str, str, str | None]]:
    for constraint in workload.constraints:
        operator, value = constraint.operator, constraint.value
        if operator is not None:
            known = (_text(value) or "") if value is not None else None
            yield _text(constraint.field) or "", (_text(operator) or "").upper(), known


def _accesses(workload: Workload, container: Container) -> Iterator[tuple[str, At]]:
    """What a container is given of the agent."""
    for mount in container.mounts:
        path = mount.path
        is_written = path is not None and not mount.read_only and not has_hole(path)
        if path is not None and is_written and not is_benign(path, read_only=False):
            yield f"writes to {path}", mount.at
    for capability in container.capabilities:
        name = _text(capability.name)
        if name is not None and name not in capabilities.DEFAULT:
            yield f"has the capability {name}", capability.at
    for value, name in ((container.pid, "processes"), (container.ipc, "shared memory")):
        if value is not None and value.value == "host":
            yield f"shares the agent's {name}", value.at
    for namespace in container.namespaces:
        if namespace.mode.value == "host":
            yield f"shares the agent's {namespace.name} namespace", namespace.at
    for network in workload.networks:
        if network.mode.value == "host" and network.mode.origin == "stated":
            yield "shares the agent's network", network.at


def _inner_ports(workload: Workload, container: Container) -> Iterator[tuple[int, At]]:
    """The ports that something must listen on in a container, where only the image decides."""
    if container.command is not None or container.entrypoint is not None:
        return
    stated = {variable.value.value for variable in container.env if variable.value}
    for port in container.ports if workload.kind == "pod" else workload.ports:
        number = _number(port.container_port)
        if number and port.container_port is not None and str(number) not in stated:
            yield number, port.container_port.at


def _driver(volume: Volume) -> str | None:
    """What keeps an external volume; None where nobody knows, or where it cannot be spoilt."""
    options = {option.name: _text(option.value) for option in volume.options}
    if "MULTI_NODE_READER_ONLY" in (options.get("capability") or ""):
        return None
    plugin = "pluginName" if "pluginName" in options else "dvdi/driver"
    provider = _text(volume.provider) if volume.provider is not None else None
    return options.get(plugin, provider)


def _engine_driver(container: Container) -> str | None:
    """The driver of the volumes that a container's parameters name."""
    named = [item for item in container.parameters if item.key in ("volume-driver", "mount")]
    if any(item.key == "mount" and "volume-driver" in str(item.value.value) for item in named):
        return None
    stated = [_text(item.value) for item in named if item.key == "volume-driver"]
    return stated[-1] if stated else "local"


def _is_read_only(volume: Volume) -> bool:
    return volume.mode is not None and volume.mode.value == "RO"

"""All definitions together: what rules across files know of each.

A document leaves facts behind, not nodes: small, without their text, and fit to be sent
from one process to another. A fact knows its place as the end of a path below its owner;
places that many definitions have in common are kept once. Lines and columns are worked
out when there is something to say, from the file itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Generic, TypeVar

from policylint import demand
from policylint.detect.ids import ancestors
from policylint.detect.paths import is_below
from policylint.model import Record
from policylint.named import NamedTuple
from policylint.tree import Place

if TYPE_CHECKING:
    from collections.abc import Iterable

    from policylint.model import At

T = TypeVar("T")

_DEPLOYMENT_GROUP = "HAPROXY_DEPLOYMENT_GROUP"


class Spot(NamedTuple):
    """A place in one of many files: what `Problem` takes in rules on the fleet.

    `document` is its number in the file, `subject` the id that a finding here is about;
    `tail` leads on from the `root` of that.
    """

    path: str
    document: int
    subject: str | None
    root: tuple[str | int, ...]
    tail: At

    @property
    def place(self) -> At:
        """The place in its document."""
        if not isinstance(self.tail, Place):
            return self.tail
        return Place((*self.root, *self.tail.path), self.tail.key)

    def order(self) -> tuple[object, ...]:
        """What spots are sorted by: file, document, and the way down."""
        place = self.place
        if not isinstance(place, Place):
            return (self.path, self.document, (("", place.start),), False)
        steps = tuple((step, 0) if isinstance(step, str) else ("", step) for step in place.path)
        return (self.path, self.document, steps, not place.key)


class Fact(Generic[T]):
    """Something that a definition says; `owner.spot(fact)` is where."""

    __slots__ = ("tail", "value")

    def __init__(self, value: T, tail: At) -> None:
        self.value = value
        self.tail = tail

    def __repr__(self) -> str:
        return f"Fact({self.value!r}, {self.tail!r})"


class Home(NamedTuple):
    """Where a definition stands: file, number of the document in it, path to its object."""

    path: str
    document: int
    root: tuple[str | int, ...]


class HostPort(Record):
    """Ports of the agent that a service insists on, from `first` to `last`."""

    first: int
    last: int
    protocols: tuple[str, ...]
    tail: At


class ServicePort(Record):
    """A port that shared proxies open for a service; `position` is its place among the ports."""

    number: int
    position: int
    tail: At


class RoutingLabel(Record):
    """A label that a proxy, a VIP or the platform's router reads.

    `protocols` are those of the port that carries it; None for a label of the service.
    """

    name: str
    value: str
    protocols: tuple[str, ...] | None
    tail: At


class HostMount(Record):
    """A directory of the agent in a container."""

    path: str
    read_only: bool
    tail: At


class NamedVolume(Record):
    """A volume that a driver keeps under a name; `is_shared` tells that it says so itself.

    Those of the engine's own driver are on one agent, `is_local`.
    """

    name: str
    driver: str
    read_only: bool
    is_shared: bool
    is_local: bool
    tail: At


class Timer(Record):
    """When a job runs."""

    cron: str
    timezone: str | None
    is_enabled: bool
    tail: At


class ImageUse(Record):
    """A container that starts from an image, and what counts once its Dockerfile is known.

    `name` is the full one, without tag or digest. A scheduler checks one that `is_checked`; a
    job needs none. `accesses` are what it is given of the
    agent, `targets` the paths in it that something is mounted at; where a command or a
    variable may change the ports there are none.
    """

    name: str
    reference: str
    tail: At
    runtime: str
    states_user: bool
    is_checked: bool
    accesses: tuple[Fact[str], ...] = ()
    ports: tuple[Fact[int], ...] = ()
    targets: tuple[str, ...] = ()


class BuiltImage(Record):
    """What a Dockerfile says of its image.

    `is_root` is None where nobody can tell; `user` is the reason in words, at `user_tail`.
    The ports are all that it exposes, none where the base image may expose others.
    """

    home: Home
    tail: At
    bases: tuple[str, ...]
    is_root: bool | None
    user: str
    user_tail: At
    ports: tuple[tuple[int, int], ...] = ()
    ports_tail: At | None = None
    health_tail: At | None = None
    volumes: tuple[Fact[str], ...] = ()

    @property
    def path(self) -> str:
        """The path of the Dockerfile."""
        return self.home.path

    @property
    def at(self) -> Spot:
        """The place of its last stage."""
        return self.spot(self.tail)

    def spot(self, tail: At) -> Spot:
        """A place in the Dockerfile."""
        return Spot(self.home.path, self.home.document, None, (), tail)


class Service(Record):
    """An app, a pod or a job as the fleet knows it.

    `id` is None where a placeholder hides it. `needs` are cpus, mem, disk and gpus of one
    instance, `instances` how many run and `height` how many at the height of an upgrade. A
    `partial` one leaves out what the stored definition keeps. A role, or a part of a
    constraint, that nobody knows is empty.
    """

    home: Home
    kind: str
    id: str | None
    id_tail: At
    partial: bool
    role: Fact[str] | None
    accepted_roles: tuple[str, ...]
    needs: tuple[Fact[float], ...]
    instances: Fact[float]
    height: float
    dependencies: tuple[Fact[str], ...] = ()
    images: tuple[ImageUse, ...] = ()
    host_ports: tuple[HostPort, ...] = ()
    service_ports: tuple[ServicePort, ...] = ()
    routing: tuple[RoutingLabel, ...] = ()
    mounts: tuple[HostMount, ...] = ()
    volumes: tuple[NamedVolume, ...] = ()
    secrets: tuple[Fact[str], ...] = ()
    timers: tuple[Timer, ...] = ()
    constraints: tuple[tuple[str, str, str | None], ...] = ()

    @property
    def at(self) -> Spot:
        """The place of the id."""
        return Spot(self.home.path, self.home.document, self.id, self.home.root, self.id_tail)

    @property
    def server(self) -> str:
        """Who runs it: ids of Marathon and of Metronome have nothing to do with each other."""
        return "metronome" if self.kind == "job" else "marathon"

    @property
    def name(self) -> str:
        """What messages call it."""
        return self.id if self.id is not None else f"a {self.kind} of unknown id"

    @property
    def top_group(self) -> str | None:
        """The top-level group around it, such as `/web`; None for one right below the root."""
        segments = self.id.split("/") if self.id is not None and self.kind != "job" else ()
        return f"/{segments[1]}" if len(segments) > 2 else None

    @property
    def team(self) -> str:
        """Whose it is, as far as ids tell: the top-level group, the first word of a job's id."""
        if self.kind == "job":
            return (self.id or "").partition(".")[0]
        return self.top_group or self.id or ""

    @property
    def deployment_group(self) -> str | None:
        """The name that the two halves of a blue and green deployment share."""
        return next(
            (label.value for label in self.routing if label.name == _DEPLOYMENT_GROUP), None
        )

    def spot(self, fact: Any) -> Spot:
        """Where one of its facts stands."""
        return self.at._replace(tail=fact.tail)

    def need(self, resource: str) -> Fact[float]:
        """What one instance asks for of a resource."""
        return self.needs[demand.RESOURCES.index(resource)]

    def total(self, resource: str) -> float:
        """What all instances ask for; of `instances`, how many there are."""
        return self.instances.value * self._each(resource)

    def surge(self, resource: str) -> float:
        """What an upgrade asks for on top, at its height."""
        return max(self.height - self.instances.value, 0) * self._each(resource)

    def _each(self, resource: str) -> float:
        return 1 if resource == "instances" else self.need(resource).value


class ServiceGroup(Record):
    """A Marathon group as a document states it; one that is not `is_filled` lists no members."""

    home: Home
    id: str
    id_tail: At
    enforces_role: bool | None
    is_filled: bool
    dependencies: tuple[Fact[str], ...] = ()

    @property
    def at(self) -> Spot:
        """The place of the id."""
        return Spot(self.home.path, self.home.document, self.id, self.home.root, self.id_tail)

    @property
    def name(self) -> str:
        """What messages call it."""
        return f"group {self.id}"

    @property
    def kind(self) -> str:
        """That it is a group."""
        return "group"

    @property
    def server(self) -> str:
        """That Marathon has it."""
        return "marathon"

    def spot(self, fact: Any) -> Spot:
        """Where one of its facts stands."""
        return self.at._replace(tail=fact.tail)


class Facts(NamedTuple):
    """What one document leaves behind."""

    services: tuple[Service, ...]
    groups: tuple[ServiceGroup, ...]
    images: tuple[BuiltImage, ...] = ()


class Fleet:
    """All definitions of a run, in an order that does not depend on how they were named.

    A file with the text of another one is that one again, not a second definition.
    """

    def __init__(self, facts: Iterable[Facts]) -> None:
        known = list(facts)
        self.services = sorted(
            (service for found in known for service in found.services), key=_order
        )
        self.groups = sorted((group for found in known for group in found.groups), key=_order)
        self.images = sorted(
            (image for found in known for image in found.images), key=lambda image: image.at.order()
        )
        self._by_id: dict[tuple[str, str], list[Service]] | None = None
        self._enforcing: dict[str, bool] | None = None
        self._group_ids: set[str] | None = None

    def defines(self, identifier: str, server: str = "marathon") -> bool:
        """Whether somebody defines a service of an id, or a group."""
        return (server, identifier) in self._ids() or (
            server == "marathon" and self.has_group(identifier)
        )

    def has_group(self, identifier: str) -> bool:
        """Whether there is a group of an id: one that is defined, or that has services in it."""
        if self._group_ids is None:
            self._group_ids = {group.id for group in self.groups}
            for server, service in self._ids():
                if server == "marathon":
                    self._group_ids.update(ancestors(service))
        return identifier in self._group_ids

    def named(self, identifier: str, server: str = "marathon") -> list[Service]:
        """The definitions of an id; more than one is a mistake somewhere."""
        return self._ids().get((server, identifier), [])

    def counted(self) -> list[Service]:
        """The services that take from the cluster: of several definitions of an id one.

        Complete ones come before changes of stored ones, the greediest first.
        """
        chosen = [min(found, key=_greed) for found in self._ids().values()]
        unknown = (service for service in self.services if service.id is None)
        return sorted((*chosen, *unknown), key=_order)

    def role_of(self, service: Service, *, default: str = "*", enforces: bool = True) -> str:
        """The Mesos role whose resources a service spends.

        It is the one that it states, else that of its top-level group unless the group does
        not enforce it. `enforces` is what a group does that says nothing, `default` the
        scheduler's own role.
        """
        if service.role is not None:
            return service.role.value
        top = service.top_group
        if top is None:
            return default
        return top[1:] if self._enforcement().get(top, enforces) else default

    def _ids(self) -> dict[tuple[str, str], list[Service]]:
        if self._by_id is None:
            self._by_id = {}
            for service in self.services:
                if service.id is not None:
                    self._by_id.setdefault((service.server, service.id), []).append(service)
        return self._by_id

    def _enforcement(self) -> dict[str, bool]:
        if self._enforcing is None:
            self._enforcing = {
                group.id: group.enforces_role
                for group in self.groups
                if group.enforces_role is not None
            }
        return self._enforcing


def grouped(services: Iterable[Service], group: str) -> list[Service]:
    """The services in a group and in those below it."""
    return [
        service
        for service in services
        if service.id is not None and service.kind != "job" and is_below(service.id, group)
    ]


def _order(owner: Service | ServiceGroup) -> tuple[object, ...]:
    return owner.at.order()


def _greed(service: Service) -> tuple[object, ...]:
    totals = (service.total(resource) for resource in demand.RESOURCES)
    return (service.partial, *(-total for total in totals), *_order(service))

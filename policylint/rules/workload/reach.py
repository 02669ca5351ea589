"""What several rules ask of a workload: its ports, its state, and who outside reaches it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from policylint.detect import proxies
from policylint.detect.ports import publication
from policylint.detect.routing import routes
from policylint.named import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from policylint.model import At, Value
    from policylint.organisation import Roles
    from policylint.workload import Container, DockerParameter, Label, Port, Workload

# Further places of one problem that are shown; a service with a hundred ports has one problem.
MOST_RELATED = 10
EXTERNAL_GROUPS = ("external",)
_OFF = ("0", "f", "F", "false", "False", "FALSE")


class Exposure(NamedTuple):
    """A statement that opens a workload to the outside; `port` is the only one meant, if any."""

    at: At
    text: str
    port: int | None = None


def exposures(
    workload: Workload, roles: Roles, external_groups: Iterable[str] = EXTERNAL_GROUPS
) -> Iterator[Exposure]:
    """Everything that opens a workload to the outside."""
    for role in (*workload.accepted_roles, *filter(None, (workload.role,))):
        if role.value in roles.public:
            yield Exposure(role.at, f"runs on public agents ({role.value})")
    labels = {label.name: label for label in route_labels(workload)}
    texts = [
        (name, label.value.value if label.value.is_known else "") for name, label in labels.items()
    ]
    for name in routes(texts, external_groups):
        found = proxies.indexed(name)
        yield Exposure(
            labels[name].value.at,
            f"is reached through a proxy ({name})",
            found[0] if found is not None else None,
        )
    for container in workload.containers:
        for parameter in container.parameters:
            if _publishes(parameter):
                yield Exposure(parameter.at, f"opens a port of the agent ({parameter.key})")


def ports(workload: Workload) -> Iterator[Port]:
    """The ports of an app, or of all containers of a pod."""
    yield from workload.ports
    for container in workload.containers:
        yield from container.ports


def published(container: Container) -> Iterator[tuple[int, Value[str]]]:
    """The host ports that Docker parameters open, the first of each range."""
    for parameter in container.parameters:
        if parameter.key == "publish" and parameter.value.is_known:
            found = publication(parameter.value.value)
            if found is not None and found.host is not None:
                yield found.host[0], parameter.value


def route_labels(workload: Workload) -> Iterator[Label]:
    """The labels that proxies may read: the workload's, its containers' and its ports'."""
    yield from workload.labels
    for port in workload.ports:
        yield from port.labels
    for container in workload.containers:
        yield from container.labels
        for port in container.ports:
            yield from port.labels


def in_external_group(label: Label, groups: Iterable[str]) -> bool:
    """Whether a label puts its workload, or a port of it, behind a proxy that faces outside."""
    found = proxies.indexed(label.name)
    is_group = label.name == "HAPROXY_GROUP" or (found is not None and found[1] == "GROUP")
    if not is_group or not label.value.is_known:
        return False
    return not {word.strip() for word in label.value.value.split(",")}.isdisjoint(groups)


def keeps_state(workload: Workload) -> bool:
    """Whether a workload has storage of its own: persistent, external or a named volume."""
    return any(
        any(volume.kind != "secret" for volume in container.volumes)
        or any(mount.route == "named-volume" for mount in container.mounts)
        for container in workload.containers
    )


def instances(workload: Workload) -> float | None:
    """How many instances run; None where nobody can say."""
    if workload.instances is None:
        return None if workload.partial else 1
    return workload.instances.value if workload.instances.is_known else None


def single_instance_label(workload: Workload) -> Label | None:
    """The label that says that a service must never run twice."""
    labels = (label for label in workload.labels if label.name == "MARATHON_SINGLE_INSTANCE_APP")
    return next((label for label in labels if label.value.value == "true"), None)


def name_of(workload: Workload) -> str:
    """How messages call a workload."""
    return workload.id.value if workload.id.is_known and workload.id.value else "the service"


def is_under(workload: Workload, prefixes: Iterable[str]) -> bool:
    """Whether a workload's id lies under one of the prefixes; of a hidden id nobody knows."""
    from policylint.detect.paths import is_below

    identifier = workload.id.value
    if not workload.id.is_known:
        return False
    if workload.kind == "job":
        identifier = "/" + identifier.replace(".", "/")
    return any(is_below(identifier, prefix.rstrip("/") or "/") for prefix in prefixes)


def _publishes(parameter: DockerParameter) -> bool:
    value = parameter.value.value
    return parameter.key == "publish" or (parameter.key == "publish-all" and value not in _OFF)

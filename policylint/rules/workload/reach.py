"""From where a workload can be reached: what leads the internet to it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from policylint.detect.routing import routes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from policylint.model import At, DockerParameter, Label, Workload
    from policylint.organisation import Roles

_OFF = ("0", "f", "F", "false", "False", "FALSE")


def exposures(
    workload: Workload, roles: Roles, external_groups: tuple[str, ...]
) -> Iterator[tuple[At, str]]:
    """Each place that opens a workload to the internet, and how."""
    accepted = (*workload.accepted_roles, *((workload.role,) if workload.role else ()))
    for role in accepted:
        if role.value in roles.public:
            yield role.at, f"runs on public agents ({role.value})"
    labels = {label.name: label for label in _labels(workload)}
    texts = [
        (name, label.value.value if label.value.is_known else "") for name, label in labels.items()
    ]
    for name in routes(texts, external_groups):
        yield labels[name].value.at, f"is reached through a proxy ({name})"
    for container in workload.containers:
        for parameter in container.parameters:
            if _publishes(parameter):
                yield parameter.at, f"opens a port of the agent ({parameter.key})"


def _publishes(parameter: DockerParameter) -> bool:
    value = parameter.value.value
    return parameter.key == "publish" or (parameter.key == "publish-all" and value not in _OFF)


def _labels(workload: Workload) -> Iterator[Label]:
    yield from workload.labels
    for port in workload.ports:
        yield from port.labels
    for container in workload.containers:
        yield from container.labels
        for port in container.ports:
            yield from port.labels

"""Rules on who outside of the cluster reaches a workload."""

from __future__ import annotations

from typing import TYPE_CHECKING

from policylint.detect import proxies
from policylint.detect.placeholders import has_hole
from policylint.detect.ports import PLATFORM, internal_image, internal_port, publication
from policylint.finding import Problem
from policylint.rule import rule
from policylint.rules.workload.reach import (
    EXTERNAL_GROUPS,
    MOST_RELATED,
    exposures,
    in_external_group,
    is_under,
    ports,
    route_labels,
)
from policylint.workload import Container, Workload

if TYPE_CHECKING:
    from collections.abc import Iterator

    from policylint.finding import Problems
    from policylint.model import At, Value
    from policylint.organisation import Roles
    from policylint.rules.workload.reach import Exposure
    from policylint.workload import DockerParameter, Label, Port

_FALSE = ("0", "f", "F", "false", "False", "FALSE")


@rule(
    on=Container,
    severity="high",
    family="exposure",
    refs="CIS-Docker:5.9 CIS-Docker:5.14 NIST:4.4.2 CWE-668",
)
def publish_outside_scheduler(container: Container) -> Problems:
    """Port published behind the scheduler's back.

    The scheduler does not know that the host port is taken: services collide, the
    port is open to everybody, and discovery does not find it.

    Instead, declare it in `portMappings`.

    Bad (marathon):
        {"id": "/web", "container": {"docker": {"image": "web:1", "parameters": [
          {"key": "publish", "value": "8080:80"}]}}}

    Good (marathon):
        {"id": "/web", "container": {"docker": {"image": "web:1"},
          "portMappings": [{"containerPort": 80, "hostPort": 0}]}}
    """
    opened = [parameter for parameter in container.parameters if _opens(parameter)]
    taken = {parameter.at: _platform_port(parameter) for parameter in opened}
    opened.sort(key=lambda parameter: taken[parameter.at] is None)
    if opened:
        first = opened[0]
        port = taken[first.at]
        effect = "ports that the scheduler does not know of"
        if first.key == "publish":
            shown = "a port" if has_hole(first.value.value) else first.value.value
            effect = f"{shown} of the agent behind the scheduler's back"
        whose = f", the port of {PLATFORM[port]}" if port is not None else ""
        more = f", and {len(opened) - 1} more" if len(opened) > 1 else ""
        yield Problem(
            first,
            f"opens {effect}{whose}{more}",
            [(parameter.at, "likewise") for parameter in opened[1 : MOST_RELATED + 1]],
            severity="critical" if port is not None else None,
        )
    for parameter in container.parameters:
        if parameter.key == "expose":
            yield Problem(
                parameter,
                "has no effect on who reaches the port, and hides it from the scheduler",
                severity="info",
            )


@rule(
    on=Workload,
    severity="high",
    family="exposure",
    refs="NIST:4.4.2 CWE-668 ATTACK:T1190 ATTACK:T1133",
)
def external_exposure_not_allowed(
    workload: Workload,
    *,
    external_groups: tuple[str, ...] = EXTERNAL_GROUPS,
    external_prefixes: tuple[str, ...] = (),
    external_suffixes: tuple[str, ...] = (),
) -> Problems:
    """Published externally without permission.

    What faces the internet is decided by those who run the platform.

    Instead, use the internal group of the proxy.

    Settings:
        external_groups: Groups of HAProxy, and entry points of Traefik, that face outside.
        external_prefixes: Ids under which services may be published.
        external_suffixes: Domains whose hosts are reached from outside.

    Bad (marathon):
        {"id": "/team/db", "cmd": "run", "labels": {"HAPROXY_GROUP": "external"}}

    Good (marathon):
        {"id": "/team/db", "cmd": "run", "labels": {"HAPROXY_GROUP": "internal"}}
    """
    if workload.kind == "job" or not workload.id.is_known:
        return
    if is_under(workload, external_prefixes):
        return
    outward = [
        label
        for label in route_labels(workload)
        if in_external_group(label, external_groups)
        or _has_external_host(label, external_suffixes)
        or _enters_from_outside(label, external_groups)
    ]
    if outward:
        first = outward[0]
        yield Problem(
            first,
            f"{workload.id.value} is published outside by {first.name}"
            f" ({first.value.value}), which nobody allowed",
            [(label.at, f"{label.name} likewise") for label in outward[1 : MOST_RELATED + 1]],
        )


@rule(
    on=Workload,
    severity="medium",
    family="exposure",
    refs="CWE-319 CWE-306 NIST:4.4.2 ATTACK:T1040 ATTACK:T1190",
    confidence="medium",
)
def external_http_unprotected(
    workload: Workload,
    *,
    external_groups: tuple[str, ...] = EXTERNAL_GROUPS,
    require_auth: bool = False,
) -> Problems:
    """External route without TLS or access control.

    Whoever is on the way reads passwords and sessions, and an administrator's page
    is open to everybody.

    Instead, add the label `HAPROXY_0_REDIRECT_TO_HTTPS` with the value "true".

    Settings:
        external_groups: Groups of HAProxy that face outside.
        require_auth: Whether every external route must ask for a login or be limited
            to some networks.

    Bad (marathon):
        {"id": "/web", "cmd": "run",
          "labels": {"HAPROXY_GROUP": "external", "HAPROXY_0_VHOST": "a.example"}}

    Good (marathon):
        {"id": "/web", "cmd": "run", "labels": {"HAPROXY_GROUP": "external",
          "HAPROXY_0_VHOST": "a.example", "HAPROXY_0_REDIRECT_TO_HTTPS": "true"}}
    """
    if workload.kind != "app":
        return
    settings = {label.name: label for label in workload.labels}
    has_login = any(proxies.is_traefik_auth(label.name) for label in workload.labels)
    for label in workload.labels:
        found = proxies.indexed(label.name)
        if found is None or found[1] != "VHOST" or not label.value.value:
            continue
        index = f"HAPROXY_{found[0]}_"
        group = settings.get(f"{index}GROUP") or settings.get("HAPROXY_GROUP")
        if group is not None and in_external_group(group, external_groups):
            own = {name: settings.get(f"{index}{name}") for name in _GUARDS}
            yield from _unprotected(label, own, index, asked=require_auth and not has_login)


@rule(
    on=Workload,
    severity="high",
    family="exposure",
    refs="CIS-Docker:5.9 NIST:4.4.2 CWE-668 ATTACK:T1190",
    confidence="medium",
)
def internal_service_exposed(
    workload: Workload,
    roles: Roles,
    *,
    external_groups: tuple[str, ...] = EXTERNAL_GROUPS,
    internal_ports: tuple[int, ...] = (),
) -> Problems:
    """Database, admin or debug port exposed externally.

    Such services trust whoever reaches them: this is how most break-ins begin.

    Instead, reach it by a VIP inside the cluster only.

    Settings:
        external_groups: Groups of HAProxy that face outside.
        internal_ports: Further ports that nobody outside may reach.

    Bad (marathon):
        {"id": "/cache", "acceptedResourceRoles": ["slave_public"],
          "container": {"docker": {"image": "cache:1"}, "portMappings": [{"containerPort": 6379}]}}

    Good (marathon):
        {"id": "/cache", "container": {"docker": {"image": "cache:1"}, "portMappings": [
          {"containerPort": 6379, "labels": {"VIP_0": "/cache:6379"}}]}}
    """
    if workload.kind == "job":
        return
    open_by = [
        exposure
        for exposure in exposures(workload, roles, external_groups)
        if not _is_restricted(workload, exposure)
    ]
    if not open_by:
        return
    found = list(_internal(workload, open_by, internal_ports))
    for at, what, exposure in found[:1]:
        related = [(exposure.at, f"the service {exposure.text}")]
        related += [(other, f"{which} likewise") for other, which, _ in found[1 : MOST_RELATED + 1]]
        yield Problem(at, f"{what} is open to the outside: the service {exposure.text}", related)


_GUARDS = ("REDIRECT_TO_HTTPS", "MODE", "AUTH", "BACKEND_NETWORK_ALLOWED_ACL")


def _opens(parameter: DockerParameter) -> bool:
    if parameter.key == "publish-all":
        return parameter.value.value not in _FALSE
    return parameter.key == "publish"


def _platform_port(parameter: DockerParameter) -> int | None:
    """The port of the platform that a parameter takes on every address of the agent."""
    if parameter.key != "publish" or not parameter.value.is_known:
        return None
    found = publication(parameter.value.value)
    if found is None or found.host is None or found.address:
        return None
    low, high = found.host
    return next((port for port in PLATFORM if low <= port <= high), None)


def _has_external_host(label: Label, suffixes: tuple[str, ...]) -> bool:
    found = proxies.indexed(label.name)
    if found is None or found[1] != "VHOST" or not label.value.is_known:
        return False
    hosts = [host.strip().lower() for host in label.value.value.split(",")]
    ends = [suffix.lower().removeprefix("*").lstrip(".") for suffix in suffixes]
    return any(host == end or host.endswith(f".{end}") for host in hosts for end in ends)


def _enters_from_outside(label: Label, groups: tuple[str, ...]) -> bool:
    if not proxies.is_traefik_entry(label.name) or not label.value.is_known:
        return False
    return not {word.strip() for word in label.value.value.split(",")}.isdisjoint(groups)


def _unprotected(host: Label, own: dict[str, Label | None], index: str, *, asked: bool) -> Problems:
    """What a public host name lacks; several things are told at once."""
    redirect, mode = own["REDIRECT_TO_HTTPS"], own["MODE"]
    login, networks = own["AUTH"], own["BACKEND_NETWORK_ALLOWED_ACL"]
    is_secret = (redirect is not None and _may_be(redirect, "true")) or (
        mode is not None and _may_be(mode, "tcp")
    )
    if not is_secret and login is not None:
        yield Problem(
            login,
            f"asks for a password on {_host(host)} and sends it in the clear",
            ((host.at, "the host name stands here"),),
            severity="high",
            instead=f'instead, add the label {index}REDIRECT_TO_HTTPS with the value "true"',
        )
    elif not is_secret:
        yield Problem(
            host,
            f"{_host(host)} is reached from outside without TLS",
            instead=f'instead, add the label {index}REDIRECT_TO_HTTPS with the value "true"',
        )
    if networks is not None and networks.value.is_known:
        if proxies.is_open_list(networks.value.value):
            yield Problem(
                networks,
                f"lets every address reach {_host(host)}: it limits nobody",
                instead="instead, list the networks that may come in",
            )
    elif asked and login is None and networks is None:
        yield Problem(
            host,
            f"{_host(host)} is reached from outside without a login",
            instead=f"instead, add {index}AUTH, or {index}BACKEND_NETWORK_ALLOWED_ACL with the"
            " networks that may come in",
        )


def _may_be(label: Label, text: str) -> bool:
    value = label.value.value
    return not label.value.is_known or has_hole(value) or value.strip().lower() == text


def _host(label: Label) -> str:
    value = label.value.value
    return value if label.value.is_known and not has_hole(value) else "the host"


def _is_restricted(workload: Workload, exposure: Exposure) -> bool:
    """Whether a proxy lets only private networks through, or does not serve the port."""
    if exposure.port is None:
        return False
    labels = {label.name: label.value for label in workload.labels}
    networks = labels.get(f"HAPROXY_{exposure.port}_BACKEND_NETWORK_ALLOWED_ACL")
    return networks is not None and networks.is_known and proxies.is_private_list(networks.value)


def _internal(
    workload: Workload, open_by: list[Exposure], more: tuple[int, ...]
) -> Iterator[tuple[At, str, Exposure]]:
    """Each internal port that is open, what it is, and what opens it; else a telling image."""
    image = " ".join(
        container.image.repository.lower()
        for container in workload.containers
        if container.image is not None and isinstance(container.image.repository, str)
    )
    is_any = False
    for index, port in enumerate(ports(workload)):
        exposure = _opens_port(workload, index, open_by)
        for number in _numbers(port) if exposure is not None else ():
            name = internal_port(number.value, image)
            if name is None and number.value in more:
                name = "an internal service"
            if name is not None and exposure is not None:
                is_any = True
                yield number.at, f"port {number.value:g}, that of {name},", exposure
                break
    for container in workload.containers:
        found = container.image
        is_named = found is not None and isinstance(found.repository, str)
        if not is_any and found is not None and is_named and internal_image(found.repository):
            yield found.at, found.repository, open_by[0]


def _opens_port(workload: Workload, index: int, open_by: list[Exposure]) -> Exposure | None:
    for exposure in open_by:
        if exposure.port is None and not _is_left_out(workload, index):
            return exposure
        if exposure.port == index and workload.kind == "app":
            return exposure
    return None


def _is_left_out(workload: Workload, index: int) -> bool:
    """Whether labels take a port out of what the proxy serves, or limit it to private networks."""
    for label in workload.labels:
        if not label.value.is_known:
            continue
        if label.name == f"HAPROXY_{index}_ENABLED" and label.value.value.lower() == "false":
            return True
        if label.name == f"HAPROXY_{index}_BACKEND_NETWORK_ALLOWED_ACL":
            return proxies.is_private_list(label.value.value)
    return False


def _numbers(port: Port) -> list[Value[float]]:
    stated = (port.container_port, port.host_port, port.service_port)
    return [value for value in stated if value is not None and value.is_known]

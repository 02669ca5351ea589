"""Rules on labels that reach into proxies which all services share."""

from __future__ import annotations

from typing import TYPE_CHECKING

from policylint.detect import proxies
from policylint.finding import Problem
from policylint.model import UNKNOWN
from policylint.rule import rule
from policylint.workload import Label, Workload

if TYPE_CHECKING:
    from policylint.finding import Problems


@rule(on=Label, severity="high", family="exposure", refs="NIST:4.3.3 CWE-74 ATTACK:T1557")
def proxy_template_override(label: Label, workload: Workload) -> Problems:
    """Label replaces raw proxy configuration.

    Its text becomes part of the configuration of a proxy that all services share:
    it can take the traffic of others, read certificates or keep the proxy from
    starting.

    Instead, use the plain labels: `HAPROXY_0_VHOST`, `HAPROXY_0_PATH`, `HAPROXY_0_MODE`.

    Bad (marathon):
        {"id": "/web", "cmd": "run", "labels": {
          "HAPROXY_0_BACKEND_HEAD": "backend {backend}\\n  server x 203.0.113.9:80"}}

    Good (marathon):
        {"id": "/web", "cmd": "run", "labels": {"HAPROXY_0_VHOST": "a.example"}}
    """
    if workload.kind != "app":
        return
    found = proxies.indexed(label.name)
    if found is not None and proxies.is_template(found[1]):
        yield Problem(
            label,
            f"{label.name} writes into the configuration of a proxy that all services share",
            severity="medium" if proxies.is_weak_template(found[1]) else None,
        )
    elif label.value.is_known:
        foreign = proxies.foreign_middleware(label.name, label.value.value)
        if foreign is not None:
            yield Problem(
                label,
                f"{foreign} is configured outside of this definition, where nobody sees it",
                severity="low",
                instead="instead, define the middleware by labels of this service",
            )


@rule(on=Label, severity="high", family="exposure", refs="CWE-93 CWE-74 NIST:4.3.3")
def proxy_label_injection(label: Label) -> Problems:
    """Control characters in a routing label.

    The shared proxy's generator puts the text of labels into its configuration as
    it is, so a line feed begins a directive of its own.

    Instead, remove what does not belong into the value.

    Bad (marathon):
        {"id": "/web", "cmd": "run",
          "labels": {"HAPROXY_0_VHOST": "a.example\\n  http-request deny"}}

    Good (marathon):
        {"id": "/web", "cmd": "run", "labels": {"HAPROXY_0_VHOST": "a.example"}}
    """
    if not label.value.is_known or not proxies.is_routing(label.name):
        return
    found = proxies.indexed(label.name)
    if found is not None and proxies.is_template(found[1]):
        return
    fault = proxies.injected(label.name, label.value.value)
    if fault is not None:
        yield Problem(
            label, f"{label.name} {fault}: the rest of it becomes part of the proxy's configuration"
        )


@rule(on=Label, severity="high", family="exposure", refs="NIST:4.3.3 CWE-668 ATTACK:T1557")
def wildcard_route(
    label: Label,
    workload: Workload,
    *,
    shared_suffixes: tuple[str, ...] = (),
    max_priority: int = 0,
) -> Problems:
    """Route catches everyone's traffic.

    It swallows the requests for the hosts of other teams.

    Instead, name the exact hosts.

    Settings:
        shared_suffixes: Domains under which several teams have hosts, such as
            apps.example.com.
        max_priority: The highest priority that a route may ask for; 0 for any.

    Bad (marathon):
        {"id": "/web", "cmd": "run", "labels": {"traefik.frontend.rule": "PathPrefix:/"}}

    Good (marathon):
        {"id": "/web", "cmd": "run", "labels": {"traefik.frontend.rule": "Host:a.example"}}
    """
    if not label.value.is_known or workload.kind == "job":
        return
    value = label.value.value
    found = proxies.indexed(label.name)
    if found is not None and found[1] == "VHOST":
        shared = frozenset(
            suffix.lower().removeprefix("*").lstrip(".") for suffix in shared_suffixes
        )
        host = proxies.wildcard_host(value, shared)
        # The bare domain may be shared by paths.
        if host is not None and ("*" in host or not _has_path(workload, found[0])):
            yield Problem(label, f"the host {host} takes the requests of other services too")
    elif proxies.is_traefik_rule(label.name):
        why = proxies.catch_all(value)
        if why is not None:
            yield Problem(label, f"takes the requests of other services too: {why}")
    elif max_priority and proxies.is_priority(label.name) and _exceeds(value, max_priority):
        yield Problem(
            label,
            f"priority {value.strip()} lifts the route above those of others,"
            f" {max_priority} is the highest",
            instead=f"instead, ask for {max_priority} or less, or for none",
        )


def _exceeds(text: str, most: int) -> bool:
    number = text.strip()
    return number.isdecimal() and (len(number) > 18 or int(number) > most)


def _has_path(workload: Workload, index: int) -> bool:
    name = f"HAPROXY_{index}_PATH"
    paths = [label.value.value for label in workload.labels if label.name == name]
    return any(path is UNKNOWN or path.strip() not in ("", "/") for path in paths)

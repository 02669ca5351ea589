"""Rules on workloads that fall over and stay down."""

from __future__ import annotations

from typing import TYPE_CHECKING

from policylint.detect import proxies
from policylint.finding import Change, Fix, Problem
from policylint.model import UNKNOWN, Value
from policylint.rule import rule
from policylint.rules.workload.reach import (
    instances,
    is_under,
    keeps_state,
    name_of,
    ports,
    route_labels,
    single_instance_label,
)
from policylint.tree import Place
from policylint.workload import Constraint, Workload

if TYPE_CHECKING:
    from collections.abc import Iterator

    from policylint.finding import Finding, Problems
    from policylint.fleet.images import Join
    from policylint.model import At
    from policylint.workload import HealthCheck, Label

_SPREADS = ("UNIQUE", "GROUP_BY", "MAX_PER")
_HOSTS = ("hostname", "@hostname")
_ZONES = ("@zone", "@region")
_LEADER_CHECKS = ("HTTP", "HTTPS", "TCP")
_FRAMEWORK_LABELS = ("DCOS_PACKAGE_IS_FRAMEWORK", "DCOS_PACKAGE_FRAMEWORK_NAME")


@rule(on=Workload, severity="low", family="availability", refs="Marathon:high-availability")
def single_instance(workload: Workload, *, ha_prefixes: tuple[str, ...] = ()) -> Problems:
    """Exposed service has one instance.

    Every loss of an agent and every restart is an outage.

    Instead, run two instances or more, spread over agents.

    Settings:
        ha_prefixes: Ids under which this weighs medium: services that must stay up.

    Bad (marathon):
        {"id": "/web", "cmd": "run", "instances": 1, "labels": {"HAPROXY_GROUP": "external"}}

    Good (marathon):
        {"id": "/web", "cmd": "run", "instances": 2, "constraints": [["hostname", "UNIQUE"]],
          "labels": {"HAPROXY_GROUP": "external"}}
    """
    if workload.kind == "job" or instances(workload) != 1 or not _is_asked_for(workload):
        return
    if single_instance_label(workload) or keeps_state(workload) or _is_framework(workload):
        return
    yield Problem(
        workload.instances or workload.id,
        f"{name_of(workload)} serves others with one instance: every restart is an outage",
        severity="medium" if is_under(workload, ha_prefixes) else None,
    )


@rule(on=Workload, severity="low", family="availability", refs="CWE-477")
def scheduler_level_health_check(workload: Workload) -> Problems:
    """Health check runs from the scheduler.

    The leader alone asks every task of the cluster: that loads it, and when the
    network parts it from an agent it takes healthy tasks for dead.

    Instead, use the protocol of the same name with `MESOS_` before it: the agent
    asks its own tasks.

    Bad (marathon):
        {"id": "/web", "cmd": "run",
          "healthChecks": [{"protocol": "HTTP", "path": "/", "portIndex": 0}]}

    Good (marathon):
        {"id": "/web", "cmd": "run",
          "healthChecks": [{"protocol": "MESOS_HTTP", "path": "/", "portIndex": 0}]}
    """
    asked_by_leader = [check for check in workload.health_checks if _is_by_leader(check)]
    by_agent = [
        check for check in workload.health_checks if str(check.protocol.value).startswith("MESOS_")
    ]
    for check in asked_by_leader:
        is_only = len(asked_by_leader) == 1 and not by_agent
        yield Problem(
            _at_protocol(check),
            f"{check.protocol.value} check is made by the leader, which a parted network misleads",
            instead=f'instead, write "MESOS_{check.protocol.value}": the agent asks its own tasks',
            fix=_by_agent(check) if is_only else None,
        )


@rule(on=Workload, severity="high", family="availability", refs="CWE-129")
def check_target_missing(workload: Workload) -> Problems:
    """Check points at a port that does not exist.

    The scheduler refuses the definition, or the service never becomes healthy and
    is killed again and again. A proxy's label for such a port has no effect.

    Instead, count the ports from 0, or use the name of one that is defined.

    Bad (marathon):
        {"id": "/web", "cmd": "run", "portDefinitions": [{"port": 0}],
          "healthChecks": [{"protocol": "MESOS_HTTP", "portIndex": 3}]}

    Good (marathon):
        {"id": "/web", "cmd": "run", "portDefinitions": [{"port": 0}],
          "healthChecks": [{"protocol": "MESOS_HTTP", "portIndex": 0}]}

    Bad (pod):
        {"id": "/web", "containers": [{"name": "shop", "exec": {"command": {"shell": "run"}},
          "endpoints": [{"name": "http", "containerPort": 80}],
          "healthCheck": {"http": {"endpoint": "web"}}}]}
    """
    if workload.partial or workload.has_hidden_ports:
        return
    if workload.kind == "app":
        yield from _missing_indices(workload)
        yield from _missing_names(workload)
        yield from _missing_in_labels(workload)
    elif workload.kind == "pod":
        yield from _missing_endpoints(workload)


@rule(on=Workload, severity="low", family="availability", refs="Marathon:constraints")
def no_spread_constraint(
    workload: Workload,
    *,
    ha_prefixes: tuple[str, ...] = (),
    fault_attributes: tuple[str, ...] = ("rack", "rack_id", "zone"),
    zone_min: int = 3,
) -> Problems:
    """Instances may all share one agent.

    Then the loss of that agent is the loss of the service, however many there are.

    Instead, add the constraint `["hostname", "MAX_PER", "1"]`, and one that spreads
    over zones where there are enough instances.

    Settings:
        ha_prefixes: Ids under which this weighs medium: services that must stay up.
        fault_attributes: Attributes of agents that fail together, such as racks.
        zone_min: From how many instances on a spread over zones is expected.

    Bad (marathon):
        {"id": "/web", "cmd": "run", "instances": 3}

    Good (marathon):
        {"id": "/web", "cmd": "run", "instances": 2, "constraints": [["hostname", "UNIQUE"]]}

    Good (marathon):
        {"id": "/web", "cmd": "run", "instances": 3, "constraints": [
          ["hostname", "UNIQUE"], ["@zone", "GROUP_BY", "3"]]}
    """
    count = instances(workload)
    if count is None or count < 2 or (workload.partial and not workload.constraints):
        return
    spread = {
        constraint.field.value
        for constraint in workload.constraints
        if not constraint.field.is_known or _operator(constraint) in (*_SPREADS, UNKNOWN)
    }
    zones = {*_ZONES, *fault_attributes, UNKNOWN}
    if spread.isdisjoint((*_HOSTS, *zones)):
        yield Problem(
            workload.instances or workload.id,
            f"all {count:g} instances may run on one agent and are lost with it",
            severity="medium" if is_under(workload, ha_prefixes) else None,
            fix=_spread(workload),
        )
    elif count >= zone_min and spread.isdisjoint(zones):
        yield Problem(
            workload.instances or workload.id,
            f"{count:g} instances are spread over agents, but may all be in one zone",
            severity="info",
            instead='instead, add a constraint such as ["@zone", "GROUP_BY"]',
        )


@rule(on=Constraint, severity="medium", family="availability", refs="Marathon:constraints")
def pinned_to_agent(constraint: Constraint, workload: Workload) -> Problems:
    """Pinned to one agent.

    That agent cannot be drained for maintenance, and the service dies with it.

    Instead, choose agents by an attribute that several of them have.

    Bad (marathon):
        {"id": "/web", "cmd": "run", "constraints": [["hostname", "CLUSTER", "192.0.2.4"]]}

    Good (marathon):
        {"id": "/web", "cmd": "run", "constraints": [["disk_type", "LIKE", "ssd"]]}
    """
    if _holds_data_on_agent(workload):
        return
    hosts = pinned_hosts(constraint, workload.kind)
    count = instances(workload) or 1
    if hosts is None or (hosts > 1 and hosts >= count):
        return
    if hosts == 1:
        message = "pins the service to one agent: it cannot move when that agent goes"
    else:
        message = f"leaves {count:g} instances {hosts} agents: some share one, and none can move"
    yield Problem(constraint, message)


@rule(on=Workload, severity="medium", family="availability", refs="Marathon:deployments")
def upgrade_stops_service(workload: Workload) -> Problems:
    """Upgrade takes every instance down.

    With a minimum of 0 healthy instances each deployment may be an outage.

    Instead, keep half of the instances or more: `"minimumHealthCapacity": 0.5`.

    Bad (marathon):
        {"id": "/web", "cmd": "run", "instances": 4,
          "upgradeStrategy": {"minimumHealthCapacity": 0, "maximumOverCapacity": 1}}

    Good (marathon):
        {"id": "/web", "cmd": "run", "instances": 4,
          "upgradeStrategy": {"minimumHealthCapacity": 0.5, "maximumOverCapacity": 0.5}}
    """
    least = workload.upgrade.minimum_health if workload.upgrade is not None else None
    count = instances(workload)
    if least is None or not least.is_false or count is None or count < 2:
        return
    if single_instance_label(workload) or keeps_state(workload):
        return
    yield Problem(
        least,
        f"an upgrade may stop all {count:g} instances at once",
        fix=Fix("keep half of the instances", (Change("set", least.at, 0.5),)),
    )


@rule(on=Workload, severity="high", family="availability", refs="CWE-436")
def single_instance_label_conflict(workload: Workload) -> Problems:
    """Single-instance label contradicts settings.

    Marathon refuses a service with the label `MARATHON_SINGLE_INSTANCE_APP` that
    would run twice, if only during an upgrade.

    Instead, run one instance and set both capacities of `upgradeStrategy` to 0, or
    drop the label.

    Bad (marathon):
        {"id": "/web", "cmd": "run", "instances": 2,
          "labels": {"MARATHON_SINGLE_INSTANCE_APP": "true"}}

    Good (marathon):
        {"id": "/web", "cmd": "run", "instances": 1,
          "labels": {"MARATHON_SINGLE_INSTANCE_APP": "true"},
          "upgradeStrategy": {"minimumHealthCapacity": 0, "maximumOverCapacity": 0}}
    """
    label = single_instance_label(workload)
    if label is None or workload.kind != "app":
        return
    upgrade, count = workload.upgrade, instances(workload)
    capacities = (upgrade.minimum_health, upgrade.maximum_over) if upgrade is not None else ()
    high = [capacity for capacity in capacities if capacity]
    several = workload.instances if count is not None and count > 1 else None
    reasons = [value.at for value in (several, *high) if value is not None]
    if not reasons:
        return
    what = f"{count:g} instances" if several is not None else "an upgrade that runs it twice"
    yield Problem(
        reasons[0],
        f"{what} beside the label of a single instance: Marathon refuses it",
        ((label.at, "the label stands here"), *((at, "and this") for at in reasons[1:])),
        fix=_both_capacities_zero(workload) if several is None else None,
    )


@rule(
    on=Workload,
    severity="medium",
    family="availability",
    refs="CIS-Docker:5.27 CWE-754",
    asks=True,
)
def no_health_check(workload: Workload) -> Problems:
    """No health check.

    A running process is taken for a healthy one, and a task that hangs stays in rotation.

    Instead, add a health check over HTTP or TCP, or a command.

    Bad (marathon):
        {"id": "/web", "cmd": "run"}

    Good (marathon):
        {"id": "/web", "cmd": "run",
          "healthChecks": [{"protocol": "MESOS_HTTP", "path": "/health", "portIndex": 0}]}

    Good (pod):
        {"id": "/web", "containers": [{"name": "shop", "exec": {"command": {"shell": "run"}},
          "endpoints": [{"name": "http", "containerPort": 80}],
          "healthCheck": {"http": {"endpoint": "http", "path": "/health"}}}]}
    """
    instances = workload.instances
    suspended = instances is not None and instances.is_false
    if workload.kind == "app" and not (workload.partial or suspended or workload.health_checks):
        yield _unchecked(workload.id, offers_ports=bool(workload.ports))
    if workload.kind == "pod" and not suspended:
        yield from _unchecked_containers(workload)


def _unchecked_containers(pod: Workload) -> Problems:
    """Containers that offer a port without a check, or the pod when nothing in it has either."""
    open_ones = [container for container in pod.containers if container.ports]
    for container in open_ones:
        if not container.health_checks:
            name = Value(container.name or UNKNOWN, container.at)
            yield _unchecked(name, offers_ports=True)
    if not open_ones and not any(container.health_checks for container in pod.containers):
        yield _unchecked(pod.id, offers_ports=False)


def _unchecked(name: Value[str], *, offers_ports: bool) -> Problem:
    what = name.value if name.is_known else "the service"
    return Problem(
        name,
        f"{what} has no health check: a task that hangs stays in rotation",
        severity=None if offers_ports else "low",
        question=_checked_by_image,
    )


def _checked_by_image(join: Join, finding: Finding) -> list[Problem] | None:
    """Whether the image has a check, which the author may rely on."""
    image = join.image_of(finding.source.path, finding.subject)
    if image is None or image.health_tail is None:
        return None
    return [
        Problem(
            finding.at,
            f"{finding.message}; Marathon does not heed the HEALTHCHECK of its image",
            [(image.spot(image.health_tail), "nobody heeds this check")],
            severity=finding.severity,
        )
    ]


def pinned_hosts(constraint: Constraint, kind: str) -> int | None:
    """To how many agents a constraint pins; None when it does not pin."""
    if constraint.field.value not in _HOSTS:
        return None
    operator, value = _operator(constraint), constraint.value
    if value is None:
        # CLUSTER without a value takes the first agent for all; a job ignores it.
        return 1 if operator == "CLUSTER" and kind != "job" else None
    if operator in ("CLUSTER", "IS", "EQ"):
        return 1
    return _literals(value.value) if operator == "LIKE" and value.is_known else None


def _literals(pattern: str) -> int | None:
    """How many host names a pattern lists; None when it is more than a list."""
    words = pattern.removeprefix("^").removesuffix("$").strip("()").split("|")
    plain = [word.replace("\\.", ".").replace("\\-", "-") for word in words]
    if all(word and word.replace(".", "").replace("-", "").isalnum() for word in plain):
        return len(set(plain))
    return None


def _operator(constraint: Constraint) -> str | None:
    operator = constraint.operator
    if operator is None or not operator.is_known:
        return None if operator is None else operator.value
    return operator.value.upper()


def _holds_data_on_agent(workload: Workload) -> bool:
    """Whether a persistent volume ties the workload to its agent anyway."""
    return any(
        volume.kind == "persistent"
        for container in workload.containers
        for volume in container.volumes
    )


def _is_asked_for(workload: Workload) -> bool:
    """Whether others use the workload: it states a port or a route."""
    has_route = any(proxies.is_routing(label.name) for label in route_labels(workload))
    # The port that Marathon gives to an app that states none stands at the app's id.
    return has_route or any(port.at != workload.id.at for port in ports(workload))


def _is_framework(workload: Workload) -> bool:
    return any(
        label.name in _FRAMEWORK_LABELS and label.value.value not in ("false", "")
        for label in workload.labels
    )


def _is_by_leader(check: HealthCheck) -> bool:
    is_default = check.protocol.origin == "default"
    return check.protocol.among(*_LEADER_CHECKS) and not (is_default and check.command)


def _at_protocol(check: HealthCheck) -> At:
    """The protocol, or the name of the list where it is a default."""
    if check.protocol.origin == "default" and isinstance(check.at, Place):
        return Place(check.at.path[:-1], key=True)
    return check.protocol.at


def _by_agent(check: HealthCheck) -> Fix | None:
    if check.max_failures is not None and not check.max_failures:
        return None  # 0 means never here, and at once there
    modern = f"MESOS_{check.protocol.value}"
    change = Change("set", check.protocol.at, modern)
    if check.protocol.origin == "default":
        change = Change("add", check.at, modern, "protocol")
    return Fix("let the agent make the check", (change,))


def _missing_indices(workload: Workload) -> Problems:
    count = len(workload.ports)
    for check in workload.health_checks:
        index = check.port_index
        if check.protocol.value == "COMMAND" or check.port is not None:
            continue
        if check.protocol.value == "CHECK" and (check.command or index is None):
            continue
        if index is None and count != 1:
            which = "none" if not count else f"{count}, and none is chosen"
            yield Problem(
                _at_protocol(check),
                f"the check needs a port and the app has {which}",
                instead=None if count else "instead, declare a port, or check by a command",
            )
        elif index is not None and index.is_known and index.value >= count:
            at = _at_protocol(check) if index.origin == "default" else index.at
            yield Problem(at, f"the check asks port {index.value:g}, but {_there_are(count)}")


def _missing_names(workload: Workload) -> Problems:
    names = [port.name.value if port.name is not None else None for port in workload.ports]
    if UNKNOWN in names:
        return
    for check in workload.readiness_checks:
        name = check.port_name
        if name is not None and name.is_known and name.value not in names:
            known = ", ".join(sorted(word for word in names if word))
            is_default = name.origin == "default"
            yield Problem(
                name,
                f'the readiness check asks port "{name.value}"'
                f"{', the default,' if is_default else ''} and no port has that name",
                instead=f"instead, set portName to one of: {known}"
                if known
                else f'instead, give the port the name "{name.value}"',
            )


def _missing_in_labels(workload: Workload) -> Problems:
    """Labels of proxies for a port that is not there: one problem, however many there are."""
    count = len(workload.ports)
    lost = [label for label in workload.labels if _index_in(label) >= count]
    if lost:
        yield Problem(
            lost[0],
            f"{lost[0].name} is about port {_index_in(lost[0])}, but {_there_are(count)}",
            tuple((label.at, f"{label.name} likewise") for label in lost[1:]),
            severity="medium",
        )


def _index_in(label: Label) -> int:
    """The port that a label is about; -1 when it is about none."""
    found = proxies.indexed(label.name)
    if found is not None:
        return found[0]
    value = label.value.value
    if label.name == "DCOS_SERVICE_PORT_INDEX" and label.value.is_known:
        return int(value) if value.isdecimal() and len(value) < 6 else -1
    return -1


def _missing_endpoints(pod: Workload) -> Problems:
    for container in pod.containers:
        names = [port.name.value for port in container.ports if port.name is not None]
        if UNKNOWN in names:
            continue
        for check in container.health_checks:
            endpoint = check.endpoint
            if endpoint is not None and endpoint.is_known and endpoint.value not in names:
                known = f": it has {', '.join(names)}" if names else ""
                yield Problem(
                    endpoint,
                    f'the check asks endpoint "{endpoint.value}", which the container lacks{known}',
                )


def _there_are(count: int) -> str:
    if count == 0:
        return "the app has no ports"
    return "the app's only port is 0" if count == 1 else f"the app's ports are 0 to {count - 1}"


def _spread(workload: Workload) -> Fix | None:
    description = "run one instance per agent at most"
    words: object = ["hostname", "MAX_PER", "1"]
    if workload.kind == "pod":
        words = {"fieldName": "hostname", "operator": "MAX_PER", "value": "1"}
    for constraint in workload.constraints:
        if isinstance(constraint.field.at, Place):
            constraints = Place(constraint.field.at.path[:-2])
            return Fix(description, (Change("add", constraints, words),))
    if workload.kind == "pod":
        return None
    return Fix(description, (Change("add", Place(workload.root), [words], "constraints"),))


def _both_capacities_zero(workload: Workload) -> Fix | None:
    upgrade = workload.upgrade
    if upgrade is None:
        return None

    def changes() -> Iterator[Change]:
        for name, value in (
            ("minimumHealthCapacity", upgrade.minimum_health),
            ("maximumOverCapacity", upgrade.maximum_over),
        ):
            if value is None:
                yield Change("add", upgrade.at, 0, name)
            elif value:
                yield Change("set", value.at, 0)

    return Fix("never run the service twice", tuple(changes()), is_safe=True)

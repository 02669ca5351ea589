"""Rules on whose agents, roles and networks a workload uses."""

from __future__ import annotations

from typing import TYPE_CHECKING

from policylint.detect.paths import is_below, matches_glob
from policylint.detect.placeholders import has_hole
from policylint.finding import Change, Fix, Problem
from policylint.rule import rule
from policylint.workload import Group, Network, Workload

if TYPE_CHECKING:
    from collections.abc import Iterator

    from policylint.finding import Problems
    from policylint.model import Value
    from policylint.organisation import Roles

_PLATFORM = ("/dcos", "/platform", "/infra", "/kube-system")
_NAMING = ("DCOS_SERVICE_NAME", "DCOS_PACKAGE_FRAMEWORK_NAME")
_RESERVED = (
    "marathon", "metronome", "mesos", "dcos", "cosmos", "exhibitor", "adminrouter", "leader",
    "master", "registry", "ready", "api",
)  # fmt: skip


@rule(
    on=Workload,
    severity="high",
    family="isolation",
    refs="NIST:4.3.4 CWE-668 ATTACK:T1190 ATTACK:T1133",
)
def public_agent_not_allowed(
    workload: Workload, roles: Roles, *, edge_prefixes: tuple[str, ...] = ()
) -> Problems:
    """Workload placed on public agents without permission.

    Public agents face the internet and should carry only the shared proxies.

    Instead, run it on private agents and route to it through the proxy.

    Settings:
        edge_prefixes: Ids under which services may run on public agents.

    Bad (marathon):
        {"id": "/shop/db", "cmd": "run", "acceptedResourceRoles": ["slave_public"]}

    Good (marathon):
        {"id": "/shop/db", "cmd": "run", "acceptedResourceRoles": ["*"]}
    """
    identifier = workload.id.value
    if workload.id.is_known and any(
        is_below(identifier, edge.rstrip("/")) for edge in edge_prefixes
    ):
        return
    for role in workload.accepted_roles:
        if role.value in roles.public:
            yield Problem(role, f"accepts public agents ({role.value}), which face the internet")
    if workload.role is not None and workload.role.value in roles.public:
        yield Problem(
            workload.role,
            f"has the role of public agents ({workload.role.value}), which face the internet",
        )
    for constraint in workload.constraints:
        operator, value = constraint.operator, constraint.value
        if operator is None or value is None or constraint.field.value != "public_ip":
            continue
        if operator.value.upper() in ("CLUSTER", "IS", "LIKE") and value.value == "true":
            yield Problem(
                constraint, "is placed on agents with a public address, which face the internet"
            )


@rule(
    on=Workload,
    severity="high",
    family="isolation",
    refs="NIST:4.3.1 CWE-284 ATTACK:T1496",
)
def role_not_allowed(
    workload: Workload, roles: Roles, *, platform_roles: tuple[str, ...] = ()
) -> Problems:
    """Mesos role outside the allowed set.

    The role decides whose quota and whose reserved resources a service spends.

    Instead, use the role of the service's own group.

    Settings:
        platform_roles: Roles that only services may use for which the policy's `roles`
            name them.

    Bad (marathon):
        {"id": "/shop/db", "cmd": "run", "role": "*", "container": {"type": "MESOS", "volumes": [
          {"containerPath": "data", "mode": "RW", "persistent": {"size": 1024}}]}}

    Good (marathon):
        {"id": "/shop/db", "cmd": "run", "role": "shop", "container": {"type": "MESOS",
          "volumes": [{"containerPath": "data", "mode": "RW", "persistent": {"size": 1024}}]}}
    """
    role, identifier = workload.role, workload.id.value
    if role is None or not role.is_known or has_hole(role.value):
        return
    stateful = next(
        (
            volume
            for container in workload.containers
            for volume in container.volumes
            if volume.kind == "persistent"
        ),
        None,
    )
    entries = [names for ids, names in roles.allowed if _covers(ids, workload)]
    allowed = {name for names in entries for name in names}
    if role.value in allowed:
        return
    if role.value in platform_roles:
        yield Problem(role, f'role "{role.value}" is the platform\'s: its resources are reserved')
    elif entries:
        names = ", ".join(sorted(allowed)) or "no other role"
        yield Problem(
            role,
            f'{identifier} spends the resources of role "{role.value}", which is not its own',
            instead=f"instead, use {names}",
        )
    elif role.value == "*" and stateful is not None:
        yield Problem(
            role,
            'role "*" cannot keep the resources of a service with data: nothing is reserved for it',
            ((stateful.at, "its data"),),
        )


@rule(
    on=Workload,
    severity="medium",
    family="isolation",
    refs="NIST:4.3.1 CWE-284",
)
def role_not_group_role(
    workload: Workload,
    *,
    require_group_role: bool = True,
    legacy_roles: tuple[str, ...] = ("slave_public", "*"),
) -> Problems:
    """Role differs from the top-level group's.

    A service with another role than its group's spends what the group's quota does
    not count.

    Instead, use the name of the top-level group as the role.

    Settings:
        require_group_role: Whether a service must state the role where its group does
            not enforce it.
        legacy_roles: Roles from the time before group roles, which weigh little.

    Bad (marathon):
        {"id": "/dev/web", "cmd": "run", "role": "prod"}

    Good (marathon):
        {"id": "/dev/web", "cmd": "run", "role": "dev"}
    """
    segments = workload.id.value.split("/")[1:] if workload.id.is_known else []
    if len(segments) < 2 or workload.kind == "job" or has_hole(segments[0]):
        return
    group, role = segments[0], workload.role
    if role is None:
        off = workload.enforces_role
        if require_group_role and off is not None and off.is_false:
            yield Problem(
                workload.id,
                f'no role, and group {group} does not enforce its own: the quota of "{group}" '
                "does not count it",
                ((off.at, "not enforced here"),),
                instead=f'instead, write "role": "{group}"',
            )
    elif role.is_known and not has_hole(role.value) and role.value != group:
        if workload.enforces_role:
            fix = Fix("leave the role to the group", (Change("delete", role.at),), is_safe=True)
        else:
            fix = Fix(f'use the role "{group}"', (Change("set", role.at, group),))
        yield Problem(
            role,
            f'role "{role.value}" is not that of group {group}, whose quota does not count it then',
            severity="info" if role.value in legacy_roles else None,
            instead=f'instead, use the role "{group}"',
            fix=fix,
        )


@rule(
    on=Group,
    severity="medium",
    family="isolation",
    refs="NIST:4.3.1 CWE-284",
)
def enforce_role_off(group: Group, *, enforce_default: str = "top") -> Problems:
    """Top-level group does not enforce its role.

    Without it each service chooses whose quota it spends.

    Instead, write `"enforceRole": true` in an update of its own, apart from changes of
    services.

    Settings:
        enforce_default: What Marathon does where a group does not say: `top` enforces
            the role of top-level groups, `off` does not.

    Bad (marathon):
        {"id": "/dev", "enforceRole": false, "apps": [{"id": "web", "cmd": "run"}]}

    Good (marathon):
        {"id": "/dev", "enforceRole": true, "apps": [{"id": "web", "cmd": "run"}]}
    """
    stated = group.enforce_role
    name = group.id.value if group.id.is_known else "the group"
    if group.is_top and stated is not None and stated.is_false:
        yield Problem(
            stated,
            f"{name} does not enforce its role: its services choose whose quota they spend",
            fix=Fix("enforce the group's role", (Change("set", stated.at, True),)),
        )
    elif group.is_top and stated is None and enforce_default == "off":
        yield Problem(
            group.id,
            f"{name} does not say that it enforces its role, and the default is not to",
            fix=Fix(
                "enforce the group's role", (Change("add", group.id.at, True, "enforceRole", up=1),)
            ),
        )
    elif stated and group.id.is_known and not group.is_top:
        yield Problem(
            stated,
            f"{name} is no top-level group: Marathon refuses enforceRole here",
            instead="instead, write it at the top-level group",
        )


@rule(on=Workload, severity="medium", family="isolation", refs="NIST:4.3.4 CWE-668")
def public_and_private_placement(
    workload: Workload, roles: Roles, *, cluster_size: int = 0
) -> Problems:
    """Workload may land on public and on private agents.

    Whether it faces the internet, and who its neighbours are, is a matter of luck then.

    Instead, accept one of them: `*` for private agents, the public role for a proxy.

    Settings:
        cluster_size: Number of agents. Services with at least as many instances, one on
            each agent, are meant to be everywhere; 0 when it is not known.

    Bad (marathon):
        {"id": "/web", "cmd": "run", "acceptedResourceRoles": ["slave_public", "*"]}

    Good (marathon):
        {"id": "/web", "cmd": "run", "acceptedResourceRoles": ["*"]}
    """
    public = [role for role in workload.accepted_roles if role.value in roles.public]
    private = [role for role in workload.accepted_roles if role.value == "*"]
    if public and private and not _is_everywhere(workload, cluster_size):
        yield Problem(
            public[0],
            f"accepts public agents ({public[0].value}) and private ones (*): "
            "where it lands is a matter of luck",
            ((private[0].at, "private agents"),),
        )


@rule(
    on=Network,
    severity="high",
    family="isolation",
    refs="NIST:4.3.3 CWE-653 ATTACK:T1046",
)
def network_not_allowed(
    network: Network,
    workload: Workload,
    *,
    networks: tuple[str, ...] = (),
    default_network: str = "dcos",
) -> Problems:
    """Network outside the team's segment.

    On a network of its own a team's services are reached by nobody else; on a common
    one every service that is taken over reaches every other.

    Instead, use the network of the team's segment.

    Settings:
        networks: Which networks services may use by their ids, such as
            `/shop/**=shop,shared`; a name alone is for all. Ids that no entry covers are
            left alone.
        default_network: The network that a service without a name for it is on.

    Policy:
        rules: {network-not-allowed: {networks: ["/shop/**=shop"]}}

    Bad (marathon):
        {"id": "/shop/web", "cmd": "run", "networks": [{"mode": "container", "name": "pci"}],
          "container": {"type": "MESOS", "docker": {"image": "web:1"}}}

    Good (marathon):
        {"id": "/shop/web", "cmd": "run", "networks": [{"mode": "container", "name": "shop"}],
          "container": {"type": "MESOS", "docker": {"image": "web:1"}}}
    """
    name, mode = network.name, network.mode
    if mode.value != "container" or not workload.id.is_known:
        return
    if name is not None and (not name.is_known or has_hole(name.value)):
        return
    entries = [(ids, names) for ids, _, names in map(_pair, networks) if _covers(ids, workload)]
    allowed = {word.strip() for _, names in entries for word in names.split(",") if word.strip()}
    used = default_network if name is None else name.value
    if entries and used not in allowed:
        at: object = name
        if name is None:
            at = workload.id if mode.origin == "default" else mode
        yield Problem(
            at,
            f'{workload.id.value} is not to be on network "{used}": it reaches others from there',
            instead=f"instead, use {' or '.join(sorted(allowed)) or 'no container network'}",
        )


@rule(
    on=Workload,
    severity="high",
    family="isolation",
    refs="NIST:4.3.1 NIST:4.3.4 CWE-284 ATTACK:T1036.005",
)
def platform_namespace_squatting(
    workload: Workload, *, platform_prefixes: tuple[str, ...] = _PLATFORM
) -> Problems:
    """Service in a namespace of the platform.

    It inherits the trust, the exceptions and the roles that are meant for the platform.

    Instead, use an id of the team's own. The platform's own definitions are exempted
    by their path.

    Settings:
        platform_prefixes: Ids under which only the platform deploys.

    Bad (marathon):
        {"id": "/platform/miner", "cmd": "run"}

    Good (marathon):
        {"id": "/team/app", "cmd": "run"}
    """
    prefix = _platform_prefix(workload, platform_prefixes)
    if prefix is not None:
        yield Problem(
            workload.id,
            f"{workload.id.value} stands under {prefix}, whose trust is meant for the platform",
        )


@rule(
    on=Workload,
    severity="high",
    family="isolation",
    refs="NIST:4.3.4 CWE-290 ATTACK:T1036.005 ATTACK:T1557",
)
def service_name_impersonation(
    workload: Workload,
    *,
    reserved_names: tuple[str, ...] = _RESERVED,
    platform_prefixes: tuple[str, ...] = _PLATFORM,
) -> Problems:
    """Service takes a name of the platform.

    The admin router, virtual addresses and the command line lead users and tools to
    whoever has the name.

    Instead, use a name of the team's own.

    Settings:
        reserved_names: Names that only the platform uses.
        platform_prefixes: Ids under which only the platform deploys.

    Bad (marathon):
        {"id": "/web", "cmd": "run", "labels": {"DCOS_SERVICE_NAME": "marathon"}}

    Good (marathon):
        {"id": "/web", "cmd": "run", "labels": {"DCOS_SERVICE_NAME": "team-a-web"}}
    """
    if workload.kind == "job" or _platform_prefix(workload, platform_prefixes) is not None:
        return
    reserved = {name.lower() for name in reserved_names}
    for what, name, value in _service_names(workload):
        if name.lower() in reserved:
            yield Problem(value, f'{what} takes the name "{name}" of the platform: users land here')


def _covers(ids: str, workload: Workload) -> bool:
    """Whether a pattern of ids fits a workload's."""
    return workload.id.is_known and matches_glob(workload.id.value, ids)


def _pair(entry: str) -> tuple[str, str, str]:
    """Ids and names of `/shop/**=shop,shared`; names alone are for all."""
    return entry.rpartition("=") if "=" in entry else ("**", "=", entry)


def _is_everywhere(workload: Workload, cluster_size: int) -> bool:
    """Whether it is meant to run on every agent."""
    instances = workload.instances
    is_spread = any(
        constraint.field.among("hostname", "@hostname")
        and constraint.operator is not None
        and constraint.operator.is_known
        and constraint.operator.value.upper() in ("UNIQUE", "MAX_PER")
        for constraint in workload.constraints
    )
    return (
        is_spread
        and cluster_size > 0
        and instances is not None
        and instances.is_known
        and instances.value >= cluster_size
    )


def _platform_prefix(workload: Workload, prefixes: tuple[str, ...]) -> str | None:
    """The namespace of the platform in which an id lies; the ids of jobs have dots."""
    if not workload.id.is_known:
        return None
    identifier = workload.id.value
    if workload.kind == "job":
        identifier = "/" + identifier.replace(".", "/")
    found = (prefix for prefix in prefixes if is_below(identifier, prefix.rstrip("/") or "/"))
    return next(found, None)


def _service_names(workload: Workload) -> Iterator[tuple[str, str, Value[str]]]:
    """The names by which others find a workload: who says so, the name, and its place."""
    ports = [*workload.ports, *(port for item in workload.containers for port in item.ports)]
    for label in workload.labels:
        if label.name in _NAMING and label.value.is_known:
            yield label.name, label.value.value.strip().strip("/"), label.value
    for port in ports:
        for label in port.labels:
            if label.name.startswith("VIP_") and label.value.is_known:
                name = label.value.value.strip().lstrip("/").rpartition(":")[0]
                yield label.name, name, label.value
    for container in workload.containers:
        for variable in container.env:
            if variable.name == "FRAMEWORK_NAME" and variable.value and variable.value.is_known:
                yield variable.name, variable.value.value.strip().strip("/"), variable.value

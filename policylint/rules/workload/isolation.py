"""Rules on whose agents, roles and networks a workload uses."""

from __future__ import annotations

from typing import TYPE_CHECKING

from policylint.detect.paths import is_below
from policylint.finding import Problem
from policylint.model import Workload
from policylint.rule import rule

if TYPE_CHECKING:
    from policylint.finding import Problems
    from policylint.organisation import Roles


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

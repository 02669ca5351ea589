"""Rules on what a container may do: privileged mode, capabilities, filters, users."""

from __future__ import annotations

from typing import TYPE_CHECKING

from policylint.detect import capabilities
from policylint.detect.users import is_root
from policylint.finding import Problem
from policylint.rule import rule
from policylint.rules.remedies import remove
from policylint.workload import Capability, Container, SecurityOption

if TYPE_CHECKING:
    from policylint.finding import Problems

_OTHER_USER = "instead, run as a numeric user other than 0"
_UNCONFINED_TYPES = frozenset({"spc_t", "unconfined_t", "container_runtime_t"})


@rule(
    on=Container,
    severity="critical",
    family="privilege",
    refs="CIS-Docker:5.5 NIST:4.4.3 CWE-250 ATTACK:T1611 PSS:baseline",
)
def privileged_container(container: Container) -> Problems:
    """Container runs privileged.

    It gets every capability and every device of the agent, without seccomp and
    AppArmor: root in the container is root on the agent, and so a foothold over
    every task on it.

    Instead, remove it and grant the one capability, device or sysctl the program needs.

    Bad (marathon):
        {"id": "/web", "container": {"docker": {"image": "web:1", "privileged": true}}}

    Good (marathon):
        {"id": "/web", "container": {"docker": {"image": "web:1", "privileged": false}}}
    """
    if container.privileged:
        yield Problem(
            container.privileged,
            "container runs privileged: root in it is root on the agent",
            fix=remove(container.privileged, "delete privileged"),
        )


@rule(
    on=Capability,
    severity="critical",
    family="privilege",
    refs="CIS-Docker:5.4 NIST:4.4.3 CWE-250 ATTACK:T1611 ATTACK:T1547.006 PSS:baseline",
)
def dangerous_capability(
    capability: Capability, *, critical_caps: tuple[str, ...] = tuple(capabilities.TAKEOVER)
) -> Problems:
    """Capability added that takes over the host.

    Each of these is by itself a documented way to code or data of the agent.
    Only what the container has in the end is judged: a capability added and
    dropped again is not granted when all of them are added.

    Instead, use a narrower capability or a service of the platform.

    Settings:
        critical_caps: Capabilities that count as a takeover, without `CAP_`.

    Bad (marathon):
        {"id": "/web", "container": {"docker": {"image": "web:1", "parameters": [
          {"key": "cap-add", "value": "SYS_ADMIN"}]}}}

    Good (marathon):
        {"id": "/web", "container": {"docker": {"image": "web:1", "parameters": [
          {"key": "cap-drop", "value": "ALL"}, {"key": "cap-add", "value": "NET_BIND_SERVICE"}]}}}
    """
    name = capability.name.value
    critical = {capabilities.canonical(critical) for critical in critical_caps}
    if name == capabilities.ALL:
        if critical - capability.dropped:
            yield Problem(
                capability, "every capability is granted, those that take over the agent too"
            )
    elif name in critical:
        does = capabilities.TAKEOVER.get(name, "counts as a takeover in this policy")
        yield Problem(capability, f"capability {name} is granted: it {does}")


@rule(
    on=Capability,
    severity="high",
    family="privilege",
    refs="CIS-Docker:5.4 NIST:4.4.3 CWE-250 ATTACK:T1611 PSS:baseline",
    unless=("dangerous-capability",),
)
def risky_capability(
    capability: Capability, *, allow_caps: tuple[str, ...] = ("NET_BIND_SERVICE",)
) -> Problems:
    """Capability added beyond the default set.

    Under host networking NET_ADMIN rewrites the agent's firewall and routes;
    the others widen the surface of the kernel or reach the neighbours.

    Instead, remove it, or allow it in the policy for what needs it.

    Settings:
        allow_caps: Capabilities that may be added, without `CAP_`.

    Bad (marathon):
        {"id": "/vpn", "container": {"docker": {"image": "vpn:1", "parameters": [
          {"key": "cap-add", "value": "CAP_NET_ADMIN"}]}}}

    Good (marathon):
        {"id": "/vpn", "container": {"docker": {"image": "vpn:1", "parameters": [
          {"key": "cap-drop", "value": "ALL"}]}}}
    """
    name = capability.name.value
    if name in map(capabilities.canonical, allow_caps):
        return
    if name in capabilities.DEFAULT:
        # After a drop, naming it is the right way to get it back.
        if not capability.dropped & {name, capabilities.ALL}:
            yield Problem(
                capability,
                f"capability {name} is granted by default",
                severity="info",
                instead="instead, delete the parameter: it changes nothing",
            )
    elif name in capabilities.DISTURBING:
        does = capabilities.DISTURBING[name]
        yield Problem(capability, f"capability {name} is granted: it {does}", severity="medium")
    elif name in capabilities.RISKY:
        yield Problem(capability, f"capability {name} is granted: it {capabilities.RISKY[name]}")
    elif name == capabilities.ALL:
        yield Problem(capability, "every capability is granted but those that are dropped by name")
    else:
        yield Problem(
            capability, f"capability {name} is granted, which is none of the default ones"
        )


@rule(
    on=SecurityOption,
    severity="high",
    family="privilege",
    refs="CIS-Docker:5.22 NIST:4.4.3 NIST:4.5.2 CWE-693 ATTACK:T1611 PSS:baseline",
)
def seccomp_unconfined(option: SecurityOption) -> Problems:
    """System-call filter switched off.

    It reopens mount, keyctl, bpf, userfaultfd, unshare and the like: most recent
    escapes through the kernel begin there.

    Instead, delete the setting, or name a profile that somebody has reviewed.

    Bad (marathon):
        {"id": "/web", "cmd": "run", "container": {"type": "MESOS", "docker": {"image": "web:1"},
          "linuxInfo": {"seccomp": {"unconfined": true}}}}

    Good (marathon):
        {"id": "/web", "cmd": "run", "container": {"type": "MESOS", "docker": {"image": "web:1"},
          "linuxInfo": {"seccomp": {"profileName": "default.json", "unconfined": false}}}}
    """
    if option.name == "seccomp" and option.setting.value == "unconfined":
        yield Problem(
            option.setting,
            "seccomp is off: the container may make every system call",
            fix=remove(option.setting, "take the agent's own profile", up=1),
        )


@rule(
    on=SecurityOption,
    severity="high",
    family="privilege",
    refs="CIS-Docker:5.2 CIS-Docker:5.3 NIST:4.4.3 CWE-693 ATTACK:T1611 PSS:baseline",
)
def mac_confinement_disabled(
    option: SecurityOption, *, allow_apparmor: tuple[str, ...] = ("docker-default",)
) -> Problems:
    """AppArmor or SELinux confinement switched off.

    Mandatory access control is the layer that still stops writes to control
    groups, kernel settings and sockets when another layer slips.

    Instead, remove the option.

    Settings:
        allow_apparmor: AppArmor profiles that never count as switched off.

    Bad (marathon):
        {"id": "/web", "container": {"docker": {"image": "web:1", "parameters": [
          {"key": "security-opt", "value": "apparmor=unconfined"}]}}}

    Good (marathon):
        {"id": "/web", "container": {"docker": {"image": "web:1", "parameters": [
          {"key": "security-opt", "value": "apparmor=docker-default"}]}}}
    """
    setting = option.setting.value
    if option.name == "apparmor" and setting == "unconfined" and setting not in allow_apparmor:
        fix = remove(option.setting, "take the engine's own AppArmor profile")
        yield Problem(option.setting, "AppArmor is off for this container", fix=fix)
    if option.name != "label":
        return
    part, _, label = setting.replace("=", ":").partition(":")
    if part == "disable":
        fix = remove(option.setting, "take the engine's own SELinux label")
        yield Problem(option.setting, "SELinux is off for this container", fix=fix)
    elif part == "type" and label in _UNCONFINED_TYPES:
        yield Problem(option.setting, f"SELinux type {label} confines nothing")
    elif part in ("user", "role"):
        yield Problem(option.setting, f"SELinux {part} is replaced by {label}", severity="medium")


@rule(
    on=Container,
    severity="medium",
    family="privilege",
    refs="CIS-Docker:4.1 NIST:4.1.2 NIST:4.4.3 CWE-250 ATTACK:T1611 PSS:restricted",
    unless=("uncontained-root-task",),
)
def runs_as_root(container: Container) -> Problems:
    """Root requested explicitly.

    A root process turns any bug of the runtime or the kernel, and any mount of
    the host, into root on the host. These containers have no user namespace.

    Instead, run as a numeric user other than 0; without an image, as a user of the
    agent such as `nobody`.

    Bad (marathon):
        {"id": "/web", "cmd": "run", "user": "root",
          "container": {"type": "MESOS", "docker": {"image": "web:1"}}}

    Good (marathon):
        {"id": "/web", "cmd": "run", "user": "nobody",
          "container": {"type": "MESOS", "docker": {"image": "web:1"}}}
    """
    user = container.user
    if user is None or not user.is_known or not is_root(user.value):
        return
    mounts = [mount for mount in container.mounts if mount.path and not mount.read_only]
    if container.image is None:
        yield Problem(
            user,
            "runs as root without an image: root on the agent itself",
            severity="high",
            instead="instead, run as a user of the agent such as nobody",
        )
    elif mounts:
        related = tuple((mount.at, "writable mount of the agent") for mount in mounts)
        yield Problem(
            user,
            "runs as root and may write to paths of the agent",
            related,
            severity="high",
            instead=_OTHER_USER,
        )
    else:
        yield Problem(
            user,
            "runs as root: one bug in runtime or kernel is root on the agent",
            instead=_OTHER_USER,
        )

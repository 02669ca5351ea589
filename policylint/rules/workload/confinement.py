"""Rules on the walls that a container should keep: capabilities, setuid, masked paths, user ids."""

from __future__ import annotations

from typing import TYPE_CHECKING

from policylint.detect import capabilities
from policylint.detect.placeholders import has_hole
from policylint.finding import Problem
from policylint.rule import rule
from policylint.rules.remedies import remove
from policylint.workload import Container, Namespace, SecurityOption

if TYPE_CHECKING:
    from policylint.finding import Problems

# What Docker reads as a yes; no value is one too.
_YES = ("", "1", "t", "T", "true", "True", "TRUE")


@rule(
    on=Container,
    severity="low",
    family="privilege",
    refs="CIS-Docker:5.4 NIST:4.4.3 CWE-250 PSS:restricted",
)
def capabilities_not_dropped(
    container: Container,
    *,
    require_drop: tuple[str, ...] = ("ALL",),
    min_drop: tuple[str, ...] = ("NET_RAW", "MKNOD", "SETFCAP", "AUDIT_WRITE"),
) -> Problems:
    """Default capabilities kept.

    With them a process forges packets on the bridge and makes device files and
    privileged programs: what an intruder wants after a first bug. The Universal
    Container Runtime has no field for it.

    Instead, drop all of them and add back what the program uses: the docker
    parameter `cap-drop` with the value `ALL`.

    Settings:
        require_drop: Capabilities that must be dropped, without `CAP_`.
        min_drop: Capabilities of which the drop alone makes this a mere remark.

    Bad (marathon):
        {"id": "/web", "container": {"docker": {"image": "web:1"}}}

    Good (marathon):
        {"id": "/web", "container": {"docker": {"image": "web:1", "parameters": [
          {"key": "cap-drop", "value": "ALL"}]}}}
    """
    if not _has_walls(container):
        return
    dropped = _dropped(container)
    if capabilities.ALL in dropped or dropped.issuperset(_names(require_drop)):
        return
    if min_drop and dropped.issuperset(_names(min_drop)):
        yield Problem(
            container, "drops the worst of the default capabilities, not all", severity="info"
        )
    else:
        yield Problem(container, "keeps Docker's default capabilities, such as NET_RAW and MKNOD")


@rule(
    on=Container,
    severity="low",
    family="privilege",
    refs="CIS-Docker:5.26 NIST:4.4.3 CWE-269 ATTACK:T1548.001 PSS:restricted",
)
def privilege_gain_allowed(container: Container) -> Problems:
    """Process may gain privileges through setuid files.

    A setuid program in the image makes root of any user, whatever `user` says.

    Instead, add the docker parameter `security-opt` with the value
    `no-new-privileges`.

    Bad (marathon):
        {"id": "/web", "container": {"docker": {"image": "web:1", "parameters": [
          {"key": "security-opt", "value": "no-new-privileges=false"}]}}}

    Good (marathon):
        {"id": "/web", "container": {"docker": {"image": "web:1", "parameters": [
          {"key": "security-opt", "value": "no-new-privileges"}]}}}
    """
    if not _has_walls(container):
        return
    stated = [option for option in container.security_options if option.name == "no-new-privileges"]
    refused = [option for option in stated if _is_off(option)]
    if refused:
        yield Problem(
            refused[0].setting,
            "no-new-privileges is switched off: setuid programs make root of any user",
            severity="medium",
        )
    elif not stated:
        yield Problem(container, "does not forbid its processes to gain privileges by setuid files")


@rule(
    on=SecurityOption,
    severity="high",
    family="privilege",
    refs="NIST:4.4.3 CWE-668 ATTACK:T1611 PSS:baseline",
)
def system_paths_unmasked(option: SecurityOption) -> Problems:
    """Masked and read-only paths of the kernel opened.

    /proc/sys, /proc/sysrq-trigger, /sys/firmware and the like become readable or
    writable from inside.

    Instead, remove the option.

    Bad (marathon):
        {"id": "/web", "container": {"docker": {"image": "web:1", "parameters": [
          {"key": "security-opt", "value": "systempaths=unconfined"}]}}}

    Good (marathon):
        {"id": "/web", "container": {"docker": {"image": "web:1", "parameters": [
          {"key": "security-opt", "value": "no-new-privileges"}]}}}
    """
    if option.name == "systempaths" and option.setting.value == "unconfined":
        yield Problem(
            option.setting,
            "the kernel's settings in /proc and /sys lie open",
            fix=remove(option.setting, "keep the kernel's paths masked"),
        )


@rule(
    on=Namespace,
    severity="high",
    family="privilege",
    refs="CIS-Docker:5.31 NIST:4.4.3 CWE-250 ATTACK:T1611",
)
def user_namespace_host(namespace: Namespace) -> Problems:
    """User namespace switched off.

    On an agent that maps users, this makes root in the container root on the
    agent again.

    Instead, remove the parameter.

    Bad (marathon):
        {"id": "/web", "container": {"docker": {"image": "web:1", "parameters": [
          {"key": "userns", "value": "host"}]}}}

    Good (marathon):
        {"id": "/web", "container": {"docker": {"image": "web:1", "parameters": []}}}
    """
    if namespace.name == "userns" and namespace.mode.value == "host":
        yield Problem(
            namespace.mode,
            "opts out of user mapping: root in the container is the agent's root",
            fix=remove(namespace.mode, "keep the mapping of users"),
        )


def _has_walls(container: Container) -> bool:
    """Whether the Docker engine runs it from an image, and not privileged: that says it all."""
    privileged = container.privileged
    return (
        container.runtime.value == "DOCKER"
        and container.image is not None
        and (privileged is None or privileged.is_false)
    )


def _is_off(option: SecurityOption) -> bool:
    return option.setting.value not in _YES and not has_hole(option.setting.value)


def _dropped(container: Container) -> frozenset[str]:
    return frozenset(
        name
        for parameter in container.parameters
        if parameter.key == "cap-drop"
        for name in _names(parameter.value.value.split(","))
    )


def _names(words: list[str] | tuple[str, ...]) -> frozenset[str]:
    return frozenset(map(capabilities.canonical, words))

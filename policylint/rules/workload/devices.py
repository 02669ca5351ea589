"""Rules on devices of the agent."""

from __future__ import annotations

from typing import TYPE_CHECKING

from policylint.detect import paths
from policylint.detect.devices import device_at, is_device
from policylint.detect.placeholders import is_hole
from policylint.finding import SEVERITIES, Problem, rank
from policylint.patterns import regex
from policylint.rule import rule
from policylint.workload import Container

if TYPE_CHECKING:
    from collections.abc import Iterator

    from policylint.finding import Problems
    from policylint.model import At
    from policylint.workload import DockerParameter, Mount

# `a` and `b` are all devices and the disks; a star in place of the major number is every driver.
_WIDE_RULE = regex(r"[ab]\b|c\s+\*")


@rule(
    on=Container,
    severity="high",
    family="escape",
    refs="CIS-Docker:5.18 NIST:4.4.3 CWE-250 ATTACK:T1611 ATTACK:T1006",
)
def host_device_exposed(
    container: Container, *, allowed_devices: tuple[str, ...] = ("/dev/nvidia*", "/dev/dri")
) -> Problems:
    """Device of the host granted.

    Who reads and writes a raw disk or the memory of the agent is root on it; every
    other device is one more driver of the kernel to attack.

    Instead, remove it, or allow the device in the policy.

    Settings:
        allowed_devices: Devices that may be granted, with all below them; `*` stands for a name.

    Bad (marathon):
        {"id": "/web", "container": {"docker": {"image": "web:1", "parameters": [
          {"key": "device", "value": "/dev/sda:/dev/sda:rwm"}]}}}

    Good (marathon):
        {"id": "/train", "container": {"docker": {"image": "train:1", "parameters": [
          {"key": "device", "value": "/dev/nvidia0"}]}}}
    """
    rules = [item for item in container.parameters if item.key == "device-cgroup-rule"]
    for parameter in container.parameters:
        if parameter.key == "device":
            yield from _granted(parameter, allowed_devices)
    for item in rules:
        yield from _opened(item)
    for mount in container.mounts:
        if mount.path is not None and mount.route != "driver-option":
            yield from _mounted(mount, mount.path, container, rules, allowed_devices)


def _granted(parameter: DockerParameter, allowed: tuple[str, ...]) -> Problems:
    text = parameter.value.value.strip()
    source = text.partition(":")[0]
    # `vendor.com/class=name` is a device that the agent's own configuration describes.
    if not source or is_hole(text) or ("=" in source and not source.startswith("/")):
        return
    path = paths.normalise(source)
    device = device_at(path)
    if device is not None and not _is_allowed(path, allowed):
        yield Problem(parameter, f"{source} is granted: it {device.why}", severity=device.severity)


def _opened(parameter: DockerParameter) -> Problems:
    text = parameter.value.value.strip()
    if not text or is_hole(text):
        return
    if _WIDE_RULE.match(text):
        yield Problem(
            parameter,
            f'"{text}" opens the agent\'s disks or all of its drivers',
            severity="critical",
        )
    else:
        yield Problem(parameter, f'"{text}" opens devices of the agent')


def _mounted(
    mount: Mount,
    path: str,
    container: Container,
    rules: list[DockerParameter],
    allowed: tuple[str, ...],
) -> Problems:
    device = device_at(path) if paths.is_device(path) else None
    if device is None or _is_allowed(path, allowed):
        return
    keys = tuple(_keys(container, rules)) if device.is_raw else ()
    if keys:
        severity = "critical"
    elif mount.read_only:
        severity = _least(device.severity, "medium")
    else:
        severity = _least(device.severity, "high")
    yield Problem(
        mount, f"{mount.source.value} is mounted: it {device.why}", keys, severity=severity
    )


def _keys(container: Container, rules: list[DockerParameter]) -> Iterator[tuple[At, str]]:
    """What lets a container use the device files that it sees."""
    if container.privileged:
        yield container.privileged.at, "the container is privileged"
    for item in rules:
        yield item.at, "devices are opened"


def _least(one: str, other: str) -> str:
    return SEVERITIES[min(rank(one), rank(other))]


def _is_allowed(path: str, patterns: tuple[str, ...]) -> bool:
    return any(is_device(path, pattern) for pattern in patterns)

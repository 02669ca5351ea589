"""Devices of an agent, and what a container does with one of them.

A pattern matches a device and what lies below it; the first one that fits decides.
"""

from __future__ import annotations

from fnmatch import fnmatchcase

from policylint.named import NamedTuple

# Everybody has these.
_HARMLESS = (
    "/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom", "/dev/tty", "/dev/ptmx",
    "/dev/pts", "/dev/shm", "/dev/stdin", "/dev/stdout", "/dev/stderr", "/dev/fd",  # noqa: S108
)  # fmt: skip

# What they give, besides the drivers behind them.
_MEMORY = "is the agent's memory"
_DISK = "is a disk of the agent, below all file permissions"
_KERNEL = "opens a driver of the kernel"


class Device(NamedTuple):
    """What a device opens: severity and why; `is_raw` tells memory and disks."""

    severity: str
    why: str
    is_raw: bool = False


_DEVICES = {
    "/dev": Device("critical", "holds every device of the agent", is_raw=True),
    "/dev/mem": Device("critical", _MEMORY, is_raw=True),
    "/dev/kmem": Device("critical", _MEMORY, is_raw=True),
    "/dev/port": Device("critical", "is the agent's hardware ports", is_raw=True),
    **dict.fromkeys(
        (
            "/dev/sd*", "/dev/hd*", "/dev/vd*", "/dev/xvd*", "/dev/nvme*", "/dev/mmcblk*",
            "/dev/dm-*", "/dev/mapper", "/dev/md*", "/dev/loop*", "/dev/disk", "/dev/block",
            "/dev/nbd*", "/dev/rbd*", "/dev/sg[0-9]*",
        ),
        Device("critical", _DISK, is_raw=True),
    ),
    "/dev/log": Device("low", "is the system log's socket"),
    "/dev/fuse": Device("medium", "lets it mount file systems, given SYS_ADMIN"),
    "/dev/kvm": Device("medium", _KERNEL),
    "/dev/net/tun": Device("medium", "makes network interfaces, given NET_ADMIN"),
    "/dev/vhost-*": Device("medium", _KERNEL),
}  # fmt: skip
_OTHER = Device("high", _KERNEL)


def device_at(path: str) -> Device | None:
    """What a normalised path opens; None for the harmless devices that everybody has."""
    if any(is_device(path, pattern) for pattern in _HARMLESS):
        return None
    for pattern, device in _DEVICES.items():
        if path == pattern or (pattern != "/dev" and is_device(path, pattern)):
            return device
    return _OTHER


def is_device(path: str, pattern: str) -> bool:
    """Whether a path is what a pattern names, or lies below it; `*` stands for part of a name."""
    head = "/".join(path.split("/")[: pattern.count("/") + 1])
    return fnmatchcase(head, pattern)

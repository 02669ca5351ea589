"""Docker parameters: what each flag opens, how it is written, and which ones nobody reviewed.

The names are the long ones of `docker run`. A scalar counts once, a list adds
up, a switch takes a boolean.
"""

from __future__ import annotations

import re

from policylint.patterns import regex

# Each leaves the container, its limits or the scheduler's sight.
DENIED = {
    "privileged": "makes root in the container root on the agent",
    "cap-add": "grants capabilities",
    "security-opt": "switches filters of the kernel off or on",
    "pid": "joins another process namespace",
    "ipc": "joins another IPC namespace",
    "uts": "joins another host name namespace",
    "userns": "switches the user namespace off",
    "cgroupns": "shows the agent's control groups",
    "network": "replaces the networks of the definition",
    "volume": "mounts a path that the definition's volumes do not show",
    "mount": "mounts a path that the definition's volumes do not show",
    "volumes-from": "takes the volumes of another container",
    "volume-driver": "hands its volumes to another driver",
    "device": "opens a device of the agent",
    "device-cgroup-rule": "opens devices of the agent",
    "cgroup-parent": "leaves the control group of the task",
    "use-api-socket": "hands the engine itself to the container",
    "env-file": "reads a file of the agent",
    "label-file": "reads a file of the agent",
    "cidfile": "writes a file on the agent",
    "init-path": "runs a program of the agent",
    "publish": "opens a port that the scheduler does not know of",
    "publish-all": "opens ports that the scheduler does not know of",
    "detach": "lets the container outlive its task",
    "restart": "lets the container outlive its task",
    "name": "replaces the name by which the agent finds the container",
    "rm": "removes what the agent still looks for",
    "sig-proxy": "keeps the scheduler's signals from the container",
    "oom-kill-disable": "keeps the container alive when memory runs out",
    "oom-score-adj": "lets others die first when memory runs out",
    "memory": "replaces the memory limit of the definition",
    "memory-reservation": "replaces the memory reservation of the definition",
    "memory-swap": "lets the container swap",
    "kernel-memory": "replaces a memory limit",
    "cpus": "replaces the processor limit of the definition",
    "cpu-shares": "replaces the processor shares of the definition",
    "cpu-period": "replaces the processor limit of the definition",
    "cpu-quota": "replaces the processor limit of the definition",
    "cpu-rt-period": "takes processor time before all others",
    "cpu-rt-runtime": "takes processor time before all others",
    "cpuset-cpus": "chooses processors by itself",
    "cpuset-mems": "chooses memory nodes by itself",
    "blkio-weight": "takes disk time from others",
    "blkio-weight-device": "takes disk time from others",
    "lxc-conf": "reaches past the engine, where an old one still has it",
}

# Harmless or not by their value, which other rules judge.
CHECKED = {
    "env": "may hold a secret",
    "label": "may hold a secret, or route traffic",
    "user": "is the user that the process runs as",
    "group-add": "may be a group that owns the agent's devices or sockets",
    "sysctl": "changes settings of the kernel",
    "ulimit": "raises or lowers limits of the process",
    "runtime": "chooses who isolates the container",
    "isolation": "chooses how the container is isolated",
    "gpus": "opens graphics devices",
    "shm-size": "is memory that others lack",
    "log-driver": "takes the logs elsewhere",
    "log-opt": "takes the logs elsewhere",
    "add-host": "overrides a name",
    "dns": "overrides name resolution",
    "dns-option": "overrides name resolution",
    "dns-search": "overrides name resolution",
    "link": "joins the container to another one",
    "link-local-ip": "chooses an address by itself",
    "ip": "chooses an address by itself",
    "ip6": "chooses an address by itself",
    "mac-address": "chooses an address by itself",
    "network-alias": "chooses a name by itself",
    "hostname": "chooses a name by itself",
    "domainname": "chooses a name by itself",
    "entrypoint": "changes what runs",
    "disable-content-trust": "accepts images without a signature",
    "tmpfs": "mounts memory",
}

SAFE = frozenset({
    "annotation", "cap-drop", "expose", "health-cmd", "health-interval", "health-retries",
    "health-start-interval", "health-start-period", "health-timeout", "init", "interactive",
    "memory-swappiness", "no-healthcheck", "pids-limit", "platform", "pull", "read-only",
    "stop-signal", "stop-timeout", "storage-opt", "tty", "workdir",
})  # fmt: skip

REVIEWED = DENIED.keys() | CHECKED.keys() | SAFE

SWITCHES = frozenset({
    "detach", "disable-content-trust", "init", "interactive", "no-healthcheck",
    "oom-kill-disable", "privileged", "publish-all", "read-only", "rm", "sig-proxy", "tty",
    "use-api-socket",
})  # fmt: skip

LISTS = frozenset({
    "add-host", "annotation", "blkio-weight-device", "cap-add", "cap-drop", "device",
    "device-cgroup-rule", "dns", "dns-option", "dns-search", "env", "env-file", "expose",
    "group-add", "label", "label-file", "link", "link-local-ip", "log-opt", "lxc-conf", "mount",
    "network-alias", "publish", "security-opt", "storage-opt", "sysctl", "tmpfs", "ulimit",
    "volume", "volumes-from",
})  # fmt: skip

# The only words that the engine takes for a switch.
BOOLEANS = frozenset({
    "1", "t", "T", "true", "TRUE", "True", "0", "f", "F", "false", "FALSE", "False",
})  # fmt: skip

OFF = frozenset({"0", "f", "F", "false", "False", "FALSE"})

# Replace what the agent derives from a field of the definition.
LIMITS = {
    "memory": "mem",
    "memory-reservation": "mem",
    "memory-swap": "mem",
    "kernel-memory": "mem",
    "cpus": "cpus",
    "cpu-shares": "cpus",
    "cpu-quota": "cpus",
    "cpu-period": "cpus",
    "cpu-rt-runtime": "cpus",
    "cpuset-cpus": "cpus",
    "cpuset-mems": "mem",
    "blkio-weight": "",
}

_SIZE = regex(r"([0-9]{1,18}(?:\.[0-9]{1,18})?) ?([kmgtp]?)(?:i?b)?", re.ASCII | re.IGNORECASE)
_UNITS = {"": 2.0**-20, "k": 2.0**-10, "m": 1.0, "g": 2.0**10, "t": 2.0**20, "p": 2.0**30}


def mebibytes(size: str) -> float | None:
    """A size as the engine reads it, `512m` or a number of bytes; None when it refuses it."""
    match = _SIZE.fullmatch(size.strip())
    return float(match[1]) * _UNITS[match[2].lower()] if match else None


def number(text: str) -> float | None:
    """A plain number, None for anything else."""
    text = text.strip()
    return float(text) if re.fullmatch(r"[+-]?\d{1,18}(?:\.\d{1,18})?", text, re.ASCII) else None


def is_scalar(key: str) -> bool:
    """Whether a flag counts once however often it is given; nobody can say of unknown ones."""
    return key in REVIEWED and key not in LISTS


def similar(key: str) -> str | None:
    """The reviewed flag that was probably meant."""
    from difflib import get_close_matches

    return next(iter(get_close_matches(key[:40], REVIEWED, cutoff=0.8)), None)

"""Linux capabilities: what each one opens, and which a container has in the end."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

ALL = "ALL"

# Each is by itself a documented way to code or data of the host.
TAKEOVER = {
    "SYS_ADMIN": "mounts file systems, enters namespaces and administers the kernel",
    "SYS_MODULE": "loads code into the kernel",
    "SYS_RAWIO": "reads and writes physical memory, ports and disks",
    "DAC_READ_SEARCH": "opens files of the host by handle, past the mounts",
    "SYS_PTRACE": "reads and changes other processes",
    "BPF": "loads programs that read kernel memory",
    "SYS_BOOT": "reboots the agent or starts another kernel",
    "MAC_ADMIN": "changes mandatory access control",
    "MAC_OVERRIDE": "ignores mandatory access control",
}

# Beyond what Docker grants by itself: reach into the kernel, or into the neighbours.
RISKY = {
    "NET_ADMIN": "changes firewall, routes and interfaces",
    "SYSLOG": "reads kernel addresses",
    "SYS_TIME": "sets the agent's clock",
    "PERFMON": "reads kernel memory through performance counters",
    "CHECKPOINT_RESTORE": "restores processes under chosen ids",
    "AUDIT_CONTROL": "changes what is audited",
    "AUDIT_READ": "reads the audit log",
    "SYS_RESOURCE": "exceeds quotas and limits",
    "SYS_NICE": "changes priorities of other processes",
    "IPC_OWNER": "reads other processes' shared memory",
    "LINUX_IMMUTABLE": "makes files that root cannot delete",
    "SYS_TTY_CONFIG": "takes over terminals",
}

# Harmful to availability rather than to isolation.
DISTURBING = {
    "SYS_PACCT": "switches process accounting on and off",
    "WAKE_ALARM": "wakes the agent",
    "BLOCK_SUSPEND": "keeps the agent from sleeping",
    "LEASE": "blocks others' access to files",
    "IPC_LOCK": "locks memory past its limit",
    "NET_BROADCAST": "broadcasts",
}

DEFAULT = frozenset({
    "AUDIT_WRITE", "CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "KILL", "MKNOD",
    "NET_BIND_SERVICE", "NET_RAW", "SETFCAP", "SETGID", "SETPCAP", "SETUID", "SYS_CHROOT",
})  # fmt: skip


def canonical(name: str) -> str:
    """A capability's name as the tables spell it."""
    return name.strip().upper().removeprefix("CAP_")


def is_granted(name: str, added: Iterable[str], dropped: Iterable[str]) -> bool:
    """Whether a container has a capability after all adds and drops, as Docker resolves them.

    ALL added means everything but the named drops; otherwise a named add beats any drop.
    """
    if ALL in added:
        return name == ALL or name not in dropped
    return name in added or (name in DEFAULT and name not in dropped and ALL not in dropped)

"""Kernel parameters: which a container may set for itself, and which are then the agent's."""

from __future__ import annotations

# Each belongs to a namespace and disturbs nobody outside of it.
SAFE = (
    "kernel.shm_rmid_forced",
    "net.ipv4.ip_local_port_range",
    "net.ipv4.ip_local_reserved_ports",
    "net.ipv4.ip_unprivileged_port_start",
    "net.ipv4.ping_group_range",
    "net.ipv4.tcp_fin_timeout",
    "net.ipv4.tcp_keepalive_intvl",
    "net.ipv4.tcp_keepalive_probes",
    "net.ipv4.tcp_keepalive_time",
    "net.ipv4.tcp_syncookies",
)

_NETWORK = ("net.",)
_IPC = ("kernel.shm", "kernel.msg", "kernel.sem", "fs.mqueue.")


def is_networks(name: str) -> bool:
    """Whether a parameter belongs to the network namespace, so to the agent under host mode."""
    return name.startswith(_NETWORK)


def is_ipcs(name: str) -> bool:
    """Whether a parameter belongs to the IPC namespace."""
    return name.startswith(_IPC)

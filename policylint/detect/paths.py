"""Paths on an agent: what they are, and what it means to mount them.

Tables hold normalised paths. An entry matches itself and, unless it says
`alone`, everything below it; the longest entry decides.
"""

from __future__ import annotations

import re
from fnmatch import fnmatchcase
from functools import cache
from posixpath import normpath
from typing import TYPE_CHECKING

from policylint.named import NamedTuple
from policylint.patterns import regex

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

# Through these a runtime, a node service or the init system is told what to do.
SOCKETS = {
    "/run/docker.sock": "Docker's",
    "/run/containerd/containerd.sock": "containerd's",
    "/run/containerd/debug.sock": "containerd's",
    "/run/crio/crio.sock": "CRI-O's",
    "/run/podman/podman.sock": "Podman's",
    "/run/dockershim.sock": "dockershim's",
    "/run/buildkit/buildkitd.sock": "BuildKit's",
    "/run/docker/plugins/*": "a Docker plug-in's",
    "/run/mesos/mesos-executors.sock": "the Mesos agent's",
    "/run/dcos/*.sock": "a DC/OS service's",
    "/run/systemd/private": "systemd's",
    "/run/dbus/system_bus_socket": "the system bus's",
    "/run/snapd.socket": "snapd's",
    "/run/libvirt/libvirt-sock": "libvirt's",
    "/var/lib/lxd/unix.socket": "LXD's",
    "*/docker.sock": "Docker's",
    "*/containerd.sock": "containerd's",
    "*/crio.sock": "CRI-O's",
    "*/podman.sock": "Podman's",
}
BUS_SOCKET = "/run/dbus/system_bus_socket"
_HARMLESS_SOCKETS = ("/run/dcos/telegraf*", "/dev/log")


class Entry(NamedTuple):
    """What mounting a path means: severity when writable, when read-only, and why."""

    write: str | None
    read: str | None
    why: str
    alone: bool = False


PLATFORM = {
    "/opt/mesosphere": Entry("critical", "low", "the platform's programs"),
    "/etc/mesosphere": Entry("critical", "high", "the platform's configuration and keys"),
    "/var/lib/dcos": Entry("critical", "high", "the platform's keys and state"),
    "/run/dcos": Entry("critical", "high", "the platform's tokens and sockets"),
    "/var/lib/mesos": Entry("critical", "high", "every task's sandbox"),
    "/var/lib/mesosphere": Entry("critical", "high", "the platform's state"),
    "/run/mesos": Entry("critical", "high", "the Mesos agent's state"),
    "/etc/mesos*": Entry("critical", "high", "the configuration of Mesos"),
    "/etc/marathon": Entry("critical", "high", "the configuration of Marathon"),
    "/etc/metronome": Entry("critical", "high", "the configuration of Metronome"),
    "/var/lib/zookeeper": Entry("critical", "high", "the masters' coordination data"),
    "/var/lib/marathon": Entry("critical", "high", "the state of Marathon"),
}

KERNEL = {
    "/proc": Entry("critical", "high", "every process and the kernel's settings", alone=True),
    "/proc/*": Entry("high", "high", "processes and the kernel's settings"),
    "/proc/sys": Entry("critical", "high", "the kernel's settings"),
    "/proc/sysrq-trigger": Entry("critical", "high", "the switch that crashes the agent"),
    "/sys": Entry("critical", "low", "the kernel's devices and settings", alone=True),
    "/sys/*": Entry("high", "low", "the kernel's devices and settings"),
    "/sys/fs/cgroup": Entry("critical", "low", "all tasks' control groups"),
    "/sys/fs": Entry("critical", "low", "all tasks' control groups", alone=True),
    "/sys/fs/bpf": Entry("critical", "high", "programs loaded into the kernel"),
    "/sys/kernel": Entry("critical", "high", "the kernel's debugging doors", alone=True),
    "/sys/kernel/debug": Entry("critical", "high", "the kernel's debugging doors"),
    "/sys/kernel/tracing": Entry("critical", "high", "traces of the whole kernel"),
    "/sys/firmware": Entry("critical", "low", "the firmware's settings"),
}

_CREDENTIALS = "the agent's accounts and keys"
_PROGRAMS = "programs that root runs"

SENSITIVE = {
    "/etc": Entry("critical", "high", "the agent's configuration and keys"),
    "/root": Entry("critical", "high", _CREDENTIALS),
    "/home": Entry("high", "high", "people's keys and files"),
    "/home/*/.ssh": Entry("critical", "high", _CREDENTIALS),
    "/usr": Entry("critical", "low", _PROGRAMS),
    "/usr/local/share": Entry(None, None, "data of local programs"),
    "/usr/bin": Entry("critical", "low", _PROGRAMS),
    "/usr/sbin": Entry("critical", "low", _PROGRAMS),
    "/usr/lib": Entry("critical", "low", "libraries that root loads"),
    "/usr/lib64": Entry("critical", "low", "libraries that root loads"),
    "/usr/lib/modules": Entry("critical", "low", "code that the kernel loads"),
    "/boot": Entry("critical", "medium", "the kernel that boots next"),
    "/var": Entry("critical", "high", "the state of every service", alone=True),
    "/var/lib": Entry("critical", "high", "the state of every service", alone=True),
    "/var/spool": Entry("critical", "high", "jobs that root runs", alone=True),
    "/var/spool/cron": Entry("critical", "high", "jobs that root runs"),
    "/run/systemd": Entry("critical", "high", "units that root runs"),
    "/opt": Entry("critical", "high", "installed programs, the platform's among them", alone=True),
    "/var/lib/docker": Entry("critical", "high", "every container's files"),
    "/var/lib/containerd": Entry("critical", "high", "every container's files"),
    "/var/lib/containers": Entry("critical", "high", "every container's files"),
    "/var/lib/kubelet": Entry("critical", "high", "every pod's files and secrets"),
    "/dev": Entry("high", "medium", "the agent's devices", alone=True),
    "/var/log": Entry("high", "medium", "everybody's logs"),
    "/run/user": Entry("high", "medium", "people's sessions"),
    "/run/lock": Entry("high", "medium", "locks of the agent's services"),
    "/run/udev": Entry("high", "medium", "the device manager's state"),
    "/run/lvm": Entry("high", "medium", "the volume manager's state"),
}

# What an image brings itself; a mount over it hides that.
IMAGE_OWN = frozenset({
    "/", "/proc", "/sys", "/dev", "/etc", "/usr", "/usr/bin", "/usr/sbin", "/usr/lib", "/usr/lib64",
})  # fmt: skip

SCRATCH = ("/tmp", "/var/tmp", "/dev/shm")  # noqa: S108 (what we look for)

_BENIGN_READ_ONLY = (
    "/etc/localtime", "/etc/timezone", "/etc/hostname", "/etc/hosts", "/etc/resolv.conf",
    "/etc/os-release", "/etc/machine-id", "/etc/ssl/certs", "/etc/pki/tls/certs",
    "/etc/pki/ca-trust", "/etc/ca-certificates", "/usr/share/zoneinfo",
    "/usr/share/ca-certificates", "/usr/lib/os-release", "/proc/mounts", "/proc/meminfo",
    "/proc/cpuinfo", "/proc/stat", "/proc/loadavg",
)  # fmt: skip
_BENIGN = ("/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom")

_KEY_FILES = ("*shadow*", "*.pem", "*.key", "*id_rsa*", "*.keytab")

# Each folder above a path is a text of its own: of a hostile path there would be too many.
_MOST_LEVELS = 64
# A process's root directory is the root directory.
_PROCESS_ROOT = regex(r"/proc/(?:self|thread-self|\d+)(?:/task/\d+)?/root(?=/|$)")
_MERGED = ("bin", "sbin", "lib", "lib64")
_HOME = regex(r"/home/[^/]+$")


def normalise(path: str) -> str:
    """An absolute path without detours, under the name that the tables use."""
    path = normpath("/" + path.lstrip("/"))
    while path.startswith("/proc/") and (match := _PROCESS_ROOT.match(path)):
        path = normpath("/" + path[match.end() :].lstrip("/"))
    if is_below(path, "/var/run"):
        return path.removeprefix("/var")
    if is_below(path, "/var/lock"):
        return "/run" + path.removeprefix("/var")
    return f"/usr{path}" if path[1:].partition("/")[0] in _MERGED else path


def is_below(path: str, folder: str) -> bool:
    """Whether a path is a folder or lies below it."""
    return path == folder or path.startswith("/" if folder == "/" else f"{folder}/")


def lineage(path: str) -> Iterator[str]:
    """A path, and the folders above it; of one that is absurdly deep the outer ones."""
    if path.count("/") > _MOST_LEVELS:
        yield path
        path = "/".join(path.split("/", _MOST_LEVELS)[:-1])
    while path:
        yield path
        path = path.rpartition("/")[0]
    yield "/"


def volume_name(text: str) -> str:
    """The name in a volume's name, which for some drivers is a list of options."""
    names = [part[5:] for part in text.split(",") if part.startswith("name=")]
    return names[-1] if names else text


def is_benign(path: str, *, read_only: bool) -> bool:
    """Whether many good definitions mount this path, and nobody is the worse for it."""
    harmless = _BENIGN + _BENIGN_READ_ONLY if read_only else _BENIGN
    return any(is_below(path, entry) for entry in harmless)


def is_device(path: str) -> bool:
    """Whether a path is a device, or one of the folders of devices below `/dev`."""
    others = ("/dev/shm", "/dev/log")  # noqa: S108 (see SCRATCH)
    return is_below(path, "/dev") and path != "/dev" and not any(is_below(path, o) for o in others)


def secrets_at(path: str) -> str | None:
    """What the agent keeps to itself in a file, by its place or its name."""
    if is_benign(path, read_only=True):
        return None
    entry = sensitive_entry(path) or platform_entry(path) or kernel_entry(path)
    if entry is not None:
        return entry.why
    is_key = any(fnmatchcase(path.lower(), name) for name in _KEY_FILES)
    return "by its name, keys or passwords" if is_key else None


class Socket(NamedTuple):
    """A socket that a mount reaches: its entry in the table, and whether only as part of a folder.

    `pattern` is the path of one that only the policy knows.
    """

    pattern: str
    is_inside: bool

    @property
    def owner(self) -> str:
        """Whose it is."""
        return SOCKETS.get(self.pattern, "a service's")


def socket_at(path: str, extra: Iterable[str] = ()) -> Socket | None:
    """The control socket that a mount of this path reaches; `extra` ones count too."""
    sockets = (*map(normalise, extra), *SOCKETS)
    for pattern in sockets:
        if _matches(path, pattern) and not _is_harmless_socket(path):
            return Socket(pattern, is_inside=False)
    for pattern in sockets:
        if pattern.startswith("/") and _holds(path, pattern) and not _is_harmless_socket(path):
            return Socket(pattern, is_inside=True)
    return None


def _is_harmless_socket(path: str) -> bool:
    return any(_matches(path, pattern) for pattern in _HARMLESS_SOCKETS)


def platform_entry(path: str) -> Entry | None:
    """What the path is to the platform."""
    if _matches(path, _HARMLESS_SOCKETS[0]):
        return None
    return _lookup(path, PLATFORM)


def kernel_entry(path: str) -> Entry | None:
    """What the path is to the kernel."""
    return _lookup(path, KERNEL)


def sensitive_entry(path: str, *, extra: Iterable[str] = ()) -> Entry | None:
    """What the path is to the agent's operating system; `extra` paths count like `/etc`."""
    for pattern in extra:
        if _matches(path, normalise(pattern)):
            return Entry("critical", "high", "a path that the policy calls sensitive")
    entry = _lookup(path, SENSITIVE)
    return None if entry is None or entry.write is None else entry


def matches_glob(path: str, pattern: str) -> bool:
    """Whether a path fits a pattern: `*` within a segment, `**` across segments."""
    # All the states at once, instead of trying one after the other: names and patterns
    # may be hostile, and backtracking takes for ever on some of them.
    tokens, reached = _automaton(pattern)
    end = len(tokens)
    states = reached[0]
    for character in path:
        stepped: set[int] = set()
        for state in states:
            if state == end:
                continue
            wanted = tokens[state]
            if wanted == "**" or (wanted == "*" and character != "/"):
                stepped |= reached[state + 1] | {state}
            elif wanted == character or (wanted == "?" and character != "/"):
                stepped |= reached[state + 1]
        if not stepped:
            return False
        states = stepped
    return end in states


@cache
def _automaton(pattern: str) -> tuple[list[str], list[set[int]]]:
    """The characters and wildcards of a pattern, and which of them may come next at each."""
    tokens = re.findall(r"\*\*|.", pattern, re.DOTALL)
    reached: list[set[int]] = [{len(tokens)}]
    for state in reversed(range(len(tokens))):
        here = {state}
        if tokens[state] in ("*", "**"):
            here |= reached[0]
        if tokens[state : state + 2] == ["/", "**"] and tokens[state + 2 : state + 3] in (
            [],
            ["/"],
        ):
            here |= reached[1]  # `/a/**` is `/a` too, and `/a/**/b` is `/a/b`
        if state == 0 and tokens[:2] == ["**", "/"]:
            here |= reached[1]  # `**/b` is `b` too
        reached.insert(0, here)
    return tokens, reached


def _lookup(path: str, table: dict[str, Entry]) -> Entry | None:
    best = None
    for pattern, entry in table.items():
        fits = _fits(path, pattern) if entry.alone else _matches(path, pattern)
        if fits and (best is None or len(pattern) >= len(best[0])):
            best = pattern, entry
    return best[1] if best else None


def _matches(path: str, pattern: str) -> bool:
    """Whether a path is what a pattern names, or lies below it."""
    depth = pattern.count("/")
    head = "/".join(path.split("/")[: depth + 1])
    return _fits(head, pattern) or (pattern.startswith("*") and fnmatchcase(path, pattern))


def _fits(path: str, pattern: str) -> bool:
    if "*" not in pattern:
        return path == pattern
    return path.count("/") == pattern.count("/") and fnmatchcase(path, pattern)


def _holds(path: str, socket: str) -> bool:
    """Whether a directory is the socket's own, or one of those under `/run` above it."""
    parent = socket.rpartition("/")[0]
    return path == parent or (is_below(path, "/run") and is_below(parent, path))

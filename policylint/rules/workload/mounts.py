"""Rules on what is mounted: one finding a mount, from the rule that knows the worst of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from policylint.detect import paths
from policylint.finding import Problem
from policylint.rule import rule
from policylint.workload import Mount

if TYPE_CHECKING:
    from collections.abc import Callable

    from policylint.finding import Problems

# The worst first; each rule is silent where one before it speaks.
_ORDER = (
    "sandbox-path-traversal",
    "external-volume-host-path",
    "volume-driver-bind",
    "runtime-socket-mounted",
    "host-root-mounted",
    "kernel-filesystem-mounted",
    "platform-path-mounted",
    "sensitive-path-writable",
    "sensitive-path-readable",
    "host-tmp-mount",
    "host-path-mount",
)


_EXPORTER = "instead, use an exporter that needs none of it"


def before(name: str) -> tuple[str, ...]:
    """The rules that speak for this one where they have a problem on the same mount."""
    return _ORDER[: _ORDER.index(name)]


@rule(
    on=Mount,
    severity="critical",
    family="escape",
    refs="CIS-Docker:5.32 NIST:4.4.3 CWE-668 CWE-250 ATTACK:T1611 ATTACK:T1552.007 ATTACK:T1610"
    " PSS:baseline",
    unless=before("runtime-socket-mounted"),
)
def runtime_socket_mounted(mount: Mount, *, socket_paths: tuple[str, ...] = ()) -> Problems:
    """Socket of a container runtime or node service mounted.

    Who can talk to it starts a privileged container at will, which is root on
    the agent. Mounting it read-only does not stop anybody from connecting.

    Instead, use a filtering socket proxy or the platform's metrics API.

    Settings:
        socket_paths: Further sockets that count, as absolute paths; their directories count too.

    Bad (marathon):
        {"id": "/agent", "container": {"docker": {"image": "agent:1"}, "volumes": [
          {"containerPath": "/docker.sock", "hostPath": "/var/run/docker.sock", "mode": "RO"}]}}

    Good (marathon):
        {"id": "/agent", "container": {"docker": {"image": "agent:1"}, "volumes": [
          {"containerPath": "/data", "hostPath": "data", "mode": "RW"}]}}
    """
    if mount.path is None:
        return
    socket = paths.socket_at(mount.path, socket_paths)
    if socket is None:
        return
    verb = "holds" if socket.is_inside else "is"
    yield Problem(
        mount,
        f"{_source(mount)} {verb} {socket.owner} control socket, a way to root on the agent",
        severity="high" if socket.pattern == paths.BUS_SOCKET else None,
    )


@rule(
    on=Mount,
    severity="critical",
    family="escape",
    refs="CIS-Docker:5.6 NIST:4.4.3 NIST:4.5.5 CWE-668 ATTACK:T1611 ATTACK:T1552.001 PSS:baseline",
    unless=before("host-root-mounted"),
)
def host_root_mounted(mount: Mount, *, ro_severity: str = "high") -> Problems:
    """Whole file system of the host mounted.

    Reading it gives every secret on the agent and every sandbox; writing it runs
    code as root through cron, units, keys or preloaded libraries.

    Instead, mount the one path that is needed.

    Settings:
        ro_severity: Severity when the mount is read-only.

    Bad (marathon):
        {"id": "/agent", "container": {"docker": {"image": "agent:1"}, "volumes": [
          {"containerPath": "/host", "hostPath": "/", "mode": "RO"}]}}

    Good (marathon):
        {"id": "/agent", "container": {"docker": {"image": "agent:1"}, "volumes": [
          {"containerPath": "/data", "hostPath": "data", "mode": "RW"}]}}
    """
    if mount.path == "/":
        severity = ro_severity if mount.read_only else None
        yield Problem(
            mount, f"the agent's whole file system is mounted{_how(mount)}", severity=severity
        )


@rule(
    on=Mount,
    severity="high",
    family="escape",
    refs="CIS-Docker:5.6 NIST:4.4.3 NIST:4.5.2 CWE-668 ATTACK:T1611",
    unless=before("kernel-filesystem-mounted"),
)
def kernel_filesystem_mounted(mount: Mount) -> Problems:
    """Procfs, sysfs or cgroupfs of the host mounted.

    core_pattern, uevent_helper, release_agent and sysrq are one write away from
    code on the host or its crash; reading shows every process's environment.

    Instead, use an exporter that needs none of it, or mount it read-only.

    Bad (marathon):
        {"id": "/agent", "container": {"docker": {"image": "agent:1"}, "volumes": [
          {"containerPath": "/host/proc", "hostPath": "/proc", "mode": "RW"}]}}

    Good (marathon):
        {"id": "/agent", "container": {"docker": {"image": "agent:1"}, "volumes": [
          {"containerPath": "/data", "hostPath": "data", "mode": "RW"}]}}
    """
    yield from _tabled(mount, paths.kernel_entry, read_only=_EXPORTER)


@rule(
    on=Mount,
    severity="critical",
    family="escape",
    refs="CIS-Docker:5.6 NIST:4.3.5 NIST:4.5.5 CWE-668 ATTACK:T1611 ATTACK:T1552.004 ATTACK:T1554",
    unless=before("platform-path-mounted"),
)
def platform_path_mounted(mount: Mount, *, platform_paths: tuple[str, ...] = ()) -> Problems:
    """Directory of DC/OS or Mesos mounted.

    The platform's programs, the keys of its service accounts and every task's
    sandbox live there.

    Instead, put libraries into the image or fetch them.

    Settings:
        platform_paths: Further directories of the platform.

    Bad (marathon):
        {"id": "/tool", "container": {"docker": {"image": "tool:1"}, "volumes": [
          {"containerPath": "/d", "hostPath": "/var/lib/dcos", "mode": "RW"}]}}

    Good (marathon):
        {"id": "/tool", "container": {"docker": {"image": "tool:1"}, "volumes": [
          {"containerPath": "data", "mode": "RW", "persistent": {"size": 512}}]}}
    """
    if mount.path and any(
        paths.is_below(mount.path, paths.normalise(own)) for own in platform_paths
    ):
        severity = "high" if mount.read_only else None
        yield Problem(mount, f"{_source(mount)} belongs to the platform", severity=severity)
    else:
        yield from _tabled(mount, paths.platform_entry)


@rule(
    on=Mount,
    severity="critical",
    family="escape",
    refs="CIS-Docker:5.6 NIST:4.5.5 CWE-668 CWE-732 ATTACK:T1611 ATTACK:T1543.002 ATTACK:T1053.003"
    " ATTACK:T1098.004 PSS:baseline",
    unless=before("sensitive-path-writable"),
)
def sensitive_path_writable(mount: Mount, *, sensitive_paths: tuple[str, ...] = ()) -> Problems:
    """System path mounted writable.

    Writing where root later runs or authenticates is root on the host with a delay.

    Instead, use a path in the sandbox or a persistent volume, or mount it read-only.

    Settings:
        sensitive_paths: Further paths that count like `/etc`.

    Bad (marathon):
        {"id": "/tool", "container": {"docker": {"image": "tool:1"}, "volumes": [
          {"containerPath": "/h", "hostPath": "/etc", "mode": "RW"}]}}

    Good (marathon):
        {"id": "/tool", "container": {"docker": {"image": "tool:1"}, "volumes": [
          {"containerPath": "/etc/localtime", "hostPath": "/etc/localtime", "mode": "RO"}]}}
    """
    if not mount.read_only:
        yield from _sensitive(mount, sensitive_paths)


@rule(
    on=Mount,
    severity="high",
    family="escape",
    refs="CIS-Docker:5.6 NIST:4.4.3 CWE-668 CWE-522 ATTACK:T1552.001 ATTACK:T1552.004",
    unless=before("sensitive-path-readable"),
)
def sensitive_path_readable(mount: Mount, *, sensitive_paths: tuple[str, ...] = ()) -> Problems:
    """System path mounted read-only.

    The host's credentials and other tenants' files are there to read.

    Instead, mount only the file that is needed.

    Settings:
        sensitive_paths: Further paths that count like `/etc`.

    Bad (marathon):
        {"id": "/tool", "container": {"docker": {"image": "tool:1"}, "volumes": [
          {"containerPath": "/h", "hostPath": "/root", "mode": "RO"}]}}

    Good (marathon):
        {"id": "/tool", "container": {"docker": {"image": "tool:1"}, "volumes": [
          {"containerPath": "/etc/ssl/certs", "hostPath": "/etc/ssl/certs", "mode": "RO"}]}}
    """
    if mount.read_only:
        yield from _sensitive(mount, sensitive_paths)


@rule(
    on=Mount,
    severity="medium",
    family="escape",
    refs="NIST:4.4.3 CWE-377 CWE-379 CWE-668 ATTACK:T1080",
    unless=before("host-tmp-mount"),
)
def host_tmp_mount(mount: Mount) -> Problems:
    """World-writable directory of the host mounted.

    Any other task on the agent can plant links or sockets there, and cleaners
    delete what they find.

    Instead, use a path in the sandbox, written without a leading slash, or a volume.

    Bad (marathon):
        {"id": "/db", "container": {"docker": {"image": "db:1"}, "volumes": [
          {"containerPath": "/data", "hostPath": "/tmp/mysql", "mode": "RW"}]}}

    Good (marathon):
        {"id": "/db", "container": {"docker": {"image": "db:1"}, "volumes": [
          {"containerPath": "/data", "hostPath": "mysql_data", "mode": "RW"}]}}
    """
    path = mount.path
    if path is None or not any(paths.is_below(path, scratch) for scratch in paths.SCRATCH):
        return
    severity = "high" if path in paths.SCRATCH else "medium"
    yield Problem(
        mount,
        f"{_source(mount)} on the agent is writable for every task there",
        severity="low" if mount.read_only else severity,
    )


@rule(
    on=Mount,
    severity="medium",
    family="escape",
    refs="CIS-Docker:5.6 NIST:4.4.3 CWE-668 ATTACK:T1611 PSS:baseline",
    unless=before("host-path-mount"),
)
def host_path_mount(mount: Mount, *, allow: tuple[str, ...] = ()) -> Problems:
    """Absolute path of the host mounted.

    It bypasses the sandbox's quota, placement and deletion, and ties the
    service to the state of one agent.

    Instead, use a persistent or external volume.

    Settings:
        allow: Paths that may be mounted; `*` stands for a name, `**` for any number of them.

    Bad (marathon):
        {"id": "/web", "container": {"docker": {"image": "web:1"}, "volumes": [
          {"containerPath": "/data", "hostPath": "/srv/app", "mode": "RW"}]}}

    Good (marathon):
        {"id": "/web", "container": {"docker": {"image": "web:1"}, "volumes": [
          {"containerPath": "data", "mode": "RW", "persistent": {"size": 1024}}]}}
    """
    path = mount.path
    if path is None or paths.is_device(path) or paths.is_benign(path, read_only=mount.read_only):
        return
    if any(paths.matches_glob(path, paths.normalise(pattern)) for pattern in allow):
        return
    severity = "low" if mount.read_only or path == "/dev/log" else None
    yield Problem(
        mount, f"{_source(mount)} of the agent is mounted{_how(mount)}", severity=severity
    )


def _sensitive(mount: Mount, extra: tuple[str, ...]) -> Problems:
    yield from _tabled(mount, lambda path: paths.sensitive_entry(path, extra=extra))


def _tabled(
    mount: Mount, look_up: Callable[[str], paths.Entry | None], *, read_only: str | None = None
) -> Problems:
    """What a table says of the mounted path; `read_only` is the way out where it is so already."""
    if mount.path is None or paths.is_benign(mount.path, read_only=mount.read_only):
        return
    entry = look_up(mount.path)
    if entry is None:
        return
    severity = entry.read if mount.read_only else entry.write
    yield Problem(
        mount,
        f"{_source(mount)} is mounted{_how(mount)}: {entry.why}",
        severity=severity,
        instead=read_only if mount.read_only else None,
    )


def _source(mount: Mount) -> str:
    return mount.source.value.strip()


def _how(mount: Mount) -> str:
    return " read-only" if mount.read_only else " writable"

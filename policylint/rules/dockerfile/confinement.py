"""What a build, and the containers of its image, get to see of the machine that they run on."""

from __future__ import annotations

from functools import cache
from posixpath import normpath
from typing import TYPE_CHECKING

from policylint.detect import paths as known
from policylint.dockerfile.excerpt import Word
from policylint.finding import Problem
from policylint.image import BuildStage, MountPoint, Run, Workdir
from policylint.patterns import regex
from policylint.rule import rule

if TYPE_CHECKING:
    from policylint.dockerfile.scanner import Flag
    from policylint.finding import Problems
    from policylint.image import Statement

_RUNTIMES = ("Docker's", "containerd's", "CRI-O's", "Podman's", "dockershim's", "BuildKit's")
_SYSTEM = ("/proc", "/sys", "/dev", "/boot", "/initrd", "/lost+found")
_SYSTEM_NAMES = tuple([folder[1:] for folder in _SYSTEM])
_DESCRIPTOR = regex(r"(?:proc/(?:self|thread-self|\d+)/(?:task/\d+/)?|dev/)fd/\d+(?:/|\Z)")
# So many relative paths on top of each other are nobody's real file.
_MOST_STEPS = 8


@rule(
    on=Run,
    severity="high",
    family="escape",
    refs="CWE-250 ATTACK:T1611",
    equivalents=("semgrep:run-security-insecure",),
)
def build_insecure_security(run: Run) -> Problems:
    """A command of the build runs without confinement.

    With --security=insecure it has every capability and every device of the machine
    that builds: a package that it installs can take that machine over.

    Instead, build in the sandbox, and find the one thing that does not work in it.

    Bad (dockerfile):
        FROM debian:12.9
        RUN --security=insecure make -C /src
        USER 10001

    Good (dockerfile):
        FROM debian:12.9
        RUN make -C /src
        USER 10001
    """
    flag = _stating(run, "security", "insecure")
    if flag is not None:
        yield Problem(flag.span, "runs with every capability of the machine that builds")


@rule(on=Run, severity="medium", family="escape", refs="CWE-653 CIS-Docker:5.10")
def build_host_network(run: Run) -> Problems:
    """A command of the build runs in the host's network.

    With --network=host it reaches what listens on the loopback address of the machine
    that builds, and every network that this machine is in.

    Instead, use the build's own network, or none.

    Bad (dockerfile):
        FROM debian:12.9
        RUN --network=host make -C /src
        USER 10001

    Good (dockerfile):
        FROM debian:12.9
        RUN --network=none make -C /src
        USER 10001
    """
    flag = _stating(run, "network", "host")
    if flag is not None:
        yield Problem(flag.span, "runs in the network of the machine that builds")


@rule(
    on=MountPoint,
    severity="critical",
    family="escape",
    refs="CIS-Docker:5.32 CWE-250 ATTACK:T1611",
    equivalents=("semgrep:dockerfile-dockerd-socket-mount",),
)
def docker_socket_volume(point: MountPoint) -> Problems:
    """A place is made for the control socket of the container runtime.

    The image asks to be given the socket. Whoever may write to it starts containers
    with every right, so whatever gets hold of the service gets the agent.

    Instead, leave the socket out; to build images, use a builder without a daemon.

    Bad (dockerfile):
        FROM debian:12.9
        VOLUME /var/run/docker.sock
        USER 10001

    Good (dockerfile):
        FROM debian:12.9
        VOLUME /srv/data
        USER 10001
    """
    if not point.path.is_known or not point.path.value.startswith("/"):
        return
    path = known.normalise(point.path.value)
    socket = known.socket_at(path)
    if socket is None or socket.owner not in _RUNTIMES:
        return
    if not socket.is_inside:
        yield Problem(point, f"{path} is {socket.owner} control socket")
    elif point.route == "VOLUME":
        yield Problem(point, f"{path} holds {socket.owner} control socket", severity="medium")


@rule(
    on=MountPoint,
    severity="high",
    family="escape",
    refs="CWE-668",
    equivalents=("DKL-DI-0002",),
)
def sensitive_volume(
    point: MountPoint,
    *,
    paths: tuple[str, ...] = (
        "/", "/dev/**", "/proc/**", "/sys/**", "/etc", "/boot", "/lib", "/usr", "/root",
    ),
) -> Problems:  # fmt: skip
    """A volume lies over a system folder.

    Every container gets a copy of the folder that outlives it, with the accounts and
    programs of the day it was made; over /proc, /sys or /dev it hides the kernel's own.

    Instead, make volumes of the folders that hold data.

    Settings:
        paths: patterns of paths that no volume may lie over

    Bad (dockerfile):
        FROM debian:12.9
        VOLUME ["/etc"]
        USER 10001

    Good (dockerfile):
        FROM debian:12.9
        VOLUME ["/srv/data"]
        USER 10001
    """
    if point.route != "VOLUME" or not point.path.is_known or not point.path.value.startswith("/"):
        return
    path = known.normalise(point.path.value)
    if any(known.matches_glob(path, pattern) for pattern in _normalised(paths)):
        yield Problem(point, f"volume over {normpath(point.path.value)}")


@rule(
    on=Workdir,
    severity="high",
    family="escape",
    refs="CWE-706 ATTACK:T1611",
    equivalents=("DS-0030",),
)
def workdir_in_system_directory(workdir: Workdir, stage: BuildStage) -> Problems:
    """The image works in a folder of the kernel or of the boot loader.

    A relative path then means the kernel's settings or devices. Below /proc/self/fd
    it has led out of the container altogether, by a file that the runtime left open.

    Instead, work in a folder of the service's own.

    Bad (dockerfile):
        FROM debian:12.9
        WORKDIR /proc/self/fd/8
        USER 10001

    Good (dockerfile):
        FROM debian:12.9
        WORKDIR /srv/web
        USER 10001
    """
    path = _absolute(workdir, stage)
    if path is None or workdir.path is None or not any(map(path.__contains__, _SYSTEM_NAMES)):
        return
    plain = known.normalise(path)
    # What leads out goes on with `..`, which is not the way back here.
    if "fd" in path and (_DESCRIPTOR.match(_flat(path)) or _DESCRIPTOR.match(_flat(plain))):
        what = f"{workdir.path.value} may lead out of the container"
        yield Problem(workdir.path, what, severity="critical")
    elif any(known.is_below(plain, folder) for folder in _SYSTEM):
        yield Problem(workdir.path, f"works in {plain}")


@cache
def _normalised(paths: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(map(known.normalise, paths))


def _stating(run: Run, name: str, value: str) -> Flag | None:
    """The flag of a RUN, where it has a value."""
    flag = run.instruction.flag(name) if run.instruction.flags else None
    if flag is None or not flag.value or flag.value_span is None:
        return None
    return flag if run.text(Word(flag.value, flag.value_span)) == value else None


def _absolute(workdir: Workdir, stage: BuildStage) -> str | None:
    """The path of a WORKDIR, with those that it is relative to."""
    path = ""
    current: Statement | None = workdir
    for _ in range(_MOST_STEPS):
        if not isinstance(current, Workdir) or not current.path:
            return None
        path = f"{current.path.value}/{path}" if path else current.path.value
        if path.startswith("/"):
            return path
        if current.stage is None or current.is_trigger:
            return None
        before = current.stage.effective("WORKDIR", current.instruction)
        if before is None:
            return None
        current = stage.every.get(before.start)
    return None


def _flat(path: str) -> str:
    return "/".join(part for part in path.split("/") if part not in ("", "."))

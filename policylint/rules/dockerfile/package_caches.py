"""What package managers leave behind in a layer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from policylint.detect import packages
from policylint.detect.package_settings import is_written
from policylint.finding import Problem
from policylint.image import ApkCommand, PipCommand, Run
from policylint.named import NamedTuple
from policylint.rule import rule
from policylint.rules.dockerfile.hidden_options import may_have
from policylint.rules.dockerfile.word_fixes import added

if TYPE_CHECKING:
    from collections.abc import Iterable

    from policylint.detect.packages import Call, Manager
    from policylint.dockerfile.script import Command
    from policylint.finding import Problems
    from policylint.image import RunCommand


class _Filling(NamedTuple):
    """What fills a cache: verbs of package managers, which go by these names."""

    programs: frozenset[str]
    managers: tuple[Manager, ...]
    verbs: frozenset[str]


def _filling(verbs: Iterable[str], *managers: Manager) -> _Filling:
    programs = frozenset().union(*(manager.programs for manager in managers))
    return _Filling(programs, managers, frozenset(verbs))


_APT = _filling(packages.APT.refreshes, packages.APT)
_YUM = _filling(packages.YUM.installs, packages.YUM)
_DNF = _filling(
    packages.DNF.installs | packages.DNF.upgrades | {"reinstall", "rei"},
    packages.DNF,
    packages.MICRODNF,
)
_ZYPPER = _filling(
    ("install", "in", "remove", "rm", "source-install", "si", "patch"), packages.ZYPPER
)
_YARN = _filling(packages.YARN.installs, packages.YARN)
_APK_OPTIONS = ("--no-cache",)
_PIP_OPTIONS = ("--no-cache-dir", "--no-cache")  # pip takes the short form for the long one
_PIP_VARIABLE = "PIP_NO_CACHE_DIR"
_ON = frozenset(("1", "true", "on", "yes", "t", "y"))


@rule(
    on=Run,
    programs=_APT.programs,
    severity="low",
    family="hygiene",
    equivalents=(
        "DL3009", "DKL-DI-0005", "KICS:Apt Get Install Lists Were Not Deleted",
        "semgrep:remove-package-lists", "semgrep:remove-package-cache",
    ),
)  # fmt: skip
def apt_lists_kept(run: Run) -> Problems:
    """Package lists of apt stay in the layer.

    They are tens of megabytes that every agent pulls, and they age, yet a later apt-get
    install believes them. apt-get clean leaves them where they are.

    Instead, delete /var/lib/apt/lists in the RUN that fetches them, or mount a cache there.

    Bad (dockerfile):
        FROM debian:12.9
        RUN apt-get update && apt-get install -y --no-install-recommends curl=7.88.1-10

    Good (dockerfile):
        FROM debian:12.9
        RUN apt-get update && apt-get install -y --no-install-recommends curl=7.88.1-10 \\
            && rm -rf /var/lib/apt/lists/*
    """
    for call in _kept(run, _APT):
        if _is_shipped(run):
            yield Problem(call, f"{call.command.name} {call.verb} leaves its lists in the layer")


@rule(
    on=ApkCommand,
    severity="low",
    family="hygiene",
    equivalents=(
        "DL3019", "DS-0025", "DKL-DI-0004", "KICS:Apk Add Using Local Cache Path",
        "semgrep:missing-apk-no-cache",
    ),
)  # fmt: skip
def apk_cache_kept(command: ApkCommand, run: Run) -> Problems:
    """apk keeps its index.

    Without --no-cache it installs by whatever index it finds, perhaps an old one of an earlier
    layer, and one that it fetches stays in this layer.

    Instead, add --no-cache, or mount a cache at /var/cache/apk.

    Bad (dockerfile):
        FROM alpine:3.21
        RUN apk add curl=8.11.1-r0

    Good (dockerfile):
        FROM alpine:3.21
        RUN apk add --no-cache curl=8.11.1-r0
    """
    call = packages.read(command.command)
    if call is None or not call.installs or call.has(_APK_OPTIONS):
        return
    if not _is_kept_out(call, run) and not may_have(call.command, run, _APK_OPTIONS):
        yield Problem(call, "apk add without --no-cache", fix=added("--no-cache", call.word, run))


@rule(
    on=Run,
    programs=_YUM.programs,
    severity="low",
    family="hygiene",
    equivalents=("DL3032", "DS-0015", "KICS:Yum Clean All Missing"),
)
def yum_cache_kept(run: Run) -> Problems:
    """Cache of yum stays in the layer.

    Every agent pulls the metadata and packages that only the installation needed.

    Instead, end the RUN with yum clean all, or mount a cache at /var/cache/yum.

    Bad (dockerfile):
        FROM centos:7.9.2009
        RUN yum install -y httpd-2.4.6

    Good (dockerfile):
        FROM centos:7.9.2009
        RUN yum install -y httpd-2.4.6 && yum clean all
    """
    for call in _kept(run, _YUM):
        yield Problem(call, f"no yum clean all behind yum {call.verb}")


@rule(
    on=Run,
    programs=_DNF.programs,
    severity="low",
    family="hygiene",
    equivalents=(
        "DL3040", "DS-0019", "DS-0027", "KICS:Missing Dnf Clean All",
        "semgrep:missing-dnf-clean-all",
    ),
)  # fmt: skip
def dnf_cache_kept(run: Run) -> Problems:
    """Cache of dnf or microdnf stays in the layer.

    Every agent pulls the metadata and packages that only the installation needed.

    Instead, end the RUN with clean all of the same program, or mount a cache at /var/cache/dnf
    (for dnf 5 at /var/cache/libdnf5).

    Bad (dockerfile):
        FROM fedora:41
        RUN dnf install -y httpd-2.4.62

    Good (dockerfile):
        FROM fedora:41
        RUN dnf install -y httpd-2.4.62 && dnf clean all
    """
    for call in _kept(run, _DNF):
        name = call.command.name
        yield Problem(call, f"no {name} clean all behind {name} {call.verb}")


@rule(
    on=Run,
    programs=_ZYPPER.programs,
    severity="low",
    family="hygiene",
    equivalents=(
        "DL3036", "DS-0020", "KICS:Missing Zypper Clean", "semgrep:missing-zypper-clean",
    ),
)  # fmt: skip
def zypper_cache_kept(run: Run) -> Problems:
    """Cache of zypper stays in the layer.

    Every agent pulls the metadata and packages that only the installation needed.

    Instead, end the RUN with zypper clean, or mount a cache at /var/cache/zypp.

    Bad (dockerfile):
        FROM opensuse/leap:15.6
        RUN zypper install -y curl=8.6.0

    Good (dockerfile):
        FROM opensuse/leap:15.6
        RUN zypper install -y curl=8.6.0 && zypper clean
    """
    for call in _kept(run, _ZYPPER):
        yield Problem(call, f"no zypper clean behind zypper {call.verb}")


@rule(
    on=Run,
    severity="low",
    family="hygiene",
    equivalents=(
        "DL3042", "KICS:Pip install Keeping Cached Packages", "semgrep:missing-pip-no-cache-dir",
    ),
)  # fmt: skip
def pip_cache_kept(run: Run) -> Problems:
    """pip keeps what it downloads and builds.

    An image is installed once: nobody ever reads this cache, and every agent pulls it.

    Instead, add --no-cache-dir, or mount a cache at /root/.cache/pip.

    Bad (dockerfile):
        FROM python:3.13
        RUN pip install flask==3.1.0

    Good (dockerfile):
        FROM python:3.13
        RUN pip install --no-cache-dir flask==3.1.0
    """
    if PipCommand not in map(type, run.commands):
        return
    is_off = False
    found: list[Call] = []
    for each in run.commands:
        is_off_here = _states_no_cache(each)
        call = packages.read(each.command) if type(each) is PipCommand else None
        if call is None:
            is_off = is_off or is_off_here
            is_remover = each.command.name in packages.REMOVERS
            if found and is_remover and _tidies(each.command, None, packages.PIP, found[-1], run):
                found.clear()
        elif call.cleans:
            found.clear()
        elif call.installs and not (is_off or is_off_here or call.has(_PIP_OPTIONS)):
            found.append(call)
    if not found or _is_off(run, found[0]):
        return
    for call in found:
        if not _is_kept_out(call, run) and not may_have(call.command, run, _PIP_OPTIONS):
            fix = added("--no-cache-dir", call.word, run)
            yield Problem(call, "pip install without --no-cache-dir", fix=fix)


@rule(on=Run, programs=_YARN.programs, severity="low", family="hygiene", equivalents=("DL3060",))
def yarn_cache_kept(run: Run) -> Problems:
    """Cache of yarn stays in the layer.

    It holds every package a second time, and every agent pulls both.

    Instead, end the RUN with yarn cache clean, or mount a cache at the folder that yarn uses.

    Bad (dockerfile):
        FROM node:22
        RUN yarn install --frozen-lockfile

    Good (dockerfile):
        FROM node:22
        RUN yarn install --frozen-lockfile && yarn cache clean
    """
    for call in _kept(run, _YARN):
        if _is_shipped(run):
            yield Problem(call, "no yarn cache clean behind yarn install")


def _is_shipped(run: Run) -> bool:
    """Whether the layer ends up in the image or in one that is built from it."""
    stage, build = run.stage, run.build
    return stage is None or run.is_trigger or stage is build.final or build.is_built_on(stage)


def _kept(run: Run, filling: _Filling) -> Iterable[Call]:
    """For each manager the last call that fills its cache, unless that is emptied behind it."""
    last: dict[str, Call] = {}
    tidied: set[str] = set()
    for each in run.commands:
        command = each.command
        call = packages.read(command) if command.name in filling.programs else None
        if call is not None and call.verb in filling.verbs:
            if not call.is_trial:
                last[call.manager.name] = call
        elif call is None and command.name not in packages.REMOVERS:
            continue
        elif last or command.in_function:
            for manager in filling.managers:
                if _tidies(command, call, manager, last.get(manager.name), run):
                    last.pop(manager.name, None)
                    if command.in_function:  # what it does, it does when it is called
                        tidied.add(manager.name)
    return [
        call for name, call in last.items() if name not in tidied and not _is_kept_out(call, run)
    ]


def _tidies(
    command: Command, call: Call | None, manager: Manager, filled: Call | None, run: Run
) -> bool:
    """Whether a command empties the cache of a manager, which a call before it has filled."""
    if call is not None:
        return call.manager is manager and call.cleans
    if any(f"{manager.name} cache dir" in word.value for word in command.arguments):
        return True
    return packages.removes(command, manager.caches if filled is None else _folders(filled, run))


def _is_kept_out(call: Call, run: Run) -> bool:
    """Whether the cache is mounted, or in a folder that is."""
    return bool(run.mounts) and packages.mounts_over(run.mounts, _folders(call, run))


def _folders(call: Call, run: Run) -> list[str]:
    """Where the cache of a call may be."""
    manager = call.manager
    folders = [*manager.caches]
    folders += [each.value for each in call.options if each.name in manager.placed and each.value]
    if manager.place is not None:
        folders += [each.value for each in call.command.assignments if each.name == manager.place]
        if run.stage is not None:
            declared = run.stage.variables(run.instruction).declared(manager.place)
            folders += [declared.value] if declared is not None and declared.value else []
    return folders


def _states_no_cache(each: RunCommand) -> bool:
    """Whether a command sets the variable for itself or those that follow."""
    if not each.command.assignments and each.name != "export":
        return False
    stated = [(found.name, found.value) for found in each.command.assignments]
    if each.name == "export":
        stated += [(name, value) for name, _, value in (w.value.partition("=") for w in each.words)]
    return any(name == _PIP_VARIABLE and value.lower() in _ON for name, value in stated)


def _is_off(run: Run, first: Call) -> bool:
    """Whether the stage has switched the cache off, or leaves that to the build."""
    if run.stage is None:
        return False
    declared = run.stage.variables(run.instruction).declared(_PIP_VARIABLE)
    if declared is not None and (declared.value is None or declared.value.lower() in _ON):
        return True
    return is_written(packages.PIP_NO_CACHE, run.build, run.stage, first.at.start)

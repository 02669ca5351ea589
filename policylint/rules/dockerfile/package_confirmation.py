"""Package managers that ask a question nobody answers."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from policylint.detect import packages
from policylint.detect.package_settings import is_written
from policylint.finding import Problem
from policylint.image import AptCommand, RpmCommand
from policylint.rule import rule
from policylint.rules.dockerfile.hidden_options import may_have
from policylint.rules.dockerfile.word_fixes import added

if TYPE_CHECKING:
    from collections.abc import Container, Iterator

    from policylint.detect.packages import Call
    from policylint.dockerfile.script import Command, Redirection, Script
    from policylint.finding import Problems
    from policylint.image import Run, RunCommand

_ZYPPER_ASKS = frozenset(("install", "in", "remove", "rm", "source-install", "si", "patch"))
_WITHOUT_YES = frozenset(("source-install", "si"))  # which have no -y of their own


@rule(
    on=AptCommand,
    severity="medium",
    family="hygiene",
    equivalents=(
        "DL3014", "DS-0021", "KICS:APT-GET Missing '-y' To Avoid Manual Input",
        "semgrep:missing-assume-yes-switch",
    ),
)  # fmt: skip
def apt_get_not_confirmed(command: AptCommand, run: Run) -> Problems:
    """apt-get asks before it installs.

    A build has nobody who answers, so apt-get gives up as soon as a package brings
    another one along: whether the build works depends on what the archive holds that day.

    Instead, add -y.

    Bad (dockerfile):
        FROM debian:12.9
        RUN apt-get update && apt-get install curl

    Good (dockerfile):
        FROM debian:12.9
        RUN apt-get update && apt-get install -y curl
    """
    call = _asking(command, run, packages.APT.installs)
    if call is not None and command.name != "aptitude":
        yield _unconfirmed(call, run)


@rule(
    on=RpmCommand,
    severity="medium",
    family="hygiene",
    equivalents=(
        "DL3030", "KICS:Yum Install Allows Manual Input", "semgrep:missing-yum-assume-yes-switch",
    ),
)  # fmt: skip
def yum_not_confirmed(command: RpmCommand, run: Run) -> Problems:
    """yum asks before it installs.

    A build has nobody who answers, and yum takes silence for a no: the build fails.

    Instead, add -y.

    Bad (dockerfile):
        FROM centos:7.9.2009
        RUN yum install httpd-2.4.6

    Good (dockerfile):
        FROM centos:7.9.2009
        RUN yum install -y httpd-2.4.6
    """
    call = _asking(command, run, packages.YUM.installs)
    if call is not None and call.manager is packages.YUM:
        yield _unconfirmed(call, run)


@rule(
    on=RpmCommand,
    severity="medium",
    family="hygiene",
    equivalents=(
        "DL3038", "KICS:Missing Flag From Dnf Install", "semgrep:missing-dnf-assume-yes-switch",
    ),
)  # fmt: skip
def dnf_not_confirmed(command: RpmCommand, run: Run) -> Problems:
    """dnf asks before it installs.

    A build has nobody who answers, and dnf takes silence for a no: the build fails.
    The same goes for microdnf and tdnf.

    Instead, add -y.

    Bad (dockerfile):
        FROM fedora:41
        RUN dnf install httpd-2.4.62

    Good (dockerfile):
        FROM fedora:41
        RUN dnf install -y httpd-2.4.62
    """
    call = _asking(command, run, packages.DNF.installs)
    if call is not None and call.manager in (packages.DNF, packages.MICRODNF, packages.TDNF):
        yield _unconfirmed(call, run)


@rule(
    on=RpmCommand,
    severity="medium",
    family="hygiene",
    equivalents=("DL3034", "KICS:Missing Zypper Non-interactive Switch"),
)
def zypper_not_confirmed(command: RpmCommand, run: Run) -> Problems:
    """zypper asks before it changes packages.

    A build has nobody who answers, so the build fails, or does not do what it says.

    Instead, add -y, or --non-interactive before the command.

    Bad (dockerfile):
        FROM opensuse/leap:15.6
        RUN zypper install curl=8.6.0

    Good (dockerfile):
        FROM opensuse/leap:15.6
        RUN zypper install -y curl=8.6.0
    """
    call = _asking(command, run, _ZYPPER_ASKS)
    if call is not None and call.manager is packages.ZYPPER:
        yield _unconfirmed(call, run)


def _asking(command: RunCommand, run: Run, verbs: Container[str]) -> Call | None:
    """The call of a package manager by one of these verbs, if it asks and nobody answers."""
    call = packages.read(command.command)
    if call is None or call.verb not in verbs or call.is_trial or call.is_confirmed:
        return None
    if run.script is not None and call.command in _answered(run.script):
        return None
    if may_have(call.command, run, call.manager.confirms):
        return None
    setting = call.manager.confirming
    if setting is not None and is_written(setting, run.build, run.stage, call.at.start):
        return None
    return call


@lru_cache(maxsize=1)
def _answered(script: Script) -> frozenset[Command]:
    """The commands that read something else than the terminal: `yes | …`, `… <<< y`."""
    return frozenset(_reading(script, is_fed=False))


def _reading(script: Script, *, is_fed: bool) -> Iterator[Command]:
    """The commands of a script that are given something to read, by themselves or around them."""
    fed: set[int] = set()
    for pipeline in script.pipelines:
        fed.update(range(pipeline[1], pipeline[-1]))
    for group in script.groups:
        if any(map(_feeds, group.redirections)):
            fed.update(range(group.first, group.end))
    for command in script.commands:
        reads = is_fed or command.index in fed or any(map(_feeds, command.redirections))
        if reads and "xargs" not in command.wrappers:  # which reads it itself
            yield command
        for nested in command.nested:
            yield from _reading(nested, is_fed=reads and nested.kind != "heredoc")


def _feeds(redirection: Redirection) -> bool:
    return redirection.operator[0] == "<" and redirection.target.value != "/dev/null"


def _unconfirmed(call: Call, run: Run) -> Problem:
    has_yes = call.manager is not packages.ZYPPER or call.verb not in _WITHOUT_YES
    fix = added("-y", call.word, run) if has_yes else None
    return Problem(call, f"{call.command.name} {call.verb} without -y", fix=fix)

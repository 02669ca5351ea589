"""Who the processes of an image run as."""

from __future__ import annotations

from typing import TYPE_CHECKING

from policylint.detect.users import is_root
from policylint.finding import Problem
from policylint.image import BuildStage, Run, User
from policylint.rule import rule

if TYPE_CHECKING:
    from policylint.finding import Problems

_WINDOWS_ROOT = "ContainerAdministrator"


@rule(
    on=BuildStage,
    severity="high",
    family="privilege",
    refs="CWE-250 CIS-Docker:4.1",
    equivalents=(
        "DL3002", "DS-0002", "CKV_DOCKER_8", "CIS-DI-0001", "CIS-Docker:4.1",
        "KICS:Last User Is 'root'", "semgrep:last-user-is-root",
    ),
)  # fmt: skip
def image_user_root(stage: BuildStage) -> Problems:
    """Image runs as root.

    Its last USER is root, so whatever gets hold of a process is root inside the
    container, and one mistake away from root on the agent.

    Instead, end the last stage with USER and a number that is not 0.

    Bad (dockerfile):
        FROM debian:12.9
        USER root

    Good (dockerfile):
        FROM debian:12.9
        USER 10001
    """
    last = stage.effective(User) if stage.is_final else None
    user = last.user if last is not None else None
    if user and (is_root(user.value) or user.value == _WINDOWS_ROOT):
        yield Problem(user, f"image runs as {user.value}")


@rule(
    on=Run,
    severity="medium",
    family="privilege",
    refs="CWE-250",
    equivalents=(
        "DL3004", "DS-0010", "CKV2_DOCKER_1", "DKL-DI-0001", "KICS:Run Using Sudo",
        "semgrep:no-sudo-in-dockerfile",
    ),
)  # fmt: skip
def sudo_used(run: Run, *, report_install: bool = False) -> Problems:
    """A command of the build runs through sudo.

    A build runs as root until a USER says otherwise, so sudo adds nothing; what stays
    is a program in the image that raises privileges.

    Instead, leave it out, and put what needs root above the USER.

    Settings:
        report_install: whether the installation of sudo is reported too

    Bad (dockerfile):
        FROM debian:12.9
        RUN sudo install -d /srv/data

    Good (dockerfile):
        FROM debian:12.9
        RUN install -d /srv/data
        USER 10001
    """
    for each in run.commands:
        command = each.command
        if "sudo" in (*command.wrappers, command.name):
            words = command.words[: command.head + 1]
            used = next(word for word in words if word.value.rpartition("/")[2] == "sudo")
            yield Problem(used.span, "sudo in a build")
        elif report_install:
            values = [word.value for word in each.words]
            if "install" in values and "sudo" in values:
                yield Problem(each.words[values.index("sudo")].span, "installs sudo")

"""Who the processes of an image run as."""

from __future__ import annotations

from typing import TYPE_CHECKING

from policylint.detect import accounts, images, nonroot, packages
from policylint.detect.users import is_root
from policylint.dockerfile.variables import references
from policylint.finding import Change, Fix, Problem
from policylint.image import BuildStage, Copy, ImageBuild, Run, User
from policylint.patterns import regex
from policylint.rule import rule
from policylint.source import Span

if TYPE_CHECKING:
    from collections.abc import Iterator

    from policylint.detect.accounts import Opening
    from policylint.dockerfile.script import ShellWord
    from policylint.finding import Problems
    from policylint.image import BaseImage
    from policylint.model import Value

_WINDOWS_ROOT = "ContainerAdministrator"
_OF_WINDOWS = (_WINDOWS_ROOT, "ContainerUser")  # there are no numbers there

# sudo and the blanks behind it, in a shell form or in an exec form.
_SUDO_PACKAGE = regex(r"sudo(?:-\d|[=<>~:/.]|\Z)")
_SUDO_ALONE = regex(r"(?:[\w./-]*/)?sudo[ \t]+|\"(?:[\w./-]*/)?sudo\"[ \t]*,[ \t]*")


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
    root = _root(stage.effective(User)) if stage.is_final else None
    if root is not None:
        yield Problem(root, f"image runs as {root.value}")


@rule(
    on=ImageBuild,
    severity="medium",
    family="privilege",
    refs="CWE-250 CIS-Docker:4.1",
    equivalents=(
        "DS-0002", "CKV_DOCKER_3", "CIS-DI-0001", "CIS-Docker:4.1",
        "KICS:Missing User Instruction", "semgrep:missing-user", "semgrep:missing-user-entrypoint",
    ),
)  # fmt: skip
def image_user_missing(
    build: ImageBuild,
    *,
    nonroot_base_images: tuple[str, ...] = (),
    check_images_known: bool = False,
) -> Problems:
    """Image does not say whom it runs as.

    The base image decides, and nearly all of them run as root: so does whatever
    gets hold of a process.

    Instead, end the last stage with USER and a number that is not 0.

    Settings:
        nonroot_base_images: patterns of base images that run as another user by themselves
        check_images_known: whether images that are known to do so are reported too

    Bad (dockerfile):
        FROM debian:12.9
        CMD ["/usr/bin/web"]

    Good (dockerfile):
        FROM debian:12.9
        USER 10001
        CMD ["/usr/bin/web"]
    """
    if not build.stages or _states_user(build.stages[-1].effective(User)):
        return
    stage = build.stages[-1]
    origin = _origin(stage, build)
    base = origin.base
    if base is None:
        yield Problem(stage, "no USER, so the image runs as root")
    elif not nonroot.runs_as_other_user(
        _reference(base, origin), check_table=not check_images_known, more=nonroot_base_images
    ):
        yield Problem(stage, f"no USER, so {_called(base)} decides")


@rule(
    on=BuildStage,
    severity="low",
    family="privilege",
    refs="CWE-250",
    unless=("image-user-root",),
    equivalents=("DL3002",),
)
def stage_user_root(stage: BuildStage) -> Problems:
    """A stage that is not the image itself ends as root.

    Whatever is built from it later starts as root, and so does the image as soon as
    somebody makes this stage its target.

    Instead, switch back to a number that is not 0 once the work that needs root is done.

    Bad (dockerfile):
        FROM debian:12.9 AS base
        USER root
        RUN install -d /srv/data
        FROM base
        USER 10001

    Good (dockerfile):
        FROM debian:12.9 AS base
        USER root
        RUN install -d /srv/data
        USER 10001
        FROM base
    """
    users = [] if stage.is_final else [*stage.own(User)]
    root = _root(users[-1]) if users else None
    if root is not None:
        yield Problem(root, f"stage ends as {root.value}")


@rule(
    on=User,
    severity="low",
    family="privilege",
    refs="CWE-250",
    equivalents=("DL3066",),
)
def user_not_numeric(user: User, stage: BuildStage, *, final_stage_only: bool = False) -> Problems:
    """USER is a name.

    Which number it stands for is up to a file in the image: a scheduler that forbids
    root cannot tell whether the name is root's.

    Instead, write the number.

    Settings:
        final_stage_only: whether other stages than the last are left alone

    Bad (dockerfile):
        FROM debian:12.9
        USER web

    Good (dockerfile):
        FROM debian:12.9
        USER 10001
    """
    name = user.user
    if not name or name.value in _OF_WINDOWS or (final_stage_only and not stage.is_final):
        return
    if not (name.value.isascii() and name.value.isdigit()) and not _is_argument(user):
        yield Problem(name, f"{name.value} is a name")


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
def sudo_used(
    run: Run, stage: BuildStage, build: ImageBuild, *, report_install: bool = False
) -> Problems:
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
        if command.name == "sudo" or "sudo" in command.wrappers:
            head = command.words[: command.head + 1]
            at = next(
                number for number, word in enumerate(head)
                if word.value.rpartition("/")[2] == "sudo"
            )  # fmt: skip
            fix = _without_sudo(command.words[at : at + 2], run, stage, build)
            yield Problem(head[at].span, "sudo in a build", fix=fix)
        elif report_install:
            call = packages.read(command)
            for word in call.operands if call is not None and call.installs else ():
                if _SUDO_PACKAGE.match(word.value):
                    yield Problem(word.span, "installs sudo")


@rule(
    on=(Run, Copy),
    severity="high",
    family="privilege",
    refs="CWE-306 CWE-250 ATTACK:T1078",
    equivalents=("DKL-LI-0001", "DKL-LI-0002"),
)
def empty_or_open_account(node: Run | Copy) -> Problems:
    """An account is open: no password, a second root, or sudo for everything.

    Whoever gets a shell in the container, or reaches its sshd, is root without having
    to know or to break anything.

    Instead, lock the account, and grant the one command that it needs.

    Bad (dockerfile):
        FROM debian:12.9
        RUN useradd web && passwd -d web
        USER 10001

    Good (dockerfile):
        FROM debian:12.9
        RUN useradd --uid 10001 web
        USER 10001
    """
    if isinstance(node, Copy):
        found = _in_files(node) if node.instruction.heredocs else ()
    else:
        found = accounts.openings(node.script, node.programs) if node.script is not None else ()
    for opening in found:
        yield Problem(opening.span, opening.what)


def _in_files(node: Copy) -> Iterator[Opening]:
    """The accounts that here-documents open once they are files."""
    for heredoc in node.instruction.heredocs:
        path = node.target.value if node.target and node.target.is_known else ""
        file = path + heredoc.name if path.endswith("/") else path
        yield from accounts.openings_in_file(file, heredoc.body)


def _root(user: User | None) -> Value[str] | None:
    """The name of a USER that is root."""
    name = user.user if user is not None else None
    return name if name and (is_root(name.value) or name.value == _WINDOWS_ROOT) else None


def _states_user(user: User | None) -> bool:
    """Whether a USER names somebody, known or not."""
    if user is None or user.user is None:
        return False
    return not user.user.is_known or bool(user.user)


def _origin(stage: BuildStage, build: ImageBuild) -> BuildStage:
    """The stage at which a chain of stages begins."""
    *_, first = stage.stage.chain()
    return build.stages[first.index]


def _reference(base: BaseImage, stage: BuildStage) -> images.Reference:
    """What an image is called; where a variable hides the tag, the rest is known all the same."""
    written = stage.stage.image
    text = base.reference.value if base.reference.is_known else written.text if written else ""
    return images.parse(text)


def _called(base: BaseImage) -> str:
    return base.reference.value if base.reference.is_known else "the base image"


def _is_argument(user: User) -> bool:
    """Whether the name comes from an ARG: whoever builds decides."""
    name, stage, instruction = user.user, user.stage, user.instruction
    if name is None or stage is None or not isinstance(name.at, Span):
        return False
    length = name.at.end - name.at.start
    variables = stage.variables(instruction)
    for each in references(instruction.words[0].text, instruction.escape):
        declared = variables.declared(each.name) if each.start < length else None
        if declared is not None and declared.instruction.name == "ARG":
            return True
    return False


def _without_sudo(
    words: list[ShellWord], run: Run, stage: BuildStage, build: ImageBuild
) -> Fix | None:
    """The command without sudo, where it runs as root anyway."""
    if run.is_trigger or len(words) < 2:
        return None
    sudo, following = words
    start, end = sudo.span.start, following.span.start
    text = build.file.text
    is_plain = not following.value.startswith("-") and "=" not in following.value
    if not is_plain or not _SUDO_ALONE.fullmatch(text, start, end):
        return None
    user = stage.effective(User, run)
    if user is not None:
        is_allowed = is_safe = _root(user) is not None
    else:
        is_allowed, is_safe = _base_is_root(stage)
    if not is_allowed:
        return None
    return Fix("leave sudo out", (Change("text", Span(start, end), ""),), is_safe=is_safe)


def _base_is_root(stage: BuildStage) -> tuple[bool, bool]:
    """Whether what a stage is built from may run as root, and whether it surely does."""
    base = stage.base
    if base is None:
        return True, stage.stage.is_scratch
    reference = _reference(base, stage)
    may_be = not nonroot.runs_as_other_user(reference)
    is_official = "$" not in reference.repository and images.is_official(reference)
    return may_be, may_be and is_official

"""Habits in the commands of a build."""

from __future__ import annotations

from functools import lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING

from policylint.detect.tool_settings import WGET_VALUED
from policylint.dockerfile.variables import expand
from policylint.finding import Change, Fix, Problem
from policylint.image import (
    AccountCommand,
    BuildStage,
    Download,
    FileCommand,
    OnBuild,
    Run,
)
from policylint.rule import rule
from policylint.rules.dockerfile.hidden_options import may_have
from policylint.source import Span

if TYPE_CHECKING:
    from collections.abc import Iterable

    from policylint.dockerfile.script import Command, Option, Redirection, Script
    from policylint.dockerfile.stages import Stage
    from policylint.finding import Problems
    from policylint.image import RunCommand, Statement

# fmt: off
_USERADD_VALUED = frozenset((
    "-A", "-K", "-P", "-R", "-Z", "-b", "-c", "-d", "-e", "-f", "-g", "-G", "-k", "-p", "-s", "-u",
    "--base-dir", "--comment", "--expiredate", "--gid", "--groups", "--home-dir", "--inactive",
    "--key", "--password", "--prefix", "--root", "--selinux-user", "--shell", "--skel", "--uid",
))
# fmt: on
_LONGEST_UID = 5
_QUIET = frozenset((
    "-q", "--quiet", "--no-verbose", "--progress", "-o", "--output-file", "-a",
    "--append-output", "-V", "--version", "-h", "--help",
))  # fmt: skip
_SAME_SHELL = ("substitution", "process")
_SYSTEM_SHELLS = frozenset(("/bin/sh", "/usr/bin/sh"))
_PLAIN_SHELLS = frozenset(("dash", "sh"))
_WITH_BUSYBOX = ("alpine", "busybox")
_FEW_COMMANDS = 2
_LOADERS = frozenset(("curl", "wget"))


@rule(
    on=Run,
    programs=frozenset(("cd",)),
    severity="low",
    family="hygiene",
    equivalents=(
        "DL3003", "DS-0013", "KICS:RUN Instruction Using 'cd' Instead of WORKDIR",
        "semgrep:use-workdir",
    ),
)  # fmt: skip
def cd_instead_of_workdir(run: Run, *, allow_in_subshell: bool = False) -> Problems:
    """A command of the build changes the folder with cd.

    It holds to the end of that RUN only, and a reader has to follow every cd to know where
    the rest happens.

    Instead, name the folder with WORKDIR.

    Settings:
        allow_in_subshell: whether a cd within parentheses or a substitution is left alone

    Bad (dockerfile):
        FROM debian:12.9
        RUN cd /srv/shop && make
        USER 10001

    Good (dockerfile):
        FROM debian:12.9
        WORKDIR /srv/shop
        RUN make
        USER 10001
    """
    if run.is_trigger or run.script is None:
        return
    for script in run.script.scripts():
        is_inside = script.kind in ("substitution", "process")
        for command in script.commands:
            is_left_alone = allow_in_subshell and (is_inside or command.in_subshell)
            if command.name == "cd" and not is_left_alone:
                yield Problem(_name(command), "cd instead of WORKDIR")


@rule(
    on=Run,
    severity="info",
    family="hygiene",
    equivalents=(
        "DL3001", "KICS:Run Utilities And POSIX Commands", "semgrep:nonsensical-command",
    ),
)  # fmt: skip
def pointless_command(
    run: Run,
    *,
    commands: tuple[str, ...] = (
        "free", "ifconfig", "kill", "mount", "nano", "ps", "service", "shutdown", "ssh", "top",
        "vim",
    ),
) -> Problems:  # fmt: skip
    """A command of the build has nothing to do there.

    A build has no services, no terminal and no processes but its own: what such a command
    does is gone when the RUN ends, or it waits for somebody who never comes.

    Instead, leave it out, and start what must run with CMD or ENTRYPOINT.

    Settings:
        commands: the programs that are out of place

    Bad (dockerfile):
        FROM debian:12.9
        RUN service nginx start
        USER 10001

    Good (dockerfile):
        FROM debian:12.9
        USER 10001
        CMD ["nginx", "-g", "daemon off;"]
    """
    if run.programs.isdisjoint(commands):
        return
    for command in run.commands:
        if command.name in commands:
            yield Problem(command, f"{command.name} does nothing that stays in the image")


@rule(
    on=AccountCommand,
    severity="medium",
    family="hygiene",
    refs="CWE-400",
    equivalents=("DL3046",),
)
def useradd_large_uid(command: AccountCommand, run: Run) -> Problems:
    """useradd makes a huge log file for a large user number.

    It writes to /var/log/lastlog at a place that grows with the number: a sparse file of
    gigabytes, which takes up all of them once it is in a layer.

    Instead, give useradd `--no-log-init`.

    Bad (dockerfile):
        FROM debian:12.9
        RUN useradd --uid 1000001 web
        USER 1000001

    Good (dockerfile):
        FROM debian:12.9
        RUN useradd --no-log-init --uid 1000001 web
        USER 1000001
    """
    if command.name != "useradd":
        return
    arguments = command.command.split(_USERADD_VALUED)
    uid = arguments.option("-u", "--uid")
    if uid is None or arguments.option("-l", "--no-log-init") is not None:
        return
    number = _known(uid.value or "", run)
    if number.isdecimal() and len(number.lstrip("0")) > _LONGEST_UID:
        yield Problem(
            uid.value_span or uid.word.span,
            "useradd writes a huge log for a user number of this size",
            fix=_no_log_init(command, run),
        )


@rule(on=Download, severity="info", family="hygiene", equivalents=("DL3047",))
def wget_progress(command: Download, run: Run) -> Problems:
    """wget fills the log of the build with its progress.

    Without a terminal it prints a line for every few kilobytes, and what matters drowns.

    Instead, give it `--progress=dot:giga`, or `-nv`.

    Bad (dockerfile):
        FROM debian:12.9
        RUN wget https://get.example.com/tool
        USER 10001

    Good (dockerfile):
        FROM debian:12.9
        RUN wget --progress=dot:giga https://get.example.com/tool
        USER 10001
    """
    if command.name != "wget":
        return
    options = command.command.split(WGET_VALUED).options
    if any(map(_says_little, options)) or may_have(command.command, run, _QUIET):
        return
    if run.script is None or command.command not in _silenced(run.script):
        yield Problem(command, "wget prints its progress into the log")


@rule(
    on=BuildStage,
    severity="low",
    family="hygiene",
    equivalents=(
        "DL4001", "DS-0014", "KICS:Run Using 'wget' and 'curl'", "semgrep:use-either-wget-or-curl",
    ),
)  # fmt: skip
def wget_and_curl(stage: BuildStage) -> Problems:
    """A stage uses both wget and curl.

    Each has its own options and its own holes, and one of them would do.

    Instead, use one of the two.

    Bad (dockerfile):
        FROM debian:12.9
        RUN wget -q https://get.example.com/tool
        RUN curl -fsSLO https://get.example.com/data
        USER 10001

    Good (dockerfile):
        FROM debian:12.9
        RUN curl -fsSLO https://get.example.com/tool && curl -fsSLO https://get.example.com/data
        USER 10001
    """
    triggers = [each.trigger for each in stage.statements if type(each) is OnBuild]
    for statements in (stage.statements, triggers):
        for command in _second_loaders(statements):
            yield Problem(command, "the stage uses both wget and curl")


@rule(
    on=Run,
    severity="medium",
    family="hygiene",
    refs="CWE-703",
    equivalents=(
        "DL4006", "KICS:Shell Running A Pipe Without Pipefail Flag", "semgrep:set-pipefail",
    ),
)  # fmt: skip
def pipe_without_pipefail(run: Run) -> Problems:
    """A pipe hides the failure of all commands but the last.

    When the download in `curl … | tar x` breaks off, the build goes on with half of it.

    Instead, set `SHELL ["/bin/bash", "-o", "pipefail", "-c"]` above, or begin the RUN with
    `set -o pipefail` where the shell knows it.

    Bad (dockerfile):
        FROM debian:12.9
        RUN curl -fsSL https://get.example.com/tool.tar.gz | tar xz
        USER 10001

    Good (dockerfile):
        FROM debian:12.9
        SHELL ["/bin/bash", "-o", "pipefail", "-c"]
        RUN curl -fsSL https://get.example.com/tool.tar.gz | tar xz
        USER 10001
    """
    stage = run.stage
    if stage is None or run.script is None or "|" not in run.script.text:
        return
    if run.instruction.is_exec or run.instruction.escape != "\\":
        return
    hidden = _hidden_by_pipe(run.script)
    if hidden is None:
        return
    # What ONBUILD runs has the SHELL with which the image ends.
    shell = stage.effective("SHELL", None if run.is_trigger else run.instruction)
    words = [word.text for word in shell.words] if shell is not None else []
    if not (_is_pipefail(words) and _knows_pipefail(words, stage)):
        yield Problem(_name(hidden), "the pipe hides a failure of this command")


@rule(
    on=FileCommand,
    severity="medium",
    family="hygiene",
    equivalents=(
        "DL4005", "KICS:Changing Default Shell Using RUN Command", "semgrep:use-shell-instruction",
    ),
)  # fmt: skip
def shell_replaced_by_link(command: FileCommand) -> Problems:
    """The shell of the system is replaced by a link.

    Scripts of the system are written for the shell that it came with, and the next
    update of that package puts it back.

    Instead, say with SHELL which shell the build uses.

    Bad (dockerfile):
        FROM debian:12.9
        RUN ln -sf /bin/bash /bin/sh
        USER 10001

    Good (dockerfile):
        FROM debian:12.9
        SHELL ["/bin/bash", "-c"]
        USER 10001
    """
    if command.name != "ln":
        return
    operands = command.command.split(("-S", "-t", "--suffix", "--target-directory")).operands
    if len(operands) > 1 and operands[-1].value in _SYSTEM_SHELLS:
        yield Problem(operands[-1].span, f"{operands[-1].value} is replaced by a link")


@rule(
    on=BuildStage,
    severity="info",
    family="hygiene",
    equivalents=("DL3059", "KICS:Multiple RUN, ADD, COPY, Instructions Listed"),
)
def consecutive_run(stage: BuildStage) -> Problems:
    """Two short RUN instructions follow each other.

    Each makes a layer, and what the second removes stays in the first.

    Instead, join them with `&&`.

    Bad (dockerfile):
        FROM debian:12.9
        RUN install -d /srv/shop
        RUN install -d /srv/data
        USER 10001

    Good (dockerfile):
        FROM debian:12.9
        RUN install -d /srv/shop && install -d /srv/data
        USER 10001
    """
    for first, second in pairwise(stage.statements):
        if (
            type(first) is Run
            and type(second) is Run
            and _is_short(first)
            and _is_short(second)
            and _flags(first) == _flags(second)
        ):
            yield Problem(second, "RUN follows a short RUN that it could be joined to")


def _name(command: Command) -> Span:
    """The word that names a program."""
    word = command.name_word
    return word.span if word is not None else command.span


def _known(value: str, run: Run) -> str:
    """A value of an option; empty when it has a variable that nobody knows."""
    if "$" not in value or run.stage is None:
        return value
    return expand(value, run.stage.variables(run.instruction)) or ""


def _no_log_init(command: RunCommand, run: Run) -> Fix | None:
    name = command.command.name_word
    if name is None or name.text != name.value or run.instruction.is_exec:
        return None
    change = Change("text", Span(name.span.end, name.span.end), " -l")
    return Fix("leave the log alone with -l", (change,), is_safe=True)


def _says_little(option: Option) -> bool:
    """Whether an option keeps wget's progress out of the log."""
    # Behind -n stand the letters of what wget shall not do.
    return option.name in _QUIET or (option.name == "-n" and "v" in (option.value or ""))


@lru_cache(maxsize=1)
def _silenced(script: Script) -> frozenset[Command]:
    """The commands of a script whose messages go into a file, as those of a group around them."""
    found: set[Command] = set()
    for inner in script.scripts():
        for group in inner.groups:
            if any(map(_takes_errors, group.redirections)):
                found.update(inner.commands[group.first : group.end])
        found.update(each for each in inner.commands if any(map(_takes_errors, each.redirections)))
    return frozenset(found)


def _takes_errors(redirection: Redirection) -> bool:
    return redirection.descriptor == "2" or redirection.operator in ("&>", "&>>")


def _second_loaders(statements: Iterable[Statement | None]) -> list[RunCommand]:
    """The first download of each RUN from the one on that brings the second program."""
    found: list[RunCommand] = []
    seen: set[str] = set()
    for run in statements:
        if type(run) is not Run or _LOADERS.isdisjoint(run.programs):
            continue
        for command in run.commands:
            if command.name in _LOADERS:
                seen.add(command.name)
                if len(seen) > 1:
                    found.append(command)
                    break
    return found


def _hidden_by_pipe(script: Script) -> Command | None:
    """The first command before a pipe of which the shell does not see the failure."""
    pipelines = {each[0]: each for each in script.pipelines if each[0] < each[1] < each[2]}
    for command in script.commands:
        if command.name == "set" and _is_pipefail([word.value for word in command.words]):
            return None
        pipeline = pipelines.get(command.index)
        if pipeline is not None:
            return script.commands[pipeline[1] - 1]
        for nested in command.nested:
            # Other shells than this one have options of their own.
            hidden = _hidden_by_pipe(nested) if nested.kind in _SAME_SHELL else None
            if hidden is not None:
                return hidden
    return None


def _is_pipefail(words: list[str]) -> bool:
    """Whether words have `-o pipefail`, alone or as in `-euxo pipefail`."""
    return any(
        option[:1] == "-" and option[-1:] == "o" and value == "pipefail"
        for option, value in pairwise(words)
    )


def _knows_pipefail(words: list[str], stage: Stage) -> bool:
    """Whether a shell has the option: `sh` has where it is busybox."""
    name = words[0].rpartition("/")[2]
    if name not in _PLAIN_SHELLS:
        return True
    *_, first = stage.chain()
    image = (first.reference or "").lower()
    return name == "sh" and any(each in image for each in _WITH_BUSYBOX)


def _is_short(run: Run) -> bool:
    return run.script is not None and len(run.script.commands) <= _FEW_COMMANDS


def _flags(run: Run) -> list[tuple[str, str | None]]:
    return [(flag.name, flag.value) for flag in run.instruction.flags]

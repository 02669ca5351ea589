"""How containers of an image start, say that they are well, and stop."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from policylint.detect import signals
from policylint.finding import Change, Fix, Problem
from policylint.image import (
    BuildStage,
    DefaultShell,
    Healthcheck,
    ImageBuild,
    Start,
    StopSignal,
)
from policylint.patterns import regex
from policylint.rule import rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from policylint.dockerfile.excerpt import Word
    from policylint.dockerfile.scanner import Instruction
    from policylint.finding import Finding, Problems
    from policylint.fleet.images import Join

# Words that a shell takes as they are.
_PLAIN = regex(r"[\w@%+:,./-][\w@%+=:,./-]*(?:[ \t]+[\w@%+=:,./-]+)*", re.ASCII)
# What only a shell can run.
_BUILT_IN = frozenset((
    ".", ":", "alias", "bg", "break", "case", "cd", "command", "continue", "declare", "eval",
    "exec", "exit", "export", "fg", "for", "function", "if", "jobs", "let", "local", "read",
    "readonly", "return", "set", "shift", "shopt", "source", "time", "times", "trap", "type",
    "typeset", "ulimit", "umask", "unalias", "unset", "until", "wait", "while",
))  # fmt: skip

_PROPER_JSON = "instead, put the words in double quotes, with commas between them"
_NO_VARIABLES = "instead, write a JSON array, where the words need no shell"


@rule(
    on=ImageBuild,
    severity="low",
    family="availability",
    refs="CIS-Docker:4.6",
    equivalents=(
        "DL3057", "DS-0026", "CKV_DOCKER_2", "CIS-DI-0006", "CIS-Docker:4.6",
        "KICS:Healthcheck Instruction Missing",
    ),
    asks=True,
)  # fmt: skip
def healthcheck_missing(build: ImageBuild, *, every_leaf: bool = False) -> Problems:
    """Image does not say how to find out whether its service is well.

    A process that hangs looks like one that works: the engine keeps it, and requests
    go on to it. The definitions of the services that use the image may check instead,
    where they are there as well.

    Instead, add a HEALTHCHECK that asks the service something it can only answer when
    it works, or HEALTHCHECK NONE where the scheduler checks.

    Settings:
        every_leaf: whether other stages that nothing is built from are judged too

    Bad (dockerfile):
        FROM debian:12.9
        USER 10001
        CMD ["/usr/bin/web"]

    Good (dockerfile):
        FROM debian:12.9
        USER 10001
        HEALTHCHECK CMD ["/usr/bin/web", "--check"]
        CMD ["/usr/bin/web"]
    """
    for stage in _leaves(build) if every_leaf else build.stages[-1:]:
        if stage.effective(Healthcheck) is None:
            yield Problem(stage, "no HEALTHCHECK", question=_checked_by_scheduler)


@rule(on=BuildStage, severity="info", family="availability")
def healthcheck_disabled(stage: BuildStage) -> Problems:
    """Image takes back the health check that it would have.

    That is right where the scheduler checks; where nothing does, a process that hangs
    looks like one that works.

    Instead, state a check of the service's own, unless its definition has one.

    Bad (dockerfile):
        FROM debian:12.9
        HEALTHCHECK NONE
        USER 10001

    Good (dockerfile):
        FROM debian:12.9
        HEALTHCHECK CMD ["/usr/bin/web", "--check"]
        USER 10001
    """
    check = stage.effective(Healthcheck) if stage.is_final else None
    if check is not None and check.is_none:
        yield Problem(check.instruction.words[0].span, "no health check")


@rule(
    on=BuildStage,
    severity="medium",
    family="availability",
    refs="CWE-1164",
    equivalents=("DL3012", "DS-0023", "BuildKit:MultipleInstructionsDisallowed"),
)
def healthcheck_multiple(stage: BuildStage) -> Problems:
    """A stage has several health checks.

    Only the last one counts: the others look as if they did.

    Instead, keep the one that is meant; a script can check several things.

    Bad (dockerfile):
        FROM debian:12.9
        HEALTHCHECK CMD ["/usr/bin/web", "--check"]
        HEALTHCHECK CMD ["/usr/bin/queue", "--check"]
        USER 10001

    Good (dockerfile):
        FROM debian:12.9
        HEALTHCHECK CMD ["/usr/bin/check-all"]
        USER 10001
    """
    return _superfluous(stage, "HEALTHCHECK")


@rule(
    on=BuildStage,
    severity="medium",
    family="hygiene",
    refs="CWE-1164",
    equivalents=(
        "DL4003", "DS-0016", "KICS:Multiple CMD Instructions Listed",
        "BuildKit:MultipleInstructionsDisallowed",
    ),
)  # fmt: skip
def multiple_cmd(stage: BuildStage) -> Problems:
    """A stage has several CMD.

    Only the last one counts: the others look as if they ran, too.

    Instead, keep the one that is meant.

    Bad (dockerfile):
        FROM debian:12.9
        CMD ["/usr/bin/queue"]
        CMD ["/usr/bin/web"]
        USER 10001

    Good (dockerfile):
        FROM debian:12.9
        CMD ["/usr/bin/web"]
        USER 10001
    """
    return _superfluous(stage, "CMD")


@rule(
    on=BuildStage,
    severity="medium",
    family="hygiene",
    refs="CWE-1164",
    equivalents=(
        "DL4004", "DS-0007", "KICS:Multiple ENTRYPOINT Instructions Listed",
        "BuildKit:MultipleInstructionsDisallowed", "semgrep:multiple-entrypoint-instructions",
    ),
)  # fmt: skip
def multiple_entrypoint(stage: BuildStage) -> Problems:
    """A stage has several ENTRYPOINT.

    Only the last one counts: the others look as if they ran, too.

    Instead, keep the one that is meant.

    Bad (dockerfile):
        FROM debian:12.9
        ENTRYPOINT ["/usr/bin/prepare"]
        ENTRYPOINT ["/usr/bin/web"]
        USER 10001

    Good (dockerfile):
        FROM debian:12.9
        ENTRYPOINT ["/usr/bin/prepare", "/usr/bin/web"]
        USER 10001
    """
    return _superfluous(stage, "ENTRYPOINT")


@rule(
    on=Start,
    severity="low",
    family="availability",
    refs="CWE-404",
    equivalents=(
        "DL3025", "BuildKit:JSONArgsRecommended",
        "KICS:Not Using JSON In CMD And ENTRYPOINT Arguments", "semgrep:prefer-json-notation",
    ),
)  # fmt: skip
def shell_form_command(start: Start, stage: BuildStage) -> Problems:
    """The image's command runs in a shell.

    The shell gets the signal to stop and does not hand it on: the service never hears
    of it, and is killed in the middle of its work when the time is up.

    Instead, write the command as a JSON array of its words.

    Bad (dockerfile):
        FROM debian:12.9
        USER 10001
        CMD /usr/bin/web --port 8080

    Good (dockerfile):
        FROM debian:12.9
        USER 10001
        CMD ["/usr/bin/web", "--port", "8080"]
    """
    instruction = start.instruction
    if instruction.is_exec or not instruction.words or stage.effective(DefaultShell) is not None:
        return
    command = instruction.words[0]
    name = instruction.name
    if command.text.startswith("["):
        yield Problem(
            start, f"what {name} has is no JSON, so a shell runs it", instead=_PROPER_JSON
        )
    elif _is_replaced(start):
        yield Problem(
            start, f"{name} runs in a shell, until exec", severity="info", instead=_NO_VARIABLES
        )
    else:
        yield Problem(start, f"{name} runs in a shell", fix=_as_array(start, command))


@rule(on=Healthcheck, severity="info", family="availability", equivalents=("DL3025",))
def shell_form_healthcheck(check: Healthcheck) -> Problems:
    """The health check runs in a shell.

    An image without a shell, such as one from scratch, is never healthy then.

    Instead, write the command as a JSON array of its words.

    Bad (dockerfile):
        FROM debian:12.9
        HEALTHCHECK CMD /usr/bin/web --check
        USER 10001

    Good (dockerfile):
        FROM debian:12.9
        HEALTHCHECK CMD ["/usr/bin/web", "--check"]
        USER 10001
    """
    words = check.instruction.words
    if len(words) > 1 and words[0].text.upper() == "CMD" and not check.instruction.is_exec:
        yield Problem(words[0].span, "the health check runs in a shell")


@rule(on=StopSignal, severity="low", family="availability", refs="CWE-404")
def stop_signal_kill(stop: StopSignal) -> Problems:
    """The service cannot hear that it is to stop.

    No process can heed SIGKILL: requests break off, and data that is not yet written
    is lost. A signal that does not exist stops nothing at all.

    Instead, name the signal that the service stops on, or leave it at SIGTERM.

    Bad (dockerfile):
        FROM debian:12.9
        STOPSIGNAL SIGKILL
        USER 10001

    Good (dockerfile):
        FROM debian:12.9
        STOPSIGNAL SIGQUIT
        USER 10001
    """
    signal = stop.signal
    if signal is None or not signal.is_known:
        return
    if signals.is_kill(signal.value):
        yield Problem(signal, f"{signal.value} leaves no time to stop")
    elif signals.is_stop(signal.value):
        yield Problem(signal, f"{signal.value} only halts the service, until it is killed")
    elif not signals.is_signal(signal.value):
        yield Problem(signal, f"{signal.value} is no signal")


def _checked_by_scheduler(join: Join, finding: Finding) -> list[Problem] | None:
    """Nothing to say where whatever uses the image is checked by its scheduler."""
    uses = join.uses_of(finding.source.path)
    return [] if uses and all(use.is_checked for use in uses) else None


def _leaves(build: ImageBuild) -> Iterator[BuildStage]:
    """The stages that no other is built from, nor takes files from; the last one among them."""
    used: set[int] = set()
    for stage in build.stages:
        parent = stage.stage.parent
        used |= {parent.index} if parent is not None else set()
        used |= {source.stage.index for source in stage.stage.sources if source.stage}
    return (stage for stage in build.stages if stage.stage.index not in used)


def _superfluous(stage: BuildStage, name: str) -> Problems:
    """All but the last instruction of a name."""
    own, waiting = stage.stage.own(name), stage.stage.own("ONBUILD")
    return _replaced(own, waiting, name) if len(own) > 1 or len(waiting) > 1 else iter(())


def _replaced(own: list[Instruction], waiting: list[Instruction], name: str) -> Problems:
    """All but the last instruction of a name; those behind ONBUILD are for themselves."""
    triggers = [each.trigger for each in waiting if each.trigger is not None]
    for equals in (own, [each for each in triggers if each.name == name]):
        for each in equals[:-1]:
            related = ((equals[-1].keyword.span, "this one counts"),)
            yield Problem(
                each.keyword.span, f"a later {name} of the stage replaces this one", related
            )


def _is_replaced(start: Start) -> bool:
    """Whether the shell makes way for the command by `exec`, and runs nothing else."""
    script = start.script
    return (
        script is not None
        and len(script.commands) == 1
        and script.commands[0].wrappers[:1] == ("exec",)
    )


def _as_array(start: Start, command: Word) -> Fix | None:
    """The command as a JSON array, where a shell would make the same words of it."""
    words = command.text.split()
    is_whole = command.span.end - command.span.start == len(command.text)
    if (
        start.is_trigger
        or not is_whole
        or not _PLAIN.fullmatch(command.text)
        or "=" in words[0]
        or words[0] in _BUILT_IN
    ):
        return None
    changes = (Change("text", command.span, json.dumps(words)),)
    return Fix("write the command as a JSON array", changes, is_safe=_stands_alone(start))


def _stands_alone(start: Start) -> bool:
    """Whether no other instruction of the file would see other words than before."""
    stage = start.stage
    if stage is None:
        return False
    if start.instruction.name == "ENTRYPOINT":
        return not stage.own("CMD")  # it was not heeded so far
    entry = stage.effective("ENTRYPOINT")
    return entry is None or not entry.is_exec

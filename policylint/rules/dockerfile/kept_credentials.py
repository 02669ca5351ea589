"""Credentials that programs are told to keep, in files of the image."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from policylint.detect.paths import lineage
from policylint.finding import Problem
from policylint.image import Copy, ImageBuild, Run
from policylint.patterns import regex
from policylint.rule import rule

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from policylint.dockerfile.script import Command, Redirection, Script, ShellWord
    from policylint.finding import Problems

_AWS_KEYS = ("aws_access_key_id", "aws_secret_access_key", "aws_session_token")
_NPM_KEYS = ("_auth", "_authToken", "_password", "npmAuthToken")
_COMPOSER_KEYS = ("bearer", "bitbucket-oauth", "github-oauth", "gitlab-oauth", "gitlab-token",
                  "http-basic")  # fmt: skip
_POETRY_KEYS = ("http-basic", "pypi-token")
# A user and a password in an address, or a variable that stands for both.
_LOGIN = regex(r"https?://(?:[^/@\s:]*:[^/@\s]+|\$(?!\{?\w*user)[^/@\s:]+)@", re.IGNORECASE)

# By their last folder and their name: nothing but credentials is ever in these,
_CREDENTIAL_FILES = (
    ".git-credentials", ".netrc", "_netrc", ".pgpass", ".aws/credentials", "id_dsa", "id_ecdsa",
    "id_ed25519", "id_rsa",
)  # fmt: skip
# and those have some where a text holds such a word.
_FILES_WITH = {
    ".npmrc": regex(r"_(?:auth|password)", re.IGNORECASE),
    ".pypirc": regex(r"password"),
    ".yarnrc.yml": regex(r"npmAuth(?:Token|Ident)"),
    ".docker/config.json": regex(r"\"auth\""),
}
# npm and yarn fill in `${NAME}` themselves, when they run.
_LATER = regex(r"(?:=|:[ \t])[ \t]*[\"']?\$\{")
_WRITERS = frozenset(("base64", "echo", "envsubst", "printf", "sed", "tr"))
# Whatever makes a program forget what it was told, in the same RUN.
_LOGS_OUT = frozenset(("logout", "revoke"))
_UNSETS = frozenset(("--unset", "--unset-all", "delete", "rm", "unset"))
_KEPT_IN = {
    "aws": (".aws",), "docker": (".docker",), "podman": ("auth.json", "containers"),
    "helm": (".config", "registry"), "npm": (".npmrc",), "pnpm": (".npmrc",),
    "yarn": (".npmrc", ".yarnrc", ".yarnrc.yml"), "git": (".gitconfig",),
    "pip": (".pip", ".config", "pip.conf"), "pip3": (".pip", ".config", "pip.conf"),
    "az": (".azure",), "gcloud": (".config", "gcloud"), "composer": ("auth.json", ".composer"),
    "poetry": (".config", "auth.toml"), "gh": (".config", "gh"),
}  # fmt: skip


@rule(
    on=ImageBuild,
    severity="high",
    family="secrets",
    refs="CWE-538 CWE-522 CIS-Docker:4.10",
    equivalents=("DS-0031", "CIS-Docker:4.10"),
)
def credential_command(build: ImageBuild, *, all_stages: bool = False) -> Problems:
    """Credentials configured in the image.

    The program writes them into a file of the layer, and there they stay, even when a
    later instruction deletes it.

    Instead, mount them into the RUN that needs them, by `--mount=type=secret`.

    Settings:
        all_stages: whether stages that are not part of the image are judged too

    Bad (dockerfile):
        FROM node:22.14.0
        ARG NPM_TOKEN
        RUN npm config set //npm.example.com/:_authToken $NPM_TOKEN && npm ci

    Good (dockerfile):
        FROM node:22.14.0
        RUN --mount=type=secret,id=npmrc,target=/root/.npmrc npm ci
    """
    for stage in build.stages if all_stages else build.shipped:
        for statement in stage.unwrapped():
            if type(statement) is Run and statement.script is not None:
                may_configure = not _CONFIGURES.keys().isdisjoint(statement.programs)
                may_write = ">" in statement.script.text or "tee" in statement.programs
                if (may_configure or may_write) and not _mounts_secret(statement):
                    yield from _configured(statement)
                    yield from _written(statement.script, _removed(statement))
            elif type(statement) is Copy and statement.instruction.heredocs:
                yield from _copied(statement)


def _mounts_secret(run: Run) -> bool:
    types = (mount.field("type") for mount in run.mounts)
    return any(each is not None and each.value in ("secret", "ssh") for each in types)


def _removed(run: Run) -> set[str]:
    """What a RUN deletes again, so that its layer does not have it."""
    words = (word.value for each in run.commands if each.name == "rm" for word in each.words)
    return {word.rstrip("*").rstrip("/") for word in words if word[:1] != "-"} - {""}


def _configured(run: Run) -> Problems:
    """The words by which commands hand over credentials that their programs will keep."""
    removed = {path.rpartition("/")[2] for path in _removed(run)}
    undone: set[str] = set()
    found: list[tuple[str, ShellWord]] = []
    for each in reversed(run.commands):
        find = _CONFIGURES.get(each.name)
        if find is None or each.name in undone:
            continue
        if _undoes(each.command) or not removed.isdisjoint(_KEPT_IN.get(each.name, ())):
            undone.add(each.name)
            continue
        word = find(each.command)
        if word is not None:
            found.append((each.name, word))
    for name, word in reversed(found):
        message = f"{name} leaves credentials in the image"
        yield Problem(word.span, message, secret="=" in word.value or "@" in word.value)


def _undoes(command: Command) -> bool:
    """Whether a program forgets what it was told: `npm config delete`, `docker logout`."""
    words = [word.value for word in command.arguments[:3]]
    return not _LOGS_OUT.isdisjoint(words) or ("config" in words and not _UNSETS.isdisjoint(words))


def _has(command: Command, *wanted: str) -> bool:
    """Whether these words stand among the arguments of a command, in this order."""
    values = iter(word.value for word in command.arguments)
    return all(each in values for each in wanted)


def _aws(command: Command) -> ShellWord | None:
    if not _has(command, "configure", "set"):
        return None
    return next((word for word in command.arguments if word.value.endswith(_AWS_KEYS)), None)


def _gcloud(command: Command) -> ShellWord | None:
    if not _has(command, "auth", "activate-service-account"):
        return None
    return next(word for word in command.arguments if word.value == "activate-service-account")


def _az(command: Command) -> ShellWord | None:
    return _with_option(command, ("login",), "-p", "--password", "--federated-token")


def _doctl(command: Command) -> ShellWord | None:
    return _with_option(command, ("auth", "init"), "-t", "--access-token")


def _registry(command: Command) -> ShellWord | None:
    return _with_option(command, ("login",), "-p", "--password")


def _helm(command: Command) -> ShellWord | None:
    return _with_option(command, ("registry", "login"), "-p", "--password")


def _with_option(command: Command, verbs: tuple[str, ...], *names: str) -> ShellWord | None:
    if not _has(command, *verbs):
        return None
    option = command.split((*names, "-u", "--username")).option(*names)
    return option.word if option is not None else None


def _npm(command: Command) -> ShellWord | None:
    if not (_has(command, "config", "set") or _has(command, "set")):
        return None
    for word in command.arguments:
        key = word.value.partition("=")[0]
        if key.rpartition(":")[2] in _NPM_KEYS or _LOGIN.search(word.value):
            return word
    return None


def _in_address(command: Command) -> ShellWord | None:
    """The address with credentials that `git config`, `pip config` or `gem sources` is told."""
    if not any(word.value in ("config", "sources") for word in command.arguments[:3]):
        return None
    return next((word for word in command.arguments if _LOGIN.search(word.value)), None)


def _composer(command: Command) -> ShellWord | None:
    return _with_key(command, _COMPOSER_KEYS)


def _poetry(command: Command) -> ShellWord | None:
    return _with_key(command, _POETRY_KEYS)


def _with_key(command: Command, keys: tuple[str, ...]) -> ShellWord | None:
    operands = command.split().operands
    if len(operands) > 2 and operands[0].value == "config":
        return operands[1] if operands[1].value.partition(".")[0] in keys else None
    return None


def _gh(command: Command) -> ShellWord | None:
    return _with_option(command, ("auth", "login"), "--with-token")


_CONFIGURES: dict[str, Callable[[Command], ShellWord | None]] = {
    "aws": _aws,
    "gcloud": _gcloud,
    "az": _az,
    "doctl": _doctl,
    "docker": _registry,
    "podman": _registry,
    "helm": _helm,
    "npm": _npm,
    "yarn": _npm,
    "pnpm": _npm,
    "git": _in_address,
    "pip": _in_address,
    "pip3": _in_address,
    "gem": _in_address,
    "composer": _composer,
    "poetry": _poetry,
    "gh": _gh,
}


def _written(whole: Script, removed: set[str]) -> Problems:
    """Credentials that a script writes into the files in which programs look for them."""
    for script in whole.scripts():
        for target in _targets(script):
            if _is_kept(target.value, _said(script)) and removed.isdisjoint(lineage(target.value)):
                yield _problem(target.value, target.span)


def _targets(script: Script) -> Iterator[ShellWord]:
    """The files into which a script itself writes texts."""
    for command in script.commands:
        if command.name == "tee":
            yield from command.split().operands
        elif command.name in _WRITERS or (
            command.name == "cat" and any(each.body is not None for each in command.redirections)
        ):
            yield from _outputs(command.redirections)
    for group in script.groups:
        yield from _outputs(group.redirections)


def _outputs(redirections: list[Redirection]) -> list[ShellWord]:
    return [each.target for each in redirections if ">" in each.operator]


def _said(script: Script) -> Iterator[str]:
    """The texts that the commands of a script may write, without what is filled in later."""
    for command in script.commands:
        for word in command.arguments:
            yield _without_later(word.value) if word.literal else word.value
        for each in command.redirections:
            if each.body is not None:
                text, is_literal = each.body.text, each.target.text != each.target.value
                yield _without_later(text) if is_literal else text


def _without_later(text: str) -> str:
    """What is left of a text that no shell fills in without the lines that a program will."""
    return "\n".join([line for line in text.split("\n") if not _LATER.search(line)])


def _copied(copy: Copy) -> Problems:
    """Credentials in here-documents that become such files."""
    target = copy.target
    if target is None or not target.is_known:
        return
    for heredoc in copy.instruction.heredocs:
        path = target.value + heredoc.name if target.value.endswith("/") else target.value
        text = heredoc.body.text
        if _is_kept(path, [text if heredoc.expand else _without_later(text)]):
            yield _problem(path, target.at)


def _is_kept(path: str, texts: Iterable[str]) -> bool:
    """Whether a file is one of credentials, and would have some with one of these texts."""
    folder, _, name = path.rpartition("/")
    names = (name, f"{folder.rpartition('/')[2]}/{name}")
    if any(each in _CREDENTIAL_FILES for each in names):
        return True
    wanted = next((_FILES_WITH[each] for each in names if each in _FILES_WITH), None)
    return wanted is not None and any(map(wanted.search, texts))


def _problem(path: str, at: object) -> Problem:
    name = path.rpartition("/")[2]
    return Problem(at, f"credentials written into {name} stay in the image")

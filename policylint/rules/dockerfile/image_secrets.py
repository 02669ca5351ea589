"""Secrets that a build leaves in the image, or in its history."""

from __future__ import annotations

import re
from bisect import bisect_left
from itertools import chain
from typing import TYPE_CHECKING

from policylint.detect.hints import is_likely, may_name_secret
from policylint.detect.paths import lineage
from policylint.detect.scripts import secrets_handed, take_secrets
from policylint.detect.secret_words import (
    entropy,
    is_build_secret,
    is_dummy,
    is_harmless_name,
    is_literal_secret,
    is_secret_name,
)
from policylint.detect.tool_settings import assignments
from policylint.dockerfile.shell import SHELLS
from policylint.dockerfile.variables import references
from policylint.finding import Problem
from policylint.image import (
    AccountCommand,
    BuildVar,
    Copy,
    Healthcheck,
    ImageBuild,
    ImageLabels,
    Run,
    Start,
    Variables,
)
from policylint.model import UNKNOWN
from policylint.named import NamedTuple
from policylint.patterns import regex
from policylint.rule import rule

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from policylint.dockerfile.excerpt import Excerpt, Word
    from policylint.dockerfile.script import Command, Script, ShellWord
    from policylint.finding import Problems
    from policylint.image import ImageLabel, Statement
    from policylint.source import Span

_SUBSTRINGS = ("api_key", "client_key", "pass", "private", "secret", "token", "username", "access")
_ARGUMENT_SUBSTRINGS = ("api", "auth", "cert", "key")

_WITH_NAMES = frozenset((Healthcheck, ImageLabels, Run, Start, Variables))
_SECRETS_FOLDERS = ("/run/secrets/", "/var/run/secrets/")
_FINGERPRINT = regex(r"(?:0x)?(?:[0-9A-Fa-f]{8}|[0-9A-Fa-f]{16}|[0-9A-Fa-f]{40})")
_SETTING = regex(
    r"(?:^|\\n)[ \t]*(?:export[ \t]+)?(?P<name>[A-Za-z_][\w.-]*)[ \t]*=[ \t]*"
    r"[\"']?(?P<value>[^\s\"'#;\\]+)(?=[\"']?[ \t]*(?:$|\r|\\n))",
    re.MULTILINE,
)
_HASH = regex(r"\$[0-9a-z]{1,3}\$.*", re.DOTALL)
_OWN_HOSTS = ("localhost", "127.0.0.1", "0.0.0.0", "[::1]")  # noqa: S104 (nobody listens here)

_ADDS_USERS = frozenset({
    "-b", "-c", "-d", "-e", "-f", "-g", "-G", "-k", "-K", "-l", "-p", "-R", "-P", "-s", "-u", "-Z",
    "--password",
})  # fmt: skip
_NO_PASSWORD = regex(r"[!*x]*")

_VARIABLE = regex(r"\$\{?(\w+)")
_COPIERS = ("cp", "dd", "install", "mv", "rsync")
_FILTERS = frozenset((
    "awk", "base64", "cat", "envsubst", "head", "jq", "sed", "sort", "tail", "tee", "tr", "yq",
))  # fmt: skip
_SUBSTITUTED = regex(r"[\"']?(?:\$\(|`)")
_PASSING = ("/dev", "/proc", "/tmp", "/var/tmp", "/run/secrets")  # noqa: S108 (what we look for)


class _Secret(NamedTuple):
    """A secret in words, where it stands, and how bad it is when that is not the usual."""

    what: str
    span: Span
    severity: str | None = None


@rule(
    on=BuildVar,
    severity="high",
    family="secrets",
    refs="CWE-538 CWE-522 CIS-Docker:4.10 NIST:4.1.4 ATTACK:T1552.001",
    equivalents=(
        "BuildKit:SecretsUsedInArgOrEnv", "DS-0031", "DL3064", "CIS-DI-0010", "CIS-Docker:4.10",
        "semgrep:secret-in-build-arg", "KICS:Secrets Stored In Dockerfile",
    ),
)  # fmt: skip
def secret_in_env_or_arg(
    variable: BuildVar, *, extra_keys: tuple[str, ...] = (), allowed_keys: tuple[str, ...] = ()
) -> Problems:
    """Secret handed to a build by ARG or ENV.

    Both stay with the image: `docker history` shows the arguments of a build to everybody
    who pulls it, and ENV is set in every container of it.

    Instead, mount it into the RUN that needs it, by `--mount=type=secret`, and give it to the
    container when that starts.

    Settings:
        extra_keys: further names of variables that hold secrets
        allowed_keys: names that hold none, whatever they sound like

    Bad (dockerfile):
        FROM node:22.14.0
        ARG NPM_TOKEN
        RUN npm ci

    Good (dockerfile):
        FROM node:22.14.0
        RUN --mount=type=secret,id=npm,env=NPM_TOKEN npm ci
    """
    name = variable.name.value
    if name is UNKNOWN or not (name in extra_keys or is_build_secret(name)):
        return
    if not _leads_to_secret(variable) and (name in extra_keys or name not in allowed_keys):
        where = "is in the image's history" if variable.kind == "ARG" else "is set in the image"
        yield Problem(variable, f"{variable.kind} {name} {where}, for everybody who pulls it")


@rule(
    on=BuildVar,
    severity="medium",
    family="secrets",
    confidence="low",
    refs="CWE-538",
    unless=("secret-in-env-or-arg",),
    equivalents=("DL3064", "CIS-DI-0010", "semgrep:secret-in-build-arg"),
)
def credential_like_env_or_arg(
    variable: BuildVar, *, substrings: tuple[str, ...] = _SUBSTRINGS
) -> Problems:
    """Name of an ARG or ENV sounds like a credential.

    What it is set to stays in the image or its history. The name alone proves nothing: this
    rule casts a wider net than secret-in-env-or-arg does, and brings in other fish.

    Instead, mount secrets into the RUN that needs them, and give others a name that
    says what they are.

    Settings:
        substrings: what such a name contains, in any case

    Bad (dockerfile):
        FROM node:22.14.0
        ARG registryusername
        RUN npm ci

    Good (dockerfile):
        FROM node:22.14.0
        RUN --mount=type=secret,id=registry npm ci
    """
    name = variable.name
    if not name.is_known:
        return
    plain = name.value.lower()
    found = next(filter(plain.__contains__, substrings), None)
    if substrings is not _SUBSTRINGS:
        found = next((each for each in substrings if each.lower() in plain), None)
    elif found is None and variable.kind == "ARG":
        found = next(filter(plain.__contains__, _ARGUMENT_SUBSTRINGS), None)
    if found is None or is_harmless_name(name.value) or _leads_to_secret(variable):
        return
    yield Problem(variable, f'{variable.kind} {name.value} sounds like a credential: "{found}"')


@rule(
    on=ImageBuild,
    severity="critical",
    family="secrets",
    refs="CWE-798 CWE-540 CIS-Docker:4.10 NIST:4.1.4 ATTACK:T1552.001",
    equivalents=(
        "KICS:Secrets Stored In Dockerfile", "KICS:Passwords And Secrets", "CIS-DI-0010",
        "CIS-Docker:4.10",
    ),
)  # fmt: skip
def secret_value(
    build: ImageBuild, *, patterns: tuple[str, ...] = (), min_entropy: float = 2.5
) -> Problems:
    """Secret written into a Dockerfile.

    Everybody who reads the repository or pulls the image has it, and it stays in the
    history of both when the line is gone.

    Instead, revoke it at once, and mount a new one into the RUN that needs it, by
    `--mount=type=secret`.

    Settings:
        patterns: regular expressions of secrets of your own
        min_entropy: bits of information in each character, below which a value that is known
            by its name alone counts as an example

    Bad (dockerfile):
        FROM debian:12.9
        ENV DB_PASSWORD=hunter2hunter2

    Good (dockerfile):
        FROM debian:12.9
        ENV DB_PASSWORD_FILE=/run/secrets/db
    """
    expressions = [re.compile(pattern) for pattern in patterns]
    may_expose = is_likely(_said(build))
    is_searched = may_expose or bool(expressions)
    statements = build.statements()
    if not is_searched:
        statements = [
            each for each in statements if type(each) in _WITH_NAMES or each.instruction.heredocs
        ]
    may_name = may_name_secret("\n".join(map(_script_of, statements)))
    for statement in statements:
        found = _under_names(statement, build.file.escape, min_entropy, may_name=may_name)
        if is_searched:
            in_text = _in_text(statement, expressions, min_entropy, may_expose=may_expose)
            found = [*in_text, *found]
        for secret in _apart(found) if found else ():
            message = f"{secret.what}, for everybody who reads this"
            yield Problem(secret.span, message, severity=secret.severity, secret=True)


@rule(
    on=AccountCommand,
    severity="high",
    family="secrets",
    refs="CWE-798 CWE-259",
    equivalents=("CKV2_DOCKER_17",),
)
def password_set_in_build(command: AccountCommand) -> Problems:
    """Password of an account set in a build.

    It is the same in every container, its hash is in the image, and often the password
    itself is in the history.

    Instead, leave accounts without a password: nobody has to log in to a container.

    Bad (dockerfile):
        FROM debian:12.9
        RUN echo 'web:hunter2hunter2' | chpasswd

    Good (dockerfile):
        FROM debian:12.9
        RUN useradd --uid 10001 web
        USER 10001
    """
    name = command.name
    if name == "chpasswd":
        yield Problem(command, "chpasswd sets a password in the image")
    elif name == "passwd":
        arguments = command.command.split()
        option = arguments.option("--stdin")
        if option is not None:
            yield Problem(option.word.span, "passwd --stdin sets a password in the image")
        elif not arguments.options and _is_fed(command.command):
            yield Problem(command, "passwd sets a password in the image")
    elif name in ("useradd", "usermod"):
        if not any(word.value[:1] == "-" and "p" in word.value for word in command.words):
            return
        option = command.command.split(_ADDS_USERS).option("-p", "--password")
        if option is not None and option.value and not _NO_PASSWORD.fullmatch(option.value):
            is_joined = option.value_span is None or _overlap(option.value_span, option.word.span)
            message = f"{name} {option.name} sets a password in the image"
            yield Problem(option.word.span, message, secret=is_joined)


@rule(
    on=Run,
    severity="high",
    family="secrets",
    refs="CWE-538 CWE-522",
)
def secret_mount_leaked(run: Run) -> Problems:
    """Mounted secret copied into the image.

    The mount is gone when the command ends, the copy is not: everybody who pulls the
    image has it.

    Instead, use the file where it is mounted, or mount it where the program looks for it.

    Bad (dockerfile):
        FROM node:22.14.0
        RUN --mount=type=secret,id=npmrc cp /run/secrets/npmrc /root/.npmrc && npm ci

    Good (dockerfile):
        FROM node:22.14.0
        RUN --mount=type=secret,id=npmrc,target=/root/.npmrc npm ci
    """
    if not run.mounts or run.script is None:
        return
    secrets, mounted, variables = _mounted(run)
    if not (secrets or variables):
        return
    passing = {*_PASSING, *mounted}
    removed = _removed(run)
    variables |= _assigned(run.script, secrets)
    for script in run.script.scripts():
        for command, target in chain(_copies(script, secrets), _told(script, secrets, variables)):
            value = target.value.removeprefix("of=").rstrip("/")
            is_elsewhere = value[:1] == "$" and not value.startswith(("$HOME", "${HOME}"))
            if is_elsewhere or value in removed:
                continue
            if passing.isdisjoint(lineage(value)):
                message = f"{command.name} leaves the mounted secret in the image"
                yield Problem(target.span, message)


def _is_fed(command: Command) -> bool:
    """Whether a command reads what another writes, or what stands in a file."""
    is_behind_pipe = command.connector in ("|", "|&")
    return is_behind_pipe or any(each.operator[:1] == "<" for each in command.redirections)


def _leads_to_secret(variable: BuildVar) -> bool:
    """Whether a variable only says where a secret is mounted."""
    value = variable.value
    return value is not None and value.is_known and value.value.startswith(_SECRETS_FOLDERS)


def _said(build: ImageBuild) -> str:
    """All that a build reads of a file: each instruction in one line, and here-documents."""
    lines = []
    for each in build.file.instructions:
        lines.append(each.excerpt.text)
        for heredoc in (each.trigger or each).heredocs:
            lines.append(heredoc.body.text)
    return "\n".join(lines)


def _apart(secrets: list[_Secret]) -> Iterator[_Secret]:
    """The secrets of a statement without those that lie over an earlier one."""
    taken: list[Span] = []  # in order, so that neighbours alone can overlap
    for secret in secrets:
        at = bisect_left(taken, secret.span)
        if not any(_overlap(secret.span, other) for other in taken[max(at - 1, 0) : at + 1]):
            taken.insert(at, secret.span)
            yield secret


def _in_text(
    statement: Statement,
    expressions: Collection[re.Pattern[str]],
    min_entropy: float,
    *,
    may_expose: bool,
) -> Iterator[_Secret]:
    """The secrets of a statement that are known by what they look like."""
    instruction = statement.instruction
    for excerpt in (instruction.line, *(each.body for each in instruction.heredocs)):
        if may_expose and is_likely(excerpt.text):
            yield from _by_form(excerpt, min_entropy)
        for expression in expressions:
            for match in expression.finditer(excerpt.text):
                if match.group():
                    yield _Secret(
                        "holds what the policy knows as a secret", excerpt.span(*match.span())
                    )


def _by_form(excerpt: Excerpt, min_entropy: float) -> Iterator[_Secret]:
    """Secrets that are known by what they look like."""
    from policylint.detect.credentials import exposed, is_sample, logins
    from policylint.detect.passwords import is_default

    for what, start, end, severity in exposed(excerpt.text):
        yield _Secret(f"holds {what}", excerpt.span(start, end), severity)
    for login in logins(excerpt.text):
        is_local = login.host in _OWN_HOSTS and is_default(login.password, (login.user,))
        if not (is_sample(login) or is_local or _is_dull(login.password, min_entropy)):
            end = login.start + len(login.password)
            yield _Secret("a URL holds a password", excerpt.span(login.start, end))


def _script_of(statement: Statement) -> str:
    """The text of a statement that a shell reads."""
    script = getattr(statement, "script", None)
    return script.text if script is not None else ""


def _under_names(
    statement: Statement, escape: str, min_entropy: float, *, may_name: bool
) -> list[_Secret]:
    """The secrets of a statement that are known by their names."""
    if type(statement) is Variables:
        return _in_values(statement.variables, escape, min_entropy)
    if type(statement) is ImageLabels:
        return _in_values(statement.labels, escape, min_entropy)
    if type(statement) is Run or type(statement) is Start or type(statement) is Healthcheck:
        script = statement.script
        if script is not None and (may_name or _may_take_secret(statement)):
            return [*_in_script(script, min_entropy), *_in_printed(script, min_entropy)]
    if type(statement) is Copy:
        bodies = (heredoc.body for heredoc in statement.instruction.heredocs)
        return [found for body in bodies for found in _in_lines(body, min_entropy)]
    return []


def _may_take_secret(statement: Run | Start | Healthcheck) -> bool:
    """Whether a program is run that has options of its own for passwords."""
    if type(statement) is Run:
        return take_secrets(statement.programs)
    script = statement.script
    return script is not None and take_secrets({command.name for command in script.walk()})


def _in_script(script: Script, min_entropy: float) -> list[_Secret]:
    """Literal values under the names of secrets, in commands."""
    return [
        _Secret(f"{handed.name} holds a secret", handed.span)
        for handed in secrets_handed(script)
        if is_literal_secret(handed.value) and not _is_dull(handed.value, min_entropy)
    ]


def _in_printed(script: Script, min_entropy: float) -> Iterator[_Secret]:
    """Literal values under the names of secrets, in what a script prints."""
    for command in script.walk():
        if command.name in ("echo", "printf"):
            for word in command.arguments:
                if "=" in word.value:
                    yield from _in_lines(word.content, min_entropy)
        for each in command.redirections:
            if each.body is not None and command.name not in SHELLS:
                yield from _in_lines(each.body, min_entropy)


def _in_lines(text: Excerpt, min_entropy: float) -> Iterator[_Secret]:
    """Literal values under the names of secrets, in the text of a file: `NAME=value`."""
    for line in _SETTING.finditer(text.text):
        name, value = line["name"], line["value"]
        # Words such as `required` are settings of their own.
        if any(map(str.isdigit, value)) and "$" not in value and is_secret_name(name):
            if is_harmless_name(name) or not is_literal_secret(value, name):
                continue
            if not _is_dull(value, min_entropy):
                yield _Secret(f"{name} holds a secret", text.span(*line.span("value")))


def _in_values(
    members: Sequence[BuildVar | ImageLabel], escape: str, min_entropy: float
) -> list[_Secret]:
    """Literal values of variables or labels with the names of secrets."""
    found = []
    for member in members:
        name = member.name.value
        if name is not UNKNOWN and is_secret_name(name):
            written = _written_secret(member, escape, min_entropy)
            if written is not None:
                found.append(_Secret(f"{name} holds a secret", written.span))
    return found


def _written_secret(member: BuildVar | ImageLabel, escape: str, min_entropy: float) -> Word | None:
    """The value of a variable or label with the name of a secret, where it is one itself."""
    name, value, written = member.name.value, member.value, member.pair.value
    if written is None or value is None or not value.is_known or is_harmless_name(name):
        return None
    if not is_literal_secret(value.value, name) or _is_dull(value.value, min_entropy):
        return None
    is_fingerprint = "signing" in name.lower() and _FINGERPRINT.fullmatch(value.value)
    return None if is_fingerprint or references(written.text, escape) else written


def _is_dull(value: str, min_entropy: float) -> bool:
    """Whether a value is no secret: an example, the hash of one, or too simple to be one."""
    return is_dummy(value) or entropy(value) < min_entropy or bool(_HASH.fullmatch(value))


def _overlap(span: Span, other: Span) -> bool:
    return span.start < other.end and other.start < span.end


def _removed(run: Run) -> set[str]:
    """What a RUN deletes again, so that its layer does not have it."""
    return {
        word.value.rstrip("/") for each in run.commands if each.name == "rm" for word in each.words
    }


def _mounted(run: Run) -> tuple[set[str], list[str], set[str]]:
    """Where a RUN mounts secrets, where it mounts anything, and the variables with secrets."""
    secrets: set[str] = set()
    mounted: list[str] = []
    variables: set[str] = set()
    for mount in run.mounts:
        kind, target = mount.field("type"), mount.field("target", "dst", "destination")
        is_secret = kind is not None and kind.value == "secret"
        path = target.value if target is not None else None
        variable = mount.field("env") if is_secret else None
        if variable is not None and variable.value:
            variables.add(variable.value)
        elif path is None and is_secret:
            name = mount.field("id")
            path = f"/run/secrets/{name.value}" if name is not None and name.value else None
        if path:
            mounted.append(path.rstrip("/"))
            if is_secret:
                secrets.add(path)
    return secrets, mounted, variables


def _copies(script: Script, secrets: set[str]) -> Iterator[tuple[Command, ShellWord]]:
    """The commands of a script that copy a secret, and where they put it."""
    for command in script.commands:
        if not _reads(command, secrets):
            continue
        if command.name in _COPIERS:
            target = _target(command)
            if target is not None:
                yield command, target
        else:
            for target in _outputs(command):
                yield command, target
    for producers, consumers in script.pipes():
        if any(each.name in _FILTERS and _reads(each, secrets) for each in producers):
            for command in consumers:
                for target in _outputs(command):
                    yield command, target


def _told(
    script: Script, secrets: set[str], variables: set[str]
) -> Iterator[tuple[Command, ShellWord]]:
    """The commands that print a secret which a variable or `$(cat ...)` holds, into a file."""
    for command in script.commands:
        if command.name in ("echo", "printf") and (
            _tells(command, secrets)
            or any(not variables.isdisjoint(_named(word)) for word in command.arguments)
        ):
            for target in _written_to(command):
                yield command, target


def _assigned(script: Script, secrets: set[str]) -> set[str]:
    """The variables that a script gives the text of a secret: `X=$(cat /run/secrets/x)`."""
    return {
        each.name
        for command in script.walk()
        for each in assignments(command)
        if _SUBSTITUTED.match(each.value) and _tells(command, secrets)
    }


def _tells(command: Command, secrets: set[str]) -> bool:
    """Whether a command is given the text of a secret: `$(cat file)`, `$(< file)`."""
    return any(
        (inner.name in _FILTERS or not inner.name) and _reads(inner, secrets)
        for nested in command.nested
        for inner in nested.commands
    )


def _named(word: ShellWord) -> list[str]:
    """The variables in a word."""
    return [] if word.literal else _VARIABLE.findall(word.text)


def _target(command: Command) -> ShellWord | None:
    """Where `cp` and its like put what they are given."""
    words = command.arguments
    if command.name == "dd":
        return next((word for word in words if word.value.startswith("of=")), None)
    for at, word in enumerate(words[:-1]):
        if word.value in ("-t", "--target-directory"):
            return words[at + 1]
    operands = command.split(("-g", "-m", "-o", "-t")).operands
    return operands[-1] if len(operands) > 1 else None


def _reads(command: Command, secrets: set[str]) -> bool:
    sources = [word.value.removeprefix("if=") for word in command.arguments]
    sources += [each.target.value for each in command.redirections if each.operator == "<"]
    return any(
        each in secrets or each == "/run/secrets" or each.startswith("/run/secrets/")
        for each in sources
    )


def _outputs(command: Command) -> Iterator[ShellWord]:
    """The files into which `cat`, `tee` and filters write what they read."""
    if command.name == "tee":
        yield from command.split().operands
    if command.name in _FILTERS:
        yield from _written_to(command)


def _written_to(command: Command) -> Iterator[ShellWord]:
    """The files into which the shell puts what a command prints."""
    for each in command.redirections:
        if each.operator in (">", ">>", ">|"):
            yield each.target

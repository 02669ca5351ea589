"""What shell scripts do that they should not: run downloads, open back doors, trust anybody."""

from __future__ import annotations

import re
from itertools import chain, pairwise
from typing import TYPE_CHECKING

from policylint.detect.hints import may_name_secret
from policylint.detect.secret_words import is_secret_name
from policylint.detect.tls import is_switched_off, is_trusting
from policylint.detect.tool_settings import CURL_VALUED, WGET_VALUED, assignments, of_command
from policylint.dockerfile.shell import SHELLS, only_checks, reads_script
from policylint.named import NamedTuple
from policylint.patterns import regex

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from policylint.dockerfile.script import Command, Redirection, Script, ShellWord
    from policylint.source import Span


class Deed(NamedTuple):
    """Something that a script does, in words, and the words of it that say so.

    `hosts` are those that the command talks to, as far as its arguments tell.
    """

    what: str
    span: Span
    hosts: tuple[str, ...] = ()


class Handed(NamedTuple):
    """A secret in the arguments of a command: under which name, for whom, and what it is."""

    name: str
    value: str
    span: Span
    user: str = ""


class Executed(NamedTuple):
    """A command that runs what others write, and these."""

    runner: Command
    sources: list[Command]


_DOWNLOADERS = frozenset({"curl", "fetch", "wget"})
_NETWORK = frozenset({"nc", "nc.openbsd", "nc.traditional", "ncat", "netcat", "openssl", "telnet"})
_NETCATS = _NETWORK - {"openssl", "telnet"}
_NETCAT_VALUED = ("-e", "-c", "-i", "-p", "-q", "-s", "-w", "--exec", "--sh-exec", "--lua-exec")

# These stop what has no signature of somebody they know.
_VERIFIERS = frozenset({"cosign", "gpg", "gpg2", "gpgv", "minisign", "signify"})

# These write what they are given.
_REPEATERS = frozenset({"", "cat", "echo", "printf", *SHELLS})

# Interpreters, and the letters of the options behind which their program stands.
_INTERPRETERS = {"python": "cm", "perl": "eEnp", "ruby": "enp", "node": "ep", "php": "rBRFf"}
_INTERPRETER = regex(r"(python|perl|ruby|node|php)(?:js)?[\d.]*")
_ONE_LINERS = regex(r"(?:python|perl|ruby|node|php|lua|awk|gawk|mawk)(?:js)?[\d.]*")
_CONNECTS = regex(r"socket|fsockopen|net\.connect|require\(.net.\)|/inet/tcp", re.IGNORECASE)
_HANDS_OVER = regex(r"dup2|pty\.spawn|/(?:ba|da|k|z|a)?sh\b|\|&")
_SHELL_ADDRESS = regex(
    r"(?:EXEC|SYSTEM):[\"']?(?:[^\s\"':,]*/)?(?:ba|da|k|z|a)?sh\b", re.IGNORECASE
)
_SOCKET = regex(r"/dev/(?:tcp|udp)/")
_BLOB = regex(r"[A-Za-z0-9+/]{16,}={0,2}")

_HOST = regex(r"(?:[a-z][a-z0-9+.-]*://)?(?:[^/@\s]*@)?(\[[^\]]*\]|[^/:?#\s]+)", re.IGNORECASE)
_OPTION = regex(r"-(?:-?|D)([A-Za-z][\w.-]*)(?:=(.*))?", re.DOTALL)
_SECRET_OPTION = regex(
    r"(?:^|[_.-])(?:pass|passwd|password|passphrase|token|secret|api[_-]?key|access[_-]?key"
    r"|secret[_-]?key|secret[_-]access[_-]key|client[_-]secret|auth[_-]?token)$"
    r"|(?:pass|key|trust)?(?:store)?(?:password|passwd|passphrase)$|(?:key|store)pass$",
    re.IGNORECASE,
)
_CAMEL = regex(r"(?<=[a-z0-9])(?=[A-Z])")
# Options of single programs: a password behind it, or joined to it, or a user and a password.
_PASSWORD_OPTIONS = {
    "sshpass": "-p", "redis-cli": "-a", "mongo": "-p", "mongosh": "-p", "mongodump": "-p",
    "mongorestore": "-p", "sqlcmd": "-P", "ldapadd": "-w", "ldapmodify": "-w", "ldapsearch": "-w",
}  # fmt: skip
_DATABASES = ("mysql", "mariadb")
_CLIENT = regex(r"[\w-]+")
_REGISTRY_CLIENTS = frozenset({
    "az", "buildah", "crane", "docker", "helm", "nerdctl", "oras", "podman", "skopeo",
})  # fmt: skip
_LOGIN_OPTIONS = {
    "curl": ("-u", "-U", "--user", "--proxy-user"), "http": ("-a", "--auth"),
    "https": ("-a", "--auth"), "ab": ("-A", "-P"),
}  # fmt: skip
_LOGIN_LETTERS = frozenset("uUaAP")  # one is in each of these options
_KEEPERS = ("aws", "npm", "pnpm", "yarn")
_TAKES_SECRETS = frozenset((*_PASSWORD_OPTIONS, *_REGISTRY_CLIENTS, *_LOGIN_OPTIONS))
_AUTHORIZATION = regex(r"\bauthorization:\s*(?:basic|bearer|token)\s+(\S+)", re.IGNORECASE)


def executions(script: Script) -> Iterator[Executed]:
    """Whatever runs the output of other commands: `… | sh`, `sh <(…)`, `eval $(…)`."""
    for inner in script.scripts():
        for pipeline in inner.pipelines:
            first = pipeline[0]
            for middle, end in pairwise(pipeline[1:]):
                for command in inner.commands[middle:end]:
                    if _runs_input(command):
                        yield Executed(command, list(_writers(inner.commands[first:middle])))
                        # What this one writes, the next runner reads.
                        first = middle
        for command in inner.commands:
            kinds = _kinds_run(command) if command.nested else ()
            written = [_writers(each.commands) for each in command.nested if each.kind in kinds]
            if written:
                yield Executed(command, list(chain.from_iterable(written)))


def downloads_run(script: Script) -> Iterator[Deed]:
    """Downloads that are run as they come, with no signature looked at on the way."""
    for runner, sources in executions(script):
        for source in () if any(map(_verifies, sources)) else sources:
            if source.name in _DOWNLOADERS:
                name = runner.name if _is_program(runner) else "the shell"
                yield Deed(f"{name} runs what {source.name} downloads", runner.span)
                break


def back_doors(script: Script) -> Iterator[Deed]:
    """Shells that are handed to whoever is at the other end of a connection."""
    has_socket = any(_is_socket(each) for inner in script.scripts() for each in _redirected(inner))
    for inner in script.scripts():
        joined = _joined_by_groups(inner) if has_socket else set()
        for command in inner.commands:
            if has_socket and _is_on_socket(command, is_joined=command.index in joined):
                what: str | None = "a shell is joined to a network connection"
            else:
                what = _netcat(command) or _socat(command) or _one_liner(command)
            if what:
                yield Deed(what, command.span)
        yield from _fed_by_network(inner)
    for runner, sources in executions(script):
        if any(map(_decodes, sources)) and any(map(_has_blob, sources)):
            yield Deed("a shell runs what is hidden in base64", runner.span)


def insecure_switches(script: Script) -> Iterator[Deed]:
    """Verification of certificates switched off, by an option or a variable."""
    for command in script.walk():
        for each in assignments(command):
            if each.literal and is_switched_off(each.name, each.value):
                yield Deed(each.name, each.value_span)
        for setting in of_command(command):
            if is_trusting(setting):
                yield Deed(setting.said, setting.span, _hosts(command))


def secrets_handed(script: Script) -> Iterator[Handed]:
    """Literal secrets in arguments and assignments; what a variable holds is none."""
    names_any = may_name_secret(script.text)
    for command in script.walk():
        if names_any:
            for each in assignments(command):
                if each.literal and is_secret_name(each.name):
                    yield Handed(each.name, each.value, each.value_span)
            yield from _options_with_secrets(command)
        if command.name in _TAKES_SECRETS or _joins_options(command.name):
            yield from _options_of_programs(command)
        if names_any:
            if command.name in _KEEPERS:
                yield from _settings_kept(command)
            for word in command.arguments:
                match = _AUTHORIZATION.search(word.value)
                if match and not _is_expanded(match[1]):
                    yield Handed("the Authorization header", match[1].rstrip("\"'"), word.span)


def take_secrets(programs: Collection[str]) -> bool:
    """Whether any of them has options of its own for passwords, under no name that says so."""
    if not _TAKES_SECRETS.isdisjoint(programs):
        return True
    return any(map("\n".join(programs).__contains__, _DATABASES))


def _writers(commands: list[Command]) -> Iterator[Command]:
    """Whose output may be that of some commands: `test "$(curl …)"` writes nothing of it."""
    for command in commands:
        yield command
        if command.name in _REPEATERS:
            for nested in command.nested:
                yield from nested.walk()


def _is_program(command: Command) -> bool:
    return command.name in SHELLS or bool(_INTERPRETER.fullmatch(command.name))


def _runs_input(command: Command) -> bool:
    """Whether a command runs what it reads: a shell or an interpreter without a program."""
    if "xargs" in command.wrappers:
        return False
    if command.name in SHELLS:
        return reads_script(command)
    if command.name in ("su", "runuser"):
        return any(_runs_input(each.commands[0]) for each in command.nested if each.commands)
    letters = _code_letters(command)
    if letters is None:
        return command.name in ("source", ".") and _operand(command) == "/dev/stdin"
    for word in command.arguments:
        value = word.value
        if value in ("-", "/dev/stdin"):
            return True
        if value == "--" and command.name.startswith("php"):  # the rest is for the script
            return True
        if value[:1] != "-" or value[:2] == "--" or not set(letters + "hVv").isdisjoint(value):
            return False
    return True


def _code_letters(command: Command) -> str | None:
    match = _INTERPRETER.fullmatch(command.name)
    return _INTERPRETERS[match[1]] if match else None


def _operand(command: Command) -> str:
    return command.arguments[0].value if command.arguments else ""


def _kinds_run(command: Command) -> tuple[str, ...]:
    """Which of the scripts within a command write what it runs."""
    word = command.name_word
    if word is None:
        return ()
    if word.value.startswith(("$(", "`")):  # the output is a command itself
        return ("substitution",)
    if command.name == "eval":
        return ("substitution",)
    letters = _code_letters(command)
    if letters is None and command.name not in (*SHELLS, "source", "."):
        return ()
    if command.name in SHELLS and only_checks(command):
        return ()
    is_handed = any(each.operator == "<<<" for each in command.redirections)
    is_code = letters is not None and any(
        option.value[:1] == "-"
        and not set(letters).isdisjoint(option.value)
        and code.value.startswith(("$(", "`"))
        for option, code in zip(command.arguments, command.arguments[1:], strict=False)
    )
    return ("process", "substitution") if is_handed or is_code else ("process",)


def _redirected(script: Script) -> Iterator[Redirection]:
    """Every redirection of a script itself, those of groups included."""
    for command in script.commands:
        yield from command.redirections
    for group in script.groups:
        yield from group.redirections


def _joined_by_groups(script: Script) -> set[int]:
    """The numbers of the commands in groups that are joined to a connection."""
    groups = (group for group in script.groups if any(map(_joins, group.redirections)))
    return {number for group in groups for number in range(group.first, group.end)}


def _is_on_socket(command: Command, *, is_joined: bool) -> bool:
    """Whether this is `sh -i >& /dev/tcp/…`, or its like by way of a descriptor."""
    if not (is_joined or any(map(_joins, command.redirections))):
        return False
    if command.name in SHELLS:
        return reads_script(command) or command.split().option("-i") is not None
    word = command.name_word
    # `while read line; do $line >&5; done` is a shell, too.
    return word is not None and word.value[:1] == "$" and word.value[:2] != "$("


def _is_socket(redirection: Redirection) -> bool:
    return bool(_SOCKET.match(redirection.target.value))


def _joins(redirection: Redirection) -> bool:
    """Whether a redirection goes to a connection, or to the descriptor that may be one."""
    target = redirection.target.value
    if _is_socket(redirection):
        return True
    if redirection.operator not in ("<&", ">&"):
        return False
    return (target.isdigit() and int(target[:9]) > 2) or (
        redirection.descriptor == "0" and target == "1"
    )


def _netcat(command: Command) -> str | None:
    if command.name not in _NETCATS:
        return None
    for option in command.split(_NETCAT_VALUED).options:
        if option.name in ("-e", "-c", "--exec", "--sh-exec") and option.value:
            program = (option.value.split() or [""])[0]
            if program.rpartition("/")[2] in SHELLS:
                return f"{command.name} hands a shell to the network"
    return None


def _socat(command: Command) -> str | None:
    if command.name != "socat":
        return None
    if any(_SHELL_ADDRESS.search(word.value) for word in command.arguments):
        return "socat hands a shell to the network"
    return None


def _one_liner(command: Command) -> str | None:
    if not _ONE_LINERS.fullmatch(command.name):
        return None
    code = " ".join(word.value for word in command.arguments)
    if _CONNECTS.search(code) and _HANDS_OVER.search(code):
        return f"{command.name} hands a shell to the network"
    return None


def _fed_by_network(script: Script) -> Iterator[Deed]:
    """`mkfifo f; cat f | sh -i | nc host port > f`, `telnet host 1 | sh | telnet host 2`."""
    has_pipe = any(command.name in ("mkfifo", "mknod") for command in script.commands)
    for pipeline in script.pipelines:
        commands = script.commands[pipeline[0] : pipeline[-1]]
        on_network = [at for at, command in enumerate(commands) if command.name in _NETWORK]
        if not on_network:
            continue
        for at, shell in enumerate(commands[: on_network[-1]]):
            if shell.name in SHELLS:
                is_fed = (has_pipe or on_network[0] < at) and _runs_input(shell)
                if is_fed or shell.split().option("-i") is not None:
                    yield Deed("a shell is joined to a network connection", shell.span)


def _verifies(command: Command) -> bool:
    """Whether a command in a pipe lets nothing through that is not signed."""
    return command.name in _VERIFIERS


def _decodes(command: Command) -> bool:
    if command.name == "base64":
        return command.split().option("-d", "-D", "--decode") is not None
    words = {word.value for word in command.arguments}
    return command.name == "openssl" and "-d" in words and bool(words & {"base64", "-base64", "-a"})


def _has_blob(command: Command) -> bool:
    words = [*command.arguments, *(each.target for each in command.redirections)]
    return any(word.literal and _BLOB.fullmatch(word.value.strip()) for word in words)


def _hosts(command: Command) -> tuple[str, ...]:
    """The hosts that curl or wget talk to; of others nobody knows."""
    if command.name not in _DOWNLOADERS:
        return ()
    arguments = command.split(CURL_VALUED if command.name == "curl" else WGET_VALUED)
    urls = [word.value for word in arguments.operands]
    urls += [each.value or "" for each in arguments.options if each.name == "--url"]
    return tuple(match[1] for match in map(_HOST.match, urls) if match)


def _options_with_secrets(command: Command) -> Iterator[Handed]:
    words = command.arguments
    for word, following in pairwise([*words, None]):
        match = _OPTION.fullmatch(word.value) if word is not None else None
        if word is None or match is None or not _SECRET_OPTION.search(_CAMEL.sub("_", match[1])):
            continue
        name, value = word.value.partition("=")[0], match[2]
        if value is not None:
            if word.literal:
                yield Handed(name, value, word.span)
        elif following is not None and following.literal and following.value[:1] != "-":
            yield Handed(name, following.value, following.span)


def _joins_options(name: str) -> bool:
    """Whether a program takes a password without a blank, as the clients of MySQL do."""
    return name.startswith(_DATABASES) and _CLIENT.fullmatch(name) is not None


def _options_of_programs(command: Command) -> Iterator[Handed]:
    name = command.name
    if _joins_options(name):
        for word in command.arguments:
            if word.value[:2] == "-p" and word.value[2:] and word.literal:
                yield Handed(f"{name} -p", word.value[2:], word.span)
    elif name in _PASSWORD_OPTIONS or _is_login(command):
        letter = _PASSWORD_OPTIONS.get(name, "-p")
        for option in command.split((letter,)).options:
            if option.name == letter and option.value and not _is_expanded(option.value):
                yield Handed(
                    f"{name} {letter}", option.value, option.value_span or option.word.span
                )
    elif name in _LOGIN_OPTIONS:
        names = _LOGIN_OPTIONS[name]
        if not any(map(_may_be_login, command.arguments)):
            return
        valued = CURL_VALUED if name == "curl" else names
        for option in command.split(valued).options:
            user, _, password = (option.value or "").partition(":")
            if option.name in names and password and not _is_expanded(password):
                span = option.value_span or option.word.span
                yield Handed(f"{name} {option.name}", password, span, user)


def _may_be_login(word: ShellWord) -> bool:
    return word.value[:1] == "-" and not _LOGIN_LETTERS.isdisjoint(word.value)


def _settings_kept(command: Command) -> Iterator[Handed]:
    """Secrets that a program is told to keep: `aws configure set name value`."""
    words = [word for word in command.arguments if word.value[:1] != "-"]
    if "set" not in [word.value for word in words[:2]]:
        return
    rest = words[[word.value for word in words].index("set") + 1 :][:2]
    key, mark, value = rest[0].value.partition("=") if rest else ("", "", "")
    if not mark and len(rest) > 1:
        value = rest[1].value
    name = key.rpartition(":")[2].rpartition(".")[2]
    if value and is_secret_name(name) and not _is_expanded(value):
        yield Handed(name, value, rest[-1].span if not mark else rest[0].span)


def _is_login(command: Command) -> bool:
    return command.name in _REGISTRY_CLIENTS and any(
        word.value == "login" for word in command.arguments
    )


def _is_expanded(value: str) -> bool:
    return "$" in value or "`" in value

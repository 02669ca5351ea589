"""Settings of the tools that fetch things: by an option, a variable, a `config` command, a file.

    curl -k                               curl   insecure        true
    echo insecure >> ~/.curlrc            curl   insecure        true
    npm config set strict-ssl false       npm    strict-ssl      false
    NPM_CONFIG_STRICT_SSL=false npm ci    npm    strict-ssl      false

Only those that rules ask for are looked for: whom a tool believes, and where it looks.
"""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING

from policylint.dockerfile.script import Assignment
from policylint.dockerfile.written import WRITERS, lines, written
from policylint.named import NamedTuple
from policylint.source import Span

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from policylint.dockerfile.excerpt import Excerpt
    from policylint.dockerfile.script import Command, Option, Script


class Setting(NamedTuple):
    """A setting of a tool; its value is `None` where nobody can say.

    `is_variable` tells one made by a variable of the environment. `said` is how to call
    it in a message, `option` the option that it was given by.
    """

    tool: str
    name: str
    value: str | None
    said: str
    span: Span
    is_variable: bool = False
    option: Option | None = None

    @property
    def is_on(self) -> bool:
        """Whether the value is one of those that mean yes."""
        return self.value is not None and self.value.lower() in ON

    @property
    def is_off(self) -> bool:
        """Whether the value is one of those that mean no."""
        return self.value is not None and self.value.lower() in OFF


ON = frozenset(("1", "true", "yes", "on", "y", "t", "enabled"))
OFF = frozenset(("0", "false", "no", "off", "n", "f", "none", "disabled"))


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# The options that take a value, so that `-o k` is no `-k`.
CURL_VALUED = _words(
    "-A -C -D -E -F -H -K -P -Q -T -U -X -Y -b -c -d -e -m -o -r -t -u -w -x -y -z"
    " --abstract-unix-socket --alt-svc --aws-sigv4 --cacert --capath --cert --cert-type"
    " --ciphers --config --connect-timeout --connect-to --continue-at --cookie --cookie-jar"
    " --create-file-mode --crlfile --curves --data --data-ascii --data-binary --data-raw"
    " --data-urlencode --delegation --dns-interface --dns-ipv4-addr --dns-ipv6-addr"
    " --dns-servers --doh-url --dump-header --ech --egd-file --engine --etag-compare --etag-save"
    " --expect100-timeout --form --form-string --ftp-account --ftp-alternative-to-user"
    " --ftp-method --ftp-port --ftp-ssl-ccc-mode --happy-eyeballs-timeout-ms --haproxy-clientip"
    " --header --hostpubmd5 --hostpubsha256 --hsts --interface --ip-tos --ipfs-gateway --json"
    " --keepalive-cnt --keepalive-time --key --key-type --krb --libcurl --limit-rate --local-port"
    " --login-options --mail-auth --mail-from --mail-rcpt --max-filesize --max-redirs --max-time"
    " --netrc-file --noproxy --oauth2-bearer --output --output-dir --parallel-max --pass"
    " --pinnedpubkey --preproxy --proto --proto-default --proto-redir --proxy --proxy-cacert"
    " --proxy-capath --proxy-cert --proxy-cert-type --proxy-ciphers --proxy-crlfile"
    " --proxy-header --proxy-key --proxy-key-type --proxy-pass --proxy-pinnedpubkey"
    " --proxy-service-name --proxy-tls13-ciphers --proxy-tlsauthtype --proxy-tlspassword"
    " --proxy-tlsuser --proxy-user --proxy1.0 --pubkey --quote --random-file --range --rate"
    " --referer --request --request-target --resolve --retry --retry-delay --retry-max-time"
    " --sasl-authzid --service-name --socks4 --socks4a --socks5 --socks5-gssapi-service"
    " --socks5-hostname --speed-limit --speed-time --stderr --telnet-option --tftp-blksize"
    " --time-cond --tls-max --tls13-ciphers --tlsauthtype --tlspassword --tlsuser --trace"
    " --trace-ascii --unix-socket --upload-file --url --url-query --user --user-agent --variable"
    " --vlan-priority --write-out"
)
WGET_VALUED = _words(
    "-A -B -D -I -O -P -Q -R -T -U -X -a -e -i -l -n -o -t -w --accept --accept-regex"
    " --append-output --base --bind-address --body-data --body-file --ca-certificate"
    " --ca-directory --certificate --certificate-type --ciphers --config --connect-timeout"
    " --crl-file --cut-dirs --default-page --directory-prefix --dns-servers --dns-timeout"
    " --domains --exclude-directories --exclude-domains --execute --follow-tags"
    " --ftp-password --ftp-user --header --hsts-file --http-passwd --http-password --http-user"
    " --ignore-tags --include-directories --input-file --level --limit-rate --load-cookies"
    " --local-encoding --max-redirect --method --output-document --output-file --password"
    " --pinnedpubkey --post-data --post-file --prefer-family --private-key --private-key-type"
    " --progress --proxy-password --proxy-user --quota --read-timeout --referer --regex-type"
    " --reject --reject-regex --rejected-log --remote-encoding --report-speed"
    " --restrict-file-names --retry-on-http-error --save-cookies --secure-protocol --start-pos"
    " --timeout --tries --user --user-agent --wait --waitretry --warc-file"
)

# The setting that a variable is.
_VARIABLES = {
    "GIT_SSL_NO_VERIFY": ("git", "ssl-no-verify"),
    "NODE_TLS_REJECT_UNAUTHORIZED": ("node", "reject-unauthorized"),
    "PIP_EXTRA_INDEX_URL": ("pip", "extra-index-url"),
    "PIP_TRUSTED_HOST": ("pip", "trusted-host"),
    "PYTHONHTTPSVERIFY": ("python", "https-verify"),
    "UV_INSECURE_HOST": ("pip", "trusted-host"),
    "YARN_ENABLE_STRICT_SSL": ("npm", "strict-ssl"),
    "YARN_STRICT_SSL": ("npm", "strict-ssl"),
}
# npm does not look at the case of its own.
_NPM_VARIABLES = frozenset((
    "npm_config_strict_ssl", "pnpm_config_strict_ssl", "yarn_config_strict_ssl",
))  # fmt: skip
_EXPORTS = frozenset(("declare", "export", "local", "readonly", "typeset"))
_ASSIGNED = r"(?s)([A-Za-z_]\w*)=(.*)"

# The settings that options are, and the values of those that take none.
_APK_OPTIONS = {"--allow-untrusted": ("untrusted", "true")}
_APT_OPTIONS = {
    "--allow-unauthenticated": ("unauthenticated", "true"),
    "--allow-insecure-repositories": ("unauthenticated", "true"),
    "--allow-downgrade-to-insecure-repositories": ("unauthenticated", "true"),
    "--allow-untrusted": ("unauthenticated", "true"),
    "--force-yes": ("force-yes", "true"),
}
_CURL_OPTIONS = {
    "-k": ("insecure", "true"),
    "--insecure": ("insecure", "true"),
    "--proxy-insecure": ("insecure", "true"),
    "--doh-insecure": ("insecure", "true"),
}
_DNF_OPTIONS = {
    "--nogpgcheck": ("gpgcheck", "0"),
    "--no-gpgcheck": ("gpgcheck", "0"),
    "--no-gpgchecks": ("gpgcheck", "0"),
}
_NPM_OPTIONS = {"--no-strict-ssl": ("strict-ssl", "false")}
_READS = frozenset(("delete", "get", "rm"))  # npm get, npm config get
_PIP_OPTIONS = {
    "--trusted-host": ("trusted-host", ""),
    "--extra-index-url": ("extra-index-url", ""),
}
_RPM_OPTIONS = {
    "--nosignature": ("signature", "0"),
    "--nodigest": ("signature", "0"),
    "--noverify": ("signature", "0"),
    "--nofiledigest": ("signature", "0"),
}
_UV_OPTIONS = {
    "--trusted-host": ("trusted-host", ""),
    "--allow-insecure-host": ("trusted-host", ""),
}
_ZYPPER_OPTIONS = {
    "--no-gpg-checks": ("gpgcheck", "0"),
    "--no-gpgcheck": ("gpgcheck", "0"),
    "--allow-unsigned-rpm": ("gpgcheck", "0"),
}
_ZYPPER_REPOSITORY = frozenset(("ar", "addrepo", "mr", "modifyrepo"))
_APT_VALUED = ("-a", "-c", "-o", "-t", "--config-file", "--option", "--target-release")
_RPM_QUERIES = ("-K", "-V", "-q", "--checksig", "--query", "--verify")

# Patterns are compiled when they are needed: a start does without.
_PIP = r"pip(?:-?\d[\d.]*)?"
_PYTHON = r"(?:python|pypy)[\d.]*"
_MAY_BE_PIP = ("pip", "python", "pypy")

# The files of tools by their names, and the keys that count in them.
_FILES = {
    ".curlrc": "curl", "_curlrc": "curl", ".wgetrc": "wget", "wgetrc": "wget",
    ".npmrc": "npm", "npmrc": "npm", ".yarnrc": "npm", ".yarnrc.yml": "npm",
    ".gitconfig": "git", "gitconfig": "git", "pip.conf": "pip", "pip.ini": "pip",
    "yum.conf": "rpm", "dnf.conf": "rpm", "apt.conf": "apt", "sources.list": "apt",
}  # fmt: skip
_FOLDERS = {
    "apt.conf.d": "apt", "sources.list.d": "apt", "yum.repos.d": "rpm", "repos.d": "rpm",
}  # fmt: skip
_KEYS: Mapping[str, Mapping[str, str]] = {
    "apt": {
        "apt::get::allowunauthenticated": "unauthenticated",
        "allowunauthenticated": "unauthenticated",  # within APT::Get { }
        "acquire::allowinsecurerepositories": "unauthenticated",
        "acquire::allowdowngradetoinsecurerepositories": "unauthenticated",
        "aptitude::cmdline::ignore-trust-violations": "unauthenticated",
        "apt::get::force-yes": "force-yes",
        "trusted": "unauthenticated",
    },
    "curl": {"insecure": "insecure", "k": "insecure", "proxy-insecure": "insecure"},
    "git": {"sslverify": "ssl-verify"},
    "npm": {"strict-ssl": "strict-ssl", "enablestrictssl": "strict-ssl"},
    "pip": {"trusted-host": "trusted-host", "extra-index-url": "extra-index-url"},
    "rpm": {"gpgcheck": "gpgcheck", "pkg-gpgcheck": "gpgcheck", "sslverify": "sslverify"},
    "wget": {"check-certificate": "check-certificate"},
}
# `key=value`, `key: value`, `key value`, `--key`, with or without quotes; in printf's spelling.
_LINE = (
    r"(?:\s|\\t)*((?:--?)?[\"']?([A-Za-z][\w.-]*(?:::[\w.-]+)*)[\"']?"
    r"(?:(?:[ \t]*[=:][ \t]*|[ \t]+)[\"']?([^\s\"';]+)[\"']?)?)"
)
_TRUSTED_SOURCE = r"(?i)\[[^\[\]]*?\b(trusted=yes)\b"


def of_script(script: Script) -> list[Setting]:
    """The settings that a script makes."""
    found: list[Setting] = []
    names = set()
    for command in script.walk():
        name = command.name
        names.add(name)
        if command.assignments or name in _SPEAKERS or name.startswith(_MAY_BE_PIP):
            found += of_command(command)
    for paths, texts in () if WRITERS.isdisjoint(names) else written(script):
        for tool in sorted({_tool_of(path) for path in paths} - {""}):
            for text in texts:
                found += _of_text(tool, text)
    return found


def of_command(command: Command) -> list[Setting]:
    """The settings in the words of a command, its variables among them."""
    found: list[Setting] = []
    for each in assignments(command):
        found += of_variable(each.name, each.value if each.literal else None, each.span)
    find, marks = _FINDERS.get(command.name, (None, ()))
    if find is None and _is_pip(command):
        find, marks = _pip, _PIP_MARKS
    if find is not None and _has_mark(command, marks):
        found += find(command)
    return found


def _has_mark(command: Command, marks: tuple[str, ...]) -> bool:
    """Whether the arguments have one of some texts, without which there is nothing to find."""
    said = " ".join([word.value for word in command.arguments]).lower()
    for mark in marks:  # noqa: SIM110 (a generator takes three times as long)
        if mark in said:
            return True
    return False


def of_variable(name: str, value: str | None, span: Span) -> Iterator[Setting]:
    """The setting that a variable is."""
    found = _VARIABLES.get(name)
    if found is None and name.lower() in _NPM_VARIABLES:
        found = ("npm", "strict-ssl")
    if found is not None:
        yield Setting(*found, value, name, span, is_variable=True)


def of_file(path: str, text: Excerpt) -> Iterator[Setting]:
    """The settings that a text makes once it stands in a file."""
    tool = _tool_of(path)
    if tool:
        yield from _of_text(tool, text)


def assignments(command: Command) -> Sequence[Assignment]:
    """The variables that a command sets: `A=b run`, `env A=b run`, `export A=b`."""
    if command.name not in _EXPORTS:
        return command.assignments
    found = [*command.assignments]
    for word in command.arguments:
        match = re.fullmatch(_ASSIGNED, word.value)
        if match:
            place = word.content.span(*match.span(2))
            found.append(Assignment(match[1], match[2], word.literal, word.span, place))
    return found


def _tool_of(path: str) -> str:
    """The tool that reads a file; empty when it is none that we know."""
    folder, _, file = path.rpartition("/")
    tool = _FILES.get(file) or _FOLDERS.get(folder.rpartition("/")[2]) or ""
    return "rpm" if not tool and file.endswith(".repo") else tool


def _of_text(tool: str, text: Excerpt) -> Iterator[Setting]:
    for line in lines(text):
        yield from _of_line(tool, line)


def _of_line(tool: str, line: Excerpt) -> Iterator[Setting]:
    source = re.search(_TRUSTED_SOURCE, line.text) if tool == "apt" else None
    if source is not None:
        yield Setting(
            tool, "unauthenticated", "true", "apt trusted=yes", line.span(*source.span(1))
        )
        return
    match = re.match(_LINE, line.text)
    key = match[2] if match is not None else ""
    name = _KEYS[tool].get(key.lower().replace("_", "-"))
    if match is not None and name is not None:
        said = f"{tool} {key}={match[3]}" if match[3] else f"{tool} {key}"
        yield Setting(tool, name, match[3] or "true", said, line.span(*match.span(1)))


def _is_pip(command: Command) -> bool:
    name = command.name
    if name.startswith("pip"):
        return re.fullmatch(_PIP, name) is not None
    if not name.startswith(_MAY_BE_PIP) or not re.fullmatch(_PYTHON, name):
        return False
    words = [word.value for word in command.arguments]
    return ("-m", "pip") in pairwise(words)


def _options(
    tool: str,
    command: Command,
    known: Mapping[str, tuple[str, str]],
    valued: tuple[str, ...] | frozenset[str] = (),
    called: str = "",
) -> Iterator[Setting]:
    """The settings that options are; one without a value of its own has that of the table."""
    for option in command.split(valued).options:
        if option.name in known:
            name, value = known[option.name]
            if option.value is not None:
                value = option.value
            known_value = None if "$" in value or "`" in value else value
            said = f"{called or command.name} {option.name}"
            yield Setting(tool, name, known_value, said, option.word.span, option=option)


def _keyed(
    command: Command, name_of: Callable[[str], str]
) -> Iterator[tuple[str, str | None, Span]]:
    """Settings given as `key=value` or in two words; `name_of` a key is the setting's name."""
    words = command.arguments
    for word, following in zip(words, [*words[1:], None], strict=False):
        key, equals, value = word.value.removeprefix("--config=").partition("=")
        name = name_of(key.lower())
        if not name:
            continue
        if equals:
            yield name, _unquoted(value) if word.literal else None, word.span
        elif following is not None:
            span = Span(word.span.start, following.span.end)
            yield name, _unquoted(following.value) if following.literal else None, span


def _unquoted(value: str) -> str:
    return value.strip("\"' ")


def _curl(command: Command) -> Iterator[Setting]:
    return _options("curl", command, _CURL_OPTIONS, CURL_VALUED)


def _wget(command: Command) -> Iterator[Setting]:
    for option in command.split(WGET_VALUED).options:
        name, value = option.name, option.value
        if name in ("-e", "--execute"):
            name, _, value = (value or "").replace("_", "-").replace(" ", "").partition("=")
            name = f"--{name.lower()}"
        # Any beginning of a long option will do that is not that of another.
        if "--no-check-certificate".startswith(name) and name.startswith("--no-ch"):
            name, value = "--check-certificate", "off"
        if name == "--check-certificate" and value is not None:
            said = f"wget {option.name}"
            yield Setting("wget", "check-certificate", value, said, option.word.span, option=option)


def _git(command: Command) -> Iterator[Setting]:
    for name, value, span in _keyed(command, _name_in_git):
        yield Setting("git", name, value, f"git http.sslVerify={value}", span)


def _name_in_git(key: str) -> str:
    # http.sslVerify, http.https://x.example.sslVerify
    return "ssl-verify" if key.startswith("http.") and key.endswith(".sslverify") else ""


def _npm(command: Command) -> Iterator[Setting]:
    yield from _options("npm", command, _NPM_OPTIONS)
    if not _READS.isdisjoint(word.value for word in command.arguments[:2]):
        return
    for name, value, span in _keyed(command, _name_in_npm):
        yield Setting("npm", name, value, f"{command.name} strict-ssl={value}", span)


def _name_in_npm(key: str) -> str:
    return _KEYS["npm"].get(key.removeprefix("--"), "")


def _pip(command: Command) -> Iterator[Setting]:
    yield from _options("pip", command, _PIP_OPTIONS, tuple(_PIP_OPTIONS), "pip")
    if any(word.value == "config" for word in command.arguments):
        for name, value, span in _keyed(command, _name_in_pip):
            yield Setting("pip", name, value, f"pip config {name}", span)


def _name_in_pip(key: str) -> str:
    # global.trusted-host, install.trusted_host
    return _KEYS["pip"].get(key.rpartition(".")[2].replace("_", "-"), "")


def _uv(command: Command) -> Iterator[Setting]:
    return _options("pip", command, _UV_OPTIONS, tuple(_UV_OPTIONS))


def _apk(command: Command) -> Iterator[Setting]:
    return _options("apk", command, _APK_OPTIONS)


def _apt(command: Command) -> Iterator[Setting]:
    yield from _options("apt", command, _APT_OPTIONS, _APT_VALUED)
    for option in command.split(_APT_VALUED).options:
        if option.name in ("-o", "--option") and option.value is not None:
            key, _, value = option.value.removeprefix("=").partition("=")
            name = _KEYS["apt"].get(key.lower())
            if name is not None:
                span = option.value_span or option.word.span
                value = _unquoted(value)
                yield Setting("apt", name, value, f"{command.name} {key}={value}", span)


def _apt_repository(command: Command) -> Iterator[Setting]:
    for word in command.arguments:
        found = re.search(_TRUSTED_SOURCE, word.value)
        if found:
            span = word.content.span(*found.span(1))
            yield Setting("apt", "unauthenticated", "true", "apt trusted=yes", span)


def _dnf(command: Command) -> Iterator[Setting]:
    yield from _options("rpm", command, _DNF_OPTIONS)
    for word in command.arguments:
        key, _, value = word.value.removeprefix("--setopt=").strip("\"' ").partition("=")
        name = _name_in_dnf(key.strip().lower())
        if name:
            value = _unquoted(value)
            yield Setting("rpm", name, value, f"{command.name} {name}={value}", word.span)


def _name_in_dnf(key: str) -> str:
    # gpgcheck, example.gpgcheck, *.pkg_gpgcheck
    return _KEYS["rpm"].get(key.rpartition(".")[2].replace("_", "-"), "")


def _zypper(command: Command) -> Iterator[Setting]:
    yield from _options("rpm", command, _ZYPPER_OPTIONS)
    if any(word.value in _ZYPPER_REPOSITORY for word in command.arguments):
        yield from _options("rpm", command, {"-G": ("gpgcheck", "0")})


def _rpm(command: Command) -> Iterator[Setting]:
    if command.split().option(*_RPM_QUERIES) is None:
        yield from _options("rpm", command, _RPM_OPTIONS)


# What finds the settings, and what must stand in the arguments for there to be one.
_FINDERS: dict[str, tuple[Callable[[Command], Iterator[Setting]], tuple[str, ...]]] = {
    name: (find, tuple(marks.split()))
    for find, marks, names in (
        (_apk, "--allow", "apk"),
        (_apt, "allow force-yes trust", "apt apt-get aptitude"),
        (_apt_repository, "trusted=yes", "add-apt-repository apt-add-repository"),
        (_curl, "k insecure", "curl"),
        (_dnf, "gpg ssl", "dnf dnf-config-manager dnf5 microdnf tdnf yum yum-config-manager"),
        (_git, ".sslverify", "git"),
        (_npm, "strict", "npm pnpm yarn"),
        (_rpm, "--no", "rpm"),
        (_uv, "trusted insecure", "uv"),
        (_wget, "ch", "wget"),
        (_zypper, "-", "zypper"),
    )
    for name in names.split()
}
_PIP_MARKS = ("trusted", "extra")
_SPEAKERS = _EXPORTS | _FINDERS.keys()

"""Package managers: their words, what answers their questions, and what they leave behind."""

from __future__ import annotations

import re
from functools import lru_cache
from itertools import product
from typing import TYPE_CHECKING

from policylint.dockerfile.script import split
from policylint.named import NamedTuple
from policylint.patterns import regex

if TYPE_CHECKING:
    from collections.abc import Container, Iterable

    from policylint.dockerfile.script import Command, Option, ShellWord
    from policylint.dockerfile.stages import Mount
    from policylint.source import Span


class Manager(NamedTuple):
    """A package manager, by the words that rules ask for.

    `programs` are its names. `valued` are the options that take a value, `settings` those
    among them whose value is a line of its configuration, and `confirming` is such a line that
    answers its questions, as the options in `confirms` do; with those in `tries` nothing is
    installed. Verbs are those that install what they are given, read the index anew, upgrade
    all there is when nothing is named, or move to another release; `doubled` are the first
    halves of others. `cleans` empty the cache, which lies in the folders `caches` unless an
    option in `placed` or the variable `place` says otherwise.
    """

    name: str
    programs: frozenset[str]
    valued: Container[str] = ()
    doubled: frozenset[str] = frozenset()
    installs: frozenset[str] = frozenset()
    refreshes: frozenset[str] = frozenset()
    upgrades: frozenset[str] = frozenset()
    releases: frozenset[str] = frozenset()
    confirms: tuple[str, ...] = ()
    settings: tuple[str, ...] = ()
    confirming: re.Pattern[str] | None = None
    tries: frozenset[str] = frozenset(("--help", "--version"))
    cleans: frozenset[str] = frozenset()
    caches: tuple[str, ...] = ()
    placed: tuple[str, ...] = ()
    place: str | None = None


class Call(NamedTuple):
    """A package manager at work: the verb, the word that it is, and what stands around it.

    `operands` are behind the verb. Without a verb, the word is the program's name.
    """

    manager: Manager
    command: Command
    verb: str
    word: ShellWord
    options: tuple[Option, ...]
    operands: tuple[ShellWord, ...]

    @property
    def at(self) -> Span:
        """The place of the verb."""
        return self.word.span

    @property
    def is_trial(self) -> bool:
        """Whether nothing is done: a dry run, or help."""
        return self.has(self.manager.tries)

    @property
    def installs(self) -> bool:
        """Whether packages are installed."""
        return self.verb in self.manager.installs and not self.has(self.manager.tries)

    @property
    def cleans(self) -> bool:
        """Whether the cache is emptied."""
        verb, cleans = self.verb, self.manager.cleans
        if verb in cleans or verb in self.manager.installs:
            return verb in cleans
        return not cleans.isdisjoint([f"{verb} {word.value}" for word in self.operands])

    @property
    def is_confirmed(self) -> bool:
        """Whether options answer what the program would ask."""
        manager = self.manager
        if self.has(manager.confirms):
            return True
        if manager.confirming is not None and self.states(manager.confirming):
            return True
        return manager is APT and _quietness(self) > 1

    def has(self, names: Container[str]) -> bool:
        """Whether there is an option of one of these names."""
        for option in self.options:  # noqa: SIM110 (a generator takes three times as long)
            if option.name in names:
                return True
        return False

    def states(self, setting: re.Pattern[str]) -> bool:
        """Whether an option gives such a line of configuration."""
        return any(
            option.name in self.manager.settings and setting.search(option.value or "")
            for option in self.options
        )


# What `-o`, `--setopt` or a file may say, with whatever quotes a script needs to write it.
_IS = r"[\s=\"'\\]+"
_ON = rf"{_IS}(?:1|true|yes|on|with|enable)\b"
_OFF = rf"{_IS}(?:0|false|no|off|without|disable)\b"
APT_ASSUMES_YES = regex(rf"Assume-Yes{_ON}", re.IGNORECASE)
APT_NO_RECOMMENDS = regex(rf"Install-Recommends{_OFF}", re.IGNORECASE)
RPM_ASSUMES_YES = regex(rf"assumeyes{_ON}", re.IGNORECASE)
PIP_NO_CACHE = regex(rf"no-cache-dir{_ON}", re.IGNORECASE)


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


APT = Manager(
    "apt",
    _words("apt apt-get aptitude"),
    valued=_words(
        "-o --option -c --config-file -t --target-release --default-release -a"
        " --host-architecture -P --build-profiles"
    ),
    installs=_words("install"),
    refreshes=_words("update"),
    upgrades=_words("upgrade safe-upgrade"),
    releases=_words("dist-upgrade full-upgrade"),
    confirms=("-y", "--yes", "--assume-yes"),
    settings=("-o", "--option"),
    confirming=APT_ASSUMES_YES,
    tries=_words(
        "-s --simulate --just-print --dry-run --recon --no-act --print-uris -h --help -v --version"
    ),
    cleans=_words("dist-clean distclean"),
    caches=("/var/lib/apt/lists",),
)  # fmt: skip
APK = Manager(
    "apk",
    _words("apk"),
    valued=_words(
        "-t --virtual -X --repository -p --root --arch --cache-dir --cache-max-age --keys-dir"
        " --repositories-file --wait --progress-fd --timeout"
    ),
    installs=_words("add"),
    refreshes=_words("update"),
    upgrades=_words("upgrade"),
    tries=_words("-s --simulate -h --help -V --version"),
    caches=("/var/cache/apk", "/etc/apk/cache"),
    placed=("--cache-dir",),
)
_DNF_CACHES = ("/var/cache/dnf", "/var/cache/libdnf5", "/.cache/libdnf5")
YUM = Manager(
    "yum",
    _words("yum"),
    valued=_words(
        "-c --config -d --debuglevel -e --errorlevel -x --exclude --excludepkgs -R --randomwait"
        " --enablerepo --disablerepo --repo --repoid --from-repo --installroot --releasever"
        " --forcearch --setopt --setvar --comment --advisory --advisories --bz --bzs --cve --cves"
        " --sec-severity --secseverity --advisory-severities --color --rpmverbosity"
        " --disableplugin --enableplugin --disable-plugin --enable-plugin --downloaddir --destdir"
        " --disableexcludes --disableexcludepkgs --repofrompath --use-host-config"
    ),
    doubled=_words("group groups grp module"),
    installs=_words(
        "install in localinstall groupinstall install-n install-na install-nevra"
    ) | {"group install", "groups install", "grp install", "module install"},
    refreshes=_words("makecache refresh update up"),
    upgrades=_words("update upgrade up upgrade-minimal update-minimal up-min"),
    confirms=("-y", "--assumeyes"),
    settings=("--setopt",),
    confirming=RPM_ASSUMES_YES,
    tries=_words("--assumeno -h --help --version"),
    cleans=frozenset(("clean all",)),
    caches=("/var/cache/yum", *_DNF_CACHES),  # yum may be another name of dnf
)  # fmt: skip
DNF = YUM._replace(
    name="dnf",
    programs=_words("dnf dnf5"),
    releases=_words("system-upgrade"),
    caches=_DNF_CACHES,
)
MICRODNF = DNF._replace(
    name="microdnf", programs=_words("microdnf"), caches=(*DNF.caches, "/var/cache/yum")
)
TDNF = DNF._replace(name="tdnf", programs=_words("tdnf"), caches=("/var/cache/tdnf",))
ZYPPER = Manager(
    "zypper",
    _words("zypper"),
    valued=_words(
        "-c --config -C --cache-dir -R --root --installroot --reposd-dir --raw-cache-dir"
        " --solv-cache-dir --pkg-cache-dir --userdata -p --plus-repo --plus-content -r --repo"
        " --from -t --type --download --solver-focus --category -g --severity --date -b --bugzilla"
        " --bz --cve --issue"
    ),
    installs=_words("install in"),
    refreshes=_words("refresh ref update up"),
    upgrades=_words("update up"),
    releases=_words("dist-upgrade dup"),
    confirms=("-y", "--no-confirm", "-n", "--non-interactive"),
    tries=_words("-D --dry-run -h --help -V --version"),
    cleans=_words("clean cc"),
    caches=("/var/cache/zypp",),
)
PIP = Manager(
    "pip",
    frozenset(),  # pip, pip3, pip3.12, python -m pip
    valued=_words(
        "-r --requirement -c --constraint -e --editable -t --target --platform --python-version"
        " --implementation --abi --root --prefix --src -b --build -i --index-url --pypi-url"
        " --extra-index-url -f --find-links --no-binary --only-binary --progress-bar"
        " --root-user-action --upgrade-strategy --report -C --config-settings --config-setting"
        " --global-option --install-option --log --log-file --proxy --retries --timeout"
        " --default-timeout --exists-action --trusted-host --cert --client-cert --cache-dir"
        " --python --use-feature --use-deprecated --keyring-provider --group --build-constraint"
        " --uploaded-prior-to --resume-retries"
    ),
    installs=_words("install"),
    tries=_words("--dry-run -h --help -V --version"),
    cleans=frozenset(("cache purge",)),
    caches=("/.cache/pip",),
    placed=("--cache-dir",),
    place="PIP_CACHE_DIR",
)
NPM = Manager(
    "npm",
    _words("npm"),
    valued=_words(
        "--access --arch --before --ca --cache --cafile --cert --cpu --depth --fetch-retries"
        " --fetch-retry-factor --fetch-retry-maxtimeout --fetch-retry-mintimeout --fetch-timeout"
        " --globalconfig --https-proxy --include --init-module --install-strategy --key --libc"
        " --local-address --location --loglevel --logs-dir --maxsockets --network-timeout"
        " --node-options --noproxy --omit --only --os --otp --prefix -C --proxy --registry"
        " --save-prefix --scope --script-shell --shell --tag --target --target_arch --tmp"
        " --userconfig --user-agent -w --workspace --python --disturl --runtime"
    ),
    installs=_words("install i add in ins inst insta instal isnt isnta isntal isntall"),
)
YARN = Manager(
    "yarn",
    _words("yarn"),
    valued=_words(
        "--cwd --modules-folder --cache-folder --mutex --network-timeout --network-concurrency"
        " --registry --https-proxy --proxy --use-yarnrc --preferred-cache-folder --global-folder"
        " --link-folder --prefix --otp --mode --child-concurrency --emoji"
    ),
    installs=frozenset(("install", "")),  # yarn alone installs what package.json asks for
    tries=_words("-h --help -v --version"),
    cleans=frozenset(("cache clean",)),
    caches=("/.cache/yarn", "/.yarn/cache", "/.yarn/berry/cache"),
    placed=("--cache-folder",),
    place="YARN_CACHE_FOLDER",
)


class _AllBut:
    """The options that are none of these: whatever is unknown takes a value."""

    def __init__(self, names: str) -> None:
        self._names = _words(names)

    def __contains__(self, name: object) -> bool:
        return name not in self._names


GEM = Manager(
    "gem",
    _words("gem"),
    valued=_AllBut(
        "-N --no-document --no-ri --no-rdoc --ri --rdoc -E --env-shebang -f --force --no-force -w"
        " --wrappers --no-wrappers -u --user-install --no-user-install --ignore-dependencies"
        " --development --development-all --conservative --no-conservative --minimal-deps"
        " --no-minimal-deps --post-install-message --no-post-install-message --explain --lock"
        " --no-lock --suggestions --no-suggestions --default --vendor --prerelease --pre"
        " --no-prerelease -l --local -r --remote -b --both --clear-sources --update-sources"
        " --no-update-sources -V --verbose --no-verbose -q --quiet --silent --backtrace --debug"
        " --norc --format-executable --no-format-executable --no-http-proxy -h --help"
    ),
    installs=_words("install i"),
)

# The package managers of systems.
SYSTEM = (APT, APK, YUM, DNF, MICRODNF, TDNF, ZYPPER)
SYSTEM_PROGRAMS = frozenset().union(*(manager.programs for manager in SYSTEM))
_MANAGERS = {name: each for each in (*SYSTEM, NPM, YARN, GEM) for name in each.programs}
REMOVERS = frozenset(("find", "rm"))
_PIP = regex(r"pip(?:-?\d[\d.]*)?")
_PYTHON = regex(r"(?:python|pypy)[\d.]*")
_QUIET = ("-q", "--quiet")

_BRACES = regex(r"\{([^{},]*(?:,[^{},]*)+)\}")
_MOST_ALTERNATIVES = 256


@lru_cache(maxsize=256)
def read(command: Command) -> Call | None:
    """What a command asks of a package manager; `None` when it is another program."""
    words = command.arguments
    manager = _MANAGERS.get(command.name)
    if manager is None:
        rest = _of_pip(command, words)
        if rest is None:
            return None
        manager, words = PIP, rest
    if manager is GEM:  # which hands what stands behind -- to compilers
        words = words[: next((at for at, word in enumerate(words) if word.value == "--"), None)]
    options, operands = split(words, manager.valued)
    if not operands:
        return Call(manager, command, "", command.words[command.head], options, ())
    if operands[0].value in manager.doubled and len(operands) > 1:
        verb = f"{operands[0].value} {operands[1].value}"
        return Call(manager, command, verb, operands[1], options, operands[2:])
    return Call(manager, command, operands[0].value, operands[0], options, operands[1:])


def removes(command: Command, folders: Iterable[str]) -> bool:
    """Whether a command deletes what lies in one of some folders."""
    name = command.name
    if name not in REMOVERS:
        return False
    if name == "rm" and "xargs" in command.wrappers:  # nobody knows what
        return True
    values = [word.value for word in command.arguments]
    if name == "find" and not {"-delete", "rm", "/bin/rm"} & set(values):
        return False
    for value in values:
        for path in _alternatives(value) if "/" in value else ():
            if any(_holds(path, folder) for folder in folders):
                return True
    return False


def mounts_over(mounts: Iterable[Mount], folders: Iterable[str]) -> bool:
    """Whether what lies in one of some folders stays out of the layer: in a cache, in memory."""
    targets = []
    for mount in mounts:
        kind = mount.field("type")
        target = mount.field("target", "dst", "destination")
        if kind is not None and kind.value in ("cache", "tmpfs") and target is not None:
            targets.append(target.value or "")
    return any(_holds(target, folder) for folder in folders for target in targets)


def _of_pip(command: Command, words: list[ShellWord]) -> list[ShellWord] | None:
    """What stands behind `pip`, or behind `python -m pip`."""
    if _PIP.fullmatch(command.name):
        return words
    if _PYTHON.fullmatch(command.name):
        for at, word in enumerate(words):
            if word.value == "-mpip":
                return words[at + 1 :]
            if word.value == "-m":
                is_pip = words[at + 1 : at + 2] and words[at + 1].value == "pip"
                return words[at + 2 :] if is_pip else None
    return None


def _quietness(call: Call) -> int:
    """How quiet apt shall be: `-qq` and `-q=2` answer its questions, too."""
    level = 0
    for option in call.options:
        if option.name in _QUIET:
            number = option.word.value.partition("=")[2]
            level += int(number) if number.isdecimal() and len(number) < 4 else 1
    return level


def _holds(path: str, folder: str) -> bool:
    """Whether a path is a folder or one above it; that and the next perhaps in another root."""
    folder = "/" + folder.strip("/")
    head, _, last = path.rstrip("/").rpartition("/")
    if "*" in last and not last.strip("*._"):
        path = head
    path = "/" + path.rstrip("/*").lstrip("/")
    return path.endswith((folder, folder.rpartition("/")[0] or folder)) or (
        path != "/" and folder.startswith(f"{path}/")
    )


def _alternatives(word: str) -> Iterable[str]:
    """What `{a,b}` in a word stands for."""
    parts = _BRACES.split(word) if "{" in word else ()
    if len(parts) < 2:
        return (word,)
    choices = [part.split(",") if at % 2 else [part] for at, part in enumerate(parts)]
    many = 1
    for choice in choices:
        many *= len(choice)
    return map("".join, product(*choices)) if many <= _MOST_ALTERNATIVES else ()

"""What package managers are asked for: which program, how much, and when."""

from __future__ import annotations

from typing import TYPE_CHECKING

from policylint.detect import packages
from policylint.detect.package_settings import is_written
from policylint.dockerfile.shell import SHELLS
from policylint.finding import Problem
from policylint.image import AptCommand, Run
from policylint.patterns import regex
from policylint.rule import rule
from policylint.rules.dockerfile.hidden_options import may_have
from policylint.rules.dockerfile.word_fixes import added, renamed

if TYPE_CHECKING:
    from collections.abc import Iterable

    from policylint.detect.packages import Call
    from policylint.dockerfile.script import Command
    from policylint.finding import Fix, Problems

_UPGRADERS = packages.SYSTEM_PROGRAMS | {"do-release-upgrade"}
_WITH_INDEX = (packages.APT, packages.APK, packages.YUM, packages.DNF, packages.ZYPPER)
_USES = frozenset((
    "reinstall", "source-install", "si", "build-dep", "builddep", "satisfy", "distro-sync",
    "distrosync", "patch", "swap", "source", "download",
))  # fmt: skip
# Programs that install by the index, too, or do whatever a file of theirs says.
_INSTALLERS = frozenset((
    ".", "ansible", "ansible-playbook", "apt-fast", "gdebi", "install_packages", "make",
    "mk-build-deps", "nala", "playwright", "rosdep", "source", "tasksel",
))  # fmt: skip
_SYSTEM_FOLDER = regex(r"/(?:usr/(?:local/)?)?s?bin/[^/]*")
_PLAYWRIGHT = regex(r"playwright(?:@.*)?")
_INTERPRETER = regex(r"(?:python|perl|ruby)[\d.]*")
_APK_UPDATES = ("--update", "--update-cache", "-U")
_WITHOUT_RECOMMENDED = ("--no-install-recommends",)
_SECURITY = (
    "--security", "--sec-severity", "--secseverity", "--advisory-severities", "--advisory",
    "--advisories", "--cve", "--cves", "--bugfix", "--bz", "--bzs",
)  # fmt: skip
_AS_APT_GET = frozenset((
    "install", "update", "upgrade", "remove", "purge", "autoremove", "clean", "download",
))  # fmt: skip
_AS_APT_CACHE = frozenset(("search", "show", "policy"))


@rule(
    on=AptCommand,
    severity="low",
    family="hygiene",
    equivalents=("DL3027", "CKV_DOCKER_9", "KICS:Run Using apt", "semgrep:prefer-apt-get"),
)
def apt_instead_of_apt_get(command: AptCommand) -> Problems:
    """Build calls apt.

    apt is made for people: what it takes and prints may change with any release, and it
    says so itself in every build log.

    Instead, call apt-get, or apt-cache to search.

    Bad (dockerfile):
        FROM debian:12.9
        RUN apt update

    Good (dockerfile):
        FROM debian:12.9
        RUN apt-get update
    """
    if command.name == "apt":
        yield Problem(command, "apt in a build", fix=_renamed(command))


@rule(
    on=AptCommand,
    severity="low",
    family="hygiene",
    refs="CIS-Docker:4.3",
    equivalents=(
        "DL3015", "DS-0029", "KICS:APT-GET Not Avoiding Additional Packages",
        "semgrep:missing-no-install-recommends", "CIS-Docker:4.3",
    ),
)  # fmt: skip
def apt_get_recommends(command: AptCommand, run: Run) -> Problems:
    """apt-get installs what packages recommend.

    Nobody asked for those: they make the image larger, and each of them may have
    the next hole.

    Instead, add --no-install-recommends and name the few of them that are needed.

    Bad (dockerfile):
        FROM debian:12.9
        RUN apt-get update && apt-get install -y curl

    Good (dockerfile):
        FROM debian:12.9
        RUN apt-get update && apt-get install -y --no-install-recommends curl ca-certificates
    """
    call = packages.read(command.command)
    if call is None or not call.installs or command.name == "aptitude" or _goes_without(call):
        return
    if may_have(call.command, run, _WITHOUT_RECOMMENDED):
        return
    if not is_written(packages.APT_NO_RECOMMENDS, run.build, run.stage, call.at.start):
        fix = added("--no-install-recommends", call.word, run, is_safe=False)
        yield Problem(call, f"{command.name} install without --no-install-recommends", fix=fix)


@rule(
    on=Run,
    programs=_UPGRADERS,
    severity="high",
    family="artifacts",
    equivalents=(
        "DS-0024", "DL3035", "DKL-DI-0003", "KICS:Run Using Upgrade Commands",
        "semgrep:avoid-apt-get-upgrade",
    ),
)  # fmt: skip
def distribution_upgrade(run: Run) -> Problems:
    """Build upgrades the whole distribution.

    It removes and replaces packages at will, so the image is neither what its base is
    nor the same on another day, and may not even start.

    Instead, build FROM a newer base image.

    Bad (dockerfile):
        FROM debian:12.9
        RUN apt-get update && apt-get dist-upgrade -y
        USER 10001

    Good (dockerfile):
        FROM debian:12.10
        USER 10001
    """
    for each in run.commands:
        if each.command.name == "do-release-upgrade":
            yield Problem(each, "do-release-upgrade in a build")
    for call in _calls(run):
        if call.verb in call.manager.releases and not call.is_trial:
            yield Problem(call, f"{call.command.name} {call.verb} in a build")


@rule(
    on=Run,
    programs=packages.SYSTEM_PROGRAMS,
    severity="low",
    family="artifacts",
    equivalents=(
        "KICS:Run Using Upgrade Commands", "KICS:Run Using dnf Update", "KICS:Use of Apk Upgrade",
        "KICS:Yum Update Enabled", "KICS:Run Using Zypper Update", "semgrep:avoid-apt-get-upgrade",
        "semgrep:avoid-apk-upgrade", "semgrep:avoid-dnf-update", "semgrep:avoid-yum-update",
        "semgrep:avoid-zypper-update",
    ),
)  # fmt: skip
def package_upgrade_all(run: Run, *, allow_security_only: bool = False) -> Problems:
    """Build upgrades every package there is.

    The layer holds them all a second time, the same file makes another image every day,
    and the layer stays in the build's cache while the next fixes pass it by.

    Instead, build FROM a newer base image, or name the package that has to be newer.

    Settings:
        allow_security_only: whether upgrades that take only security fixes are left alone

    Bad (dockerfile):
        FROM debian:12.9
        RUN apt-get update && apt-get upgrade -y

    Good (dockerfile):
        FROM debian:12.10
        RUN apt-get update && apt-get install -y --no-install-recommends openssl=3.0.15-1
    """
    for call in _calls(run):
        if call.verb not in call.manager.upgrades or call.operands or call.is_trial:
            continue
        if not (allow_security_only and _is_for_security(call)):
            yield Problem(call, f"{call.command.name} {call.verb} of every package")


@rule(
    on=Run,
    programs=packages.SYSTEM_PROGRAMS,
    severity="medium",
    family="artifacts",
    refs="CIS-Docker:4.7",
    equivalents=(
        "DS-0017", "CKV_DOCKER_5", "CIS-DI-0007", "CIS-Docker:4.7", "KICS:Update Instruction Alone",
    ),
)  # fmt: skip
def package_index_update_alone(run: Run) -> Problems:
    """Package index is fetched in a RUN that installs nothing.

    The build keeps that layer in its cache: a RUN below installs by an index that may be
    months old, gets outdated packages, or finds none.

    Instead, update and install in the same RUN.

    Bad (dockerfile):
        FROM debian:12.9
        RUN apt-get update
        RUN apt-get install -y curl=7.88.1-10

    Good (dockerfile):
        FROM debian:12.9
        RUN apt-get update && apt-get install -y curl=7.88.1-10
    """
    alone: dict[str, Call] = {}
    for each in run.commands:
        command = each.command
        call = packages.read(command) if command.name in packages.SYSTEM_PROGRAMS else None
        if call is None:
            if alone and _may_install(command):
                alone.clear()
        elif call.manager in _WITH_INDEX and not call.is_trial:
            if _uses_index(call):
                alone.pop(call.manager.name, None)
            elif _fetches_index(call):
                alone[call.manager.name] = call
    for call in alone.values():
        if not packages.mounts_over(run.mounts, call.manager.caches):
            yield _lonely(call)


def _calls(run: Run) -> Iterable[Call]:
    """The calls of package managers of the system."""
    names = packages.SYSTEM_PROGRAMS
    commands = [each.command for each in run.commands if each.command.name in names]
    return [call for call in map(packages.read, commands) if call is not None]


def _renamed(command: AptCommand) -> Fix | None:
    """The same command by the name for scripts, where that does the same."""
    call = packages.read(command.command)
    word = command.command.name_word
    if call is None or word is None:
        return None
    if call.verb in _AS_APT_GET:
        return renamed("apt-get", word)
    return renamed("apt-cache", word) if call.verb in _AS_APT_CACHE else None


def _goes_without(call: Call) -> bool:
    """Whether options keep recommended packages out."""
    for option in call.options:
        if option.name in _WITHOUT_RECOMMENDED:
            return True
        if option.name == "--install-recommends" and option.value in ("false", "no", "0", "off"):
            return True
    return call.states(packages.APT_NO_RECOMMENDS)


def _is_for_security(call: Call) -> bool:
    return call.has(_SECURITY)


def _may_install(command: Command) -> bool:
    """Whether a command may install packages, such as a script of which nothing is known."""
    name, words = command.name, command.arguments
    if name in SHELLS:
        return not command.nested
    if name in _INSTALLERS or name.endswith(".sh") or name[:1] == "$":
        return True
    word = command.name_word
    if word is not None and "/" in word.value and not _SYSTEM_FOLDER.fullmatch(word.value):
        return True
    if _INTERPRETER.fullmatch(name) and words and words[0].value[:1] != "-":
        return True
    return any(_PLAYWRIGHT.fullmatch(each.value) for each in words[:2])  # npx playwright install


def _uses_index(call: Call) -> bool:
    """Whether something is installed, or upgraded by name."""
    verb, manager = call.verb, call.manager
    if verb in manager.installs or verb in manager.releases or verb in _USES or verb[:1] == "$":
        return True
    if verb in manager.refreshes:
        return verb in manager.upgrades and bool(call.operands)
    return verb in manager.upgrades


def _fetches_index(call: Call) -> bool:
    if call.verb in call.manager.refreshes:
        return True
    return call.manager is packages.APK and not call.verb and call.has(_APK_UPDATES)


def _lonely(call: Call) -> Problem:
    if call.verb:
        return Problem(call, f"{call.command.name} {call.verb} without an install behind it")
    asked = next(option for option in call.options if option.name in _APK_UPDATES)
    return Problem(asked.word.span, f"apk {asked.name} without an install")

"""Packages whose version nobody states."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from policylint.detect import packages
from policylint.dockerfile.variables import expand, references
from policylint.finding import Problem
from policylint.image import (
    ApkCommand,
    AptCommand,
    GemCommand,
    GoCommand,
    NodeCommand,
    PipCommand,
    RpmCommand,
)
from policylint.patterns import regex
from policylint.rule import rule

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from policylint.detect.packages import Call
    from policylint.dockerfile.script import Script, ShellWord
    from policylint.dockerfile.stages import Build
    from policylint.finding import Problems
    from policylint.image import Run, RunCommand

_RANGE = regex(r"[=<>]")
_APK_RANGE = regex(r"[=<>~]")
_LOCAL = ("/", "./", "../", "~/")
_ASSIGNED = regex(r"\b(\w+)=|\b(?:for|read)\s+(\w+)")
# A word that is nothing but variables.
_ONLY_VARIABLES = regex(r"(?:\$\w+|\$\{[^{}]*\}|[\"\s])+")
_VERSION_PART = regex(r"[\w.~^:+]+")
_ACCESS = regex(r"://(?!git@)[^/@\s]+@")
_LONGEST_NAME = 100
_PIP_VERSION = regex(r"[=!~]=|[<>]")
# A file says which version, or there is no index and what lies in a folder is taken.
_PIP_DECIDED = ("-r", "--requirement", "-c", "--constraint", "--no-index")
_PIP_ARCHIVES = (".whl", ".tar.gz", ".tar.bz2", ".tgz", ".zip")
_REPOSITORY = regex(r"(?:git|hg|svn|bzr)\+[\w+.-]+://[^/]*")
_NPM_ARCHIVES = (".tar", ".tar.gz", ".tgz")
_NPM_LOCAL = (*_LOCAL, "file:", "link:")
_NPM_GIT = regex(
    r"git[+:@]|ssh:|(?:github|gitlab|bitbucket|gist):|[\w.-]+/[\w.-]+(?:#|\Z)"
    r"|https?://(?:[^/]*@)?(?:github\.com|gitlab\.com|bitbucket\.org)/|https?://[^#]*\.git(?:#|\Z)"
)
_GO_VALUED = frozenset((
    "C", "asmflags", "buildmode", "compiler", "covermode", "coverpkg", "exec",
    "gccgoflags", "gcflags", "installsuffix", "ldflags", "mod", "modfile", "o", "overlay", "p",
    "pgo", "pkgdir", "tags", "toolexec",
))  # fmt: skip
_GO_VERBS = frozenset(("install", "get", "run"))
_ANY_VERSION = frozenset(("latest", "none"))


@rule(
    on=AptCommand,
    severity="low",
    family="artifacts",
    refs="CWE-1357",
    equivalents=("DL3008", "KICS:Apt Get Install Pin Version Not Defined"),
)
def apt_version_unpinned(command: AptCommand, run: Run) -> Problems:
    """apt-get installs whatever version there is.

    The same file makes another image tomorrow, and nobody can say afterwards which
    version ran in production.

    Instead, write name=version; name=1.2.* takes fixes only.

    Bad (dockerfile):
        FROM debian:12.9
        RUN apt-get update && apt-get install -y --no-install-recommends curl

    Good (dockerfile):
        FROM debian:12.9
        RUN apt-get update && apt-get install -y --no-install-recommends curl=7.88.*
    """
    if command.name == "aptitude":
        return
    for word, name in _packages(command, run):
        if "=" not in name and _is_apt_name(name):
            yield _unpinned(word, name)


@rule(
    on=ApkCommand,
    severity="low",
    family="artifacts",
    refs="CWE-1357",
    equivalents=("DL3018", "KICS:Unpinned Package Version in Apk Add"),
)
def apk_version_unpinned(command: ApkCommand, run: Run) -> Problems:
    """apk installs whatever version there is.

    The same file makes another image tomorrow, and nobody can say afterwards which
    version ran in production.

    Instead, write name=version, or name~version to take fixes.

    Bad (dockerfile):
        FROM alpine:3.21
        RUN apk add --no-cache curl

    Good (dockerfile):
        FROM alpine:3.21
        RUN apk add --no-cache curl~8.11
    """
    for word, name in _packages(command, run):
        if not _APK_RANGE.search(name) and not name.startswith("!") and not name.endswith(".apk"):
            yield _unpinned(word, name)


@rule(
    on=RpmCommand,
    severity="low",
    family="artifacts",
    refs="CWE-1357",
    confidence="medium",
    equivalents=("DL3033", "KICS:Yum install Without Version"),
)
def yum_version_unpinned(command: RpmCommand, run: Run) -> Problems:
    """yum installs whatever version there is.

    The same file makes another image tomorrow, and nobody can say afterwards which
    version ran in production.

    Instead, write name-version, and name:stream for a module.

    Bad (dockerfile):
        FROM centos:7.9.2009
        RUN yum install -y httpd && yum clean all

    Good (dockerfile):
        FROM centos:7.9.2009
        RUN yum install -y httpd-2.4.6 && yum clean all
    """
    call = packages.read(command.command)
    if call is not None and call.manager is packages.YUM:
        yield from _unpinned_rpms(call, command, run)


@rule(
    on=RpmCommand,
    severity="low",
    family="artifacts",
    refs="CWE-1357",
    confidence="medium",
    equivalents=("DL3041", "KICS:Missing Version Specification In dnf install"),
)
def dnf_version_unpinned(command: RpmCommand, run: Run) -> Problems:
    """dnf installs whatever version there is.

    The same file makes another image tomorrow, and nobody can say afterwards which
    version ran in production. The same goes for microdnf and tdnf.

    Instead, write name-version, and name:stream for a module.

    Bad (dockerfile):
        FROM fedora:41
        RUN dnf install -y httpd && dnf clean all

    Good (dockerfile):
        FROM fedora:41
        RUN dnf install -y httpd-2.4.62 && dnf clean all
    """
    call = packages.read(command.command)
    if call is not None and call.manager in (packages.DNF, packages.MICRODNF, packages.TDNF):
        yield from _unpinned_rpms(call, command, run)


@rule(
    on=RpmCommand,
    severity="low",
    family="artifacts",
    refs="CWE-1357",
    equivalents=("DL3037", "KICS:Zypper Install Without Version"),
)
def zypper_version_unpinned(command: RpmCommand, run: Run) -> Problems:
    """zypper installs whatever version there is.

    The same file makes another image tomorrow, and nobody can say afterwards which
    version ran in production.

    Instead, write name=version, or a range in quotes.

    Bad (dockerfile):
        FROM opensuse/leap:15.6
        RUN zypper install -y curl && zypper clean

    Good (dockerfile):
        FROM opensuse/leap:15.6
        RUN zypper install -y curl=8.6.0 && zypper clean
    """
    call = packages.read(command.command)
    if call is None or call.manager is not packages.ZYPPER or _is_typed(call):
        return
    for word, name in _packages(command, run):
        if _is_rpm_name(name) and not _RANGE.search(name) and name[0] not in "-!":
            yield _unpinned(word, name)


@rule(
    on=PipCommand,
    severity="medium",
    family="artifacts",
    refs="CWE-1357",
    equivalents=("DL3013", "KICS:Unpinned Package Version in Pip Install"),
)
def pip_version_unpinned(command: PipCommand, run: Run) -> Problems:
    """pip installs whatever version there is.

    The same file makes another image tomorrow, and a release that somebody else publishes
    tonight runs in production without anybody having asked for it.

    Instead, write name==version, or list what is needed in a file and install it with -r.

    Bad (dockerfile):
        FROM python:3.13
        RUN pip install --no-cache-dir flask

    Good (dockerfile):
        FROM python:3.13
        RUN pip install --no-cache-dir flask==3.1.0
    """
    call = packages.read(command.command)
    if call is None or call.has(_PIP_DECIDED):
        return
    for word, name in _packages(command, run):
        if not _is_pinned_for_pip(name):
            yield _unpinned(word, name)


@rule(
    on=NodeCommand,
    severity="medium",
    family="artifacts",
    refs="CWE-1357",
    equivalents=("DL3016", "KICS:NPM Install Command Without Pinned Version"),
)
def npm_version_unpinned(command: NodeCommand, run: Run) -> Problems:
    """npm installs whatever version there is.

    The same file makes another image tomorrow, and a release that somebody else publishes
    tonight runs in production without anybody having asked for it.

    Instead, write name@version, or npm ci with a lock file.

    Bad (dockerfile):
        FROM node:22
        RUN npm install -g typescript

    Good (dockerfile):
        FROM node:22
        RUN npm install -g typescript@5.7.3
    """
    words = command.command.arguments
    if command.name != "npm" or packages.NPM.installs.isdisjoint([each.value for each in words]):
        return
    for word, name in _packages(command, run):
        if not _is_pinned_for_npm(name):
            yield _unpinned(word, name)


@rule(
    on=GemCommand,
    severity="medium",
    family="artifacts",
    refs="CWE-1357",
    equivalents=("DL3028", "KICS:Gem Install Without Version"),
)
def gem_version_unpinned(command: GemCommand, run: Run) -> Problems:
    """gem installs whatever version there is.

    The same file makes another image tomorrow, and a release that somebody else publishes
    tonight runs in production without anybody having asked for it.

    Instead, write name:version, or add --version.

    Bad (dockerfile):
        FROM ruby:3.4
        RUN gem install bundler

    Good (dockerfile):
        FROM ruby:3.4
        RUN gem install bundler:2.6.3
    """
    call = packages.read(command.command)
    if call is None or call.has(("-v", "--version")):
        return
    for word, name in _packages(command, run):
        if ":" not in name and not name.endswith(".gem") and not name.startswith(_LOCAL):
            yield _unpinned(word, name)


@rule(
    on=GoCommand,
    severity="medium",
    family="artifacts",
    refs="CWE-1357",
    equivalents=("DL3062",),
)
def go_version_unpinned(command: GoCommand, run: Run) -> Problems:
    """go installs or runs whatever version there is.

    The same file makes another image tomorrow, and whatever somebody else pushes
    tonight runs in the build.

    Instead, write path@version, or let go.mod say it.

    Bad (dockerfile):
        FROM golang:1.23
        RUN go install golang.org/x/tools/cmd/stringer@latest

    Good (dockerfile):
        FROM golang:1.23
        RUN go install golang.org/x/tools/cmd/stringer@v0.29.0
    """
    words = list(_go_operands(command.words))
    verb = words[0].value if words else ""
    if verb not in _GO_VERBS:
        return
    for word in words[1:2] if verb == "run" else words[1:]:
        name = _known(word, run)
        if name is None or not _is_module(name):
            continue
        _, at, version = name.partition("@")
        if not at:
            yield _unpinned(word, name)
        elif version in _ANY_VERSION:
            yield _unpinned(word, name, "is whatever version there is")


def _unpinned(word: ShellWord, name: str, lacks: str = "has no version") -> Problem:
    """A package that is named alone; who has access to its repository stays untold."""
    public = _ACCESS.sub("://", name)
    shown = " ".join(public.split())
    if len(shown) > _LONGEST_NAME:
        shown = f"{shown[:_LONGEST_NAME]} …"
    return Problem(word.span, f"{shown} {lacks}", secret=public != name)


def _packages(command: RunCommand, run: Run) -> Iterator[tuple[ShellWord, str]]:
    """The words that an install command takes for packages, and what is known to stand there."""
    call = packages.read(command.command)
    if call is None or not call.installs or "xargs" in command.command.wrappers:
        return
    for word in call.operands:
        name = _known(word, run)
        if name:
            yield word, name


def _known(word: ShellWord, run: Run) -> str | None:
    """What a shell makes of a word; `None` when it is up to a variable, or to a command."""
    if word.literal:
        return word.value if word.value != "{}" else None  # which find fills in
    if _is_unknowable(word) or run.stage is None:
        return None
    text = expand(word.text, run.stage.variables(run.instruction))
    return text if text and not text.isspace() else None


def _is_unknowable(word: ShellWord) -> bool:
    return "$(" in word.text or "`" in word.text or bool(_ONLY_VARIABLES.fullmatch(word.text))


def _is_apt_name(name: str) -> bool:
    """Whether a word names a package: no file, no pattern, no task, nothing to be removed."""
    return (
        "/" not in name
        and not name.endswith((".deb", "-", "^"))
        and not name.startswith(("~", "?"))
    )


def _is_typed(call: Call) -> bool:
    """Whether patterns, patches or products are asked for."""
    return any(
        option.name in ("-t", "--type") and option.value != "package" for option in call.options
    )


def _unpinned_rpms(call: Call, command: RunCommand, run: Run) -> Iterator[Problem]:
    """What yum and its heirs install without a version."""
    if call.verb.startswith("group") or not call.installs or "xargs" in command.command.wrappers:
        return
    for word in call.operands:
        name = word.value
        if not word.literal and (_is_unknowable(word) or _is_declared(word, run)):
            continue
        if call.verb == "module install":
            if ":" not in name:
                yield _unpinned(word, name, "has no stream")
        elif _is_rpm_name(name) and not _has_rpm_version(name):
            yield _unpinned(word, name)


def _is_rpm_name(name: str) -> bool:
    """Whether a word names a package: no file, no group, nothing that packages provide."""
    return bool(name) and not name.endswith(".rpm") and name[0] not in "@/.~{" and "(" not in name


def _has_rpm_version(name: str) -> bool:
    if _RANGE.search(name):
        return True
    parts = name.split("-")[1:]
    return all(_VERSION_PART.fullmatch(part) for part in parts) and any(
        part[0].isdigit() for part in parts
    )


def _is_declared(word: ShellWord, run: Run) -> bool:
    """Whether a variable in a word is declared, or set by the script itself."""
    variables = run.stage.variables(run.instruction) if run.stage is not None else None
    declared, here = _arguments(run.build), run.instruction.start
    for reference in references(word.text):
        name = reference.name
        if declared.get(name, here) < here or (run.script and name in _assigned(run.script)):
            return True
        if variables is not None and variables.declared(name) is not None:
            return True
    return False


@lru_cache(maxsize=1)
def _arguments(build: Build) -> dict[str, int]:
    """Where each build argument is first declared, in whatever stage."""
    found: dict[str, int] = {}
    for instructions in (build.preamble, *(stage.instructions for stage in build.stages)):
        for instruction in instructions:
            if instruction.name == "ARG":
                for pair in instruction.pairs:
                    found.setdefault(pair.key.text, instruction.start)
    return found


@lru_cache(maxsize=1)
def _assigned(script: Script) -> frozenset[str]:
    """The variables that a script sets."""
    found = _ASSIGNED.findall(script.text)
    return frozenset(name for names in found for name in names if name)


def _is_pinned_for_pip(name: str) -> bool:
    """Whether pip has no choice; the marker behind a semicolon is no version."""
    requirement = name.partition(";")[0]
    repository = _REPOSITORY.search(requirement)
    if repository:
        return "@" in requirement[repository.end() :].partition("#")[0]
    if "/" in requirement or requirement.startswith(".") or requirement.endswith(_PIP_ARCHIVES):
        return True
    return bool(_PIP_VERSION.search(requirement))


def _is_pinned_for_npm(name: str) -> bool:
    """Whether npm has no choice, or takes a file."""
    if name in (".", "..") or name.startswith(_NPM_LOCAL) or name.endswith(_NPM_ARCHIVES):
        return True
    if _NPM_GIT.match(name):
        return "#" in name
    if "://" in name:
        return True
    _, _, version = name[1:].partition("@")  # a scope begins with one, too
    if version.startswith("npm:"):
        return _is_pinned_for_npm(version.removeprefix("npm:"))
    return bool(version) and (not _NPM_GIT.match(version) or "#" in version)


def _go_operands(words: Iterable[ShellWord]) -> Iterator[ShellWord]:
    """What go takes for no option: those have one dash, or two, and long names."""
    waiting = iter(words)
    for word in waiting:
        value = word.value
        if value[:1] != "-":
            yield word
        elif value.lstrip("-") in _GO_VALUED:
            next(waiting, None)


def _is_module(path: str) -> bool:
    """Whether a path begins with a host, as those do that are downloaded."""
    if path.endswith(".go"):
        return False
    host = path.partition("/")[0].partition("@")[0]
    return "." in host.strip(".")

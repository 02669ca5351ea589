"""What COPY and ADD put into an image, and where."""

from __future__ import annotations

import re
from posixpath import normpath
from typing import TYPE_CHECKING

from policylint.detect.credential_files import KEYS, VARIABLES, is_credential_file
from policylint.detect.paths import lineage
from policylint.dockerfile.variables import references
from policylint.finding import Change, Fix, Problem
from policylint.image import BuildStage, Copy, ImageBuild, OnBuild, Run, Variables, Workdir
from policylint.patterns import regex
from policylint.rule import rule
from policylint.source import Span

if TYPE_CHECKING:
    from collections.abc import Iterator

    from policylint.dockerfile.excerpt import Word
    from policylint.finding import Problems
    from policylint.image import RunCommand
    from policylint.model import Value

_ARCHIVES = (
    ".tar", ".z", ".bz2", ".gz", ".lz", ".lzma", ".tb2", ".tbz", ".tbz2", ".tgz", ".tlz", ".tpz",
    ".txz", ".tz", ".xz", ".zst",
)  # fmt: skip
_UNPACKERS = frozenset({
    "bunzip2", "bzcat", "gunzip", "lzcat", "uncompress", "unlzma", "unxz", "unzip", "unzstd",
    "xzcat", "zcat", "zstdcat",
})  # fmt: skip
_COMPRESSORS = frozenset({"bzip2", "gzip", "lzma", "unar", "xz", "zstd"})
_TAR = ("bsdtar", "gtar", "star", "tar")
_MAY_UNPACK = frozenset((*_TAR, *_COMPRESSORS, *_UNPACKERS))
_TAR_LETTERS = regex(r"-?[A-Za-z]*x[A-Za-z]*")

_REMOTE = regex(r"(?:https?|ftp|git|ssh)://|git@[\w.-]+:", re.IGNORECASE)
_HOST = regex(r"(?:[a-z]+://)?(?:[^/@\s]*@)?([\w.-]+)", re.IGNORECASE)
_GIT = regex(r"(?:git|ssh)://|git@|(?:https?://)?[^#?]*\.git(?:[#?]|\Z)", re.IGNORECASE)
_COMMIT = regex(
    r"#[0-9a-f]{40}(?:[0-9a-f]{24})?(?::|\Z)|[?&](?:commit|checksum)=[0-9a-f]{40}", re.IGNORECASE
)
_ADD_FLAGS = ("checksum", "keep-git-dir", "unpack")
_DEFAULT = regex(r"\$\{\w+:?-([^{}]+)\}")
_WILD = regex(r"[*?\[]")


@rule(
    on=Copy,
    severity="medium",
    family="artifacts",
    refs="CWE-494 CIS-Docker:4.9",
    equivalents=(
        "CKV_DOCKER_4", "CIS-DI-0009", "CIS-Docker:4.9", "KICS:Curl or Wget Instead of Add",
        "semgrep:prefer-copy-over-add",
    ),
)  # fmt: skip
def add_remote(copy: Copy) -> Problems:
    """ADD takes what a server has at the time.

    Nobody notices when it hands out something else one day, because it was broken into or
    because a branch moved on; over plain http anybody on the way can do the same.

    Instead, state `--checksum=sha256:...`, for a git repository the full commit behind `#`.

    Bad (dockerfile):
        FROM debian:12.9
        ADD https://downloads.example.com/tool /usr/bin/tool

    Good (dockerfile):
        FROM debian:12.9
        ADD --checksum=sha256:24454f830cdb571e2c4ad15481119c43b3cafd48dd869a9b2945d1036d1dc68d \\
            https://downloads.example.com/tool /usr/bin/tool
    """
    if not copy.is_add:
        return
    checksum = copy.instruction.flag("checksum")
    is_checked = checksum is not None and bool(checksum.value) and len(copy.sources) == 1
    for source, text in _sources(copy):
        if is_checked or not _REMOTE.match(text) or (_GIT.match(text) and _COMMIT.search(text)):
            continue
        host = _HOST.match(text)
        place = f" from {host[1]}" if host else ""
        is_plain = text.lower().startswith("http://")
        what = "ADD downloads" if not is_plain else "ADD downloads over plain http"
        yield Problem(
            source, f"{what}{place} without a checksum", severity="high" if is_plain else None
        )


@rule(
    on=Copy,
    severity="low",
    family="artifacts",
    refs="CIS-Docker:4.9",
    equivalents=(
        "DL3020", "DS-0005", "CKV_DOCKER_4", "CIS-DI-0009", "CIS-Docker:4.9",
        "KICS:Add Instead of Copy",
    ),
)  # fmt: skip
def add_instead_of_copy(copy: Copy) -> Problems:
    """ADD used for files that it only copies.

    ADD also unpacks archives and downloads, depending on what it is given, so that nobody
    can tell from the line alone what ends up in the image.

    Instead, write COPY.

    Bad (dockerfile):
        FROM debian:12.9
        ADD app.py /srv/app.py

    Good (dockerfile):
        FROM debian:12.9
        COPY app.py /srv/app.py
    """
    if not copy.is_add:
        return
    plain = [source for source, text in _sources(copy) if _is_plain_file(source, text)]
    if not plain and not copy.instruction.heredocs:
        return
    keyword = copy.instruction.keyword
    fix = None
    if (
        len(plain) == len(copy.sources)
        and not any(copy.instruction.flag(name) for name in _ADD_FLAGS)
        and not any(_WILD.search(source.value) for source in plain)
    ):
        name = "copy" if keyword.text.islower() else "COPY"
        fix = Fix("write COPY", (Change("text", keyword.span, name),), is_safe=True)
    what = f"{plain[0].value} is" if plain else "a here-document is"
    yield Problem(copy, f"{what} no archive: COPY does what is meant here", fix=fix)


@rule(
    on=ImageBuild,
    severity="high",
    family="secrets",
    refs="CWE-538 CWE-522 CIS-Docker:4.10 NIST:4.1.4 ATTACK:T1552.001",
    equivalents=("DS-0031", "CIS-DI-0010", "CIS-Docker:4.10", "DKL-LI-0003"),
)
def secret_file_copied(
    build: ImageBuild, *, files: tuple[str, ...] = (), extensions: tuple[str, ...] = ()
) -> Problems:
    """File with credentials copied into an image.

    Everybody who pulls the image has it, and to delete it later only hides it. In a stage
    that is left behind it stays in the caches of builds.

    Instead, mount it into the RUN that needs it, by `--mount=type=secret`, and give it to the
    container when that starts.

    Settings:
        files: names of further files with credentials
        extensions: further endings of such files

    Bad (dockerfile):
        FROM node:22.14.0
        COPY package.json .npmrc ./
        RUN npm install

    Good (dockerfile):
        FROM node:22.14.0
        COPY package.json ./
        RUN --mount=type=secret,id=npmrc,target=/root/.npmrc npm install
    """
    shipped = build.shipped
    numbers = [stage.stage.index for stage in shipped]
    for stage in build.stages:
        is_shipped = stage.stage.index in numbers
        for copy in stage.unwrapped():
            if type(copy) is not Copy or (copy.origin is not None and not is_shipped):
                continue
            for at, what in _credentials(copy, build, files, extensions):
                message = f"{what} into the image" if is_shipped else f"{what} into a stage"
                yield Problem(at, message, severity=None if is_shipped else "low")
    yield from _credential_variables(shipped)


@rule(
    on=ImageBuild,
    severity="low",
    family="secrets",
    refs="CWE-538",
    equivalents=("DKL-LI-0003",),
)
def whole_context_copied(build: ImageBuild) -> Problems:
    """Whole folder copied into an image, history and settings included.

    What happens to lie there, on the machine of whoever builds, goes along: `.git` with all
    that was ever deleted, `.env` with what is secret.

    Instead, copy what the program needs, or leave out the rest by a `.dockerignore`.

    Bad (dockerfile):
        FROM node:22.14.0
        COPY . /srv

    Good (dockerfile):
        FROM node:22.14.0
        COPY package.json src /srv/
    """
    ignore = build.ignore
    if not build.is_placed:
        return
    if ignore is not None and (ignore.covers(".git/config") or ignore.covers(".env")):
        return
    why = "there is no .dockerignore" if ignore is None else f"{ignore.path} leaves out neither"
    for stage in build.shipped:
        for copy in stage.own(Copy):
            for source in _from_context(copy):
                if _in_context(source.value) in ("", "*"):
                    yield Problem(source, f"copies .git and .env along: {why}")


@rule(
    on=Copy,
    severity="high",
    family="hygiene",
    equivalents=(
        "DL3021", "DS-0011", "KICS:Copy With More Than Two Arguments Not Ending With Slash",
    ),
)  # fmt: skip
def copy_many_needs_slash(copy: Copy) -> Problems:
    """Several sources copied to what is not named as a folder.

    The build stops here: a target of several sources has to end with a slash.

    Instead, put a slash behind the target.

    Bad (dockerfile):
        FROM node:22.14.0
        COPY package.json package-lock.json /srv

    Good (dockerfile):
        FROM node:22.14.0
        COPY package.json package-lock.json /srv/
    """
    target = copy.target
    count = len(copy.sources) + len(copy.instruction.heredocs)
    if target is None or count < 2 or not _lacks_slash(copy, target):
        return
    span = copy.instruction.words[-1].span
    last = copy.build.file.text[span.end - 1 : span.end]
    at = span.end - 1 if last in ("'", '"') else span.end
    fix = Fix("end it with a slash", (Change("text", Span(at, at), "/"),), is_safe=True)
    yield Problem(target, f"{count} sources, but no slash behind the target", fix=fix)


@rule(
    on=BuildStage,
    severity="info",
    family="hygiene",
    equivalents=("DL3010",),
)
def copied_archive_extracted(stage: BuildStage) -> Problems:
    """Archive copied, and unpacked by a later command.

    The image carries both the archive and what was in it.

    Instead, let ADD unpack it: then the archive itself is in no layer.

    Bad (dockerfile):
        FROM debian:12.9
        COPY rootfs.tar.gz /tmp/
        RUN tar -xzf /tmp/rootfs.tar.gz -C /srv

    Good (dockerfile):
        FROM debian:12.9
        ADD rootfs.tar.gz /srv/
    """
    archives: dict[str, Value[str]] = {}
    statements = stage.unwrapped()
    if all(_MAY_UNPACK.isdisjoint(each.programs) for each in statements if type(each) is Run):
        return
    for statement in statements:
        if type(statement) is Copy and not statement.is_add and statement.origin is None:
            archives.update(_archives(statement))
        elif archives and type(statement) is Run:
            for command in statement.commands:
                for name in _unpacked(command):
                    source = archives.pop(name, None)
                    if source is not None:
                        yield Problem(source, f"{command.name} unpacks {name}: ADD would")


@rule(
    on=BuildStage,
    severity="medium",
    family="hygiene",
    equivalents=("DL3045",),
)
def copy_relative_without_workdir(stage: BuildStage) -> Problems:
    """Copied to a relative path without a WORKDIR.

    Where the files end up is for the base image to say, and changes with it.

    Instead, set WORKDIR first, or write the whole path.

    Bad (dockerfile):
        FROM debian:12.9
        COPY app.py .

    Good (dockerfile):
        FROM debian:12.9
        WORKDIR /srv
        COPY app.py .
    """
    parent = stage.stage.parent
    is_set = parent is not None and parent.effective("WORKDIR") is not None
    is_set_later = False
    for statement in stage.statements:
        if type(statement) is Workdir:
            is_set = True
        elif type(statement) is OnBuild:
            trigger = statement.trigger
            is_set_later = is_set_later or type(trigger) is Workdir
            if type(trigger) is Copy and not is_set_later and not _has_workdir(stage):
                yield from _relative_target(trigger)
        elif not is_set and type(statement) is Copy:
            yield from _relative_target(statement)


@rule(
    on=Copy,
    severity="medium",
    family="hygiene",
    equivalents=("DL3067",),
)
def copy_whole_filesystem(copy: Copy) -> Problems:
    """All files of another stage or image copied.

    Compilers, caches and secrets of the build come along, and the layers can no longer
    be shared.

    Instead, copy the files that the program needs.

    Bad (dockerfile):
        FROM golang:1.24.1 AS build
        RUN go build -o /out/app .
        FROM scratch
        COPY --from=build / /

    Good (dockerfile):
        FROM golang:1.24.1 AS build
        RUN go build -o /out/app .
        FROM scratch
        COPY --from=build /out/app /app
    """
    target = copy.target
    if copy.origin is None or target is None or not _is_top(target):
        return
    for source in copy.sources:
        if source.is_known and _in_context(source.value) in ("", "*"):
            yield Problem(source, f"copies all that {copy.origin.value} holds")


@rule(
    on=ImageBuild,
    severity="medium",
    family="hygiene",
    equivalents=("BuildKit:CopyIgnoredFile",),
)
def copy_ignored_file(build: ImageBuild) -> Problems:
    """Copied file that the ignore file leaves out.

    The build does not see it: it stops here, or goes on without what is meant.

    Instead, add an exception such as `!dist` to the ignore file, or copy something else.

    Ignore file:
        dist

    Bad (dockerfile):
        FROM debian:12.9
        COPY dist /srv

    Good (dockerfile):
        FROM debian:12.9
        COPY src /srv
    """
    ignore = build.ignore
    if ignore is None:
        return
    for copy in (each for stage in build.stages for each in stage.own(Copy)):
        for source in _from_context(copy):
            path = _in_context(source.value)
            if ignore.covers_all(path):
                yield Problem(source, f"{ignore.path} leaves out {path or 'everything'}")


def begins_absolute(word: Word) -> bool:
    """Whether a path is absolute, or begins with a variable that may make it so."""
    path = word.text.lstrip("\"'")
    has_drive = path[1:2] == ":" and path[0].isascii() and path[0].isalpha()
    return path.startswith(("/", "\\", "$")) or has_drive


def _sources(copy: Copy) -> Iterator[tuple[Value[str], str]]:
    """The sources with their text: as written where nobody knows it, or what it is by default."""
    written: dict[object, str] = {}
    for source in copy.sources:
        if source.is_known:
            yield source, source.value
        else:
            written = written or {word.span: word.text for word in copy.instruction.words}
            text = written[source.at].strip("\"'")
            default = _DEFAULT.match(text)
            yield source, default[1] if default else text


def _from_context(copy: Copy) -> Iterator[Value[str]]:
    """The sources that are files of the build's folder."""
    if copy.instruction.flag("from") is None:
        for source in copy.sources:
            if source.is_known and not (copy.is_add and _is_remote(source.value)):
                yield source


def _in_context(path: str) -> str:
    return normpath(f"/{path}").lstrip("/")


def _is_remote(text: str) -> bool:
    return bool(_REMOTE.match(text) or _GIT.match(text))


def _is_plain_file(source: Value[str], text: str) -> bool:
    return source.is_known and not (_is_remote(text) or text.lower().endswith(_ARCHIVES))


def _credentials(
    copy: Copy, build: ImageBuild, files: tuple[str, ...], extensions: tuple[str, ...]
) -> Iterator[tuple[object, str]]:
    """What a COPY takes or puts where credentials are, and what to say of it."""
    for source in copy.sources:
        if not source.is_known or not is_credential_file(source.value, files, extensions):
            continue
        if not (copy.is_add and _is_remote(source.value)) and not _is_ignored(source, copy, build):
            yield source, f"{_name(source.value.rstrip('/'))} goes"
    target = copy.target
    if target is not None and _is_key(target) and not any(map(_is_key, copy.sources)):
        yield target, f"a private key ({_name(target.value)}) goes"
    for word in copy.instruction.words if "$" in copy.instruction.excerpt.text else ():
        for reference in references(word.text, copy.instruction.escape):
            if reference.name in VARIABLES:
                yield (
                    word.part(reference.start, reference.end),
                    f"the file of {reference.name} goes",
                )


def _is_key(path: Value[str]) -> bool:
    return path.is_known and _name(path.value) in KEYS


def _is_ignored(source: Value[str], copy: Copy, build: ImageBuild) -> bool:
    """Whether the ignore file keeps a source from the build."""
    if build.ignore is None or copy.is_trigger or copy.instruction.flag("from") is not None:
        return False
    return build.ignore.covers_all(source.value)


def _credential_variables(stages: tuple[BuildStage, ...]) -> Problems:
    """Variables that lead to a file with credentials which the image's stages have copied."""
    named = [
        (stage, each, each.value)
        for stage in stages
        for statement in stage.own(Variables)
        for each in statement.variables
        if each.name.value in VARIABLES
    ]
    if not named:
        return
    copies = [(stage, copy) for stage in stages for copy in stage.own(Copy)]
    copied = {place for stage, copy in copies for place in _places(stage, copy)}
    taken = {normpath(source.value) for _, copy in copies for source in _from_context(copy)}
    for stage, variable, value in named:
        if value is None or not value.is_known or not value.value:
            continue
        path = normpath(value.value)
        if path[0] != "/":
            is_taken = "." in taken or not taken.isdisjoint(lineage(path))
            path = normpath(f"{_folder(stage.effective(Workdir))}/{path}")
        else:
            is_taken = False
        if is_taken or not copied.isdisjoint(lineage(path)):
            yield Problem(value, f"{variable.name.value} leads to a file copied into the image")


def _places(stage: BuildStage, copy: Copy) -> Iterator[str]:
    """The files and folders that a COPY fills, as far as their names tell."""
    target = copy.target
    if target is None or not target.is_known or not target.value:
        return
    path = target.value
    if path[0] != "/":
        path = f"{_folder(stage.effective(Workdir, copy))}/{path}"
    is_folder = path.endswith(("/", "/.", "/..")) or len(copy.sources) > 1
    for source in copy.sources:
        if not source.is_known:
            continue
        name = source.value.rstrip("/").rpartition("/")[2]
        is_file = "." in name.strip(".") and not _WILD.search(name)
        yield normpath(f"{path}/{name}" if is_file and is_folder else path)


def _folder(workdir: Workdir | None) -> str:
    """The folder that relative paths begin in; a name of its own where nobody knows it."""
    path = workdir.path if workdir is not None else None
    if path is None or not path.is_known or path.value[:1] != "/":
        return "/?"
    return path.value


def _lacks_slash(copy: Copy, target: Value[str]) -> bool:
    if target.is_known:
        is_windows = copy.instruction.escape == "`" and target.value.endswith("\\")
        return not (target.value.endswith("/") or is_windows)
    written = copy.instruction.words[-1].text.rstrip("\"'")
    found = references(written, copy.instruction.escape)
    return not written.endswith("/") and not (found and found[-1].end == len(written))


def _archives(copy: Copy) -> list[tuple[str, Value[str]]]:
    """The archives that a COPY brings, under their names in the image."""
    target = copy.target
    name = target.value if target is not None and target.is_known else ""
    is_named = name.lower().endswith(_ARCHIVES)
    found = []
    for source in copy.sources:
        if source.is_known:
            if is_named:
                found.append((_name(name), source))
            if source.value.lower().endswith(_ARCHIVES):
                found.append((_name(source.value), source))
    return found


def _name(path: str) -> str:
    return path.replace("\\", "/").rpartition("/")[2]


def _unpacked(command: RunCommand) -> Iterator[str]:
    """The names of the files that a command may unpack."""
    values = [word.value for word in command.words]
    if command.name in _TAR:
        is_unpacking = any(value in ("--extract", "--get") for value in values) or any(
            _TAR_LETTERS.fullmatch(value)
            for at, value in enumerate(values)
            if at == 0 or value[:1] == "-"
        )
    elif command.name in _COMPRESSORS:
        is_unpacking = (
            command.command.split().option("-d", "--decompress", "--uncompress") is not None
        )
    else:
        is_unpacking = command.name in _UNPACKERS
    if is_unpacking:
        redirected = (each.target.value for each in command.command.redirections)
        for value in (*values, *redirected):
            yield _name(value.partition("=")[2] if value[:2] == "--" else value)


def _has_workdir(stage: BuildStage) -> bool:
    return stage.effective(Workdir) is not None


def _relative_target(copy: Copy) -> Problems:
    if copy.is_add or copy.target is None or begins_absolute(copy.instruction.words[-1]):
        return
    yield Problem(copy.target, "relative to wherever the base image is: there is no WORKDIR")


def _is_top(path: Value[str]) -> bool:
    return path.is_known and path.value[:1] == "/" and normpath(path.value) in ("/", "//")

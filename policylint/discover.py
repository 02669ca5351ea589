"""Paths to files: walking folders, ignore files, reading."""

from __future__ import annotations

import os
import re
import stat
import sys
from typing import TYPE_CHECKING

from policylint.detect.paths import matches_glob
from policylint.detect.placeholders import template_stem
from policylint.dockerfile import names
from policylint.named import NamedTuple
from policylint.source import MAX_BYTES, ReadFailure, SourceFile, decode

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

STDIN = "<stdin>"

_ENDINGS = (".json", ".yaml", ".yml")
# What tools put into a tree: other people's files, or no files at all.
_SKIPPED = frozenset({
    ".git", ".hg", ".svn", ".venv", "venv", "node_modules", "__pycache__", ".mypy_cache",
    ".pytest_cache", ".ruff_cache", ".tox", ".terraform",
})  # fmt: skip


# What the ignore files of builds are called, or end in.
_BUILD_IGNORE = ".dockerignore"


class Failure(NamedTuple):
    """A path that was named, or met on the way, and that cannot be read."""

    path: str
    reason: str


class _Found(NamedTuple):
    """A file to be read: as it was named, in full, as it is reported, and without links.

    `ignores` are the ignore files of builds that lie beside it; None where nobody has looked.
    """

    path: str
    absolute: str
    shown: str
    real: str
    ignores: tuple[str, ...] | None = None


class _Folder(NamedTuple):
    """A folder to be searched; `shown` is what the reported paths of its files begin with."""

    path: str
    absolute: str
    shown: str
    real: str


def discover(
    paths: Iterable[str],
    *,
    root: str,
    exclude: tuple[str, ...] = (),
    kind: str | None = None,
    stdin_filename: str | None = None,
    seen: set[str] | None = None,
) -> Iterator[SourceFile | Failure]:
    """The files that paths stand for, each once, in the order of the paths and then of the names.

    Folders are searched for files that may be definitions, without those that
    git ignores; `exclude` patterns hold for named files too. A second search that is given
    the same `seen` passes over what the first one found.
    """
    seen = set() if seen is None else seen
    reader = _Reader(root, kind)
    for path in paths:
        if path == "-":
            if path not in seen:
                seen.update((path, os.path.realpath(stdin_filename or path)))
                yield reader.stdin(stdin_filename)
            continue
        for found in _candidates(path, root, exclude):
            if isinstance(found, Failure):
                yield found
                continue
            if found.real not in seen:
                seen.add(found.real)
                yield reader.read(found)


def git_root(folder: str) -> str | None:
    """The top of the git work tree that a folder lies in."""
    folder = os.path.abspath(folder)
    while not os.path.exists(os.path.join(folder, ".git")):
        parent = os.path.dirname(folder)
        if parent == folder:
            return None
        folder = parent
    return folder


def common_folder(paths: Iterable[str]) -> str:
    """The deepest folder that holds all paths; the current one for none and for standard input."""
    folders = [_folder(os.path.abspath(path)) for path in paths if path != "-"]
    try:
        return os.path.commonpath(folders) if folders else os.getcwd()
    except ValueError:  # on two drives
        return os.getcwd()


def relative(path: str, root: str) -> str:
    """A path as it is reported: relative to the root, with `/`; absolute when it lies outside."""
    absolute = os.path.abspath(path)
    if is_below(absolute, root):
        absolute = os.path.relpath(absolute, root)
    return absolute.replace(os.sep, "/")


def is_below(path: str, folder: str) -> bool:
    """Whether an absolute path is a folder or lies in it."""
    return path == folder or path.startswith(folder.rstrip(os.sep) + os.sep)


def _candidates(path: str, root: str, exclude: tuple[str, ...]) -> Iterator[_Found | Failure]:
    if os.path.isdir(path):
        yield from _walk(path, root, exclude)
    elif not os.path.lexists(path):
        yield Failure(path, "no such file or folder")
    else:
        shown = relative(path, root)
        if not _is_excluded(shown, exclude):
            yield _Found(path, os.path.abspath(path), shown, os.path.realpath(path))


def _walk(top: str, root: str, exclude: tuple[str, ...]) -> Iterator[_Found | Failure]:
    """The files below a folder; what leads to each is worked out once for a folder."""
    ignored = _Ignored(top)
    shown = relative(top, root)
    pending = [
        _Folder(
            top,
            os.path.abspath(top),
            "" if shown == "." else f"{shown.rstrip('/')}/",
            os.path.realpath(top),
        )
    ]
    while pending:
        here = pending.pop()
        try:
            with os.scandir(here.path) as scan:
                entries = sorted(scan, key=lambda entry: entry.name)
        except OSError as error:
            yield Failure(here.path, _reason(error))
            continue
        ignored.enter(here.absolute, [entry.name for entry in entries])
        ignores = tuple([entry.name for entry in entries if entry.name.endswith(_BUILD_IGNORE)])
        below = []
        for entry in entries:
            name = entry.name
            is_folder = entry.is_dir(follow_symlinks=False)
            if (name in _SKIPPED) if is_folder else not _may_be_definition(name):
                continue
            absolute = os.path.join(here.absolute, name)
            if ignored.covers(absolute, is_folder=is_folder):
                continue
            shown = f"{here.shown}{name}"
            if exclude and _is_excluded(shown, exclude):
                continue
            if is_folder:
                real = os.path.join(here.real, name)
                below.append(_Folder(entry.path, absolute, f"{shown}/", real))
            elif entry.is_file() and not _leads_out(entry, (root, top)):
                is_link = entry.is_symlink()
                real = os.path.realpath(absolute) if is_link else os.path.join(here.real, name)
                yield _Found(entry.path, absolute, shown, real, ignores)
        pending += reversed(below)


def _may_be_definition(name: str) -> bool:
    name = template_stem(name) or name
    return name.lower().endswith(_ENDINGS) or names.is_named(name)


def _leads_out(entry: os.DirEntry[str], tops: tuple[str, ...]) -> bool:
    """Whether a link points out of the tree: a repository must not show what lies beside it."""
    return entry.is_symlink() and _leads_out_of(entry.path, tops)


def _leads_out_of(path: str, tops: tuple[str, ...]) -> bool:
    target = os.path.realpath(path)
    return not any(is_below(target, os.path.realpath(top)) for top in tops)


def _is_excluded(path: str, patterns: tuple[str, ...]) -> bool:
    """Whether a pattern fits a path or a folder above it."""
    return any(
        matches_glob(above, pattern.rstrip("/")) for pattern in patterns for above in _lineage(path)
    )


def _lineage(path: str) -> Iterator[str]:
    while path:
        yield path
        path = path.rpartition("/")[0]


class _Reader:
    """Reads files, and with a Dockerfile the ignore file that belongs to it."""

    def __init__(self, root: str, kind: str | None) -> None:
        self._root = root
        self._kind = kind
        self._contexts: dict[str, SourceFile | None] = {}

    def read(self, found: _Found) -> SourceFile | Failure:
        """A file that was found."""
        path = found.path
        try:
            data = _bytes(path)
        except OSError as error:
            return Failure(path, _reason(error))
        if data is None:
            return Failure(
                path, "not a regular file; to check what a command prints, pipe it into -"
            )
        return self._source(data, found)

    def stdin(self, name: str | None) -> SourceFile | Failure:
        """What comes by standard input, and the name that it is said to have."""
        if sys.stdin is None:
            return Failure(name or STDIN, "standard input is closed")
        data = sys.stdin.buffer.read(MAX_BYTES + 1)
        if name is None:
            return self._source(data, _Found(STDIN, STDIN, STDIN, STDIN))
        absolute = os.path.abspath(name)
        return self._source(data, _Found(name, absolute, relative(name, self._root), absolute))

    def _source(self, data: bytes, found: _Found) -> SourceFile:
        path = found.shown
        text, failure = decode(data)
        if len(data) > MAX_BYTES:
            failure = ReadFailure(f"larger than {MAX_BYTES // 1024 // 1024} MiB", 0)
        kind = self._kind
        name = path.rpartition("/")[2]
        is_placed = path != STDIN and (
            kind == "dockerfile" or (kind is None and names.is_named(template_stem(name) or name))
        )
        beside = self._ignore_file(found) if is_placed else None
        return SourceFile(
            path,
            text,
            kind=kind,
            location=found.path,
            error=failure,
            beside=beside,
            is_placed=is_placed,
        )

    def _ignore_file(self, dockerfile: _Found) -> SourceFile | None:
        """The ignore file of a build: a Dockerfile's own, or that of the closest folder above."""
        folder, name = os.path.split(dockerfile.absolute)
        there = dockerfile.ignores
        if there is None or f"{name}{_BUILD_IGNORE}" in there:
            own = self._text(f"{dockerfile.path}{_BUILD_IGNORE}")
            if own is not None:
                return own
        passed = []
        found = None
        while folder not in self._contexts:
            passed.append(folder)
            if there is None or _BUILD_IGNORE in there:
                found = self._text(os.path.join(folder, _BUILD_IGNORE))
            there = None  # nobody has looked into the folders above
            parent = os.path.dirname(folder)
            if found is not None or folder == self._root or parent == folder:
                break
            folder = parent
        else:
            found = self._contexts[folder]
        self._contexts.update(dict.fromkeys(passed, found))
        return found

    def _text(self, path: str) -> SourceFile | None:
        try:
            data = _bytes(path)
        except OSError:
            return None
        if data is None or _leads_out_of(path, (self._root, os.path.dirname(path))):
            return None
        return SourceFile(relative(path, self._root), decode(data)[0], location=path)


def _bytes(path: str) -> bytes | None:
    """What a file holds, up to a little more than we read; None for what is no regular file."""
    status = os.stat(path)
    if not stat.S_ISREG(status.st_mode):
        return None
    with open(path, "rb") as file:
        # No more room than it needs: asking for all that may come moves pages of memory.
        data = file.read(min(status.st_size, MAX_BYTES) + 1)
        if len(data) <= status.st_size:
            return data
        return data + file.read(MAX_BYTES + 1 - len(data))  # it grows, or does not tell its size


def _reason(error: OSError) -> str:
    return (error.strerror or str(error)).lower()


def _folder(path: str) -> str:
    return path if os.path.isdir(path) else os.path.dirname(path)


class _Ignored:
    """What git ignores: `.gitignore` from the top of the work tree down, and `info/exclude`."""

    def __init__(self, folder: str) -> None:
        self._specs: list[tuple[str, object]] = []
        top = git_root(folder)
        self._active = top is not None
        if top is None:
            return
        self._add(top, os.path.join(top, ".git", "info", "exclude"))
        inside = os.path.relpath(os.path.abspath(folder), top)
        parents = [] if inside == "." else inside.split(os.sep)
        for depth in range(len(parents)):
            above = os.path.join(top, *parents[:depth])
            self._add(above, os.path.join(above, ".gitignore"))
        # Who names a folder that git ignores wants to see what is in it.
        if self.covers(os.path.abspath(folder), is_folder=True):
            self._active, self._specs = False, []

    def enter(self, folder: str, names: list[str]) -> None:
        """Take the ignore file of a folder along, and leave those of its neighbours behind."""
        if not self._active:
            return
        self._specs = [(base, spec) for base, spec in self._specs if is_below(folder, base)]
        if ".gitignore" in names:
            self._add(folder, os.path.join(folder, ".gitignore"))

    def covers(self, path: str, *, is_folder: bool) -> bool:
        """Whether git ignores a path; the deepest file that says something about it decides."""
        for base, spec in reversed(self._specs):
            name = path[len(base) :].lstrip(os.sep).replace(os.sep, "/") or "."
            verdict = spec.check_file(f"{name}/" if is_folder else name).include  # type: ignore[attr-defined]
            if verdict is not None:
                return bool(verdict)
        return False

    def _add(self, base: str, path: str) -> None:
        try:
            with open(path, encoding="utf-8", errors="replace") as file:
                lines = file.read().splitlines()
        except OSError:
            return
        self._specs.append((base, _ignore_spec(lines)))


def _ignore_spec(lines: list[str]) -> object:
    """What an ignore file says; like git, it is not disturbed by a line that is no pattern."""
    from pathspec import GitIgnoreSpec

    try:
        return GitIgnoreSpec.from_lines(lines)
    except (ValueError, re.error):
        if len(lines) == 1:
            return GitIgnoreSpec.from_lines(())
        patterns = [pattern for line in lines for pattern in _ignore_spec([line]).patterns]  # type: ignore[attr-defined]
        return GitIgnoreSpec(patterns)

"""Policies in Rego as files: which there are, and what they say."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from policylint.named import NamedTuple
from policylint.policy import PolicyError, rego_path, shipped_rego
from policylint.source import MAX_BYTES, decode

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

ENDING = ".rego"
TESTS = "_test.rego"
# Beside policies, files of cases lie in a folder of this name.
CASES = "cases"
MAX_FILES = 10_000
DATA = (".json", ".yaml", ".yml")
MAX_DATA = 64 * 1024 * 1024


class RegoFile(NamedTuple):
    """A file of policies: its path as people write it, where it really is, and its text."""

    path: str
    location: str
    text: str


def read(paths: Iterable[str]) -> list[RegoFile]:
    """The policies in files and folders, without their tests; raises `PolicyError`."""
    found: dict[str, str] = {}
    for path in map(rego_path, paths):
        here = list(_files(path))
        if not here:
            raise PolicyError(f"{path}: no policies in Rego: no file here ends in {ENDING}")
        for file in here:
            found.setdefault(os.path.realpath(file), file)
            if len(found) > MAX_FILES:
                raise PolicyError(f"{path}: more than {MAX_FILES} files of policies")
    return [RegoFile(shown(path), location, _read(path)) for location, path in found.items()]


def read_tests(paths: Iterable[str]) -> list[RegoFile]:
    """The tests in Rego in files and folders; raises `PolicyError`."""
    found = dict.fromkeys(file for path in paths for file in _walk(path) if file.endswith(TESTS))
    return [RegoFile(shown(path), os.path.realpath(path), _read(path)) for path in found]


def has_policies(path: str) -> bool:
    """Whether a file is one of policies, or a folder has one."""
    return any(_is_policy(file) for file in _walk(path))


def case_files(paths: Iterable[str]) -> list[str]:
    """The files of cases in files and folders."""
    endings = (".yaml", ".yml")
    return list(
        dict.fromkeys(
            file
            for path in paths
            for file in _walk(path)
            if file.endswith(endings) and os.path.basename(os.path.dirname(file)) == CASES
        )
    )


def shown(path: str) -> str:
    """A path as people write it."""
    for name, folder in shipped_rego().items():
        if path.startswith(folder + os.sep):
            return f"{name}/{os.path.relpath(path, folder)}".replace(os.sep, "/")
    # A name must not pass for a line of its own.
    return os.path.relpath(path).replace(os.sep, "/").replace("\n", "\\n")


def _is_policy(path: str) -> bool:
    return path.endswith(ENDING) and not path.endswith(TESTS)


def read_data(path: str) -> Iterator[tuple[str, RegoFile]]:
    """The data in a file, or in a folder and those below; raises `PolicyError`.

    Each file comes with the folders that lead to it, which are its keys.
    """
    count = 0
    for file in _data_files(path):
        count += 1
        if count > MAX_FILES:
            raise PolicyError(f"{path}: more than {MAX_FILES} files of data")
        folders = os.path.dirname(os.path.relpath(file, path)) if file != path else ""
        yield folders, RegoFile(shown(file), os.path.realpath(file), _read(file, MAX_DATA))
    if not count:
        raise PolicyError(f"{path}: no data: no file here ends in {', '.join(DATA)}")


def _data_files(path: str) -> Iterator[str]:
    if not os.path.isdir(path):
        yield from [path] if path.lower().endswith(DATA) else ()
        return
    for folder, inner, names in os.walk(path):
        inner.sort()
        for name in sorted(names):
            if name.lower().endswith(DATA):
                yield os.path.join(folder, name)


def _files(path: str) -> Iterator[str]:
    if not os.path.isdir(path):
        yield path
        return
    yield from filter(_is_policy, _walk(path))


def _walk(path: str) -> Iterator[str]:
    """A file, or all files in a folder but for hidden ones."""
    if not os.path.isdir(path):
        yield path
        return
    for folder, inner, names in os.walk(path):
        inner[:] = sorted(name for name in inner if not name.startswith("."))
        for name in sorted(names):
            yield os.path.join(folder, name)


def _read(path: str, most: int = MAX_BYTES) -> str:
    try:
        if not os.path.isfile(path):  # opening a pipe would wait for ever
            raise PolicyError(f"{path}: no such file or folder")
        with open(path, "rb") as file:
            data = file.read(most + 1)
    except OSError as error:
        raise PolicyError(f"{path}: cannot be read: {error.strerror}") from None
    if len(data) > most:
        raise PolicyError(f"{path}: larger than {most >> 20} MiB")
    text, failure = decode(data)
    if failure is not None:
        raise PolicyError(f"{path}: {failure.message}")
    return text

"""The folders in which a build works."""

from __future__ import annotations

import re
from posixpath import join, normpath
from typing import TYPE_CHECKING

from policylint.finding import Change, Fix, Problem
from policylint.image import ImageBuild, OnBuild, Workdir
from policylint.named import NamedTuple
from policylint.patterns import regex
from policylint.rule import rule
from policylint.rules.dockerfile.copying import begins_absolute

if TYPE_CHECKING:
    from collections.abc import Iterator

    from policylint.finding import Problems
    from policylint.image import BuildStage

# Words that mean the same with and without quotes.
_LONGEST_PATH = 4096
_PLAIN = regex(r"[\w./-]+", re.ASCII)


class _Folder(NamedTuple):
    """A folder that a WORKDIR leads to.

    `path` is `None` where a variable or a drive is part of it; a folder that is `anchored`
    does not depend on the base image.
    """

    path: str | None
    is_anchored: bool


_OF_BASE = _Folder(None, is_anchored=False)


@rule(
    on=ImageBuild,
    severity="medium",
    family="hygiene",
    equivalents=(
        "BuildKit:WorkdirRelativePath", "DL3000", "DS-0009", "CKV_DOCKER_10",
        "KICS:WORKDIR Path Not Absolute",
    ),
)  # fmt: skip
def workdir_relative_to_base(build: ImageBuild) -> Problems:
    """WORKDIR relative to wherever the base image is.

    When the base image moves, so does everything that the build does from here on.

    Instead, write the whole path.

    Bad (dockerfile):
        FROM debian:12.9
        WORKDIR app

    Good (dockerfile):
        FROM debian:12.9
        WORKDIR /app
    """
    for workdir, before in _relative(build):
        if not before.is_anchored:
            path = workdir.path.value if workdir.path and workdir.path.is_known else "it"
            yield Problem(workdir.path, f"{path} is relative to a folder of the base image")


@rule(
    on=ImageBuild,
    severity="low",
    family="hygiene",
    equivalents=("DL3000", "DS-0009", "CKV_DOCKER_10", "KICS:WORKDIR Path Not Absolute"),
)
def workdir_relative(build: ImageBuild) -> Problems:
    """WORKDIR relative to the one before.

    Nobody sees from the line where it leads, and it leads elsewhere when a line above
    changes.

    Instead, write the whole path.

    Bad (dockerfile):
        FROM debian:12.9
        WORKDIR /srv
        WORKDIR app

    Good (dockerfile):
        FROM debian:12.9
        WORKDIR /srv/app
    """
    for workdir, before in _relative(build):
        if before.is_anchored:
            where = before.path or "the folder before"
            yield Problem(workdir.path, f"relative to {where}", fix=_fix(workdir, before))


def _relative(build: ImageBuild) -> Iterator[tuple[Workdir, _Folder]]:
    """The relative WORKDIRs, each with the folder that it starts from."""
    # Most files have none, and need not be followed from stage to stage.
    words = [
        instruction.words[0]
        for instruction in build.file.all_instructions()
        if instruction.name == "WORKDIR" and instruction.words
    ]
    if all(map(begins_absolute, words)):
        return
    ends: dict[int, _Folder] = {}
    for stage in build.stages:
        parent = stage.stage.parent
        folder = ends[parent.index] if parent is not None else _OF_BASE
        for statement in stage.own(Workdir):
            if _is_relative(statement):
                yield statement, folder
            folder = _after(folder, statement)
        ends[stage.stage.index] = folder
        yield from _relative_triggers(stage, folder)


def _relative_triggers(stage: BuildStage, folder: _Folder) -> Iterator[tuple[Workdir, _Folder]]:
    """Those of later builds, which begin in the folder of the image."""
    for statement in stage.own(OnBuild):
        if isinstance(statement.trigger, Workdir):
            if _is_relative(statement.trigger):
                yield statement.trigger, folder
            folder = _after(folder, statement.trigger)


def _is_relative(workdir: Workdir) -> bool:
    return workdir.path is not None and not begins_absolute(workdir.instruction.words[0])


def _after(before: _Folder, workdir: Workdir) -> _Folder:
    path = workdir.path
    if path is None:
        return before
    is_relative = _is_relative(workdir)
    if not path.is_known or "\\" in path.value or path.value[1:2] == ":":
        return _Folder(None, is_anchored=before.is_anchored or not is_relative)
    if not is_relative and path.value[:1] == "/":
        return _Folder(path.value, is_anchored=True)
    joined = join(before.path, path.value) if before.path is not None else ""
    if not 0 < len(joined) <= _LONGEST_PATH:
        return _Folder(None, is_anchored=before.is_anchored or not is_relative)
    return _Folder(joined, is_anchored=before.is_anchored or not is_relative)


def _fix(workdir: Workdir, before: _Folder) -> Fix | None:
    written = workdir.instruction.words[0].text.strip()
    if before.path is None or workdir.path is None or not _PLAIN.fullmatch(written):
        return None
    whole = normpath(join(before.path, written))
    if not _PLAIN.fullmatch(whole):
        return None
    return Fix(f"write {whole}", (Change("text", workdir.path.at, whole),), is_safe=True)

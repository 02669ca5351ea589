"""What a Dockerfile writes into the settings of package managers, and where it holds."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from policylint.detect.packages import (
    APT_ASSUMES_YES,
    APT_NO_RECOMMENDS,
    PIP_NO_CACHE,
    RPM_ASSUMES_YES,
)
from policylint.named import NamedTuple
from policylint.patterns import regex

if TYPE_CHECKING:
    import re
    from collections.abc import Iterator

    from policylint.dockerfile.scanner import Instruction
    from policylint.dockerfile.stages import Build, Stage


class _File(NamedTuple):
    """A setting, and how one sees that a file that may have it is written."""

    setting: re.Pattern[str]
    named: re.Pattern[str]


_APT_FILE = regex(r"/apt\.conf\b")
_RPM_FILE = regex(r"/(?:yum|dnf)\.conf\b")
_PIP_FILE = regex(r"\bpip\.(?:conf|ini)\b|\bpip[\d.]* config\b")
_FILES = (
    _File(APT_ASSUMES_YES, _APT_FILE),
    _File(APT_NO_RECOMMENDS, _APT_FILE),
    _File(RPM_ASSUMES_YES, _RPM_FILE),
    _File(PIP_NO_CACHE, _PIP_FILE),
)


def is_written(setting: re.Pattern[str], build: Build, stage: Stage | None, before: int) -> bool:
    """Whether a file that is written above a place, in a stage or those above, has a setting.

    A copied file may say anything.
    """
    if stage is None:
        return False
    since = _written(build).get((setting, stage.index))
    return since is not None and since < before


@lru_cache(maxsize=1)
def _written(build: Build) -> dict[tuple[re.Pattern[str], int], int]:
    """For every setting and stage, from where on it holds; parents come before their heirs."""
    found: dict[tuple[re.Pattern[str], int], int] = {}
    for stage in build.stages:
        if stage.parent is not None:
            for setting, _ in _FILES:
                if (setting, stage.parent.index) in found:
                    found[setting, stage.index] = -1
        for instruction in stage.instructions:
            for setting, place in _settings(instruction):
                found.setdefault((setting, stage.index), place)
    return found


def _settings(instruction: Instruction) -> Iterator[tuple[re.Pattern[str], int]]:
    """The settings that an instruction writes, and where."""
    if instruction.name not in ("RUN", "COPY", "ADD"):
        return
    parts = (instruction.excerpt, *(heredoc.body for heredoc in instruction.heredocs))
    is_copied = instruction.name != "RUN" and not instruction.heredocs
    for setting, named in _FILES:
        if not any(named.search(part.text) for part in parts):
            continue
        if is_copied:
            yield setting, instruction.start
        for part in parts:
            stated = setting.search(part.text)
            if stated is not None:
                yield setting, part.offset(stated.start())

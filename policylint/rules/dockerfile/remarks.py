"""Remarks in Dockerfiles for other tools."""

from __future__ import annotations

from typing import TYPE_CHECKING

from policylint.finding import Problem
from policylint.image import ImageBuild
from policylint.rule import rule

if TYPE_CHECKING:
    from policylint.finding import Problems

# One of these is in every remark, whatever the tool: most files have none.
_WORDS = ("ignore", "skip", "disable", "nosem")


@rule(on=ImageBuild, severity="info", family="hygiene", equivalents=("DL1001",))
def inline_ignore(build: ImageBuild, *, tools: tuple[str, ...] = ("hadolint",)) -> Problems:
    """Comment tells another tool to look away.

    Such a remark needs no reason and has no end, so nobody can tell later whether what
    it hides is still meant.

    Instead, mend what it hides, or write a suppression with its reason and its date.

    Settings:
        tools: Whose remarks: buildkit, checkov, hadolint, kics, semgrep, trivy.

    Bad (dockerfile):
        FROM debian:12.9
        # hadolint ignore=DL3002
        USER root

    Good (dockerfile):
        FROM debian:12.9
        # policylint: ignore[image-user-root] the supervisor drops it (until 2027-03-31)
        USER root
    """
    text = build.file.text.lower()
    if not any(word in text for word in _WORDS):
        return
    from policylint.dockerfile.remarks import find

    for remark in find(build.file, tools):
        yield Problem(remark.span, f"remark for {remark.tool}")

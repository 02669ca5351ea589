"""What stages are called, and how others refer to them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from policylint.finding import Problem
from policylint.image import BuildStage, Copy, ImageBuild
from policylint.rule import rule

if TYPE_CHECKING:
    from policylint.finding import Problems
    from policylint.model import Value

_RESERVED = ("scratch", "context")


@rule(
    on=Copy,
    severity="medium",
    family="hygiene",
    refs="CWE-706",
    unless=("copy-from-itself",),
    equivalents=("DL3022", "KICS:COPY '--from' Without FROM Alias Defined Previously"),
)
def copy_from_unknown_stage(copy: Copy, *, build_contexts: tuple[str, ...] = ()) -> Problems:
    """COPY takes files from a stage that is not there.

    What is no stage above is looked for in a registry, so a mistake in the name copies
    from whatever image of that name somebody else has put there.

    Instead, name a stage that stands above, or an image with its tag.

    Settings:
        build_contexts: names that `--build-context` gives to the build

    Bad (dockerfile):
        FROM golang:1.24 AS build
        RUN go build -o /web
        FROM debian:12.9
        COPY --from=biuld /web /web

    Good (dockerfile):
        FROM golang:1.24 AS build
        RUN go build -o /web
        FROM debian:12.9
        COPY --from=build /web /web
    """
    if copy.origin is None or copy.source is not None or copy.is_add or copy.is_trigger:
        return
    name = copy.origin.value
    if any(mark in name for mark in ":/.@") or name.lower() in map(str.lower, build_contexts):
        return
    if copy.build.stage_named(name, len(copy.build.stages)) is not None:
        yield Problem(copy.origin, f"stage {name} stands below, not above")
    elif "$" in name:
        yield Problem(copy.origin, f"{name} is no stage: variables are not filled in here")
    else:
        yield Problem(copy.origin, f"no stage above is {_called(name)}")


@rule(
    on=Copy,
    severity="high",
    family="hygiene",
    refs="CWE-706",
    equivalents=("DL3023", "DS-0006", "KICS:COPY '--from' References Current FROM Alias"),
)
def copy_from_itself(copy: Copy) -> Problems:
    """COPY takes files from the stage that it stands in.

    A stage that is not finished cannot be copied from: the build fails.

    Instead, name the stage that has the files, or copy them with RUN.

    Bad (dockerfile):
        FROM golang:1.24 AS build
        COPY --from=build /go/bin/web /usr/local/bin/web

    Good (dockerfile):
        FROM golang:1.24 AS build
        RUN go build -o /go/bin/web
        FROM debian:12.9
        COPY --from=build /go/bin/web /usr/local/bin/web
    """
    stage = copy.stage
    if copy.origin is None or stage is None or copy.is_add or copy.is_trigger:
        return
    name = copy.origin.value
    is_name = stage.name is not None and stage.name.text.lower() == name.lower()
    if is_name or name == str(stage.index):
        yield Problem(copy.origin, f"{_what(name)} is this stage itself")


@rule(
    on=ImageBuild,
    severity="high",
    family="hygiene",
    refs="CWE-694",
    equivalents=(
        "DL3024", "DS-0012", "CKV_DOCKER_11", "KICS:Same Alias In Different Froms",
        "BuildKit:DuplicateStageName",
    ),
)  # fmt: skip
def duplicate_stage_name(build: ImageBuild) -> Problems:
    """Two stages have the same name.

    Builders disagree on which one is meant, so the image may hold what the other stage
    made, and `--target` reaches one of them only. Case makes no difference.

    Instead, give each stage a name of its own.

    Bad (dockerfile):
        FROM golang:1.24 AS build
        RUN go build -o /web
        FROM node:22.14 AS build
        RUN npm run build
        FROM debian:12.9
        COPY --from=build /web /web

    Good (dockerfile):
        FROM golang:1.24 AS build
        RUN go build -o /web
        FROM node:22.14 AS assets
        RUN npm run build
        FROM debian:12.9
        COPY --from=build /web /web
    """
    seen: dict[str, Value[str]] = {}
    for stage in build.stages:
        if stage.name is None:
            continue
        first = seen.setdefault(stage.name.value.lower(), stage.name)
        if first is not stage.name:
            related = ((first.at, "the first stage of this name"),)
            yield Problem(stage.name, f"another stage is called {first.value}", related)


@rule(
    on=BuildStage,
    severity="medium",
    family="hygiene",
    refs="CWE-706",
    equivalents=("DL3063", "BuildKit:ReservedStageName"),
)
def reserved_stage_name(stage: BuildStage) -> Problems:
    """Stage has a name that means something else.

    `scratch` is the empty image and `context` the files of the build: whoever reads
    `FROM scratch` below such a stage expects nothing, and gets what the stage holds.

    Instead, call it by what it makes.

    Bad (dockerfile):
        FROM debian:12.9 AS scratch
        USER 10001

    Good (dockerfile):
        FROM debian:12.9 AS base
        USER 10001
    """
    if stage.name is not None and stage.name.value.lower() in _RESERVED:
        yield Problem(stage.name, f"{stage.name.value} is a reserved name")


@rule(
    on=BuildStage,
    severity="info",
    family="hygiene",
    equivalents=("BuildKit:StageNameCasing",),
)
def stage_name_case(stage: BuildStage) -> Problems:
    """Stage name has capital letters.

    Names of stages are compared without case, so `Build` and `build` are one stage, and
    capitals only suggest a difference that is not there.

    Instead, write it in lower case.

    Bad (dockerfile):
        FROM debian:12.9 AS Base
        USER 10001

    Good (dockerfile):
        FROM debian:12.9 AS base
        USER 10001
    """
    name = stage.name.value if stage.name is not None else ""
    if name != name.lower():
        yield Problem(stage.name, f"stage name {name} has capital letters")


def _called(name: str) -> str:
    return f"number {name}" if name.isdigit() else f"called {name}"


def _what(name: str) -> str:
    return f"number {name}" if name.isdigit() else name

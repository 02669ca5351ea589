"""Stages: what they are built from, and what holds in them."""

from __future__ import annotations

import pytest

from policylint.dockerfile.scanner import scan
from policylint.dockerfile.stages import Build, Reference, Stage, mounts, split_reference

_BUILDS: list[Build] = []  # no stage outlives its build


def build(text: str) -> Build:
    _BUILDS.append(Build(scan(text)))
    return _BUILDS[-1]


def final(text: str) -> Stage:
    stage = build(text).final
    assert stage is not None
    return stage


def effective(text: str, name: str) -> str | None:
    found = final(text).effective(name)
    return found.operand.text if found else None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("alpine", Reference("alpine", None, None)),
        ("alpine:3", Reference("alpine", "3", None)),
        ("host:5000/img", Reference("host:5000/img", None, None)),
        ("host:5000/img:1@sha256:ab", Reference("host:5000/img", "1", "sha256:ab")),
        ("a@sha256:ab", Reference("a", None, "sha256:ab")),
        ("busybox:", Reference("busybox", "", None)),
        ("", Reference("", None, None)),
    ],
)
def test_split_reference(text: str, expected: Reference) -> None:
    assert split_reference(text) == expected


def test_the_parts_of_a_from() -> None:
    stage = final("FROM --platform=linux/amd64 alpine:3 as Build\n")
    assert stage.image is not None
    assert stage.name is not None
    assert (stage.image.text, stage.name.text, stage.reference) == ("alpine:3", "Build", "alpine:3")
    platform = stage.instruction.flag("platform")
    assert platform is not None
    assert platform.value == "linux/amd64"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("FROM a AS x\nFROM x\n", 0),
        ("FROM a AS x\nFROM X\n", 0),
        ("FROM a AS x\nFROM b AS x\nFROM x\n", 1),
        ("ARG BASE=x\nFROM a AS x\nFROM ${BASE}\n", 0),
        ("FROM a AS x\nFROM x:1\n", None),
        ("FROM a AS x\nFROM 0\n", None),
        ("FROM x AS x\n", None),
        ("FROM a\nFROM b AS x\nFROM a\n", None),
        ("ARG BASE\nFROM a AS x\nFROM ${BASE}\n", None),
    ],
)
def test_the_parent_of_a_stage(text: str, expected: int | None) -> None:
    parent = final(text).parent
    assert (parent and parent.index) == expected


def test_scratch_and_images_outside() -> None:
    assert final("FROM scratch").is_scratch
    assert final("FROM alpine").is_external
    assert final("ARG A\nFROM $A").is_external
    assert final("ARG A\nFROM $A").reference is None
    assert not final("FROM a AS b\nFROM b").is_external


@pytest.mark.parametrize(
    ("copy", "expected"),
    [
        ("COPY --from=x a b", [0]),
        ("COPY --from=X a b", [0]),
        ("COPY --from=0 a b", [0]),
        ("COPY --from=1 a b", [1]),
        ("COPY --from=2 a b", [None]),
        ("COPY --from=z a b", [None]),
        ("COPY --from=alpine:3 a b", [None]),
        ("COPY --from=$N a b", [None]),
        ("COPY a b", []),
        ("RUN --mount=type=bind,from=x,target=/a --mount=from=1 y", [0, 1]),
        ("RUN --mount=type=bind,target=/a y", []),
        ("ONBUILD COPY --from=x a b", []),
    ],
)
def test_what_a_stage_takes_files_from(copy: str, expected: list[int | None]) -> None:
    stage = final(f"ARG N=x\nFROM a AS x\nFROM b AS y\nFROM c AS z\n{copy}\n")
    assert [source.stage and source.stage.index for source in stage.sources] == expected


def test_the_place_of_a_source() -> None:
    text = "FROM a AS x\nFROM b\nRUN --mount=type=bind,from=x y\n"
    (source,) = final(text).sources
    assert (source.text, text[slice(*source.span)]) == ("x", "from=x")


def test_needed_stages() -> None:
    text = (
        "FROM a AS base\nFROM base AS build\nFROM b AS unused\nFROM unused\n"
        "FROM c AS assets\nFROM base\nCOPY --from=build x y\nRUN --mount=from=assets z\n"
    )
    stages = build(text)
    needed = [stage.index for stage in stages.stages if stages.is_needed(stage)]
    assert needed == [0, 1, 4, 5]


def test_what_stands_before_the_first_stage() -> None:
    stages = build("ARG A=1\nRUN x\nFROM a\nRUN y\n")
    assert [found.name for found in stages.preamble] == ["ARG", "RUN"]
    assert stages.stage_of(stages.preamble[0]) is None
    run = stages.stages[0].instructions[0]
    assert stages.stage_of(run) is stages.stages[0]
    assert build("RUN x\n").final is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("FROM a\nUSER b\n", "b"),
        ("FROM a\nUSER b\nUSER c\n", "c"),
        ("FROM a AS x\nUSER b\nFROM x\n", "b"),
        ("FROM a AS x\nUSER b\nFROM x AS y\nFROM y\nRUN z\n", "b"),
        ("FROM a AS x\nUSER b\nFROM x\nUSER c\n", "c"),
        ("FROM a AS x\nUSER b\nFROM a\n", None),
        ("FROM a\nONBUILD USER b\n", None),
        ("USER b\nFROM a\n", None),
    ],
)
def test_the_effective_user(text: str, expected: str | None) -> None:
    assert effective(text, "USER") == expected


@pytest.mark.parametrize("name", ["WORKDIR", "SHELL", "HEALTHCHECK", "CMD", "ENTRYPOINT"])
def test_other_effective_instructions(name: str) -> None:
    assert effective(f'FROM a AS x\n{name} ["a"]\nFROM x\nRUN y\n', name) == '["a"]'


def test_what_holds_before_an_instruction() -> None:
    text = 'FROM a AS x\nSHELL ["a"]\nFROM x\nRUN 0\nSHELL ["b"]\nRUN 1\nSHELL ["c"]\nRUN 2\n'
    stage = final(text)
    held = [stage.effective("SHELL", run) for run in stage.own("RUN")]
    assert [shell and shell.words[0].text for shell in held] == ["a", "b", "c"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("FROM a\nENV X=1\nUSER $X\n", "1"),
        ("FROM a\nENV X=1\nENV X=2\nUSER $X\n", "2"),
        ("FROM a\nUSER $X\nENV X=1\n", None),
        ("FROM a\nARG X=1\nUSER ${X}\n", "1"),
        pytest.param("FROM a\nARG X\nUSER $X\n", None, id="argument-without-default"),
        pytest.param("ARG X=1\nFROM a\nUSER $X\n", None, id="outer-argument-not-declared"),
        pytest.param("ARG X=1\nFROM a\nARG X\nUSER $X\n", "1", id="outer-argument-declared"),
        pytest.param("ARG X=1\nFROM a\nARG X=2\nUSER $X\n", "2", id="own-default"),
        pytest.param("FROM a\nENV X=1\nARG X=2\nUSER $X\n", "1", id="env-wins"),
        pytest.param("FROM a AS b\nENV X=1\nFROM b\nARG X=2\nUSER $X\n", "1", id="parent-env-wins"),
        pytest.param("FROM a AS b\nENV X=1\nFROM b\nUSER $X\n", "1", id="env-inherited"),
        pytest.param("FROM a AS b\nARG X=1\nFROM b\nUSER $X\n", "1", id="arg-inherited"),
        pytest.param("FROM a AS b\nENV X=1\nFROM a\nUSER $X\n", None, id="other-stage"),
        pytest.param("FROM scratch AS b\nENV X=1\nFROM scratch\nUSER a$X\n", "a", id="scratch"),
        pytest.param("FROM scratch\nUSER a$HTTP_PROXY\n", None, id="predefined"),
        pytest.param("FROM scratch\nUSER a$PATH\n", None, id="path-is-always-set"),
        pytest.param("FROM a\nENV X=1\nENV X=2 Y=$X\nUSER $Y\n", "1", id="values-before"),
        pytest.param("FROM a\nENV X=1 Y=a$X\nUSER b${Y}\n", None, id="unknown-value"),
        pytest.param("FROM a\nENV X 1 2\nUSER $X\n", "1 2", id="legacy"),
        pytest.param("FROM a\nARG TARGETARCH\nUSER $TARGETARCH\n", None, id="platform"),
        pytest.param("FROM scratch\nUSER a$TARGETARCH\n", "a", id="platform-not-declared"),
        pytest.param("FROM a\nENV X=1\nUSER '$X'\n", "$X", id="single-quotes"),
        pytest.param("FROM a\nONBUILD ENV X=1\nUSER $X\n", None, id="onbuild"),
        pytest.param("FROM a\nENV X='b c'\nUSER \"$X\"\n", "b c", id="quotes"),
    ],
)
def test_variables(text: str, expected: str | None) -> None:
    stage = final(text)
    (user,) = stage.own("USER")
    assert stage.expand(user.words[0], user) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("ARG V=3\nFROM a:$V\n", "a:3"),
        ("ARG V=3\nARG I=a:${V}\nFROM $I\n", "a:3"),
        ("ARG V\nFROM a:$V\n", None),
        ("FROM a:${V:-3}\n", "a:3"),
        ("FROM a-$TARGETARCH\n", None),
        ("FROM a\nARG V=3\nFROM b:$V\n", "b:"),
    ],
)
def test_a_from_sees_the_outer_arguments(text: str, expected: str | None) -> None:
    assert final(text).reference == expected


def test_who_declared_a_variable() -> None:
    text = "FROM a AS b\nARG X=1\nFROM b\nENV Y=2\nRUN z\n"
    stage = final(text)
    variables = stage.variables(stage.own("RUN")[0])
    declared = variables.declared("X")
    assert declared is not None
    assert text[slice(*declared.key.span)] == "X"
    assert variables.names() == {"X", "Y"}
    assert variables.declared("Z") is None


def test_values_that_double_become_unknown() -> None:
    doubling = "".join(f"ENV V{n + 1}=$V{n}$V{n}\n" for n in range(60))
    stage = final(f"FROM a\nENV V0=xx\n{doubling}")
    assert stage.variables()["V5"] == "x" * 64
    assert stage.variables()["V60"] is None


def test_a_long_chain_of_stages() -> None:
    links = "".join(f"FROM s{n} AS s{n + 1}\n" for n in range(3000))
    stage = final(f"FROM scratch AS s0\nUSER u\nENV X=1\n{links}")
    assert stage.effective("USER") is not None
    assert stage.variables()["X"] is None


@pytest.mark.parametrize(
    ("flag", "expected"),
    [
        ("type=cache,target=/c", [("type", "cache"), ("target", "/c")]),
        ("type=bind,readonly", [("type", "bind"), ("readonly", None)]),
        ("TYPE=secret,id=a", [("type", "secret"), ("id", "a")]),
        ("'type=bind,\"source=a,b\"'", [("type", "bind"), ("source", "a,b")]),
        ('\'"a=b""c"\'', [("a", 'b"c')]),
        ("type=ssh,", [("type", "ssh"), ("", None)]),
    ],
)
def test_mounts(flag: str, expected: list[tuple[str, str | None]]) -> None:
    (instruction,) = scan(f"RUN --mount={flag} x").instructions
    (mount,) = mounts(instruction)
    assert [(field.key, field.value) for field in mount.fields] == expected


def test_the_field_of_a_mount_has_a_place() -> None:
    text = "RUN --mount=type=cache,\\\ndst=/c x"
    (mount,) = mounts(scan(text).instructions[0])
    field = mount.field("target", "dst", "destination")
    assert field is not None
    assert (field.value, text[slice(*field.span)]) == ("/c", "dst=/c")
    assert mount.field("from") is None

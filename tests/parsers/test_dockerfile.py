"""Dockerfiles become nodes."""

from __future__ import annotations

from typing import Any

import pytest

from policylint.image import (
    AptCommand,
    BaseImage,
    BuildVar,
    Copy,
    ExposedPort,
    ImageBuild,
    PipCommand,
    Run,
    User,
)
from policylint.model import UNKNOWN, ReadProblem
from policylint.parsers import parse
from policylint.source import SourceFile
from tests.parsers.reading import walk


def build(text: str) -> Any:
    found = parse(SourceFile("Dockerfile", text))[0].nodes[-1]
    assert isinstance(found, ImageBuild)
    return found


def every(text: str, kind: type) -> list[Any]:
    return [node for node in walk(build(text)) if type(node) is kind]


def test_what_a_build_would_refuse_is_a_problem_and_the_rest_is_read() -> None:
    text = "FROM a\nRUNN x\nUSER root\n"
    (document,) = parse(SourceFile("Dockerfile", text))
    problem = document.nodes[0]
    assert isinstance(problem, ReadProblem)
    assert problem.message == "no such instruction: RUNN"
    statements = build(text).stages[0].statements
    assert [type(each).__name__ for each in statements] == ["Statement", "User"]


@pytest.mark.parametrize(
    ("name", "text", "ours"),
    [
        ("Dockerfile", "hello", True),
        ("web.Dockerfile", "FROM scratch", True),
        ("Dockerfile.dev", "from scratch", True),
        ("Containerfile", "FROM scratch", True),
        ("Dockerfile.template", "FROM scratch", True),
        ("Dockerfile-arm", "FROM scratch", True),
        ("Dockerfile.notes", "To build this image ...", False),
        ("Dockerfile.dockerignore", "FROM x", False),
        ("Dockerfile.md", "FROM x", False),
        ("mydockerfile", "FROM x", False),
    ],
)
def test_a_dockerfile_is_known_by_its_name_and_its_words(name: str, text: str, ours: bool) -> None:
    kinds = [document.kind for document in parse(SourceFile(name, text))]
    assert kinds == (["dockerfile"] if ours else [])


def test_values_are_what_the_build_sees_and_unknown_where_it_decides() -> None:
    text = "FROM a\nARG U\nENV V=web\nUSER $U\nUSER '$V':\"x\"\nUSER ${V}s"
    users = every(text, User)
    assert users[0].user.value is UNKNOWN
    assert users[2].user.value == "webs"


def test_a_variable_before_the_first_stage_knows_those_above_it() -> None:
    first, second = every("ARG A=1\nARG B=$A-x\nFROM scratch", BuildVar)
    assert (first.value.value, second.value.value) == ("1", "1-x")


def test_images_come_from_stages_copies_and_mounts() -> None:
    text = (
        "ARG T=1\nFROM a:$T AS b\nFROM b\nCOPY --from=c:2 / /\nCOPY --from=b / /\n"
        "RUN --mount=from=d@sha256:1,target=/d x\nFROM scratch\nFROM e$UNDECLARED"
    )
    images = every(text, BaseImage)
    assert [(image.route, image.repository, image.tag, image.digest) for image in images] == [
        ("FROM", "a", "1", None),
        ("COPY", "c", "2", None),
        ("RUN", "d", None, "sha256:1"),
        ("FROM", "", UNKNOWN, UNKNOWN),
    ]


def test_commands_have_types_by_their_programs() -> None:
    text = "FROM a\nRUN apt-get update && /usr/bin/python3 -m pip install x | sh -c 'apt install y'"
    (run,) = every(text, Run)
    assert [type(each) for each in run.commands].count(AptCommand) == 2
    assert [type(each) for each in run.commands].count(PipCommand) == 1


def test_no_posix_shell_reads_what_powershell_runs() -> None:
    (run,) = every('FROM a\nSHELL ["powershell", "-c"]\nRUN sudo x', Run)
    assert run.script is None


def test_copies_know_sources_target_and_stage() -> None:
    (copy,) = every("FROM a AS b\nFROM c\nCOPY --from=B <<EOF x y /z/\nhi\nEOF\n", Copy)
    assert [source.value for source in copy.sources] == ["x", "y"]
    assert copy.target.value == "/z/"
    assert copy.source.index == 0


def test_exposed_ports_have_numbers_where_they_are_well_formed() -> None:
    ports = every("FROM a\nARG P\nEXPOSE 80 8000-8010/UDP $P 127.0.0.1:80:80", ExposedPort)
    assert [(port.first, port.last, port.protocol) for port in ports] == [
        (80, 80, ""),
        (8000, 8010, "UDP"),
        (None, None, ""),
        (None, None, ""),
    ]


def test_the_effective_user_may_be_that_of_an_earlier_stage() -> None:
    found = build("FROM a AS b\nUSER x\nFROM b\nRUN y\nUSER z")
    final = found.stages[1]
    assert final.effective(User, final.statements[0]).user.value == "x"
    assert final.effective(User).user.value == "z"

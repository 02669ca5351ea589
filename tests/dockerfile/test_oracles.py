"""The scanner against other parsers, over generated files.

BuildKit's own parser (package `dockerfile`) is trusted in everything but its
known slips, which `comparable` names. It cannot be loaded into a process that
forks, so it runs in one of its own. `dockerfile-parse` is trusted where neither
here-documents nor blank lines in a continuation occur.
"""

from __future__ import annotations

import importlib.util
import io
import json
import random
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from policylint.dockerfile.scanner import scan
from policylint.source import SourceFile

if TYPE_CHECKING:
    from collections.abc import Iterator

    from policylint.dockerfile.scanner import Instruction

CHILD = """
import json, sys, dockerfile
for line in sys.stdin:
    try:
        found = [
            [each.cmd, each.sub_cmd, each.json, each.start_line, each.end_line, each.flags,
             each.value, [[doc.name, doc.content] for doc in each.heredocs]]
            for each in dockerfile.parse_string(json.loads(line))
        ]
    except dockerfile.GoParseError:
        found = None
    print(json.dumps(found), flush=True)
"""

# What a file is made of: whole instructions and crumbs that cut them up.
PARTS = [
    *("FROM", "RUN", "COPY", "ENV", "LABEL", "ARG", "CMD", "ONBUILD", "HEALTHCHECK", "USER", "run"),
    *("FOO", "SHELL", "VOLUME", "EXPOSE", " ", "  ", "\t", "\n", "\n", "\n", "\n", "\r\n", "\\\n"),
    *("\\ \n", "\\\\\n", "\\\n\n", "\\\n# c\n", "# x\n", "#", "a", "b", "=", "a=b", "'", '"', "\\"),
    *("`", "$", "${", "}", "${a}", "$a", ":-", "/", "<<E\n", "E\n", "\nE\n", "\n\tE\n", "<<-E"),
    *('<<"E"', "3<<'E'", "<<<", "[", "]", '["a"]', '["a", "b"]', '["a", 1]', ",", "--x=y", "--"),
    *("--x='a b'", "--link", "\nRUN a\n", "\nRUN <<E cat\nx\nE\n", "# escape=`\n", "# syntax=a\n"),
    *('CMD ["x"]\n', "$((1 << 2))", "\v", "\x1c", "\u2003"),
]
PLAIN_PARTS = [
    *(
        "FROM a\n",
        "RUN a \\\n && b\n",
        "run a\n",
        "RUN a \\\n# c\n && b\n",
        "# c\n",
        "\n",
        "USER 1\n",
    ),
    *(
        'CMD ["a", "b"]\n',
        "ENV A=1 \\\n  B=2\n",
        "COPY --from=a b c\n",
        "  RUN a  b\n",
        "RUN a\\b\n",
    ),
]
IMPLICIT = ("RUN ", "COPY ", "ENV ", "RUN --x=y ", "LABEL ", "CMD ", "ONBUILD RUN ", "VOLUME ")


class BuildKit:
    """BuildKit's parser in a process of its own."""

    def __init__(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", CHILD], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def parse(self, text: str) -> list[list[Any]] | None:
        """The instructions, `None` where BuildKit refuses the file."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps(text) + "\n")
        self.process.stdin.flush()
        found: list[list[Any]] | None = json.loads(self.process.stdout.readline())
        return found


@pytest.fixture(scope="module")
def buildkit() -> Iterator[BuildKit]:
    if importlib.util.find_spec("dockerfile") is None:
        pytest.skip("BuildKit's parser (package dockerfile) is not installed: no wheel here")
    parser = BuildKit()
    yield parser
    parser.process.communicate()


def generated(seed: int, count: int) -> Iterator[str]:
    for number in range(count):
        chance = random.Random(seed * 1_000_000 + number)  # noqa: S311
        parts = [
            chance.choice(PARTS) + chance.choice(("", "", " "))
            for _ in range(chance.randint(1, 14))
        ]
        start = f"FROM a\n{chance.choice(IMPLICIT)}" if chance.random() < 0.5 else ""
        yield start + "".join(parts)


def test_the_scanner_reads_what_buildkit_reads(buildkit: BuildKit) -> None:
    compared = 0
    for text in generated(1, 6000):
        expected = buildkit.parse(text)
        if expected is None:
            continue
        compared += 1
        theirs = [each for each in map(comparable, expected) if each]
        assert theirs == [each for each in map(comparable, ours(text)) if each], repr(text)
    assert compared > 4000


def test_lines_are_buildkits(buildkit: BuildKit) -> None:
    for text in generated(2, 2000):
        expected = buildkit.parse(text)
        lines = text.split("\n")
        for theirs, instruction in zip(
            [each for each in expected or [] if each[0]], scan(text).instructions, strict=False
        ):
            # A lone escape above belongs to BuildKit's instruction, not to the name.
            if lines[theirs[3] - 1].strip() not in ("\\", "`"):
                source = SourceFile("Dockerfile", text)
                assert source.position(instruction.start)[0] == theirs[3], repr(text)


def test_usual_lines_are_read_as_dockerfile_parse_does(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    dockerfile_parse = pytest.importorskip("dockerfile_parse")
    monkeypatch.chdir(tmp_path_factory.mktemp("work"))
    for number in range(300):
        chance = random.Random(number)  # noqa: S311
        text = "".join(chance.choice(PLAIN_PARTS) for _ in range(chance.randint(1, 12)))
        parser = dockerfile_parse.DockerfileParser(fileobj=io.BytesIO(text.encode()))
        theirs = [
            (each["instruction"], each["startline"] + 1, each["endline"] + 1)
            for each in parser.structure
            if each["instruction"] != "COMMENT"
        ]
        source = SourceFile("Dockerfile", text)
        found = [
            (each.name, source.position(each.start)[0], source.position(each.span.end)[0])
            for each in scan(text).instructions
        ]
        assert found == theirs, repr(text)


def ours(text: str) -> list[list[Any]]:
    """The scanner's reading in the form of BuildKit's."""
    found = []
    for instruction in scan(text).instructions:
        inner = instruction.trigger or instruction
        heredocs = [[doc.name, text[slice(*doc.span)]] for doc in inner.heredocs]
        found.append(
            [
                instruction.keyword.text,
                inner.keyword.text if instruction.trigger else None,
                *(inner.is_exec, 0, 0),
                [flag_text(flag.name, flag.value) for flag in instruction.flags],
                values(inner),
                heredocs,
            ]
        )
    return found


def values(instruction: Instruction) -> list[str | None]:
    if instruction.name == "ARG":
        return [pair.word.text for pair in instruction.pairs]
    if instruction.name not in ("ENV", "LABEL"):
        return [word.text for word in instruction.words]
    return [
        word.text if word else None for pair in instruction.pairs for word in (pair.key, pair.value)
    ]


def flag_text(name: str, value: str | None) -> str:
    text = f"--{name}" if value is None else f"--{name}={value}"
    return text.encode().decode("latin-1")  # BuildKit takes the bytes of flags for characters


def comparable(found: list[Any]) -> list[Any] | None:
    """A reading without what the package leaves out or gets wrong.

    It shows an instruction of nothing but continuations, and drops the flags and
    here-documents behind ONBUILD and the words of instructions it does not know.
    """
    name, inner, is_exec, _, _, flags, words, heredocs = found
    if name is None:
        return None
    known = {"FROM", "RUN", "COPY", "ENV", "LABEL", "ARG", "CMD", "HEALTHCHECK", "USER", "SHELL"}
    if (inner or name).upper() not in known | {"VOLUME", "EXPOSE"}:
        words = None
    if inner or name.upper() == "ONBUILD":
        flags = heredocs = None
    return [name, inner, is_exec, flags, words, heredocs]

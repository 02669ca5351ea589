"""What holds for every text: nothing raises, and places read back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from policylint.dockerfile import defects
from policylint.dockerfile.scanner import Instruction, scan
from policylint.dockerfile.shell import parse, read
from policylint.dockerfile.stages import Build
from policylint.dockerfile.variables import defect, expand, references
from policylint.source import SourceFile

if TYPE_CHECKING:
    from collections.abc import Iterator

    from policylint.dockerfile.excerpt import Word
    from policylint.dockerfile.script import Script

LINES = st.sampled_from(
    [
        *("FROM a AS b", "FROM b", "RUN a && b", "RUN <<E", "RUN <<-'E' cat <<F", "E", "\tE", "F"),
        *("ENV A=1 B='x y'", "ENV A b", 'LABEL a="b', "ARG A", "ARG A=1", "USER $A", "#!x", "# c"),
        *("COPY --from=b a b", 'CMD ["a", "b"]', "CMD [", "ONBUILD RUN <<E", "run x", "FOO", ""),
        *("# escape=`", "HEALTHCHECK CMD a", "RUN --mount=type=bind,from=b a", "SHELL []", "\t"),
        *("RUN sh -c 'a; b \\", "$(a `b` ${c", "\\", "`", "  b 'c' \\  ", "  && d `", "\\\\", "'"),
    ]
)
PIECES = st.sampled_from(
    [
        *" \t\n;&|<>()'\"\\$`{}#=!*?[]-ab1\r\u2003é",
        *("&&", "||", "$(", "${", "$((", "))", "<<E\n", "\nE\n", "<(", "$'", "case x in ", "esac"),
        *("for a in ", "do ", "done ", "if ", "then ", "fi ", "{ ", "} ", "[[ ", " ]]", "f()"),
        *("sudo ", "sh -c ", "env A=1 ", "bash <<E\n", "a=(", "function f ", "| sh", ":-", "#*"),
    ]
)
dockerfiles = st.builds(
    lambda lines, end: end.join(lines),
    st.lists(st.one_of(LINES, st.lists(PIECES, max_size=6).map("".join)), max_size=12),
    st.sampled_from(["\n", "\r\n"]),
)
scripts = st.lists(PIECES, max_size=20).map("".join)
often = settings(
    max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True
)


@often
@given(st.one_of(dockerfiles, st.text(max_size=80)))
def test_no_dockerfile_raises(text: str) -> None:
    dockerfile = scan(text)
    build = Build(dockerfile)
    source = SourceFile("Dockerfile", text)
    for found in defects.find(dockerfile):
        source.region(found.span)
    for stage in build.stages:
        build.is_needed(stage)
        for instruction in stage.instructions:
            stage.effective("USER", instruction)
            for word in instruction.words:
                stage.expand(word, instruction)
    for instruction in dockerfile.all_instructions():
        script = read(instruction)
        if script is not None:
            list(script.walk())


@often
@given(dockerfiles)
def test_every_word_is_at_its_place(text: str) -> None:
    dockerfile = scan(text)
    for instruction in dockerfile.all_instructions():
        for word in written_words(instruction):
            assert without_continuations(text[slice(*word.span)], dockerfile.escape) == word.text
        for heredoc in instruction.heredocs:
            assert text[slice(*heredoc.word.span)].endswith(heredoc.word.text[-1])
            body = heredoc.body
            assert all(text[body.offset(at)] == character for at, character in enumerate(body.text))


@often
@given(dockerfiles)
def test_instructions_and_comments_are_in_order_and_apart(text: str) -> None:
    dockerfile = scan(text)
    ends = 0
    for instruction in dockerfile.instructions:
        assert ends <= instruction.span.start < instruction.span.end <= instruction.extent.end
        ends = instruction.extent.end
    assert ends <= len(text)
    for comment in dockerfile.comments:
        assert text[slice(*comment.span)] == comment.text


@often
@given(scripts)
def test_every_word_of_a_script_is_at_its_place(text: str) -> None:
    for script in as_written(parse(text)):
        list(script.pipes())
        for command in script.commands:
            command.split(("-a",))
            script.redirections_of(command)
            for word in command.words:
                assert text[slice(*word.span)] == word.text
                assert word.content.text == word.value


@often
@given(scripts)
def test_a_script_in_single_quotes_is_that_script(text: str) -> None:
    text = ":;" + text.replace("'", "")  # what begins with a dash would be an option
    (outer,) = parse(f"sh -c '{text}'").commands
    (inner,) = outer.nested
    assert shape(inner) == shape(parse(text))


@often
@given(st.lists(st.one_of(PIECES, st.sampled_from(["$A", "${A:-b}", "${A#a"])), max_size=8))
def test_expansion_never_raises(pieces: list[str]) -> None:
    text = "".join(pieces)
    value = expand(text, {"A": "ab", "1": None})
    for reference in references(text):
        assert text[reference.start] == "$"
        assert reference.start < reference.end <= len(text)
    if value is not None and "$" not in text:
        assert len(value) <= len(text)


WORD_PIECES = [
    "$",
    "${",
    "}",
    '"',
    "'",
    "\\",
    "`",
    "a",
    "1",
    "_",
    "é",
    "-",
    ":",
    " ",
    "${A}",
    "${1}",
]


@given(
    st.one_of(
        st.lists(st.sampled_from(WORD_PIECES), max_size=7).map("".join),
        st.lists(st.sampled_from(WORD_PIECES), max_size=5).map(lambda parts: f'"{"".join(parts)}"'),
        st.lists(st.sampled_from(WORD_PIECES), max_size=5).map(
            lambda parts: f"{''.join(parts)}${{A}}"
        ),
    ),
    st.sampled_from(["\\", "`"]),
)
def test_the_short_way_to_a_word_leads_where_the_long_one_does(text: str, escape: str) -> None:
    # Empty quotes change nothing, but are neither plain nor one quoted text.
    variables = {"A": "ab", "1": None}
    assert expand(f"''{text}", variables, escape) == expand(text, variables, escape)
    assert defect(f"''{text}", escape) == defect(text, escape)


def written_words(instruction: Instruction) -> Iterator[Word]:
    yield instruction.keyword
    for pair in instruction.pairs:
        yield pair.key
        if pair.value is not None:
            yield pair.value
    if not instruction.is_exec:
        yield from instruction.words


def without_continuations(text: str, escape: str) -> str:
    """The text of one instruction, its lines put together the slow way."""
    lines = text.split("\n")
    kept = [lines[0]]
    for line in lines[1:]:
        if line.strip() and not line.strip().startswith("#"):
            kept.append(line)
    for number, line in enumerate(kept):
        bare = line.rstrip("\r").rstrip(" \t")
        if number < len(kept) - 1:
            assert bare.endswith(escape)
            kept[number] = bare[:-1]
    return "".join(kept)


def as_written(script: Script) -> Iterator[Script]:
    """The scripts within a script of which every word stands in the text as it is."""
    yield script
    for command in script.commands:
        for nested in command.nested:
            if nested.kind != "shell":
                yield from as_written(nested)


def shape(script: Script) -> list[tuple[str, list[str]]]:
    return [(each.connector, [word.value for word in each.words]) for each in script.walk()]

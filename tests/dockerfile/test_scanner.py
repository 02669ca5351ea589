"""The scanner: lines to instructions, and the place of everything."""

from __future__ import annotations

import pytest

from policylint.dockerfile import defects
from policylint.dockerfile.scanner import Instruction, scan


def only(text: str) -> Instruction:
    (instruction,) = scan(text).instructions
    return instruction


def texts(text: str) -> list[tuple[str, ...]]:
    return [(found.name, *(word.text for word in found.words)) for found in scan(text).instructions]


def complaints(text: str) -> list[str]:
    return [found.message for found in defects.find(scan(text))]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("RUN a\nRUN b\n", [("RUN", "a"), ("RUN", "b")]),
        ("RUN a\r\nRUN b\r\n", [("RUN", "a"), ("RUN", "b")]),
        ("RUN a", [("RUN", "a")]),
        ("", []),
        ("\n\n", []),
        (" \t RUN a\n", [("RUN", "a")]),
        ("RUN \t a  b \t\n", [("RUN", "a  b")]),
        ("run a\nRun b\n", [("RUN", "a"), ("RUN", "b")]),
        pytest.param("RUN a\x00\ufffdb\n", [("RUN", "a\x00\ufffdb")], id="replaced-bytes"),
        pytest.param("RUN a\rb\n", [("RUN", "a\rb")], id="a-lone-cr-ends-no-line"),
    ],
)
def test_a_line_is_an_instruction(text: str, expected: list[tuple[str, ...]]) -> None:
    assert texts(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("RUN a \\\n b\n", [("RUN", "a  b")]),
        ("RUN a\\\nb\n", [("RUN", "ab")]),
        ("RUN a \\  \t\n b\n", [("RUN", "a  b")]),
        ("RUN a \\\r\n b\r\n", [("RUN", "a  b")]),
        pytest.param("RUN a \\\\\nRUN b\n", [("RUN", "a \\\\"), ("RUN", "b")], id="doubled"),
        pytest.param("RUN a \\\n# c\n  # d\n b\n", [("RUN", "a  b")], id="comments-inside"),
        pytest.param("RUN \\\n# c\nb\n", [("RUN", "b")], id="comment-first"),
        pytest.param("RUN a \\\n\n\t\n b\n", [("RUN", "a  b")], id="blank-lines-inside"),
        pytest.param("RUN a \\\n# c\nRUN b\n", [("RUN", "a RUN b")], id="goes-on-with-any-line"),
        pytest.param("RUN a \\\n", [("RUN", "a")], id="at-the-end"),
        pytest.param("RUN a \\", [("RUN", "a")], id="at-the-end-without-newline"),
        pytest.param("RU\\\nN a\n", [("RUN", "a")], id="within-the-name"),
        pytest.param("\\\nRUN a\n", [("RUN", "a")], id="before-the-name"),
        pytest.param("\\\n\\\n", [], id="nothing-but"),
        pytest.param(
            "RUN a \\\n\x1c\nUSER b\n", [("RUN", "a \x1c"), ("USER", "b")], id="not-quite-blank"
        ),
        pytest.param("RUN a \\ b\nRUN c\n", [("RUN", "a \\ b"), ("RUN", "c")], id="not-last"),
    ],
)
def test_an_escape_at_the_end_of_a_line_continues(
    text: str, expected: list[tuple[str, ...]]
) -> None:
    assert texts(text) == expected


def test_every_word_of_a_continued_instruction_has_its_place() -> None:
    text = "COPY --from=b \\\r\n # note\r\n  a\\\r\nb \\\r\n\r\n c d\r\n"
    copy = only(text)
    assert [word.text for word in copy.words] == ["ab", "c", "d"]
    places = [text[word.span.start : word.span.end] for word in copy.words]
    assert places == ["a\\\r\nb", "c", "d"]
    assert text[copy.span.start : copy.span.end] == text.rstrip()
    assert [text[span.start : span.end] for span in copy.blanks] == ["\r"]


def test_the_place_of_a_flag() -> None:
    text = "RUN --mount=type=cache,target=/c --network=none x\n"
    mount, network = only(text).flags
    assert (mount.name, mount.value) == ("mount", "type=cache,target=/c")
    assert text[slice(*mount.span)] == "--mount=type=cache,target=/c"
    assert network.value_span is not None
    assert text[slice(*network.value_span)] == "none"


@pytest.mark.parametrize(
    ("text", "flags", "operand"),
    [
        ("COPY --link a b", [("link", None)], "a b"),
        ("COPY --chown='a b' c d", [("chown", "a b")], "c d"),
        ('COPY --chown="a\\"b" c d', [("chown", 'a"b')], "c d"),
        ("COPY --ch\\own=a c d", [("chown", "a")], "c d"),
        ("COPY --from= a b", [("from", "")], "a b"),
        ("RUN --mount=a --mount=b c", [("mount", "a"), ("mount", "b")], "c"),
        pytest.param("RUN -- --x", [], "--x", id="double-dash-ends-flags"),
        pytest.param("RUN a --x", [], "a --x", id="not-behind-an-operand"),
        pytest.param("RUN -x", [], "-x", id="one-dash"),
        pytest.param("RUN --x='a b", [("x", "a b")], "", id="open-quote"),
        pytest.param("RUN --x=\\\n  y z", [("x", "")], "y z", id="continued"),
        pytest.param("ENV --x=y A=1", [("x", "y")], "A=1", id="on-any-instruction"),
    ],
)
def test_flags(text: str, flags: list[tuple[str, str | None]], operand: str) -> None:
    instruction = only(text)
    assert [(flag.name, flag.value) for flag in instruction.flags] == flags
    assert instruction.operand.text == operand


@pytest.mark.parametrize(
    ("text", "escape", "expected"),
    [
        ("# escape=`\nRUN a `\n b", "`", [("RUN", "a  b")]),
        ("# escape=`\nRUN dir C:\\\nRUN b", "`", [("RUN", "dir C:\\"), ("RUN", "b")]),
        ("#escape = `\nRUN a", "`", [("RUN", "a")]),
        ("# ESCAPE=`\nRUN a", "`", [("RUN", "a")]),
        ("  # escape=`\nRUN a", "`", [("RUN", "a")]),
        ("# syntax=a\n# escape=`\nRUN a", "`", [("RUN", "a")]),
        pytest.param("\n# escape=`\nRUN a", "\\", [("RUN", "a")], id="behind-a-blank-line"),
        pytest.param("# hi\n# escape=`\nRUN a", "\\", [("RUN", "a")], id="behind-a-comment"),
        pytest.param("# other=x\n# escape=`\nRUN a", "\\", [("RUN", "a")], id="behind-an-unknown"),
        pytest.param("RUN a\n# escape=`\n", "\\", [("RUN", "a")], id="behind-an-instruction"),
        pytest.param("# escape=x\nRUN a", "\\", [("RUN", "a")], id="another-character"),
    ],
)
def test_the_escape_directive(text: str, escape: str, expected: list[tuple[str, ...]]) -> None:
    assert scan(text).escape == escape
    assert texts(text) == expected


def test_directives_have_names_values_and_places() -> None:
    text = "# syntax = docker/dockerfile:1 \n#check=skip=A;error=true\n# escape=`\n# escape=\\\n"
    dockerfile = scan(text)
    assert [(found.name, found.value) for found in dockerfile.directives] == [
        ("syntax", "docker/dockerfile:1"),
        ("check", "skip=A;error=true"),
        ("escape", "`"),
        ("escape", "\\"),
    ]
    syntax = dockerfile.directive("syntax")
    assert syntax is not None
    assert text[slice(*syntax.value_span)] == "docker/dockerfile:1"
    assert dockerfile.directive("other") is None
    assert dockerfile.comments == ()
    assert "directive escape given twice" in complaints(text)


def test_comments_are_kept_in_order_with_their_places() -> None:
    text = "# one\n\n  # two\nRUN a \\\n # three\n b # no\n# four\nRUN c\n"
    dockerfile = scan(text)
    assert [comment.text for comment in dockerfile.comments] == [
        "# one",
        "# two",
        "# three",
        "# four",
    ]
    assert all(text[slice(*comment.span)] == comment.text for comment in dockerfile.comments)
    above = [[comment.text for comment in found.comments] for found in dockerfile.instructions]
    assert above == [["# two"], ["# four"]]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('CMD ["a", "b c"]', ["a", "b c"]),
        ('CMD [ "a" , "b" ]  ', ["a", "b"]),
        ("CMD []", []),
        ("CMD [ ]", []),
        ('CMD ["\\u0041\\n\\"", "\\ud83d\\ude00"]', ['A\n"', "\U0001f600"]),
        pytest.param('CMD ["\\ud800"]', ["?"], id="lone-surrogate"),
        pytest.param('CMD ["a", \\\n  "b"]', ["a", "b"], id="on-two-lines"),
        pytest.param('RUN --network=none ["a"]', ["a"], id="behind-flags"),
        pytest.param('CMD ["a"] b', ["a"], id="what-follows-the-array-is-not-read"),
    ],
)
def test_exec_form(text: str, expected: list[str]) -> None:
    instruction = only(text)
    assert instruction.is_exec
    assert [word.text for word in instruction.words] == expected


@pytest.mark.parametrize("name", ["ADD", "CMD", "COPY", "ENTRYPOINT", "RUN", "SHELL", "VOLUME"])
def test_instructions_with_an_exec_form(name: str) -> None:
    assert only(f'{name} ["a", "b"]').is_exec


@pytest.mark.parametrize(
    "text",
    [
        "CMD ['a']",
        'CMD ["a",]',
        'CMD ["a" "b"]',
        'CMD ["a"',
        'CMD ["a',
        'CMD ["a", 1]',
        'CMD [["a"]]',
        "CMD [",
        "CMD a",
        "CMD",
        'USER ["a"]',
        'CMD ["a\tb"]',
    ],
)
def test_anything_else_silently_is_the_shell_form(text: str) -> None:
    assert not only(text).is_exec


def test_the_places_of_exec_words_include_the_quotes() -> None:
    text = 'RUN [ "a\\n", \\\n "b" ]'
    assert [text[slice(*word.span)] for word in only(text).words] == ['"a\\n"', '"b"']


@pytest.mark.parametrize(
    ("text", "words", "is_exec"),
    [
        ("HEALTHCHECK NONE", ["NONE"], False),
        ("HEALTHCHECK CMD curl -f x", ["CMD", "curl -f x"], False),
        ('HEALTHCHECK --retries=3 CMD ["a", "b"]', ["CMD", "a", "b"], True),
        ('HEALTHCHECK \\\n CMD \\\n ["a"]', ["CMD", "a"], True),
        ("HEALTHCHECK", [], False),
        ("HEALTHCHECK CMD", ["CMD"], False),
    ],
)
def test_healthchecks(text: str, words: list[str], is_exec: bool) -> None:
    instruction = only(text)
    assert [word.text for word in instruction.words] == words
    assert instruction.is_exec == is_exec


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("FROM a AS b", ["a", "AS", "b"]),
        ("EXPOSE 80 443/tcp", ["80", "443/tcp"]),
        ("COPY a\tb  c", ["a", "b", "c"]),
        ("VOLUME /a /b", ["/a", "/b"]),
        ("WORKDIR /a b", ["/a b"]),
        ("RUN a  && b", ["a  && b"]),
        ("ENV A=1", []),
    ],
)
def test_words(text: str, expected: list[str]) -> None:
    assert [word.text for word in only(text).words] == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('ENV A="x y"  B=1', [("A", '"x y"'), ("B", "1")]),
        ("ENV A=x\u00a0B=1\u2003C=2", [("A", "x"), ("B", "1"), ("C", "2")]),
        ("ENV A=x\x1cB=1", [("A", "x\x1cB=1")]),
        ("ARG A B=1", [("A", None), ("B", "1")]),
    ],
)
def test_pairs(text: str, expected: list[tuple[str, str | None]]) -> None:
    pairs = only(text).pairs
    assert [(pair.key.text, pair.value and pair.value.text) for pair in pairs] == expected


def test_onbuild_carries_one_instruction() -> None:
    text = 'ONBUILD COPY --from=b ["x", "y"]\nONBUILD RUN <<E cat\nhi\nE\nRUN c\n'
    copy, run, last = scan(text).instructions
    assert copy.trigger is not None
    assert (copy.trigger.name, copy.trigger.is_exec) == ("COPY", True)
    assert [flag.value for flag in copy.trigger.flags] == ["b"]
    assert run.trigger is not None
    assert [heredoc.body.text for heredoc in run.trigger.heredocs] == ["hi\n"]
    assert text[slice(*run.extent)] == "ONBUILD RUN <<E cat\nhi\nE"
    assert last.trigger is None
    assert [found.name for found in scan(text).all_instructions()] == [
        *("ONBUILD", "COPY", "ONBUILD", "RUN", "RUN"),
    ]


def test_onbuild_of_onbuild_is_left_at_that() -> None:
    (instruction,) = scan("ONBUILD ONBUILD RUN a").instructions
    assert instruction.trigger is not None
    assert instruction.trigger.name == "ONBUILD"
    assert instruction.trigger.trigger is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("RUN <<E\na\nE\n", [("E", "a\n", True)]),
        ("COPY <<E /f\na\n# no comment\n\nE\n", [("E", "a\n# no comment\n\n", True)]),
        ("ADD <<E /f\nFROM x\nE\n", [("E", "FROM x\n", True)]),
        ("RUN <<'E'\n$a\nE\n", [("E", "$a\n", False)]),
        ('RUN <<"E F"\na\nE F\n', [("E F", "a\n", False)]),
        ("RUN <<\\E\na\nE\n", [("E", "a\n", False)]),
        ("RUN <<-E\n\ta\n\t\tE\n", [("E", "a\n", True)]),
        ("RUN 3<<E x\na\nE\n", [("E", "a\n", True)]),
        ("RUN <<A cat <<B\na\nA\nb\nB\n", [("A", "a\n", True), ("B", "b\n", True)]),
        ("RUN <<E\r\na\r\nE\r\n", [("E", "a\n", True)]),
        ("RUN <<E\nE", [("E", "", True)]),
        ("RUN <<E \\\n x\na\nE\n", [("E", "a\n", True)]),
        ("RUN --mount=a <<E\na\nE\n", [("E", "a\n", True)]),
        pytest.param("RUN <<E\na\n E\nE \nE\n", [("E", "a\n E\nE \n", True)], id="exact-end"),
    ],
)
def test_heredocs(text: str, expected: list[tuple[str, str, bool]]) -> None:
    instruction = only(text)
    found = [(each.name, each.body.text, each.expand) for each in instruction.heredocs]
    assert found == expected
    assert complaints(f"FROM a\n{text}") == [] or text.startswith("COPY <<")


@pytest.mark.parametrize(
    "text",
    [
        "RUN cat <<<E\nUSER a\n",
        "RUN echo '<<E'\nUSER a\n",
        'RUN echo "a <<E"\nUSER a\n',
        "RUN echo a<<E\nUSER a\n",
        "RUN echo $((1<<2))\nUSER a\n",
        "RUN echo $((1 << 2))\nUSER a\n",
        "RUN echo $((1 <<2))\nUSER a\n",
        "RUN echo \\<<E\nUSER a\n",
        'RUN ["a", "<<E"]\nUSER a\n',
        "CMD cat <<E\nUSER a\n",
        "ENV A=<<E\nUSER a\n",
        "RUN echo << E\nUSER a\n",
        pytest.param("RUN echo it's <<E\nUSER a\n", id="open-quote-before"),
        pytest.param("RUN echo ${x[0]} <<E\nUSER a\n", id="no-substitution-of-dockerfiles"),
    ],
)
def test_no_heredocs(text: str) -> None:
    assert [found.name for found in scan(text).instructions][1:] == ["USER"]


def test_the_places_of_a_heredoc() -> None:
    text = "RUN <<-A cat <<B\n\ta\n\tA\nb\nB\nRUN c\n"
    first, second = scan(text).instructions[0].heredocs
    assert text[slice(*first.word.span)] == "<<-A"
    assert text[slice(*first.span)] == "\ta\n"
    assert first.end is not None
    assert text[slice(*first.end)] == "\tA"
    assert text[slice(*second.span)] == "b\n"
    assert text[slice(*scan(text).instructions[0].extent)].endswith("\nB")
    assert text[first.body.offset(0)] == "a"


def test_a_heredoc_without_end_spoils_nothing_else() -> None:
    text = "FROM a\nRUN <<E\nx\ny\nUSER b\n"
    assert [found[0] for found in texts(text)] == ["FROM", "RUN", "USER"]
    assert complaints(text) == ["here-document without its end, E"]
    assert [found[0] for found in texts(text.lower())] == ["FROM", "RUN", "USER"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("FROM a\n", []),
        ("", ["no instruction"]),
        ("# hi\n", ["no instruction"]),
        ("ARG A\n", ["no FROM"]),
        ("FROM a\nFOO b\n", ["no such instruction: FOO"]),
        ('FROM a\nENV A="b\nUSER c\n', ['no closing " quote']),
        ("FROM a\nLABEL a='b\nUSER c\n", ["no closing ' quote"]),
        ("FROM a\nENV A=${b\n", ["no closing } for ${b"]),
        ("FROM a\nENV A=${b^c}\n", ["no such substitution: ${b^...}"]),
        ("FROM a\nENV A=1 B\n", ["ENV: no value for B"]),
        ("FROM a\nENV A\n", ["ENV: no value for A"]),
        ("FROM a\nRUN\n", ["RUN without operand"]),
        ("FROM a\nCMD\n", []),
        ("FROM a\nCOPY a\n", ["COPY takes at least one source and a destination"]),
        ("FROM a b\n", ["FROM takes an image, or an image AS a name"]),
        ("FROM a AS 1b\n", ["not a name for a stage: 1b"]),
        ("FROM a\nCOPY --form=b c d\n", ["COPY: no such flag: --form"]),
        ("FROM a\nCOPY --from c d\n", ["COPY: --from without value"]),
        ("FROM a\nCOPY --from=b --from=c d e\n", ["COPY: --from given twice"]),
        ("FROM a\nCOPY --link=maybe d e\n", ["COPY: --link is true or false"]),
        ("FROM a\nRUN --mount=type=cache --mount=type=ssh x\n", []),
        ("FROM a\nSHELL bash\n", ["SHELL takes a JSON array of strings"]),
        ('FROM a\nCMD ["a", 1]\n', ["CMD: JSON with other than strings"]),
        ('FROM a\nCMD ["a",]\n', []),
        ("FROM a\nHEALTHCHECK FOO\n", ["HEALTHCHECK takes CMD or NONE, not FOO"]),
        ("FROM a\nHEALTHCHECK NONE a\n", ["HEALTHCHECK NONE with a command"]),
        ("FROM a\nHEALTHCHECK CMD\n", ["HEALTHCHECK CMD without command"]),
        ("# escape=x\nFROM a\n", ["escape must be \\ or `"]),
        ("FROM a\nONBUILD FOO b\n", ["no such instruction: FOO"]),
    ],
)
def test_what_a_build_would_refuse(text: str, expected: list[str]) -> None:
    assert complaints(text) == expected


def test_a_defect_is_at_the_word() -> None:
    text = 'FROM a\nENV A=1 B="c\nUSER d\n'
    (found,) = defects.find(scan(text))
    assert text[slice(*found.span)] == '"c'
    assert len(scan(text).instructions) == 3

"""The shell model: commands out of scripts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from policylint.dockerfile.scanner import scan
from policylint.dockerfile.shell import is_for_shell, is_posix, parse, read

if TYPE_CHECKING:
    from policylint.dockerfile.script import Command


def commands(text: str) -> list[str]:
    """Every command, in and out of others, its name and arguments without quotes."""
    return [
        " ".join([command.name, *(word.value for word in command.arguments)])
        for command in parse(text).walk()
        if command.words
    ]


def only(text: str) -> Command:
    (command,) = parse(text).commands
    return command


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a", ["a"]),
        ("", []),
        ("  \n ; ", []),
        ("a b c", ["a b c"]),
        ("a; b & c && d || e", ["a", "b", "c", "d", "e"]),
        ("a\nb\n", ["a", "b"]),
        ("a \\\n b", ["a b"]),
        ("a | b |& c", ["a", "b", "c"]),
        ("a # b && c", ["a"]),
        ("a # b\nc", ["a", "c"]),
        ("a#b", ["a#b"]),
        ("/usr/bin/apt-get update", ["apt-get update"]),
        # quotes
        ("a 'b c' \"d e\" f\\ g", ["a b c d e f g"]),
        ("a 'b && c' \"d | e\"", ["a b && c d | e"]),
        ("a $'b\\nc' $\"d\"", ["a b\nc d"]),
        ('a "\\$b \\x \\""', ['a $b \\x "']),
        ("apt-'get' x", ["apt-get x"]),
        ('a "b', ["a b"]),
        ("a 'b", ["a b"]),
        ("a b\\", ["a b\\"]),
        # groups
        ("(a; b)", ["a", "b"]),
        ("{ a; b; }", ["a", "b"]),
        ("((a))", []),
        ("((i++)); a", ["a"]),
        ("(a);(b)", ["a", "b"]),
        ("( (a); b )", ["a", "b"]),
        ("if a; then b; elif c; then d; else e; fi; f", ["a", "b", "c", "d", "e", "f"]),
        ("for x in a b; do c $x; done; d", ["c $x", "d"]),
        ("for x\ndo a; done", ["a"]),
        ("for x do a; done", ["a"]),
        ("for ((i=0; i<3; i++)); do a; done", ["a"]),
        ("for x in $(a); do b; done", ["a", "b"]),
        ("while a; do b; done", ["a", "b"]),
        ("until a\ndo b\ndone", ["a", "b"]),
        ("case $x in a) b;; c|d) e; f;; *) g; esac; h", ["b", "e", "f", "g", "h"]),
        ("case x in (a) b ;; esac", ["b"]),
        ("case x in\n a)\n b\n ;;\nesac\nc", ["b", "c"]),
        ("case $(a) in b) c ;& d) e;; esac", ["a", "c", "e"]),
        ("f() { a; }; f", ["a", "f"]),
        ("f () ( a )", ["a"]),
        ("function f { a; }", ["a"]),
        ("function f() { a; }", ["a"]),
        ("! a && b", ["a", "b"]),
        ("[[ a && b || ( c < d ) ]] && e", ["[[ a b c d ]]", "e"]),
        ("[ -f a ] && b", ["[ -f a ]", "b"]),
        # words that are keywords only at the place of a command
        ("echo if then fi { } done", ["echo if then fi { } done"]),
        ("echo {a,b}", ["echo {a,b}"]),
        # substitutions
        ("a $(b c) d", ["a $(b c) d", "b c"]),
        ("a `b c`", ["a `b c`", "b c"]),
        ('a "$(b "c d")"', ['a $(b "c d")', "b c d"]),
        ("a $(b $(c))", ["a $(b $(c))", "b $(c)", "c"]),
        ("a ${x:-$(b)}", ["a ${x:-$(b)}", "b"]),
        ("a $((1 << 2)) $((1 + $(b)))", ["a $((1 << 2)) $((1 + $(b)))", "b"]),
        ("a <(b) >(c)", ["a <(b) >(c)", "b", "c"]),
        ("a '$(b)'", ["a $(b)"]),
        ("a \\$(b)", ["a $", "b"]),
        ("x=$(a)", ["a"]),
        ("x=(a $(b) c) d", ["d", "b"]),
        ("a $(b", ["a $(b", "b"]),
        ("a !(b|c) @(d)", ["a !(b|c) @(d)"]),
        # what does not fit is left alone
        ("a ) b } done", ["a", "b } done"]),
        (";; a && && b", ["a", "b"]),
        ("\u2003a", ["\u2003a"]),
    ],
)
def test_commands(text: str, expected: list[str]) -> None:
    assert commands(text) == expected


@pytest.mark.parametrize(
    ("text", "name", "arguments", "wrappers"),
    [
        ("sudo a b", "a", ["b"], ("sudo",)),
        ("sudo -E -u root a", "a", [], ("sudo",)),
        ("sudo --user=root -- a", "a", [], ("sudo",)),
        ("sudo A=1 a", "a", [], ("sudo",)),
        ("sudo -i", "sudo", ["-i"], ()),
        ("env A=1 B=2 a", "a", [], ("env",)),
        ("env -i -u X a", "a", [], ("env",)),
        ("env", "env", [], ()),
        ("command a", "a", [], ("command",)),
        ("command -v a", "command", ["-v", "a"], ()),
        ("exec -a n a", "a", [], ("exec",)),
        ("exec >f", "exec", [], ()),
        ("builtin cd", "cd", [], ("builtin",)),
        ("nohup a", "a", [], ("nohup",)),
        ("time -p a", "a", [], ("time",)),
        ("nice -n 5 a", "a", [], ("nice",)),
        ("nice -5 a", "a", [], ("nice",)),
        ("timeout 5 a", "a", [], ("timeout",)),
        ("timeout -k 5 -s KILL 10m a b", "a", ["b"], ("timeout",)),
        ("timeout 5", "timeout", ["5"], ()),
        ("xargs -0 -n 1 rm -f", "rm", ["-f"], ("xargs",)),
        ("xargs -I {} a {}", "a", ["{}"], ("xargs",)),
        ("eatmydata a", "a", [], ("eatmydata",)),
        ("busybox wget x", "wget", ["x"], ("busybox",)),
        ("/usr/bin/sudo /usr/bin/env /bin/a", "a", [], ("sudo", "env")),
        ("apt-get install sudo", "apt-get", ["install", "sudo"], ()),
        ("$X/bin/java y", "java", ["y"], ()),
        ("$X y", "$X", ["y"], ()),
        ("$(curl http://x/y)", "$(curl http://x/y)", [], ()),
    ],
)
def test_the_name_behind_wrappers(
    text: str, name: str, arguments: list[str], wrappers: tuple[str, ...]
) -> None:
    command = only(text)
    found = (command.name, [word.value for word in command.arguments], command.wrappers)
    assert found == (name, arguments, wrappers)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("sh -c 'a; b'", ["a", "b"]),
        ('bash -c "a \\"b c\\""', ["a b c"]),
        ("bash -euxo pipefail -c 'a'", ["a"]),
        ("bash -ec a", ["a"]),
        ("bash --login -c a", ["a"]),
        ("bash -o pipefail -c 'a' name", ["a"]),
        ("sudo -E bash -c 'a'", ["a"]),
        ("sh -c 'sh -c \"a\"'", ["sh -c a", "a"]),
        ('sh -c "$(a)"', ["$(a)", "a"]),
        ("zsh -c 'a'", ["a"]),
        ("sh a.sh", []),
        ("sh -x a.sh -c b", []),
        ("echo -c 'a'", []),
        ("python -c 'a'", []),
        ("echo 'apt-get install x'", []),
        ("sh <<E\na\nE", ["a"]),
        ("bash -s -- x <<'E'\na\nE", ["a"]),
        ("sh a.sh <<E\nb\nE", []),
        ("cat <<E\na\nE", []),
        ("cat <<E | sudo sh -s x\na\nE", ["sh -s x", "a"]),
        ("cat - <<'E' |& sh && b\na\nE", ["sh", "a", "b"]),
        ("cat x <<E | sh\na\nE", ["sh"]),
        ("cat <<E | tee x | sh\na\nE", ["tee x", "sh"]),
        ("cat <<E && sh\na\nE", ["sh"]),
        ("cat <<E | sh -n\na\nE", ["sh -n"]),
        ("sh -n <<E\na\nE", []),
        ("sh -en -c 'a'", []),
        ("bash -s -- -n <<E\na\nE", ["a"]),
        ("eval 'a b'", ["a b"]),
        ("eval a 'b; c' \"d\"", ["a b", "c d"]),
        ('eval "a $b" c', ["a $b c"]),
        ('eval "$(a) b" c', ["a"]),
        ("eval", []),
        ("cat <<E\n$(a)\nE", ["a"]),
        ("cat <<'E'\n$(a)\nE", []),
        ("cat <<E && sh <<F\na\nE\nb\nF", ["sh", "b"]),
        (r"find . -exec a {} \; -ok b ';' -name c", ["a {}", "b"]),
        ("find . -execdir sudo sh -c 'a' x {} +", ["sh -c a x {}", "a"]),
        ("find . -exec a + b", ["a + b"]),
        ("find . -name '*.exec'", []),
    ],
)
def test_scripts_within_commands(text: str, expected: list[str]) -> None:
    assert commands(text)[1:] == expected


def test_what_a_nested_script_is() -> None:
    text = "a $(b) <(c); sh -c d; find -exec f +; sh <<E\ne\nE"
    kinds = [(script.kind, script.text) for script in parse(text).scripts()]
    assert kinds[1:] == [
        ("substitution", "b"),
        ("process", "c"),
        ("shell", "d"),
        ("exec", "f+"),
        ("heredoc", "e\n"),
    ]


def test_connectors() -> None:
    found = parse("a && b || c; d & e | f |& g\nh").commands
    assert [each.connector for each in found] == ["", "&&", "||", ";", "&", "|", "|&", ";"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a | b", [("a", "b")]),
        ("a | b | c; d", [("a", "b"), ("b", "c")]),
        ("a |\n\n b", [("a", "b")]),
        ("(a; b) | c", [("a b", "c")]),
        ("a | { b; c; } | d", [("a", "b c"), ("b c", "d")]),
        ("for x in y; do a; done | b", [("a", "b")]),
        ("if a; then b | c; fi", [("b", "c")]),
        ("if a; then b; fi | (c | d)", [("c", "d"), ("a b", "c d")]),
        ("a || b", []),
        ("a 'b | c'", []),
        ("a $(b | c)", []),
        ("a && b | c", [("b", "c")]),
        ("a |", []),
        ("| a", []),
        ("a | | b", []),
    ],
)
def test_pipes(text: str, expected: list[tuple[str, str]]) -> None:
    def names(found: list[Command]) -> str:
        return " ".join(command.name for command in found if command.name)

    pipes = [(names(pipe.producers), names(pipe.consumers)) for pipe in parse(text).pipes()]
    assert pipes == expected


def test_where_a_command_stands() -> None:
    found = parse("a; (b; { c; }); f() { d; (e); }; g").commands
    assert [(each.name, each.in_subshell, each.in_function) for each in found] == [
        ("a", False, False),
        ("b", True, False),
        ("c", True, False),
        ("d", False, True),
        ("e", True, True),
        ("g", False, False),
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a >f", [("", ">", "f")]),
        ("a 2>&1 >>f <g", [("2", ">&", "1"), ("", ">>", "f"), ("", "<", "g")]),
        ("a &> f &>>g >| h", [("", "&>", "f"), ("", "&>>", "g"), ("", ">|", "h")]),
        ("a <<< 'b c'", [("", "<<<", "b c")]),
        ("> f a b", [("", ">", "f")]),
        ("a {fd}>f", [("{fd}", ">", "f")]),
        ("a b2>f", [("", ">", "f")]),
        ("a 2 >f", [("", ">", "f")]),
    ],
)
def test_redirections(text: str, expected: list[tuple[str, str, str]]) -> None:
    found = only(text).redirections
    assert [(each.descriptor, each.operator, each.target.value) for each in found] == expected


def test_heredocs_have_bodies() -> None:
    first, second = parse("cat <<A <<-'B' >f\na\nA\n\tb\n\tB\nc").commands
    assert [each.body and each.body.text for each in first.redirections] == ["a\n", "\tb\n", None]
    assert second.name == "c"


def test_a_group_has_redirections() -> None:
    script = parse("{ a; b >x; } >> f; c")
    a, b, c = script.commands
    assert [each.target.value for each in script.redirections_of(a)] == ["f"]
    assert [each.target.value for each in script.redirections_of(b)] == ["x", "f"]
    assert script.redirections_of(c) == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("A=1 b", [("A", "1", True)]),
        ("A=1", [("A", "1", True)]),
        ("A='b c' D=\"$e\" f", [("A", "b c", True), ("D", "$e", False)]),
        ("A+=x B[1]=y", [("A", "x", True), ("B", "y", True)]),
        ("A=(b c)", [("A", "(b c)", False)]),
        ("A= b", [("A", "", True)]),
        ("b A=1", []),
        ("1A=b", []),
        ("env A=1 b", [("A", "1", True)]),
        ("sudo A=1 b", [("A", "1", True)]),
    ],
)
def test_assignments(text: str, expected: list[tuple[str, str, bool]]) -> None:
    found = only(text).assignments
    assert [(each.name, each.value, each.literal) for each in found] == expected


@pytest.mark.parametrize(
    ("text", "options", "operands"),
    [
        ("a -y b", [("-y", None)], ["b"]),
        ("a -xyz", [("-x", None), ("-y", None), ("-z", None)], []),
        ("a --yes --opt=v b", [("--yes", None), ("--opt", "v")], ["b"]),
        ("a -t v b", [("-t", "v")], ["b"]),
        ("a -tv b", [("-t", "v")], ["b"]),
        ("a -xt v b", [("-x", None), ("-t", "v")], ["b"]),
        ("a --target v b", [("--target", "v")], ["b"]),
        ("a -t", [("-t", None)], []),
        ("a --target", [("--target", None)], []),
        ("a -- -y --z", [], ["-y", "--z"]),
        ("a b -y", [("-y", None)], ["b"]),
        ("a - b", [], ["-", "b"]),
        ("sudo -E a '-y'", [("-y", None)], []),
    ],
)
def test_options(text: str, options: list[tuple[str, str | None]], operands: list[str]) -> None:
    found = only(text).split(("-t", "--target"))
    assert [(each.name, each.value) for each in found.options] == options
    assert [word.value for word in found.operands] == operands


def test_the_value_of_an_option_has_a_place() -> None:
    text = "a --opt='v' -tw -u x"
    opt, t, u = only(text).split(("-t", "-u")).options
    assert opt.value_span is not None
    assert t.value_span is not None
    assert u.value_span is not None
    assert [text[slice(*each)] for each in (opt.value_span, t.value_span, u.value_span)] == [
        *("v", "w", "x"),
    ]
    assert only(text).split().option("-u", "--user") is not None


@pytest.mark.parametrize(
    ("word", "literal"),
    [
        ("a", True),
        ("'$a'", True),
        ("\\$a", True),
        ("$a", False),
        ('"$a"', False),
        ("`a`", False),
        ("x${a}y", False),
        ("a$", True),
    ],
)
def test_literal_words(word: str, literal: bool) -> None:
    assert only(f"x {word}").words[1].literal == literal


def scripts(text: str) -> list[str] | None:
    (instruction,) = scan(text).instructions
    script = read(instruction.trigger or instruction)
    if script is None:
        return None
    return [
        " ".join([each.name, *(word.value for word in each.arguments)]) for each in script.walk()
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("RUN a && b", ["a", "b"]),
        ("RUN --mount=type=cache,target=/x a", ["a"]),
        ("RUN a \\\n # note\n && b", ["a", "b"]),
        ("RUN a # b \\\n && c", ["a"]),
        ('RUN ["a", "b c && d"]', ["a b c && d"]),
        ('RUN ["sudo", "a"]', ["a"]),
        ('RUN ["sh", "-c", "a \\"b c\\" && d"]', ['sh -c a "b c" && d', "a b c", "d"]),
        ("CMD a", ["a"]),
        ("ENTRYPOINT exec a", ["a"]),
        ("HEALTHCHECK --retries=1 CMD a || b", ["a", "b"]),
        ('HEALTHCHECK CMD ["a", "b"]', ["a b"]),
        ("HEALTHCHECK NONE", None),
        ("COPY a b", None),
        ("RUN", None),
        ("RUN []", []),
        ("ONBUILD RUN a", ["a"]),
        ("RUN <<E\na\nb\nE\n", ["a", "b"]),
        ("RUN <<-E\n\ta\n\tE\n", ["a"]),
        ("RUN <<E\n#!/bin/bash -e\na\nE\n", ["a"]),
        ("RUN <<E\n#!/usr/bin/env python3\nimport a\nE\n", None),
        ("RUN cat <<E >f && a\nx\nE\n", ["cat", "a"]),
        ("RUN bash <<E\na\nE\n", ["bash", "a"]),
        ("RUN python3 <<E\na\nE\n", ["python3"]),
        ("RUN <<A cat <<B\na\nA\nb\nB\n", ["cat"]),
        ("ONBUILD RUN <<E\na\nE\n", ["a"]),
        ("RUN <<E\r\na\r\nE\r\n", ["a"]),
    ],
)
def test_the_script_of_an_instruction(text: str, expected: list[str] | None) -> None:
    assert scripts(text) == expected


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("RUN a \\\n # note\n  && apt-get \\\n install x\n", ["apt-get", "install", "x"]),
        ("RUN sh -c 'z; apt-get install \"x y\"'\n", ["apt-get", "install", '"x y"']),
        ('RUN sh -c "z; apt-get \\"x y\\" \\\\\\$z"\n', ["apt-get", '\\"x y\\"', "\\\\\\$z"]),
        ('RUN ["sh", "-c", "z; apt-get \\"x y\\""]\n', ["apt-get", '\\"x y\\"']),
        ('RUN ["apt-get", "-y", "a b"]\n', ['"apt-get"', '"-y"', '"a b"']),
        ("RUN <<E\nz\napt-get x\nE\n", ["apt-get", "x"]),
        ("RUN cat <<E | sh\nz\napt-get x\nE\n", ["apt-get", "x"]),
        ("RUN eval z ';' apt-get '\"x y\"' \\\n z\n", ["apt-get", '"x y"', "z"]),
        ("RUN <<-E\n\tz\n\tapt-get x\n\tE\n", ["apt-get", "x"]),
        ("RUN bash <<E\r\nz\r\napt-get x\r\nE\r\n", ["apt-get", "x"]),
        ("HEALTHCHECK CMD z $(apt-get x)\n", ["apt-get", "x"]),
    ],
)
def test_places_lead_back_to_the_file(text: str, written: list[str]) -> None:
    script = read(scan(text).instructions[0])
    assert script is not None
    (found,) = (each for each in script.walk() if each.name == "apt-get")
    assert [text[slice(*word.span)] for word in found.words] == written


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("echo", True),
        ("#!/bin/sh\n", True),
        ("#!/usr/bin/env bash\n", True),
        ("#!/usr/bin/env -S bash -e\n", True),
        ("#!/usr/bin/python3\n", False),
        ("#!/usr/bin/env node\n", False),
        ("#!\n", False),
    ],
)
def test_is_for_shell(text: str, expected: bool) -> None:
    assert is_for_shell(text) == expected


@pytest.mark.parametrize(
    ("shell", "expected"),
    [
        ('["/bin/bash", "-o", "pipefail", "-c"]', True),
        ('["ash", "-c"]', True),
        ('["powershell", "-Command"]', False),
        ('["C:\\\\git\\\\bash.EXE", "-c"]', True),
        ('["cmd", "/S", "/C"]', False),
        ("[]", False),
    ],
)
def test_is_posix(shell: str, expected: bool) -> None:
    assert is_posix(scan(f"SHELL {shell}").instructions[0].words) == expected


def test_deep_nesting_ends_somewhere() -> None:
    for opening in (
        "(",
        "find -exec ",
        "$(",
        "{ ",
        "$((",
        "sh -c '",
        "`",
        '"$(',
        "if ",
        "case x in a) ",
        "<(",
    ):
        assert len(list(parse(opening * 3000).walk())) < 10_000


def test_the_head_of_a_loop_has_a_place_though_it_has_no_words() -> None:
    head, *_ = parse("for x in $(ls); do true; done").commands
    assert head.words == []
    assert head.span == (4, 5)

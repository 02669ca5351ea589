"""What fixes make of Dockerfiles: sudo left out, commands as arrays, protocols in lower case."""

from __future__ import annotations

import pytest

from policylint.engine import lint
from policylint.fix import apply
from policylint.policy import built_in
from policylint.source import SourceFile


def fixed(rule: str, text: str) -> tuple[str, list[bool]]:
    """The text as fixed by one rule, and for each fix whether it is safe."""
    report = lint([SourceFile("Dockerfile", text)], built_in("all"))
    found = [finding for finding in report.findings if finding.rule.name == rule and finding.edits]
    safe = [finding.fix.is_safe for finding in found if finding.fix is not None]
    return apply(text, [edit for finding in found for edit in finding.edits]), safe


@pytest.mark.parametrize(
    ("given", "wanted", "safe"),
    [
        ("FROM debian:12\nRUN sudo id", "FROM debian:12\nRUN id", True),
        ("FROM debian:12\nUSER root\nRUN sudo  id", "FROM debian:12\nUSER root\nRUN id", True),
        ("FROM debian:12\nRUN /usr/bin/sudo id", "FROM debian:12\nRUN id", True),
        ('FROM debian:12\nRUN ["sudo", "id"]', 'FROM debian:12\nRUN ["id"]', True),
        (
            "FROM debian:12\nRUN sh -c 'A=1 sudo id' |\\\n sudo tee a",
            "FROM debian:12\nRUN sh -c 'A=1 id' |\\\n tee a",
            True,
        ),
        (
            "FROM debian:12\nRUN <<EOF\nsudo id\nEOF\n",
            "FROM debian:12\nRUN <<EOF\nid\nEOF\n",
            True,
        ),
        ("FROM registry.example.com/web:1\nRUN sudo id",
         "FROM registry.example.com/web:1\nRUN id", False),
        ("ARG B\nFROM $B\nRUN sudo id", "ARG B\nFROM $B\nRUN id", False),
        ("FROM debian:12 AS a\nFROM a\nRUN sudo id", "FROM debian:12 AS a\nFROM a\nRUN id", False),
    ],
)  # fmt: skip
def test_sudo_is_left_out_where_the_build_runs_as_root_anyway(
    given: str, wanted: str, safe: bool
) -> None:
    text, each_is_safe = fixed("sudo-used", given)
    assert text == wanted
    assert set(each_is_safe) == {safe}


@pytest.mark.parametrize(
    "given",
    [
        "FROM debian:12\nUSER 10001\nRUN sudo id",
        "FROM debian:12 AS a\nUSER 10001\nFROM a\nRUN sudo id",
        "ARG U\nFROM debian:12\nARG U\nUSER $U\nRUN sudo id",
        "FROM jenkins/jenkins:2.492\nRUN sudo id",
        "FROM debian:12\nRUN sudo -u web id",
        "FROM debian:12\nRUN sudo A=1 id",
        "FROM debian:12\nRUN sudo \\\n id",
        'FROM debian:12\nRUN "sudo" id',
        "FROM debian:12\nRUN sudo",
        "FROM debian:12\nONBUILD RUN sudo id",
    ],
)
def test_sudo_stays_where_it_may_be_needed_or_says_more(given: str) -> None:
    assert fixed("sudo-used", given) == (given, [])


@pytest.mark.parametrize(
    ("given", "wanted", "safe"),
    [
        ("CMD web --port 80", 'CMD ["web", "--port", "80"]', True),
        ("CMD web\t-a   -b=c", 'CMD ["web", "-a", "-b=c"]', True),
        ("ENTRYPOINT /web", 'ENTRYPOINT ["/web"]', True),
        ("ENTRYPOINT /web\nCMD /web", 'ENTRYPOINT ["/web"]\nCMD ["/web"]', False),
        ('ENTRYPOINT ["/e"]\nCMD /web', 'ENTRYPOINT ["/e"]\nCMD ["/web"]', False),
    ],
)
def test_a_command_of_plain_words_becomes_an_array(given: str, wanted: str, safe: bool) -> None:
    text, each_is_safe = fixed("shell-form-command", f"FROM debian:12\n{given}\n")
    assert text == f"FROM debian:12\n{wanted}\n"
    assert each_is_safe[0] is safe


@pytest.mark.parametrize(
    "command",
    [
        "web $PORT", "web 'a b'", 'web "a"', "web; id", "web && id", "web | cat", "web > /log",
        "web *.js", "web a?", "web [ab]", "web ~/a", "web {a,b}", "web \\\n  -a", "A=1 web",
        "cd /srv", "exec web", ". /env", "web # why", "web a\\ b", "['web']", "web !x", "web (a)",
    ],
)  # fmt: skip
def test_a_command_that_means_something_to_a_shell_stays(command: str) -> None:
    text = f"FROM debian:12\nCMD {command}\n"
    assert fixed("shell-form-command", text) == (text, [])


def test_a_command_of_a_later_build_stays() -> None:
    text = "FROM debian:12\nONBUILD CMD web\n"
    assert fixed("shell-form-command", text) == (text, [])


def test_a_protocol_is_written_in_lower_case() -> None:
    text = "FROM debian:12\nARG P=TCP\nEXPOSE 80/TCP 53/Udp \\\n  90-91/tcp 81/$P\n"
    wanted = text.replace("80/TCP", "80/tcp").replace("Udp", "udp")
    assert fixed("expose-protocol-case", text) == (wanted, [True, True])

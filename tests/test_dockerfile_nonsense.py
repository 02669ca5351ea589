"""All rules at once on Dockerfiles that nobody would write."""

from __future__ import annotations

from hypothesis import example, given, settings
from hypothesis import strategies as st

from policylint.engine import lint
from policylint.policy import built_in
from policylint.source import SourceFile

NAMES = st.sampled_from([
    "FROM", "RUN", "COPY", "ADD", "ENV", "ARG", "WORKDIR", "ONBUILD", "LABEL", "CMD", "USER",
    "HEALTHCHECK", "VOLUME", "EXPOSE", "SHELL", "#", "EOF",
])  # fmt: skip
WORDS = st.sampled_from([
    "debian:12", "scratch", "AS", "a", "--from=a", "--mount=type=secret,id=k", "--mount=", "/",
    ".", "..", "/srv", "$A", "${A", "${A:-b}", "A=1", "PASSWORD=hunter2hunter2", "<<EOF", "'", '"',
    "\\", "\\\n", "`", '["a", "b"]', "[", "|", "&&", ";", "(", ")", "{", "}", ">>", "<", "~/.npmrc",
    "/run/secrets/k", ".env", "*.jks", "**", "a.tgz", "cp", "tee", "tar", "xf", "chpasswd", "curl",
    "useradd", "-p", "aws", "configure", "set", "docker", "login", "sudo", "sh", "-c", "apt-get",
    "install", "https://u:hunter2hunter2@h/a", "git@h:a.git#1", "# escape=`", "8000-", "\x00",
    "\x85",
])  # fmt: skip
LINES = st.tuples(NAMES, st.lists(WORDS, max_size=6)).map(
    lambda line: " ".join([line[0], *line[1]])
)
PATTERNS = st.lists(st.sampled_from(["*", "**", "a", "/", "!", "[", "]", "\\", ".env", "\n"]))


@settings(deadline=None)  # the rules are imported on the way
@given(st.lists(LINES, max_size=8).map("\n".join), PATTERNS.map("".join))
@example("FROM debian:12\nRUN |\n", "")
@example("FROM a AS a\nRUN echo a |", "*")
def test_no_dockerfile_makes_a_rule_raise(text: str, ignored: str) -> None:
    beside = SourceFile(".dockerignore", ignored)
    source = SourceFile("Dockerfile", text, beside=beside, is_placed=True)
    for finding in lint([source], built_in("all")).findings:
        assert 0 <= finding.span.start <= finding.span.end <= len(text)
        assert finding.fingerprint
        assert isinstance(finding.edits, tuple)

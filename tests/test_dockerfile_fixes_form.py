"""What `--fix` makes of the form of instructions."""

from __future__ import annotations

import pytest

from policylint.dockerfile.scanner import scan
from policylint.dockerfile.stages import Build
from tests.test_dockerfile_fixes_base_image import fixed

CASES = [
    pytest.param(rule, f"FROM debian:1\n{given}\n", f"FROM debian:1\n{wanted}\n", id=given)
    for rule, given, wanted in (
        ("legacy-key-value", "ENV A b", 'ENV A="b"'),
        ("legacy-key-value", "ENV A b c=d", 'ENV A="b c=d"'),
        ("legacy-key-value", "ENV \\\n  A \t b  c", 'ENV \\\n  A="b  c"'),
        ("legacy-key-value", "env A $B/c", 'env A="$B/c"'),
        ("legacy-key-value", 'LABEL a "b c"', 'LABEL a="b c"'),
        ("legacy-key-value", "ENV A b\\ c", "ENV A=b\\ c"),
        ("legacy-key-value", "ONBUILD ENV A 'b c'", "ONBUILD ENV A='b c'"),
        ("instruction-case", "run true", "RUN true"),
        ("instruction-case", "OnBuild Run true", "ONBUILD RUN true"),
        ("from-as-case", "FROM a:1 as b", "FROM a:1 AS b"),
        ("from-as-case", "from a:1 \\\n AS b", "from a:1 \\\n as b"),
        ("empty-continuation", "RUN a \\\n\n  b", "RUN a \\\n  b"),
        ("empty-continuation", "RUN a \\\n \t\n\n# c\n\n  b", "RUN a \\\n# c\n  b"),
        ("empty-continuation", "RUN a \\\r\n\r\n  b", "RUN a \\\r\n  b"),
        (
            "maintainer-deprecated",
            "MAINTAINER Web Team <web@example.com>",
            'LABEL org.opencontainers.image.authors="Web Team <web@example.com>"',
        ),
        (
            "maintainer-deprecated",
            'maintainer "Web Team"',
            'label org.opencontainers.image.authors="Web Team"',
        ),
        (
            "maintainer-deprecated",
            'MAINTAINER "a" and "b"',
            'LABEL org.opencontainers.image.authors="\\"a\\" and \\"b\\""',
        ),
        (
            "maintainer-deprecated",
            'MAINTAINER The "$1" \\ Team',
            'LABEL org.opencontainers.image.authors="The \\"\\$1\\" \\\\ Team"',
        ),
    )
]


@pytest.mark.parametrize(("rule", "given", "wanted"), CASES)
def test_a_fix_writes_the_usual_form(rule: str, given: str, wanted: str) -> None:
    assert fixed(rule, given) == wanted
    assert fixed(rule, wanted) == wanted


@pytest.mark.parametrize(
    ("rule", "given"),
    [
        ("legacy-key-value", 'ENV A say "hi" there'),
        ("legacy-key-value", "ENV A = b"),
        ("legacy-key-value", "ENV A b \\\n  c"),
        ("legacy-key-value", "ENV A C:\\a b"),
        ("legacy-key-value", 'ENV "A" b'),
        ("instruction-case", "r\\\nun true"),
        ("empty-continuation", "RUN a \\\n\nCMD b"),
        ("maintainer-deprecated", "MAINTAINER Web \\\n  Team"),
        ("maintainer-deprecated", "MAINTAINER"),
        ("maintainer-deprecated", "ONBUILD MAINTAINER Web"),
    ],
)
def test_what_could_mean_something_else_is_left_to_people(rule: str, given: str) -> None:
    text = f"FROM debian:1\n{given}\n"
    assert fixed(rule, text) == text


@pytest.mark.parametrize(
    "given",
    ["ENV A b", "ENV A b=c  d", "ENV A $B/c", 'ENV A "b c"', "ENV A 'b $B'", "ENV A b\\ c\\d"],
)
@pytest.mark.parametrize("head", ["", "# escape=`\n"])
def test_a_modern_pair_has_the_value_of_the_old_one(head: str, given: str) -> None:
    text = f"{head}FROM scratch\nENV B=1\n{given}\n"
    mended = fixed("legacy-key-value", text)
    assert mended != text
    assert value_of_a(mended) == value_of_a(text)


def value_of_a(text: str) -> str | None:
    """What the variable A is at the end of a Dockerfile."""
    build = Build(scan(text))
    return build.stages[0].variables()["A"]


def test_a_backtick_is_escaped_where_it_escapes() -> None:
    text = "# escape=`\nFROM debian:1\nMAINTAINER a`b\\c\n"
    assert fixed("maintainer-deprecated", text).endswith('="a``b\\c"\n')

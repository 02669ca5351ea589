"""What an image says of itself: labels, maintainer, comments."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from policylint.detect.labels import fits, read_schema, what
from policylint.dockerfile.words import quoted
from policylint.finding import Change, Fix, Problem
from policylint.image import BuildStage, ImageBuild, ImageLabel, ImageLabels, Maintainer, OnBuild
from policylint.patterns import regex
from policylint.rule import rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from policylint.dockerfile.excerpt import Word
    from policylint.dockerfile.scanner import Instruction
    from policylint.finding import Problems

_AUTHORS = "org.opencontainers.image.authors"
_IN_KEYS = frozenset("abcdefghijklmnopqrstuvwxyz0123456789./_-")
_MOST_NAMES = 3
_RESERVED = ("com.docker.", "io.docker.", "org.dockerproject.")
# What comments say to tools says nothing of stages and arguments.
_REMARK = regex(
    r"#\s*(?:policylint:|hadolint\b|check\s*=|checkov:|trivy:|kics-scan\b|nosemgrep|renovate:)",
    re.IGNORECASE,
)


@rule(
    on=Maintainer,
    severity="low",
    family="hygiene",
    refs="CWE-477",
    equivalents=(
        "DL4000", "DS-0022", "CKV_DOCKER_6", "KICS:MAINTAINER Instruction Being Used",
        "BuildKit:MaintainerDeprecated", "semgrep:maintainer-is-deprecated",
    ),
)  # fmt: skip
def maintainer_deprecated(maintainer: Maintainer, build: ImageBuild) -> Problems:
    """Maintainer is named by an instruction of old.

    MAINTAINER is deprecated: tools that ask an image whom to call read its labels.

    Instead, write the label org.opencontainers.image.authors.

    Bad (dockerfile):
        FROM debian:12.9
        MAINTAINER Web Team <web@example.com>
        USER 10001

    Good (dockerfile):
        FROM debian:12.9
        LABEL org.opencontainers.image.authors="Web Team <web@example.com>"
        USER 10001
    """
    if not maintainer.is_trigger:
        fix = _as_label(maintainer.instruction, build)
        yield Problem(maintainer, "MAINTAINER is deprecated", fix=fix)


@rule(on=ImageLabel, severity="info", family="hygiene", equivalents=("DL3048",))
def label_key_invalid(label: ImageLabel) -> Problems:
    """Label has a name that is not one by the rules for labels.

    Names in lower case, with dots between their parts, are what other tools look for;
    some namespaces belong to Docker itself.

    Instead, write the domain that you own backwards, and the name behind it.

    Bad (dockerfile):
        FROM debian:12.9
        LABEL Team="web"

    Good (dockerfile):
        FROM debian:12.9
        LABEL com.example.team="web"
    """
    if not label.name.is_known:
        return
    name = label.name.value
    why = _wrong_in_key(name)
    if why is not None:
        yield Problem(label, f'label "{name}" {why}')


@rule(on=ImageBuild, severity="info", family="hygiene", equivalents=("DL3049",))
def label_missing(build: ImageBuild, *, label_schema: tuple[str, ...] = ()) -> Problems:
    """Image lacks a label that every image must have.

    Whoever finds the image in a registry or on an agent cannot tell whose it is, or
    what it was built from. Silent until the setting names labels.

    Instead, set it in the last stage.

    Settings:
        label_schema: labels that an image must have, as `name` or `name=type`; the types are
            text, url, rfc3339 (a time), spdx (a licence), hash (of a commit), semver and email

    Policy:
        rules: {label-missing: {label_schema: [com.example.team]}}

    Bad (dockerfile):
        FROM debian:12.9
        USER 10001

    Good (dockerfile):
        FROM debian:12.9
        LABEL com.example.team="web"
        USER 10001
    """
    if not label_schema or not build.stages:
        return
    stage = build.stages[-1]
    present = set()
    for label in _labels(stage, build):
        if not label.name.is_known:  # it may be the one that is missed
            return
        present.add(label.name.value)
    for name in read_schema(label_schema):
        if name not in present:
            yield Problem(stage, f"image has no label {name}")


@rule(on=ImageLabel, severity="info", family="hygiene", equivalents=("DL3050",))
def label_unexpected(
    label: ImageLabel, *, label_schema: tuple[str, ...] = (), strict_labels: bool = False
) -> Problems:
    """Label is none of those that images may have.

    It is mostly a known one under a wrong name, which nobody will find. Silent until
    the policy asks to be strict.

    Instead, use a name of the schema, or add this one to it.

    Settings:
        label_schema: labels that an image may have, as `name` or `name=type`
        strict_labels: whether others are reported

    Policy:
        rules: {label-unexpected: {label_schema: [com.example.team], strict_labels: true}}

    Bad (dockerfile):
        FROM debian:12.9
        LABEL com.example.taem="web"

    Good (dockerfile):
        FROM debian:12.9
        LABEL com.example.team="web"
    """
    if strict_labels and label.name.is_known:
        name = label.name.value
        if name not in read_schema(label_schema):
            yield Problem(label, f"label {name} is not in the schema")


@rule(
    on=ImageLabel,
    severity="low",
    family="hygiene",
    equivalents=("DL3051", "DL3052", "DL3053", "DL3054", "DL3055", "DL3056", "DL3058"),
)
def label_value_invalid(label: ImageLabel, *, label_schema: tuple[str, ...] = ()) -> Problems:
    """Label has a value of the wrong kind.

    Programs read these labels: a link that is none, or a version that does not sort,
    is worse than no label. Silent until the setting names labels.

    Instead, write a value of the type that the schema names.

    Settings:
        label_schema: labels and their types, as `name=type`; the types are text, url (an
            absolute one), rfc3339 (a time), spdx (a licence), hash (of a commit of git, 7 or
            40 digits), semver and email

    Policy:
        rules: {label-value-invalid: {label_schema: [org.opencontainers.image.url=url]}}

    Bad (dockerfile):
        FROM debian:12.9
        LABEL org.opencontainers.image.url="the wiki"

    Good (dockerfile):
        FROM debian:12.9
        LABEL org.opencontainers.image.url="https://wiki.example.com/web"
    """
    value = label.value
    if not label_schema or value is None or not (label.name.is_known and value.is_known):
        return
    kind = read_schema(label_schema).get(label.name.value)
    if kind is None or fits(value.value, kind):
        return
    if not value.value:
        yield Problem(label, f"label {label.name.value} is empty")
    else:
        yield Problem(value, f"label {label.name.value} is not {what(kind)}")


@rule(
    on=ImageBuild,
    severity="info",
    family="hygiene",
    equivalents=("BuildKit:InvalidDefinitionDescription",),
)
def definition_comment(build: ImageBuild) -> Problems:
    """Comment on a stage or an argument does not begin with its name.

    `docker build --call=outline` shows the comment above a stage or an ARG as its
    description, if the comment begins with the name.

    Instead, begin with the name, or leave a blank line below a comment on other things.

    Bad (dockerfile):
        # which Debian
        ARG VERSION=12.9
        FROM debian:${VERSION}

    Good (dockerfile):
        # VERSION is the Debian to build on
        ARG VERSION=12.9
        FROM debian:${VERSION}
    """
    for instruction in build.file.instructions:
        if instruction.comments and instruction.name in ("ARG", "FROM"):
            comment = instruction.comments[-1]
            names = list(_defined(instruction))
            if names and not _REMARK.match(comment.text) and not _begins(comment, names):
                shown = " or ".join(names[:_MOST_NAMES])
                yield Problem(comment.span, f"comment does not begin with {shown}")


def _as_label(instruction: Instruction, build: ImageBuild) -> Fix | None:
    keyword, author = instruction.keyword, instruction.operand.text
    start, end = instruction.span
    if "\n" in build.file.text[start:end] or not author or author.isspace():
        return None
    if len(author) > 2 and author[0] == author[-1] == '"' and '"' not in author[1:-1]:
        author = author[1:-1]
    name = "label" if keyword.text.islower() else "LABEL"
    text = f"{name} {_AUTHORS}={quoted(author, instruction.escape)}"
    return Fix("name them in a label", (Change("text", instruction.span, text),), is_safe=True)


def _wrong_in_key(name: str) -> str | None:
    """What is wrong with the name of a label."""
    if not _IN_KEYS.issuperset(name):
        odd = next(character for character in name if character not in _IN_KEYS)
        return f'has a "{odd}": names are of lower-case letters, digits and . - _ /'
    if not (name[:1].isalpha() and name[-1:].isalnum()):
        return "does not begin with a letter, or not end with a letter or digit"
    if ".." in name or "--" in name:
        return f"has {'..' if '..' in name else '--'} in it"
    if name.startswith(_RESERVED):
        owned = next(each for each in _RESERVED if name.startswith(each))
        return f"lies in {owned[:-1]}, which is Docker's"
    return None


def _labels(stage: BuildStage, build: ImageBuild) -> Iterator[ImageLabel]:
    """The labels of a stage, and what it has from those that it is built from."""
    for each in stage.stage.chain():
        statements = build.stages[each.index].statements
        for statement in statements:
            if type(statement) is OnBuild and each is not stage.stage:
                statement = statement.trigger or statement
            if type(statement) is ImageLabels:
                yield from statement.labels


def _defined(instruction: Instruction) -> Iterator[str]:
    if instruction.name == "ARG":
        for pair in instruction.pairs:
            yield pair.key.text
    elif len(instruction.words) == 3:
        yield instruction.words[2].text


def _begins(comment: Word, names: list[str]) -> bool:
    first, *_ = comment.text.lstrip("#").split(None, 1) or ("",)
    return first.rstrip(":,.") in names

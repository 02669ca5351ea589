"""What an image is built from."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from policylint.detect import images
from policylint.detect.placeholders import has_hole
from policylint.dockerfile.excerpt import Word
from policylint.dockerfile.stages import PLATFORM_ARGUMENTS
from policylint.dockerfile.variables import expand, references
from policylint.finding import Change, Fix, Problem
from policylint.image import BaseImage, BuildStage, ImageBuild
from policylint.named import NamedTuple
from policylint.patterns import regex
from policylint.rule import rule
from policylint.source import Span

if TYPE_CHECKING:
    from collections.abc import Iterator

    from policylint.dockerfile.scanner import Flag
    from policylint.dockerfile.stages import Variables
    from policylint.finding import Problems
    from policylint.organisation import Registries

_DIRECTIVE = regex(
    r"(?://|#)[ \t]*(?P<name>syntax|escape|check)[ \t]*=[ \t]*(?P<value>[^\s=][^\n]*?)\s*(?:\n|\Z)",
    re.IGNORECASE,
)
_FRONTENDS = ("docker/dockerfile", "docker/dockerfile-upstream")
_LONGEST_REFERENCE = 255
# Names are compared for spelling a few times only: a hostile file has thousands.
_MOST_HINTS = 16
_MOST_NAMES = 200
_LONGEST_NAME = 40


@rule(
    on=BaseImage,
    severity="medium",
    family="artifacts",
    refs="CWE-494",
    equivalents=(
        "DL3006", "DS-0001", "CKV_DOCKER_7", "KICS:Image Version Not Explicit",
        "semgrep:missing-image-version",
    ),
)  # fmt: skip
def image_tag_missing(
    image: BaseImage, *, copy_from: bool = True, allow_untagged: tuple[str, ...] = ()
) -> Problems:
    """Base image has no tag.

    Without a tag the build takes whatever is called latest on that day, so the same
    file makes another image tomorrow.

    Instead, name the version and, better still, its digest.

    Settings:
        copy_from: whether images in COPY --from and in mounts are judged too
        allow_untagged: patterns of images that may go without

    Bad (dockerfile):
        FROM debian
        USER 10001

    Good (dockerfile):
        FROM debian:12.9
        USER 10001
    """
    if image.tag is not None or image.digest is not None or not image.reference.is_known:
        return
    if image.route != "FROM" and not copy_from:
        return
    if not any(images.is_under(images.parse(image.reference.value), p) for p in allow_untagged):
        yield Problem(image, f"{image.reference.value} has no tag")


@rule(
    on=BaseImage,
    severity="medium",
    family="artifacts",
    refs="CWE-1357",
    equivalents=(
        "DL3007", "DS-0001", "CKV_DOCKER_7", "DKL-DI-0006", "KICS:Image Version Using 'latest'",
        "semgrep:avoid-latest-version",
    ),
)  # fmt: skip
def image_tag_latest(image: BaseImage, *, floating_tags: tuple[str, ...] = ("latest",)) -> Problems:
    """Base image has a tag that moves.

    It names another image after every release, so the same file builds something else
    tomorrow, and nobody can say what an older build was made of.

    Instead, name the version and, better still, its digest.

    Settings:
        floating_tags: tags that move; stable, edge, nightly and rolling are worth a thought

    Bad (dockerfile):
        FROM debian:latest
        USER 10001

    Good (dockerfile):
        FROM debian:12.9
        USER 10001
    """
    if image.digest is None and image.tag in floating_tags:
        yield Problem(image, f"tag {image.tag} moves: the next build may take another image")


@rule(
    on=BaseImage,
    severity="low",
    family="artifacts",
    refs="CWE-1357 CWE-494",
    equivalents=("semgrep:dockerfile-source-not-pinned",),
)
def image_not_pinned_by_digest(image: BaseImage) -> Problems:
    """Base image is not pinned by its digest.

    Whoever may push to the registry may put another image under the same tag, and the
    next build takes it in silence.

    Instead, write the digest behind the tag, and let a bot raise both.

    Bad (dockerfile):
        FROM debian:12.9
        USER 10001

    Good (dockerfile):
        FROM debian:12.9@sha256:9b0c1d2e3f4a5b6c7d8e9f0a1b2c3d4e5f6a7b8c9d0e1f2a3b4c5d6e7f8a9b0c
        USER 10001
    """
    if not image.reference.is_known:
        return
    if image.digest is None:
        yield Problem(image, f"{image.reference.value} has no digest")
    elif not image.digest.startswith("sha256:"):
        algorithm = image.digest.partition(":")[0]
        yield Problem(image, f"digest is {algorithm}, not sha256")


@rule(
    on=BaseImage,
    severity="high",
    family="artifacts",
    refs="CWE-829 CIS-Docker:4.2",
    equivalents=("DL3026", "CIS-DI-0002", "CIS-Docker:4.2"),
)
def registry_not_allowed(
    image: BaseImage, registries: Registries, *, allowed_registries: tuple[str, ...] = ()
) -> Problems:
    """Base image comes from a registry that is not allowed.

    Nobody has vouched for what it holds, and whoever runs the registry runs code in
    the build and in every container. Images are compared with the policy's
    `registries`, as those of workloads are, and with the setting below; silent while
    both are empty.

    Instead, mirror the image into a registry of yours and name it there.

    Settings:
        allowed_registries: registries for Dockerfiles alone, added to the policy's own: a
            host, with or without a path, in which `*` stands for any part

    Policy:
        settings: {registries: ["registry.example.com/**"]}

    Bad (dockerfile):
        FROM evil.example/debian:12.9
        USER 10001

    Good (dockerfile):
        FROM registry.example.com/debian:12.9
        USER 10001
    """
    patterns = (*registries.patterns, *map(_as_pattern, allowed_registries))
    if not patterns or not image.repository:
        return
    if not image.reference.is_known and any(map(_names_version, patterns)):
        return
    parts = images.Reference(image.registry, image.repository, image.tag or None, image.digest)
    name = images.full_name(parts.registry, parts.repository)
    if not has_hole(name) and not any(images.is_under(parts, pattern) for pattern in patterns):
        yield Problem(image, f"image comes from {name.partition('/')[0]}: {name} is not allowed")


@rule(on=ImageBuild, severity="medium", family="artifacts", refs="CWE-829 CWE-494")
def untrusted_syntax_image(
    build: ImageBuild, *, allowed_syntax_images: tuple[str, ...] = _FRONTENDS, pin: bool = False
) -> Problems:
    """Build itself is run by an image that is not allowed.

    The image in a `syntax` directive reads the file and decides what every line of it
    does, secrets and mounts included, before anything else runs.

    Instead, name docker/dockerfile, or leave the directive out.

    Settings:
        allowed_syntax_images: images that may read the file
        pin: whether such an image must have a digest

    Bad (dockerfile):
        # syntax=somebody/dockerfile:1
        FROM debian:12.9
        USER 10001

    Good (dockerfile):
        # syntax=docker/dockerfile:1
        FROM debian:12.9
        USER 10001
    """
    value = _syntax(build)
    if value is None:
        return
    name = value.text.partition(" ")[0]
    image, _, tag = name.partition(":")
    if image in allowed_syntax_images and "/" not in tag and not pin:
        return
    start = value.span.start
    at = Span(start, start + len(name))
    parts = images.parse(name)
    is_allowed = (not parts.registry and parts.repository in allowed_syntax_images) or any(
        images.is_under(parts, pattern) for pattern in allowed_syntax_images
    )
    if not is_allowed:
        yield Problem(at, f"{name} reads this file, and is not among the images that may")
    elif pin and not (parts.digest or "").startswith("sha256:"):
        yield Problem(at, f"{name} reads this file, and has no digest")


@rule(
    on=ImageBuild,
    severity="medium",
    family="artifacts",
    refs="CWE-706",
    equivalents=("BuildKit:UndefinedArgInFrom",),
)
def from_argument_undeclared(build: ImageBuild) -> Problems:
    """FROM uses a variable that is not declared above it.

    A FROM sees only the ARGs above the first FROM. Any other name is empty there,
    whatever `--build-arg` says, so the build fails or takes another image than meant.

    Instead, declare it with ARG above the first FROM.

    Bad (dockerfile):
        ARG VERSION=12.9
        FROM debian:${VERSON}
        USER 10001

    Good (dockerfile):
        ARG VERSION=12.9
        FROM debian:${VERSION}
        USER 10001
    """
    arguments = build.build.arguments
    undeclared = [
        used
        for stage in build.stages
        if "$" in stage.stage.instruction.excerpt.text
        for used in _undeclared(stage, arguments)
    ]
    hints: _Hints | None = None
    for number, used in enumerate(undeclared):
        hints = hints or _Hints(build)
        yield Problem(
            used.span,
            f"{used.name} is not declared above the first FROM",
            instead=hints.of(used.name) if number < _MOST_HINTS else None,
        )


@rule(
    on=ImageBuild,
    severity="medium",
    family="artifacts",
    equivalents=("BuildKit:InvalidDefaultArgInFrom",),
)
def from_argument_default_invalid(build: ImageBuild) -> Problems:
    """FROM names no image while its arguments have their defaults.

    A plain build of the file fails: it works only for those who know which
    `--build-arg` to give.

    Instead, give the ARG a default with which the reference is complete.

    Bad (dockerfile):
        ARG VERSION
        FROM debian:${VERSION}
        USER 10001

    Good (dockerfile):
        ARG VERSION=12.9
        FROM debian:${VERSION}
        USER 10001
    """
    arguments = build.build.arguments
    defaults: dict[str, str | None] | None = None
    for each in build.stages:
        stage, base = each.stage, each.base
        if stage.image is None or not stage.used or stage.parent is not None:
            continue
        if base is not None and base.reference.is_known and _is_proper(base):
            continue
        names = [used.name for used in stage.used if arguments.declared(used.name)]
        if not names or not all(used.name in arguments for used in stage.used):
            continue
        text = stage.reference
        if text is None:
            defaults = defaults or _defaults(build)
            text = expand(stage.image.text, defaults, build.file.escape)
        if text is not None and not images.is_reference(text) and not has_hole(text):
            defaults = defaults or _defaults(build)
            yield _invalid(names, stage.image, build, defaults)


@rule(
    on=ImageBuild,
    severity="low",
    family="artifacts",
    equivalents=(
        "DL3029", "BuildKit:FromPlatformFlagConstDisallowed",
        "KICS:Using Platform Flag with FROM Command", "semgrep:avoid-platform-with-from",
    ),
)  # fmt: skip
def from_platform_constant(build: ImageBuild) -> Problems:
    """FROM fixes the platform.

    Whatever platform is asked of the build, this stage has the one that stands here:
    the image starts elsewhere only under emulation, or not at all.

    Instead, leave the flag out, or write `$BUILDPLATFORM` for tools that run in the build.
    A stage that is for one platform says so in its name, as in `build-arm64`.

    Bad (dockerfile):
        FROM --platform=linux/amd64 debian:12.9
        USER 10001

    Good (dockerfile):
        FROM debian:12.9
        USER 10001
    """
    of_platform: frozenset[str] | None = None
    for stage in build.stages:
        flag = _platform(stage)
        if flag is None or not flag.value:
            continue
        names = {each.name for each in references(flag.value, build.file.escape)}
        if not names:
            if not _is_named_after(stage, flag.value):
                yield Problem(flag.value_span, f"platform is {flag.value} wherever the build runs")
            continue
        if of_platform is None:
            of_platform = _of_platform(build)
        if of_platform.isdisjoint(names):
            yield Problem(
                flag.value_span, f"platform is {flag.value}, not the one asked of the build"
            )


@rule(
    on=ImageBuild,
    severity="info",
    family="artifacts",
    equivalents=(
        "DL3065", "BuildKit:RedundantTargetPlatform", "semgrep:avoid-platform-with-from",
    ),
)  # fmt: skip
def from_platform_redundant(build: ImageBuild) -> Problems:
    """FROM asks for the platform that it has anyway.

    `$TARGETPLATFORM` is what a stage is built for without the flag, so the flag only
    makes readers look for a reason.

    Instead, leave the flag out.

    Bad (dockerfile):
        FROM --platform=$TARGETPLATFORM debian:12.9
        USER 10001

    Good (dockerfile):
        FROM debian:12.9
        USER 10001
    """
    for stage in build.stages:
        flag = _platform(stage)
        if flag is None or flag.value not in ("$TARGETPLATFORM", "${TARGETPLATFORM}"):
            continue
        declared = build.build.arguments.declared("TARGETPLATFORM")
        if declared is None or declared.value is None:
            fix = _without(flag, build)
            yield Problem(flag.span, f"{flag.value} is the platform anyway", fix=fix)


def _syntax(build: ImageBuild) -> Word | None:
    """What a `syntax` directive names, also where only the builder takes it for one.

    It looks behind a `#!` line, and takes `//` for the beginning of a comment, too.
    """
    directive = build.file.directive("syntax")
    text = build.file.text
    if directive is not None:
        return Word(directive.value, directive.value_span)
    if not text.startswith(("#!", "//")):
        return None
    at = text.find("\n") + 1 if text.startswith("#!") else 0
    while match := _DIRECTIVE.match(text, at):
        if match["name"].lower() == "syntax":
            return Word(match["value"], Span(*match.span("value")))
        at = match.end()
    return None


class _Used(NamedTuple):
    """A variable that a FROM uses, and where."""

    name: str
    span: Span


def _undeclared(stage: BuildStage, arguments: Variables) -> Iterator[_Used]:
    """The variables of a FROM that nothing above it sets."""
    flag, image = _platform(stage), stage.stage.image
    if flag is not None and flag.excerpt is not None:
        for each in references(flag.excerpt.text, stage.stage.instruction.escape):
            if each.name not in arguments:
                yield _Used(each.name, flag.excerpt.span(each.start, each.end))
    if image is not None:
        for each in stage.stage.used:
            if each.name not in arguments:
                yield _Used(each.name, image.part(each.start, each.end))


def _is_proper(image: BaseImage) -> bool:
    return images.is_proper(image.registry, image.repository, image.tag, image.digest)


def _platform(stage: BuildStage) -> Flag | None:
    instruction = stage.stage.instruction
    return instruction.flag("platform") if instruction.flags else None


class _Hints:
    """What was probably meant by names that nobody declared."""

    def __init__(self, build: ImageBuild) -> None:
        declared = sorted(build.build.arguments.names() | PLATFORM_ARGUMENTS)
        self._declared = [name for name in declared if len(name) <= _LONGEST_NAME]
        self._inside = {
            pair.key.text
            for stage in build.build.stages
            for instruction in stage.own("ARG")
            for pair in instruction.pairs
        }

    def of(self, name: str) -> str | None:
        """What to write instead, where there is more to say than the rule says."""
        from difflib import get_close_matches

        if name in self._inside:
            return "instead, put its ARG above the first FROM"
        names = self._declared[:_MOST_NAMES]
        near = get_close_matches(name, names, 1) if len(name) <= _LONGEST_NAME else ()
        return f"instead, write {near[0]}" if near else None


def _names_version(pattern: str) -> bool:
    return ":" in pattern.rpartition("/")[2]


def _as_pattern(registry: str) -> str:
    """A registry of the setting as a pattern of images: `host:5000` has no tag."""
    return registry if "/" in registry else f"{registry}/**"


def _defaults(build: ImageBuild) -> dict[str, str | None]:
    """What a FROM sees when nobody gives a `--build-arg`; an ARG without default is not set."""
    values: dict[str, str | None] = dict.fromkeys(PLATFORM_ARGUMENTS, "x")
    for instruction in build.build.preamble:
        if instruction.name != "ARG":
            continue
        for pair in instruction.pairs:
            if pair.value is not None:
                value = expand(pair.value.text, values, instruction.escape)
                is_too_long = value is not None and len(value) > _LONGEST_REFERENCE
                values[pair.key.text] = None if is_too_long else value
    return values


def _invalid(
    names: list[str], reference: Word, build: ImageBuild, defaults: dict[str, str | None]
) -> Problem:
    name = next((name for name in names if not defaults.get(name)), names[0])
    declared = build.build.arguments.declared(name)
    related = ((declared.key.span, "declared here"),) if declared is not None else ()
    message = (
        f"with the default of {name} {reference.text} names no image"
        if name in defaults
        else f"{name} has no default: {reference.text} names no image"
    )
    return Problem(reference.span, message, related)


def _is_named_after(stage: BuildStage, platform: str) -> bool:
    """Whether the stage's name has the system or architecture: then it is meant."""
    if stage.name is None:
        return False
    name = stage.name.value.lower()
    return any(part in name for part in platform.lower().split("/")[:2] if part)


def _of_platform(build: ImageBuild) -> frozenset[str]:
    """The variables that a platform of the build decides on."""
    found = set(PLATFORM_ARGUMENTS)
    for instruction in build.build.preamble:
        if instruction.name == "ARG":
            for pair in instruction.pairs:
                text = pair.value.text if pair.value is not None else ""
                if any(each.name in found for each in references(text, instruction.escape)):
                    found.add(pair.key.text)
    return frozenset(found)


def _without(flag: Flag, build: ImageBuild) -> Fix | None:
    text = build.file.text
    start, end = flag.span
    if "\n" in text[start:end]:
        return None
    while text.startswith((" ", "\t"), end):
        end += 1
    return Fix("leave the flag out", (Change("text", Span(start, end), ""),), is_safe=True)

"""Image references, by the grammar that registries and engines share."""

from __future__ import annotations

from policylint.detect.paths import matches_glob
from policylint.detect.placeholders import mask_holes
from policylint.named import NamedTuple
from policylint.patterns import regex

_HUB = "docker.io"
_HUB_HOSTS = ("index.docker.io", "registry-1.docker.io", "registry.hub.docker.com")
_LONGEST_NAME = 255
_LABEL = r"[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?"
_REGISTRY = regex(rf"(?:{_LABEL}(?:\.{_LABEL})*|\[[0-9a-fA-F:]+\])(?::[0-9]+)?")
_REPOSITORY_PART = regex(r"[a-z0-9]+(?:(?:\.|__?|-+)[a-z0-9]+)*")
_TAG_CHARACTERS = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-")
_LONGEST_TAG = 128
_ALGORITHM = regex(r"[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*")
_HEX = frozenset("0123456789abcdefABCDEF")
_SHORTEST_HASH = 32


class Reference(NamedTuple):
    """The parts of `registry/repository:tag@digest`; absent ones are None, the registry's empty."""

    registry: str
    repository: str
    tag: str | None
    digest: str | None


def parse(text: str) -> Reference:
    """Take a reference apart; colons and slashes inside placeholders do not count."""
    text = text.strip()
    mask = mask_holes(text)
    name_end, digest = len(text), None
    at = mask.find("@")
    if at >= 0:
        name_end, digest = at, text[at + 1 :]
    tag = None
    colon = mask.rfind(":", mask.rfind("/", 0, name_end) + 1, name_end)
    if colon >= 0:
        tag, name_end = text[colon + 1 : name_end], colon
    slash = mask.find("/", 0, name_end)
    first = mask[:slash] if slash > 0 else ""
    if "." in first or ":" in first or first == "localhost":
        return Reference(text[:slash], text[slash + 1 : name_end], tag, digest)
    return Reference("", text[:name_end], tag, digest)


def is_reference(text: str) -> bool:
    """Whether a text can name an image at all: `web:` and `Web` cannot."""
    return is_proper(*parse(text))


def is_proper(registry: str, repository: str, tag: str | None, digest: str | None) -> bool:
    """Whether the parts of a reference can name an image."""
    return (
        len(registry) + len(repository) < _LONGEST_NAME
        and (not registry or _REGISTRY.fullmatch(registry) is not None)
        and all(map(_is_part, repository.split("/")))
        and (tag is None or _is_tag(tag))
        and (digest is None or _is_digest(digest))
    )


def _is_part(text: str) -> bool:
    is_plain = text.isascii() and text.isalnum() and text == text.lower()
    return is_plain or _REPOSITORY_PART.fullmatch(text) is not None


def _is_tag(text: str) -> bool:
    return (
        0 < len(text) <= _LONGEST_TAG and text[0] not in ".-" and _TAG_CHARACTERS.issuperset(text)
    )


def _is_digest(text: str) -> bool:
    algorithm, _, hashed = text.partition(":")
    return (
        len(hashed) >= _SHORTEST_HASH
        and len(hashed) % 2 == 0
        and _HEX.issuperset(hashed)
        and (algorithm == "sha256" or _ALGORITHM.fullmatch(algorithm) is not None)
    )


def full_name(registry: str, repository: str) -> str:
    """`registry/repository` with what engines fill in: `nginx` is `docker.io/library/nginx`."""
    host = registry.lower()
    if not host or host in _HUB_HOSTS:
        host = _HUB
    if host == _HUB and "/" not in repository:
        repository = f"library/{repository}"
    return f"{host}/{repository}"


def is_official(image: Reference) -> bool:
    """Whether Docker Hub's own library has it."""
    return full_name(image.registry, image.repository).startswith(f"{_HUB}/library/")


def is_under(image: Reference, pattern: str) -> bool:
    """Whether an image is what a pattern such as `registry.example.com/web/**` names, or below it.

    Parts between slashes are compared as a whole, and short names are filled in as in
    images. A pattern with a tag names that version.
    """
    name = full_name(image.registry, image.repository)
    names = (name, f"{name}:{image.tag}") if image.tag else (name,)
    wanted = [each for full in _full_patterns(pattern) for each in (full, f"{full}/**")]
    return any(matches_glob(each, full) for each in names for full in wanted)


def _full_patterns(pattern: str) -> tuple[str, ...]:
    pattern = pattern.strip().rstrip("/")
    first, slash, rest = pattern.partition("/")
    host, _, port = first.lower().partition(":")
    is_registry = host == "localhost" or any(mark in host for mark in ".*?") or bool(slash and port)
    if not is_registry:
        return (full_name("", pattern),)
    if first.lower() == _HUB or first.lower() in _HUB_HOSTS:
        # `docker.io/bitnami` is a namespace, and `docker.io/nginx` an image.
        return (f"{_HUB}/{rest}" if rest else _HUB, full_name(_HUB, rest))
    return (f"{first.lower()}{slash}{rest}",)

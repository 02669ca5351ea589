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
_PART = r"[a-z0-9]+(?:(?:\.|__?|-+)[a-z0-9]+)*"
_REGISTRY = regex(rf"(?:{_LABEL}(?:\.{_LABEL})*|\[[0-9a-fA-F:]+\])(?::[0-9]+)?")
_REPOSITORY = regex(rf"{_PART}(?:/{_PART})*")
_TAG = regex(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}")
_DIGEST = regex(r"[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:(?:[0-9a-fA-F]{2}){16,}")


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
    registry, repository, tag, digest = parse(text)
    return (
        len(registry) + len(repository) < _LONGEST_NAME
        and (not registry or _REGISTRY.fullmatch(registry) is not None)
        and _REPOSITORY.fullmatch(repository) is not None
        and (tag is None or _TAG.fullmatch(tag) is not None)
        and (digest is None or _DIGEST.fullmatch(digest) is not None)
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

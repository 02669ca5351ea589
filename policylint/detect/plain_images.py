"""Base images that only bring a system or a language: they run as root and expose nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from policylint.detect.images import full_name

if TYPE_CHECKING:
    from policylint.detect.images import Reference

_NAMES = (
    "almalinux", "alpine", "amazoncorretto", "amazonlinux", "archlinux", "buildpack-deps",
    "busybox", "centos", "debian", "eclipse-temurin", "elixir", "erlang", "fedora", "gcc",
    "golang", "node", "openjdk", "oraclelinux", "perl", "pypy", "python", "rockylinux", "ruby",
    "rust", "swift", "ubuntu",
)  # fmt: skip
_PLAIN = frozenset(f"docker.io/library/{name}" for name in _NAMES)


def is_plain(image: Reference) -> bool:
    """Whether an image is known to be nothing but a system or a language."""
    return full_name(image.registry, image.repository) in _PLAIN

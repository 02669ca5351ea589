"""Which files are Dockerfiles, by their names and first words."""

from __future__ import annotations

import re

from policylint.patterns import regex

# `Dockerfile`, `Dockerfile.dev`, `web.Dockerfile`; `Containerfile` is Podman's name for it.
_NAME = regex(
    r"(?:dockerfile|containerfile)(?:[._-][^/]+)?|[^/]+\.(?:dockerfile|containerfile)",
    re.IGNORECASE,
)
_WHOLE = ("dockerfile", "containerfile")
# What stands beside a Dockerfile under its name, or only talks of one.
_OTHERS = regex(
    r"\.(?:dockerignore|md|rst|adoc|txt|json|ya?ml|toml|py|sh|go|js|ts|java|rb|html?|lock|sha256"
    r"|asc|sig|swp|orig|rej|patch|diff|log)$|~$",
    re.IGNORECASE,
)
_INSTRUCTION = regex(r"^[ \t]*(?:FROM|ARG)[ \t]+\S", re.IGNORECASE | re.MULTILINE)


def is_named(name: str) -> bool:
    """Whether a file is called like a Dockerfile."""
    lower = name.lower()
    if lower in _WHOLE:
        return True
    if not any(whole in lower for whole in _WHOLE):
        return False
    return bool(_NAME.fullmatch(name)) and not _OTHERS.search(name)


def is_ours(name: str, text: str) -> bool:
    """Whether a file with such a name is one: of names that only begin so, the text must too."""
    return name.lower() in _WHOLE or bool(_INSTRUCTION.search(text))

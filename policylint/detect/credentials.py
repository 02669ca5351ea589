"""Credentials by their looks, wherever they stand: tokens of providers, private keys, URIs.

Examples of documentations, masks and holes that a template leaves are none.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from policylint.detect.hints import ENCODED_KEYS, USER_INFO
from policylint.detect.placeholders import is_hole
from policylint.named import NamedTuple
from policylint.patterns import regex

if TYPE_CHECKING:
    from collections.abc import Iterator


class Token(NamedTuple):
    """What a provider's credential looks like; the group is what differs from one to the next."""

    what: str
    pattern: re.Pattern[str]
    severity: str | None = None


class Login(NamedTuple):
    """The user and the password in a URI, the host, and where in the text the password begins."""

    user: str
    password: str
    host: str
    start: int


class Exposed(NamedTuple):
    """A token or a private key in a text, in words, and where it stands."""

    what: str
    start: int
    end: int
    severity: str | None = None


def _token(what: str, pattern: str, severity: str | None = None) -> Token:
    return Token(what, regex(rf"(?<![A-Za-z0-9]){pattern}", re.ASCII), severity)


TOKENS = (
    _token("an AWS access key", r"(?:AKIA|ASIA)([0-9A-Z]{16})(?![0-9A-Za-z])"),
    _token("a GitHub token", r"gh[pousr]_([A-Za-z0-9]{36,})"),
    _token("a GitHub token", r"github_pat_(\w{22,})"),
    _token("a GitLab token", r"glpat-([\w-]{20,})"),
    _token("a Slack token", r"xox[abprs]-([\w-]{10,})"),
    _token("a Slack web hook", r"hooks\.slack\.com/services/T\w+/B\w+/(\w+)"),
    _token("a Google API key", r"AIza([\w-]{35})"),
    _token("a live Stripe key", r"sk_live_([0-9A-Za-z]{20,})"),
    _token("a SendGrid key", r"SG\.([\w-]{22}\.[\w-]{43})"),
    _token("an npm token", r"npm_([A-Za-z0-9]{36})(?![A-Za-z0-9])"),
    _token("a Docker Hub token", r"dckr_pat_([\w-]{20,})"),
    _token("a Vault token", r"hvs\.([\w-]{24,})"),
    _token("an Azure storage key", r"AccountKey=([A-Za-z0-9+/=]{80,})"),
    # Short-lived, or for a test: nobody can say.
    _token("a JSON web token", r"eyJ[\w-]{8,}\.(eyJ[\w-]{8,}\.[\w-]{8,})", "high"),
)

# The claims that every introduction to JSON web tokens shows.
_DOCUMENTED = ("EXAMPLE", "eyJzdWIiOiIxMjM0NTY3ODkwIiwibmFtZSI6IkpvaG4gRG9l")

_QUERY = regex(
    r"[?&](?:(?:access_)?token|sig|signature|password|secret|access_key"
    r"|X-Amz-Signature|X-Amz-Credential)=(?P<value>[^&#\s]{8,})",
    re.IGNORECASE,
)
_MASKED = regex(r"[*•.xX_-]+|[<\[{$`].*|%s|%\(.*|.*(?:\$\{|\$\(|\{\{|<%).*", re.DOTALL)
_WORDED = regex(r"redacted|masked|hidden|removed|placeholder", re.IGNORECASE)
_HOST = regex(r"[\w.-]+|\[[^\]\s]*\]")
_SAMPLE_USERS = ("user", "username")
_SAMPLE_PASSWORDS = ("password", "pass", "pwd")

# The header of a key and the beginning of what must follow it.
_PRIVATE_KEY = regex(
    r"(?P<header>-----BEGIN (?:[A-Z0-9]{2,12} ){0,2}PRIVATE KEY(?: BLOCK)?-----)(?P<body>.{0,80})",
    re.DOTALL,
)
_KEY_BODY = regex(r"(?:\s|\\[nr])*(?P<start>[A-Za-z0-9+/]{4})")
_BASE64 = regex(r"[A-Za-z0-9+/_\s-]{200,}={0,2}")


def token(text: str) -> Token | None:
    """The provider's credential in a text, the worst one; not those of documentations."""
    found = None
    for known in TOKENS:
        match = known.pattern.search(text)
        while match is not None and _is_documented(match):
            match = known.pattern.search(text, match.end())
        if match is not None and (found is None or known.severity is None):
            found = known
            if found.severity is None:
                break
    return found


def logins(text: str) -> Iterator[Login]:
    """The users and passwords in the URIs of a text: `scheme://user:password@host`."""
    for match in USER_INFO.finditer(text):
        password = match["password"]
        if not (is_hole(password) or _MASKED.fullmatch(password) or _WORDED.fullmatch(password)):
            host = _HOST.match(text, match.end())
            yield Login(
                match["user"], password, host.group() if host else "", match.start("password")
            )


def exposed(text: str) -> Iterator[Exposed]:
    """Every provider's credential and private key in a text, with their places."""
    for known in TOKENS:
        for match in known.pattern.finditer(text):
            if not _is_documented(match):
                yield Exposed(known.what, *match.span(), known.severity)
    for start, end in _private_keys(text):
        yield Exposed("a private key", start, end)


def is_sample(login: Login) -> bool:
    """Whether a URI only shows where user and password go."""
    return login.user.lower() in _SAMPLE_USERS and login.password.lower() in _SAMPLE_PASSWORDS


def has_signed_query(uri: str) -> bool:
    """Whether whoever knows a URI needs no other proof: its query holds a token or a signature."""
    return any(not _MASKED.fullmatch(match["value"]) for match in _QUERY.finditer(uri))


def has_private_key(text: str) -> bool:
    """Whether a private key stands in a text, as it is or in base64."""
    return next(_private_keys(text), None) is not None


def _private_keys(text: str) -> Iterator[tuple[int, int]]:
    if "PRIVATE KEY" in text:
        for key in _PRIVATE_KEY.finditer(text):
            if _is_filled(key):
                yield key.start(), key.end("header")
    if any(mark in text for mark in ENCODED_KEYS):
        for run in _BASE64.finditer(text):
            if any(map(_is_filled, _PRIVATE_KEY.finditer(_decoded(run.group())))):
                yield run.span()


def _is_documented(match: re.Match[str]) -> bool:
    body = match.group(1)
    is_filler = len(set(body.strip("-_").lower())) <= 2
    return is_filler or any(word in match.group() for word in _DOCUMENTED)


def _is_filled(match: re.Match[str]) -> bool:
    """Whether a key follows its header: no hole, no mask, no end."""
    body = _KEY_BODY.match(match["body"])
    if body is None or _WORDED.match(match["body"], body.start("start")):
        return False
    return len(set(body["start"])) > 1


def _decoded(run: str) -> str:
    import base64

    letters = "".join(run.split()).rstrip("=").replace("-", "+").replace("_", "/")
    whole = letters[: len(letters) // 4 * 4]
    return base64.b64decode(whole).decode("ascii", "replace")

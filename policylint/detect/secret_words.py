"""What looks like a secret: by the name it goes under, and by its value."""

from __future__ import annotations

import re
from functools import lru_cache

from policylint.detect.placeholders import is_hole
from policylint.patterns import regex

_WORDS = (
    "pass", "password", "passwd", "passphrase", "pwd", "secret", "secret_key",
    "secret_access_key", "token", "api_key", "access_key", "access_key_id", "private_key",
    "signing_key", "encryption_key", "auth_key", "client_secret", "credentials?", "license_key",
    "account_key", "webhook_url",
)  # fmt: skip
# Written together, as in DBPASSWORD or apikey.
_JOINED = (
    "password", "passwd", "passphrase", "apikey", "secretkey", "accesskey", "privatekey",
    "authtoken",
)  # fmt: skip
_SECRET_NAME = regex(rf"(?:(?:^|_)(?:{'|'.join(_WORDS)})|(?:{'|'.join(_JOINED)}))$")
# One of these is in each of them.
_HINTS = ("pass", "pwd", "secret", "token", "key", "credential", "webhook")

# Switches and counts. Anchored: the `min` inside ADMIN_PASSWORD must not hide a secret.
_SWITCH_NAME = regex(
    r"(?:^|_)(?:num_tokens?|m(?:ax|in)_tokens?|initial_cluster_token"
    r"|(?:allow_empty|empty|random|require|enable|disable|use|no|skip|reset|change)"
    r"_(?:token|password|secret))$"
)

# In a build a word of a name is enough: what it sets stays in the image's history.
_BUILD_WORDS = frozenset({
    "apikey", "auth", "credential", "credentials", "key", "password", "passwd", "pword", "psw",
    "secret", "token", "usr",
})  # fmt: skip
_HARMLESS_WORDS = frozenset({"file", "public", "version"})
_LEADING_WORDS = ("keyring", "sock")
_PUBLIC_KEYS = ("gpg", "pgp")
# Credentials of well-known programs and services whose names have none of those words.
_KNOWN_NAMES = frozenset({
    "appveyor_pat", "azure_devops_ext_pat", "azure_devops_pat", "azure_storage_connection_string",
    "azp_pat", "cr_pat", "discord_webhook_url", "docker_pass", "docker_pat", "dockerhub_pass",
    "dockerhub_pat", "gh_pat", "ghcr_pat", "git_pat", "github_pat", "gitlab_pat", "gl_pat",
    "hub_pass", "jenkins_pass", "ldap_bind_pass", "mongo_pass", "mysql_pass", "mysql_pwd",
    "npm_pass", "nuget_pat", "pgpass", "pgpassword", "redis_pass", "slack_webhook_url",
    "smtp_pass", "snyk_pat", "ssh_pass", "sshpass", "teams_webhook_url", "vsts_pat",
})  # fmt: skip
_FRONT_END_PREFIXES = ("vite_", "react_app_")

_DUMMY = regex(
    r"example|change[_-]?(?:me|it|this)|replace|placeholder|dummy|sample|insert|fake|redacted"
    r"|x{3,}|\.{3}|not[-_ ]?(?:a[-_ ]?)?(?:real|secret)"
    r"|(?:\A|[^a-z])(?:build|build-?time|collectstatic|here|my|none|not|nothing|precompile"
    r"|runtime|temp|temporary|test|testing|todo|unused|your)(?:[^a-z]|\Z)",
    re.IGNORECASE,
)

_LONGEST_MEASURED = 256

_CAMEL = regex(r"(?<=[a-z0-9])(?=[A-Z])")

# Values that say where a secret is, that there is none, or that it is hidden here.
_NO_SECRET = regex(
    r"true|false|yes|no|on|off|null|none|nil|undefined|n/?a|tbd|todo"
    r"|\d{1,6}"
    r"|[*•.x_-]+"
    r"|<.*>|\[.*\]"
    r"|\.{0,2}/[\w./-]*|file:.*"
    r"|__dcos_base64__.*"
    r"|(?:vault|secrets?|ssm|aws-sm|gcp-sm|env|ref|arn|op|sops):.*",
    re.IGNORECASE | re.DOTALL,
)
_REFERENCE = regex(
    r"[a-z][a-z_.-]*(?:/[a-z][a-z_.-]*)+"  # a path in a secret store
    r"|[a-z]\w*(?:\.[a-z]\w*)+\.[A-Z]\w*"  # the name of a Java class
)


@lru_cache(maxsize=1024)  # the same names stand in many definitions, and several rules ask
def is_secret_name(name: str) -> bool:
    """Whether a variable, label or option of this name holds a secret."""
    lower = name.lower()
    if not any(hint in lower for hint in _HINTS):
        return False
    plain = _CAMEL.sub("_", name).replace(".", "_").replace("-", "_").lower()
    return bool(_SECRET_NAME.search(plain)) and not _SWITCH_NAME.search(plain)


@lru_cache(maxsize=1024)
def is_build_secret(name: str) -> bool:
    """Whether a build argument or variable of an image of this name holds a secret."""
    plain = name.lower()
    for prefix in _FRONT_END_PREFIXES:
        plain = plain.removeprefix(prefix)
    words = plain.split("_")
    return (plain in _KNOWN_NAMES or not _BUILD_WORDS.isdisjoint(words)) and not is_harmless_name(
        name
    )


def is_harmless_name(name: str) -> bool:
    """Whether a name says that its value is for everybody, or only leads to a secret."""
    words = name.lower().split("_")
    if words[-1] in _LEADING_WORDS or not _HARMLESS_WORDS.isdisjoint(words):
        return True
    is_key = words[-1] in ("key", "keys") and not {"private", "secret"} & set(words)
    return is_key and any(word in words for word in _PUBLIC_KEYS)


def is_dummy(value: str) -> bool:
    """Whether a value only stands where a secret will be."""
    return bool(_DUMMY.search(value))


def entropy(value: str) -> float:
    """How many bits of information there are in each character of a value, as it begins."""
    from math import log2

    value = value[:_LONGEST_MEASURED]
    shares = [value.count(character) / len(value) for character in set(value)]
    return -sum(share * log2(share) for share in shares)


def is_literal_secret(value: str, name: str = "") -> bool:
    """Whether a value under a secret's name is the secret itself: no hole, mask or reference."""
    value = value.strip()
    if not value or is_hole(value) or any(mark in value for mark in ("{{", "${", "<%", "$(")):
        return False
    if _NO_SECRET.fullmatch(value) or _REFERENCE.fullmatch(value):
        return False
    return not value.startswith(("http://", "https://")) or name.lower().endswith("webhook_url")

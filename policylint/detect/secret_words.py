"""What looks like a secret: by the name it goes under, and by its value."""

from __future__ import annotations

import re
from functools import lru_cache

from policylint.detect.placeholders import is_hole

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
_SECRET_NAME = re.compile(rf"(?:(?:^|_)(?:{'|'.join(_WORDS)})|(?:{'|'.join(_JOINED)}))$")

# Switches and counts. Anchored: the `min` inside ADMIN_PASSWORD must not hide a secret.
_SWITCH_NAME = re.compile(
    r"(?:^|_)(?:num_tokens?|m(?:ax|in)_tokens?|initial_cluster_token"
    r"|(?:allow_empty|empty|random|require|enable|disable|use|no|skip|reset|change)"
    r"_(?:token|password|secret))$"
)

_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")

# Values that say where a secret is, that there is none, or that it is hidden here.
_NO_SECRET = re.compile(
    r"true|false|yes|no|on|off|null|none|nil|undefined|n/?a|tbd|todo"
    r"|\d{1,6}"
    r"|[*•.x_-]+"
    r"|<.*>|\[.*\]"
    r"|\.{0,2}/[\w./-]*|file:.*"
    r"|__dcos_base64__.*"
    r"|(?:vault|secrets?|ssm|aws-sm|gcp-sm|env|ref|arn|op|sops):.*",
    re.IGNORECASE | re.DOTALL,
)
_REFERENCE = re.compile(
    r"[a-z][a-z_.-]*(?:/[a-z][a-z_.-]*)+"  # a path in a secret store
    r"|[a-z]\w*(?:\.[a-z]\w*)+\.[A-Z]\w*"  # the name of a Java class
)


@lru_cache(maxsize=1024)  # the same names stand in many definitions, and several rules ask
def is_secret_name(name: str) -> bool:
    """Whether a variable, label or option of this name holds a secret."""
    plain = _CAMEL.sub("_", name).replace(".", "_").replace("-", "_").lower()
    return bool(_SECRET_NAME.search(plain)) and not _SWITCH_NAME.search(plain)


def is_literal_secret(value: str, name: str = "") -> bool:
    """Whether a value under a secret's name is the secret itself: no hole, mask or reference."""
    value = value.strip()
    if not value or is_hole(value) or any(mark in value for mark in ("{{", "${", "<%", "$(")):
        return False
    if _NO_SECRET.fullmatch(value) or _REFERENCE.fullmatch(value):
        return False
    return not value.startswith(("http://", "https://")) or name.lower().endswith("webhook_url")

"""Environment variables that switch the verification of certificates off."""

from __future__ import annotations

import re

_ON = frozenset({"1", "true", "yes", "on", "y", "t", "enabled"})
_OFF = frozenset({"0", "false", "no", "off", "n", "f", "none", "disabled"})

# Set to anything at all, these switch it off.
_BY_PRESENCE = frozenset({"GIT_SSL_NO_VERIFY", "PIP_TRUSTED_HOST"})
# Names by their sense: what must be off, and what must not be on.
_VERIFIES = re.compile(
    r"NODE_TLS_REJECT_UNAUTHORIZED|PYTHONHTTPSVERIFY|(?:NPM|YARN)_CONFIG_STRICT_SSL"
    r"|(?:.+_)?(?:SSL|TLS|CERTS?|CERTIFICATES?)_?(?:VERIFY|VERIFICATION|VALIDATION)"
    r"|(?:.+_)?(?:VERIFY|VALIDATE)_?(?:SSL|TLS|CERTS?|CERTIFICATES?)"
)
_SKIPS = re.compile(
    r"(?:.+_)?(?:SKIP|NO|DISABLE|IGNORE)_?(?:SSL|TLS|CERTS?|CERTIFICATES?)_?"
    r"(?:VERIFY|VERIFICATION|VALIDATION|CHECKS?)"
    r"|(?:.+_)?(?:SSL|TLS|CERTS?|CERTIFICATES?)_?(?:INSECURE_?)?(?:SKIP|NO|DISABLE|IGNORE)_?"
    r"(?:VERIFY|VERIFICATION|VALIDATION|CHECKS?)"
    r"|(?:.+_)?(?:INSECURE_?SKIP_?VERIFY|SKIP_VERIFY|SKIP_VERIFY_?(?:SSL|TLS|CERTS?))"
)


def is_switched_off(name: str, value: str) -> bool:
    """Whether a variable of this name and value makes programs trust any certificate."""
    name, value = name.upper(), value.strip().lower()
    if name in _BY_PRESENCE:
        return bool(value)
    if value in _ON:
        return bool(_SKIPS.fullmatch(name))
    # DISABLE_SSL_VERIFICATION=false says that it is on.
    return value in _OFF and bool(_VERIFIES.fullmatch(name)) and not _SKIPS.fullmatch(name)

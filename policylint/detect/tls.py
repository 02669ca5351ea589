"""What switches the verification of certificates off: variables, and settings of tools."""

from __future__ import annotations

from typing import TYPE_CHECKING

from policylint.detect.tool_settings import OFF, ON
from policylint.patterns import regex

if TYPE_CHECKING:
    from policylint.detect.tool_settings import Setting

# Set to anything at all, these switch it off.
_BY_PRESENCE = frozenset({"GIT_SSL_NO_VERIFY", "PIP_TRUSTED_HOST"})
# Settings of tools that are not to be off.
_SETTINGS_OFF = frozenset({"check-certificate", "ssl-verify", "sslverify", "strict-ssl"})
# Names by their sense: what must be off, and what must not be on.
_VERIFIES = regex(
    r"NODE_TLS_REJECT_UNAUTHORIZED|PYTHONHTTPSVERIFY|(?:NPM|YARN)_CONFIG_STRICT_SSL"
    r"|(?:.+_)?(?:SSL|TLS|CERTS?|CERTIFICATES?)_?(?:VERIFY|VERIFICATION|VALIDATION)"
    r"|(?:.+_)?(?:VERIFY|VALIDATE)_?(?:SSL|TLS|CERTS?|CERTIFICATES?)"
)
_SKIPS = regex(
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
    if value in ON:
        return bool(_SKIPS.fullmatch(name))
    # DISABLE_SSL_VERIFICATION=false says that it is on.
    return value in OFF and bool(_VERIFIES.fullmatch(name)) and not _SKIPS.fullmatch(name)


def is_trusting(setting: Setting) -> bool:
    """Whether a setting of a tool, other than a variable, makes it trust any certificate."""
    if setting.is_variable:
        return False
    if setting.name == "trusted-host":
        return setting.value != ""
    if setting.name == "insecure":
        return setting.is_on
    return setting.is_off and setting.name in _SETTINGS_OFF

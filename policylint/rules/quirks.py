"""Rules on definitions that say one thing twice, in vain or in old words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from policylint.finding import Problem
from policylint.model import Conflict, DeprecatedFields, DroppedSetting
from policylint.rule import rule

if TYPE_CHECKING:
    from policylint.finding import Problems


@rule(on=DeprecatedFields, severity="info", family="document", refs="CWE-477")
def deprecated_field(deprecated: DeprecatedFields) -> Problems:
    """Deprecated field in use.

    Two spellings of one setting are how checks are passed by and upgrades bring
    surprises. All old fields of a document are one finding.

    Instead, write the modern field.

    Bad (marathon):
        {"id": "/web", "cmd": "run", "uris": ["https://downloads.example.com/web.tgz"]}

    Good (marathon):
        {"id": "/web", "cmd": "run", "fetch": [{"uri": "https://downloads.example.com/web.tgz"}]}
    """
    modern = {old: new for old, new, _ in deprecated.fields}
    listed = ", ".join(
        f"{old} (now {new})" if new else f"{old} (without effect)" for old, new in modern.items()
    )
    related = tuple(
        (at, f"{old} is now {new}" if new else f"{old} has no effect")
        for old, new, at in deprecated.fields[1:]
    )
    yield Problem(deprecated, f"deprecated: {listed}", related)


@rule(on=Conflict, severity="medium", family="document", refs="CWE-436")
def conflicting_fields(conflict: Conflict) -> Problems:
    """Two fields contradict each other.

    The scheduler refuses the definition, or a reviewer reads one field while the
    cluster obeys the other.

    Instead, keep the one that is meant.

    Bad (marathon):
        {"id": "/web", "networks": [{"mode": "container/bridge"}],
          "container": {"docker": {"image": "web:1", "network": "HOST"}}}

    Good (marathon):
        {"id": "/web", "networks": [{"mode": "container/bridge"}],
          "container": {"docker": {"image": "web:1"}}}
    """
    yield Problem(conflict, conflict.message, conflict.others, instead=conflict.instead)


@rule(
    on=DroppedSetting,
    severity="medium",
    family="document",
    refs="CWE-693 NIST:4.4.3",
)
def ineffective_security_setting(setting: DroppedSetting) -> Problems:
    """Security setting has no effect where it is written.

    The author believes that a control is on, and nothing holds it up.

    Instead, move it to the form that this runtime and this network read, or delete it.

    Bad (marathon):
        {"id": "/web", "user": "nobody", "container": {"docker": {"image": "web:1"}}}

    Good (marathon):
        {"id": "/web", "user": "nobody", "container": {"docker": {"image": "web:1",
          "parameters": [{"key": "user", "value": "65534:65534"}]}}}
    """
    message = f"{setting.name} has no effect here: {setting.why}"
    yield Problem(setting, message, setting.others, instead=setting.instead)

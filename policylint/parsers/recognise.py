"""Which kind a document is, by its content; and whether unreadable text is likely to be ours."""

from __future__ import annotations

import re

APP, APP_LIST, GROUP, POD, JOB, SCHEDULE = "app", "app-list", "group", "pod", "job", "schedule"
KINDS = (APP, APP_LIST, GROUP)

# Keys that hardly any other format has, and keys that many have.
_STRONG = frozenset({
    "cmd", "cpus", "mem", "instances", "container", "healthChecks", "portDefinitions",
    "acceptedResourceRoles", "upgradeStrategy", "requirePorts", "backoffSeconds", "backoffFactor",
    "maxLaunchDelaySeconds", "taskKillGracePeriodSeconds", "unreachableStrategy", "killSelection",
    "readinessChecks", "resourceLimits", "residency", "ipAddress", "uris", "executor", "storeUrls",
})  # fmt: skip
_WEAK = frozenset({
    "args", "env", "constraints", "networks", "ports", "fetch", "labels", "disk", "gpus", "user",
    "role", "secrets", "dependencies", "check", "tty",
})  # fmt: skip
# No definition has these at its top; the formats that are taken for one do.
_FOREIGN = frozenset({
    "apiVersion", "kind", "packagingVersion", "services", "properties", "panels", "framework_id",
    "executor_id", "slave_id", "resources", "scripts", "devDependencies", "compilerOptions",
})  # fmt: skip

# A definition's own keys as they stand in text that cannot be parsed.
_OWN_KEYS = (
    "cmd", "cpus", "mem", "instances", "healthChecks", "portDefinitions", "portMappings",
    "acceptedResourceRoles", "upgradeStrategy", "requirePorts", "backoffSeconds", "backoffFactor",
    "maxLaunchDelaySeconds", "taskKillGracePeriodSeconds", "unreachableStrategy", "killSelection",
    "forcePullImage", "containerPath", "servicePort", "enforceRole", "executorResources",
    "volumeMounts", "maxLaunchDelay", "activeDeadlineSeconds", "resourceLimits",
)  # fmt: skip
_OWN_KEY = re.compile(
    rf"\"({'|'.join(_OWN_KEYS)})\"\s*:|^[ \t]*(?:- +)?({'|'.join(_OWN_KEYS)}):(?=\s)", re.MULTILINE
)
_OWN_NAME = re.compile(r"marathon|metronome", re.IGNORECASE)


def kind_of(raw: object) -> str | None:
    """The kind of a document's value, or None when it is not ours."""
    if isinstance(raw, list):
        return APP_LIST if raw and all(_is_app(item) for item in raw) else None
    if not isinstance(raw, dict) or not _FOREIGN.isdisjoint(raw):
        return None
    if _is_group(raw):
        return GROUP
    return APP if _is_app(raw) else None


def may_be_ours(text: str) -> bool:
    """Whether a text holds any of the words without which no definition is recognised."""
    return any(word in text for word in _WORDS)


def looks_ours(name: str, text: str) -> bool:
    """Whether text that cannot be parsed is a definition: its name or its keys say so."""
    if _OWN_NAME.search(name):
        return True
    return len({key for match in _OWN_KEY.findall(text) for key in match if key}) >= 2


_WORDS = tuple(sorted(_STRONG | {"apps", "groups", "env", "args", "containers", "run", "cron"}))


def _is_app(raw: object) -> bool:
    if not isinstance(raw, dict) or not _FOREIGN.isdisjoint(raw):
        return False
    strong = len(_STRONG.intersection(raw))
    if isinstance(raw.get("id"), str):
        return strong > 0 or len(_WEAK.intersection(raw)) > 1
    return "id" not in raw and strong > 2 and ("cpus" in raw or "mem" in raw)


def _is_group(raw: dict[str, object]) -> bool:
    lists = [raw[key] for key in ("apps", "groups") if isinstance(raw.get(key), list)]
    if not lists or "cmd" in raw or "container" in raw:
        return False
    members = [item for found in lists if isinstance(found, list) for item in found]
    if not members:
        return isinstance(raw.get("id"), str)
    return all(
        isinstance(item, dict) and (_is_app(item) or _is_group(item) or _is_empty_group(item))
        for item in members
    )


def _is_empty_group(raw: dict[str, object]) -> bool:
    return isinstance(raw.get("id"), str) and raw.keys() <= {"id", "dependencies", "enforceRole"}

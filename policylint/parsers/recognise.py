"""Which kind a document is, by its content; and whether unreadable text is likely to be ours."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from policylint.named import NamedTuple
from policylint.patterns import regex

if TYPE_CHECKING:
    from collections.abc import Iterator

APP, GROUP, POD, JOB, SCHEDULE, ROLLBACK = "app", "group", "pod", "job", "schedule", "rollback"
LIST = "-list"

# Keys of an app that hardly any other format has at its top, and keys that many have.
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
# The formats that are taken for a definition have these at their top. They speak against one,
# but Marathon reads over them: where the rest is certain they must not hide it.
_FOREIGN = frozenset({
    "apiVersion", "kind", "packagingVersion", "services", "properties", "panels", "framework_id",
    "executor_id", "slave_id", "resources", "scripts", "devDependencies", "compilerOptions",
    "swagger", "openapi", "paths", "AWSTemplateFormatVersion", "jobId",
})  # fmt: skip

# Keys of what a job runs.
_RUN = frozenset({"cmd", "args", "cpus", "mem", "disk", "docker", "ucr", "artifacts", "volumes"})

# A job of Chronos has a name, and one of these, where an app has an id.
_CHRONOS = frozenset({"schedule", "parents", "epsilon"})

# A definition's own keys as they stand in text that cannot be parsed.
_OWN_KEYS = (
    "cmd", "cpus", "mem", "instances", "healthChecks", "portDefinitions", "portMappings",
    "acceptedResourceRoles", "upgradeStrategy", "requirePorts", "backoffSeconds", "backoffFactor",
    "maxLaunchDelaySeconds", "taskKillGracePeriodSeconds", "unreachableStrategy", "killSelection",
    "forcePullImage", "containerPath", "servicePort", "enforceRole", "executorResources",
    "maxLaunchDelay", "resourceLimits", "container", "docker",
)  # fmt: skip
_OWN_NAME = regex(r"marathon|metronome", re.IGNORECASE)
_WORDS = tuple(sorted({*_STRONG, "apps", "groups", "env", "args", "containers", "run", "cron",
                       "spec", "enforceRole", "scaleBy", "version"}))  # fmt: skip

# What may spell any word in another way.
_ESCAPED = regex(r"\\[uUx\r\n]")

Path = tuple[str | int, ...]


class Part(NamedTuple):
    """One definition in a document: an app, a group, a pod, a job or a schedule."""

    kind: str
    raw: dict[str, Any]
    path: Path


def recognise(raw: object) -> tuple[str, list[Part]] | None:
    """The kind of a document and the definitions in it; None when it is not ours.

    Lists and the answers of the servers' APIs are taken apart.
    """
    if isinstance(raw, list):
        return _recognise_list(raw)
    if not isinstance(raw, dict):
        return None
    parts = _parts(raw)
    return (parts[0].kind, parts) if parts else None


def assume(kind: str, raw: object) -> list[Part]:
    """The definitions in a document of which the user says the kind."""
    single = kind.removesuffix(LIST)
    if isinstance(raw, list):
        return [Part(single, item, (at,)) for at, item in enumerate(raw) if isinstance(item, dict)]
    if not isinstance(raw, dict):
        return []
    if kind == "app-list" and isinstance(raw.get("apps"), list):
        return [Part(GROUP, raw, ())]
    return list(_wrapped(raw)) or [Part(single, raw, ())]


def contradiction(stated: str, raw: object) -> tuple[str, list[Part]] | None:
    """What a document is when it is clearly not what the user says."""
    known = recognise(raw)
    if known is None or stated in (known[0], f"{known[0]}{LIST}"):
        return None
    if known[0] == f"{stated}{LIST}" or {stated, known[0]} == {"app-list", GROUP}:
        return None
    return known


def kind_of(raw: dict[str, Any]) -> str | None:
    """The kind of one object, by the members that only this kind has."""
    if not _FOREIGN.isdisjoint(raw) and not _is_certain(raw):
        return None
    if isinstance(raw.get("run"), dict):
        return JOB if isinstance(raw.get("id"), str) or _STRONG & raw["run"].keys() else None
    if isinstance(raw.get("cron"), str):
        return SCHEDULE if isinstance(raw.get("id"), str) else None
    if isinstance(raw.get("containers"), list):
        return POD if _is_pod(raw) else None
    if _is_group(raw):
        return GROUP
    if _is_app(raw):
        return APP
    return ROLLBACK if _is_rollback(raw) else None


def may_be_ours(text: str, name: str = "") -> bool:
    """Whether a file's name, or a word without which no definition is recognised, speaks for it."""
    return (
        has_own_name(name)
        or any(word in text for word in _WORDS)
        or _ESCAPED.search(text) is not None
    )


def has_own_name(name: str) -> bool:
    """Whether a file's name says that it is a definition."""
    return bool(_OWN_NAME.search(name))


def looks_ours(name: str, text: str) -> bool:
    """Whether text that cannot be parsed is a definition: its name or its keys say so."""
    if has_own_name(name):
        return True
    keys = "|".join(_OWN_KEYS)
    found = re.findall(
        rf"\"({keys})\"\s*:|(?:^[ \t]*(?:- +)?|[\x7b,][ \t]*)({keys}):(?=\s)"
        r"|(\"?\bid\"?\s*:\s*[\"']?/)",  # an id that is a path
        text,
        re.MULTILINE,
    )
    return len({key for match in found for key in match if key}) >= 2


def why_unknown(raw: object) -> str | None:
    """What to say of a document whose name alone is ours; None when it is clearly another's."""
    if not isinstance(raw, dict):
        return "neither an object nor a list of objects" if not isinstance(raw, list) else None
    if not _FOREIGN.isdisjoint(raw) or "$schema" in raw:
        return None
    own = (_STRONG | _WEAK | {"id", "run", "cron", "containers", "apps", "groups"}).intersection(
        raw
    )
    if not own:
        return None
    return f"has {' and '.join(sorted(own)[:3])}, but is no app, group, pod or job"


def _recognise_list(raw: list[object]) -> tuple[str, list[Part]] | None:
    items = [item for item in raw if isinstance(item, dict)]
    if len(items) < len(raw):
        return None
    known = [[part for part in _parts(item) if part.kind != ROLLBACK] for item in items]
    first = next((found[0].kind for found in known if found), None)
    if first is None or not (all(known) or any(map(_is_certain, items))):
        return None
    parts = [
        part._replace(path=(index, *part.path))
        for index, (item, found) in enumerate(zip(items, known, strict=True))
        for part in found or [Part(first, item, ())]
    ]
    return f"{first}{LIST}", parts


def _parts(raw: dict[str, Any]) -> list[Part]:
    """What an object defines: which server reads it decides, so it may be two things at once."""
    kind = kind_of(raw)
    if kind is None:
        return list(_wrapped(raw)) if _FOREIGN.isdisjoint(raw) else []
    is_app_too = kind in (JOB, POD, SCHEDULE) and not {"cmd", "container"}.isdisjoint(raw)
    return [Part(kind, raw, ()), *([Part(APP, raw, ())] if is_app_too else [])]


def _wrapped(raw: dict[str, Any]) -> Iterator[Part]:
    """Definitions inside the answers of Marathon's API."""
    if raw.keys() == {"app"} and isinstance(raw["app"], dict):
        yield Part(APP, raw["app"], ("app",))
    elif isinstance(raw.get("spec"), dict) and {"status", "statusSince"} <= raw.keys():
        yield Part(POD, raw["spec"], ("spec",))
    elif raw.keys() == {"*"} and isinstance(raw["*"], list):
        yield from _each(raw["*"], ("*",))
    elif raw.keys() == {"queue"} and isinstance(raw["queue"], list):
        for index, item in enumerate(raw["queue"]):
            for kind in (APP, POD):
                if isinstance(item, dict) and isinstance(item.get(kind), dict):
                    yield Part(kind, item[kind], ("queue", index, kind))


def _each(items: list[object], path: Path) -> Iterator[Part]:
    for index, item in enumerate(items):
        if isinstance(item, dict) and (kind := kind_of(item)):
            yield Part(kind, item, (*path, index))


def _is_certain(raw: dict[str, Any]) -> bool:
    """Whether an object says so much of a definition's own that other formats' keys cannot hide it.

    Otherwise one member more, which Marathon reads over, would keep a definition from every rule.
    """
    members = [item for item in _group_members(raw) if isinstance(item, dict)]
    if any(map(_is_certain, members)):
        return True
    if not isinstance(raw.get("id"), str):
        return False
    strong = len(_STRONG.intersection(raw))
    run, containers = raw.get("run"), raw.get("containers")
    return (
        strong > 1
        or (strong > 0 and raw["id"].startswith("/"))
        or (isinstance(run, dict) and len(_RUN.intersection(run)) > 1)
        or (isinstance(containers, list) and any(map(_is_container, containers)))
    )


def _is_container(raw: object) -> bool:
    """Whether an object is a container of a pod, and not of another format."""
    if not isinstance(raw, dict):
        return False
    own = (("resources", "cpus"), ("image", "id"), ("exec", "command"))
    return any(isinstance(raw.get(key), dict) and inner in raw[key] for key, inner in own)


def _is_app(raw: dict[str, Any]) -> bool:
    strong = len(_STRONG.intersection(raw))
    if isinstance(raw.get("id"), str):
        weak = len(_WEAK.intersection(raw))
        return strong > 0 or weak > 1 or (weak > 0 and raw["id"].startswith("/"))
    is_chronos = not _CHRONOS.isdisjoint(raw)
    return not is_chronos and strong > 2 and ("cpus" in raw or "mem" in raw)


def _is_pod(raw: dict[str, Any]) -> bool:
    return isinstance(raw.get("id"), str) and all(
        isinstance(container, dict) for container in raw["containers"]
    )


def _is_group(raw: dict[str, Any]) -> bool:
    if "cmd" in raw or "container" in raw:
        return False
    if raw.keys() <= {"id", "enforceRole", "scaleBy", "dependencies"}:
        return not raw.keys() <= {"id", "dependencies"}
    members = _group_members(raw)
    if not members:
        return isinstance(raw.get("id"), str) and isinstance(
            raw.get("apps", raw.get("groups")), list
        )
    objects = [item for item in members if isinstance(item, dict)]
    is_each_known = len(objects) == len(members) and all(map(_is_group_member, objects))
    return is_each_known or any(map(_is_certain, objects))


def _group_members(raw: dict[str, Any]) -> list[object]:
    lists = (raw.get(key) for key in ("apps", "groups", "pods"))
    return [item for found in lists if isinstance(found, list) for item in found]


def _is_group_member(raw: dict[str, Any]) -> bool:
    is_bare = isinstance(raw.get("id"), str) and raw.keys() <= {"id", "dependencies", "enforceRole"}
    return is_bare or _is_app(raw) or _is_group(raw) or "spec" in raw or "containers" in raw


def _is_rollback(raw: dict[str, Any]) -> bool:
    return "version" in raw and raw.keys() <= {"id", "version"} and "id" in raw and _is_date(raw)


def _is_date(raw: dict[str, Any]) -> bool:
    return isinstance(raw["version"], str) and bool(re.match(r"\d{4}-\d\d-\d\dT", raw["version"]))

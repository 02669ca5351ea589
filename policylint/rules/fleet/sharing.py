"""Rules on data and secrets that several services use."""

from __future__ import annotations

from typing import TYPE_CHECKING

from policylint.detect.ids import ancestors
from policylint.detect.paths import (
    is_below,
    is_benign,
    is_device,
    kernel_entry,
    matches_glob,
    platform_entry,
    sensitive_entry,
    socket_at,
)
from policylint.finding import Problem
from policylint.fleet import Fleet
from policylint.fleet.meeting import Claim, are_rivals, clashes, may_share_agent, running
from policylint.rule import rule
from policylint.rules.fleet.claims import are_one_team, clash_of, names

if TYPE_CHECKING:
    from collections.abc import Iterable

    from policylint.finding import Problems
    from policylint.fleet import HostMount, Service
    from policylint.organisation import Environments, Tiers

_LONGEST_PATH = 500


@rule(
    on=Fleet,
    severity="high",
    family="isolation",
    refs="NIST:4.3.4 NIST:4.4.3 CWE-668 CWE-653",
    given=("mounts", "others"),
)
def host_path_shared(
    fleet: Fleet,
    environments: Environments,
    tiers: Tiers,
    *,
    shared_paths_ok: tuple[str, ...] = (),
) -> Problems:
    """Path of the agent that one service writes and another uses.

    It is a channel between them that nobody planned: what one writes the other reads,
    runs, or follows where a link leads.

    Instead, give each a directory, or better a volume, of its own.

    Settings:
        shared_paths_ok: Paths that are meant to be shared, such as `/srv/shared/**`.

    Bad (marathon):
        {"id": "/", "apps": [
          {"id": "/a/x", "container": {"docker": {"image": "x:1"}, "volumes": [
            {"containerPath": "/d", "hostPath": "/srv/d", "mode": "RW"}]}},
          {"id": "/b/y", "container": {"docker": {"image": "y:1"}, "volumes": [
            {"containerPath": "/d", "hostPath": "/srv/d", "mode": "RO"}]}}]}

    Good (marathon):
        {"id": "/", "apps": [
          {"id": "/a/x", "container": {"docker": {"image": "x:1"}, "volumes": [
            {"containerPath": "/d", "hostPath": "/srv/x", "mode": "RW"}]}},
          {"id": "/b/y", "container": {"docker": {"image": "y:1"}, "volumes": [
            {"containerPath": "/d", "hostPath": "/srv/y", "mode": "RO"}]}}]}
    """
    claims: dict[tuple[frozenset[str], str], list[Claim]] = {}
    for cluster, service in running(fleet, environments):
        for mount in service.mounts:
            if _is_plain(mount) and not _is_any(mount.path, shared_paths_ok):
                claim = Claim(service, service.spot(mount), (mount.path, mount.read_only))
                claims.setdefault((cluster, mount.path), []).append(claim)
    trees: dict[tuple[frozenset[str], str], list[Claim]] = {}
    for (cluster, path), claimed in claims.items():
        above = [outer for outer in ancestors(path) if (cluster, outer) in claims]
        trees.setdefault((cluster, above[-1] if above else path), []).extend(claimed)
    for claimed in trees.values():
        for clash in clashes(claimed, _write_and_use):
            is_mild = are_one_team(clash) and len({_tier(claim, tiers) for claim in clash}) == 1
            # A writer is where a change is needed.
            clash.sort(key=lambda claim: bool(claim.terms[1]))
            reader, writer = clash[1], clash[0]
            shown = min((str(claim.terms[0]) for claim in clash), key=len)
            yield clash_of(
                [reader, writer, *clash[2:]],
                f"{shown} on an agent is shared: {writer.service.name} writes what "
                f"{names(clash[1:]) if len(clash) > 2 else reader.service.name} uses",
                "uses it",
                severity="medium" if is_mild else None,
            )


@rule(
    on=Fleet,
    severity="high",
    family="isolation",
    refs="NIST:4.3.4 CWE-662 CWE-668",
    given=("volumes", "others"),
)
def external_volume_shared(
    fleet: Fleet, environments: Environments, *, shared_volumes_ok: tuple[str, ...] = ()
) -> Problems:
    """Volume that several services use.

    A second deployment of it is refused, or the services read and spoil each other's
    data.

    Instead, give each service a volume of its own.

    Settings:
        shared_volumes_ok: Names of volumes that are meant to be shared.

    Bad (marathon):
        {"id": "/", "apps": [
          {"id": "/a/x", "container": {"docker": {"image": "x:1", "parameters": [
            {"key": "volume-driver", "value": "rexray"}, {"key": "volume", "value": "db1:/d"}]}}},
          {"id": "/b/y", "container": {"docker": {"image": "y:1", "parameters": [
            {"key": "volume-driver", "value": "rexray"}, {"key": "volume", "value": "db1:/d"}]}}}]}

    Good (marathon):
        {"id": "/", "apps": [
          {"id": "/a/x", "container": {"docker": {"image": "x:1", "parameters": [
            {"key": "volume-driver", "value": "rexray"}, {"key": "volume", "value": "db1:/d"}]}}},
          {"id": "/b/y", "container": {"docker": {"image": "y:1", "parameters": [
            {"key": "volume-driver", "value": "rexray"}, {"key": "volume", "value": "db2:/d"}]}}}]}
    """
    claims: dict[tuple[object, ...], list[Claim]] = {}
    for cluster, service in running(fleet, environments):
        for volume in service.volumes:
            if not _is_any(volume.name, shared_volumes_ok):
                terms = volume.read_only, volume.is_shared, volume.is_local
                claim = Claim(service, service.spot(volume), terms)
                claims.setdefault((cluster, volume.driver, volume.name), []).append(claim)
    for (_, _, name), claimed in claims.items():
        for clash in clashes(claimed, _use_one_volume):
            is_read = all(claim.terms[0] for claim in clash)
            is_meant = all(claim.terms[1] for claim in clash) and are_one_team(clash)
            yield clash_of(
                clash,
                f"the volume {name} is used by {names(clash)}",
                "uses the same volume",
                severity="medium" if is_read or is_meant else None,
            )


@rule(
    on=Fleet,
    severity="high",
    family="secrets",
    refs="NIST:4.1.4 CWE-668 ATTACK:T1552",
    given=("secrets",),
)
def secret_out_of_scope(
    fleet: Fleet,
    environments: Environments,
    *,
    shared_secrets: tuple[str, ...] = (),
    scope_by_path: bool = True,
) -> Problems:
    """Secret of another team.

    Whoever takes over one service has what opens the other's, and nobody can replace
    the secret without asking everybody.

    Instead, keep a secret of the service's own in a folder above its id: `a/key` for
    `/a/web`.

    Settings:
        shared_secrets: Secrets that everybody may use, such as `shared/**`.
        scope_by_path: Whether a secret belongs to the services below its folder.

    Bad (marathon):
        {"id": "/a/x", "cmd": "run", "env": {"KEY": {"secret": "key"}},
          "secrets": {"key": {"source": "b/key"}}}

    Good (marathon):
        {"id": "/a/x", "cmd": "run", "env": {"KEY": {"secret": "key"}},
          "secrets": {"key": {"source": "a/key"}}}
    """
    claims: dict[tuple[object, str], list[Claim]] = {}
    for cluster, service in running(fleet, environments):
        if service.kind == "job" and "." not in (service.id or ""):
            continue
        for secret in service.secrets:
            source = "/" + secret.value.partition("@")[0].strip("/")
            if _is_any(source, shared_secrets):
                continue
            folder = source.rpartition("/")[0] or "/"
            if scope_by_path and not is_below(_path_of(service), folder):
                yield Problem(
                    service.spot(secret),
                    f"{service.name} uses the secret {source[1:]}, which belongs to {folder}",
                )
            else:
                claim = Claim(service, service.spot(secret), (service.team,))
                claims.setdefault((cluster, source), []).append(claim)
    for (_, source), claimed in claims.items():
        for clash in clashes(claimed, _are_two_teams):
            yield clash_of(
                clash,
                f"the secret {source[1:]} is used by {names(clash)}, of different teams",
                "uses the same secret",
            )


def _is_plain(mount: HostMount) -> bool:
    """Whether a path is the services' own, and no rule reports it for what it is."""
    path = mount.path
    is_known = sensitive_entry(path) or platform_entry(path) or kernel_entry(path)
    is_reported = path == "/" or is_device(path) or is_known is not None or socket_at(path)
    is_harmless = is_benign(path, read_only=mount.read_only)
    return len(path) < _LONGEST_PATH and not is_reported and not is_harmless


def _write_and_use(one: Claim, other: Claim) -> bool:
    (path, is_read), (other_path, is_also_read) = one.terms, other.terms
    return (
        not (is_read and is_also_read)
        and (is_below(path, other_path) or is_below(other_path, path))
        and are_rivals(one, other)
        and may_share_agent(one.service, other.service)
    )


def _use_one_volume(one: Claim, other: Claim) -> bool:
    is_local = one.terms[2]
    return are_rivals(one, other) and (not is_local or may_share_agent(one.service, other.service))


def _are_two_teams(one: Claim, other: Claim) -> bool:
    return one.terms != other.terms


def _tier(claim: Claim, tiers: Tiers) -> int | None:
    return tiers.of(claim.service.id or "")


def _path_of(service: Service) -> str:
    """The id of a service as a path: the words of a job's are folders too."""
    identifier = service.id or ""
    return "/" + identifier.replace(".", "/") if service.kind == "job" else identifier


def _is_any(text: str, patterns: Iterable[str]) -> bool:
    return any(
        matches_glob(text, pattern) or matches_glob(text.lstrip("/"), pattern.lstrip("/"))
        for pattern in patterns
    )

"""Rules on the code that a workload runs: images and fetched files."""

from __future__ import annotations

from typing import TYPE_CHECKING

from policylint.detect import images
from policylint.detect.paths import matches_glob
from policylint.detect.placeholders import has_hole
from policylint.finding import Problem
from policylint.model import UNKNOWN
from policylint.patterns import regex
from policylint.rule import rule
from policylint.workload import Artifact, Workload, WorkloadImage

if TYPE_CHECKING:
    from policylint.finding import Found, Problems
    from policylint.organisation import Registries, Roles

_MUTABLE = ("latest", "stable", "edge", "master", "main", "dev", "nightly", "snapshot")
_INTERNAL = (".mesos", ".thisdcos.directory", ".internal", ".local")
_URI = regex(
    r"\s*(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*)://(?:[^/@\s]*@)?(?P<host>\[[^\]]*\]|[^/:?#\s]*)"
)
_PRIVATE_HOST = regex(
    r"localhost|127\.[\d.]+|10\.[\d.]+|192\.168\.[\d.]+|172\.(?:1[6-9]|2\d|3[01])\.[\d.]+|\[::1\]"
    r"|\[f[cd][0-9a-f:]*\]"
)


@rule(
    on=WorkloadImage,
    severity="medium",
    family="artifacts",
    refs="NIST:4.2.2 CWE-494 ATTACK:T1525",
)
def image_mutable_tag(
    image: WorkloadImage, *, mutable_tags: tuple[str, ...] = _MUTABLE
) -> Problems:
    """Image tag is missing, or moves.

    A restart on another agent may run different code than the one that was reviewed.

    Instead, name a version, best with its digest.

    Settings:
        mutable_tags: Tags that move.

    Bad (marathon):
        {"id": "/web", "container": {"docker": {"image": "registry.example.com/web:latest"}}}

    Good (marathon):
        {"id": "/web", "container": {"docker": {"image": "registry.example.com/web:1.4.2"}}}
    """
    if image.digest is not None:
        return
    if image.tag is None:
        yield Problem(image.reference, f'image "{_shown(image)}" has no tag, which means latest')
    elif image.tag in mutable_tags:
        yield Problem(
            image.reference, f'image tag "{image.tag}" moves: a restart may run other code'
        )


@rule(
    on=Artifact,
    severity="high",
    family="artifacts",
    refs="CWE-319 CWE-494 ATTACK:T1195.002 ATTACK:T1557",
)
def artifact_plain_http(
    artifact: Artifact, *, internal_suffixes: tuple[str, ...] = _INTERNAL
) -> Problems:
    """Artifact fetched over a channel that anybody can write to.

    Whoever stands on the path decides what runs in the task, often as root.

    Instead, fetch it over https.

    Settings:
        internal_suffixes: Ends of host names inside the cluster, where this weighs less.

    Bad (marathon):
        {"id": "/web", "cmd": "run", "fetch": [{"uri": "http://downloads.example.com/web.tgz"}]}

    Good (marathon):
        {"id": "/web", "cmd": "run", "fetch": [{"uri": "https://downloads.example.com/web.tgz"}]}
    """
    match = _URI.match(artifact.uri.value) if artifact.uri.is_known else None
    if match is None:
        return
    scheme, host = match["scheme"].lower(), match["host"].lower().rstrip(".")
    if scheme in ("http", "ftp"):
        internal = host.endswith(internal_suffixes) or _PRIVATE_HOST.fullmatch(host)
        yield Problem(
            artifact.uri,
            f"fetched from {host or 'a host'} over plain {scheme}: anybody can change it",
            severity="medium" if internal else None,
        )
    elif scheme in ("hdfs", "s3n"):
        yield Problem(
            artifact.uri,
            f"fetched over {scheme}, which proves nobody's identity",
            severity="low",
            instead="instead, fetch it over https or s3",
        )


@rule(
    on=Workload,
    severity="info",
    family="artifacts",
    refs="NIST:4.1.5 CWE-494 ATTACK:T1525",
    unless=("image-mutable-tag",),
    after=("privilege", "escape", "isolation", "resources", "artifacts", "secrets", "exposure"),
)
def image_not_pinned(
    workload: Workload,
    problems: tuple[Found, ...],
    roles: Roles,
    *,
    require_digest_ids: tuple[str, ...] = (),
) -> Problems:
    """Image not pinned by its digest.

    Whoever may push to the registry may put other code under the same tag. That
    weighs more in a workload that could take over the agent, or that the internet
    reaches.

    Instead, write the digest behind the name: `registry.example.com/web:1.4.2@sha256:…`.

    Settings:
        require_digest_ids: Patterns of the ids in which a missing digest weighs medium.

    Bad (marathon):
        {"id": "/web", "container": {"docker": {"image": "registry.example.com/web:1.4.2"}}}

    Good (marathon):
        {"id": "/web", "container": {"docker": {"image":
          "registry.example.com/web@sha256:9b0c1d2e3f4a5b6c7d8e9f0a1b2c3d4e5f6a7b8c9d0e1f2a3b4c5d6e7f8a9b0c"}}}
    """
    for container in workload.containers:
        image = container.image
        if image is None or not image.reference.is_known or _is_pinned(image):
            continue
        why = _why_pin(workload, problems, roles, require_digest_ids)
        yield Problem(
            image,
            f'image "{_shown(image)}" is not pinned by a digest{why and f", and {why}"}',
            severity="medium" if why else None,
        )


@rule(
    on=WorkloadImage,
    severity="high",
    family="artifacts",
    refs="NIST:4.1.5 CWE-829 ATTACK:T1204.003",
)
def workload_registry_not_allowed(
    image: WorkloadImage, registries: Registries, *, denied_images: tuple[str, ...] = ()
) -> Problems:
    """Image comes from a registry that is not allowed.

    Nobody has vouched for what it holds, and whoever runs the registry runs code
    in the cluster. Silent until the policy states `registries` or `denied_images`.

    Instead, mirror the image into a registry of yours and name it there.

    Settings:
        denied_images: Images that must not be used wherever they come from, such as
            `docker.io/evil/**`.

    Policy:
        settings: {registries: ["registry.example.com/**"]}

    Bad (marathon):
        {"id": "/web", "container": {"docker": {"image": "evil.example/web:1"}}}

    Good (marathon):
        {"id": "/web", "container": {"docker": {"image": "registry.example.com/web:1"}}}
    """
    if not (registries.patterns or denied_images) or not image.reference.is_known:
        return
    parts = images.parse(image.reference.value)
    name = images.full_name(parts.registry, parts.repository)
    denied = next((each for each in denied_images if images.is_under(parts, each)), None)
    if denied is not None:
        yield Problem(image, f'the policy denies image "{_shown(image)}" ("{denied}")')
        return
    # Parts that a placeholder hides may be those of an allowed registry.
    patterns = registries.patterns if not has_hole(name) else ()
    if patterns and not any(images.is_under(parts, pattern) for pattern in patterns):
        yield Problem(image, f"image comes from {name.partition('/')[0]}: {name} is not allowed")


def _is_pinned(image: WorkloadImage) -> bool:
    """Whether the digest is known, or a placeholder stands for it."""
    digest = image.digest
    if digest is UNKNOWN:
        return True
    return digest is not None and (digest.startswith("sha") or has_hole(digest))


def _why_pin(
    workload: Workload, problems: tuple[Found, ...], roles: Roles, ids: tuple[str, ...]
) -> str:
    """Why a digest matters in this workload more than usually."""
    if any(found.severity == "critical" for found in problems):
        return "this workload could take over the agent"
    if any(
        role.value in roles.public for role in (*workload.accepted_roles, workload.role) if role
    ):
        return "the internet reaches it"
    if workload.id.is_known and any(matches_glob(workload.id.value, each) for each in ids):
        return "the policy wants one here"
    return ""


def _shown(image: WorkloadImage) -> str:
    """A reference without the password that somebody put into it."""
    text: str = image.reference.value
    scheme, separator, rest = text.partition("://")
    return f"{scheme}://{rest.rpartition('@')[2]}" if separator else text

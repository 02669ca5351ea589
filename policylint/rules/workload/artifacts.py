"""Rules on the code that a workload runs: images and fetched files."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from policylint.finding import Problem
from policylint.model import Artifact, WorkloadImage
from policylint.rule import rule

if TYPE_CHECKING:
    from policylint.finding import Problems

_MUTABLE = ("latest", "stable", "edge", "master", "main", "dev", "nightly", "snapshot")
_INTERNAL = (".mesos", ".thisdcos.directory", ".internal", ".local")
_URI = re.compile(
    r"\s*(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*)://(?:[^/@\s]*@)?(?P<host>\[[^\]]*\]|[^/:?#\s]*)"
)
_PRIVATE_HOST = re.compile(
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
    if not image.reference.is_known or image.digest is not None:
        return
    if image.tag is None:
        yield Problem(
            image.reference, f'image "{image.reference.value}" has no tag, which means latest'
        )
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

"""Rules on paths that leave where they seem to be, and on volumes that hide a path of the agent."""

from __future__ import annotations

from posixpath import normpath
from typing import TYPE_CHECKING

from policylint.detect import paths
from policylint.detect.placeholders import has_hole
from policylint.finding import Problem
from policylint.rule import rule
from policylint.rules.workload.mounts import before
from policylint.workload import Container, Mount, Workload

if TYPE_CHECKING:
    from collections.abc import Iterator

    from policylint.finding import Problems
    from policylint.model import Value

_PATH_ROUTES = ("hostPath", "host", "volume", "mount")
# A server's, or layers of other directories.
_REMOTE = ("nfs", "nfs4", "cifs", "smb3", "overlay")


@rule(
    on=Mount,
    severity="critical",
    family="escape",
    refs="NIST:4.4.3 CWE-22 ATTACK:T1611",
    unless=before("sandbox-path-traversal"),
)
def sandbox_path_traversal(mount: Mount) -> Problems:
    """Relative host path climbs out of the sandbox.

    The agent joins it to the sandbox and checks nothing, so it is a mount of the
    host that no rule for absolute paths can see.

    Instead, take the `..` out: a relative path stays in the sandbox.

    Bad (marathon):
        {"id": "/web", "container": {"docker": {"image": "web:1"}, "volumes": [
          {"containerPath": "/h", "hostPath": "../../../../../../etc", "mode": "RW"}]}}

    Good (marathon):
        {"id": "/web", "container": {"docker": {"image": "web:1"}, "volumes": [
          {"containerPath": "/h", "hostPath": "etc", "mode": "RW"}]}}
    """
    if mount.path is not None or mount.route not in _PATH_ROUTES or not mount.source.is_known:
        return
    source = mount.source.value.strip()
    if not _climbs(source):
        return
    if _leaves(source):
        yield Problem(mount, f"{source} climbs out of the sandbox to the agent's own files")
    elif not has_hole(source):
        yield Problem(
            mount,
            f"{source} turns back on its way and stays in the sandbox",
            severity="info",
            instead=f"instead, write {normpath(source)}",
        )


@rule(
    on=Container,
    severity="high",
    family="escape",
    refs="CWE-22 NIST:4.4.3 ATTACK:T1611",
    confidence="medium",
)
def container_path_unsafe(container: Container) -> Problems:
    """Mount target climbs, or covers a system path.

    With a `..` in it a volume may land outside the container's root: the Universal
    Container Runtime makes the directory as root, and checks nothing. Over a system
    path it hides the image's own programs or settings.

    Instead, use a plain absolute path inside the image, or a simple name.

    Bad (marathon):
        {"id": "/web", "container": {"docker": {"image": "web:1"}, "volumes": [
          {"containerPath": "../../../../etc", "hostPath": "x", "mode": "RW"}]}}

    Good (marathon):
        {"id": "/web", "container": {"docker": {"image": "web:1"}, "volumes": [
          {"containerPath": "/srv/data", "hostPath": "x", "mode": "RW"}]}}
    """
    for target in _targets(container):
        path = target.value
        if _climbs(path):
            severity = "critical" if container.runtime.value == "MESOS" else None
            yield Problem(
                target, f"{path} may climb out of the container's root", severity=severity
            )
        elif path.startswith("/") and paths.normalise(path) in paths.IMAGE_OWN:
            yield Problem(
                target,
                f"covers {path} of the container, which is not its to cover",
                severity="medium",
            )
        elif path.startswith("/") and container.image is None:
            yield Problem(
                target,
                f"without an image {path} is a path of the agent, and must exist there",
                severity="low",
                instead="instead, use a relative path: it lies in the sandbox",
            )


@rule(
    on=Container,
    severity="critical",
    family="escape",
    refs="CWE-22 CWE-73 NIST:4.4.3 NIST:4.5.5 ATTACK:T1611 ATTACK:T1053.003 ATTACK:T1105",
)
def artifact_destination_traversal(container: Container, workload: Workload) -> Problems:
    """Fetched file written outside the sandbox.

    The fetcher runs as the agent's user and refuses nothing but a leading slash:
    with `..` it writes the author's bytes anywhere on the host, a cron table or a
    key, before the container even starts.

    Instead, take the `..` out: destinations lie in the sandbox.

    Bad (marathon):
        {"id": "/web", "cmd": "run", "fetch": [
          {"uri": "https://d.example.com/x", "destPath": "../../../../../../etc/cron.d/x"}]}

    Good (marathon):
        {"id": "/web", "cmd": "run", "fetch": [
          {"uri": "https://d.example.com/x", "destPath": "conf/x"}]}
    """
    if workload.kind == "job":
        return  # Metronome has no such field
    for artifact in container.artifacts:
        target = artifact.dest_path
        if target is None or not target.is_known:
            continue
        path = target.value.strip()
        if path.startswith("/"):
            yield Problem(
                target, f"{path} is no place in the sandbox: it is the agent's, or refused"
            )
        elif _climbs(path) and _leaves(path):
            yield Problem(
                target, f"the fetched file is written to {path}, on the agent, as the agent's user"
            )


@rule(
    on=Container,
    severity="high",
    family="escape",
    refs="CWE-73 CWE-668 NIST:4.4.3 ATTACK:T1005 ATTACK:T1552.001",
)
def local_file_fetch(
    container: Container, *, allowed_local_files: tuple[str, ...] = ("/etc/docker.tar.gz",)
) -> Problems:
    """File of the agent copied into the sandbox.

    The fetcher copies it with the agent's rights and hands it to the task's user:
    any file of the host can be read so, without any mount.

    Instead, serve the file over https, or use a secret.

    Settings:
        allowed_local_files: Files that may be fetched; `*` stands for a name, `**` for any number.

    Bad (marathon):
        {"id": "/web", "cmd": "run", "fetch": [{"uri": "file:///etc/shadow", "extract": false}]}

    Good (marathon):
        {"id": "/web", "cmd": "run", "fetch": [{"uri": "https://files.example.com/conf.tgz"}]}
    """
    for artifact in container.artifacts:
        if not artifact.uri.is_known:
            continue
        path = _local_path(artifact.uri.value)
        if path is None or any(paths.matches_glob(path, ok) for ok in allowed_local_files):
            continue
        written = artifact.uri.value.strip()
        why = paths.secrets_at(path)
        if why:
            yield Problem(
                artifact.uri,
                f"{written} is copied from the agent to the task: {why}",
                severity="critical",
            )
        else:
            yield Problem(artifact.uri, f"{written} is copied from the agent, with its rights")


@rule(
    on=Mount,
    severity="critical",
    family="escape",
    refs="CWE-73 CWE-22 CIS-Docker:5.6 NIST:4.4.3 ATTACK:T1611",
    unless=before("external-volume-host-path"),
)
def external_volume_host_path(
    mount: Mount, *, option_name_drivers: tuple[str, ...] = ("pxd",)
) -> Problems:
    """Name of an external volume is a host path.

    The Docker engine is handed `name:containerPath`, and a name that begins with a
    slash is a mount of the host. Marathon does not check names, and no field says
    `hostPath`.

    Instead, name a volume of the driver.

    Settings:
        option_name_drivers: Drivers whose names are lists of options.

    Bad (marathon):
        {"id": "/db", "container": {"type": "DOCKER", "docker": {"image": "db:1"}, "volumes": [
          {"containerPath": "/h", "mode": "RW", "external": {"name": "/etc", "provider": "dvdi",
            "options": {"dvdi/driver": "rexray"}}}]}}

    Good (marathon):
        {"id": "/db", "container": {"type": "DOCKER", "docker": {"image": "db:1"}, "volumes": [
          {"containerPath": "/h", "mode": "RW", "external": {"name": "billing-db",
            "provider": "dvdi", "options": {"dvdi/driver": "rexray"}}}]}}
    """
    if mount.route != "external":
        return
    name = mount.source.value
    if "=" in name and mount.driver in option_name_drivers:
        return
    if mount.filesystem == "bind":
        yield Problem(mount, f"volume name {name} is a path: the engine mounts the agent's")
    else:
        yield Problem(
            mount, f"volume name {name} is a path, and the driver may follow it", severity="medium"
        )


@rule(
    on=Mount,
    severity="critical",
    family="escape",
    refs="CWE-73 CIS-Docker:5.6 NIST:4.4.3 ATTACK:T1611",
    unless=before("volume-driver-bind"),
)
def volume_driver_bind(
    mount: Mount, *, trusted_drivers: tuple[str, ...] = ("rexray", "pxd")
) -> Problems:
    """Bind mount hidden in a volume's options.

    The engine's own volume driver mounts any directory or disk of the host that its
    options name, as root.

    Instead, use a managed volume.

    Settings:
        trusted_drivers: Drivers whose options may name a device.

    Bad (marathon):
        {"id": "/db", "container": {"docker": {"image": "db:1", "parameters": [{"key": "mount",
          "value": "type=volume,dst=/h,volume-opt=type=none,volume-opt=o=bind,volume-opt=device=/"}
          ]}}}

    Good (marathon):
        {"id": "/db", "container": {"docker": {"image": "db:1", "parameters": [{"key": "mount",
          "value": "type=volume,src=billing,dst=/d"}]}}}
    """
    if mount.route != "driver-option" or mount.driver in trusted_drivers:
        return
    device = mount.source.value
    if mount.filesystem in _REMOTE:
        yield Problem(
            mount,
            f"the volume's options mount {mount.filesystem} from {device}, as root on the agent",
            severity="medium",
        )
    elif mount.filesystem == "bind":
        how = "bind a path of the agent" if device in ("bind", "rbind") else f"bind {device}"
        yield Problem(mount, f"the volume's options {how}, which no hostPath shows")
    elif mount.path is not None:
        yield Problem(mount, f"the volume's options mount {device}, a device of the agent")


@rule(
    on=Mount,
    severity="high",
    family="escape",
    refs="CIS-Docker:5.20 NIST:4.4.3 CWE-668 ATTACK:T1611",
)
def mount_propagation_shared(mount: Mount) -> Problems:
    """Mount propagates back to the host.

    What is mounted inside appears on the agent, so the container can cover paths of
    the agent with files of its own.

    Instead, leave the propagation out.

    Bad (marathon):
        {"id": "/osd", "container": {"docker": {"image": "osd:1", "parameters": [
          {"key": "volume", "value": "/var/lib/osd:/var/lib/osd:shared"}]}}}

    Good (marathon):
        {"id": "/osd", "container": {"docker": {"image": "osd:1", "parameters": [
          {"key": "volume", "value": "/srv/a:/a:ro"}]}}}
    """
    propagation = mount.propagation
    if propagation is None:
        return
    if propagation.among("shared", "rshared"):
        yield Problem(propagation, "mounts made inside the container appear on the agent")
    elif propagation.among("slave", "rslave"):
        yield Problem(
            propagation, "mounts made on the agent appear in the container", severity="low"
        )


def _climbs(path: str) -> bool:
    return ".." in path.split("/")


def _leaves(path: str) -> bool:
    """Whether a path ends up above where it starts; a placeholder may stand for several steps."""
    head = path.partition("..")[0]
    return not has_hole(head) and normpath(path).partition("/")[0] == ".."


def _targets(container: Container) -> Iterator[Value[str]]:
    for mount in container.mounts:
        if mount.target is not None and mount.target.is_known:
            yield mount.target
    for volume in container.volumes:
        if volume.target is not None and volume.target.is_known:
            yield volume.target


def _local_path(uri: str) -> str | None:
    """The file of the agent that the fetcher copies for a URI; None when it asks a server."""
    uri = uri.strip()
    is_stated = uri[:5].lower() == "file:"
    if is_stated:
        path = uri[5:]
        if path.startswith("//"):
            path = "/" + path[2:].partition("/")[2]
        return paths.normalise(path)
    if not uri or "://" in uri or (has_hole(uri) and not uri.startswith(("/", "."))):
        return None
    # `/site.xml` is a URL whose first part was empty: nothing lives in the root directory.
    is_broken = uri.startswith("/") and "/" not in uri.strip("/")
    return None if is_broken else paths.normalise(uri)

"""Rules on who runs a task and where: its user, its executor, its own file system or the agent's.

Marathon and Metronome run as root on an open cluster, and a task that states no user
runs as they do.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from policylint.detect.users import is_root
from policylint.finding import Problem
from policylint.rule import rule
from policylint.rules.remedies import add, remove
from policylint.workload import Container, Workload

if TYPE_CHECKING:
    from policylint.finding import Finding, Fix, Problems
    from policylint.fleet.images import Join
    from policylint.model import At

_DEFAULT_EXECUTORS = ("", "//cmd")
_USER_FIELD = 'instead, state one: "user": "nobody"'
_USER_PARAMETER = (
    'instead, state one among the docker parameters: {"key": "user", "value": "65534:65534"}'
)


@rule(
    on=Container,
    severity="low",
    family="privilege",
    refs="NIST:4.4.3 CWE-1188 CWE-250 PSS:restricted",
    confidence="medium",
    unless=("uncontained-root-task",),
    asks=True,
)
def user_not_set(
    container: Container, workload: Workload, *, framework_user: str = "root"
) -> Problems:
    """No user stated.

    The task runs as the user of Marathon or Metronome, which is root on an open
    cluster. The Docker engine takes the image's user instead; the Universal
    Container Runtime does not. Where the Dockerfile that builds the image is there as
    well, it decides.

    Instead, state a user other than root.

    Settings:
        framework_user: The user that Marathon and Metronome run tasks as.

    Bad (marathon):
        {"id": "/web", "cmd": "run", "container": {"type": "MESOS", "docker": {"image": "web:1"}}}

    Good (marathon):
        {"id": "/web", "cmd": "run", "user": "nobody",
          "container": {"type": "MESOS", "docker": {"image": "web:1"}}}
    """
    if workload.partial or not _is_unstated(container):
        return
    at = _owner(container, workload)
    if container.runtime.value == "DOCKER":
        yield Problem(
            at,
            "states no user, so it runs as the image's, often root",
            instead=_USER_PARAMETER,
            question=_as_built,
        )
    elif container.runtime.is_known and is_root(framework_user):
        yield Problem(
            at,
            f"states no user, so it runs as the scheduler's: {framework_user}",
            severity="medium",
            instead=_USER_FIELD,
            fix=_as_nobody(container, workload),
        )


@rule(
    on=Workload,
    severity="high",
    family="privilege",
    refs="NIST:4.4.3 NIST:4.5.1 CWE-829 ATTACK:T1072",
)
def custom_executor(workload: Workload, *, allow_executors: tuple[str, ...] = ()) -> Problems:
    """Task started by an executor of its own.

    The executor is a path on the agent, or a fetched file, that runs outside the
    task's container, often as root.

    Instead, leave the field out and use the default executor.

    Settings:
        allow_executors: Executors that may be named.

    Bad (marathon):
        {"id": "/web", "cmd": "run", "executor": "/opt/tools/exec"}

    Good (marathon):
        {"id": "/web", "cmd": "run"}
    """
    executor = workload.executor
    if executor is None or not executor.is_known:
        return
    path = executor.value.strip()
    if path not in (*_DEFAULT_EXECUTORS, *allow_executors):
        yield Problem(
            executor,
            f"executor {path} runs on the agent, outside the container",
            fix=remove(executor, "use the default executor"),
        )


@rule(
    on=Container,
    severity="high",
    family="privilege",
    refs="NIST:4.4.3 NIST:4.5.1 CWE-250 CWE-653 ATTACK:T1072",
    confidence="medium",
)
def uncontained_root_task(
    container: Container, workload: Workload, *, framework_user: str = "root"
) -> Problems:
    """Root process directly on the agent's file system.

    Without an image a task sees the agent's own root directory. As root it reads
    every other sandbox and changes the agent, without any escape at all.

    Instead, give it an image, or a user other than root.

    Settings:
        framework_user: The user that Marathon and Metronome run tasks as.

    Bad (marathon):
        {"id": "/web", "cmd": "./run", "user": "root"}

    Good (marathon):
        {"id": "/web", "cmd": "./run", "user": "nobody",
          "container": {"type": "MESOS", "docker": {"image": "web:1"}}}
    """
    if workload.partial or not _is_uncontained(container):
        return
    user = container.user
    if user is not None and not _is_unstated(container):
        if user.is_known and is_root(user.value):
            yield Problem(user, "runs as root without an image: it is root on the agent itself")
    elif is_root(framework_user):
        yield Problem(
            _owner(container, workload),
            f"has neither image nor user, so it runs on the agent itself, as {framework_user}",
            instead='instead, give it an image, and a user: "user": "nobody"',
            fix=_as_nobody(container, workload),
        )


@rule(
    on=Container,
    severity="low",
    family="escape",
    refs="NIST:4.4.3 CWE-653",
)
def no_filesystem_isolation(container: Container, workload: Workload) -> Problems:
    """Task has no image.

    It sees the agent's own file system, and whatever every user there may read
    leaks.

    Instead, give it an image.

    Bad (marathon):
        {"id": "/web", "cmd": "./run", "user": "nobody"}

    Good (marathon):
        {"id": "/web", "cmd": "./run", "user": "nobody",
          "container": {"type": "MESOS", "docker": {"image": "web:1"}}}
    """
    if workload.partial or not _is_uncontained(container) or _is_unstated(container):
        return
    user = container.user
    if user is not None and user.is_known and not is_root(user.value):
        yield Problem(
            _owner(container, workload), f"has no image, so {user.value} sees the agent's files"
        )


def _as_nobody(container: Container, workload: Workload) -> Fix | None:
    if container.user is not None:
        return None
    within = ("run",) if workload.kind == "job" else ()
    return add((*workload.root, *within), "user", "nobody", "run as nobody")


def _is_uncontained(container: Container) -> bool:
    # A DOCKER container without an image is refused.
    return container.image is None and container.runtime.among("MESOS", "NONE")


def _as_built(join: Join, finding: Finding) -> list[Problem] | None:
    """What the Dockerfile of the image says of its user."""
    image = join.image_of(finding.source.path, finding.subject)
    if image is None or image.is_root is None:
        return None
    if not image.is_root:
        return []
    return [
        Problem(
            finding.at,
            f"states no user, and its image runs as root ({image.user})",
            [(image.spot(image.user_tail), "the image runs as root")],
            severity="medium",
            instead=_USER_PARAMETER,
        )
    ]


def _is_unstated(container: Container) -> bool:
    return container.user is None or container.user.is_false


def _owner(container: Container, workload: Workload) -> At:
    """Where to say what a container lacks: once for all of a pod's when none has it."""
    alone = all(
        _is_unstated(other) is _is_unstated(container)
        and _is_uncontained(other) is _is_uncontained(container)
        for other in workload.containers
    )
    return workload.at if alone else container.at

"""What runs in the cluster: the nodes of apps, groups, pods and jobs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from policylint.model import Owner, Record

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from policylint.model import At, Value


class Text(Record):
    """A string of a document, name or value; `is_fetched` tells a URI that the agent fetches."""

    value: Value[str]
    is_fetched: bool = False

    @property
    def at(self) -> At:
        """The place of the string."""
        return self.value.at


class Texts(Record):
    """The strings of a document: those that look as if they held a credential, and every one."""

    at: At
    likely: tuple[Text, ...]
    every: Callable[[], Iterator[Text]]

    PARTS = ("likely",)


class Group(Record):
    """A Marathon group; `id` is absolute, `is_top` tells a group right below the root."""

    id: Value[str]
    enforce_role: Value[bool] | None = None
    dependencies: tuple[Value[str], ...] = ()
    # What the instances of all services in it are multiplied by.
    scale_by: Value[float] | None = None

    @property
    def at(self) -> At:
        """The place of the id."""
        return self.id.at

    @property
    def is_top(self) -> bool:
        """Whether its role is the one that the groups below it use."""
        return self.id.is_known and self.id.value.count("/") == 1 and self.id.value != "/"


class Workload(Owner):
    """A service or job that the cluster runs: an app, a pod or a Metronome job.

    `id` is absolute and points at the id, or at the owner where none is written.
    A `partial` definition leaves out what the stored one keeps; behind a placeholder
    it may have ports that nobody sees.
    """

    partial: bool = False
    role: Value[str] | None = None
    accepted_roles: tuple[Value[str], ...] = ()
    instances: Value[float] | None = None
    containers: tuple[Container, ...] = ()
    networks: tuple[Network, ...] = ()
    ports: tuple[Port, ...] = ()
    has_hidden_ports: bool = False
    constraints: tuple[Constraint, ...] = ()
    health_checks: tuple[HealthCheck, ...] = ()
    readiness_checks: tuple[ReadinessCheck, ...] = ()
    labels: tuple[Label, ...] = ()
    dependencies: tuple[Value[str], ...] = ()
    secrets: tuple[Secret, ...] = ()
    schedules: tuple[Schedule, ...] = ()
    executor: Value[str] | None = None
    upgrade: Upgrade | None = None
    backoff: Backoff | None = None
    unreachable: Unreachable | None = None
    restart: Restart | None = None
    kill_grace: Value[float] | None = None
    shared_cgroups: Value[bool] | None = None
    # What the top group around it, in the same document, says.
    enforces_role: Value[bool] | None = None
    # Beside those of the containers.
    executor_resources: Resources | None = None

    PARTS = (
        "containers", "networks", "ports", "constraints", "health_checks", "readiness_checks",
        "labels", "secrets", "schedules", "upgrade", "backoff", "unreachable", "restart",
    )  # fmt: skip

    @property
    def at(self) -> At:
        """The place of the id."""
        return self.id.at

    @property
    def has_image(self) -> bool:
        """Whether any container brings its own file system."""
        return any(container.image for container in self.containers)


class Container(Record):
    """One process tree of a workload and the walls around it.

    `runtime` is DOCKER (the Docker engine), MESOS (the Universal Container
    Runtime) or NONE (a plain command on the agent). Ports and health checks of
    an app are its workload's, those of a pod its containers'. A parameter may put
    another program in the place of the image's: `entrypoint`, with the arguments.
    """

    name: str
    at: At
    runtime: Value[str]
    image: WorkloadImage | None = None
    command: Command | None = None
    entrypoint: Command | None = None
    privileged: Value[bool] | None = None
    user: Value[str] | None = None
    pid: Value[str] | None = None
    ipc: Value[str] | None = None
    capabilities: tuple[Capability, ...] = ()
    security_options: tuple[SecurityOption, ...] = ()
    parameters: tuple[DockerParameter, ...] = ()
    mounts: tuple[Mount, ...] = ()
    env: tuple[EnvVar, ...] = ()
    artifacts: tuple[Artifact, ...] = ()
    limits: tuple[ResourceLimit, ...] = ()
    resources: Resources | None = None
    ports: tuple[Port, ...] = ()
    health_checks: tuple[HealthCheck, ...] = ()
    volumes: tuple[Volume, ...] = ()
    labels: tuple[Label, ...] = ()
    namespaces: tuple[Namespace, ...] = ()
    pull_secret: Value[str] | None = None
    tty: Value[bool] | None = None

    PARTS = (
        "image", "command", "entrypoint", "capabilities", "security_options", "namespaces",
        "parameters", "mounts", "volumes", "env", "artifacts", "resources", "limits", "ports",
        "health_checks", "labels",
    )  # fmt: skip


class WorkloadImage(Record):
    """The image a container starts from; parts that a placeholder hides are UNKNOWN."""

    reference: Value[str]
    registry: str
    repository: str
    tag: str | None
    digest: str | None
    force_pull: Value[bool] | None = None

    @property
    def at(self) -> At:
        """The place of the reference."""
        return self.reference.at


class Command(Record):
    """What a container runs: a shell line, or a list of arguments."""

    text: Value[str] | None
    args: tuple[Value[str], ...]
    at: At


class Capability(Record):
    """A capability granted in the end, in capitals without `CAP_`; ALL leaves out `dropped`."""

    name: Value[str]
    dropped: frozenset[str] = frozenset()

    @property
    def at(self) -> At:
        """The place where it is granted."""
        return self.name.at


class SecurityOption(Record):
    """A setting of seccomp, AppArmor, SELinux (`label`) or the like, whichever route it came by."""

    name: str
    setting: Value[str]

    @property
    def at(self) -> At:
        """The place of the setting."""
        return self.setting.at


class DockerParameter(Record):
    """A flag for the Docker command line, as the agent will write it: long name, value.

    `raw_key` is the key as the author wrote it.
    """

    key: str
    value: Value[str]
    at: At
    raw_key: Value[str]


class Mount(Record):
    """Something mounted into a container.

    `path` is the normalised absolute path on the agent; None for a path in the
    sandbox, a named volume or a tmpfs. `source` is what the author wrote. Where a
    volume's name or options hide what is mounted, `driver` is the volume's and
    `filesystem` what it is told to mount, `bind` for a directory.
    """

    source: Value[str]
    path: str | None
    target: Value[str] | None
    read_only: bool
    route: str
    propagation: Value[str] | None = None
    driver: str | None = None
    filesystem: str | None = None

    @property
    def at(self) -> At:
        """The place of the source."""
        return self.source.at


class Network(Record):
    """A network that a workload joins; `mode` is host, container, container/bridge or none."""

    mode: Value[str]
    name: Value[str] | None = None
    labels: tuple[Label, ...] = ()

    PARTS = ("labels",)

    @property
    def at(self) -> At:
        """The place of the mode."""
        return self.mode.at


class Port(Record):
    """A port that a workload offers."""

    at: At
    container_port: Value[float] | None = None
    host_port: Value[float] | None = None
    service_port: Value[float] | None = None
    protocol: Value[str] | None = None
    name: Value[str] | None = None
    labels: tuple[Label, ...] = ()

    PARTS = ("labels",)


class Constraint(Record):
    """A demand on the agents that may run a workload."""

    field: Value[str]
    operator: Value[str] | None
    value: Value[str] | None

    @property
    def at(self) -> At:
        """The place of the deciding part: the value, else the field."""
        return self.value.at if self.value else self.field.at


class HealthCheck(Record):
    """A check whose failure kills a task, or merely informs (`protocol` CHECK)."""

    protocol: Value[str]
    at: At
    command: Command | None = None
    path: Value[str] | None = None
    port: Value[float] | None = None
    port_index: Value[float] | None = None
    endpoint: Value[str] | None = None
    interval: Value[float] | None = None
    timeout: Value[float] | None = None
    grace: Value[float] | None = None
    max_failures: Value[float] | None = None
    delay: Value[float] | None = None

    PARTS = ("command",)


class ReadinessCheck(Record):
    """A check that holds an upgrade back until an instance answers on a named port."""

    at: At
    port_name: Value[str] | None = None


class Label(Record):
    """A label and its value."""

    name: str
    value: Value[str]
    at: At


class EnvVar(Record):
    """An environment variable; `value` is None when it is a reference to a `secret`."""

    name: str
    value: Value[str] | None
    at: At
    secret: Value[str] | None = None


class Secret(Record):
    """A secret that a workload declares: the name it uses and where the store keeps it."""

    name: str
    source: Value[str] | None
    at: At


class Volume(Record):
    """Storage that is not the agent's file system: persistent, external or secret.

    `name` is the external volume's or the secret's; `options` are the driver's, and
    `secrets` the names of those that it gets.
    """

    kind: str
    at: At
    target: Value[str] | None = None
    mode: Value[str] | None = None
    name: Value[str] | None = None
    size: Value[float] | None = None
    provider: Value[str] | None = None
    options: tuple[Label, ...] = ()
    secrets: tuple[Value[str], ...] = ()
    shared: Value[bool] | None = None


class Namespace(Record):
    """A namespace that a parameter chooses: uts, userns or cgroupns, and its mode."""

    name: str
    mode: Value[str]

    @property
    def at(self) -> At:
        """The place of the mode."""
        return self.mode.at


class Resources(Record):
    """What a container reserves: cpus, MiB of memory and disk, gpus; None where it is a default."""

    at: At
    cpus: Value[float] | None = None
    mem: Value[float] | None = None
    disk: Value[float] | None = None
    gpus: Value[float] | None = None


class Schedule(Record):
    """When a job runs: a cron line of five or six fields and how its runs relate."""

    id: Value[str] | None
    cron: Value[str]
    timezone: Value[str] | None = None
    concurrency: Value[str] | None = None
    enabled: Value[bool] | None = None
    starting_deadline: Value[float] | None = None

    @property
    def at(self) -> At:
        """The place of the cron line."""
        return self.cron.at


class Upgrade(Record):
    """How an upgrade replaces instances, as shares of their number."""

    at: At
    minimum_health: Value[float] | None
    maximum_over: Value[float] | None


class Backoff(Record):
    """How restarts of a failing service slow down: seconds, factor, seconds at most."""

    at: At
    seconds: Value[float] | None
    factor: Value[float] | None
    max_delay: Value[float] | None


class Unreachable(Record):
    """What happens to instances on a lost agent; `disabled` replaces both times."""

    at: At
    disabled: Value[str] | None = None
    inactive_after: Value[float] | None = None
    expunge_after: Value[float] | None = None


class Restart(Record):
    """Whether a failed run of a job is started again, and for how long (seconds)."""

    policy: Value[str]
    active_deadline: Value[float] | None = None

    @property
    def at(self) -> At:
        """The place of the policy."""
        return self.policy.at


class Artifact(Record):
    """A file that the agent fetches before the container starts."""

    uri: Value[str]
    dest_path: Value[str] | None = None
    executable: Value[bool] | None = None
    extract: Value[bool] | None = None

    @property
    def at(self) -> At:
        """The place of the URI."""
        return self.uri.at


class ResourceLimit(Record):
    """How far a container may go beyond the resource that it reserved; a number or `unlimited`."""

    resource: str
    limit: Value[Any]

    @property
    def at(self) -> At:
        """The place of the limit."""
        return self.limit.at

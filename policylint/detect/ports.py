"""Ports: which ones agents offer, which the platform and internal services use, who publishes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from policylint.named import NamedTuple
from policylint.patterns import regex

if TYPE_CHECKING:
    from collections.abc import Iterable

# What DC/OS agents offer: everything but the ports of the platform's own services.
PRIVATE_RANGES = ("1025-2180", "2182-3887", "3889-5049", "5052-8079", "8082-8180", "8182-32000")
PUBLIC_RANGES = ("1-21", "23-5050", "5052-32000")

# Ports that something of the platform listens on, on agents.
PLATFORM = {
    53: "the agent's DNS",
    5051: "the Mesos agent",
    9090: "the shared proxy's statistics",
    9091: "the shared proxy's control",
    61001: "the agent's admin router",
    62080: "the virtual network",
    62501: "the virtual network",
}


class Internal(NamedTuple):
    """A service that nobody outside is meant to reach; `hinted` asks for its name in the image."""

    name: str
    hinted: bool = False


# Ports of services that trust whoever reaches them, or hold what attackers come for.
INTERNAL = {
    22: Internal("SSH"),
    23: Internal("Telnet"),
    111: Internal("the RPC port mapper"),
    135: Internal("the Windows RPC mapper"),
    389: Internal("LDAP"),
    445: Internal("SMB"),
    1099: Internal("Java RMI"),
    1433: Internal("SQL Server"),
    1521: Internal("Oracle"),
    2049: Internal("NFS"),
    2181: Internal("ZooKeeper"),
    2375: Internal("the Docker API"),
    2376: Internal("the Docker API"),
    2379: Internal("etcd"),
    2380: Internal("etcd"),
    3306: Internal("MySQL"),
    3389: Internal("Remote Desktop"),
    4369: Internal("Erlang's port mapper"),
    5005: Internal("the Java debugger"),
    5050: Internal("the Mesos master"),
    5051: Internal("the Mesos agent"),
    5432: Internal("PostgreSQL"),
    5601: Internal("Kibana"),
    5672: Internal("AMQP"),
    5900: Internal("VNC"),
    5984: Internal("CouchDB"),
    6066: Internal("Spark's submission API"),
    6379: Internal("Redis"),
    7001: Internal("WebLogic or Cassandra"),
    7077: Internal("the Spark master"),
    8086: Internal("InfluxDB"),
    8500: Internal("Consul"),
    9000: Internal("SonarQube or a Java debugger", hinted=True),
    9042: Internal("Cassandra"),
    9092: Internal("Kafka"),
    9200: Internal("Elasticsearch"),
    9300: Internal("Elasticsearch"),
    10250: Internal("the kubelet"),
    11211: Internal("Memcached"),
    15672: Internal("RabbitMQ's console"),
    27017: Internal("MongoDB"),
    50070: Internal("the HDFS name node"),
}
_HINTS = ("jdwp", "sonar")
# The last part of an image's name, without what vendors put around it.
_INTERNAL_IMAGES = regex(
    r"(?:cassandra|consul|couchdb|elasticsearch|etcd|influxdb|kafka|kibana|mariadb|memcached|mongo"
    r"|mongodb|mysql|openldap|oracle|postgres|postgresql|rabbitmq|redis|registry|zookeeper)"
    r"(?:-server)?"
)

_MOST_DIGITS = 5
# [[address:]host port:]container port[/protocol], an address of IPv6 in brackets
_PUBLISH = regex(
    r"(?:(?:(?P<address>\[[^\]]*\]|[^:\[\]]*):)?(?P<host>[\d-]*):)?(?P<container>[\d-]+)(?:/\w+)?"
)


class Publication(NamedTuple):
    """What `--publish` opens: the address on the agent, if any, and the ranges of ports."""

    address: str
    host: tuple[int, int] | None
    container: tuple[int, int]


def read_range(text: str) -> tuple[int, int] | None:
    """The ends of `8000-8100`, or of a single port; None for anything else."""
    first, dash, last = text.partition("-")
    low = _number(first.strip())
    high = _number(last.strip()) if dash else low
    return (low, high) if low is not None and high is not None and low <= high <= 65535 else None


def _number(text: str) -> int | None:
    return int(text) if text.isdecimal() and len(text) <= _MOST_DIGITS else None


def is_within(port: float, ranges: Iterable[str]) -> bool:
    """Whether a port lies in one of the ranges."""
    ends = map(read_range, ranges)
    return any(found is not None and found[0] <= port <= found[1] for found in ends)


def publication(text: str) -> Publication | None:
    """What a value of the Docker parameter `publish` opens; None where it cannot be read."""
    match = _PUBLISH.fullmatch(text.strip())
    container = read_range(match["container"]) if match else None
    if match is None or container is None:
        return None
    return Publication((match["address"] or "").strip("[]"), read_range(match["host"] or ""),
                       container)  # fmt: skip


def internal_port(port: float, image: str) -> str | None:
    """The internal service that listens on a port; `image` is the name of the container's image."""
    entry = INTERNAL.get(int(port))
    if entry is None or (entry.hinted and not any(hint in image for hint in _HINTS)):
        return None
    return entry.name


def internal_image(repository: str) -> bool:
    """Whether an image is one of an internal service, by the last part of its name."""
    return bool(_INTERNAL_IMAGES.fullmatch(repository.rpartition("/")[2].lower()))

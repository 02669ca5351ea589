"""Images that run as another user than root by themselves.

Kept short on purpose: an image belongs here when all of its usual versions say so. Where
some versions start as root and step down by themselves, the USER is missing after all.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from policylint.detect.images import full_name, is_under

if TYPE_CHECKING:
    from collections.abc import Iterable

    from policylint.detect.images import Reference

# Words by which a name or a tag says it.
_MARKS = ("nonroot", "non-root", "rootless", "unprivileged")

# Words of tags in .NET's own repositories.
_DOTNET = "mcr.microsoft.com/dotnet/"
_DOTNET_MARKS = ("chiseled", "distroless", "nanoserver")

_BITNAMI = (
    "apache cassandra consul elasticsearch etcd fluentd grafana harbor-core influxdb kafka "
    "keycloak kibana logstash mariadb memcached minio mongodb mysql nats nginx node-exporter "
    "oauth2-proxy openldap postgresql prometheus rabbitmq redis redis-cluster redis-sentinel "
    "schema-registry solr sonarqube spark thanos tomcat valkey wildfly zookeeper"
)
_CHAINGUARD = "glibc-dynamic jdk jre nginx node php postgres python redis ruby static"
_IMAGES = frozenset((
    "docker.io/apache/airflow", "docker.io/apache/kafka", "docker.io/apache/nifi",
    "docker.io/apache/superset", "docker.io/codercom/code-server", "docker.io/curlimages/curl",
    "docker.io/fluent/fluentd", "docker.io/grafana/grafana",
    "docker.io/grafana/grafana-enterprise", "docker.io/grafana/grafana-oss",
    "docker.io/grafana/loki", "docker.io/homebrew/brew",
    "docker.io/jenkins/agent", "docker.io/jenkins/inbound-agent", "docker.io/jenkins/jenkins",
    "docker.io/library/memcached", "docker.io/library/open-liberty", "docker.io/library/solr",
    "docker.io/mambaorg/micromamba", "docker.io/nginxinc/nginx-unprivileged",
    "docker.io/oryd/hydra", "docker.io/oryd/kratos", "docker.io/oryd/oathkeeper",
    "docker.io/payara/micro", "docker.io/payara/server-full", "docker.io/prom/alertmanager",
    "docker.io/prom/node-exporter", "docker.io/prom/prometheus", "docker.io/prom/pushgateway",
    "docker.io/renovate/renovate", "docker.elastic.co/kibana/kibana",
    "docker.elastic.co/logstash/logstash", "ghcr.io/puppeteer/puppeteer",
    "icr.io/appcafe/open-liberty", "mcr.microsoft.com/windows/nanoserver",
    "quay.io/keycloak/keycloak", "quay.io/oauth2-proxy/oauth2-proxy",
    "quay.io/prometheus/alertmanager", "quay.io/prometheus/node-exporter",
    "quay.io/prometheus/prometheus", "quay.io/prometheus/pushgateway", "quay.io/wildfly/wildfly",
    *(f"docker.io/{owner}/{name}" for owner in ("bitnami", "bitnamilegacy")
      for name in _BITNAMI.split()),
    *(f"cgr.dev/chainguard/{name}" for name in _CHAINGUARD.split()),
))  # fmt: skip
_FAMILIES = (
    "docker.io/cimg/", "docker.io/jupyter/", "quay.io/jupyter/", "docker.io/selenium/",
    "docker.io/gitpod/workspace-",
    *(f"registry.access.redhat.com/{release}/{language}"
      for release in ("ubi8", "ubi9", "ubi10")
      for language in ("go-toolset", "httpd-", "nginx-", "nodejs-", "openjdk-", "perl-", "php-",
                       "python-", "ruby-")),
)  # fmt: skip


def runs_as_other_user(
    image: Reference, *, check_table: bool = True, more: Iterable[str] = ()
) -> bool:
    """Whether an image has a user other than root; `more` are patterns of further ones."""
    if any(is_under(image, pattern) for pattern in more):
        return True
    tag = (image.tag or "").lower()
    if any(mark in tag for mark in _MARKS):
        return True
    return check_table and _is_known(full_name(image.registry, image.repository), tag)


def _is_known(name: str, tag: str) -> bool:
    if name in _IMAGES or name.startswith(_FAMILIES):
        return True
    if name.startswith(_DOTNET):
        return any(mark in tag for mark in _DOTNET_MARKS)
    return any(mark in name.rpartition("/")[2] for mark in _MARKS)

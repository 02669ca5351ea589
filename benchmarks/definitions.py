"""Definitions to measure with: generated, all different, alike from run to run."""

from __future__ import annotations

import json
import os
from random import Random
from typing import Any


def write_apps(folder: str, count: int, form: str = "json") -> None:
    """Write apps into a folder, one a file; every tenth has something wrong with it."""
    import yaml

    os.makedirs(folder)
    for number in range(count):
        definition = app(number)
        with open(os.path.join(folder, f"app-{number:05}.{form}"), "w", encoding="utf-8") as file:
            if form == "json":
                json.dump(definition, file, indent=2)
            else:
                yaml.safe_dump(definition, file, sort_keys=False)


def app(number: int) -> dict[str, Any]:
    """The app of a number: about sixty lines, as a usual service has."""
    random = Random(number)  # noqa: S311 (the same apps in every run)
    version = f"{random.randint(1, 20)}.{random.randint(0, 9)}"
    digest = f"{random.getrandbits(256):064x}"
    names = [f"{random.choice(('DB', 'CACHE', 'QUEUE', 'HTTP'))}_{key}" for key in range(8)]
    definition: dict[str, Any] = {
        "id": f"/team-{number % 17}/service-{number}",
        "instances": random.randint(2, 9),
        "cpus": random.choice((0.1, 0.5, 1, 2)),
        "mem": random.choice((128, 256, 1024)),
        "disk": 128,
        "user": "service",
        "container": {
            "type": "MESOS",
            "docker": {"image": f"registry.example.com/service-{number}:{version}@sha256:{digest}"},
            "portMappings": [
                {"containerPort": 8080, "hostPort": 0, "name": "http", "protocol": "tcp"},
                {"containerPort": 9090, "hostPort": 0, "name": "metrics", "protocol": "tcp"},
            ],
            "volumes": [{"containerPath": "data", "mode": "RW", "persistent": {"size": 512}}],
        },
        "networks": [{"mode": "container", "name": "dcos"}],
        "env": {name: f"value-{random.randint(0, 999)}" for name in names},
        "healthChecks": [
            {
                "protocol": "MESOS_HTTP",
                "path": "/health",
                "portIndex": 0,
                "gracePeriodSeconds": 60,
                "intervalSeconds": 20,
                "timeoutSeconds": 5,
                "maxConsecutiveFailures": 3,
            }
        ],
        "constraints": [["hostname", "UNIQUE"]],
        "upgradeStrategy": {"minimumHealthCapacity": 0.5, "maximumOverCapacity": 0.5},
        "labels": {"owner": f"team-{number % 17}", "HAPROXY_GROUP": "internal"},
    }
    if number % 10 == 9:
        definition["container"]["docker"]["privileged"] = True
        definition["env"]["DB_PASSWORD"] = f"swordfish-{random.randint(0, 999)}"
    return definition


def write_dockerfiles(folder: str, count: int) -> None:
    """Write Dockerfiles, each into a folder of its own; every tenth has something wrong with it."""
    for number in range(count):
        own = os.path.join(folder, f"image-{number:05}")
        os.makedirs(own)
        with open(os.path.join(own, "Dockerfile"), "w", encoding="utf-8") as file:
            file.write(dockerfile(number))


def dockerfile(number: int) -> str:
    """The Dockerfile of a number: two stages and about thirty lines, as a usual service has."""
    random = Random(number)  # noqa: S311 (the same files in every run)
    version = f"{random.randint(18, 24)}.{random.randint(0, 9)}.{random.randint(0, 9)}"
    digest = f"{random.getrandbits(256):064x}"
    port = random.choice((8080, 8081, 9000))
    shortcut = "curl -fsS https://example.com/setup.sh | sh\n" if number % 10 == 9 else "true\n"
    return f"""\
# syntax=docker/dockerfile:1
ARG NODE={version}
FROM node:${{NODE}}-bookworm-slim@sha256:{digest} AS build
WORKDIR /src
COPY package.json package-lock.json ./
RUN --mount=type=cache,target=/root/.npm npm ci
COPY src ./src
RUN npm run build && npm prune --omit=dev

# What runs.
FROM debian:12.{random.randint(1, 9)}-slim@sha256:{digest[::-1]}
SHELL ["/bin/bash", "-o", "pipefail", "-c"]
RUN apt-get update \\
 && apt-get install -y --no-install-recommends \\
      ca-certificates=20230311 \\
      # needed by the health check
      curl=7.88.1-10+deb12u{random.randint(1, 9)} \\
 && rm -rf /var/lib/apt/lists/* \\
 && groupadd --system --gid 10001 service \\
 && useradd --system --uid 10001 --gid service service
RUN set -eu; mkdir -p /srv/data; chown 10001:10001 /srv/data; {shortcut}ENV NODE_ENV=production \\
    PORT={port}
LABEL org.opencontainers.image.title="service-{number}"
WORKDIR /srv
COPY --from=build /src/dist ./dist
COPY --from=build /src/node_modules ./node_modules
EXPOSE {port}
USER 10001:10001
HEALTHCHECK --interval=30s CMD ["curl", "-fsS", "http://localhost:{port}/health"]
ENTRYPOINT ["node", "dist/server.js"]
"""  # noqa: S608 (no SQL at all)

"""Rules on definitions together with the Dockerfiles that build their images."""

from __future__ import annotations

from typing import TYPE_CHECKING

from policylint.detect.paths import is_below
from policylint.finding import Problem
from policylint.fleet import Fleet
from policylint.fleet.images import Join
from policylint.rule import rule

if TYPE_CHECKING:
    from policylint.finding import Problems
    from policylint.fleet import BuiltImage
    from policylint.organisation import Images

# What lies here goes with the task, and is meant to.
_PASSING = ("/tmp", "/run", "/var/tmp", "/var/cache", "/var/log", "/dev/shm")  # noqa: S108


@rule(
    on=Fleet,
    severity="high",
    family="escape",
    refs="CIS-Docker:4.1 CIS-Docker:5.6 NIST:4.1.2 NIST:4.4.3 CWE-250 ATTACK:T1611",
    given=("images",),
)
def attack_path_root_image_with_host_access(fleet: Fleet, images: Images) -> Problems:
    """Image built here runs as root and is given access to the agent.

    Each of them passes a review by itself. Together, root in the container is root
    over what it is given of the agent.

    Instead, end the Dockerfile with USER and a number that is not 0, or set the
    parameter `user`.

    Policy:
        settings: {images: {registry.example.com/shop: shop/Dockerfile}}

    Bad (files):
        app.json: |
          {"id": "/shop", "container": {"docker": {"image": "registry.example.com/shop:1"},
            "volumes": [{"containerPath": "/d", "hostPath": "/srv/d", "mode": "RW"}]}}
        shop/Dockerfile: |
          FROM debian:12.9
          USER root

    Good (files):
        app.json: |
          {"id": "/shop", "container": {"docker": {"image": "registry.example.com/shop:1"},
            "volumes": [{"containerPath": "/d", "hostPath": "/srv/d", "mode": "RW"}]}}
        shop/Dockerfile: |
          FROM debian:12.9
          USER 10001
    """
    for service, use, image in Join(fleet, images).pairs():
        # Elsewhere than in the Docker engine the image's user does not count.
        if use.runtime != "DOCKER" or use.states_user or not image.is_root or not use.accesses:
            continue
        first, *more = [access.value for access in use.accesses]
        others = f", and {len(more)} more" if more else ""
        yield Problem(
            service.spot(use),
            f"the image of {service.name} runs as root ({image.user}), "
            f"and its container {first}{others}",
            [
                (image.spot(image.user_tail), f"the image runs as root: {image.user}"),
                *((service.spot(access), f"the container {access.value}")
                  for access in use.accesses),
            ],
            here=f"{service.name} starts from this image",
            is_path=True,
        )  # fmt: skip


@rule(on=Fleet, severity="low", family="availability", confidence="medium", given=("images",))
def port_not_exposed(fleet: Fleet, images: Images) -> Problems:
    """Port of a container that its image does not expose.

    The image says where its program listens. Where nothing listens, nobody is served,
    and health checks fail.

    Instead, use the port that the Dockerfile exposes, or correct its EXPOSE.

    Policy:
        settings: {images: {registry.example.com/shop: shop/Dockerfile}}

    Bad (files):
        app.json: |
          {"id": "/shop", "container": {"docker": {"image": "registry.example.com/shop:1"},
            "portMappings": [{"containerPort": 80, "hostPort": 0}]}}
        shop/Dockerfile: |
          FROM debian:12.9
          EXPOSE 8080

    Good (files):
        app.json: |
          {"id": "/shop", "container": {"docker": {"image": "registry.example.com/shop:1"},
            "portMappings": [{"containerPort": 8080, "hostPort": 0}]}}
        shop/Dockerfile: |
          FROM debian:12.9
          EXPOSE 8080
    """
    for service, use, image in Join(fleet, images).pairs():
        if not image.ports or image.ports_tail is None:
            continue
        for port in use.ports:
            if not any(first <= port.value <= last for first, last in image.ports):
                yield Problem(
                    service.spot(port),
                    f"{service.name} offers port {port.value} of an image that exposes "
                    f"{_numbers(image)}",
                    [(image.spot(image.ports_tail), "the image listens here")],
                    here=f"{service.name} offers port {port.value}",
                )


@rule(on=Fleet, severity="low", family="availability", confidence="medium", given=("images",))
def image_volume_not_mounted(fleet: Fleet, images: Images) -> Problems:
    """Data that an image means to keep goes with the task.

    A VOLUME without a volume in the definition lies on the agent, outside of the disk
    that the task asked for, and is gone when the task moves.

    Instead, mount a persistent or external volume there, or take the VOLUME out of the
    Dockerfile.

    Policy:
        settings: {images: {registry.example.com/db: db/Dockerfile}}

    Bad (files):
        app.json: |
          {"id": "/db", "container": {"docker": {"image": "registry.example.com/db:1"}}}
        db/Dockerfile: |
          FROM debian:12.9
          VOLUME /var/lib/db

    Good (files):
        app.json: |
          {"id": "/db", "container": {"docker": {"image": "registry.example.com/db:1"}, "volumes":
            [{"containerPath": "/var/lib/db", "mode": "RW", "persistent": {"size": 512}}]}}
        db/Dockerfile: |
          FROM debian:12.9
          VOLUME /var/lib/db
    """
    for service, use, image in Join(fleet, images).pairs():
        if service.partial or service.kind == "job":
            continue
        for volume in image.volumes:
            path = volume.value
            is_kept = any(is_below(path, at) or is_below(at, path) for at in use.targets)
            if not is_kept and not any(is_below(path, folder) for folder in _PASSING):
                yield Problem(
                    service.spot(use),
                    f"{service.name} mounts nothing at {path}, where its image keeps data: "
                    "it is gone when the task moves",
                    [(image.spot(volume.tail), f"the image keeps data in {path}")],
                    here=f"{service.name} mounts nothing at {path}",
                )


def _numbers(image: BuiltImage) -> str:
    ports = [str(first) if first == last else f"{first}-{last}" for first, last in image.ports]
    shown = list(dict.fromkeys(ports))
    return ", ".join((*shown[:3], "others")) if len(shown) > 3 else " and ".join(shown)

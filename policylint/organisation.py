"""Facts about the organisation, as a policy's `settings` state them; rules ask for them by type."""

from __future__ import annotations

from policylint.detect.environments import ENVIRONMENTS, environment
from policylint.detect.paths import matches_glob
from policylint.named import NamedTuple


class Registries(NamedTuple):
    """Where images may come from, such as `registry.example.com/**`; none means anywhere."""

    patterns: tuple[str, ...] = ()


class Roles(NamedTuple):
    """Which Mesos roles services may use by their ids, and which roles are the public agents'."""

    allowed: tuple[tuple[str, tuple[str, ...]], ...] = ()
    public: tuple[str, ...] = ("slave_public",)


class Tiers(NamedTuple):
    """Groups of ids by importance, the highest first: name and patterns of each."""

    levels: tuple[tuple[str, tuple[str, ...]], ...] = ()

    def of(self, identifier: str) -> int | None:
        """The tier of an id, 0 for the highest; None when it is in none."""
        for level, (_, patterns) in enumerate(self.levels):
            if any(matches_glob(identifier, pattern) for pattern in patterns):
                return level
        return None


class Quotas(NamedTuple):
    """What roles and groups may use at most: cpus, mem (MiB), disk (MiB), gpus, instances."""

    roles: tuple[tuple[str, dict[str, float]], ...] = ()
    groups: tuple[tuple[str, dict[str, float]], ...] = ()
    warn_at: float = 0.9


class Images(NamedTuple):
    """Which Dockerfile builds an image: pairs of image name and path."""

    dockerfiles: tuple[tuple[str, str], ...] = ()


class Environments(NamedTuple):
    """Words in paths that tell clusters apart: what is below `prod` never meets `staging`."""

    names: tuple[str, ...] = ENVIRONMENTS

    def of(self, path: str) -> frozenset[str]:
        """The clusters that a path belongs to."""
        return environment(path, self.names)


class Organisation(NamedTuple):
    """All of a policy's `settings`."""

    registries: Registries = Registries()
    roles: Roles = Roles()
    tiers: Tiers = Tiers()
    quotas: Quotas = Quotas()
    images: Images = Images()
    environments: Environments = Environments()

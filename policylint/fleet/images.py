"""Images and the Dockerfiles that build them: what those say, and which belongs to which.

A policy's `images` say it. Where they do not, the tree does when there is only one way to
read it: the image comes from a registry of the organisation's own, is not what the
Dockerfile starts from, and

- the Dockerfile is the one of a folder, or has a suffix, called like the image; or
- it is the only one beside a definition whose service is called like the image, the
  only such image in that folder.
"""

from __future__ import annotations

from posixpath import basename, dirname, normpath
from typing import TYPE_CHECKING

from policylint.detect import nonroot
from policylint.detect.images import full_name, is_under, parse
from policylint.detect.paths import normalise
from policylint.detect.placeholders import has_hole
from policylint.detect.plain_images import is_plain
from policylint.detect.users import is_root
from policylint.fleet import BuiltImage, Fact
from policylint.image import Expose, Healthcheck, ImageVolume, User

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from policylint.detect.images import Reference
    from policylint.fleet import Fleet, Home, ImageUse, Service
    from policylint.image import BuildStage, ImageBuild
    from policylint.model import At
    from policylint.organisation import Images

_WHOLE = ("dockerfile", "containerfile")
# Where anybody may put images, so that a name alone says nothing about whose it is.
_PUBLIC = frozenset((
    "docker.io", "quay.io", "gcr.io", "us.gcr.io", "eu.gcr.io", "asia.gcr.io", "ghcr.io",
    "k8s.gcr.io", "registry.k8s.io", "mcr.microsoft.com", "public.ecr.aws", "cgr.dev", "icr.io",
    "docker.elastic.co", "nvcr.io", "registry.gitlab.com", "registry.access.redhat.com",
    "registry.redhat.io", "container-registry.oracle.com", "docker.pkg.github.com",
))  # fmt: skip


class Join:
    """Which Dockerfile builds the image of a container, and who uses the image of a Dockerfile."""

    def __init__(self, fleet: Fleet, images: Images) -> None:
        self._images = images
        self._by_path = {image.path: image for image in fleet.images}
        self._by_image: dict[str, list[ImageUse]] | None = None
        self._by_name: dict[str, list[BuiltImage]] = {}
        self._in_folder: dict[str, list[BuiltImage]] = {}
        for image in fleet.images:
            self._in_folder.setdefault(dirname(image.path), []).append(image)
            for name in _names(image.path):
                self._by_name.setdefault(name, []).append(image)
        self._beside: dict[str, set[str]] = {}
        self._services = fleet.services if fleet.images else []
        self._by_place: dict[tuple[str, str | None], list[Service]] = {}
        for service in self._services:
            self._by_place.setdefault((service.home.path, service.id), []).append(service)
            named = self._beside.setdefault(dirname(service.home.path), set())
            named.update(use.name for use in service.images if _is_own(use.name))

    def built(self, service: Service, use: ImageUse) -> BuiltImage | None:
        """The Dockerfile that builds what a container starts from, if that is certain."""
        stated = _stated(parse(use.reference), self._images)
        if stated is not None:
            return self._by_path.get(stated)
        if not self._by_path or not _is_own(use.name):
            return None
        found = self._by_name.get(basename(use.name).lower(), ())
        candidates = [image for image in found if use.name not in image.bases]
        if candidates:
            return candidates[0] if len(candidates) == 1 else None
        return self._neighbour(service, use)

    def image_of(self, path: str, identifier: str | None) -> BuiltImage | None:
        """The image of the service of an id in a file, if it has one container."""
        services = self._by_place.get((path, identifier), [])
        if len(services) != 1 or len(services[0].images) != 1:
            return None
        return self.built(services[0], services[0].images[0])

    def uses_of(self, path: str) -> list[ImageUse]:
        """The containers that start from the image of a Dockerfile."""
        if self._by_image is None:
            self._by_image = {}
            for _, use, image in self.pairs():
                self._by_image.setdefault(image.path, []).append(use)
        return self._by_image.get(path, [])

    def pairs(self) -> Iterator[tuple[Service, ImageUse, BuiltImage]]:
        """The containers whose image is built here."""
        for service in self._services:
            for use in service.images:
                image = self.built(service, use)
                if image is not None:
                    yield service, use, image

    def _neighbour(self, service: Service, use: ImageUse) -> BuiltImage | None:
        """The only Dockerfile beside a definition whose service is called like its image."""
        folder = dirname(service.home.path)
        beside = self._in_folder.get(folder, [])
        separator = "." if service.kind == "job" else "/"
        name = (service.id or "").rpartition(separator)[2]
        is_alone = len(beside) == 1 and self._beside[folder] == {use.name}
        if not is_alone or name != basename(use.name) or use.name in beside[0].bases:
            return None
        return beside[0]


def built_image(home: Home, build: ImageBuild) -> BuiltImage | None:
    """What a Dockerfile says of its image; None for one without stages."""
    final = next((stage for stage in build.stages if stage.is_final), None)
    if final is None:
        return None
    references = [_reference(stage) for stage in build.stages]
    shipped = build.shipped
    origin = shipped[0]
    base = references[origin.stage.index]
    is_root, user, user_tail = _user(final, base, is_scratch=origin.base is None)
    check = final.effective(Healthcheck)
    exposed = [port for stage in shipped for each in stage.own(Expose) for port in each.ports]
    is_complete = origin.base is None or (base is not None and is_plain(base))
    return BuiltImage(
        home,
        final.at,
        _bases(references),
        is_root,
        user,
        user_tail,
        tuple((port.first, port.last or port.first) for port in exposed if port.first is not None)
        if is_complete and all(port.first is not None for port in exposed)
        else (),
        exposed[0].at if exposed else None,
        check.at if check is not None and not check.is_none else None,
        tuple(
            Fact(normalise(point.path.value), point.at)
            for stage in shipped
            for volume in stage.own(ImageVolume)
            for point in volume.paths
            if point.path.is_known and not has_hole(point.path.value)
        ),
    )


def _user(
    final: BuildStage, base: Reference | None, *, is_scratch: bool
) -> tuple[bool | None, str, At]:
    """Whether an image runs as root, why, and where that stands."""
    stated = final.effective(User)
    name = stated.user if stated is not None else None
    if name is not None:
        if not name.is_known or not name.value:
            return None, "", final.at
        return is_root(name.value), f"USER {name.value}", name.at
    if is_scratch:
        return True, "no USER", final.at
    if base is None:
        return None, "", final.at
    if nonroot.runs_as_other_user(base):
        return False, "the user of its base image", final.at
    return (True if is_plain(base) else None), f"no USER, and {base.repository} has none", final.at


def _bases(references: Iterable[Reference | None]) -> tuple[str, ...]:
    """The full names of the images that a Dockerfile starts from."""
    found = {full_name(base.registry, base.repository) for base in references if base is not None}
    return tuple(sorted(found))


def _reference(stage: BuildStage) -> Reference | None:
    """The image outside of the file that a stage starts from, if its name is known."""
    base = stage.base
    if base is None:
        return None
    written = stage.stage.image
    text = base.reference.value if base.reference.is_known else written.text if written else ""
    found = parse(text)
    return found if found.repository and "$" not in found.registry + found.repository else None


def _stated(reference: Reference, images: Images) -> str | None:
    """The Dockerfile that the policy names."""
    for pattern, path in images.dockerfiles:
        if is_under(reference, pattern):
            return normpath(path.replace("\\", "/"))
    return None


def _is_own(name: str) -> bool:
    """Whether an image comes from a registry that is not everybody's."""
    host = name.partition("/")[0]
    return host not in _PUBLIC


def _names(path: str) -> Iterable[str]:
    """What the image of a Dockerfile may be called, by where it lies and how it is called."""
    name, folder = basename(path).lower(), basename(dirname(path)).lower()
    if name in _WHOLE:
        return (folder,) if folder else ()
    for whole in _WHOLE:
        if name.endswith(f".{whole}"):
            return (name.removesuffix(f".{whole}"),)
        if name.startswith(whole):
            return (name[len(whole) + 1 :],)
    return ()

"""What an image is built from."""

from __future__ import annotations

from typing import TYPE_CHECKING

from policylint.detect import images
from policylint.finding import Problem
from policylint.image import BaseImage
from policylint.rule import rule

if TYPE_CHECKING:
    from policylint.finding import Problems


@rule(
    on=BaseImage,
    severity="medium",
    family="artifacts",
    refs="CWE-494",
    equivalents=(
        "DL3006", "DS-0001", "CKV_DOCKER_7", "KICS:Image Version Not Explicit",
        "semgrep:missing-image-version",
    ),
)  # fmt: skip
def image_tag_missing(
    image: BaseImage, *, copy_from: bool = True, allow_untagged: tuple[str, ...] = ()
) -> Problems:
    """Base image has no tag.

    Without a tag the build takes whatever is called latest on that day, so the same
    file makes another image tomorrow.

    Instead, name the version and, better still, its digest.

    Settings:
        copy_from: whether images in COPY --from and in mounts are judged too
        allow_untagged: patterns of images that may go without

    Bad (dockerfile):
        FROM debian
        USER 10001

    Good (dockerfile):
        FROM debian:12.9
        USER 10001
    """
    if image.tag is not None or image.digest is not None or not image.reference.is_known:
        return
    if image.route != "FROM" and not copy_from:
        return
    if not any(images.is_under(images.parse(image.reference.value), p) for p in allow_untagged):
        yield Problem(image, f"{image.reference.value} has no tag")

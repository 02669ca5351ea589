"""Images of workloads."""

from __future__ import annotations

from policylint.detect import images
from policylint.detect.placeholders import has_hole
from policylint.model import UNKNOWN, Value
from policylint.workload import WorkloadImage


def image(
    reference: Value[str] | None, force_pull: Value[bool] | None = None
) -> WorkloadImage | None:
    """An image from its reference; an empty one is a hole that a deployment fills."""
    if reference is None:
        return None
    if not reference.is_known or not reference.value.strip():
        return WorkloadImage(Value(UNKNOWN, reference.at), "", "", UNKNOWN, UNKNOWN, force_pull)
    registry, repository, tag, digest = images.parse(reference.value)
    hides_tag = tag is None and has_hole(repository.rpartition("/")[2])
    if hides_tag or (tag is not None and has_hole(tag)):
        tag = UNKNOWN
    return WorkloadImage(reference, registry, repository, tag, digest, force_pull)

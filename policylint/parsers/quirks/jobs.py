"""Quirks of Metronome jobs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from policylint.model import Conflict, DroppedSetting
from policylint.parsers.quirks import shared
from policylint.parsers.quirks.shared import Field
from policylint.tree import Place

if TYPE_CHECKING:
    from policylint.parsers.members import Members
    from policylint.parsers.quirks.shared import Quirks


def job(members: Members) -> Quirks:
    """The quirks of a Metronome job."""
    run = members.child_or_empty("run")
    docker = Field(run, "docker")
    yield from _schedules(members)
    yield from _job_runtime(run)
    yield from shared.networks(run, is_docker=docker.says, scheduler="Metronome")
    if docker.says:
        yield from _job_in_docker(run)
    for constraint in run.child_or_empty("placement").children("constraints"):
        if "value" not in constraint and "attribute" in constraint:
            yield DroppedSetting(
                f"constraint on {constraint.raw['attribute']}",
                "Metronome ignores a constraint without a value, and the job runs on any agent",
                constraint.place("attribute"),
                instead="instead, give the constraint the value that the attribute must have",
            )


def _schedules(members: Members) -> Quirks:
    schedules = members.children("schedules")
    at = [Place(item.path) if "id" not in item else item.place("id") for item in schedules]
    for place in at[1:]:
        yield Conflict(
            "a second schedule: Metronome refuses a job with more than one",
            place,
            ((at[0], "the first one stands here"),),
            "instead, write one cron line for all, or one job for each",
        )
    yield from shared.exclusive(
        Field(members, "dependencies"),
        Field(members, "schedules"),
        "the schedule, or start the job by its dependencies alone",
        "Metronome refuses a job with both",
    )
    ids = (item.text("id") for item in members.children("dependencies"))
    yield from shared.twice(ids, "dependency", "Metronome refuses the job")


def _job_runtime(run: Members) -> Quirks:
    docker, ucr = Field(run, "docker"), Field(run, "ucr")
    yield from shared.exclusive(ucr, docker, "one of them", "Metronome refuses a job with both")
    yield from shared.exclusive(
        Field(run, "cmd"),
        Field(run, "args"),
        "cmd for a shell line, or args for the arguments of the image's program",
        "Metronome runs args without a shell and ignores cmd",
    )
    privileged = run.child_or_empty("ucr").flag("privileged")
    if privileged:
        yield DroppedSetting(
            "ucr.privileged",
            "Metronome never passes it on",
            privileged.at,
            instead="instead, delete it",
        )
    if docker.says or ucr.says or docker.is_open or ucr.is_open:
        return
    volumes = Field(run, "volumes")
    if volumes.says:
        yield DroppedSetting(
            "volumes",
            "without docker or ucr Metronome drops it,"
            " and the job works on the agent's own file system",
            volumes.at,
            instead="instead, run the job in an image",
        )
    for mode in map(shared.network_mode, run.children("networks")):
        if mode.among("container", "container/bridge"):
            yield Conflict(
                f"network mode {mode.value} stands in a job without docker or ucr:"
                " Metronome refuses it",
                mode.at,
                (),
                "instead, run the job in an image, or choose mode host",
            )


def _job_in_docker(run: Members) -> Quirks:
    docker = Field(run, "docker")
    related = ((docker.at, "the Docker engine is chosen here"),)
    gpus = run.number("gpus")
    if gpus:
        yield Conflict(
            "gpus stands beside docker: Metronome refuses it",
            gpus.at,
            related,
            "instead, run the image under ucr",
        )
    for volume in run.children("volumes"):
        yield from shared.secret_volume(volume, related, "run the image under ucr")
    yield from shared.user(run, run.child_or_empty("docker"), related)

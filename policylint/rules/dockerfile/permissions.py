"""What the files of an image allow: to run as somebody else, to be changed by anybody."""

from __future__ import annotations

from typing import TYPE_CHECKING

from policylint.detect import modes
from policylint.detect.users import is_root
from policylint.dockerfile.excerpt import Word
from policylint.finding import Problem
from policylint.image import Copy, FileGrant
from policylint.rule import rule

if TYPE_CHECKING:
    from policylint.finding import Problems


@rule(
    on=FileGrant,
    severity="medium",
    family="privilege",
    refs="CIS-Docker:4.8 CWE-732 ATTACK:T1548.001",
    equivalents=("CIS-DI-0008", "CIS-Docker:4.8"),
)
def setuid_bit_set(grant: FileGrant) -> Problems:
    """A file runs with more rights than whoever starts it.

    A setuid or setgid program runs as its owner or group, one with capabilities has
    them whoever starts it: a mistake in it is the way from any user to root.

    Instead, leave the bits out, and let the scheduler grant what the service needs.

    Bad (dockerfile):
        FROM debian:12.9
        RUN chmod 4755 /usr/bin/ping
        USER 10001

    Good (dockerfile):
        FROM debian:12.9
        RUN chmod 0755 /usr/bin/ping
        USER 10001
    """
    if not grant.what.is_known:
        return
    text = grant.what.value
    if grant.route == "setcap":
        if text.strip():
            yield Problem(grant, f"setcap gives a file {text.strip()}")
        return
    mode = modes.read(text)
    if mode is not None and mode.setuid:
        yield Problem(grant, f"{text} sets the setuid bit")
    elif mode is not None and mode.setgid:
        # On a folder it only hands the group on to what is put there.
        severity = "info" if grant.is_new_folder else None
        yield Problem(grant, f"{text} sets the setgid bit", severity=severity)


@rule(
    on=FileGrant,
    severity="low",
    family="privilege",
    refs="CWE-732",
)
def world_writable_mode(grant: FileGrant) -> Problems:
    """Everybody may write to a file or folder of the image.

    Whatever gets hold of a process, however few rights it has, can change what
    others run or read.

    Instead, give the file to the user that writes to it.

    Bad (dockerfile):
        FROM debian:12.9
        RUN install -d /srv/data && chmod 777 /srv/data
        USER 10001

    Good (dockerfile):
        FROM debian:12.9
        RUN install -d -o 10001 /srv/data && chmod 755 /srv/data
        USER 10001
    """
    mode = modes.read(grant.what.value) if grant.what.is_known else None
    if mode is not None and mode.others_write and not mode.sticky:
        yield Problem(grant, f"{grant.what.value} lets everybody write")


@rule(
    on=Copy,
    severity="info",
    family="privilege",
    refs="CWE-732",
    equivalents=("KICS:Chown Flag Exists",),
)
def copy_chown(copy: Copy) -> Problems:
    """Copied files belong to another user than root.

    Where that is the user that the service runs as, whatever gets hold of the service
    can change its program.

    Instead, leave program files to root, and give away only the folders for data.

    Bad (dockerfile):
        FROM debian:12.9
        COPY --chown=10001 web /usr/bin/web
        USER 10001

    Good (dockerfile):
        FROM debian:12.9
        COPY web /usr/bin/web
        USER 10001
    """
    flag = copy.instruction.flag("chown") if copy.instruction.flags else None
    if flag is None or not flag.value or flag.value_span is None:
        return
    owner = copy.value(Word(flag.value, flag.value_span))
    name = owner.value.partition(":")[0] if owner.is_known else ""
    if name and not is_root(name):
        yield Problem(owner, f"the files belong to {name}")

"""What a build runs or installs of things that others may have put in place."""

from __future__ import annotations

from typing import TYPE_CHECKING

from policylint.finding import Problem
from policylint.image import Run, ToolSetting
from policylint.patterns import regex
from policylint.rule import rule

if TYPE_CHECKING:
    from policylint.finding import Problems


_DOWNLOADERS = frozenset({"curl", "fetch", "wget"})
_USER = regex(r"//[^/@]*@")


@rule(
    on=Run,
    programs=_DOWNLOADERS,
    severity="medium",
    family="artifacts",
    refs="CWE-494 CIS-Docker:4.11",
    equivalents=("CIS-Docker:4.11",),
)
def remote_script_to_shell(run: Run) -> Problems:
    """A download is run as it comes.

    Nobody sees what is run, and it may be another script at the next build: whoever holds
    the server, its name or the way to it runs commands in the image. A download that
    breaks off is run up to there.

    Instead, download a version into a file, compare its checksum, and run the file.

    Bad (dockerfile):
        FROM debian:12.9
        SHELL ["/bin/bash", "-o", "pipefail", "-c"]
        RUN curl -fsSL https://get.example.com/install.sh | sh
        USER 10001

    Good (dockerfile):
        FROM debian:12.9
        COPY install.sh.sha256 /tmp/
        RUN curl -fsSL https://get.example.com/1.4/install.sh -o /tmp/install.sh \\
            && sha256sum -c /tmp/install.sh.sha256 \\
            && sh /tmp/install.sh
        USER 10001
    """
    if run.script is None:
        return
    from policylint.detect.scripts import downloads_run

    for deed in downloads_run(run.script):
        yield Problem(deed.span, deed.what)


@rule(
    on=ToolSetting,
    severity="medium",
    family="artifacts",
    refs="CWE-829",
    equivalents=("semgrep:dockerfile-pip-extra-index-url",),
)
def pip_extra_index(node: ToolSetting, *, allowed_indexes: tuple[str, ...] = ()) -> Problems:
    """pip looks for packages in a second index.

    It takes the highest version that it finds in either. Whoever publishes a package under
    the name of an internal one in the public index has their code installed.

    Instead, name one index with `--index-url` that has everything, such as a mirror that
    knows which names are internal.

    Settings:
        allowed_indexes: beginnings of the addresses of indexes that may be added

    Bad (dockerfile):
        FROM python:3.13.2-slim
        RUN pip install --extra-index-url https://pypi.example.com/simple shop==1.4
        USER 10001

    Good (dockerfile):
        FROM python:3.13.2-slim
        RUN pip install --index-url https://pypi.example.com/simple shop==1.4
        USER 10001
    """
    setting = node.setting
    if (setting.tool, setting.name) != ("pip", "extra-index-url"):
        return
    if setting.value is None and (setting.is_variable or allowed_indexes):
        return
    indexes = (setting.value or "").split()
    if setting.value is None or any(not _is_allowed(each, allowed_indexes) for each in indexes):
        yield Problem(node, "a second index can replace packages of the first")


def _is_allowed(index: str, allowed: tuple[str, ...]) -> bool:
    """Whether an address is one of the allowed, or lies below it."""
    index = _USER.sub("//", index.rstrip("/"), count=1)
    return any(f"{index}/".startswith(f"{each.rstrip('/')}/") for each in allowed)

"""Running things as a stranger would: in an environment that holds next to nothing."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

# What a machine needs to reach its package registry, and Windows to start a process.
_KEPT = ("PATH", "PIP_", "SSL_", "HTTP_", "HTTPS_", "NO_PROXY", "http", "no_proxy", "SYSTEMROOT")


def environment(home: Path, **more: str) -> dict[str, str]:
    """Variables of a fresh login: a way to programs and to the registry, a home of its own."""
    kept = {name: value for name, value in os.environ.items() if name.startswith(_KEPT)}
    cache = {"PIP_CACHE_DIR": os.path.expanduser("~/.cache/pip")}
    return {**cache, **kept, "HOME": str(home), "NO_COLOR": "1", **more}


def run(
    *command: str | Path, cwd: str | Path, env: dict[str, str]
) -> subprocess.CompletedProcess[str]:
    """Run a command to its end, without standard input."""
    return subprocess.run(
        list(map(str, command)),
        cwd=cwd,
        env=env,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        check=False,
    )

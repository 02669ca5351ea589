"""Install policylint for the steps that follow, into an environment of its own.

The folder that is checked may hold anything, modules called `pip` or `click` too:
every Python started here is isolated from it (`-I`).
"""

from __future__ import annotations

import os
import re
import subprocess
import sys

ACTION = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


def main() -> int:
    """Install the version that is asked for, else the one that lies beside this file."""
    version = os.environ.get("INPUT_VERSION", "").strip()
    if version and not re.fullmatch(r"[0-9][0-9A-Za-z.!+-]*", version):
        print(f"not a version: {version!r}", file=sys.stderr)
        return 2
    environment = os.path.join(os.environ["RUNNER_TEMP"], "policylint")
    python = os.path.join(environment, "Scripts" if os.name == "nt" else "bin", "python")
    subprocess.run([sys.executable, "-I", "-m", "venv", "--clear", environment], check=True)
    wanted = f"policylint=={version}" if version else ACTION
    pip = [python, "-I", "-m", "pip", "--disable-pip-version-check", "install", "--quiet"]
    return subprocess.run([*pip, wanted], check=False).returncode


if __name__ == "__main__":
    sys.exit(main())

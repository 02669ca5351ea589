#!/usr/bin/env python3
"""Set up a checkout and run something in it: `python3 dev.py check examples/`.

Needs Python 3.10 or later and nothing else. The first run makes a virtual
environment in `.venv` (or where `POLICYLINT_VENV` says) and installs policylint
into it, editable; later runs reuse it until `pyproject.toml` changes.

    python3 dev.py ARGUMENTS...   run policylint
    python3 dev.py test [...]     run the tests (arguments go to pytest)
    python3 dev.py lint           run the linters and the type checker
    python3 dev.py generate       write the generated files
    python3 dev.py run COMMAND    run a command of the environment
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys

ROOT = os.path.dirname(os.path.abspath(__file__))
VENV = os.environ.get("POLICYLINT_VENV") or os.path.join(ROOT, ".venv")
BIN = os.path.join(VENV, "Scripts" if os.name == "nt" else "bin")
PYTHON = os.path.join(BIN, "python")


def main(arguments: list[str]) -> int:
    """Run one command in the environment that it needs, and answer with its exit code."""
    if sys.version_info < (3, 10):
        print("policylint needs Python 3.10 or later", file=sys.stderr)
        return 2
    command, rest = (arguments[0], arguments[1:]) if arguments else ("--help", [])
    if command == "test":
        install("dev")
        return run(PYTHON, "-m", "pytest", *rest)
    if command == "lint":
        install("dev")
        checks = (("ruff", "check"), ("ruff", "format", "--check"), ("mypy",))
        return max([run(PYTHON, "-m", *check, cwd=ROOT) for check in checks])
    if command == "generate":
        install("dev")
        return run(PYTHON, "-m", "policylint.generate", cwd=ROOT)
    if command == "run":
        install("dev")
        return run(os.path.join(BIN, rest[0]), *rest[1:]) if rest else 2
    install("")
    return run(PYTHON, "-m", "policylint", *arguments)


def install(extra: str) -> None:
    """Make the environment, unless one for this `pyproject.toml` stands already."""
    with open(os.path.join(ROOT, "pyproject.toml"), "rb") as file:
        wanted = f"{hashlib.sha256(file.read()).hexdigest()} {sys.version_info[:2]}"
    stamp = os.path.join(VENV, f"installed-{extra or 'plain'}")
    if read(stamp) == wanted:
        return
    print(f"setting up {os.path.relpath(VENV)} ...", file=sys.stderr)
    pip = make_environment()
    target = f"{ROOT}[{extra}]" if extra else ROOT
    subprocess.run(
        [*pip, "install", "--quiet", "--disable-pip-version-check", "--editable", target],
        check=True,
    )
    with open(stamp, "w", encoding="utf-8") as file:
        file.write(wanted)


def make_environment() -> list[str]:
    """Make the virtual environment and answer with the pip that installs into it."""
    own_pip = [PYTHON, "-m", "pip"]
    if succeeds(*own_pip, "--version"):
        return own_pip
    if succeeds(sys.executable, "-m", "venv", "--clear", VENV):
        return own_pip
    # Debian keeps ensurepip in a package of its own (python3-venv): where it is
    # missing, a pip outside can still fill an environment that has none.
    subprocess.run([sys.executable, "-m", "venv", "--clear", "--without-pip", VENV], check=True)
    for outside in ([sys.executable, "-m", "pip"], ["pip3"], ["pip"]):
        if succeeds(*outside, "--python", PYTHON, "--version"):
            return [*outside, "--python", PYTHON]
    sys.exit("no pip found: install your system's package for it (Debian: python3-venv)")


def run(*command: str, cwd: str | None = None) -> int:
    """Run a command and answer with its exit code."""
    return subprocess.run(command, check=False, cwd=cwd).returncode


def succeeds(*command: str) -> bool:
    """Whether a command is there and ends well; what it prints is dropped."""
    try:
        return subprocess.run(command, check=False, capture_output=True).returncode == 0
    except OSError:
        return False


def read(path: str) -> str:
    """The text of a file, empty when there is none."""
    try:
        with open(path, encoding="utf-8") as file:
            return file.read()
    except OSError:
        return ""


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

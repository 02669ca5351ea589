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
    python3 dev.py tool NAME      build opa, conftest or regal with Go; print where it is
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import tempfile
from typing import NoReturn

ROOT = os.path.dirname(os.path.abspath(__file__))
VENV = os.path.abspath(os.environ.get("POLICYLINT_VENV") or os.path.join(ROOT, ".venv"))
ORACLE = "dockerfile>=3.4"
BIN = os.path.join(VENV, "Scripts" if os.name == "nt" else "bin")
PYTHON = os.path.join(BIN, "python")
CHECKS = (("ruff", "check"), ("ruff", "format", "--check"), ("mypy",))
# What policies in Rego are tried with: the module and the version of each.
TOOLS = {
    "opa": ("github.com/open-policy-agent/opa", "1.22.2"),
    "conftest": ("github.com/open-policy-agent/conftest", "0.71.1"),
    "regal": ("github.com/styrainc/regal", "0.35.1"),
}
GENERATORS = ("policylint.generate", "tests.integration.readme")


def main(arguments: list[str]) -> int:
    """Run one command in the environment that it needs, and answer with its exit code."""
    if sys.version_info < (3, 10):
        print("policylint needs Python 3.10 or later", file=sys.stderr)
        return 2
    command, rest = (arguments[0], arguments[1:]) if arguments else ("--help", [])
    if command == "tool" and rest[:1] and rest[0] in TOOLS:
        return build(rest[0])
    if command == "test":
        install("dev")
        name_tools()
        return run(PYTHON, "-m", "pytest", *rest, cwd=ROOT)
    if command == "lint":
        install("dev")
        return max([run(PYTHON, "-m", *check, cwd=ROOT) for check in CHECKS])
    if command == "generate":
        install("dev")
        return max([run(PYTHON, "-m", module, cwd=ROOT) for module in GENERATORS])
    if command == "run":
        install("dev")
        return run(os.path.join(BIN, rest[0]), *rest[1:]) if rest else 2
    install("")
    return run(os.path.join(BIN, "policylint"), *arguments)


def build(tool: str) -> int:
    """Build a tool where it is kept, unless it is there, and print its path."""
    path = tool_path(tool)
    if not os.path.exists(path):
        module, version = TOOLS[tool]
        print(f"building {tool} {version} ...", file=sys.stderr)
        # As a module of our own, because `go install` wants more of a registry.
        with tempfile.TemporaryDirectory() as folder:
            with open(os.path.join(folder, "go.mod"), "w", encoding="utf-8") as file:
                file.write(f"module tools\n\nrequire {module} v{version}\n")
            options = ("-mod=mod", "-trimpath", "-ldflags=-s -w", "-o", path)
            environment = {**os.environ, "CGO_ENABLED": "0"}
            failed = run("go", "build", *options, module, cwd=folder, env=environment)
        if failed:
            print(f"could not build {tool} {version}; see above", file=sys.stderr)
            return 2
    print(path)
    return 0


def name_tools() -> None:
    """Tell the tests of the tools that have been built, unless they are told of others."""
    for tool in TOOLS:
        if os.path.exists(tool_path(tool)):
            os.environ.setdefault(f"POLICYLINT_{tool.upper()}", tool_path(tool))


def tool_path(tool: str) -> str:
    """Where a tool of the pinned version is kept, outside the checkout."""
    cache = os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")
    name = f"{tool}.exe" if os.name == "nt" else tool
    return os.path.join(cache, "policylint-ci", f"{tool}-{TOOLS[tool][1]}", name)


def install(extra: str) -> None:
    """Make the environment, unless one for this `pyproject.toml` stands already."""
    with open(os.path.join(ROOT, "pyproject.toml"), "rb") as file:
        wanted = f"{hashlib.sha256(file.read()).hexdigest()} {sys.version_info[:2]}"
    stamp = os.path.join(VENV, f"installed-{extra or 'plain'}")
    if wanted in (read(stamp), read(os.path.join(VENV, "installed-dev"))):
        return
    print(f"setting up {VENV} ...", file=sys.stderr)
    make_environment()
    target = f"{ROOT}[{extra}]" if extra else ROOT
    if run(*pip(PYTHON), "install", "--quiet", "--editable", target):
        stop("could not install what policylint needs; see above")
    if extra == "dev":
        # Some tests compare with BuildKit's own parser; they skip where it has no wheel.
        succeeds(*pip(PYTHON), "install", "--quiet", "--only-binary=:all:", ORACLE)
    with open(stamp, "w", encoding="utf-8") as file:
        file.write(wanted)


def make_environment() -> None:
    """Make the virtual environment, with a pip of its own, where none for this Python stands."""
    version = f"import sys; sys.exit(sys.version_info[:2] != {sys.version_info[:2]})"
    if succeeds(PYTHON, "-c", version) and succeeds(*pip(PYTHON), "--version"):
        return
    if succeeds(sys.executable, "-m", "venv", "--clear", VENV):
        return
    # Debian keeps ensurepip in a package of its own (python3-venv): where it is
    # missing, a pip outside can put one into an environment that has none. Debian's
    # refuses to install beside the system's packages, not into a folder that is named.
    if not succeeds(sys.executable, "-m", "venv", "--clear", "--without-pip", VENV):
        stop(f"could not make a virtual environment in {VENV}")
    packages = subprocess.check_output(
        [PYTHON, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"], text=True
    ).strip()
    for outside in (pip(sys.executable), ["pip3"], ["pip"]):
        if succeeds(*outside, "install", "--target", packages, "pip"):
            return
    stop("no pip found: install your system's package for it (Debian: python3-venv)")


def stop(message: str) -> NoReturn:
    """Give up: the job could not be done, which is not the same as findings."""
    print(message, file=sys.stderr)
    sys.exit(2)


def pip(python: str) -> list[str]:
    """The pip of an interpreter."""
    return [python, "-m", "pip", "--disable-pip-version-check"]


def run(*command: str, cwd: str | None = None, env: dict[str, str] | None = None) -> int:
    """Run a command and answer with its exit code."""
    try:
        return subprocess.run(command, check=False, cwd=cwd, env=env).returncode
    except OSError as error:
        print(f"{command[0]}: {error.strerror}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130


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

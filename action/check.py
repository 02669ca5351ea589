"""Run policylint in a workflow: inputs from the environment, outputs and summary to files."""

from __future__ import annotations

import json
import os
import secrets
import shlex
import string
import subprocess
import sys
from typing import Any
from urllib.parse import unquote

# GitHub drops a summary above 1 MiB altogether.
SUMMARY_BYTES = 900_000
_PUNCTUATION = {ord(mark): f"\\{mark}" for mark in string.punctuation}


def main() -> int:
    """Check, tell the workflow what was found, and answer with policylint's exit code."""
    sarif = _input("SARIF_FILE") or "policylint.sarif"
    try:
        command = _command(sarif)
    except ValueError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    if os.path.isfile(sarif):
        os.remove(sarif)
    code = _run(command)
    results = _results(sarif)
    found = results or []
    levels = [result.get("level", "warning") for result in found]
    _output("exit-code", code)
    _output("findings", len(found))
    _output("errors", levels.count("error"))
    _output("warnings", levels.count("warning"))
    _output("sarif-file", "" if results is None else sarif)
    if _input("STEP_SUMMARY") != "false" and results is not None:
        _append("GITHUB_STEP_SUMMARY", summary(results))
    return code


def summary(results: list[dict[str, Any]]) -> str:
    """The findings as a Markdown table, as many as there is room for."""
    if not results:
        return "### policylint: no findings\n"
    head = f"### policylint: {len(results)} finding{'s' if len(results) > 1 else ''}\n\n"
    lines = [head, "| | where | what | rule |\n| --- | --- | --- | --- |\n"]
    room = SUMMARY_BYTES - 200
    for number, result in enumerate(results):
        row = _row(result)
        room -= len(row.encode("utf-8", "replace"))
        if room < 0:
            lines.append(f"\n… and {len(results) - number} more\n")
            break
        lines.append(row)
    return "".join(lines)


def _row(result: dict[str, Any]) -> str:
    place = result["locations"][0]["physicalLocation"]
    where = f"{unquote(place['artifactLocation']['uri'])}:{place['region']['startLine']}"
    cells = (result.get("level", "warning"), where, result["message"]["text"], result["ruleId"])
    return f"| {' | '.join(map(_plain, cells))} |\n"


def _plain(text: str) -> str:
    """Text that Markdown shows as it is; it may come from a file that nobody has reviewed."""
    return " ".join(text.split()).translate(_PUNCTUATION)


def _command(sarif: str) -> list[str]:
    if len(sarif.splitlines()) > 1:
        raise ValueError("sarif-file is one path")
    paths = [line.strip() for line in _input("PATHS").splitlines() if line.strip()]
    options = [
        f"--{name}={value}"
        for name in ("policy", "select", "ignore", "fail-on")
        if (value := _input(name.upper().replace("-", "_")))
    ]
    further = shlex.split(_input("ARGS"))
    checking = [_python(), "-I", "-m", "policylint", "check"]
    return [*checking, *options, f"--output=sarif={sarif}", *further, "--", *paths]


def _run(command: list[str]) -> int:
    # What is printed quotes the files: a line of theirs must not become a workflow command.
    token = secrets.token_hex(16)
    print(f"::stop-commands::{token}", flush=True)
    try:
        return subprocess.run(command, check=False).returncode
    finally:
        print(f"::{token}::", flush=True)


def _results(sarif: str) -> list[dict[str, Any]] | None:
    """What the report holds; None when there is no report."""
    try:
        with open(sarif, encoding="utf-8") as file:
            report = json.load(file)
    except OSError:
        return None
    results: list[dict[str, Any]] = [
        result
        for run in report["runs"]
        for result in run.get("results", ())
        if not result.get("suppressions")
    ]
    return results


def _python() -> str:
    folder = "Scripts" if os.name == "nt" else "bin"
    return os.path.join(os.environ["RUNNER_TEMP"], "policylint", folder, "python")


def _input(name: str) -> str:
    return os.environ.get(f"INPUT_{name}", "").strip()


def _output(name: str, value: str | int) -> None:
    _append("GITHUB_OUTPUT", f"{name}={value}\n")


def _append(variable: str, text: str) -> None:
    path = os.environ.get(variable)
    if path:
        with open(path, "a", encoding="utf-8", errors="replace") as file:
            file.write(text)


if __name__ == "__main__":
    sys.exit(main())

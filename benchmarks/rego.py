"""Policies in Rego: a run against a plain `opa eval` on the same input, as a ratio.

    python benchmarks/rego.py

The plain run gets what policylint has prepared, and only evaluates it.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import tempfile
from datetime import datetime, timezone
from typing import Any

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

from benchmarks.definitions import write_apps
from benchmarks.run import PYTHON, in_turns, median_cpu
from policylint.discover import discover
from policylint.parsers import KINDS, parse
from policylint.policy import RegoSources
from policylint.rego import evaluate, opa
from policylint.rego.library import Library
from policylint.source import SourceFile

CHECK = (*PYTHON, "-m", "policylint", "check", "--exit-zero", "--format", "concise")
NONE = ("--isolated", "--select", "document-unreadable")
POLICIES = 50
DOCUMENTS = 1000
POLICY = """# METADATA
# title: Workload has no label {number}
# custom:
#   settings:
#     label: {{default: label-{number}}}
package policylint.rules.label_{number}

deny contains {{"msg": message, "path": path}} if {{
    some workload in input.model.workloads
    not input.settings.label in {{label.name | some label in workload.labels}}
    some container in workload.containers
    container.resources.mem > {limit}
    message := sprintf("%s has no label %s", [workload.id, input.settings.label])
    path := array.concat(workload._root, ["labels", input.settings.label])
}}
"""


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--rounds", type=int, default=7, help="how often every run is measured")
    rounds = options.parse_args().rounds
    program = opa.find(None)
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        os.mkdir(".git")
        write_apps("apps", DOCUMENTS)
        os.mkdir("policies")
        for number in range(POLICIES):
            # One in ten has something to say.
            text = POLICY.format(number=number, limit=1 if number % 10 == 0 else 100_000)
            write(f"policies/{number}.rego", text.encode())
        write(".policylint.yaml", b"extends: []\nrego: policies\n")
        prepare()
        runs = in_turns(
            {
                "policylint check": (*CHECK, "--opa", program, "apps"),
                "policylint check, without policies in Rego": (*CHECK, *NONE, "apps"),
                "opa eval": ("sh", "plain"),
            },
            rounds,
        )
    plain = statistics.median(run.wall for run in runs["opa eval"])
    print(f"{POLICIES} policies over {DOCUMENTS} apps, median of {rounds} turns\n")
    print(f"{'':44}{'wall':>8}{'processor':>12}")
    for name, taken in runs.items():
        wall = statistics.median(run.wall for run in taken)
        cpu = median_cpu(taken) / median_cpu(runs["opa eval"])
        print(f"{name:44}{wall / plain:8.2f}{cpu:12.2f}")
    print(f"\nopa eval took {plain * 1000:.0f} ms")


def prepare() -> None:
    """Write what policylint gives to opa, and how opa is called with it."""
    library = Library(None, KINDS)
    library.learn(RegoSources(("policies",)), "")
    settings = {
        name: {key: default for key, (_, default) in rule.settings.items()}
        for name, rule in library.rules.items()
    }
    evaluate.CHUNK = 1 << 30
    evaluation = evaluate.Evaluation(library, settings, datetime.now(timezone.utc))
    for source in discover(["apps"], root="."):
        if isinstance(source, SourceFile):
            for document in parse(source):
                evaluation.add(document, ())

    def written(command: list[str], files: dict[str, bytes], given: bytes, *more: Any) -> Any:
        if command[1] != "eval":
            return plain(command, files, given, *more)
        for name, data in files.items():
            write(os.path.join("plain-eval", name), data)
        write("plain-eval/input.json", given)
        write("plain-eval/query", command[-1].encode())
        words = " ".join(command[:-1])
        write("plain", f'cd plain-eval && exec {words} "$(cat query)" < input.json'.encode())
        raise SystemExit

    plain, opa.run = opa.run, written  # type: ignore[assignment]
    try:
        evaluation.ask()
        evaluation.answers()
    except SystemExit:
        pass
    finally:
        opa.run = plain


def write(path: str, data: bytes) -> None:
    os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
    with open(path, "wb") as file:
        file.write(data)


if __name__ == "__main__":
    main()

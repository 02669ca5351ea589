"""Policies for conftest: policylint and conftest on the same policies and files, as a ratio.

    python benchmarks/beside_conftest.py

conftest is the one that `POLICYLINT_CONFTEST` names, else the one on PATH.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

from benchmarks.definitions import write_apps
from benchmarks.run import PYTHON, in_turns, median_cpu
from policylint.rego import opa

CHECK = (*PYTHON, "-m", "policylint", "check", "--exit-zero", "--format", "concise")
# Policies and files: a start, a change, a repository, and many of both.
SIZES = ((1, 1), (5, 10), (10, 300), (50, 1000))
POLICY = """package main

deny_{number} contains message if {{
    not input.labels["label-{number}"]
    input.mem > {limit}
    message := sprintf("%s has no label %d", [input.id, {number}])
}}
"""


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--rounds", type=int, default=5, help="how often every run is measured")
    rounds = options.parse_args().rounds
    program = opa.find(None)
    conftest = shutil.which(os.environ.get("POLICYLINT_CONFTEST") or "conftest")
    if conftest is None:
        raise SystemExit("no conftest: `python3 dev.py tool conftest` builds one")
    print(f"policylint to conftest, median of {rounds} turns\n")
    print(f"{'policies':>8}{'apps':>8}{'':22}{'wall':>8}{'processor':>12}{'conftest':>12}")
    for policies, apps in SIZES:
        with tempfile.TemporaryDirectory() as folder:
            os.chdir(folder)
            prepare(policies, apps)
            ours = (*CHECK, "--opa", program)
            runs = in_turns(
                {
                    "these policies alone": (*ours, "--policy", "alone.yaml", "apps"),
                    "and every rule": (*ours, "--policy", "all.yaml", "apps"),
                    "conftest": (conftest, "test", "--no-fail", "--quiet", "apps"),
                },
                rounds,
            )
            os.chdir(os.path.dirname(folder))
        theirs = runs.pop("conftest")
        wall = statistics.median(run.wall for run in theirs)
        for name, taken in runs.items():
            clock = statistics.median(run.wall for run in taken) / wall
            cpu = median_cpu(taken) / median_cpu(theirs)
            took = f"{wall * 1000:.0f} ms"
            print(f"{policies:>8}{apps:>8}  {name:20}{clock:8.2f}{cpu:12.2f}{took:>12}")


def prepare(policies: int, apps: int) -> None:
    """Write policies, apps, and policy files with and without the built-in rules."""
    os.mkdir(".git")
    write_apps("apps", apps)
    os.mkdir("policy")
    for number in range(policies):
        # One in ten has something to say.
        limit = 1 if number % 10 == 0 else 100_000
        write(f"policy/{number}.rego", POLICY.format(number=number, limit=limit))
    write("alone.yaml", "extends: []\nrego: policy\n")
    write("all.yaml", "extends: all\nrego: policy\n")


def write(path: str, text: str) -> None:
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)


if __name__ == "__main__":
    main()

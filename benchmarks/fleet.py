"""What comparing definitions costs, as ratios: `python benchmarks/fleet.py`.

Time and memory for 1,000 and for 10,000 apps, ten to a group; and one named file in a
folder of 1,000 definitions, beside reading and parsing all of them once.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

from benchmarks.definitions import app, write_apps
from benchmarks.run import CHECK, PYTHON, in_turns, median_cpu

APPS_IN_A_GROUP = 10
SMALL, LARGE = 1_000, 10_000
RULES = (
    "duplicate-id,role-quota-exceeded,group-budget-exceeded,dependency-cycle,dependency-missing,"
    "cross-group-dependency,tier-violation-dependency,host-port-collision,service-port-collision,"
    "vip-collision,route-collision,admin-route-collision,host-path-shared,external-volume-shared,"
    "secret-out-of-scope,cron-storm,attack-path-root-image-with-host-access,port-not-exposed,"
    "image-volume-not-mounted"
)
POLICY = """\
extends: all
settings:
  tiers: [{platform: ["/team-1/**"]}, {users: ["/**"]}]
  quotas: {role: {team-2: {cpus: 100000}}, group: {/team-3: {mem: 1}}}
"""
READ = """\
from policylint.discover import discover
from policylint.parsers import parse
for source in discover(["."], root="."):
    parse(source)
"""


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--rounds", type=int, default=5, help="how often everything is measured")
    rounds = options.parse_args().rounds
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        os.mkdir(".git")
        show_sizes(rounds)
        show_context(rounds)


def show_sizes(rounds: int) -> None:
    for size in (SMALL, LARGE):
        write_groups(f"fleet-{size}", size)
    quiet = ("--format", "concise")
    runs = in_turns(
        {
            f"{title}, {size}": (*CHECK, *select, *quiet, f"fleet-{size}")
            for title, select in (("the fleet alone", ("--select", RULES)), ("every rule", ()))
            for size in (SMALL, LARGE)
        },
        rounds,
    )
    print(f"Apps in groups of {APPS_IN_A_GROUP}, processor time, median of {rounds} turns\n")
    print(f"{'':20}{'seconds':>10}{'MiB':>8}{'to a tenth':>12}")
    for name, found in runs.items():
        title, _, apps = name.rpartition(", ")
        tenth = runs[f"{title}, {SMALL}"]
        ratio = f"{median_cpu(found) / median_cpu(tenth):12.2f}" if apps == str(LARGE) else ""
        memory = statistics.median(run.memory for run in found)
        print(f"{name:24}{median_cpu(found):6.2f}{memory:8.1f}{ratio}")
    print()


def show_context(rounds: int) -> None:
    write_apps("folder", SMALL)
    with open("folder/.policylint.yaml", "w", encoding="utf-8") as file:
        file.write(POLICY)
    os.chdir("folder")
    one = (*CHECK, "app-00500.json")
    runs = in_turns(
        {
            "read and parsed once": (*PYTHON, "-c", READ),
            "one named file": one,
            "without context": (*one, "--no-context"),
        },
        rounds,
    )
    print(f"One of {SMALL} definitions is named, processor time\n")
    for name, found in runs.items():
        ratio = median_cpu(found) / median_cpu(runs["read and parsed once"])
        print(f"{name:24}{median_cpu(found):6.2f}{ratio:8.2f}")


def write_groups(folder: str, count: int) -> None:
    """Write apps into groups, one a file; each depends on its neighbour."""
    os.mkdir(folder)
    with open(f"{folder}/.policylint.yaml", "w", encoding="utf-8") as file:
        file.write(POLICY)
    for number in range(count // APPS_IN_A_GROUP):
        apps = []
        for place in range(APPS_IN_A_GROUP):
            definition = app(number * APPS_IN_A_GROUP + place)
            definition["id"] = f"service-{place}"
            definition["upgradeStrategy"]["maximumOverCapacity"] = 0  # it keeps data
            definition["dependencies"] = [f"service-{place - 1}"] if place else []
            apps.append(definition)
        group = {"id": f"/team-{number % 17}/group-{number}", "apps": apps}
        with open(f"{folder}/group-{number:05}.json", "w", encoding="utf-8") as file:
            json.dump(group, file, indent=2)


if __name__ == "__main__":
    main()

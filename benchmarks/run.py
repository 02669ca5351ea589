"""Start-up, cost of a definition and memory, as ratios: `python benchmarks/run.py`."""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from typing import NamedTuple

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

from benchmarks.definitions import write_apps, write_dockerfiles

PYTHON = (sys.executable,)
# An installed package has its bytecode beside it.
ENVIRONMENT = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
CHECK = (*PYTHON, "-m", "policylint", "check")
ALL = ("--policy", "all")
FLOOR = 'python -c "import click, json"'
SIZES = (1, 100, 1000)


class Run(NamedTuple):
    """What one process took: seconds on the clock, seconds of processor, MiB at most."""

    wall: float
    cpu: float
    memory: float


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--rounds", type=int, default=21, help="how often every start is measured")
    rounds = options.parse_args().rounds
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        os.mkdir(".git")  # the folder is a tree of its own, whatever lies above it
        show_starts(rounds)
        show_bulk(max(3, rounds // 7))
        show_dockerfiles(max(3, rounds // 7))


def show_starts(rounds: int) -> None:
    write_apps("json", 1)
    write_apps("yaml", 1, "yaml")
    write_apps("policy", 1)
    with open("policy/.policylint.yaml", "w", encoding="utf-8") as file:
        file.write("extends: [all]\nrules: {image-mutable-tag: low}\n")
    starts = {
        "python -c pass": (*PYTHON, "-c", "pass"),
        FLOOR: (*PYTHON, "-c", "import click, json"),
        "policylint --version": (*PYTHON, "-m", "policylint", "--version"),
        "policylint check app.json": (*CHECK, *ALL, "json/app-00000.json"),
        "policylint check app.yaml": (*CHECK, *ALL, "yaml/app-00000.yaml"),
        "policylint check app.json, policy file": (*CHECK, "policy/app-00000.json"),
    }
    write_dockerfiles("image", 1)
    starts["policylint check Dockerfile"] = (*CHECK, *ALL, "image/image-00000/Dockerfile")
    hadolint = find_hadolint()
    if hadolint:
        starts["hadolint Dockerfile"] = (hadolint, "image/image-00000/Dockerfile")
    runs = in_turns(starts, rounds)
    print(f"Start-up, whole process, median of {rounds} turns\n")
    print(f"{'':42}{'to F':>8}{'to pass':>10}{'processor to F':>17}")
    for name in starts:
        to_floor = ratio(runs[name], runs[FLOOR])
        to_pass = ratio(runs[name], runs["python -c pass"])
        processor = median_cpu(runs[name]) / median_cpu(runs[FLOOR])
        print(f"{name:42}{to_floor:8.2f}{to_pass:10.2f}{processor:17.2f}")
    if not hadolint:
        print("hadolint: skipped, it is not installed")
    print(f"F took {statistics.median(run.wall for run in runs[FLOOR]) * 1000:.1f} ms\n")


def show_bulk(rounds: int) -> None:
    for form in ("json", "yaml"):
        for size in SIZES:
            write_apps(f"bulk/{form}/{size}", size, form)
        runs = in_turns(
            {
                FLOOR: (*PYTHON, "-c", "import click, json"),
                **{
                    str(size): (*CHECK, *ALL, "--format", "concise", f"bulk/{form}/{size}")
                    for size in SIZES
                },
            },
            rounds,
        )
        print(f"{form.upper()} apps, processor time, median of {rounds} turns\n")
        print(f"{'':10}{'to F':>8}{'to one app':>12}{'ms a further app':>18}{'MiB':>8}")
        floor = median_cpu(runs[FLOOR])
        one = median_cpu(runs["1"])
        for size in SIZES:
            cpu = median_cpu(runs[str(size)])
            memory = statistics.median(run.memory for run in runs[str(size)])
            further = f"{(cpu - one) / (size - 1) * 1000:.3f}" if size > 1 else ""
            print(f"{size:10}{cpu / floor:8.2f}{cpu / one:12.2f}{further:>18}{memory:8.1f}")
        print()


def show_dockerfiles(rounds: int) -> None:
    hadolint = find_hadolint()
    print(f"Dockerfiles, processor time, median of {rounds} turns\n")
    print(
        f"{'':10}{'to F':>8}{'ms a further file':>19}{'MiB':>8}{'files a second, to hadolint':>30}"
    )
    one = 0.0
    for size in SIZES:
        folder = f"bulk/dockerfile/{size}"
        write_dockerfiles(folder, size)
        commands = {
            FLOOR: (*PYTHON, "-c", "import click, json"),
            "policylint": (*CHECK, *ALL, "--format", "concise", folder),
        }
        if hadolint:
            files = [os.path.join(folder, name, "Dockerfile") for name in os.listdir(folder)]
            commands["hadolint"] = (hadolint, *sorted(files))
        runs = in_turns(commands, rounds)
        cpu = median_cpu(runs["policylint"])
        one = one or cpu
        memory = statistics.median(run.memory for run in runs["policylint"])
        further = f"{(cpu - one) / (size - 1) * 1000:.3f}" if size > 1 else ""
        faster = f"{median_cpu(runs['hadolint']) / cpu:.1f} times" if hadolint else "not installed"
        to_floor = cpu / median_cpu(runs[FLOOR])
        print(f"{size:10}{to_floor:8.2f}{further:>19}{memory:8.1f}{faster:>30}")
    print()


def find_hadolint() -> str | None:
    """The hadolint that stands beside this Python, or on the path."""
    return shutil.which("hadolint", path=os.path.dirname(sys.executable)) or shutil.which(
        "hadolint"
    )


def in_turns(commands: dict[str, tuple[str, ...]], rounds: int) -> dict[str, list[Run]]:
    """Run every command once a round, so that a busy moment hits all of them alike."""
    for command in commands.values():
        measure(command)  # writes bytecode, fills caches
    runs: dict[str, list[Run]] = {name: [] for name in commands}
    for _ in range(rounds):
        for name, command in commands.items():
            runs[name].append(measure(command))
    return runs


def measure(command: tuple[str, ...]) -> Run:
    began = time.perf_counter()
    process = subprocess.Popen(
        command, env=ENVIRONMENT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    )
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.perf_counter() - began
    process.returncode = os.waitstatus_to_exitcode(status)
    with process:
        if process.returncode not in (0, 1):
            raise SystemExit(f"{' '.join(command)}: {process.stderr.read().decode()}")  # type: ignore[union-attr]
    kib = usage.ru_maxrss / 1024 if sys.platform == "darwin" else usage.ru_maxrss
    return Run(wall, usage.ru_utime + usage.ru_stime, kib / 1024)


def median_cpu(runs: list[Run]) -> float:
    return statistics.median(run.cpu for run in runs)


def ratio(runs: list[Run], others: list[Run]) -> float:
    """The median, over the rounds, of how much longer the one took than the other."""
    pairs = zip(runs, others, strict=True)
    return statistics.median(run.wall / other.wall for run, other in pairs)


if __name__ == "__main__":
    main()

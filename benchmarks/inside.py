"""What one definition costs inside the process, by step and by rule: `python benchmarks/inside.py`.

Processor time in microseconds for a usual app and a usual Dockerfile, the median of several
rounds, beside what `json.loads` takes for the app; then the ten most expensive rules.
"""

from __future__ import annotations

import gc
import json
import os
import statistics
import sys
import time
from collections import Counter
from typing import TYPE_CHECKING, Any

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

from benchmarks.definitions import app, dockerfile
from policylint.engine import Check, Checks, asked, lint
from policylint.parsers import parse
from policylint.policy import built_in
from policylint.source import SourceFile

if TYPE_CHECKING:
    from collections.abc import Callable

ROUNDS = 15
FILES = 50


def main() -> None:
    gc.disable()
    apps = [SourceFile(f"{at}.json", json.dumps(app(at), indent=2)) for at in range(FILES)]
    loads = cost(lambda: [json.loads(source.text) for source in apps])
    print(f"json.loads of an app takes {loads:.0f} microseconds of processor time\n")
    show("app", apps, loads)
    show("Dockerfile", [SourceFile("Dockerfile", dockerfile(at)) for at in range(FILES)], loads)


def show(what: str, sources: list[SourceFile], loads: float) -> None:
    policy = built_in("all")
    nodes = cost(lambda: [parse(source) for source in sources])
    whole = cost(lambda: lint(sources, policy))
    size = sum(len(source.text) for source in sources) / FILES
    print(f"a usual {what} of {size:.0f} characters")
    for name, value in (("bytes to nodes", nodes), ("all rules too", whole)):
        print(f"  {name:16} {value:7.0f}   {value / loads:5.1f} times json.loads")
    print(f"  {'rules alone':16} {whole - nodes:7.0f}")
    print("the ten most expensive rules, microseconds a file")
    for name, value in by_rule(sources).most_common(10):
        print(f"  {value:6.1f}  {name}")
    print()


def cost(work: Callable[[], Any]) -> float:
    """Microseconds a file, the median of the rounds after a first one that warms up."""
    work()
    return statistics.median(timed(work) for _ in range(ROUNDS)) / FILES * 1e6


def timed(work: Callable[[], Any]) -> float:
    start = time.process_time()
    work()
    return time.process_time() - start


def by_rule(sources: list[SourceFile]) -> Counter[str]:
    """Microseconds that each rule takes for an app."""
    checks = Checks(built_in("all"))
    nodes = [
        each
        for source in sources
        for document in parse(source)
        for top in document.nodes
        for each in asked(top, checks)
    ]
    spent: Counter[str] = Counter()
    for _ in range(ROUNDS):
        for node, around, here in nodes:
            for check in here:
                spent[check.rule.name] += round(timed(lambda: call(check, node, around)) * 1e9)  # noqa: B023
    empty = timed(lambda: None) * 1e9
    calls = Counter(check.rule.name for *_, here in nodes for check in here)
    return Counter(
        {
            name: max(0.0, spent[name] / ROUNDS - calls[name] * empty) / FILES / 1000
            for name in spent
        }
    )


def call(check: Check, node: Any, around: dict[str, Any]) -> list[Any]:
    return list(check.problems(node, around))


if __name__ == "__main__":
    main()

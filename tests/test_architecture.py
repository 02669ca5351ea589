"""The shape of the house: which module may know which, and what a start may load."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

import policylint

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PACKAGE = os.path.dirname(os.path.abspath(policylint.__file__))

# From the top down. A module may import from the layers below its own and from its own
# part; the parts of one layer are strangers to each other.
LAYERS = (
    ("cli", "generate"),
    ("rego_pages",),
    ("bundle", "pages", "policy_schema", "trial"),
    ("engine", "discover", "exempt"),
    ("crosscheck", "cases"),
    ("parsers", "rules", "rego", "policy_file", "suppress", "output", "fix"),
    ("policy", "setting_schema"),
    ("rules.index",),
    ("equivalents",),
    ("rule", "references"),
    ("organisation", "finding", "fleet"),
    ("image", "demand"),
    ("workload",),
    ("model",),
    ("detect",),
    ("tree", "dockerfile"),
    ("source",),
    ("patterns",),
    ("named",),
    ("__init__",),
)
# `python -m policylint` is the command line by another name.
OUTSIDE = {"__main__": "cli"}


def modules() -> dict[str, str]:
    """Dotted name inside the package and path of every module."""
    found = {}
    for folder, _, names in os.walk(PACKAGE):
        for name in names:
            if name.endswith(".py"):
                path = os.path.join(folder, name)
                dotted = os.path.relpath(path, PACKAGE)[:-3].replace(os.sep, ".")
                found[dotted.removesuffix(".__init__")] = path
    return found


MODULES = modules()


def part_of(module: str) -> str:
    """The part that a module belongs to: a name in `LAYERS`."""
    if module in OUTSIDE:
        return OUTSIDE[module]
    return module if module == "rules.index" else module.partition(".")[0]


def layer_of(module: str) -> int:
    part = part_of(module)
    return next((at for at, parts in enumerate(LAYERS) if part in parts), -1)


def imports(tree: ast.AST) -> Iterator[ast.Import | ast.ImportFrom]:
    """The imports that happen when a program runs, wherever they stand."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            yield node
        elif not (isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"):
            yield from imports(node)


def imported(path: str) -> Iterator[str]:
    """The modules of ours that a module imports, without the package's name."""
    with open(path, encoding="utf-8") as file:
        tree = ast.parse(file.read())
    for node in imports(tree):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        else:
            assert node.level == 0, f"{path}:{node.lineno}: relative import"
            # `from policylint.tree import yaml_text` imports a module, `… import Place` a name.
            names = [
                f"{node.module}.{alias.name}"
                if f"{node.module}.{alias.name}".removeprefix("policylint.") in MODULES
                else str(node.module)
                for alias in node.names
            ]
        for name in names:
            if name.partition(".")[0] == "policylint":
                yield name.removeprefix("policylint").removeprefix(".") or "__init__"


@pytest.mark.parametrize("module", MODULES)
def test_imports_lead_down(module: str) -> None:
    own = layer_of(module)
    assert own >= 0, f"{module} has no place in the layers"
    up = [
        name
        for name in imported(MODULES[module])
        if part_of(name) != part_of(module) and layer_of(name) <= own
    ]
    assert not up, f"{module} imports {', '.join(up)}"


def test_an_import_upwards_would_be_seen(tmp_path: Path) -> None:
    path = tmp_path / "odd.py"
    path.write_text(
        "from typing import TYPE_CHECKING\n"
        "if TYPE_CHECKING:\n    from policylint.engine import lint\n"
        "import policylint\n"
        "from policylint.tree import yaml_text, Place\n"
        "def late():\n    from policylint import cli\n    import policylint.rules.index\n"
    )
    assert list(imported(str(path))) == ["__init__", "tree.yaml_text", "tree", "cli", "rules.index"]


def test_no_module_is_named_like_one_of_the_standard_library() -> None:
    named_so = {
        module for module in MODULES if module.rpartition(".")[2] in sys.stdlib_module_names
    }
    assert named_so <= {"__main__"}


# What a start loads


def loaded(folder: Path, *arguments: str) -> set[str]:
    """The modules that a command line loads in a process of its own."""
    script = (
        "import sys; before = set(sys.modules)\n"
        "from policylint.cli import exit_code\n"
        f"exit_code({list(arguments)!r})\n"
        "print('\\n' + ' '.join(sorted(set(sys.modules) - before)))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=folder, capture_output=True, text=True, check=True
    )
    assert not done.stderr
    return set(done.stdout.rstrip().rpartition("\n")[2].split())


def ours(names: set[str]) -> set[str]:
    return {name for name in names if name.partition(".")[0] == "policylint"}


def strangers(names: set[str]) -> set[str]:
    """Packages that are neither ours nor the standard library's."""
    tops = {name.partition(".")[0] for name in names}
    return {top for top in tops - sys.stdlib_module_names - {"policylint"} if top[:1] != "_"}


# Slow to import, and of no use to most runs.
HEAVY = {
    "argparse", "asyncio", "concurrent", "dataclasses", "difflib", "email", "http", "inspect",
    "logging", "multiprocessing", "pathlib", "pkgutil", "socket", "subprocess", "unittest",
    "urllib", "zipfile",
}  # fmt: skip
APP = (
    '{"id": "/web", "cmd": "run", "container": {"docker": {"image": "web:1", "privileged": true}}}'
)


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    (tmp_path / ".git").mkdir()
    (tmp_path / "app.json").write_text(APP)
    (tmp_path / "app.yml").write_text("id: /web\ncmd: run\n")
    (tmp_path / "package.json").write_text('{"name": "x", "version": "1"}')
    return tmp_path


def test_the_version_loads_the_command_line_alone(repository: Path) -> None:
    names = loaded(repository, "--version")
    assert ours(names) == {"policylint", "policylint.cli", "policylint.cli.errors"}
    assert strangers(names) == {"click"}


def test_a_json_app_loads_no_yaml_and_nothing_heavy(repository: Path) -> None:
    names = loaded(repository, "check", "app.json")
    assert "policylint.parsers.marathon" in names
    assert strangers(names) <= {"click", "jsonschema_rs"}
    unneeded = {
        "policylint.generate", "policylint.policy_file", "policylint.tree.yaml_text",
        "policylint.suppress", "policylint.parsers.suppressions", "policylint.exempt",
        "policylint.tree.lenient", "policylint.parsers.metronome",
        "policylint.parsers.pods", "policylint.output.sarif", "policylint.output.json_report",
    }  # fmt: skip
    assert sorted(names & unneeded) == []


def test_a_dockerfile_without_exceptions_does_not_pay_for_them(repository: Path) -> None:
    (repository / "Dockerfile").write_text("FROM debian:12.9\n# hadolint ignore=DL3002\nUSER 1\n")
    names = loaded(repository, "check", "Dockerfile")
    assert "policylint.parsers.dockerfile" in names
    exceptions = {
        "policylint.suppress", "policylint.parsers.suppressions", "policylint.parsers.remarks",
        "policylint.dockerfile.remarks", "policylint.dockerfile.checks", "policylint.equivalents",
    }  # fmt: skip
    assert sorted(names & exceptions) == []


def test_a_dockerfile_alone_meets_nobody(repository: Path) -> None:
    (repository / "Dockerfile").write_text("FROM debian:12.9\nUSER 1\n")
    names = loaded(repository, "check", "Dockerfile")
    unneeded = {
        "policylint.workload", "policylint.parsers.definitions", "policylint.parsers.recognise",
        "policylint.cli.values", "policylint.dockerfile.ignored", "policylint.demand",
    }  # fmt: skip
    assert not names & unneeded
    assert not [name for name in names if name.startswith("policylint.fleet")]
    assert not names & {"locale", "textwrap", "unicodedata"}
    names = loaded(repository, "check", "Dockerfile", "app.json")
    assert "policylint.fleet.reader" in names


def test_a_foreign_file_loads_no_parser_and_no_rule(repository: Path) -> None:
    names = loaded(repository, "check", "package.json")
    assert strangers(names) == {"click"}
    assert not [name for name in names if name.startswith("policylint.rules.workload")]
    assert "policylint.parsers.marathon" not in names


def test_yaml_is_loaded_for_yaml_alone(repository: Path) -> None:
    assert "yaml" in loaded(repository, "check", "app.yml")
    (repository / ".policylint.yaml").write_text("extends: baseline\n")
    assert "yaml" in loaded(repository, "check", "app.json")
    assert "yaml" not in loaded(repository, "check", "--policy", "baseline", "app.json")


def test_nothing_of_rego_is_loaded_without_policies_in_rego(repository: Path) -> None:
    (repository / ".policylint.yaml").write_text("extends: all\n")
    for arguments in (["check", "."], ["rules"], ["explain", "privileged-container"]):
        names = loaded(repository, *arguments)
        assert not [name for name in names if name.startswith("policylint.rego")]


def test_ignore_patterns_are_loaded_where_an_ignore_file_is_met(repository: Path) -> None:
    assert "pathspec" not in loaded(repository, "check", ".")
    (repository / ".gitignore").write_text("x\n")
    assert "pathspec" in loaded(repository, "check", ".")
    assert "pathspec" not in loaded(repository, "check", "app.json")


@pytest.mark.parametrize("arguments", [["--version"], ["check", "app.json"], ["check", "app.yml"]])
def test_nothing_heavy_is_loaded_beyond_what_its_dependencies_bring(
    repository: Path, arguments: list[str]
) -> None:
    needed = ["click", "json"]
    needed += ["jsonschema_rs"] if "check" in arguments else []
    needed += ["yaml"] if "app.yml" in arguments else []
    script = f"import sys, {', '.join(needed)}; print(' '.join(sys.modules))"
    floor = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    ).stdout.split()
    assert sorted(loaded(repository, *arguments) & HEAVY - set(floor)) == []

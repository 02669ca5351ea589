"""All policies in Rego of a run: read, named, and ready to be evaluated together."""

from __future__ import annotations

import os
import re
from functools import cached_property
from typing import TYPE_CHECKING, Any

from policylint.policy import PolicyError
from policylint.rego import faults, files
from policylint.rego.opa import POLICIES, SCHEMAS, SECONDS, Opa, Refused, find
from policylint.rego.rules import Metadata, RegoRule, is_name
from policylint.rules.index import RULES
from policylint.source import shipped

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from policylint.policy import Entry
    from policylint.rego.files import RegoFile
    from policylint.rego.opa import Fault

ROOT = "policylint.rules"

_RULE = f"data.{ROOT}."
_OURS = re.compile(r"data\.policylint\b(?!\.lib\b)")
_LAYOUT = (
    f"  a rule's package is {ROOT}.<name>, in small letters, digits and _;"
    " what rules share is below policylint.lib"
)
_MOST_FAULTS = 20


class Library:
    """Policies by the names of their rules; `kinds` are the kinds of documents there are."""

    def __init__(
        self, program: str | None, kinds: Sequence[str], seconds: float | None = None
    ) -> None:
        self.rules: dict[str, RegoRule] = {}
        self._files: dict[str, RegoFile] = {}
        self._tests: dict[str, RegoFile] = {}
        self._owners: dict[str, str] = {}
        self._program = program
        self._kinds = kinds
        self._seconds = seconds or SECONDS

    @cached_property
    def opa(self) -> Opa:
        """The opa that evaluates them; raises `PolicyError`."""
        return Opa(find(self._program), self._seconds)

    def learn(self, paths: Iterable[str], place: str) -> dict[str, Entry]:
        """The rules in files and folders, by name; `place` is what asks for them.

        Raises `PolicyError`.
        """
        found = files.read(paths)
        known = {file.location for file in self._files.values()}
        new = [file for file in found if file.location not in known]
        if new:
            self._add(new, place)
        here = {file.location for file in found}
        rules = [rule for rule in self.rules.values() if self._owners[rule.name] in here]
        return {rule.name: ("", "", rule.severity, rule.family, rule.demands) for rule in rules}

    def learn_tests(self, paths: Iterable[str]) -> int:
        """Read the tests in files and folders, and tell how many files there are."""
        for number, file in enumerate(files.read_tests(paths)):
            self._tests[f"{POLICIES}/{len(self._files) + number}{files.ENDING}"] = file
        return len(self._tests)

    @property
    def tested(self) -> dict[str, bytes]:
        """The policies, their tests and the schemas as files for OPA."""
        return {**self.texts, **_encoded(self._tests)}

    @property
    def paths(self) -> dict[str, str]:
        """The path of every policy and every file of tests, by its name for OPA."""
        return {name: file.path for name, file in {**self._files, **self._tests}.items()}

    def package_of(self, name: str) -> str | None:
        """The rule in a file, by the name that the file has for OPA."""
        file = self._files.get(name)
        found = (rule for rule, place in self._owners.items() if file and place == file.location)
        return next(found, None)

    @property
    def texts(self) -> dict[str, bytes]:
        """The policies and schemas as files for OPA."""
        return {**_encoded(self._files), **_schemas()}

    def check(self) -> None:
        """Compile all policies in the sandbox; raises `PolicyError`."""
        try:
            self.opa.check(self.texts)
        except Refused as refused:
            raise self.refusal(refused) from None

    def refusal(self, refused: Refused) -> PolicyError:
        """Why policies cannot be loaded, with the places."""
        told = [self.explained(fault) for fault in refused.faults[:_MOST_FAULTS]]
        return PolicyError("\n".join(dict.fromkeys(told)))

    def explained(self, fault: Fault) -> str:
        """A fault as people read it."""
        is_v0 = fault.code == faults.PARSE and self._is_v0(fault.file)
        return faults.explained(fault, self.paths, is_v0=is_v0)

    def _add(self, new: Sequence[RegoFile], place: str) -> None:
        numbers = range(len(self._files), len(self._files) + len(new))
        named = {
            f"{POLICIES}/{number}{files.ENDING}": file
            for number, file in zip(numbers, new, strict=True)
        }
        self._files.update(named)
        try:
            found = self.opa.inspect(_encoded(named))
        except Refused as refused:
            raise self.refusal(refused) from None
        except PolicyError as error:
            raise PolicyError(f"{place}: policies in Rego need opa: {error}") from None
        packages = _packages(found)
        metadata = _metadata(found)
        if not any(package.startswith(_RULE) for package in packages):
            raise PolicyError(f"{new[0].path}: no rule here, nor in other files of it\n{_LAYOUT}")
        for package, names in sorted(packages.items()):
            if _OURS.match(package):
                self._add_rule(package, names, metadata.get(package))

    def _add_rule(self, package: str, names: Sequence[str], annotated: Any) -> None:
        paths = [self._files[name].path for name in names]
        last = package.removeprefix(_RULE)
        if not package.startswith(_RULE) or not is_name(last):
            raise PolicyError(f"{paths[0]}: package {package[5:]} is no rule\n{_LAYOUT}")
        if len(paths) > 1:
            raise PolicyError(
                f"{paths[1]}: {package[5:]} stands in {paths[0]} already\n"
                f"  a rule is one file; tests of it stand in one that ends in {files.TESTS}"
            )
        row, said = annotated or (1, {})
        rule = RegoRule(last, Metadata(f"{paths[0]}:{row}", said), self._kinds)
        if rule.name in RULES:
            raise PolicyError(f"{rule.place}: a rule of policylint is called {rule.name} already")
        if rule.name in self.rules:
            other = self.rules[rule.name].place
            raise PolicyError(f"{rule.place}: {rule.name} is the rule in {other} already")
        self.rules[rule.name] = rule
        self._owners[rule.name] = self._files[names[0]].location

    def _is_v0(self, name: str) -> bool:
        file = self._files.get(name) or self._tests.get(name)
        if file is None:
            return False
        try:
            self.opa.check(_encoded({name: file}), "--v0-compatible")
        except Refused as refused:
            return all(fault.code != faults.PARSE for fault in refused.faults)
        return True


def _encoded(named: Mapping[str, RegoFile]) -> dict[str, bytes]:
    return {name: file.text.encode() for name, file in named.items()}


def _schemas() -> dict[str, bytes]:
    folder = shipped(os.path.join("schemas", "rego"))
    found = {}
    for name in sorted(os.listdir(folder)):
        with open(os.path.join(folder, name), "rb") as file:
            found[f"{SCHEMAS}/{name}"] = file.read()
    return found


def _packages(found: Any) -> dict[str, list[str]]:
    """The files of every package."""
    return {package: sorted(names) for package, names in found["namespaces"].items()}


def _metadata(found: Any) -> dict[str, tuple[int, Mapping[str, Any]]]:
    """What is annotated above packages, and the lines of those."""
    return {
        package: (entry["location"]["row"], entry["annotations"])
        for entry in found.get("annotations", ())
        if entry["annotations"]["scope"] == "package"
        for package in [".".join(_steps(entry["path"]))]
    }


def _steps(path: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    return (str(step["value"]) for step in path)

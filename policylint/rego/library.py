"""All policies in Rego of a run: read, named, and ready to be evaluated together."""

from __future__ import annotations

import os
import re
from functools import cached_property
from typing import TYPE_CHECKING, Any

from policylint.policy import PolicyError
from policylint.rego import conftest, faults, files
from policylint.rego.conftest import ConftestRule
from policylint.rego.opa import DATA, POLICIES, SCHEMAS, SECONDS, Opa, Refused, find
from policylint.rego.rules import Metadata, RegoRule, is_name
from policylint.rules.index import RULES
from policylint.source import Span, shipped

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from policylint.policy import Entry, RegoSources
    from policylint.rego.files import RegoFile
    from policylint.rego.opa import Fault

ROOT = "policylint.rules"

_RULE = f"data.{ROOT}."
_OURS = re.compile(r"data\.policylint\b(?!\.lib\b)")
_LAYOUT = (
    f"  a rule's package is {ROOT}.<name>, in small letters, digits and _;"
    " what rules share is below policylint.lib;"
    "\n  deny, violation and warn for conftest are in a package that --namespace names, else main"
)
_LINE = r"^[ \t]*({})\b"
_MOST_FAULTS = 20


class Library:
    """Policies by the names of their rules; `kinds` are the kinds of documents there are."""

    def __init__(
        self, program: str | None, kinds: Sequence[str], seconds: float | None = None
    ) -> None:
        self.rules: dict[str, RegoRule] = {}
        self._files: dict[str, RegoFile] = {}
        self._tests: dict[str, RegoFile] = {}
        self._owners: dict[str, set[str]] = {}
        self._data: dict[str, RegoFile] = {}
        self._program = program
        self._kinds = kinds
        self._seconds = seconds or SECONDS

    @cached_property
    def opa(self) -> Opa:
        """The opa that evaluates them; raises `PolicyError`."""
        return Opa(find(self._program), self._seconds)

    def learn(self, asked: RegoSources, place: str) -> dict[str, Entry]:
        """The rules in files and folders, by name; `place` is what asks for them.

        Raises `PolicyError`.
        """
        found = files.read(asked.policies)
        for path in asked.data:
            self._add_data(path)
        known = {file.location for file in self._files.values()}
        new = [file for file in found if file.location not in known]
        if new:
            self._add(new, asked, place)
        here = {file.location for file in found}
        rules = [
            rule for rule in self.rules.values() if not here.isdisjoint(self._owners[rule.name])
        ]
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
        found = (rule for rule, owners in self._owners.items() if file and file.location in owners)
        return next(found, None)

    @property
    def texts(self) -> dict[str, bytes]:
        """The policies, their data and the schemas as files for OPA."""
        # To load schemas takes OPA as long as to start; METADATA calls one `schema.<name>`.
        has_schema = any("schema" in text for text in self._all_texts())
        schemas = _schemas() if has_schema else {}
        return {**_encoded(self._files), **_encoded(self._data), **schemas}

    def exception(self, rule: RegoRule) -> tuple[RegoFile, Span]:
        """Where the exceptions of a rule's package stand: the first line that begins with one."""
        owners = self._owners[rule.name]
        here = [file for file in self._files.values() if file.location in owners]
        for file in here:
            found = re.search(_LINE.format("exception"), file.text, re.MULTILINE)
            if found:
                return file, Span(*found.span(1))
        return here[0], Span(0, 0)

    def check(self) -> None:
        """Compile all policies in the sandbox; raises `PolicyError`."""
        try:
            self.opa.check(self.texts)
        except Refused as refused:
            raise self.refusal(refused) from None

    def refusal(self, refused: Refused) -> PolicyError:
        """Why policies cannot be loaded, with the places."""
        told: list[str] = []
        other: set[str] = set()
        for fault in refused.faults[:_MOST_FAULTS]:
            # Of a file in the other version of Rego every line is wrong; the first is enough.
            if fault.file not in other:
                told.append(self.explained(fault))
            if fault.code == faults.PARSE and told[-1].endswith(
                tuple(faults.OTHER_VERSION.values())
            ):
                other.add(fault.file)
        return PolicyError("\n".join(dict.fromkeys(told)))

    def explained(self, fault: Fault) -> str:
        """A fault as people read it."""
        names = {**self.paths, **{name: file.path for name, file in self._data.items()}}
        is_other = fault.code == faults.PARSE and self._is_other(fault.file)
        hint = faults.OTHER_VERSION[self.opa.is_v0] if is_other else ""
        return faults.explained(fault, names, hint)

    def _all_texts(self) -> Iterator[str]:
        return (file.text for file in (*self._files.values(), *self._tests.values()))

    def _add_data(self, path: str) -> None:
        known = {file.location for file in self._data.values()}
        for folders, file in files.read_data(path):
            if file.location not in known:
                ending = os.path.splitext(file.path)[1].lower()
                name = f"{len(self._data)}{ending}"
                self._data["/".join(filter(None, (DATA, folders, name)))] = file

    def _add(self, new: Sequence[RegoFile], asked: RegoSources, place: str) -> None:
        numbers = range(len(self._files), len(self._files) + len(new))
        named = {
            f"{POLICIES}/{number}{files.ENDING}": file
            for number, file in zip(numbers, new, strict=True)
        }
        self._files.update(named)
        try:
            self.opa.is_v0 |= asked.version == "v0"
            found = self.opa.inspect(_encoded(named))
        except Refused as refused:
            raise self.refusal(refused) from None
        except PolicyError as error:
            raise PolicyError(f"{place}: policies in Rego need opa: {error}") from None
        packages = _packages(found)
        metadata = _metadata(found)
        for package, names in sorted(packages.items()):
            if _OURS.match(package):
                self._add_rule(package, names, metadata.get(package))
        is_ours = any(package.startswith(_RULE) for package in packages)
        if not self._add_conftest(packages, metadata, asked) and not is_ours:
            raise PolicyError(f"{new[0].path}: no rule here, nor in other files of it\n{_LAYOUT}")

    def _add_conftest(
        self,
        packages: Mapping[str, Sequence[str]],
        metadata: Mapping[str, tuple[int, Mapping[str, Any]]],
        asked: RegoSources,
    ) -> bool:
        """Add the rules for conftest; the answer is whether there are any."""
        patterns = asked.namespaces or (conftest.NAMESPACE,)
        spaces = {
            package: names
            for package, names in packages.items()
            if conftest.is_asked(package.removeprefix("data."), patterns)
        }
        if not spaces:
            return False
        try:
            known = self.opa.names(_encoded(self._files))
        except Refused as refused:
            raise self.refusal(refused) from None
        on = conftest.COMBINED if asked.combine else conftest.SINGLE
        is_any = False
        for rule in sorted(known):
            package, _, query = rule.rpartition(".")
            if package in spaces and conftest.is_rule(query):
                is_any = True
                here = [self._files[name] for name in spaces[package]]
                said = metadata.get(rule, metadata.get(package, (0, {})))[1]
                self._add_query(package.removeprefix("data."), query, here, said, on)
        return is_any

    def _add_query(
        self,
        namespace: str,
        query: str,
        here: Sequence[RegoFile],
        said: Mapping[str, Any],
        on: str,
    ) -> None:
        name = f"{namespace}.{query}"
        if name not in self.rules:
            place = _first_line(query, here)
            if not conftest.is_plain(namespace):
                raise PolicyError(f"{place}: no rule can be called {name}: rename the package")
            self.rules[name] = ConftestRule(namespace, query, place, said, on)
        self._owners.setdefault(name, set()).update(file.location for file in here)

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
        self._owners[rule.name] = {self._files[names[0]].location}

    def _is_other(self, name: str) -> bool:
        """Whether a file is in the other version of Rego."""
        file = self._files.get(name) or self._tests.get(name)
        if file is None:
            return False
        try:
            self.opa.check(_encoded({name: file}), is_v0=not self.opa.is_v0)
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
    """What is annotated above packages and rules, and the lines of those."""
    return {
        ".".join(_steps(entry["path"])): (entry["location"]["row"], entry["annotations"])
        for entry in found.get("annotations", ())
        if entry["annotations"]["scope"] in ("package", "rule", "document")
    }


def _first_line(query: str, files: Sequence[RegoFile]) -> str:
    """Where a rule begins, for people: as far as its name begins a line."""
    for file in files:
        found = re.search(_LINE.format(query), file.text, re.MULTILINE)
        if found:
            return f"{file.path}:{file.text.count(chr(10), 0, found.start()) + 1}"
    return f"{files[0].path}:1"


def _steps(path: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    return (str(step["value"]) for step in path)

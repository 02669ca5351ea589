"""Case files: documents in which marks show what a rule must report.

    rule: untrusted-registry

    a longer host name is another host:
      settings: {allowed: [registry.example.com]}
      marathon: |
        {"id": "/w", "container": {"docker": {"image": ⟦"registry.example.com.evil.org/w"⟧}}}

Every key but `rule` is the title of a case. What stands between the marks ⟦ and ⟧
must be reported, and nothing else may be. A case has one document under its kind
or several under `files`, where a `.dockerignore` belongs to the others, and may state:

    settings       settings of the rule
    today          the day on which it is judged, as in 2027-03-31, for a policy in Rego
    organisation   facts about the organisation, as under `settings` in a policy
    policy         a whole policy file in place of both
    severity       of what is marked, where it is not the rule's usual one
    message        words that the message has
    instead        the whole way out, without this word

Severity, message and way out are one for all marks, or a list with one for each.
"""

from __future__ import annotations

import json
import os
import re
from typing import TYPE_CHECKING, Any

from policylint.detect.dates import is_date
from policylint.finding import SEVERITIES
from policylint.named import NamedTuple
from policylint.source import MAX_BYTES, SourceFile, Span, decode
from policylint.tree import Place, Unreadable
from policylint.tree.yaml_text import YamlTree, read

if TYPE_CHECKING:
    from collections.abc import Iterator

# The file in which a document of each kind lies.
FILE_NAMES = {
    "marathon": "app.json",
    "pod": "pod.json",
    "job": "job.json",
    "yaml": "app.yaml",
    "dockerfile": "Dockerfile",
}
_IGNORE_FILE = ".dockerignore"
_OPTIONS = ("settings", "today", "organisation", "policy", "severity", "message", "instead")
_MARK = re.compile("[⟦⟧]")


class Mark(NamedTuple):
    """A place that must be reported, and what is known of the report."""

    path: str
    span: Span
    severity: str | None
    message: str
    instead: str | None


class Case(NamedTuple):
    """Documents without their marks, the marks, and the policy under which they are judged."""

    rule: str
    title: str
    sources: tuple[SourceFile, ...]
    marks: tuple[Mark, ...]
    policy: str
    is_ours: bool
    today: str | None = None

    @property
    def name(self) -> str:
        """How a test report calls the case."""
        return f"{self.rule}: {self.title}"


class CaseFileError(Exception):
    """A case file that does not say clearly what must be found; file, line and case included."""


def read_cases(path: str) -> list[Case]:
    """The cases of a file; raises `CaseFileError` for anything that is not understood."""
    try:
        with open(path, "rb") as file:
            text, failure = decode(file.read(MAX_BYTES))
    except OSError as error:
        raise CaseFileError(f"{path}: cannot be read: {error.strerror}") from None
    if failure is not None:
        raise CaseFileError(f"{path}: {failure.message}")
    return _File(path, text).cases()


class _File:
    def __init__(self, path: str, text: str) -> None:
        self._path = path
        self._source = SourceFile(path, text)
        self._tree = self._read()

    def cases(self) -> list[Case]:
        if not isinstance(self._tree.value, dict):
            raise self._mistake((), "expected a rule and its cases")
        for repeated in self._tree.repeated():
            if repeated.exact:
                path = (*repeated.path, repeated.name)
                raise self._mistake(path, f'"{repeated.name}" stands here twice')
        rule, *titles = self._tree.value
        if rule != "rule":
            raise self._mistake((rule,), "expected `rule` first")
        name = self._tree.value[rule]
        if f"{name}.yaml" != os.path.basename(self._path):
            raise self._mistake((rule,), f'the rule is "{name}", the file is called otherwise')
        if not titles:
            raise self._mistake((rule,), "no cases")
        return [self._case(name, title, self._tree.value[title]) for title in titles]

    def _case(self, rule: str, title: str, case: Any) -> Case:
        if not isinstance(case, dict):
            raise self._mistake((title,), "expected a document and what is known of it")
        for key in case:
            if key not in FILE_NAMES and key not in _OPTIONS and key != "files":
                raise self._mistake((title, key), f'no such key: "{key}"')
        texts = self._texts(title, case)
        spans = []
        sources = []
        is_placed = "files" in case
        beside = None
        if _IGNORE_FILE in texts:
            beside = SourceFile(_IGNORE_FILE, texts[_IGNORE_FILE])
        for path, text in texts.items():
            if path == _IGNORE_FILE:
                continue
            plain, found = self._unmark(title, text)
            plain, failure = decode(plain.encode())
            sources.append(
                SourceFile(path, plain, error=failure, beside=beside, is_placed=is_placed)
            )
            spans += [(path, span) for span in found]
        severities = self._for_each(title, case, "severity", len(spans))
        if any(severity not in (None, *SEVERITIES) for severity in severities):
            raise self._mistake((title, "severity"), f"expected {', '.join(SEVERITIES)}")
        messages = self._for_each(title, case, "message", len(spans))
        ways_out = self._for_each(title, case, "instead", len(spans))
        marks = (
            Mark(*place, severity, message or "", instead)
            for place, severity, message, instead in zip(
                spans, severities, messages, ways_out, strict=True
            )
        )
        policy = self._policy(rule, title, case)
        is_ours = not is_placed or beside is not None
        today = case.get("today")
        if "today" in case and not (isinstance(today, str) and is_date(today)):
            raise self._mistake((title, "today"), "expected a day, as in 2027-03-31")
        return Case(rule, title, tuple(sources), tuple(marks), policy, is_ours, today)

    def _texts(self, title: str, case: dict[str, Any]) -> dict[str, str]:
        kinds = [kind for kind in (*FILE_NAMES, "files") if kind in case]
        if len(kinds) != 1:
            raise self._mistake((title,), f"expected one document, found {len(kinds)}")
        (kind,) = kinds
        texts = case[kind] if kind == "files" else {FILE_NAMES[kind]: case[kind]}
        if not isinstance(texts, dict) or not texts:
            raise self._mistake((title, kind), "expected paths and texts")
        for text in texts.values():
            if not isinstance(text, str):
                raise self._mistake((title, kind), "expected a text, as after `|`")
        return texts

    def _unmark(self, title: str, text: str) -> tuple[str, list[Span]]:
        spans: list[Span] = []
        start: int | None = None
        for removed, mark in enumerate(_MARK.finditer(text)):
            if (mark.group() == "⟦") != (start is None):
                raise self._mistake((title,), "marks do not come in pairs")
            at = mark.start() - removed
            if start is None:
                start = at
            else:
                spans.append(Span(start, at))
                start = None
        if start is not None:
            raise self._mistake((title,), "a mark is not closed")
        return _MARK.sub("", text), spans

    def _for_each(self, title: str, case: dict[str, Any], key: str, marks: int) -> list[str | None]:
        """What is said of each mark: one text for all of them, or a list with one for each."""
        if key not in case:
            return [None] * marks
        stated = case[key] if isinstance(case[key], list) else [case[key]] * marks
        if not marks or len(stated) != marks:
            raise self._mistake((title, key), f"{len(stated)} for {marks} marks")
        if not all(isinstance(text, str) for text in stated):
            raise self._mistake((title, key), "expected a text or a list of texts")
        return stated

    def _policy(self, rule: str, title: str, case: dict[str, Any]) -> str:
        """The text of a policy file; every rule is on, so that those before this one speak."""
        settings, organisation = case.get("settings"), case.get("organisation")
        if "policy" not in case:
            policy: dict[str, Any] = {"extends": "all"}
            if settings:
                policy["rules"] = {rule: settings}
            if organisation:
                policy["settings"] = organisation
            return json.dumps(policy)
        if settings or organisation:
            raise self._mistake((title, "policy"), "a whole policy leaves no room for settings")
        return str(case["policy"])

    def _read(self) -> YamlTree:
        try:
            trees = read(self._source.text)
        except Unreadable as error:
            raise self._located(error.span, error.message) from None
        if len(trees) != 1:
            raise self._located(Span(0, 0), "expected one document")
        return trees[0]

    def _mistake(self, path: tuple[str | int, ...], message: str) -> CaseFileError:
        where = f'case "{path[0]}": ' if path else ""
        return self._located(self._tree.span(Place(path, key=True)), f"{where}{message}")

    def _located(self, span: Span, message: str) -> CaseFileError:
        line, column = self._source.position(span.start)
        return CaseFileError(f"{self._path}:{line}:{column}: {message}")


def case_files(folder: str) -> Iterator[str]:
    """The paths of the case files in a folder, in the order of their names."""
    for name in sorted(os.listdir(folder)):
        if name.endswith(".yaml"):
            yield os.path.join(folder, name)

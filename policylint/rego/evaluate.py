"""Policies in Rego and documents in, problems out: one run of OPA for many documents."""

from __future__ import annotations

import json
import os
import threading
from typing import TYPE_CHECKING, Any

from policylint.finding import SEVERITIES, Problem
from policylint.model import Suppression
from policylint.named import NamedTuple
from policylint.policy import PolicyError, suggestion
from policylint.rego import conftest, faults, opa
from policylint.rego.conftest import COMBINED, SINGLE, ConftestRule
from policylint.rego.places import Nowhere, find
from policylint.rego.results import chosen, located, read_results
from policylint.rego.rules import DOCUMENT, FLEET
from policylint.rego.shapes import shapes
from policylint.rego.view import path_of, view
from policylint.source import SourceFile

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from datetime import datetime

    from policylint.finding import Finding
    from policylint.model import At
    from policylint.parsers import Document
    from policylint.rego.library import Library
    from policylint.rego.rules import RegoRule
    from policylint.rego.shapes import Shape

# OPA takes about forty times as much memory, and works on one part while the next is read.
CHUNK = 1024 * 1024
# Of a policy that fails again and again this many documents are told.
MAX_FAILURES = 3

# For each policy: its number, how many documents it had an answer for, and those answers
# that are not empty. Names and settings are input too: the query never changes. The new
# input needs a name: of an object that stands behind `with` itself, OPA loses members.
# Rego v0 and v1 both know what is written here.
_QUERY = """{%s
  "document": [[r, count(all), [row | row := all[_]; row[1] != set()]] |
    rule := input.rules[r]
    rule.on == "document"
    all := [[d, found] |
      document := input.documents[d]
      document.kind == rule.kinds[_]
      given := {
        "path": document.path,
        "kind": document.kind,
        "model": document.model,
        "source": document.source,
        "findings": document.findings,
        "settings": rule.settings,
      }
      found := data.policylint.rules[rule.package].deny with input as given
    ]
  ],
  "fleet": [[r, found] |
    rule := input.rules[r]
    rule.on == "fleet"
    given := {
      "documents": [document |
        document := input.documents[_]
        document.kind == rule.kinds[_]
      ],
      "settings": rule.settings,
    }
    found := data.policylint.rules[rule.package].deny with input as given
  ],
}"""
_KEYS = {DOCUMENT: ("msg", "path", "severity"), FLEET: ("msg", "path", "severity", "document")}
_WANTED = 'a result is {"msg": "what is wrong", "path": [...]}, and may have a severity'
_MOST = 1000


class Question(NamedTuple):
    """What OPA is asked: the input of `query`, and the day and the moment."""

    given: bytes
    today: str
    now: str

    def put_to(self, library: Library) -> Any:
        """The answer to this question alone; raises `opa.Refused`."""
        data = _encoded({"policylint": {"today": self.today, "now": self.now}})
        files = {**library.texts, "data.json": data}
        return library.opa.evaluate(query(library), files, self.given)


def query(library: Library) -> str:
    """What to ask OPA of the rules of a library."""
    return _QUERY % conftest.question(library.rules.values())


class Answer(NamedTuple):
    """What a policy says of a document, which goes by the number that `add` gave it.

    `by` is the exception that another policy makes, and the file in which that stands.
    """

    number: int
    rule: RegoRule
    problem: Problem
    by: tuple[Suppression, SourceFile] | None = None


class _Asked(NamedTuple):
    number: int
    document: Document
    encoded: bytes
    shapes: Sequence[Shape]


class _Asking(threading.Thread):
    """Collects answers beside the run."""

    def __init__(self, answers: Iterator[Answer]) -> None:
        super().__init__(daemon=True)
        self._answers = answers
        self._found: list[Answer] = []
        self._error: BaseException | None = None
        self.start()

    def run(self) -> None:
        """Collect them all, or why there are none."""
        try:
            self._found = list(self._answers)
        except BaseException as error:  # whoever waits raises it
            self._error = error

    def result(self) -> list[Answer]:
        """The answers, when all are there; raises what kept them from coming."""
        self.join()
        if self._error is not None:
            raise self._error
        return self._found


class Evaluation:
    """The policies of a run, asked about document after document.

    `settings` are those of the rules that run, `failures` what went wrong on the way:
    policies that could not be evaluated on a document, and answers that are none.
    `put` is how questions get to OPA.
    """

    def __init__(
        self,
        library: Library,
        settings: Mapping[str, Mapping[str, Any]],
        now: datetime,
        put: Callable[[Question, Library], Any] = Question.put_to,
    ) -> None:
        self.failures: list[str] = []
        self._library = library
        self._rules = [library.rules[name] for name in settings]
        self._settings = settings
        self._now = now
        self._put = put
        self._is_conftest = any(isinstance(rule, ConftestRule) for rule in self._rules)
        is_ours = not all(isinstance(rule, ConftestRule) for rule in self._rules)
        self._is_ours = is_ours or not self._is_conftest
        self._waiting: list[_Asked] = []
        self._size = 0
        self._count = 0
        self._is_tried = False
        self._asking: _Asking | None = None
        self._failed: dict[str, int] = {}
        self._exceptions: dict[str, tuple[Suppression, SourceFile]] = {}

    @property
    def is_full(self) -> bool:
        """Whether there is enough to ask about; policies on the fleet wait for all of it."""
        return self._size >= CHUNK and not any(map(_is_together, self._rules))

    def add(self, document: Document, findings: Iterable[Finding]) -> int:
        """Ask about a document too; `findings` are what the built-in rules say of it."""
        seen: dict[str, Any] = {}
        found: Sequence[Shape] = ()
        if self._is_ours:
            seen = _seen(document, findings)
        if self._is_conftest:
            found = shapes(document)
            seen.update(_given(document, found))
        asked = _Asked(self._count, document, _encoded(seen), found)
        self._waiting.append(asked)
        self._size += len(asked.encoded)
        self._count += 1
        return asked.number

    def ask(self) -> None:
        """Begin to ask about the documents added since the last time; files can be read on."""
        asked, self._waiting, self._size = self._waiting, [], 0
        # Without any document at least the policies are compiled.
        if asked or not self._is_tried:
            self._is_tried = True
            self._asking = _Asking(self._all_answers(asked))

    def answers(self) -> list[Answer]:
        """What there is to say of the documents that were asked about last.

        Raises `PolicyError` when the policies cannot be evaluated at all.
        """
        asking, self._asking = self._asking, None
        return asking.result() if asking is not None else []

    def stop(self) -> None:
        """Ask no further: nobody waits for an answer."""
        if self._asking is not None:
            self._library.opa.stop()
            self._asking.join()

    def _all_answers(self, asked: Sequence[_Asked]) -> Iterator[Answer]:
        parts = list(_chunks(asked))
        together = [rule for rule in self._rules if _is_together(rule)]
        alone = [rule for rule in self._rules if not _is_together(rule)]
        for part in parts:
            yield from self._ask(part, self._rules if len(parts) == 1 else alone)
        if together and len(parts) > 1:
            yield from self._ask(asked, together)

    def _ask(self, asked: Sequence[_Asked], rules: Sequence[RegoRule]) -> Iterator[Answer]:
        """The answers of policies; where OPA gives up, those of ever smaller parts."""
        rules = [rule for rule in rules if self._failed.get(rule.name, 0) < MAX_FAILURES]
        try:
            found = self._evaluate(asked, rules)
        except opa.Refused as refused:
            fault = refused.faults[0]
            if not fault.code.startswith("eval_") or not rules:
                raise self._library.refusal(refused) from None
            if fault.code == faults.CANCELLED:
                raise PolicyError(self._library.explained(fault)) from None
            halves = _halves(asked, rules)
            for part, some in halves:
                yield from self._ask(part, some)
            if not halves:
                self._fail(rules[0], self._library.explained(fault), asked)
            return
        yield from self._read_all(found, asked, rules)

    def _read_all(
        self, found: Any, asked: Sequence[_Asked], rules: Sequence[RegoRule]
    ) -> Iterator[Answer]:
        for number, count, rows in found[DOCUMENT]:
            rule = rules[number]
            if count < sum(one.document.kind in rule.kinds for one in asked):
                self._no_deny(rule)
            for index, results in rows:
                yield from self._read(rule, results, [asked[index]])
        for number, results in found[FLEET]:
            rule = rules[number]
            seen = [one for one in asked if one.document.kind in rule.kinds]
            yield from self._read(rule, results, seen)
        for index, shape, row in found.get(SINGLE, ()):
            yield from self._hear(rules, row, [(asked[index], asked[index].shapes[shape])])
        combined = [(one, shape) for one in sorted(asked, key=_path) for shape in one.shapes]
        for row in found.get(COMBINED, ()) if combined else ():
            yield from self._hear(rules, row, combined)
        answered = {number for number, _ in found[FLEET]}
        for number, rule in enumerate(rules):
            if rule.on == FLEET and number not in answered:
                self._no_deny(rule)

    def _evaluate(self, asked: Sequence[_Asked], rules: Sequence[RegoRule]) -> Any:
        told = [
            {
                "package": rule.package,
                "on": rule.on,
                "kinds": rule.kinds,
                "settings": self._settings[rule.name],
            }
            for rule in rules
        ]
        combined = {
            **{on: conftest.told(rules, on) for on in (SINGLE, COMBINED)},
            "order": sorted(range(len(asked)), key=lambda at: _path(asked[at])),
            # Conftest gives all together the name of a file beside them.
            "file": {"name": "Combined", "dir": os.getcwd()},
        }
        documents = b",".join(one.encoded for one in asked)
        given = b'{"documents": [%b], "rules": %b, "conftest": %b}' % (
            documents, _encoded(told), _encoded(combined),
        )  # fmt: skip
        return self._put(Question(given, str(self._now.date()), _moment(self._now)), self._library)

    def _read(self, rule: RegoRule, results: Any, asked: Sequence[_Asked]) -> Iterator[Answer]:
        """The problems that the results of a policy are."""
        for result in results if isinstance(results, list) else [results]:
            try:
                one = asked[_document(result, len(asked)) if rule.on == FLEET else 0]
                problem = _problem(one.document, result, _KEYS[rule.on])
            except Nowhere as wrong:
                about = () if rule.on == FLEET else asked
                self._fail(rule, f"{rule.place}: {wrong}", about)
            else:
                yield Answer(one.number, rule, problem)

    def _hear(
        self,
        rules: Sequence[RegoRule],
        row: tuple[int, Any, bool],
        inputs: Sequence[tuple[_Asked, Shape]],
    ) -> Iterator[Answer]:
        """The problems that the results of a policy for conftest are; `inputs` in its order."""
        number, value, is_excepted = row
        rule = rules[number]
        is_combined = rule.on == COMBINED
        by = self._exception(rule) if is_excepted and isinstance(rule, ConftestRule) else None
        places = [(one.document, shape) for one, shape in inputs]
        try:
            for result in read_results(value):
                index = chosen(result, places) if is_combined else 0
                at = located(result, *places[index], is_combined=is_combined)
                yield Answer(inputs[index][0].number, rule, _said(result.message, at), by)
        except Nowhere as wrong:
            about = () if is_combined else [inputs[0][0]]
            self._fail(rule, f"{rule.place}: {wrong}", about)

    def _exception(self, rule: ConftestRule) -> tuple[Suppression, SourceFile]:
        """The exception that a policy makes for a rule."""
        if rule.name not in self._exceptions:
            file, at = self._library.exception(rule)
            reason = f'data.{rule.package}.exception names "{rule.bare}"'
            said = Suppression("exception", "policy", (), reason, None, at)
            source = SourceFile(file.path, file.text, location=file.location)
            self._exceptions[rule.name] = said, source
        return self._exceptions[rule.name]

    def _no_deny(self, rule: RegoRule) -> None:
        self._fail(rule, f"{rule.place}: there is no `deny contains ... if` in it", ())

    def _fail(self, rule: RegoRule, message: str, asked: Sequence[_Asked]) -> None:
        """Note what went wrong with a policy; of the same policy a few are enough."""
        count = self._failed[rule.name] = self._failed.get(rule.name, 0) + 1
        if count > MAX_FAILURES:
            return
        first, _, rest = message.partition("\n")
        about = asked[0].document.source.path if len(asked) == 1 else ""
        where = ", ".join(word for word in (rule.name, _short(about)) if word)
        more = "\n  it fails again and again" if count == MAX_FAILURES else ""
        self.failures.append(f"{first} ({where}){rest and chr(10) + rest}{more}")


def _is_together(rule: RegoRule) -> bool:
    """Whether a policy looks at all documents at once."""
    return rule.on in (FLEET, COMBINED)


def _path(asked: _Asked) -> str:
    return asked.document.source.path


def _given(document: Document, found: Sequence[Shape]) -> dict[str, Any]:
    """A document as policies for conftest see it."""
    location = os.path.abspath(document.source.location)
    return {
        "path": document.source.path,
        "inputs": [shape.value for shape in found],
        "file": {"name": os.path.basename(location), "dir": os.path.dirname(location)},
    }


def _chunks(asked: Sequence[_Asked]) -> Iterator[Sequence[_Asked]]:
    """Parts of at most a chunk, if a single document is not larger."""
    start = size = 0
    for index, one in enumerate(asked):
        if size and size + len(one.encoded) > CHUNK:
            yield asked[start:index]
            start, size = index, 0
        size += len(one.encoded)
    yield asked[start:]


def _halves(
    asked: Sequence[_Asked], rules: Sequence[RegoRule]
) -> list[tuple[Sequence[_Asked], Sequence[RegoRule]]]:
    """Smaller questions that together are the same one; a fleet cannot be parted."""
    fleet = [rule for rule in rules if _is_together(rule)]
    if fleet and len(fleet) < len(rules):
        return [(asked, fleet), (asked, [rule for rule in rules if not _is_together(rule)])]
    if not fleet and len(asked) > 1:
        half = len(asked) // 2
        return [(asked[:half], rules), (asked[half:], rules)]
    half = len(rules) // 2
    return [(asked, rules[:half]), (asked, rules[half:])] if half else []


def _document(result: Any, count: int) -> int:
    """The number of the document that a result on the fleet names."""
    number = result.get("document") if isinstance(result, dict) else None
    if type(number) is not int or not 0 <= number < count:
        raise Nowhere(f"{_quoted(result)} names no document: it is an index of input.documents")
    return number


def _problem(document: Document, result: Any, keys: Sequence[str]) -> Problem:
    if not isinstance(result, dict):
        raise Nowhere(f"{_quoted(result)} is no result\n  {_WANTED}")
    for key in result:
        if key not in keys:
            raise Nowhere(f'no such member of a result: "{_short(key)}"{suggestion(key, keys)}')
    message, severity = result.get("msg"), result.get("severity")
    if not isinstance(message, str) or not message.strip():
        raise Nowhere(f"{_quoted(result)} has no message\n  {_WANTED}")
    if severity is not None and severity not in SEVERITIES:
        words = f"none of {', '.join(SEVERITIES)}"
        raise Nowhere(
            f"severity: {_quoted(severity)} is {words}{suggestion(str(severity), SEVERITIES)}"
        )
    if "path" not in result:
        raise Nowhere(f"{_quoted(result)} has no path\n  {_WANTED}")
    try:
        at = find(document, result["path"])
    except Nowhere as wrong:
        raise Nowhere(f"path {_quoted(result['path'])} {wrong}") from None
    return _said(message, at, severity)


def _said(message: str, at: At, severity: str | None = None) -> Problem:
    return Problem(at, " ".join(message.split())[:_MOST], severity=severity)


def _seen(document: Document, findings: Iterable[Finding]) -> dict[str, Any]:
    """A document as policies see it."""
    tree = document.tree
    return {
        **view(document),
        "source": document.source.text if tree is None else tree.value,
        "findings": [_told(finding) for finding in findings],
    }


def _told(finding: Finding) -> dict[str, Any]:
    subject = {"subject": finding.subject} if finding.subject is not None else {}
    return {
        "rule": finding.rule.name,
        "severity": finding.severity,
        "family": finding.rule.family,
        "message": finding.message,
        **subject,
        "path": path_of(finding.at),
    }


def _encoded(value: object) -> bytes:
    # Readers see to it that there is neither infinity nor NaN.
    return json.dumps(value, separators=(",", ":"), allow_nan=False).encode()


def _moment(now: datetime) -> str:
    return f"{now:%Y-%m-%dT%H:%M:%SZ}"


def _quoted(value: object) -> str:
    return _short(json.dumps(value))


def _short(text: str) -> str:
    return text if len(text) <= 100 else f"{text[:100]}..."

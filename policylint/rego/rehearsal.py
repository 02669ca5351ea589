"""Many questions to OPA in one go: they are noted first, put together, and then answered."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from policylint.rego.evaluate import Question, query
from policylint.rego.opa import Refused

if TYPE_CHECKING:
    from policylint.rego.library import Library
    from policylint.rego.opa import Coverage

# Every question has its own input and its own day.
_MANY = """[found |
  some one in input.asked
  given := one.given
  today := one.today
  now := one.now
  found := %s with input as given
    with data.policylint.today as today
    with data.policylint.now as now
]"""
_NOTHING: dict[str, list[Any]] = {"document": [], "fleet": []}


class Rehearsal:
    """Questions of a library's policies; `coverage` is what the answers took."""

    def __init__(self, library: Library) -> None:
        self.coverage: Coverage = {}
        self._library = library
        self._asked: dict[Question, Any] = {}

    def note(self, question: Question, _library: Library) -> Any:
        """Note a question; there is nothing to say to it yet."""
        self._asked[question] = None
        return _NOTHING

    def ask(self) -> None:
        """Put all questions at once.

        Where a policy fails on one of them, each is put by itself when its turn comes.
        """
        asked = b",".join(
            b'{"given": %b, "today": %b, "now": %b}'
            % (one.given, json.dumps(one.today).encode(), json.dumps(one.now).encode())
            for one in self._asked
        )
        given = b'{"asked": [%b]}' % asked
        try:
            answers, self.coverage = self._library.opa.covered(
                _MANY % query(self._library), self._files(), given
            )
        except Refused:
            self._asked.clear()
        else:
            self._asked = dict(zip(self._asked, answers, strict=True))

    def answer(self, question: Question, library: Library) -> Any:
        """The answer to a question; raises `Refused`."""
        return self._asked[question] if question in self._asked else question.put_to(library)

    def _files(self) -> dict[str, bytes]:
        return {**self._library.texts, "data.json": b"{}"}

"""Rules about documents as such: what cannot be read, or reads differently for everybody."""

from __future__ import annotations

from typing import TYPE_CHECKING

from policylint.finding import Problem
from policylint.model import ReadProblem, RepeatedKey
from policylint.rule import rule

if TYPE_CHECKING:
    from policylint.finding import Problems


@rule(on=ReadProblem, severity="high", family="document", refs="CWE-20 CWE-400")
def document_unreadable(problem: ReadProblem) -> Problems:
    """Document cannot be read.

    A file that cannot be read has not been checked. Passing it would make a
    broken document the easiest way around every rule, so it fails the run
    whatever else a policy says.

    Instead, correct the syntax, save the file as UTF-8, and split what is too large.

    Bad (marathon):
        {"id": "/web", "cmd": "run", "cpus": 0.1

    Good (marathon):
        {"id": "/web", "cmd": "run", "cpus": 0.1}
    """
    yield Problem(problem, problem.message, instead=problem.instead)


@rule(on=RepeatedKey, severity="high", family="document", refs="CWE-436")
def duplicate_key(key: RepeatedKey) -> Problems:
    """Same key twice in one object.

    Parsers disagree on which one counts, so whoever reviews the file, this
    linter and the scheduler may each see another document.

    Instead, keep the one that is meant and delete the other.

    Bad (marathon):
        {"id": "/web", "cmd": "run", "cmd": "walk"}

    Good (marathon):
        {"id": "/web", "cmd": "walk"}
    """
    related = ((key.first, "stands here first"),)
    if key.exact:
        yield Problem(key, f'key "{key.name}" stands twice in this object', related)
    else:
        yield Problem(key, f'key "{key.name}" differs from another one only by case', related)

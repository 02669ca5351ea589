"""`policylint exemptions`."""

from __future__ import annotations

import os
from datetime import date
from typing import TYPE_CHECKING, Any

import click

from policylint.cli.errors import UsageError, fail
from policylint.cli.policies import policy_for, reported, root_of
from policylint.cli.rego import rego_options
from policylint.discover import Failure, common_folder, discover
from policylint.named import NamedTuple
from policylint.output.text import printable
from policylint.parsers import parse
from policylint.policy import PolicyError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from policylint.cli.rego import Shelf
    from policylint.model import Suppression
    from policylint.policy import Policy
    from policylint.source import SourceFile
    from policylint.suppress import Terms

_WORDS = {"comment": "comment", "label": "label", "exemption": "policy"}


class Listed(NamedTuple):
    """A suppression or an exemption, as it is listed."""

    rules: tuple[str, ...]
    form: str
    scope: str
    subject: str | None
    files: str | None
    place: str
    reason: str
    owner: str | None
    until: str | None
    days_left: int | None
    age: int | None
    state: str


@click.command(short_help="List all suppressions and exemptions.")
@click.argument("paths", nargs=-1, metavar="[PATH]...")
@click.option(
    "--policy",
    "policy_name",
    envvar="POLICYLINT_POLICY",
    metavar="NAME|FILE",
    help="Use this policy set or file instead of the one that is found.",
)
@click.option("--isolated", is_flag=True, help="Do not look for a policy file.")
@click.option(
    "--format",
    "form",
    type=click.Choice(("text", "json", "markdown")),
    default="text",
    show_default=True,
    help="What to print.",
)
@rego_options
def command(
    paths: tuple[str, ...],
    policy_name: str | None,
    isolated: bool,
    form: str,
    shelf: Shelf,
) -> int | None:
    """List the exceptions in PATHS (default: .) and in the policy.

    Those in comments and labels, and the policy's exemptions: for which rules, for whom,
    why, who answers for it, until when, and how old they are where git knows.
    """
    paths = paths or (".",)
    policy = policy_for(policy_name, paths, shelf, isolated=isolated)
    root = root_of(policy, common_folder(paths))
    policy = reported(policy, root)
    failures: list[Failure] = []
    try:
        found = list(_listed(_all(paths, policy, root, failures), policy))
    except PolicyError as error:
        raise UsageError(str(error)) from None
    render = {"text": _text, "json": _json, "markdown": _markdown}[form]
    click.echo(render(found))
    for failure in failures:
        fail(f"{printable(failure.path)}: {failure.reason}")
    return 2 if failures else None


def _all(
    paths: Iterable[str], policy: Policy, root: str, failures: list[Failure]
) -> Iterator[tuple[SourceFile, Suppression]]:
    """All that asks for something to be taken back, in the order of the files."""
    for source in discover(paths, root=root, exclude=policy.exclude):
        if isinstance(source, Failure):
            failures.append(source)
            continue
        asked = [found for document in parse(source) for found in document.suppressions]
        for suppression in sorted(asked, key=lambda found: found.at):
            yield source, suppression
    for exemption in policy.exemptions:
        yield exemption.source, exemption.asked


def _listed(found: Iterable[tuple[SourceFile, Suppression]], policy: Policy) -> Iterator[Listed]:
    from policylint.cli.blame import Blame
    from policylint.suppress import judge, terms

    demands = terms(policy)
    blame = Blame(demands.today)
    for source, asked in found:
        line, column = source.position(asked.at.start)
        until = asked.until if asked.fault is None else None
        yield Listed(
            rules=tuple(rule.value for rule in asked.rules),
            form=_WORDS[asked.form],
            scope=asked.scope,
            subject=asked.subject,
            files=asked.path,
            place=f"{source.path}:{line}:{column}",
            reason=asked.reason,
            owner=asked.owner,
            until=until,
            days_left=(date.fromisoformat(until) - demands.today).days if until else None,
            age=blame.age(source.location, source.line(line), line),
            state=_state(judge(asked, demands), demands),
        )


def _state(asked: Suppression, demands: Terms) -> str:
    """Whether it has an effect, and why not."""
    for reason in (asked.fault, asked.weak, asked.lapsed):
        if reason is not None:
            return f"no effect: {reason}"
    lost = [f"no such rule: {rule.value}" for rule in asked.unknown]
    lost += [f"not permitted: {rule.value}" for rule in asked.denied]
    idle = [rule.value for rule in asked.rules if rule.value in _off(demands)]
    lost += [f"not in this policy: {name}" for name in idle]
    return "; ".join(lost) or "in force"


def _off(demands: Terms) -> set[str]:
    return set(demands.known) - set(demands.rules)


def _text(found: list[Listed]) -> str:
    lines = []
    for entry in map(_printable, found):
        lines.append(
            click.style(f"{_whom(entry)}: {', '.join(entry.rules) or 'no rule'}", bold=True)
        )
        lines.append(f"  {entry.reason or 'no reason'}")
        parts = [f"{entry.form} in {entry.place}", _when(entry), _age(entry)]
        parts += [f"owner {entry.owner}"] if entry.owner else []
        lines.append(f"  {', '.join(part for part in parts if part)}")
        if entry.state != "in force":
            lines.append(f"  {entry.state}")
        lines.append("")
    return "\n".join((*lines, _summary(found)))


def _printable(entry: Listed) -> Listed:
    """The same with nothing in its words that could steer a terminal."""
    return Listed(*map(_visible, entry))


def _visible(value: Any) -> Any:
    if isinstance(value, tuple):
        return tuple(map(printable, value))
    return printable(value) if isinstance(value, str) else value


def _summary(found: list[Listed]) -> str:
    idle = sum(entry.state != "in force" for entry in found)
    soon = sum(entry.days_left is not None and 0 <= entry.days_left <= 30 for entry in found)
    endless = sum(entry.until is None for entry in found)
    parts = [
        f"{len(found)} exception{'' if len(found) == 1 else 's'}" if found else "no exceptions"
    ]
    parts += [f"{idle} without full effect"] if idle else []
    parts += [f"{soon} ending within 30 days"] if soon else []
    parts += [f"{endless} without end"] if endless else []
    return ", ".join(parts)


def _whom(entry: Listed) -> str:
    whom = " in ".join(text for text in (entry.subject, entry.files) if text)
    return whom or ("everything" if entry.form == "policy" else os.path.basename(entry.place))


def _when(entry: Listed) -> str:
    if entry.until is None or entry.days_left is None:
        return "without end"
    if entry.days_left < 0:
        return f"ended {entry.until}"
    return f"until {entry.until} ({_days(entry.days_left)} left)"


def _age(entry: Listed) -> str:
    return "" if entry.age is None else f"{_days(entry.age)} old"


def _days(number: int) -> str:
    return f"{number} day{'' if number == 1 else 's'}"


def _json(found: list[Listed]) -> str:
    import json

    return json.dumps([_object(entry) for entry in found], indent=2)


def _object(entry: Listed) -> dict[str, Any]:
    path, line, column = entry.place.rsplit(":", 2)
    members = {**entry._asdict(), "path": path, "line": int(line), "column": int(column)}
    del members["place"]
    members["age_days"] = members.pop("age")
    return members


_HEADS = ("Rules", "For", "Where", "Reason", "Owner", "Until", "Left", "Age", "State")
_PUNCTUATION = str.maketrans({mark: f"\\{mark}" for mark in "\\`*_{}[]<>#!|~@&"})


def _markdown(found: list[Listed]) -> str:
    rows = [_HEADS, tuple("---" for _ in _HEADS)]
    lines = [f"| {' | '.join(row)} |" for row in rows]
    for entry in found:
        left, age = ("" if days is None else _days(days) for days in (entry.days_left, entry.age))
        cells = (
            ", ".join(entry.rules), _whom(entry), f"{entry.form} {entry.place}", entry.reason,
            entry.owner or "", entry.until or "", left, age, entry.state,
        )  # fmt: skip
        lines.append(f"| {' | '.join(map(_cell, cells))} |")
    return "\n".join([*lines, "", _summary(found)])


def _cell(text: str) -> str:
    """Text that Markdown shows as it is: it may come from a file that nobody has reviewed."""
    return " ".join(printable(text).split()).translate(_PUNCTUATION)

"""`policylint policy show` and `policylint policy check`."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import click

from policylint.cli.errors import UsageError
from policylint.cli.policies import name_for
from policylint.cli.rego import rego_options
from policylint.finding import rank
from policylint.named import NamedTuple
from policylint.organisation import Organisation
from policylint.output.text import printable
from policylint.policy import PolicyError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from policylint.cli.rego import Shelf
    from policylint.model import Suppression
    from policylint.policy import Policy, RuleChoice
    from policylint.policy_file import Traced


@click.group(short_help="Show or check a policy.")
def command() -> None:
    """Show the policy that holds for a path, or check that a policy file can be used."""


@command.command(short_help="Print the effective policy for a path.")
@click.argument("path", default=".", metavar="[PATH]")
@click.option(
    "--policy",
    "name",
    metavar="NAME|FILE",
    envvar="POLICYLINT_POLICY",
    help="Show this policy set or file instead of the one that is found.",
)
@click.option("--isolated", is_flag=True, help="Do not look for a policy file.")
@rego_options
def show(
    path: str,
    name: str | None,
    isolated: bool,
    shelf: Shelf,
) -> None:
    """Print the policy that holds for PATH, all that it extends included.

    Every entry comes with its origin: the policy set that has it, or file and line.
    """
    from policylint.policy_file import trace

    if not os.path.lexists(path):
        raise UsageError(f"{path}: no such file or folder")
    try:
        traced = trace(name_for(name, [path], isolated=isolated), shelf.reader())
    except PolicyError as error:
        raise UsageError(str(error)) from None
    click.echo("\n".join(_table(list(_rows(traced)))))


@command.command(short_help="Check that policy files can be used.")
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@rego_options
def check(files: tuple[str, ...], shelf: Shelf) -> int:
    """Read policy files, and what they extend, and say all that is wrong in them.

    Policies in Rego are compiled too.

    Exit codes: 0 they can be used, 2 they cannot.
    """
    from policylint.policy_file import read

    wrong = []
    for file in files:
        own = shelf.anew()
        try:
            policy = read(file, own.reader())
            own.check()
        except PolicyError as error:
            wrong.append(str(error))
        else:
            click.echo(f"{printable(file)}: {_in_short(policy)}")
    if wrong:
        raise UsageError("\n".join(wrong))
    return 0


def _in_short(policy: Policy) -> str:
    counts = [f"{len(policy.rules)} rules"]
    if policy.exemptions:
        number = len(policy.exemptions)
        counts.append(f"{number} exemption{'' if number == 1 else 's'}")
    return f"good: {', '.join(counts)}, fails on {policy.fail_on} findings"


class _Row(NamedTuple):
    """A line: what is said, and where that comes from. A heading comes from nowhere."""

    indent: int
    words: tuple[str, ...]
    origin: str = ""


def _table(rows: list[_Row]) -> Iterator[str]:
    """The rows, with the first words and the origins under each other."""
    first = max(len(row.words[0]) + row.indent for row in rows if len(row.words) > 1)
    lines = []
    for row in rows:
        words = (row.words[0].ljust(first - row.indent), *row.words[1:])
        text = "  ".join(words) if len(row.words) > 1 else row.words[0]
        lines.append((f"{' ' * row.indent}{text}".rstrip(), row.origin))
    width = min(max(len(line) for line, origin in lines if origin), 80)
    for line, origin in lines:
        shown = f"{line:{width}}  {click.style(origin, dim=True)}" if origin else line
        yield shown


def _rows(traced: Traced) -> Iterator[_Row]:
    policy, origins = traced.policy, traced.origins
    yield _Row(0, ("policy", printable(policy.name)))
    yield _Row(0, ("fail_on", policy.fail_on), origins.get(("fail_on",), "default"))
    floor = traced.min_severity or "info"
    yield _Row(0, ("min_severity", floor), origins.get(("min_severity",), "default"))
    rego = policy.rego
    lists: tuple[tuple[tuple[str, ...], tuple[str, ...]], ...] = (
        (("exclude",), policy.exclude),
        (("honor",), policy.honor),
        (("rego", "policies"), rego.policies),
        (("rego", "data"), rego.data),
        (("rego", "namespaces"), rego.namespaces),
    )
    for keys, texts in lists:
        if texts:
            yield _Row(0, (" ".join(keys).removesuffix(" policies"),))
            for text in texts:
                yield _Row(2, (printable(text),), origins.get((*keys, text), ""))
    if rego.combine:
        yield _Row(0, ("rego combine", "true"))
    if rego.version:
        yield _Row(0, ("rego version", rego.version))
    yield from _settings(policy.organisation, traced)
    yield _Row(0, ("rules",))
    for name in sorted([*policy.rules, *traced.off]):
        yield from _rule(name, policy.rules.get(name), traced)
    if policy.exemptions:
        yield _Row(0, ("exemptions",))
        for exemption in policy.exemptions:
            line = exemption.source.position(exemption.asked.at.start)[0]
            yield from _exemption(exemption.asked, f"{exemption.source.path}:{line}")


def _settings(organisation: Organisation, traced: Traced) -> Iterator[_Row]:
    usual = Organisation()
    stated = [name for name in Organisation._fields if ("settings", name) in traced.origins]
    if stated:
        yield _Row(0, ("settings",))
    for name in stated:
        yield _Row(2, (name,), traced.origins["settings", name])
        for key, text in _facts(getattr(organisation, name), getattr(usual, name)):
            yield _Row(4, (printable(key), printable(text)) if key else (printable(text),))


def _facts(fact: Any, usual: Any) -> Iterator[tuple[str, str]]:
    """A fact about the organisation as pairs of words; what is as usual is left out."""
    for field in fact._fields:
        value = getattr(fact, field)
        if value == getattr(usual, field):
            continue
        if not isinstance(value, tuple):
            yield field, _shown(value)
        for entry in value if isinstance(value, tuple) else ():
            if isinstance(entry, tuple):
                yield _shown(entry[0]), _shown(entry[1])
            else:
                yield ("public" if field == "public" else ""), _shown(entry)


def _rule(name: str, choice: RuleChoice | None, traced: Traced) -> Iterator[_Row]:
    origin = traced.origins.get(("rules", name), "always on")
    if choice is None:
        yield _Row(2, (name, "off"), origin)
        return
    severity = choice.severity or traced.policy.known[name][2]
    origin = traced.origins.get(("rules", name, "severity"), origin)
    hidden = rank(severity) < rank(choice.floor)
    yield _Row(
        2, (name, f"{severity} (below {choice.floor}: silent)" if hidden else severity), origin
    )
    if choice.suppressible is not None:
        at = traced.origins.get(("rules", name, "suppressible"), "")
        yield _Row(4, ("suppressible", _shown(choice.suppressible)), at)
    for setting, value in choice.settings.items():
        at = traced.origins.get(("rules", name, setting), "")
        yield _Row(4, (setting, printable(_shown(value))), at)


def _exemption(asked: Suppression, origin: str) -> Iterator[_Row]:
    whom = " in ".join(text for text in (asked.subject, asked.path) if text) or "everything"
    until = f"until {asked.until}" if asked.until else "without end"
    owner = f" ({asked.owner})" if asked.owner else ""
    names = ", ".join(rule.value for rule in asked.rules)
    yield _Row(2, (printable(names), printable(f"{whom}, {until}")), origin)
    yield _Row(4, (printable(f"{asked.reason}{owner}"),))


def _shown(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, dict):
        return ", ".join(f"{key} {_shown(item)}" for key, item in value.items())
    if isinstance(value, tuple):
        return ", ".join(map(_shown, value)) or "none"
    return str(value)

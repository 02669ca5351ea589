"""`policylint rules`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from policylint.cli.policies import shelf_here
from policylint.cli.rego import rego_options
from policylint.policy import ALWAYS_ON
from policylint.rules.index import RULES, SETS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from policylint.cli.rego import Shelf
    from policylint.rule import Rule


@click.command(short_help="List the rules.")
@click.option("--format", "form", type=click.Choice(("text", "json")), default="text",
              show_default=True, help="What to print.")  # fmt: skip
@click.option("--equivalents", is_flag=True,
              help="List what other tools call what the rules find.")  # fmt: skip
@rego_options
def command(
    form: str,
    equivalents: bool,
    shelf: Shelf,
) -> None:
    """List every rule with its family, usual severity and the policy sets that have it.

    Rules in Rego, which the policy that holds here or --rego names, stand at the end.
    """
    if equivalents:
        _print_equivalents(form)
        return
    more = shelf_here(shelf).rules
    if form == "json":
        _print_json(more)
        return
    width = max(map(len, [*RULES, *more]))
    for name, (_, _, severity, family, _) in RULES.items():
        sets = ", ".join(sets_of(name))
        click.echo(f"{name:{width}}  {severity:8}  {family:12}  {sets}")
    for name, rule in sorted(more.items()):
        click.echo(f"{name:{width}}  {rule.severity:8}  {rule.family:12}  Rego")


def sets_of(rule: str) -> list[str]:
    """The policy sets that have a rule."""
    if rule in ALWAYS_ON:
        return list(SETS)
    return [name for name, (_, rules, _) in SETS.items() if rule in rules]


def _print_equivalents(form: str) -> None:
    """The checks of other tools, each with the rules that find the same."""
    from policylint.engine import load_rule
    from policylint.equivalents import crosswalk

    rows = crosswalk(map(load_rule, RULES))
    if form == "json":
        import json

        click.echo(json.dumps([row._asdict() for row in rows], indent=2))
        return
    first, second = (max(len(row[column]) for row in rows) for column in (0, 1))
    for tool, name, rules in rows:
        for rule in rules:
            click.echo(f"{tool:{first}}  {name:{second}}  {rule}")


def _print_json(more: Mapping[str, Rule]) -> None:
    import json

    from policylint.engine import load_rule

    rules = [_described(load_rule(name), RULES[name][1]) for name in RULES]
    rules += [_described(rule, None) for _, rule in sorted(more.items())]
    click.echo(json.dumps(rules, indent=2))


def _described(rule: Rule, node: str | None) -> dict[str, object]:
    """A rule as an object; one in Rego looks at no node, but at whole documents."""
    return {
        "name": rule.name,
        "summary": rule.summary,
        "family": rule.family,
        "severity": rule.severity,
        "confidence": rule.confidence,
        "node": node,
        "sets": sets_of(rule.name),
        "settings": {
            key: {"type": kind, "default": default}
            for key, (kind, default) in rule.settings.items()
        },
        "references": list(rule.refs),
        "equivalents": list(rule.equivalents),
    }

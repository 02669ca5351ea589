"""`policylint rules`."""

from __future__ import annotations

import click

from policylint.policy import ALWAYS_ON
from policylint.rules.index import RULES, SETS


@click.command(short_help="List the rules.")
@click.option("--format", "form", type=click.Choice(("text", "json")), default="text",
              show_default=True, help="What to print.")  # fmt: skip
@click.option("--equivalents", is_flag=True,
              help="List what other tools call what the rules find.")  # fmt: skip
def command(form: str, equivalents: bool) -> None:
    """List every rule with its family, usual severity and the policy sets that have it."""
    if equivalents:
        _print_equivalents(form)
        return
    if form == "json":
        _print_json()
        return
    width = max(map(len, RULES))
    for name, (_, _, severity, family, _) in RULES.items():
        sets = ", ".join(sets_of(name))
        click.echo(f"{name:{width}}  {severity:8}  {family:12}  {sets}")


def sets_of(rule: str) -> list[str]:
    """The policy sets that have a rule."""
    if rule in ALWAYS_ON:
        return list(SETS)
    return [
        name for name, (_, choices) in SETS.items() if any(choice[0] == rule for choice in choices)
    ]


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


def _print_json() -> None:
    import json

    from policylint.engine import load_rule

    rules = []
    for name, (_, node, severity, family, settings) in RULES.items():
        rule = load_rule(name)
        rules.append(
            {
                "name": name,
                "summary": rule.summary,
                "family": family,
                "severity": severity,
                "confidence": rule.confidence,
                "node": node,
                "sets": sets_of(name),
                "settings": {
                    key: {"type": kind, "default": default}
                    for key, (kind, default) in settings.items()
                },
                "references": list(rule.refs),
                "equivalents": list(rule.equivalents),
            }
        )
    click.echo(json.dumps(rules, indent=2))

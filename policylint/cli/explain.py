"""`policylint explain`."""

from __future__ import annotations

import os
import textwrap
from typing import TYPE_CHECKING

import click

from policylint.cli.errors import UsageError
from policylint.cli.policies import shelf_here
from policylint.cli.rego import rego_options
from policylint.cli.rules import sets_of
from policylint.engine import load_rule
from policylint.equivalents import by_tool
from policylint.output.text import printable
from policylint.pages import in_words
from policylint.policy import suggestion
from policylint.references import reference
from policylint.rules.index import RULES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from policylint.cli.rego import Shelf
    from policylint.rule import Rule


@click.command(short_help="Explain a rule.")
@click.argument("name", metavar="RULE")
@rego_options
def command(name: str, shelf: Shelf) -> None:
    """Explain RULE: what it finds, why that matters, what to write instead.

    It may be one in Rego, which the policy that holds here or --rego names.
    """
    if name in RULES:
        rule, origin = load_rule(name), f"in the sets: {', '.join(sets_of(name))}"
    else:
        more = shelf_here(shelf).rules
        if name not in more:
            raise UsageError(f'no such rule: "{name}"{suggestion(name, [*RULES, *more])}')
        rule, origin = more[name], f"in Rego: {more[name].place}"
    color = False if os.environ.get("NO_COLOR") else None
    lines = "\n".join(_lines(rule, origin)).split("\n")
    click.echo("\n".join([click.style(rule.name, bold=True), *map(printable, lines)]), color=color)


def _lines(rule: Rule, origin: str) -> Iterator[str]:
    doc = rule.doc
    yield doc.summary
    yield ""
    yield f"severity {rule.severity}, confidence {rule.confidence}, family {rule.family}"
    yield origin
    for paragraph in doc.body:
        yield ""
        yield from textwrap.wrap(paragraph, 80)
    if doc.settings:
        yield ""
        yield "Settings:"
        for name, (kind, default) in rule.settings.items():
            yield f"  {name} ({in_words(kind)}, default {_shown(default)})"
            yield from textwrap.wrap(
                doc.settings.get(name, ""), 76, initial_indent="    ", subsequent_indent="    "
            )
    if doc.policy:
        yield ""
        yield "Policy:"
        yield textwrap.indent(doc.policy, "  ").rstrip()
    if doc.ignored is not None:
        yield ""
        yield "Ignore file:"
        yield textwrap.indent(doc.ignored, "  ").rstrip()
    for example in doc.examples:
        yield ""
        yield f"{'Good' if example.good else 'Bad'} ({example.kind}):"
        yield textwrap.indent(example.text, "  ").rstrip()
    if rule.equivalents:
        yield ""
        yield "Elsewhere:"
        for tool, names in by_tool(rule).items():
            yield f"  {tool}: {', '.join(names)}"
    if rule.refs:
        yield ""
        yield "References:"
        for token in rule.refs:
            known = reference(token)
            yield f"  {known.title}"
            if known.url:
                yield f"    {known.url}"


def _shown(default: object) -> str:
    if isinstance(default, tuple):
        return ", ".join(map(str, default)) or "none"
    return "none" if default in (None, "", {}) else str(default).lower()

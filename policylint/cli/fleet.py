"""`policylint fleet`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from policylint.cli.errors import fail
from policylint.cli.policies import policy_for, root_of
from policylint.cli.rego import Shelf
from policylint.cli.values import read_values
from policylint.discover import Failure, common_folder, discover
from policylint.model import ReadProblem
from policylint.output.text import printable

if TYPE_CHECKING:
    from policylint.fleet import Fleet
    from policylint.parsers import Document
    from policylint.policy import Policy


@click.command(short_help="Show what all definitions ask for together.")
@click.argument("paths", nargs=-1, metavar="[PATH]...")
@click.option(
    "--policy",
    "policy_name",
    envvar="POLICYLINT_POLICY",
    metavar="NAME|FILE",
    help="Take the quotas of this policy instead of the one that is found.",
)
@click.option(
    "--values",
    "values_files",
    multiple=True,
    metavar="FILE",
    help="Fill the placeholders of templates from a file.",
)
@click.option(
    "--format",
    "form",
    type=click.Choice(("text", "json")),
    default="text",
    show_default=True,
    help="What to print.",
)
def command(
    paths: tuple[str, ...], policy_name: str | None, values_files: tuple[str, ...], form: str
) -> int:
    """Show what the definitions in PATHS ask for together (default: .).

    By role and by group, beside the quotas of the policy; then the ports, VIPs, routes
    and dependencies. Exit code 2 when something could not be read and is left out.
    """
    from policylint.fleet.survey import survey

    paths = paths or (".",)
    policy = policy_for(policy_name, paths, Shelf())
    failures: list[str] = []
    fleet = _gather(paths, policy, values_files, failures)
    choice = policy.rules.get("role-quota-exceeded")
    settings = choice.settings if choice is not None else {}
    found = survey(
        fleet,
        policy.organisation.quotas,
        default_role=settings.get("default_role", "*"),
        enforces=settings.get("enforce_default", "top") != "off",
    )
    if form == "json":
        import json

        click.echo(json.dumps(found, indent=2))
    else:
        from policylint.output.fleet import render

        click.echo(render(found), nl=False)
    for failure in failures:
        fail(failure)
    return 2 if failures else 0


def _gather(
    paths: tuple[str, ...], policy: Policy, values_files: tuple[str, ...], failures: list[str]
) -> Fleet:
    from policylint.crosscheck import Gathering
    from policylint.parsers import parse

    gathering = Gathering()
    values = read_values(values_files)
    root = root_of(policy, common_folder(paths))
    for source in discover(paths, root=root, exclude=policy.exclude):
        if isinstance(source, Failure):
            failures.append(f"{printable(source.path)}: {source.reason}")
            continue
        documents = parse(source, values, judged=False)
        problem = _unread(documents)
        if problem is not None:
            failures.append(f"{printable(source.location)}: {problem}")
        gathering.add(source, documents)
    return gathering.fleet()


def _unread(documents: list[Document]) -> str | None:
    """Why some of a file is left out."""
    for document in documents:
        for node in document.nodes:
            if isinstance(node, ReadProblem):
                return node.message
    return None

"""`policylint exempt`."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import click

from policylint import policy as policies
from policylint.cli.errors import UsageError
from policylint.cli.rego import rego_options
from policylint.detect.dates import is_date
from policylint.finding import UNREADABLE
from policylint.output.text import printable
from policylint.policy import CANNOT_BE_OFF, PolicyError, families_of, suggestion
from policylint.rules.index import SETS

if TYPE_CHECKING:
    from policylint.cli.rego import Shelf
    from policylint.policy import Policy
    from policylint.policy_file import Rego
    from policylint.source import SourceFile


@click.command(short_help="Write an exemption into the policy.")
@click.argument("rule")
@click.argument("subject", required=False)
@click.option("--reason", metavar="TEXT", help="Why; it must be given.")
@click.option("--until", metavar="DATE", help="The last day on which it holds: 2027-03-31.")
@click.option("--owner", metavar="NAME", help="Who answers for it.")
@click.option("--path", metavar="PATTERN", help="Only in these files, as in infra/**.")
@click.option(
    "--policy",
    "policy_file",
    metavar="FILE",
    envvar="POLICYLINT_POLICY",
    help="The policy file to write into, instead of the one that is found.",
)
@rego_options
def command(
    rule: str,
    subject: str | None,
    reason: str | None,
    until: str | None,
    owner: str | None,
    path: str | None,
    policy_file: str | None,
    shelf: Shelf,
) -> None:
    """Exempt SUBJECT, an id or a pattern such as /infra/**, from RULE, a rule or a family.

    One entry is added to the policy file; nothing else in it changes.
    """
    if rule == UNREADABLE:
        raise UsageError(f"{rule} knows no exemption: {CANNOT_BE_OFF}")
    if not subject and not path:
        raise UsageError("say whom to exempt: an id such as /infra/cadvisor, or --path")
    if not reason or not reason.strip():
        raise UsageError('an exemption needs a reason: --reason "reads cgroups of all tasks"')
    if until is not None and not is_date(until):
        raise UsageError(f'"{until}" is no date: write it as 2027-03-31')
    entry = {"rule": rule, "subject": subject, "path": path, "reason": reason.strip()}
    stated = {**entry, "until": until, "owner": owner}
    words = {key: text for key, text in stated.items() if text is not None}
    try:
        click.echo(_exempt(policy_file or _found(), words, shelf.reader()))
    except PolicyError as error:
        raise UsageError(str(error)) from None


def _check_rule(rule: str, policy: Policy) -> None:
    names = [*policy.known, *families_of(policy.known)]
    if rule not in names:
        raise UsageError(f'no such rule or family: "{rule}"{suggestion(rule, names)}')


def _found() -> str:
    path = policies.find(os.getcwd())
    if path is None:
        raise UsageError(
            "no policy file here or above\n"
            f"  write one ({policies.FILE_NAMES[0]}), or name one with --policy"
        )
    return path


def _exempt(path: str, words: dict[str, str], rego: Rego) -> str:
    """Add the entry to the file; what was done, for people."""
    from policylint.cli.fixes import write
    from policylint.exempt import add
    from policylint.policy_file import read, read_source, read_text

    if path in SETS:
        raise UsageError(f"{path} is a set that comes with policylint; name a file of yours")
    before = read(path, rego)
    _check_rule(words["rule"], before)
    source = read_source(path)
    _refuse_second(before, source, words)
    text = add(source.text, words)
    after = read_text(path, text, rego)
    _refuse_idle(after, source)
    write(source, text)
    return _done(after, source, words)


def _refuse_second(policy: Policy, source: SourceFile, words: dict[str, str]) -> None:
    for exemption in policy.exemptions:
        asked = exemption.asked
        same = asked.subject == words.get("subject") and asked.path == words.get("path")
        if same and any(rule.value == words["rule"] for rule in asked.rules):
            line = exemption.source.position(asked.at.start)[0]
            raise UsageError(f"that is exempt already: {exemption.source.path}:{line}")
    if source.error is not None:
        raise UsageError(f"{source.path}: {source.error.message}")


def _refuse_idle(policy: Policy, source: SourceFile) -> None:
    """Refuse an exemption that would have no effect under the policy."""
    from policylint.suppress import judge, terms

    own = [entry.asked for entry in policy.exemptions if entry.source.location == source.location]
    judged = judge(own[-1], terms(policy))
    for fault in (judged.weak, judged.lapsed):
        if fault is not None:
            raise UsageError(f"the exemption would have no effect: it {fault}")


def _done(policy: Policy, source: SourceFile, words: dict[str, str]) -> str:
    own = [entry for entry in policy.exemptions if entry.source.location == source.location]
    line = own[-1].source.position(own[-1].asked.at.start)[0]
    whom = words.get("subject", "every definition")
    where = f" in {words['path']}" if "path" in words else ""
    until = f" until {words['until']}" if "until" in words else ""
    note = ""
    rule = words["rule"]
    if rule in policy.known and rule not in policy.rules:
        note = f"\nnote: {rule} is not on in this policy"
    elif "until" not in words:
        note = "\nnote: it has no end; --until 2027-03-31 gives it one"
    done = f"{source.path}:{line}: {whom}{where} is exempt from {rule}{until}"
    return "\n".join(map(printable, f"{done}{note}".split("\n")))

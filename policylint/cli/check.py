"""`policylint check`."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import click

from policylint import policy as policies
from policylint.cli import help_option
from policylint.cli.errors import UsageError, fail, internal_error
from policylint.cli.policies import context, covers, policy_for, reported, root_of
from policylint.cli.rego import rego_options
from policylint.cli.reports import FORMATS, Reports
from policylint.discover import Failure, common_folder, discover
from policylint.engine import lint
from policylint.finding import SEVERITIES
from policylint.output.text import printable
from policylint.parsers import KINDS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from policylint.cli.rego import Shelf
    from policylint.parsers.templates import Values
    from policylint.policy import Policy
    from policylint.source import SourceFile


@click.command(short_help="Check definitions.", add_help_option=False)
@click.argument("paths", nargs=-1, metavar="[PATH]...")
@click.option(
    "--policy",
    "policy_name",
    envvar="POLICYLINT_POLICY",
    metavar="NAME|FILE",
    help="Use this policy set or file instead of the one that is found.",
)
@click.option(
    "--isolated", is_flag=True, envvar="POLICYLINT_ISOLATED", help="Do not look for a policy file."
)
@rego_options
@click.option(
    "--require-policies",
    type=click.IntRange(min=1),
    envvar="POLICYLINT_REQUIRE_POLICIES",
    metavar="N",
    help="Refuse to check with fewer policies in Rego than that.",
)
@click.option(
    "--select",
    multiple=True,
    envvar="POLICYLINT_SELECT",
    metavar="NAMES",
    help="Only these rules or families, separated by commas.",
)
@click.option(
    "--ignore",
    multiple=True,
    envvar="POLICYLINT_IGNORE",
    metavar="NAMES",
    help="Without these rules or families.",
)
@click.option(
    "--min-severity",
    type=click.Choice(SEVERITIES),
    default="info",
    envvar="POLICYLINT_MIN_SEVERITY",
    help="The least severity that is reported.  [default: the policy's]",
)
@click.option(
    "--ignore-suppressions",
    is_flag=True,
    envvar="POLICYLINT_IGNORE_SUPPRESSIONS",
    help="Whatever comments and labels say; the policy's exemptions hold.",
)
@click.option(
    "--honor",
    multiple=True,
    envvar="POLICYLINT_HONOR",
    metavar="TOOLS",
    help="Heed what Dockerfiles ask of hadolint, trivy, checkov, kics, semgrep or buildkit.",
)
@click.option(
    "--show-suppressed",
    is_flag=True,
    envvar="POLICYLINT_SHOW_SUPPRESSED",
    help="Also report what is taken back, and why.",
)
@click.option(
    "--statistics",
    is_flag=True,
    envvar="POLICYLINT_STATISTICS",
    help="Also print how many findings each rule has.",
)
@click.option(
    "--fail-on",
    type=click.Choice(SEVERITIES),
    envvar="POLICYLINT_FAIL_ON",
    help="The least severity that fails.  [default: the policy's, else medium]",
)
@click.option(
    "--exit-zero",
    is_flag=True,
    envvar="POLICYLINT_EXIT_ZERO",
    help="Exit with 0 even when there are findings.",
)
@click.option(
    "--format",
    "form",
    type=click.Choice(tuple(FORMATS)),
    default="text",
    envvar="POLICYLINT_FORMAT",
    show_default=True,
    help="What to print.",
)
@click.option(
    "--output",
    "outputs",
    multiple=True,
    metavar="FORMAT=PATH",
    help="Write a further report to a file; may be repeated.",
)
@click.option(
    "--color",
    type=click.Choice(("auto", "always", "never")),
    default="auto",
    envvar="POLICYLINT_COLOR",
    show_default=True,
    help="Colours in text.",
)
@click.option(
    "--kind",
    type=click.Choice(KINDS),
    envvar="POLICYLINT_KIND",
    help="What the files are, instead of looking at their content.",
)
@click.option(
    "--stdin-filename",
    metavar="PATH",
    envvar="POLICYLINT_STDIN_FILENAME",
    help="The name under which standard input (-) is reported.",
)
@click.option(
    "--values",
    "values_files",
    multiple=True,
    envvar="POLICYLINT_VALUES",
    metavar="FILE",
    help="Fill the placeholders of templates from a JSON or YAML file; may be repeated.",
)
@click.option(
    "--fix", is_flag=True, envvar="POLICYLINT_FIX", help="Mend what can be mended safely."
)
@click.option(
    "--diff",
    is_flag=True,
    envvar="POLICYLINT_DIFF",
    help="Print what --fix would change, and change nothing.",
)
@click.option(
    "--unsafe-fixes",
    is_flag=True,
    envvar="POLICYLINT_UNSAFE_FIXES",
    help="Also fixes that may change what a definition does.",
)
@click.option(
    "--no-context",
    is_flag=True,
    envvar="POLICYLINT_NO_CONTEXT",
    help="Compare the named files with each other only, not with the rest of the policy's folder.",
)
@click.option("--debug", is_flag=True, envvar="POLICYLINT_DEBUG",
              help="Show where an internal error happened.")  # fmt: skip
@help_option
def command(
    paths: tuple[str, ...],
    policy_name: str | None,
    isolated: bool,
    shelf: Shelf,
    require_policies: int | None,
    select: tuple[str, ...],
    ignore: tuple[str, ...],
    min_severity: str,
    ignore_suppressions: bool,
    honor: tuple[str, ...],
    show_suppressed: bool,
    statistics: bool,
    fail_on: str | None,
    exit_zero: bool,
    form: str,
    outputs: tuple[str, ...],
    color: str,
    kind: str | None,
    stdin_filename: str | None,
    values_files: tuple[str, ...],
    fix: bool,
    diff: bool,
    unsafe_fixes: bool,
    no_context: bool,
    debug: bool,
) -> int:
    """Check definitions in PATHS: files, folders, or - for standard input (default: .).

    Exit codes: 0 nothing at or above the threshold, 1 findings or a definition
    that could not be read, 2 asked wrongly or could not do the job.
    """
    reports = Reports(form, outputs, color, statistics=statistics, suppressed=show_suppressed)
    paths = paths or (".",)
    policy = policy_for(policy_name, paths, shelf, isolated=isolated)
    _require(require_policies, shelf, policy)
    policy = _choose(policy, select, ignore, honor, fail_on)
    folder = common_folder(paths)
    root = root_of(policy, folder)
    policy = reported(policy, root)
    failures: list[Failure] = []
    seen: set[str] = set()
    found = discover(
        paths,
        root=root,
        exclude=policy.exclude,
        kind=kind,
        stdin_filename=stdin_filename,
        seen=seen,
    )
    # A policy that was named may stand anywhere, and says nothing of what lies around it.
    is_found = policy_name is None and policy.folder is not None and not covers(paths, policy)
    rest = context(policy, root, seen) if is_found and not no_context else None

    def crashed(source: SourceFile, error: Exception) -> None:
        failures.append(Failure(source.location, internal_error(error)))

    sources = _readable(found, failures)
    values = _values(values_files)
    if fix or diff:
        from policylint.cli.fixes import Mended

        honours = not ignore_suppressions
        judge = partial(lint, policy=policy, values=values, suppressions=honours, together=False)
        mended = Mended(sources, judge, unsafe=unsafe_fixes)
        if diff:
            click.echo(mended.diff(), nl=False)
            return _code(failures, failed=mended.fixes > 0 and not exit_zero)
        mended.write()
        sources = iter(mended.after)
    evaluation = shelf.evaluation(policy)
    try:
        report = lint(
            sources,
            policy,
            values,
            crashed=None if debug else crashed,
            suppressions=not ignore_suppressions,
            complete=lambda: kind is None and covers(paths, policy) and not failures,
            min_severity=min_severity,
            rego=evaluation,
            context=rest,
        )
    except policies.PolicyError as error:
        raise UsageError(str(error)) from None
    finally:
        if evaluation is not None:
            evaluation.stop()
    reports.write(report, root)
    broken = evaluation.failures if evaluation is not None else ()
    return _code(failures, broken, failed=report.failed and not exit_zero)


def _code(failures: Iterable[Failure], broken: Iterable[str] = (), *, failed: bool) -> int:
    """The exit code of a run; what could not be read, or evaluated, is told."""
    told = [f"{printable(failure.path)}: {failure.reason}" for failure in failures]
    told += broken
    for message in told:
        fail(message)
    return 2 if told else int(failed)


def _values(files: tuple[str, ...]) -> Values | None:
    if not files:
        return None
    from policylint.cli.values import read_values

    return read_values(files)


def _require(least: int | None, shelf: Shelf, policy: Policy) -> None:
    """Refuse to go on with fewer policies in Rego than a pipeline counts on."""
    there = sum(name in policy.rules for name in shelf.rules)
    if least is not None and there < least:
        found = f"{there} of them" if there else "none"
        raise UsageError(
            f"--require-policies {least}: the policy has {found} in Rego\n"
            "  they are named by --rego, or by `rego` in the policy file, and may be off there"
        )


def _choose(
    policy: Policy,
    select: Iterable[str],
    ignore: Iterable[str],
    honor: Iterable[str],
    fail_on: str | None,
) -> Policy:
    try:
        policy = policy.selecting(_names(select), _names(ignore))
        if honor:
            policy = policy.honoring(_names(honor))
    except policies.PolicyError as error:
        raise UsageError(str(error)) from None
    return policy if fail_on is None else policy._replace(fail_on=fail_on)


def _names(given: Iterable[str]) -> list[str]:
    return [name for names in given for name in names.replace(",", " ").split()]


def _readable(
    found: Iterable[SourceFile | Failure], failures: list[Failure]
) -> Iterator[SourceFile]:
    """Files that could be read; the others are told at the end and hide nothing."""
    for source in found:
        if isinstance(source, Failure):
            failures.append(source)
        else:
            yield source

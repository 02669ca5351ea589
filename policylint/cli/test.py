"""`policylint test`."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

import click

from policylint.cli.errors import UsageError, note
from policylint.output.text import printable
from policylint.policy import PolicyError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from policylint.trial import Covered, Trial


@click.command(short_help="Test policies in Rego.")
@click.argument("paths", nargs=-1, required=True, metavar="PATH...")
@click.option("--coverage", is_flag=True, help="Also print what no test and no case evaluates.")
@click.option(
    "--min-coverage",
    type=click.FloatRange(0, 100),
    metavar="PERCENT",
    help="Fail when the tests and cases evaluate less of the policies.",
)
@click.option(
    "--opa",
    envvar="POLICYLINT_OPA",
    metavar="PROGRAM",
    help="The opa that evaluates the policies.  [default: the one on PATH]",
)
@click.option(
    "--opa-timeout",
    type=click.FloatRange(min=0, min_open=True),
    envvar="POLICYLINT_OPA_TIMEOUT",
    metavar="SECONDS",
    help="How long opa may take at a time.  [default: 60]",
)
def command(
    paths: tuple[str, ...],
    coverage: bool,
    min_coverage: float | None,
    opa: str | None,
    opa_timeout: float | None,
) -> int:
    """Test the policies in Rego in PATHS: files and folders.

    Tests in Rego stand in files that end in _test.rego. Cases stand in YAML files in
    folders that are called cases: documents in which ⟦ and ⟧ enclose what a policy must report.

    Exit codes: 0 all pass, 1 some fail or the coverage is too low, 2 asked wrongly
    or could not do the job.
    """
    from policylint.parsers import KINDS
    from policylint.rego.library import Library
    from policylint.trial import try_out

    try:
        trial = try_out(paths, Library(opa, KINDS, opa_timeout))
    except PolicyError as error:
        raise UsageError(str(error)) from None
    for line in _lines(trial):
        click.echo(printable(line))
    share = _share(trial.coverage)
    if coverage:
        for line in _table(trial.coverage, share):
            click.echo(printable(line))
    for remark in trial.remarks:
        note(remark)
    if min_coverage is not None and share < min_coverage and not trial.failures:
        note(f"the coverage is {_percent(share)} %, {min_coverage:g} % are wanted")
        return 1
    return 1 if trial.failures else 0


def _lines(trial: Trial) -> Iterator[str]:
    for failure in trial.failures:
        yield f"{failure.place}: {failure.name}"
        for mistake in failure.mistakes:
            yield from (f"  {line}" for line in mistake.split("\n"))
    counts = [_count(trial.tests, "test"), _count(trial.cases, "case")]
    failed = f"{len(trial.failures)} failed" if trial.failures else "all passed"
    skipped = f", {_count(trial.skipped, 'test')} skipped" if trial.skipped else ""
    yield f"{' and '.join(counts)}: {failed}{skipped}"


def _table(coverage: Sequence[Covered], share: float) -> Iterator[str]:
    yield "coverage:"
    for file in coverage:
        left = f": not line {_rows(file.missing)}" if file.missing else ""
        yield f"  {_percent(_share([file])):>3} %  {file.path}{left}"
    yield f"  {_percent(share):>3} %  in all"


def _rows(rows: Sequence[int]) -> str:
    """Lines, neighbours taken together: `3, 7-9`."""
    parts = []
    for _, run in groupby(enumerate(rows), lambda pair: pair[1] - pair[0]):
        lines = [row for _, row in run]
        parts.append(str(lines[0]) if len(lines) == 1 else f"{lines[0]}-{lines[-1]}")
    return ", ".join(parts)


def _share(coverage: Sequence[Covered]) -> float:
    """How much is evaluated, in percent; of nothing, all."""
    places = sum(file.all for file in coverage)
    return 100 * sum(file.covered for file in coverage) / places if places else 100.0


def _percent(share: float) -> int:
    """Rounded down: what is not all is not called 100."""
    return int(share)


def _count(number: int, word: str) -> str:
    return f"{number} {word}" if number == 1 else f"{number} {word}s"

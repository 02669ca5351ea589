"""The options for policies in Rego, and what reads those policies when there are any."""

from __future__ import annotations

from functools import wraps
from typing import TYPE_CHECKING, Any

import click

from policylint.cli.errors import UsageError
from policylint.policy import REGO_VERSIONS, PolicyError, RegoSources

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from policylint.policy import Entry, Policy
    from policylint.policy_file import Rego
    from policylint.rego.evaluate import Evaluation
    from policylint.rego.library import Library
    from policylint.rego.rules import RegoRule


def rego_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """The options for policies in Rego; the command gets their values as its `shelf`."""
    options = (
        click.option(
            "--rego",
            multiple=True,
            envvar="POLICYLINT_REGO",
            metavar="PATH",
            help="Also policies in Rego, in a file or folder; may be repeated.",
        ),
        click.option(
            "--data",
            multiple=True,
            envvar="POLICYLINT_DATA",
            metavar="PATH",
            help="Data for policies in Rego, in a file or folder; may be repeated.",
        ),
        click.option(
            "--namespace",
            multiple=True,
            envvar="POLICYLINT_NAMESPACE",
            metavar="NAME",
            help="The package of policies for conftest; may be repeated.  [default: main]",
        ),
        click.option(
            "--combine",
            is_flag=True,
            envvar="POLICYLINT_COMBINE",
            help="Give policies for conftest all definitions at once.",
        ),
        click.option(
            "--rego-version",
            type=click.Choice(REGO_VERSIONS),
            envvar="POLICYLINT_REGO_VERSION",
            help="The version of Rego in which policies are written.  [default: v1]",
        ),
        click.option(
            "--opa",
            envvar="POLICYLINT_OPA",
            metavar="PROGRAM",
            help="The opa that evaluates policies in Rego.  [default: the one on PATH]",
        ),
        click.option(
            "--opa-timeout",
            type=click.FloatRange(min=0, min_open=True),
            envvar="POLICYLINT_OPA_TIMEOUT",
            metavar="SECONDS",
            help="How long opa may take at a time.  [default: 60]",
        ),
    )

    @wraps(function)
    def command(
        *given: Any,
        rego: tuple[str, ...],
        data: tuple[str, ...],
        namespace: tuple[str, ...],
        combine: bool,
        rego_version: str | None,
        opa: str | None,
        opa_timeout: float | None,
        **others: Any,
    ) -> Any:
        asked = RegoSources(rego, data, namespace, combine, rego_version)
        return function(*given, shelf=Shelf(asked, opa, opa_timeout), **others)

    for option in reversed(options):
        command = option(command)
    return command


class Shelf:
    """Where a run gets policies in Rego from; without any it loads nothing and looks for no opa."""

    def __init__(
        self,
        asked: RegoSources = RegoSources(),  # noqa: B008 (immutable)
        opa: str | None = None,
        seconds: float | None = None,
    ) -> None:
        self._asked = asked
        self._opa = opa
        self._seconds = seconds
        self._opened: Library | None = None

    def anew(self) -> Shelf:
        """The same, with nothing read yet."""
        return Shelf(self._asked, self._opa, self._seconds)

    @property
    def rules(self) -> Mapping[str, RegoRule]:
        """The rules in Rego that have been read."""
        return self._opened.rules if self._opened is not None else {}

    def given(self) -> Mapping[str, Entry]:
        """The rules that the command line asks for; raises `PolicyError`."""
        return self._learn(self._asked, "--rego") if self._asked.policies else {}

    def reader(self) -> Rego:
        """What reads the policies that policy files name; raises `PolicyError`."""
        from policylint.policy_file import Rego

        return Rego(self._learn, self.given())

    def check(self) -> None:
        """Compile what has been read; raises `PolicyError`."""
        if self._opened is not None:
            self._opened.check()

    def evaluation(self, policy: Policy) -> Evaluation | None:
        """What evaluates the rules in Rego that a policy has; None when it has none.

        Raises `UsageError` when there is no telling what time it is.
        """
        names = [name for name in self.rules if name in policy.rules]
        if self._opened is None or not names:
            return None
        from policylint.rego.evaluate import Evaluation
        from policylint.suppress import now

        settings = {}
        for name in names:
            usual = {key: default for key, (_, default) in self.rules[name].settings.items()}
            settings[name] = {**usual, **policy.rules[name].settings}
        try:
            return Evaluation(self._opened, settings, now())
        except PolicyError as error:
            raise UsageError(str(error)) from None

    def _learn(self, asked: RegoSources, place: str) -> Mapping[str, Entry]:
        if self._opened is None:
            from policylint.parsers import KINDS
            from policylint.rego.library import Library

            self._opened = Library(self._opa, KINDS, self._seconds)
        over = self._asked._replace(policies=())
        return self._opened.learn(asked.under(over), place)

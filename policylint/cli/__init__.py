"""The command line: arguments to calls, exceptions to exit codes, nothing else."""

from __future__ import annotations

import os
import sys
from importlib import import_module
from typing import TYPE_CHECKING

import click

from policylint import __version__
from policylint.cli.errors import UsageError, fail, internal_error, traceback

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, TypeVar

    _F = TypeVar("_F", bound=Callable[..., Any] | click.Command)

# Each command is a module of this package, imported when it is asked for.
_COMMANDS = {
    "check": "Check definitions.",
    "explain": "Explain a rule.",
    "input": "Print the normalised model of definitions.",
    "fleet": "Show what all definitions ask for together.",
    "rules": "List the rules.",
    "policy": "Show or check a policy.",
    "test": "Test policies in Rego.",
    "exempt": "Write an exemption into the policy.",
    "exemptions": "List all suppressions and exemptions.",
}


class _Commands(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name not in _COMMANDS:
            return None
        command: click.Command = import_module(f"policylint.cli.{cmd_name}").command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        with formatter.section("Commands"):
            formatter.write_dl(list(_COMMANDS.items()))


def _telling(*names: str, what: str, told: Callable[[click.Context], str]) -> Callable[[_F], _F]:
    """An option that prints something and ends; click's own loads `gettext` at every start."""

    def tell(context: click.Context, _: click.Parameter, is_asked: bool) -> None:
        if is_asked and not context.resilient_parsing:
            click.echo(told(context), color=context.color)
            context.exit()

    return click.option(
        *names, is_flag=True, expose_value=False, is_eager=True, help=what, callback=tell
    )


help_option = _telling(
    "-h", "--help", what="Show this message and exit.", told=click.Context.get_help
)


@click.group(
    cls=_Commands,
    context_settings={"help_option_names": ["-h", "--help"]},
    add_help_option=False,
)
@_telling(
    "--version", what="Show the version and exit.", told=lambda _: f"policylint {__version__}"
)
@help_option
def main() -> None:
    """Find mistakes in Marathon, Metronome and Dockerfiles before they are deployed."""


def exit_code(arguments: list[str]) -> int:
    """Run a command line and answer with its exit code."""
    try:
        code = main.main(arguments or ["--help"], prog_name="policylint", standalone_mode=False)
        sys.stdout.flush()
    except UsageError as error:
        return fail(str(error))
    except click.exceptions.Exit as stop:
        return int(stop.exit_code)
    except (click.Abort, KeyboardInterrupt):
        return 130
    except click.ClickException as error:
        return fail(error.format_message())
    except (BrokenPipeError, SystemExit):  # click exits by itself when it finds a pipe broken
        # Whoever read us has left. Python would complain when it flushes at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 2
    except Exception as error:
        if "--debug" in arguments or os.environ.get("POLICYLINT_DEBUG"):
            traceback()
            return 2
        return fail(internal_error(error))
    return code if isinstance(code, int) else 0

"""What the command line says when it is asked for what cannot be done, or fails itself."""

from __future__ import annotations

import click


class UsageError(Exception):
    """Asked wrongly, or could not do the job; the message says what and the way out."""


def fail(message: str) -> int:
    """Say on standard error what went wrong; the exit code for it."""
    _say(f"error: {message}")
    return 2


def note(message: str) -> None:
    """Say on standard error what the reader should know."""
    _say(f"note: {message}")


def _say(message: str) -> None:
    from policylint.output.text import printable

    click.echo("\n".join(map(printable, message.split("\n"))), err=True)


def internal_error(error: Exception) -> str:
    """A mistake of ours in one line, and what to do about it."""
    return (
        f"internal error: {type(error).__name__}: {error}\n"
        "  please report it; --debug shows where it happened"
    )


def traceback() -> None:
    """Print where the exception at hand was raised."""
    from traceback import print_exc

    print_exc()

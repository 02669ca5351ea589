"""Where reports go: one to standard output, more to files."""

from __future__ import annotations

import os
import sys
from importlib import import_module
from typing import TYPE_CHECKING

from policylint.cli.errors import UsageError

if TYPE_CHECKING:
    from policylint.finding import Report

# The module and the function of each format, and what more it can be asked for.
FORMATS = {
    "text": ("text", "render", ("statistics", "suppressed")),
    "concise": ("text", "render_concise", ("statistics", "suppressed")),
    "json": ("json_report", "render", ("suppressed",)),
    "sarif": ("sarif", "render", ("suppressed",)),
}


class Reports:
    """The reports of a run: what is printed and what is written beside it."""

    def __init__(self, printed: str, outputs: tuple[str, ...], color: str, **wanted: bool) -> None:
        """Take the options of a command line; raises `UsageError` for an output that is none.

        `wanted` are `statistics` and `suppressed` findings, for formats that know them.
        """
        self._wanted = [name for name, is_wanted in wanted.items() if is_wanted]
        self._printed = printed
        self._color = color
        self._files = [_destination(output) for output in outputs]

    def write(self, report: Report, root: str) -> None:
        """Write every report; raises `UsageError` when a file cannot be written."""
        for form, path in self._files:
            text = self._render(form, report, root, colour=False)
            try:
                with open(
                    path, "w", encoding="utf-8", errors="backslashreplace", newline="\n"
                ) as file:
                    file.write(text)
            except OSError as error:
                raise UsageError(f"cannot write {path}: {error.strerror}") from None
        colour = self._printed == "text" and _wants_colour(self._color)
        text = self._render(self._printed, report, root, colour=colour)
        sys.stdout.flush()
        sys.stdout.buffer.write(text.encode("utf-8", "backslashreplace"))
        sys.stdout.buffer.flush()

    def _render(self, form: str, report: Report, root: str, *, colour: bool) -> str:
        module, function, known = FORMATS[form]
        render = getattr(import_module(f"policylint.output.{module}"), function)
        options: dict[str, object] = {name: True for name in self._wanted if name in known}
        if form in ("text", "concise"):
            options["root"] = root
        if colour:
            options["colour"] = True
        text: str = render(report, **options)
        return text


def _destination(output: str) -> tuple[str, str]:
    form, equals, path = output.partition("=")
    if not equals or form not in FORMATS or not path:
        raise UsageError(
            f"--output wants FORMAT=PATH, such as sarif=report.sarif, not {output!r}\n"
            f"  formats: {', '.join(FORMATS)}"
        )
    return form, path


def _wants_colour(choice: str) -> bool:
    if choice != "auto":
        return choice == "always"
    if os.environ.get("NO_COLOR"):
        return False
    if os.environ.get("FORCE_COLOR") or os.environ.get("CLICOLOR_FORCE", "0") != "0":
        return True
    return sys.stdout.isatty() and os.environ.get("TERM") != "dumb"

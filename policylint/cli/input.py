"""`policylint input`."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import click

from policylint.cli.errors import UsageError
from policylint.cli.values import read_values
from policylint.discover import Failure, common_folder, discover, git_root
from policylint.model import ReadProblem
from policylint.parsers import KINDS, parse

if TYPE_CHECKING:
    from policylint.parsers import Document
    from policylint.source import SourceFile


@click.command(short_help="Print the normalised model of definitions.")
@click.argument("paths", nargs=-1, required=True, metavar="PATH...")
@click.option("--kind", type=click.Choice(KINDS), help="What the files are.")
@click.option(
    "--values",
    "values_files",
    multiple=True,
    metavar="FILE",
    help="Fill the placeholders of templates from a file.",
)
@click.option("--stdin-filename", metavar="PATH", help="The name of standard input.")
def command(
    paths: tuple[str, ...],
    kind: str | None,
    values_files: tuple[str, ...],
    stdin_filename: str | None,
) -> None:
    """Print the definitions in PATHS as rules and Rego policies see them, as JSON.

    Legacy fields are modern ones here, ids are absolute, and every object says
    where it stands in the document.
    """
    import json

    from policylint.rego.view import view

    root = git_root(common_folder(paths)) or os.getcwd()
    values = read_values(values_files)
    shown = []
    for source in discover(paths, root=root, kind=kind, stdin_filename=stdin_filename):
        if isinstance(source, Failure):
            raise UsageError(f"{source.path}: {source.reason}")
        documents = parse(source, values)
        _refuse_unreadable(source, documents)
        shown += [view(document) for document in documents]
    click.echo(json.dumps(shown, indent=2))


def _refuse_unreadable(source: SourceFile, documents: list[Document]) -> None:
    """A model of what could not be read would pass for that of an empty document."""
    for document in documents:
        for node in document.nodes:
            if isinstance(node, ReadProblem):
                line, column = source.position(document.span(node.at).start)
                raise UsageError(f"{source.location}:{line}:{column}: {node.message}")

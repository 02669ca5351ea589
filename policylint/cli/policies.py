"""Which policy holds for paths, and what its own files are called in reports."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from policylint import policy as policies
from policylint.cli.errors import UsageError, note
from policylint.discover import common_folder, discover, git_root, is_below, relative
from policylint.rules.index import SETS
from policylint.source import SourceFile

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from policylint.cli.rego import Shelf
    from policylint.policy import Policy


def policy_for(
    name: str | None, paths: Iterable[str], shelf: Shelf, *, isolated: bool = False
) -> Policy:
    """A policy by its name or file, else the one that holds for the paths."""
    try:
        name = name_for(name, paths, isolated=isolated)
        if name in SETS:
            return policies.built_in(name).adding(shelf.given())
        from policylint.policy_file import load

        return load(name, shelf.reader())
    except policies.PolicyError as error:
        raise UsageError(str(error)) from None


def shelf_here(shelf: Shelf) -> Shelf:
    """A shelf with the policies in Rego that the command line or the policy file here names."""
    try:
        shelf.given()
    except policies.PolicyError as error:
        raise UsageError(str(error)) from None
    try:
        policy_for(None, ["."], shelf)
    except UsageError as error:
        # Whoever looks for the name of a rule may be about to mend the policy.
        note(f"the policy here cannot be used, rules in Rego may be missing\n{error}")
    return shelf


def name_for(name: str | None, paths: Iterable[str], *, isolated: bool = False) -> str:
    """The name of a set, or the path of a policy file; raises `PolicyError`."""
    if name is None and not isolated:
        name = policies.find(common_folder(paths))
    return name or policies.DEFAULT_SET


def root_of(policy: Policy, folder: str) -> str:
    """The folder to which reported paths are relative: the policy file's, else git's, else ours."""
    if policy.folder is not None and is_below(folder, policy.folder):
        return policy.folder
    return git_root(folder) or os.getcwd()


def reported(policy: Policy, root: str) -> Policy:
    """The policy with its files called as reports call files."""
    if not policy.exemptions:
        return policy
    known: dict[SourceFile, SourceFile] = {}
    for source in dict.fromkeys(exemption.source for exemption in policy.exemptions):
        path = relative(source.location, root)
        known[source] = SourceFile(path, source.text, location=source.location)
    return policy._replace(
        exemptions=tuple(
            exemption._replace(source=known[exemption.source]) for exemption in policy.exemptions
        )
    )


def context(policy: Policy, root: str, seen: set[str]) -> Iterator[SourceFile]:
    """The rest of the folder that a policy holds for, but for what has been `seen`.

    What cannot be read is left out: nobody asked for it.
    """
    if policy.folder is not None:
        for found in discover((policy.folder,), root=root, exclude=policy.exclude, seen=seen):
            if isinstance(found, SourceFile):
                yield found


def covers(paths: Iterable[str], policy: Policy) -> bool:
    """Whether the paths are the whole folder of the policy: all that it holds for."""
    folder = policy.folder
    return folder is not None and any(
        path != "-" and os.path.isdir(path) and is_below(folder, os.path.abspath(path))
        for path in paths
    )

"""What a definition says twice, in vain or in old words: conflicts, dropped settings, old fields.

Works on the document as it is written, because nodes show only what holds in
the end. Fields without content (null, `[]`, `{}`) say nothing here, and neither
do the defaults that the schedulers write into their answers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from policylint.parsers.members import Members
    from policylint.parsers.quirks.shared import Quirks
    from policylint.workload import Workload


def of(workload: Workload, members: Members, group_role: str | None = None) -> Quirks:
    """The quirks of a definition; `group_role` is the role that the group around it enforces."""
    if workload.kind == "app":
        from policylint.parsers.quirks.apps import app

        return app(members, is_partial=workload.partial, group_role=group_role)
    if workload.kind == "pod":
        from policylint.parsers.quirks.pods import pod

        return pod(members, group_role=group_role)
    from policylint.parsers.quirks.jobs import job

    return job(members)

"""What is understood of a fleet, as tables."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from policylint.output.text import printable

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    Json = dict[str, Any]

_UNITS = {"cpus": "cpus", "mem": "mem MiB", "disk": "disk MiB", "gpus": "gpus",
          "instances": "instances"}  # fmt: skip


def render(survey: Json) -> str:
    """Sums by role and group with the share of quotas, then what is claimed by whom."""
    lines = [
        *_table("role", [*survey["roles"], {"name": "in all", **survey["total"]}]),
        *_table("group", survey["groups"]),
        *_claims("host port", ("port", "protocol"), survey["host_ports"]),
        *_claims("service port", ("port",), survey["service_ports"]),
        *_claims("VIP", ("value",), survey["vips"]),
        *_claims("route", ("label", "value"), survey["routes"]),
        *_claims("dependency", ("target",), survey["dependencies"], "owner"),
    ]
    return "\n".join(lines[1:]) + "\n"


def _table(title: str, entries: Sequence[Json]) -> Iterator[str]:
    if not entries:
        return
    rows = [[title, "workloads", *_UNITS.values()]]
    for entry in entries:
        amounts = [_amount(entry[name]) for name in _UNITS]
        rows.append([printable(entry["name"]), str(entry["workloads"]), *amounts])
    yield ""
    yield from _aligned(rows)


def _amount(found: Json) -> str:
    asked = f"{found['asked']:.3f}".rstrip("0").rstrip(".")
    if "quota" not in found:
        return asked
    share = f" ({found['used']:.0%})" if "used" in found else ""
    return f"{asked} of {found['quota']:g}{share}"


def _claims(
    title: str, what: Sequence[str], entries: Iterable[Json], who: str = "service"
) -> Iterator[str]:
    """Who claims what; what several claim stands once for each of them."""
    rows = [
        [printable(" ".join(str(entry[name]) for name in what)), printable(str(entry[who]))]
        for entry in entries
    ]
    if rows:
        yield ""
        yield from _aligned([[title, "of"], *rows], left=2)


def _aligned(rows: Sequence[Sequence[str]], left: int = 1) -> Iterator[str]:
    """Columns, the first ones to the left and numbers to the right."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = [
            cell.ljust(width) if at < left else cell.rjust(width)
            for at, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        yield "  ".join(cells).rstrip()

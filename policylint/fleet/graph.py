"""What depends on what, groups taken apart, in time linear in what is written.

A service depends on what the groups around it depend on; who depends on a group depends on
every service in it. So a group is two nodes: what its members wait for, and its members.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from policylint.detect.ids import ancestors
from policylint.named import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from policylint.fleet import Fleet, Service, ServiceGroup, Spot

# What a node is, and the id: a service of Marathon, a job, the wants of a group, its members.
_SERVICE, _JOB, _WANTS, _MEMBERS = "marathon", "metronome", "wants", "members"
Node = tuple[str, str]


class Edge(NamedTuple):
    """A dependency as somebody wrote it."""

    owner: Service | ServiceGroup
    target: str
    at: Spot


class Descent(NamedTuple):
    """A dependency that leads to a less important service, at once or by way of others."""

    edge: Edge
    level: int
    others: tuple[Edge, ...]
    lowest: str
    lower: int


def edges(fleet: Fleet) -> Iterator[Edge]:
    """The dependencies of all services whose id is known, and of groups."""
    owners: list[Service | ServiceGroup] = [*fleet.services, *fleet.groups]
    for owner in owners:
        if owner.id is not None:
            for dependency in owner.dependencies:
                yield Edge(owner, dependency.value, owner.spot(dependency))


class Graph:
    """The dependencies of a fleet."""

    def __init__(self, fleet: Fleet) -> None:
        self._next: dict[Node, list[tuple[Node, Edge | None]]] = {}
        self._fleet = fleet
        for service in fleet.services:
            if service.id is not None:
                self._place((service.server, service.id))
        for edge in edges(fleet):
            self._add(edge)

    def cycles(self) -> list[list[Edge]]:
        """A short cycle of each knot of services that wait for each other."""
        knots = {node: number for number, knot in enumerate(self._knots()) for node in knot}
        found: dict[int, list[Edge]] = {}
        for edge in sorted(edges(self._fleet), key=lambda edge: edge.at.order()):
            start = _from(edge)
            number = knots.get(start)
            if number is None or number in found:
                continue
            for node in self._targets(edge):
                if knots.get(node) == number and number not in found:
                    found[number] = [edge, *self._way(node, start, knots)]
        return list(found.values())

    def descents(self, level_of: Callable[[str], int | None]) -> Iterator[Descent]:
        """The dependencies that lead from a level to a higher number, past what has no level."""
        levels = {
            node: level
            for node in self._next
            if node[0] in (_SERVICE, _JOB) and (level := level_of(node[1])) is not None
        }
        highest = _highest(levels)
        reached = self._reached(levels)
        for edge in edges(self._fleet):
            level = highest.get(_from(edge))
            targets = self._targets(edge)
            steps = [(node, reached[node]) for node in targets if node in reached]
            if not targets and (known := level_of(edge.target)) is not None:
                steps = [((_SERVICE, edge.target), _Step(known, None, None))]
            if level is None or not steps:
                continue
            node, step = max(steps, key=lambda found: found[1].level)
            if step.level > level:
                others: list[Edge] = []
                while step.next is not None:
                    others += [step.edge] if step.edge is not None else []
                    node, step = step.next, reached[step.next]
                yield Descent(edge, level, tuple(others), node[1], step.level)

    def _place(self, node: Node) -> None:
        """Put a service below the groups around it."""
        if node in self._next:
            return
        self._next[node] = []
        if node[0] != _SERVICE:
            return
        wants = members = node
        for group in ancestors(node[1]):
            outer = (_WANTS, group), (_MEMBERS, group)
            is_known = outer[0] in self._next
            self._next[wants].append((outer[0], None))
            self._next.setdefault(outer[0], [])
            self._next.setdefault(outer[1], []).append((members, None))
            wants, members = outer
            if is_known:
                break

    def _add(self, edge: Edge) -> None:
        start = self._next.setdefault(_from(edge), [])
        start += [(node, edge) for node in self._targets(edge)]

    def _targets(self, edge: Edge) -> list[Node]:
        """The nodes that a dependency leads to; none when nobody defines it."""
        if edge.owner.server == _JOB:
            nodes: list[Node] = [(_JOB, edge.target)]
        else:
            nodes = [(_SERVICE, edge.target), (_MEMBERS, edge.target)]
        return [node for node in nodes if node in self._next]

    def _knots(self) -> Iterator[list[Node]]:
        """The sets of nodes that all lead to each other: Tarjan's, without recursion."""
        number: dict[Node, int] = {}
        lowest: dict[Node, int] = {}
        stack: list[Node] = []
        open_nodes: set[Node] = set()
        for top in self._next:
            if top in number:
                continue
            work = [(top, iter(self._next[top]))]
            number[top] = lowest[top] = len(number)
            stack.append(top)
            open_nodes.add(top)
            while work:
                node, ways = work[-1]
                for below, _ in ways:
                    if below not in number:
                        number[below] = lowest[below] = len(number)
                        stack.append(below)
                        open_nodes.add(below)
                        work.append((below, iter(self._next[below])))
                        break
                    if below in open_nodes:
                        lowest[node] = min(lowest[node], number[below])
                else:
                    work.pop()
                    if work:
                        above = work[-1][0]
                        lowest[above] = min(lowest[above], lowest[node])
                    if lowest[node] == number[node]:
                        knot = [stack.pop()]
                        while knot[-1] != node:
                            knot.append(stack.pop())
                        open_nodes.difference_update(knot)
                        if len(knot) > 1 or any(below == node for below, _ in self._next[node]):
                            yield knot

    def _way(self, start: Node, end: Node, knots: Mapping[Node, int]) -> list[Edge]:
        """The dependencies on the shortest way from one node of a knot to another."""
        came: dict[Node, tuple[Node, Edge | None] | None] = {start: None}
        waiting = deque([start])
        while end not in came:
            node = waiting.popleft()
            for below, edge in self._next[node]:
                if below not in came and knots.get(below) == knots[end]:
                    came[below] = (node, edge)
                    waiting.append(below)
        found: list[Edge] = []
        step = came[end]
        while step is not None:
            found += [step[1]] if step[1] is not None else []
            step = came[step[0]]
        return found[::-1]

    def _reached(self, levels: Mapping[Node, int]) -> dict[Node, _Step]:
        """The highest number that each node leads to, and the next step on the way there."""
        above: dict[Node, list[tuple[Node, Edge | None]]] = {}
        for node, ways in self._next.items():
            for below, edge in ways:
                above.setdefault(below, []).append((node, edge))
        reached: dict[Node, _Step] = {}
        for node, level in sorted(levels.items(), key=lambda found: -found[1]):
            reached[node] = _Step(level, None, None)
            waiting = deque([node])
            while waiting:
                node = waiting.popleft()
                for upper, edge in above.get(node, ()):
                    # What has a level answers for itself.
                    if upper not in reached and upper not in levels:
                        reached[upper] = _Step(level, edge, node)
                        waiting.append(upper)
        return reached


class _Step(NamedTuple):
    """The level that a node leads to, the dependency on the way there, and the next node."""

    level: int
    edge: Edge | None
    next: Node | None


def _from(edge: Edge) -> Node:
    if edge.owner.kind == "group":
        return (_WANTS, edge.owner.id or "")
    return (edge.owner.server, edge.owner.id or "")


def _highest(levels: Mapping[Node, int]) -> dict[Node, int]:
    """The levels of services, and of groups the one of their most important service."""
    highest = dict(levels)
    for (kind, identifier), level in levels.items():
        for group in ancestors(identifier) if kind == _SERVICE else ():
            node = (_WANTS, group)
            highest[node] = min(level, highest.get(node, level))
    return highest

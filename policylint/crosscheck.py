"""The pass over all definitions together: gathers facts file by file, then compares them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from policylint.finding import Finding, Related, rank
from policylint.model import Record
from policylint.parsers import parse
from policylint.source import Span

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator

    from policylint.engine import Check
    from policylint.finding import Problem
    from policylint.fleet import Facts, Fleet, Spot
    from policylint.fleet.reader import Reader
    from policylint.model import Suppression
    from policylint.organisation import Images
    from policylint.parsers import Document
    from policylint.parsers.templates import Values
    from policylint.source import SourceFile

# Further places of one finding that are shown; a role with a thousand services has one finding.
MOST_RELATED = 10

_FACTS = ("host_ports", "service_ports", "routing", "mounts", "volumes", "secrets", "timers")


class Shared(Record):
    """A finding about several definitions, and how it looks from each that may take it back."""

    finding: Finding
    stands: tuple[Finding, ...]


class Gathering:
    """The facts of a run as they come together, and the files that they are from.

    What is not named is context: it takes part, and nothing is said that is about it alone.
    """

    def __init__(self) -> None:
        self.suppressions: dict[str, list[Suppression]] = {}
        self._reader: Reader | None = None
        # A Dockerfile that is alone so far: it meets nobody, so its facts are not read yet.
        self._alone: tuple[SourceFile, list[Document]] | None = None
        self._sources: dict[str, SourceFile] = {}
        self._facts: dict[str, list[Facts]] = {}
        self._named: set[str] = set()
        self._by_text: dict[tuple[str, str], list[str]] = {}

    @property
    def is_empty(self) -> bool:
        """Whether no named file has anything that could be compared."""
        return not self._named and self._alone is None

    @property
    def has_services(self) -> bool:
        """Whether there is anything that Dockerfiles could be compared with."""
        return any(left.services or left.groups for facts in self._facts.values() for left in facts)

    def known(self) -> set[str]:
        """The names of the facts that somebody has; `others` where there are several owners."""
        facts = [left for found in self._facts.values() for left in found]
        owners = [owner for left in facts for owner in (*left.services, *left.groups)]
        found = {
            name
            for owner in owners
            for name in ("dependencies", *_FACTS)
            if getattr(owner, name, ())
        }
        if any(left.images for left in facts):
            found.add("images")
        return {*found, "others"} if len(owners) > 1 else found

    def add(
        self, source: SourceFile, documents: Iterable[Document], *, is_named: bool = True
    ) -> None:
        """Take the facts of a file along; of two with one path the first counts."""
        documents = list(documents)
        if not documents:
            return
        if self._alone is not None:
            first, self._alone = self._alone, None
            self._take(*first, is_named=True)
        elif is_named and not self._sources and _is_build(documents):
            self._alone = source, documents
            return
        self._take(source, documents, is_named=is_named)

    def _take(self, source: SourceFile, documents: list[Document], *, is_named: bool) -> None:
        path = source.path
        if path in self._sources:
            return
        if self._reader is None:
            from policylint.fleet.reader import Reader

            self._reader = Reader()
        read = self._reader.facts
        found = (read(path, number, document.nodes) for number, document in enumerate(documents))
        facts = [left for left in found if left is not None]
        if not facts:
            return
        self._sources[path] = source
        self._facts[path] = facts
        # Each Dockerfile builds an image of its own, whatever its text.
        is_build = any(left.images for left in facts)
        self._by_text.setdefault((source.text, path if is_build else ""), []).append(path)
        if is_named:
            self._named.add(path)
        asked = [suppression for document in documents for suppression in document.suppressions]
        if asked:
            self.suppressions[path] = asked

    def fleet(self) -> Fleet:
        """All that is known; of files with the same text one stands for all."""
        from policylint.fleet import Fleet

        paths = map(min, self._by_text.values())
        return Fleet(facts for path in paths for facts in self._facts[path])

    def findings(self, checks: Iterable[Check], values: Values | None) -> list[Shared]:
        """What the rules on the fleet say of the named files."""
        # A named file is shown in the place of the copy that stands for it.
        copies = {
            min(paths): [path for path in sorted(paths) if path in self._named] or [min(paths)]
            for paths in self._by_text.values()
        }
        named = {path for path, shown in copies.items() if shown[0] in self._named}
        cases = [case for case in self._cases(checks, named) if case.at is not None]
        wanted: dict[str, set[Spot]] = {}
        for case in cases:
            for spot in case.wanted(self.suppressions):
                wanted.setdefault(spot.path, set()).add(spot)
        shown = {path: [self._sources[copy] for copy in paths] for path, paths in copies.items()}
        sites = _Sites(dict(self._sites(wanted, values)), shown, {})
        found: dict[tuple[object, ...], Shared] = {}
        for case in cases:
            shared = sites.shared(case)
            finding = shared.finding
            key = finding.rule.name, finding.source.path, finding.span, finding.message
            if key not in found or rank(found[key].finding.severity) < rank(finding.severity):
                found[key] = shared
        return _without_echoes(list(found.values()))

    def answers(
        self, images: Images
    ) -> Callable[[Finding], list[tuple[Problem, tuple[Related, ...]]] | None]:
        """What the definitions together say to the question of a finding."""
        from policylint.fleet.images import Join

        join = Join(self.fleet(), images)

        def answer(finding: Finding) -> list[tuple[Problem, tuple[Related, ...]]] | None:
            told = finding.question(join, finding) if finding.question is not None else None
            if told is None:
                return None
            return [(problem, tuple(self._shown(problem))) for problem in told]

        return answer

    def _shown(self, problem: Problem) -> Iterator[Related]:
        """The related places of an answer; those in Dockerfiles are exact from the start."""
        for spot, message in problem.related:
            document = parse(self._sources[spot.path], judged=False)[spot.document]
            yield Related(self._sources[spot.path], document.span(spot.place), message)

    def _cases(self, checks: Iterable[Check], named: Collection[str]) -> list[_Case]:
        """All problems in their order, whether they touch a named file or not."""
        fleet = self.fleet()
        cases = []
        for check in checks:
            for problem in check.problems(fleet, {}):
                severity = check.severity(problem)
                spots = (problem.at, *(spot for spot, _ in problem.related))
                at = next((n for n, spot in enumerate(spots) if spot.path in named), None)
                if severity is not None:
                    cases.append(_Case(check, severity, problem, spots, at))
        cases.sort(key=_Case.order)
        times: dict[object, int] = {}
        for number, case in enumerate(cases):
            key = case.check.rule.name, case.spots[0]
            times[key] = times.get(key, 0) + 1
            if times[key] > 1:
                cases[number] = case._replace(ordinal=times[key])
        return cases

    def _sites(
        self, wanted: dict[str, set[Spot]], values: Values | None
    ) -> Iterator[tuple[Spot, _Site]]:
        """The stretches of text that spots stand for; each file is read again once."""
        for path, spots in wanted.items():
            documents = parse(self._sources[path], values, judged=False)
            for spot in spots:
                document = documents[spot.document]
                names = document.names(spot.place)[len(spot.root) :]
                yield spot, _Site(document.span(spot.place), names)


def _is_build(documents: Iterable[Document]) -> bool:
    """Whether there is nothing but a build of an image."""
    nodes = [node for document in documents for node in document.nodes]
    return bool(nodes) and all(getattr(node, "stages", ()) for node in nodes)


class _Case(Record):
    """A problem, its places, and which is the first that lies in a named file, if any.

    `ordinal` tells it from others of the rule at the same place.
    """

    check: Check
    severity: str
    problem: Problem
    spots: tuple[Spot, ...]
    at: int | None
    ordinal: int = 1

    def order(self) -> tuple[object, ...]:
        return (*self.spots[0].order(), self.check.rule.name, self.problem.message)

    def related(self) -> list[tuple[Spot, str]]:
        """The other places that are shown, the one where a change is needed first."""
        places = [(self.problem.at, self.problem.here), *self.problem.related]
        return [place for n, place in enumerate(places) if n != self.at][:MOST_RELATED]

    def stands(self) -> tuple[Spot, ...]:
        """The places at which the problem can be taken back."""
        return self.spots if self.problem.is_mutual else self.spots[:1]

    def wanted(self, suppressed: Collection[str]) -> Iterator[Spot]:
        """The places that must be known exactly."""
        yield self.spots[0]
        yield self.spots[self.at or 0]
        yield from (spot for spot, _ in self.related())
        yield from (spot for spot in self.stands() if spot.path in suppressed)


class _Site(Record):
    """Where a spot is in its file, and its path with list items under their own names."""

    span: Span
    names: tuple[str | int, ...]


_NOWHERE = _Site(Span(0, 0), ())


class _Sites(Record):
    """The places of a run, worked out, and the files that each path stands for."""

    known: dict[Spot, _Site]
    sources: dict[str, list[SourceFile]]
    seen: dict[tuple[object, ...], int]

    def shared(self, case: _Case) -> Shared:
        """A case as findings."""
        first = case.spots[0]
        # The same whichever files are named, so that a baseline holds for all runs.
        names = self.known[first].names
        place = (case.check.rule.name, first.path, first.subject, names, case.ordinal)
        times = self.seen[place] = self.seen.get(place, 0) + 1
        identity = place if times == 1 else (*place, times)
        related = tuple(
            Related(self.sources[spot.path][0], self.known[spot].span, message)
            for spot, message in case.related()
        )
        shown = case.spots[case.at or 0]
        return Shared(
            self._finding(case, shown, self.sources[shown.path][0], related, identity),
            tuple(
                self._finding(case, spot, source, (), identity)
                for spot in case.stands()
                for source in self.sources[spot.path]
            ),
        )

    def _finding(
        self,
        case: _Case,
        spot: Spot,
        source: SourceFile,
        related: tuple[Related, ...],
        identity: tuple[object, ...],
    ) -> Finding:
        return Finding(
            case.check.rule,
            case.severity,
            case.problem,
            source,
            self.known.get(spot, _NOWHERE).span,
            subject=spot.subject,
            related=related,
            identity=identity,
        )


def _without_echoes(found: list[Shared]) -> list[Shared]:
    """Those for which no other rule speaks at the same place."""
    spoken = {
        (shared.finding.rule.name, shared.finding.source.path, shared.finding.span)
        for shared in found
    }
    return [
        shared
        for shared in found
        if not any(
            (name, shared.finding.source.path, shared.finding.span) in spoken
            for name in shared.finding.rule.unless
        )
    ]

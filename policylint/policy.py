"""Policies: which rules apply, how severe they are and what the organisation's facts are.

A policy that cannot be read is never an empty policy: every mistake in one is
reported at its place, and the run stops.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from policylint.finding import UNREADABLE
from policylint.named import NamedTuple
from policylint.organisation import Organisation
from policylint.rules.index import RULES, SETS
from policylint.source import shipped

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from policylint.model import Suppression
    from policylint.source import SourceFile

if TYPE_CHECKING:
    # Type and default of a setting, and of one in Rego the schema that its values must fit.
    Setting = tuple[str, Any] | tuple[str, Any, Any]
    # What `rules.index` has of a rule; one in Rego has neither module nor node.
    Entry = tuple[str, str, str, str, Mapping[str, Setting]]

FILE_NAMES = (".policylint.yaml", "policylint.yaml")
_NEARLY = (".policylint.yml", "policylint.yml", ".policylint.json", "policylint.json")
ALWAYS_ON = (
    UNREADABLE,
    "suppression-without-reason",
    "suppression-unused",
    "suppression-expired",
    "suppression-not-permitted",
)
REGO_VERSIONS = ("v0", "v1")
DEFAULT_SET = "recommended"
DEFAULT_FAIL_ON = "medium"
# What a folder of policies in Rego that comes with policylint is called.
SHIPPED_REGO = "policylint/"
CANNOT_BE_OFF = "what cannot be read has not been checked; exclude the file instead"


class PolicyError(Exception):
    """A policy, or a choice of rules, that cannot be used; one message a line, places included."""


class RegoSources(NamedTuple):
    """Policies in Rego, as files and folders, and how those for conftest are read.

    `data` are files and folders of data for them; `namespaces` are the packages that hold
    rules, patterns allowed. They look at one definition at a time or, to `combine`, at a list
    of all. `version` is that of Rego, v1 where nothing is said.
    """

    policies: tuple[str, ...] = ()
    data: tuple[str, ...] = ()
    namespaces: tuple[str, ...] = ()
    combine: bool = False
    version: str | None = None

    def under(self, later: RegoSources) -> RegoSources:
        """These with later ones over them: files together, of all else what is said last."""
        return RegoSources(
            tuple(dict.fromkeys((*self.policies, *later.policies))),
            tuple(dict.fromkeys((*self.data, *later.data))),
            later.namespaces or self.namespaces,
            self.combine or later.combine,
            later.version or self.version,
        )


class RuleChoice(NamedTuple):
    """What a policy says of one rule.

    `floor` is the least severity that it reports, `suppressible` whether definitions may
    suppress it: None leaves it to the rule's severity.
    """

    severity: str | None = None
    settings: Mapping[str, Any] = {}
    floor: str = "info"
    suppressible: bool | None = None


class Exemption(NamedTuple):
    """An exception that a policy file makes, and the file, for its place.

    One that `is_shared` stands in a file outside the policy's own folder: it may be
    there for somebody else.
    """

    source: SourceFile
    asked: Suppression
    is_shared: bool = False


class Policy(NamedTuple):
    """What is demanded of definitions.

    `rego` are its policies in Rego, `known` all rules that there are, those
    included; `left_out` are rules that the policy has and that only this run does without;
    `honor` are the tools whose remarks in Dockerfiles take findings back.
    """

    name: str
    rules: Mapping[str, RuleChoice]
    fail_on: str = DEFAULT_FAIL_ON
    exclude: tuple[str, ...] = ()
    organisation: Organisation = Organisation()
    folder: str | None = None
    exemptions: tuple[Exemption, ...] = ()
    rego: RegoSources = RegoSources()
    left_out: frozenset[str] = frozenset()
    known: Mapping[str, Entry] = RULES
    honor: tuple[str, ...] = ()

    def selecting(self, select: Iterable[str], ignore: Iterable[str]) -> Policy:
        """The same policy for some rules or families only, and without others.

        A rule that is selected and that the policy does not have comes with its
        usual severity. Raises `PolicyError` for names that nobody has.
        """
        ignore = tuple(ignore)
        if UNREADABLE in ignore:
            raise PolicyError(f"{UNREADABLE} cannot be ignored: {CANNOT_BE_OFF}")
        chosen, dropped = self._named(select), self._named(ignore)
        names = [name for name in chosen or self.rules if name not in dropped]
        rules = {name: self.rules.get(name, RuleChoice()) for name in (*names, UNREADABLE)}
        return self._replace(rules=rules, left_out=frozenset(self.rules.keys() - rules.keys()))

    def adding(self, more: Mapping[str, Entry]) -> Policy:
        """The same policy with further rules, which are on."""
        if not more:
            return self
        rules = {**self.rules, **{name: RuleChoice() for name in more}}
        return self._replace(rules=rules, known={**self.known, **more})

    def honoring(self, tools: Iterable[str]) -> Policy:
        """The same policy, heeding the remarks of more tools; `PolicyError` for unknown ones."""
        honor = tuple(dict.fromkeys((*self.honor, *tools)))
        for mistake in filter(None, map(mistaken_tool, honor)):
            raise PolicyError(mistake)
        return self._replace(honor=honor)

    def _named(self, names: Iterable[str]) -> dict[str, None]:
        """The rules that some names of rules and families stand for, in order."""
        chosen: dict[str, None] = {}
        known = self.known
        families = families_of(known)
        for name in names:
            if name in known:
                chosen[name] = None
            elif name in families:
                chosen.update(dict.fromkeys(rule for rule in known if known[rule][3] == name))
            else:
                hint = suggestion(name, [*known, *families])
                raise PolicyError(f'no such rule or family: "{name}"{hint}')
        return chosen


def built_in(name: str) -> Policy:
    """One of the shipped policy sets."""
    return Policy(name, set_rules(name))


def find(folder: str) -> str | None:
    """The policy file that holds for a folder: the closest one upwards, up to git's root.

    Raises `PolicyError` when a folder has two, or one that is called almost so: nobody
    would notice that it is not read.
    """
    folder = os.path.abspath(folder)
    while True:
        found = [name for name in FILE_NAMES if _is_there(os.path.join(folder, name))]
        if len(found) > 1:
            raise PolicyError(f"{folder}: two policy files, {' and '.join(found)}; keep one")
        if found:
            return os.path.join(folder, found[0])
        nearly = [name for name in _NEARLY if _is_there(os.path.join(folder, name))]
        if nearly:
            raise PolicyError(f"{os.path.join(folder, nearly[0])}: call it {FILE_NAMES[0]}")
        parent = os.path.dirname(folder)
        if parent == folder or os.path.exists(os.path.join(folder, ".git")):
            return None
        folder = parent


def _is_there(path: str) -> bool:
    # A link that leads nowhere is a policy that cannot be read, not one that is absent.
    return os.path.lexists(path) and not os.path.isdir(path)


def always_on() -> dict[str, RuleChoice]:
    """The rules that every set has: what cannot be read, and those that watch over suppressions."""
    return {name: RuleChoice() for name in ALWAYS_ON if name in RULES}


def set_rules(name: str) -> dict[str, RuleChoice]:
    """The rules of a built-in set."""
    floor, rules, said = SETS[name]
    choices = dict.fromkeys(rules, RuleChoice(floor=floor))
    for rule, (severity, settings) in said.items():
        choices[rule] = RuleChoice(severity, settings, floor)
    return {**always_on(), **choices}


def rego_path(name: str, folder: str = "") -> str:
    """The path of policies in Rego: of those that come with policylint, else as it is written."""
    place = shipped_rego().get(name)
    return place or os.path.normpath(os.path.join(folder, name))


def shipped_rego() -> dict[str, str]:
    """The policies in Rego that come with policylint: names, and their folders."""
    top = shipped(os.path.join("policies", "rego"))
    names = [name for name in sorted(os.listdir(top)) if not name.startswith(".")]
    return {f"{SHIPPED_REGO}{name}": os.path.join(top, name) for name in names}


def families_of(known: Mapping[str, Entry]) -> list[str]:
    """The families of rules."""
    return sorted({entry[3] for entry in known.values()})


def mistaken_tool(name: str) -> str | None:
    """What to say of a name that is none of the tools whose remarks are known."""
    from policylint.dockerfile.remarks import TOOLS

    if name in TOOLS:
        return None
    hint = suggestion(name, TOOLS) or f"\n  there are: {', '.join(TOOLS)}"
    shown = name.replace("\n", "\\n")  # it must not pass for a line of its own
    return f'no tool whose remarks are known: "{shown}"{hint}'


def suggestion(name: str, names: Iterable[str], cutoff: float = 0.6) -> str:
    """A second line for an error message: the name that was probably meant."""
    from difflib import get_close_matches

    close = get_close_matches(name, list(names), 1, cutoff)
    return f'\n  did you mean "{close[0]}"?' if close else ""

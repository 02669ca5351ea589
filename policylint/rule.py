"""`@rule`: a function becomes a rule.

    @rule(on=Container, severity="critical", family="privilege", refs="CWE-250")
    def privileged_container(container: Container) -> Problems:

The function's name in kebab case is the rule's name, its docstring the
documentation, its first parameter the node that it is called with, further
positional parameters the nodes around that one and the organisation's facts,
keyword-only parameters the settings.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from policylint.named import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from policylint.finding import Problems

    Check = Callable[..., Problems]

FAMILIES = (
    "document", "privilege", "escape", "isolation", "resources", "artifacts", "secrets",
    "availability", "exposure", "hygiene",
)  # fmt: skip


class Rule:
    """A check with its name, weight and words."""

    __slots__ = (
        "_doc", "after", "around", "asks", "check", "confidence", "equivalents", "family", "given",
        "name", "nodes", "programs", "refs", "severity", "unless",
    )  # fmt: skip

    def __init__(
        self,
        check: Check,
        *,
        nodes: tuple[type, ...],
        severity: str,
        family: str,
        refs: str,
        confidence: str,
        unless: tuple[str, ...],
        after: tuple[str, ...],
        equivalents: tuple[str, ...],
        asks: bool,
        given: tuple[str, ...],
        programs: frozenset[str],
    ) -> None:
        self.check = check
        self.name = check.__name__.replace("_", "-")
        self.nodes = nodes
        self.severity = severity
        self.family = family
        self.refs = tuple(refs.split())
        self.confidence = confidence
        self.unless = unless
        self.after = after
        self.equivalents = equivalents
        self.asks = asks
        self.given = given
        self.programs = programs
        # The types of what the check asks for beside the node itself.
        is_plain = check.__code__.co_argcount == 1
        self.around = () if is_plain else tuple([kind for _, kind in self.parameters[1:]])
        self._doc: Doc | None = None

    def __repr__(self) -> str:
        return f"Rule({self.name})"

    @property
    def node(self) -> type:
        """The type of node that it is about, the first where there are several."""
        return self.nodes[0]

    @property
    def parameters(self) -> tuple[tuple[str, str], ...]:
        """Names and types of what the check asks for, the node itself first."""
        code = self.check.__code__
        names = code.co_varnames[: code.co_argcount]
        return tuple((name, self.check.__annotations__[name]) for name in names)

    @property
    def settings(self) -> dict[str, tuple[str, Any]]:
        """Type and default of each setting."""
        code = self.check.__code__
        names = code.co_varnames[code.co_argcount :][: code.co_kwonlyargcount]
        defaults = self.check.__kwdefaults__ or {}
        return {name: (self.check.__annotations__[name], defaults[name]) for name in names}

    @property
    def doc(self) -> Doc:
        """The docstring, taken apart."""
        if self._doc is None:
            self._doc = _read_doc(self.check.__doc__ or "")
        return self._doc

    @property
    def summary(self) -> str:
        """What the offence is, in a sentence."""
        return (self.check.__doc__ or self.name).partition("\n")[0].strip()

    @property
    def instead(self) -> str:
        """What to do instead: the paragraph that begins so, without its full stop."""
        for paragraph in self.doc.body:
            if paragraph.startswith("Instead"):
                text = paragraph.rstrip(".")
                return text[0].lower() + text[1:]
        return ""


class Example(NamedTuple):
    """A complete document that a rule reports, or leaves alone.

    Of the kind `files` are several: paths and texts in YAML.
    """

    good: bool
    kind: str
    text: str


class Doc(NamedTuple):
    """A rule's docstring: summary, paragraphs, what each setting means, examples.

    `policy` is the part of a policy file without which the examples show nothing, `ignored`
    the ignore file beside them.
    """

    summary: str
    body: tuple[str, ...]
    settings: dict[str, str]
    examples: tuple[Example, ...]
    policy: str = ""
    ignored: str | None = None


def rule(
    *,
    on: type | tuple[type, ...],
    severity: str,
    family: str,
    refs: str = "",
    confidence: str = "high",
    unless: tuple[str, ...] = (),
    after: tuple[str, ...] = (),
    equivalents: tuple[str, ...] = (),
    asks: bool = False,
    given: tuple[str, ...] = (),
    programs: frozenset[str] = frozenset(),
) -> Callable[[Check], Rule]:
    """Make a rule of a check on nodes of one type, or of each of several.

    `severity` is the usual one; `unless` names rules that speak for this one where
    they have a problem on the same node or at the same place. `after` names families:
    such a rule is called once for a workload with their `problems`, those of rules that
    are off included. A rule `asks` when its problems may have a `question`. One on the
    fleet has nothing to say, and is not even imported, unless somebody has the facts
    that are `given`: those of services, `images` built here, `others` for a second
    definition. One on RUN that names `programs` is not asked where none of them is called.
    """

    def decorate(check: Check) -> Rule:
        return Rule(
            check,
            nodes=on if isinstance(on, tuple) else (on,),
            severity=severity,
            family=family,
            refs=refs,
            confidence=confidence,
            unless=unless,
            after=after,
            equivalents=equivalents,
            asks=asks,
            given=given,
            programs=programs,
        )

    return decorate


def _read_doc(docstring: str) -> Doc:
    summary, _, rest = docstring.partition("\n")
    body: list[str] = []
    settings: dict[str, str] = {}
    examples: list[Example] = []
    policy, ignored = "", None
    for block in _blocks(_dedented(rest)):
        head, _, below = block.partition("\n")
        if head == "Settings:":
            settings = _read_settings(_dedented(below))
        elif head == "Policy:":
            policy = _dedented(below)
        elif head == "Ignore file:":
            ignored = _dedented(below)
        elif head.startswith(("Bad (", "Good (")):
            kind = head[head.index("(") + 1 : head.index(")")]
            examples.append(Example(head.startswith("Good"), kind, _dedented(below)))
        else:
            body.append(" ".join(block.split()))
    return Doc(summary.strip(), tuple(body), settings, tuple(examples), policy, ignored)


def _dedented(text: str) -> str:
    """A text without the indentation that all its lines share."""
    lines = [line if line.strip() else "" for line in text.split("\n")]
    margin = min((len(line) - len(line.lstrip(" ")) for line in lines if line), default=0)
    return "\n".join(line[margin:] for line in lines)


def _blocks(text: str) -> Iterator[str]:
    """Paragraphs, each with the indented lines below it."""
    block: list[str] = []
    for line in text.splitlines():
        if any(block) and line[:1].strip() and not block[-1]:
            yield "\n".join(block).strip()
            block = []
        block.append(line)
    if any(block):
        yield "\n".join(block).strip()


def _read_settings(text: str) -> dict[str, str]:
    settings: dict[str, str] = {}
    name = ""
    for line in text.splitlines():
        if line and not line.startswith(" "):
            name, _, words = line.partition(":")
            settings[name] = words.strip()
        elif name:
            settings[name] += f" {line.strip()}"
    return settings

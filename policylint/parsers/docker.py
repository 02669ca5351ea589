"""Docker parameters: the flags that a definition hands to the engine, and the facts they state.

Each parameter becomes the one word `--key=value` on the engine's command line,
after the flags that the agent derives from the definition, without a shell. So
the word is put together and taken apart again before anything is compared.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from policylint.detect import capabilities
from policylint.detect.parameters import OFF
from policylint.detect.placeholders import has_hole
from policylint.model import UNKNOWN, Value
from policylint.workload import Capability, DockerParameter, SecurityOption

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from policylint.model import At
    from policylint.parsers.members import Members

_T = TypeVar("_T")

_LONG = {
    "v": "volume", "p": "publish", "P": "publish-all", "e": "env", "u": "user", "m": "memory",
    "c": "cpu-shares", "l": "label", "h": "hostname", "w": "workdir", "d": "detach", "t": "tty",
    "i": "interactive", "net": "network", "net-alias": "network-alias", "dns-opt": "dns-option",
}  # fmt: skip


class Parameters:
    """The parameters of one container, in the order in which the engine reads them."""

    __slots__ = ("items",)

    def __init__(self, docker: Members | None = None) -> None:
        """Read the `parameters` of an app's or a job's `docker` object."""
        self.items: tuple[DockerParameter, ...] = ()
        if docker is not None:
            self.items = tuple(map(_normalise, docker.children("parameters")))

    def all(self, key: str) -> list[Value[str]]:
        """Every value of a flag that may be repeated."""
        return [item.value for item in self.items if item.key == key]

    def last(self, key: str) -> Value[str] | None:
        """The value of a flag of which the last one counts, the others beside it."""
        values = self.all(key)
        return _beside(values[-1], values[:-1]) if values else None

    def first(self, key: str) -> Value[str] | None:
        """The value of a flag of which the first one counts, the others beside it."""
        values = self.all(key)
        return _beside(values[0], values[1:]) if values else None

    def flag(self, key: str) -> Value[bool] | None:
        """A switch, on or off: anything that is no false is a true."""
        value = self.last(key)
        if value is None:
            return None
        is_on = UNKNOWN if has_hole(value.value) else value.value not in OFF
        return Value(is_on, value.at, value.also)

    def capabilities(self) -> tuple[Capability, ...]:
        """The capabilities that are added and that the container has in the end."""
        added = _merged(_names(self.all("cap-add")))
        dropped = frozenset(name.value for name in _names(self.all("cap-drop")))
        names = {name.value for name in added}
        return tuple(
            Capability(name, dropped)
            for name in added
            if capabilities.is_granted(name.value, names, dropped)
        )

    def security_options(self) -> tuple[SecurityOption, ...]:
        """The values of `security-opt`, `name=setting` or, as in old engines, `name:setting`."""
        return tuple(
            SecurityOption(value.value[0], Value(value.value[1], value.at, value.also))
            for value in _merged(_split_option(value) for value in self.all("security-opt"))
        )


def _normalise(parameter: Members) -> DockerParameter:
    raw_key, raw_value = (parameter.raw.get(name) for name in ("key", "value"))
    written = raw_key if isinstance(raw_key, str) else ""
    value = raw_value if isinstance(raw_value, str) else ""
    key = written.strip().lstrip("-")
    at: At = parameter.place("value")
    if "=" in key:
        key, value = f"{key}={value}".split("=", 1)
        at = parameter.place("key")
        # `volume=/:/host` with an empty value is `--volume=/:/host=`.
        value = value.removesuffix("=") if not raw_value else value
    key = key.strip()
    raw = Value(written, parameter.place("key"))
    return DockerParameter(_LONG.get(key, key), Value(value, at), at, raw)


def _names(values: Iterable[Value[str]]) -> Iterator[Value[str]]:
    for value in values:
        for word in value.value.split(","):
            name = capabilities.canonical(word)
            if name and not has_hole(word):
                yield Value(name, value.at)


def _split_option(value: Value[str]) -> Value[tuple[str, str]]:
    text = value.value.strip()
    ends = [at for at in (text.find("="), text.find(":")) if at >= 0]
    end = min(ends, default=len(text))
    return Value((text[:end], text[end + 1 :]), value.at)


def _merged(values: Iterable[Value[_T]]) -> list[Value[_T]]:
    """Equal values as one, with the places of all."""
    merged: dict[_T, Value[_T]] = {}
    for value in values:
        first = merged.get(value.value)
        merged[value.value] = value if first is None else _beside(first, [value])
    return list(merged.values())


def _beside(value: Value[_T], others: Iterable[Value[_T]]) -> Value[_T]:
    return Value(value.value, value.at, (*value.also, *(other.at for other in others)))

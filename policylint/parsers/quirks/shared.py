"""Quirks that apps, pods and jobs have in common."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from policylint.detect.placeholders import has_hole
from policylint.detect.users import is_root
from policylint.model import Conflict, DroppedSetting, Value
from policylint.named import NamedTuple
from policylint.parsers.docker import Parameters
from policylint.tree import Place, Placeholder

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from policylint.model import At
    from policylint.parsers.members import Members

    Quirks = Iterator[Conflict | DroppedSetting]

# What Marathon reserves where a complete definition says nothing.
REQUESTS = {"cpus": 1, "mem": 128}

_BOTH = "Marathon refuses an app with both"


class Field(NamedTuple):
    """A field of an object, there or not."""

    members: Members
    key: str

    @property
    def says(self) -> bool:
        """Whether it says something that is known; an empty list is as good as none."""
        raw = self.members.raw.get(self.key)
        return raw is not None and raw != [] and raw != {} and not isinstance(raw, Placeholder)

    @property
    def is_open(self) -> bool:
        """Whether a template fills it in later."""
        return isinstance(self.members.raw.get(self.key), Placeholder)

    @property
    def at(self) -> At:
        """Its value, or its name when the value may go on for lines."""
        if isinstance(self.members.raw.get(self.key), (dict, list)):
            return self.members.key_place(self.key)
        return self.members.place(self.key)

    @property
    def related(self) -> tuple[tuple[At, str], ...]:
        """The field as a place beside a finding."""
        return ((self.at, f"{self.key} stands here"),)


def exclusive(loser: Field, other: Field, keep: str, why: str = _BOTH) -> Quirks:
    """A conflict if both fields say something; the first is the one to go."""
    if loser.says and other.says:
        yield Conflict(
            f"{loser.key} stands beside {other.key}: {why}",
            loser.at,
            other.related,
            f"instead, keep {keep}",
        )


def twice(values: Iterable[Value[Any] | None], what: str, then: str) -> Quirks:
    """A conflict for every value that another one had before."""
    seen: dict[object, At] = {}
    for value in values:
        if value is None or not value.is_known:
            continue
        if value.value in seen:
            related = ((seen[value.value], "stands here first"),)
            message = f"{what} {value.value} is given twice: {then}"
            yield Conflict(message, value.at, related, f"instead, give each its own {what}")
        else:
            seen[value.value] = value.at


def forms(members: Members, names: Iterable[str], what: str) -> Quirks:
    """A conflict where an object has the keys of two forms of it."""
    stated = [field for name in names if (field := Field(members, name)).says]
    for field in stated[1:]:
        yield Conflict(
            f"{what} has both {stated[0].key} and {field.key}: Marathon wants exactly one",
            field.at,
            stated[0].related,
            f"instead, write one {what} for one of them",
        )


def network_mode(item: Members) -> Value[str]:
    """The mode of an entry of `networks`, in small letters."""
    stated = item.word("mode")
    if stated is None:
        return Value("container", Place(item.path), origin="default")
    return Value(stated.value.lower(), stated.at) if stated.is_known else stated


def networks(members: Members, *, is_docker: bool, scheduler: str = "Marathon") -> Quirks:
    """What one entry of `networks` says against itself or against those before it."""
    first: Value[str] | None = None
    names: list[Value[str]] = []
    for item in members.children("networks"):
        mode = network_mode(item)
        if not mode.among("host", "container", "container/bridge"):
            continue
        if mode.value != "container":
            yield from _bare_network(item, mode, scheduler)
        if first is None:
            first = mode
        elif mode.value != first.value or mode.value != "container" or is_docker:
            yield Conflict(
                _too_many(first.value, mode.value, scheduler),
                mode.at,
                ((first.at, "the first network stands here"),),
                "instead, keep the one network that is meant",
            )
        if mode.value == "container":
            names.append(item.text("name") or Value("(none)", mode.at))
    if not is_docker:
        yield from twice(names, "network name", f"{scheduler} refuses it")


def _too_many(first: str, mode: str, scheduler: str) -> str:
    if mode != first:
        return f"network mode {mode} stands beside {first}: {scheduler} refuses to mix them"
    if mode != "container":
        return f"network mode {mode} stands twice: {scheduler} refuses it"
    return f"the Docker engine joins one network, and this is one more: {scheduler} refuses it"


def _bare_network(item: Members, mode: Value[str], scheduler: str) -> Quirks:
    """A name or labels where the mode has none."""
    for key in ("name", "labels") if mode.value == "host" else ("name",):
        field = Field(item, key)
        if field.says:
            yield Conflict(
                f"{key} stands beside network mode {mode.value}, which has none:"
                f" {scheduler} refuses it",
                field.at,
                ((mode.at, "the mode stands here"),),
                f'instead, delete {key}, or choose mode "container"',
            )


def network_names(members: Members, ports: list[Members]) -> Quirks:
    """The networks that ports name against those that the workload joins."""
    joined = [
        item for item in members.children("networks") if network_mode(item).value == "container"
    ]
    names = {item.raw.get("name") for item in joined if isinstance(item.raw.get("name"), str)}
    are_known = (
        bool(members.children("networks"))
        and len(names) == len(joined)
        and not any(map(has_hole, map(str, names)))
    )
    related = Field(members, "networks").related
    for port in ports:
        wanted = port.texts("networkNames")
        for name in wanted:
            if are_known and name.is_known and name.value not in names:
                yield Conflict(
                    f"networkNames names {name.value}, which is none of the networks:"
                    " Marathon refuses it",
                    name.at,
                    related,
                    "instead, name one of the networks",
                )
        if len(joined) > 1 and len(wanted) != 1 and "hostPort" in port:
            yield Conflict(
                "hostPort stands beside several networks: Marathon refuses it unless"
                " networkNames names exactly one",
                port.place("hostPort"),
                related,
                "instead, name the one network in networkNames",
            )


def secret_volume(volume: Members, related: tuple[tuple[At, str], ...], way: str) -> Quirks:
    """A secret as a file, which the Docker engine has no way to hand over."""
    secret = Field(volume, "secret")
    if secret.says and not Field(volume, "persistent").says:
        yield DroppedSetting(
            "secret volume",
            "the Docker engine gets no secrets as files",
            secret.at,
            related,
            f"instead, pass the secret in the environment, or {way}",
        )


def user(members: Members, docker: Members, related: tuple[tuple[At, str], ...]) -> Quirks:
    """A user that the Docker engine never hears of."""
    stated = members.text("user")
    if stated is None or not stated.is_known or has_hole(stated.value):
        return
    if is_root(stated.value):
        return
    parameters = Parameters(docker).items
    if not any(item.key == "user" or has_hole(item.key) for item in parameters):
        yield DroppedSetting(
            "user",
            "it owns the sandbox, while the Docker engine runs the process as the image's user",
            stated.at,
            related,
            'instead, add the parameter "user" with a numeric id, such as "65534"',
        )


def linux_info(owner: Members) -> Quirks:
    """What `linuxInfo` says against itself."""
    linux = owner.child("linuxInfo")
    if linux is None:
        return
    seccomp, ipc = linux.child_or_empty("seccomp"), linux.child_or_empty("ipcInfo")
    unconfined, profile = seccomp.flag("unconfined"), Field(seccomp, "profileName")
    if unconfined and profile.says:
        yield Conflict(
            "seccomp is unconfined and has a profile: Marathon refuses it",
            unconfined.at,
            profile.related,
            "instead, keep the profile",
        )
    elif unconfined is not None and unconfined.is_false and "profileName" not in seccomp:
        yield Conflict(
            "seccomp is confined by no profile: Marathon refuses it",
            unconfined.at,
            (),
            "instead, name a profile, or delete seccomp for the default of the agent",
        )
    mode, size = ipc.word("mode"), Field(ipc, "shmSize")
    if mode is not None and mode.value == "SHARE_PARENT" and size.says:
        yield Conflict(
            "shmSize stands beside mode SHARE_PARENT, which has no memory of its own:"
            " Marathon refuses it",
            size.at,
            ((mode.at, "the mode stands here"),),
            'instead, choose mode "PRIVATE"',
        )


def volumes(owner: Members, forms: tuple[str, ...]) -> Quirks:
    """Volumes that are two things at once, of which Marathon takes the first it knows."""
    for volume in owner.children("volumes"):
        stated = [field for form in forms if (field := Field(volume, form)).says]
        for field in stated[1:]:
            yield Conflict(
                f"{field.key} stands in a {stated[0].key} volume: Marathon ignores it",
                field.at,
                stated[0].related,
                "instead, make two volumes of it, or keep the key that is meant",
            )


def roles(members: Members, placement: Members, group_role: str | None) -> Quirks:
    """Resources accepted of roles that are not the workload's, where that is known."""
    role = members.text("role")
    if role is not None:
        own = None if not role.is_known or has_hole(role.value) else role.value
        related: tuple[tuple[At, str], ...] = ((role.at, "the role stands here"),)
    else:
        own, related = group_role, ()
    if own is None:
        return
    for accepted in placement.texts("acceptedResourceRoles"):
        if accepted.is_known and not has_hole(accepted.value) and accepted.value not in ("*", own):
            yield DroppedSetting(
                f"accepted role {accepted.value}",
                f"the role here is {own}, and Marathon refuses or drops every other one but *",
                accepted.at,
                related,
                f'instead, accept "{own}" or "*", or change the role',
            )


def limits(owner: Members, requests: Members, defaults: dict[str, int] | None) -> Quirks:
    """Limits below what is reserved anyway."""
    stated = owner.child("resourceLimits")
    if stated is None:
        return
    for key, default in REQUESTS.items():
        limit, request = stated.number(key), requests.number(key)
        if limit is None or not limit.is_known:
            continue
        if request is None and defaults is not None and key not in requests:
            request = Value(default, limit.at)
        if request is not None and request.is_known and limit.value < request.value:
            related = ((request.at, "the request stands here"),) if key in requests else ()
            yield Conflict(
                f"{key} limit {limit.value} is below the request of {request.value}:"
                " Marathon refuses it",
                limit.at,
                related,
                "instead, raise the limit, or lower the request",
            )


def unreachable(owner: Members) -> Quirks:
    """Times of `unreachableStrategy` in the wrong order."""
    strategy = owner.child("unreachableStrategy")
    if strategy is None:
        return
    inactive = strategy.number("inactiveAfterSeconds")
    expunge = strategy.number("expungeAfterSeconds")
    if inactive and expunge is not None and expunge.is_known and inactive.value > expunge.value:
        yield Conflict(
            "inactiveAfterSeconds is later than expungeAfterSeconds: Marathon refuses it",
            inactive.at,
            ((expunge.at, "expungeAfterSeconds stands here"),),
            "instead, let instances become inactive before they are expunged",
        )

"""What a Dockerfile says: the nodes of a file, its stages and their instructions.

A value is what the build will see: quotes removed, variables filled in, UNKNOWN where
a build argument or the base image decides. Its place is the word as written.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, TypeVar

from policylint.dockerfile.holes import has_hole
from policylint.dockerfile.variables import expand
from policylint.model import UNKNOWN, Record, Value
from policylint.source import Span

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import TypeAlias

    from policylint.detect.tool_settings import Setting
    from policylint.dockerfile.excerpt import Word
    from policylint.dockerfile.ignored import IgnoreFile
    from policylint.dockerfile.scanner import Dockerfile, Instruction
    from policylint.dockerfile.script import Command as ShellCommand
    from policylint.dockerfile.script import Script, ShellWord
    from policylint.dockerfile.stages import Build, Mount, Stage
    from policylint.dockerfile.words import Pair


S = TypeVar("S", bound="Statement")

# What a word has in which something is quoted, escaped, a variable or still to be filled in.
_MARKS = re.compile(r"[$'\"\\`{<@%]")


class ImageBuild(Record):
    """A Dockerfile as a whole.

    `ignore` is the ignore file that belongs to it, `None` when there is none; nobody knows
    of one where the text came without a folder, and `is_placed` is false.
    """

    file: Dockerfile
    build: Build
    preamble: tuple[Statement, ...]
    stages: tuple[BuildStage, ...]
    ignore: IgnoreFile | None = None
    is_placed: bool = False

    PARTS = ("preamble", "stages")

    @property
    def at(self) -> Span:
        """The first instruction."""
        first = next(iter(self.file.instructions), None)
        return first.keyword.span if first is not None else Span(0, 0)

    @property
    def shipped(self) -> tuple[BuildStage, ...]:
        """The final stage and those that it is built from: their layers are the image."""
        final = self.build.final
        if final is None:
            return ()
        return tuple([self.stages[each.index] for each in final.chain()][::-1])

    def statements(self) -> list[Statement]:
        """Every statement of the file; for an ONBUILD, what stands behind it."""
        found = _unwrapped(self.preamble)
        for stage in self.stages:
            found += stage.unwrapped()
        return found


class BuildStage(Record):
    """One stage: `FROM`, what it is built from, and the instructions up to the next.

    `base` is the image outside the file, `None` for scratch and for an earlier stage.
    `every` has the statements of the whole file by where they begin.
    """

    stage: Stage
    name: Value[str] | None
    base: BaseImage | None
    is_final: bool
    statements: tuple[Statement, ...]
    every: dict[int, Statement]

    PARTS = ("base", "statements")
    SHOWN = ("index", "parent")

    @property
    def index(self) -> int:
        """Its number, from 0."""
        return self.stage.index

    @property
    def parent(self) -> int | None:
        """The number of the stage that it is built from."""
        return self.stage.parent.index if self.stage.parent is not None else None

    @property
    def at(self) -> Span:
        """The FROM."""
        return self.stage.instruction.keyword.span

    def own(self, kind: type[S]) -> list[S]:
        """The stage's statements of a type, those behind ONBUILD left out."""
        return [each for each in self.statements if type(each) is kind]

    def unwrapped(self) -> Sequence[Statement]:
        """The stage's statements; for an ONBUILD, what stands behind it."""
        return _unwrapped(self.statements) if self.stage.own("ONBUILD") else self.statements

    def effective(self, kind: type[S], before: Statement | None = None) -> S | None:
        """The USER, WORKDIR, SHELL, ... that holds at the end of the stage, or before a statement.

        It may stand in a stage that this one is built from; `None` leaves it to the base image.
        """
        place = before.instruction if before is not None else None
        found = self.stage.effective(kind.NAME, place)
        statement = self.every.get(found.start) if found is not None else None
        return statement if isinstance(statement, kind) else None


class BaseImage(Record):
    """An image outside the file; parts that a build argument hides are UNKNOWN.

    `route` is FROM, COPY (`--from`) or RUN (`from=` of a mount).
    """

    reference: Value[str]
    registry: str
    repository: str
    tag: str | None
    digest: str | None
    route: str

    @property
    def at(self) -> Any:
        """The place of the reference."""
        return self.reference.at


class Statement(Record):
    """An instruction and the stage that it stands in; `None` before the first FROM.

    `is_trigger` tells one behind ONBUILD: it runs in a later build.
    """

    instruction: Instruction
    build: Build
    stage: Stage | None
    is_trigger: bool = False

    NAME = ""
    SHOWN = ("keyword", "flags", "operand")

    @property
    def keyword(self) -> str:
        """The instruction's name, in capitals."""
        return self.instruction.name

    @property
    def flags(self) -> tuple[str, ...]:
        """Its flags, such as `--from=build`."""
        return tuple(
            f"--{flag.name}" if flag.value is None else f"--{flag.name}={flag.value}"
            for flag in self.instruction.flags
        )

    @property
    def operand(self) -> str:
        """What stands behind the flags, in one line."""
        return self.instruction.operand.text

    @property
    def at(self) -> Span:
        """The name of the instruction."""
        return self.instruction.keyword.span

    def text(self, word: Word) -> str | None:
        """A word as the build sees it; `None` when nobody can say."""
        if not _MARKS.search(word.text):
            return word.text
        if has_hole(word.text):
            return None
        if self.stage is not None:
            return self.stage.expand(word, self.instruction)
        return expand(word.text, self.build.arguments, self.instruction.escape)

    def value(self, word: Word) -> Value[str]:
        """A word as the build sees it, and its place."""
        text = self.text(word)
        return Value(UNKNOWN if text is None else text, word.span)


class OnBuild(Statement):
    """ONBUILD: an instruction that runs in whatever is built from this image."""

    trigger: Statement | None = None

    PARTS = ("trigger",)


class Run(Statement):
    """RUN; the script is `None` where no POSIX shell reads it.

    `programs` are the names of all its commands: most rules need one of a few.
    """

    script: Script | None = None
    commands: tuple[RunCommand, ...] = ()
    mounts: tuple[Mount, ...] = ()
    images: tuple[BaseImage, ...] = ()
    settings: tuple[ToolSetting, ...] = ()
    binds: tuple[MountPoint, ...] = ()
    programs: frozenset[str] = frozenset()

    PARTS = ("images", "binds", "commands", "settings")


class Start(Statement):
    """CMD or ENTRYPOINT: what a container of the image runs."""

    script: Script | None = None


class Healthcheck(Statement):
    """HEALTHCHECK; `is_none` tells the one that takes another back."""

    script: Script | None = None
    is_none: bool = False

    NAME = "HEALTHCHECK"


class Copy(Statement):
    """COPY or ADD (`is_add`).

    `sources` are without here-documents, `target` is where they go; `origin` is what
    `--from` says, `source` the stage that it means, `image` the image outside the file.
    """

    is_add: bool = False
    sources: tuple[Value[str], ...] = ()
    target: Value[str] | None = None
    origin: Value[str] | None = None
    source: Stage | None = None
    image: BaseImage | None = None
    settings: tuple[ToolSetting, ...] = ()
    grant: FileGrant | None = None

    PARTS = ("image", "grant", "settings")


class User(Statement):
    """USER: a name or number, and perhaps a group."""

    user: Value[str] | None = None
    group: Value[str] | None = None

    NAME = "USER"


class Workdir(Statement):
    """WORKDIR."""

    path: Value[str] | None = None

    NAME = "WORKDIR"


class ImageVolume(Statement):
    """VOLUME: the paths that every container gets a volume for."""

    paths: tuple[MountPoint, ...] = ()

    PARTS = ("paths",)


class MountPoint(Record):
    """A path that something is mounted over: by VOLUME, or by a bind mount of a RUN (`route`)."""

    path: Value[str]
    route: str

    @property
    def at(self) -> Any:
        """The place of the path."""
        return self.path.at


class Expose(Statement):
    """EXPOSE."""

    ports: tuple[ExposedPort, ...] = ()

    PARTS = ("ports",)


class ExposedPort(Record):
    """An entry of EXPOSE: `80`, `80/tcp`, `8000-8010`; without numbers where it is malformed."""

    entry: Value[str]
    first: int | None = None
    last: int | None = None
    protocol: str = ""

    @property
    def at(self) -> Any:
        """The place of the entry."""
        return self.entry.at


class Variables(Statement):
    """ENV or ARG."""

    variables: tuple[BuildVar, ...] = ()
    settings: tuple[ToolSetting, ...] = ()

    PARTS = ("variables", "settings")


class BuildVar(Record):
    """A name that ENV or ARG (`kind`) sets; an ARG may leave the value to the build."""

    kind: str
    name: Value[str]
    value: Value[str] | None
    pair: Pair

    @property
    def at(self) -> Any:
        """The place of the name."""
        return self.name.at


class ImageLabels(Statement):
    """LABEL."""

    labels: tuple[ImageLabel, ...] = ()

    PARTS = ("labels",)


class ImageLabel(Record):
    """A label of the image."""

    name: Value[str]
    value: Value[str] | None
    pair: Pair

    @property
    def at(self) -> Any:
        """The place of the name."""
        return self.name.at


class DefaultShell(Statement):
    """SHELL: what runs the shell forms below it."""

    NAME = "SHELL"


class StopSignal(Statement):
    """STOPSIGNAL."""

    signal: Value[str] | None = None

    NAME = "STOPSIGNAL"


class Maintainer(Statement):
    """MAINTAINER."""


class RunCommand(Record):
    """A simple command of a RUN, wherever it stands: in a list, a pipe, a here-document, `sh -c`.

    The programs that several rules know have types of their own, below.
    """

    command: ShellCommand

    SHOWN = ("name", "arguments")

    @property
    def arguments(self) -> tuple[str, ...]:
        """The words behind the name, without their quotes."""
        return tuple(word.value for word in self.words)

    @property
    def name(self) -> str:
        """The program, without its folder; empty for assignments alone."""
        return self.command.name

    @property
    def words(self) -> list[ShellWord]:
        """What stands behind the name."""
        return self.command.arguments

    @property
    def at(self) -> Span:
        """The word that names the program."""
        word = self.command.name_word
        return word.span if word is not None else self.command.span


class ToolSetting(Record):
    """Whom a tool that fetches things believes, or where it looks, by whatever route.

    curl is told `insecure` by `-k` and by a line in `.curlrc`, npm `strict-ssl` by an
    option, a variable, its own `config set`, and a line in `.npmrc`.
    """

    setting: Setting

    def says(self, tool: str, name: str, *, by_variable: bool = False) -> bool:
        """Whether this is a certain setting, made by a variable or by any other means."""
        setting = self.setting
        return (setting.tool, setting.name, setting.is_variable) == (tool, name, by_variable)

    @property
    def at(self) -> Span:
        """The words that make it."""
        return self.setting.span


class AptCommand(RunCommand):
    """apt-get, apt, aptitude."""


class ApkCommand(RunCommand):
    """apk."""


class RpmCommand(RunCommand):
    """yum, dnf, microdnf, tdnf, zypper, rpm, and the tools for their settings."""


class PipCommand(RunCommand):
    """pip, by any of its names or as a module of python."""


class NodeCommand(RunCommand):
    """npm, yarn, pnpm."""


class GemCommand(RunCommand):
    """gem."""


class GoCommand(RunCommand):
    """go."""


class Download(RunCommand):
    """curl, wget."""


class GitCommand(RunCommand):
    """git."""


class FileCommand(RunCommand):
    """chmod, chown, install, mkdir, setcap, ln, cp, mv."""

    grant: FileGrant | None = None

    PARTS = ("grant",)


class FileGrant(Record):
    """What files are given: a mode, or, by setcap, capabilities.

    `route` is the command, or COPY or ADD (`--chmod`). `is_new_folder` says that they are
    folders which the same RUN makes.
    """

    what: Value[str]
    route: str
    is_new_folder: bool = False

    @property
    def at(self) -> Any:
        """The place of the mode."""
        return self.what.at


class AccountCommand(RunCommand):
    """useradd, adduser, usermod, passwd, chpasswd."""


def _unwrapped(statements: tuple[Statement, ...]) -> list[Statement]:
    return [(each.trigger or each) if type(each) is OnBuild else each for each in statements]


if TYPE_CHECKING:
    ImageNode: TypeAlias = (
        ImageBuild | BuildStage | BaseImage | Statement | ExposedPort | MountPoint | BuildVar
        | ImageLabel | RunCommand | FileGrant | ToolSetting
    )  # fmt: skip

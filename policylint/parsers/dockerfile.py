"""Dockerfiles: instructions to nodes."""

from __future__ import annotations

from bisect import bisect_left
from typing import TYPE_CHECKING

from policylint.detect import images, tool_settings
from policylint.detect.placeholders import template_stem
from policylint.dockerfile import defects, shell
from policylint.dockerfile.excerpt import Word
from policylint.dockerfile.holes import find_holes, has_hole
from policylint.dockerfile.ignored import IgnoreFile
from policylint.dockerfile.scanner import scan
from policylint.dockerfile.stages import Build, mounts
from policylint.image import (
    AccountCommand,
    ApkCommand,
    AptCommand,
    BaseImage,
    BuildStage,
    BuildVar,
    Copy,
    DefaultShell,
    Download,
    Expose,
    ExposedPort,
    FileCommand,
    FileGrant,
    GemCommand,
    GitCommand,
    GoCommand,
    Healthcheck,
    ImageBuild,
    ImageLabel,
    ImageLabels,
    ImageVolume,
    Maintainer,
    MountPoint,
    NodeCommand,
    OnBuild,
    PipCommand,
    RpmCommand,
    Run,
    RunCommand,
    Start,
    Statement,
    StopSignal,
    ToolSetting,
    User,
    Variables,
    Workdir,
)
from policylint.model import UNKNOWN, Hole, ReadProblem, Value
from policylint.source import Span

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from policylint.dockerfile.scanner import Dockerfile, Instruction
    from policylint.dockerfile.script import Arguments, Command, Script, ShellWord
    from policylint.dockerfile.stages import Mount, Stage
    from policylint.model import Node
    from policylint.source import SourceFile

_COMMANDS: dict[str, type[RunCommand]] = {
    name: made
    for made, names in (
        (AptCommand, "apt apt-get aptitude"),
        (ApkCommand, "apk"),
        (
            RpmCommand,
            "yum dnf microdnf tdnf dnf5 zypper rpm yum-config-manager dnf-config-manager",
        ),
        (NodeCommand, "npm yarn pnpm"),
        (GemCommand, "gem"),
        (GoCommand, "go"),
        (Download, "curl wget"),
        (GitCommand, "git"),
        (FileCommand, "chmod chown install mkdir setcap ln cp mv"),
        (AccountCommand, "useradd adduser usermod passwd chpasswd"),
    )
    for name in names.split()
}
_CHMOD_VALUED = ("--reference",)
_MKDIR_VALUED = ("-m", "--mode")
_INSTALL_VALUED = (
    "-g", "-m", "-o", "-S", "-t", "--group", "--mode", "--owner", "--suffix", "--target-directory",
)  # fmt: skip
_SETCAP_VALUED = ("-n",)
_SETCAP_HARMLESS = ("-r", "-v")  # it takes all capabilities away, it only compares
_MODE_LETTERS = "rwxXstugoa"
_SPECIAL = "\"'$\\`"
_SURROUNDING = "\"'{\\`"  # around a colon that may not end the name
_BLANKS = "\t\n\v\f\r "


def nodes(source: SourceFile) -> tuple[Build, tuple[Node, ...]]:
    """The nodes of a Dockerfile: what a build would refuse, and what it says."""
    file = scan(source.text)
    build = Build(file)
    every: dict[int, Statement] = {}
    preamble = _statements(build.preamble, build, None, every)
    stages = tuple(_stage(stage, build, every) for stage in build.stages)
    beside = source.beside
    ignore = IgnoreFile(beside.path, beside.text) if beside is not None else None
    whole = ImageBuild(file, build, preamble, stages, ignore, source.is_placed)
    return build, (*_refused(source, file), whole)


def _refused(source: SourceFile, file: Dockerfile) -> Iterator[Node]:
    """What a build would refuse, and what is still to be filled in."""
    if template_stem(source.name) is not None:
        yield from _of_template(file)
        return
    found = list(find_holes(file))
    for message, span in defects.find(file):
        if bisect_left(found, span) == bisect_left(found, (span.end,)):  # nothing to fill in
            yield ReadProblem(message, span)
    if found:
        first, *others = found
        yield Hole(source.text[first.start : first.end], first, tuple(others))


def _of_template(file: Dockerfile) -> Iterator[Hole]:
    """Why a template is no Dockerfile yet: a build will not see it as it is."""
    first = next(find_holes(file), None)
    if first is not None:
        yield Hole(file.text[first.start : first.end], first, is_template=True)
        return
    defect = next(defects.find(file), None)
    if defect is not None:
        yield Hole(defect.message, defect.span, is_template=True)


def _stage(stage: Stage, build: Build, every: dict[int, Statement]) -> BuildStage:
    name = stage.name
    return BuildStage(
        stage,
        Value(name.text, name.span) if name is not None else None,
        _base(stage, build),
        stage is build.final,
        _statements(stage.instructions, build, stage, every),
        every,
    )


def _statements(
    instructions: list[Instruction], build: Build, stage: Stage | None, every: dict[int, Statement]
) -> tuple[Statement, ...]:
    found = [_statement(instruction, build, stage) for instruction in instructions]
    every.update((each.instruction.start, each) for each in found)
    return tuple(found)


def _base(stage: Stage, build: Build) -> BaseImage | None:
    if stage.image is None or not stage.is_external:
        return None
    # An empty name is not what the author of a variable that nobody declares means.
    is_guess = any(not each.operator and each.name not in build.arguments for each in stage.used)
    if is_guess or has_hole(stage.instruction.operand.text) or stage.reference is None:
        return _hidden(stage.image)
    return _image(stage.reference, stage.image.span, "FROM")


def _image(reference: str | None, at: Span, route: str) -> BaseImage:
    if reference is None:
        return BaseImage(Value(UNKNOWN, at), "", "", UNKNOWN, UNKNOWN, route)
    return BaseImage(Value(reference, at), *images.parse(reference), route)


def _hidden(image: Word) -> BaseImage:
    """An image of which a build argument hides a part; the others are as they stand there."""
    text = image.text
    if has_hole(text):
        return _image(None, image.span, "FROM")
    registry, repository, tag, digest = images.parse(text.strip("\"'"))
    if "$" in registry + repository:
        registry = repository = ""
    if not tag or "$" in tag:
        tag = digest = UNKNOWN
    elif digest is not None and "$" in digest:
        digest = UNKNOWN
    return BaseImage(Value(UNKNOWN, image.span), registry, repository, tag, digest, "FROM")


def _statement(
    instruction: Instruction, build: Build, stage: Stage | None, *, is_trigger: bool = False
) -> Statement:
    plain = Statement(instruction, build, stage, is_trigger)
    make = _MAKERS.get(instruction.name)
    return make(plain) if make is not None else plain


def _on_build(plain: Statement) -> OnBuild:
    trigger = plain.instruction.trigger
    if trigger is None:
        return OnBuild(*plain.basis)
    return OnBuild(*plain.basis, _statement(trigger, plain.build, plain.stage, is_trigger=True))


def _run(plain: Statement) -> Run:
    instruction = plain.instruction
    script = shell.read(instruction) if _is_posix(plain) else None
    flags = mounts(instruction) if instruction.flags else ()
    commands = tuple(_commands(script)) if script is not None else ()
    return Run(
        *plain.basis,
        script,
        commands,
        flags,
        tuple(_mounted_images(plain)) if flags else (),
        tuple(map(ToolSetting, tool_settings.of_script(script))) if script is not None else (),
        tuple(_binds(plain, flags)) if flags else (),
        frozenset([each.name for each in commands]),
    )


def _is_posix(plain: Statement) -> bool:
    """Whether a POSIX shell reads a shell form here; nobody knows what another image has."""
    if plain.stage is None or plain.instruction.is_exec:
        return True
    active = plain.stage.effective("SHELL", plain.instruction)
    return active is None or shell.is_posix(active.words)


def _commands(script: Script) -> Iterator[RunCommand]:
    folders: set[str] = set()
    for command in script.walk():
        name = command.name
        made = _COMMANDS.get(name)
        if made is FileCommand:
            read = _GRANTS.get(name)
            yield FileCommand(command, read(command, folders) if read is not None else None)
            continue
        if made is None:
            made = PipCommand if _is_pip(command) else RunCommand
        yield made(command)


def _chmod(command: Command, folders: set[str]) -> FileGrant | None:
    """What chmod gives; `folders` are those that the commands before it make."""
    options, operands = command.split(_CHMOD_VALUED)
    # `chmod -w file`: a mode that looks like an option takes away.
    if not operands or any(
        each.name == "--reference" or each.name[1] in _MODE_LETTERS for each in options
    ):
        return None
    mode, *files = operands
    are_new = bool(files) and all(_folder(file) in folders for file in files)
    return FileGrant(Value(mode.value, mode.span), "chmod", are_new)


def _install(command: Command, folders: set[str]) -> FileGrant | None:
    arguments = command.split(_INSTALL_VALUED)
    makes_folders = arguments.option("-d", "--directory") is not None
    if makes_folders:
        folders.update(map(_folder, arguments.operands))
    return _stated_mode(arguments, "install", is_new_folder=makes_folders)


def _mkdir(command: Command, folders: set[str]) -> FileGrant | None:
    arguments = command.split(_MKDIR_VALUED)
    folders.update(map(_folder, arguments.operands))
    return _stated_mode(arguments, "mkdir", is_new_folder=True)


def _stated_mode(arguments: Arguments, route: str, *, is_new_folder: bool) -> FileGrant | None:
    mode = arguments.option("-m", "--mode")
    if mode is None or not mode.value or mode.value_span is None:
        return None
    return FileGrant(Value(mode.value, mode.value_span), route, is_new_folder)


def _setcap(command: Command, _folders: set[str]) -> FileGrant | None:
    options, operands = command.split(_SETCAP_VALUED)
    if len(operands) < 2 or any(each.name in _SETCAP_HARMLESS for each in options):
        return None
    granted = operands[0]
    text = granted.value if granted.literal else UNKNOWN
    return FileGrant(Value(text, granted.span), "setcap")


def _folder(word: ShellWord) -> str:
    return word.value.rstrip("/")


def _is_pip(command: Command) -> bool:
    name = command.name
    if name.startswith("pip"):
        return name[3:].removeprefix("-").replace(".", "").isdigit() or name == "pip"
    if not name.startswith(("python", "pypy")):
        return False
    words = [word.value for word in command.arguments]
    if "-m" in words:
        return words[words.index("-m") + 1 :][:1] == ["pip"]
    return "-mpip" in words


def _mounted_images(plain: Statement) -> Iterator[BaseImage]:
    if plain.stage is None:
        return
    for mount in mounts(plain.instruction):
        field = mount.field("from")
        if field is None or not field.value:
            continue
        meant = plain.build.stage_meant(field.value, plain.stage.index)
        if meant is None and _may_be_image(field.value, plain.build):
            yield _image(None if "$" in field.value else field.value, field.span, "RUN")


def _may_be_image(text: str, build: Build) -> bool:
    """Whether a `from=` that means no earlier stage can mean an image."""
    is_stage = build.stage_named(text, len(build.stages)) is not None
    return not (is_stage or text.isdigit() or text.lower() == "scratch")


def _binds(plain: Statement, flags: tuple[Mount, ...]) -> Iterator[MountPoint]:
    for mount in flags:
        kind = mount.field("type")
        target = mount.field("target", "dst", "destination")
        if target is None or not target.value or (kind is not None and kind.value != "bind"):
            continue
        yield MountPoint(plain.value(Word(target.value, target.span)), "RUN")


def _start(plain: Statement) -> Start:
    return Start(*plain.basis, shell.read(plain.instruction))


def _healthcheck(plain: Statement) -> Healthcheck:
    instruction = plain.instruction
    words = instruction.words
    is_none = bool(words) and words[0].text.upper() == "NONE"
    return Healthcheck(*plain.basis, shell.read(instruction), is_none)


def _copy(plain: Statement) -> Copy:
    instruction, stage = plain.instruction, plain.stage
    words = instruction.words
    target = words[-1] if words else None
    asked = {heredoc.word.span for heredoc in instruction.heredocs}
    flag = instruction.flag("from")
    origin = meant = image = None
    if flag is not None and flag.value and flag.value_span and stage is not None:
        origin = Value(flag.value, flag.value_span)
        meant = plain.build.stage_meant(flag.value, stage.index)
        if meant is None and _may_be_image(flag.value, plain.build):
            image = _image(None if "$" in flag.value else flag.value, flag.value_span, "COPY")
    return Copy(
        *plain.basis,
        instruction.name == "ADD",
        tuple(plain.value(word) for word in words[:-1] if word.span not in asked),
        plain.value(target) if target is not None else None,
        origin,
        meant,
        image,
        tuple(_written(plain, target)) if target is not None and instruction.heredocs else (),
        _copied_mode(plain) if instruction.flags else None,
    )


def _written(plain: Statement, target: Word) -> Iterator[ToolSetting]:
    """The settings in here-documents that become files."""
    path = plain.text(target) or ""
    for heredoc in plain.instruction.heredocs:
        file = path + heredoc.name if path.endswith("/") else path
        yield from map(ToolSetting, tool_settings.of_file(file, heredoc.body))


def _copied_mode(plain: Statement) -> FileGrant | None:
    flag = plain.instruction.flag("chmod")
    if flag is None or not flag.value or flag.value_span is None:
        return None
    mode = plain.value(Word(flag.value, flag.value_span))
    return FileGrant(mode, plain.instruction.name)


def _user(plain: Statement) -> User:
    words = plain.instruction.words
    if not words:
        return User(*plain.basis)
    word = _trimmed(words[0])
    user, colon, group = word.text.partition(":")
    if colon and not any(mark in user for mark in _SURROUNDING):
        # Of `root:$GROUP` one half is known.
        at, end = len(user), len(word.text)
        return User(
            *plain.basis,
            plain.value(Word(user, word.part(0, at))),
            plain.value(Word(group, word.part(at + 1, end))),
        )
    whole = plain.value(word)
    if not whole.is_known:
        return User(*plain.basis, whole)
    user, colon, group = whole.value.partition(":")
    return User(*plain.basis, Value(user, whole.at), Value(group, whole.at) if colon else None)


def _workdir(plain: Statement) -> Workdir:
    words = plain.instruction.words
    path = plain.value(_trimmed(words[0])) if words else None
    return Workdir(*plain.basis, path)


def _volume(plain: Statement) -> ImageVolume:
    paths = tuple(MountPoint(plain.value(word), "VOLUME") for word in plain.instruction.words)
    return ImageVolume(*plain.basis, paths)


def _expose(plain: Statement) -> Expose:
    ports = tuple(_exposed(plain.value(word)) for word in plain.instruction.words)
    return Expose(*plain.basis, ports)


def _exposed(entry: Value[str]) -> ExposedPort:
    if not entry.is_known:
        return ExposedPort(entry)
    numbers, _, protocol = entry.value.partition("/")
    first, dash, last = numbers.partition("-")
    last = last if dash else first
    if not (_is_number(first) and _is_number(last)):
        return ExposedPort(entry, protocol=protocol)
    return ExposedPort(entry, int(first), int(last), protocol)


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 100


def _variables(plain: Statement) -> Variables:
    instruction = plain.instruction
    found = tuple(
        BuildVar(
            instruction.name,
            _key(plain, pair.key),
            plain.value(pair.value) if pair.value is not None else None,
            pair,
        )
        for pair in instruction.pairs
    )
    settings = tuple(each for variable in found for each in _settings(variable))
    return Variables(*plain.basis, found, settings)


def _settings(variable: BuildVar) -> Iterator[ToolSetting]:
    key, written = variable.pair.key, variable.pair.value
    name, value = variable.name, variable.value
    if name.is_known and value is not None and written is not None:
        known = value.value if value.is_known else None
        span = Span(key.span.start, written.span.end)
        yield from map(ToolSetting, tool_settings.of_variable(name.value, known, span))


def _key(plain: Statement, word: Word) -> Value[str]:
    """A name, mostly without quotes and variables."""
    text = word.text
    return plain.value(word) if any(mark in text for mark in _SPECIAL) else Value(text, word.span)


def _labels(plain: Statement) -> ImageLabels:
    found = tuple(
        ImageLabel(
            _key(plain, pair.key),
            plain.value(pair.value) if pair.value is not None else None,
            pair,
        )
        for pair in plain.instruction.pairs
    )
    return ImageLabels(*plain.basis, found)


def _stop_signal(plain: Statement) -> StopSignal:
    words = plain.instruction.words
    signal = plain.value(_trimmed(words[0])) if words else None
    return StopSignal(*plain.basis, signal)


def _shell(plain: Statement) -> DefaultShell:
    return DefaultShell(*plain.basis)


def _maintainer(plain: Statement) -> Maintainer:
    return Maintainer(*plain.basis)


def _trimmed(word: Word) -> Word:
    """A word without blanks behind it."""
    text = word.text.rstrip(_BLANKS)
    if len(text) == len(word.text):
        return word
    return word._replace(text=text, span=word.part(0, len(text)))


_GRANTS: dict[str, Callable[[Command, set[str]], FileGrant | None]] = {
    "chmod": _chmod,
    "install": _install,
    "mkdir": _mkdir,
    "setcap": _setcap,
}
_MAKERS: dict[str, Callable[[Statement], Statement]] = {
    "ADD": _copy,
    "ARG": _variables,
    "CMD": _start,
    "COPY": _copy,
    "ENTRYPOINT": _start,
    "ENV": _variables,
    "EXPOSE": _expose,
    "HEALTHCHECK": _healthcheck,
    "LABEL": _labels,
    "MAINTAINER": _maintainer,
    "ONBUILD": _on_build,
    "RUN": _run,
    "SHELL": _shell,
    "STOPSIGNAL": _stop_signal,
    "USER": _user,
    "VOLUME": _volume,
    "WORKDIR": _workdir,
}

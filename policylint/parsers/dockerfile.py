"""Dockerfiles: instructions to nodes."""

from __future__ import annotations

from bisect import bisect_left
from typing import TYPE_CHECKING, Any

from policylint.detect import images, tool_settings
from policylint.detect.placeholders import template_stem
from policylint.dockerfile import defects, shell
from policylint.dockerfile.excerpt import Word
from policylint.dockerfile.holes import find_holes, has_hole
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

    from policylint.dockerfile.ignored import IgnoreFile
    from policylint.dockerfile.scanner import Dockerfile, Instruction
    from policylint.dockerfile.script import Arguments, Command, Script, ShellWord
    from policylint.dockerfile.stages import Stage
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
_SPECIAL = frozenset("\"'$\\`")
_SURROUNDING = frozenset("\"'{\\`")  # around a colon that may not end the name
_BLANKS = "\t\n\v\f\r "


def nodes(source: SourceFile) -> tuple[Build, tuple[Node, ...]]:
    """The nodes of a Dockerfile: what a build would refuse, and what it says."""
    file = scan(source.text)
    build = Build(file)
    every: dict[int, Statement] = {}
    preamble = _statements(build.preamble, build, None, every)
    stages = tuple(_stage(stage, build, every) for stage in build.stages)
    ignore = _ignore_file(source.beside)
    whole = ImageBuild(file, build, preamble, stages, ignore, source.is_placed)
    return build, (*_refused(source, file), whole)


def _ignore_file(beside: SourceFile | None) -> IgnoreFile | None:
    if beside is None:
        return None
    from policylint.dockerfile.ignored import IgnoreFile

    return IgnoreFile(beside.path, beside.text)


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
    made, read = _KINDS.get(instruction.name, _PLAIN)
    statement = made(instruction, build, stage, is_trigger)
    if read is not None:
        read(statement)
    return statement


def _on_build(on_build: OnBuild) -> None:
    trigger = on_build.instruction.trigger
    if trigger is not None:
        on_build.trigger = _statement(trigger, on_build.build, on_build.stage, is_trigger=True)


def _run(run: Run) -> None:
    instruction = run.instruction
    script = shell.read(instruction) if _is_posix(run) else None
    if script is not None:
        run.script = script
        run.commands = commands = tuple(_commands(script))
        run.programs = frozenset([each.name for each in commands])
        run.settings = tuple(map(ToolSetting, tool_settings.of_script(script)))
    if instruction.flags:
        run.mounts = mounts(instruction)
        run.images = tuple(_mounted_images(run))
        run.binds = tuple(_binds(run))


def _is_posix(run: Run) -> bool:
    """Whether a POSIX shell reads a shell form here; nobody knows what another image has."""
    if run.stage is None or run.instruction.is_exec:
        return True
    active = run.stage.effective("SHELL", run.instruction)
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


def _mounted_images(run: Run) -> Iterator[BaseImage]:
    if run.stage is None:
        return
    for mount in run.mounts:
        field = mount.field("from")
        if field is None or not field.value:
            continue
        meant = run.build.stage_meant(field.value, run.stage.index)
        if meant is None and _may_be_image(field.value, run.build):
            yield _image(None if "$" in field.value else field.value, field.span, "RUN")


def _may_be_image(text: str, build: Build) -> bool:
    """Whether a `from=` that means no earlier stage can mean an image."""
    is_stage = build.stage_named(text, len(build.stages)) is not None
    return not (is_stage or text.isdigit() or text.lower() == "scratch")


def _binds(run: Run) -> Iterator[MountPoint]:
    for mount in run.mounts:
        kind = mount.field("type")
        target = mount.field("target", "dst", "destination")
        if target is None or not target.value or (kind is not None and kind.value != "bind"):
            continue
        yield MountPoint(run.value(Word(target.value, target.span)), "RUN")


def _start(start: Start) -> None:
    start.script = shell.read(start.instruction)


def _healthcheck(healthcheck: Healthcheck) -> None:
    words = healthcheck.instruction.words
    healthcheck.script = shell.read(healthcheck.instruction)
    healthcheck.is_none = bool(words) and words[0].text.upper() == "NONE"


def _copy(copy: Copy) -> None:
    instruction = copy.instruction
    words, heredocs = instruction.words, instruction.heredocs
    copy.is_add = instruction.name == "ADD"
    if words:
        *sources, target = words
        if heredocs:
            asked = {heredoc.word.span for heredoc in heredocs}
            sources = [word for word in sources if word.span not in asked]
            copy.settings = tuple(_written(copy, target))
        copy.sources = tuple([copy.value(word) for word in sources])
        copy.target = copy.value(target)
    if instruction.flags:
        copy.grant = _copied_mode(copy)
        _copied_from(copy)


def _written(copy: Copy, target: Word) -> Iterator[ToolSetting]:
    """The settings in here-documents that become files."""
    path = copy.text(target) or ""
    for heredoc in copy.instruction.heredocs:
        file = path + heredoc.name if path.endswith("/") else path
        yield from map(ToolSetting, tool_settings.of_file(file, heredoc.body))


def _copied_mode(copy: Copy) -> FileGrant | None:
    flag = copy.instruction.flag("chmod")
    if flag is None or not flag.value or flag.value_span is None:
        return None
    mode = copy.value(Word(flag.value, flag.value_span))
    return FileGrant(mode, copy.instruction.name)


def _copied_from(copy: Copy) -> None:
    flag, stage, build = copy.instruction.flag("from"), copy.stage, copy.build
    if flag is None or not flag.value or flag.value_span is None or stage is None:
        return
    copy.origin = Value(flag.value, flag.value_span)
    copy.source = build.stage_meant(flag.value, stage.index)
    if copy.source is None and _may_be_image(flag.value, build):
        copy.image = _image(None if "$" in flag.value else flag.value, flag.value_span, "COPY")


def _user(user: User) -> None:
    words = user.instruction.words
    if not words:
        return
    word = _trimmed(words[0])
    name, colon, group = word.text.partition(":")
    if colon and _SURROUNDING.isdisjoint(name):
        # Of `root:$GROUP` one half is known.
        at, end = len(name), len(word.text)
        user.user = user.value(Word(name, word.part(0, at)))
        user.group = user.value(Word(group, word.part(at + 1, end)))
        return
    user.user = whole = user.value(word)
    if whole.is_known and ":" in whole.value:
        name, _, group = whole.value.partition(":")
        user.user, user.group = Value(name, whole.at), Value(group, whole.at)


def _workdir(workdir: Workdir) -> None:
    words = workdir.instruction.words
    if words:
        workdir.path = workdir.value(_trimmed(words[0]))


def _volume(volume: ImageVolume) -> None:
    volume.paths = tuple([
        MountPoint(volume.value(word), "VOLUME") for word in volume.instruction.words
    ])  # fmt: skip


def _expose(expose: Expose) -> None:
    expose.ports = tuple([_exposed(expose.value(word)) for word in expose.instruction.words])


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


def _variables(variables: Variables) -> None:
    kind = variables.instruction.name
    variables.variables = found = tuple([
        BuildVar(
            kind,
            _key(variables, pair.key),
            variables.value(pair.value) if pair.value is not None else None,
            pair,
        )
        for pair in variables.instruction.pairs
    ])  # fmt: skip
    variables.settings = tuple([each for variable in found for each in _settings(variable)])


def _settings(variable: BuildVar) -> Iterator[ToolSetting]:
    key, written = variable.pair.key, variable.pair.value
    name, value = variable.name, variable.value
    if name.is_known and value is not None and written is not None:
        known = value.value if value.is_known else None
        span = Span(key.span.start, written.span.end)
        yield from map(ToolSetting, tool_settings.of_variable(name.value, known, span))


def _key(statement: Statement, word: Word) -> Value[str]:
    """A name, in which what a template has still to fill in changes nothing."""
    text = word.text
    return Value(text, word.span) if _SPECIAL.isdisjoint(text) else statement.value(word)


def _labels(labels: ImageLabels) -> None:
    labels.labels = tuple([
        ImageLabel(
            _key(labels, pair.key),
            labels.value(pair.value) if pair.value is not None else None,
            pair,
        )
        for pair in labels.instruction.pairs
    ])  # fmt: skip


def _stop_signal(stop_signal: StopSignal) -> None:
    words = stop_signal.instruction.words
    if words:
        stop_signal.signal = stop_signal.value(_trimmed(words[0]))


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
# The type of an instruction, and what reads its operands into a fresh node.
_KINDS: dict[str, tuple[type[Statement], Callable[[Any], None] | None]] = {
    "ADD": (Copy, _copy),
    "ARG": (Variables, _variables),
    "CMD": (Start, _start),
    "COPY": (Copy, _copy),
    "ENTRYPOINT": (Start, _start),
    "ENV": (Variables, _variables),
    "EXPOSE": (Expose, _expose),
    "HEALTHCHECK": (Healthcheck, _healthcheck),
    "LABEL": (ImageLabels, _labels),
    "MAINTAINER": (Maintainer, None),
    "ONBUILD": (OnBuild, _on_build),
    "RUN": (Run, _run),
    "SHELL": (DefaultShell, None),
    "STOPSIGNAL": (StopSignal, _stop_signal),
    "USER": (User, _user),
    "VOLUME": (ImageVolume, _volume),
    "WORKDIR": (Workdir, _workdir),
}
_PLAIN = (Statement, None)

"""Variables of a build that nobody has set."""

from __future__ import annotations

from typing import TYPE_CHECKING

from policylint.dockerfile.stages import PLATFORM_ARGUMENTS, PROXY_ARGUMENTS
from policylint.dockerfile.variables import references
from policylint.finding import Problem
from policylint.image import ImageBuild, Variables
from policylint.rule import rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from policylint.dockerfile.excerpt import Word
    from policylint.dockerfile.scanner import Instruction
    from policylint.dockerfile.stages import Variables as Known
    from policylint.dockerfile.variables import Reference
    from policylint.finding import Problems

# Where a variable of the base image is less likely than a mistake; ENV and LABEL add to those.
_PLACES = frozenset({"ADD", "COPY", "EXPOSE", "STOPSIGNAL", "USER", "VOLUME", "WORKDIR"})
_VALUES = frozenset({"ARG", "ENV", "LABEL"})
_PATH_FLAGS = ("chmod", "chown", "mount")

# What well-known base images set.
_OF_IMAGES = frozenset({
    "APACHE_CONFDIR", "APP_ROOT", "CARGO_HOME", "CASSANDRA_CONF", "CASSANDRA_HOME",
    "CATALINA_BASE", "CATALINA_HOME", "CONDA_DIR", "DOTNET_ROOT", "ES_HOME", "FLINK_HOME",
    "FUNCTION_DIR", "GEM_HOME", "GHOST_CONTENT", "GHOST_INSTALL", "GOPATH", "GOROOT",
    "GRADLE_HOME", "HADOOP_HOME", "HOME", "HOSTNAME", "JAVA_HOME", "JBOSS_HOME", "JENKINS_HOME",
    "JETTY_BASE", "JETTY_HOME", "JRE_HOME", "KAFKA_HOME", "KEYCLOAK_HOME", "KONG_PREFIX",
    "LAMBDA_RUNTIME_DIR", "LAMBDA_TASK_ROOT", "MAVEN_CONFIG", "MAVEN_HOME", "NB_GID", "NB_UID",
    "NB_USER", "NIFI_HOME", "NODE_PATH", "PGDATA", "PHP_INI_DIR", "POSTGIS_VERSION", "PREFIX",
    "PYTHONPATH", "REF", "RUSTUP_HOME", "S2I_SCRIPTS_PATH", "SOLR_HOME", "SPARK_HOME",
    "STI_SCRIPTS_PATH", "USER", "VIRTUAL_ENV", "WILDFLY_HOME", "ZOO_CONF_DIR",
    "ELIXIR_VERSION", "ERLANG_VERSION", "GO_VERSION", "GOLANG_VERSION", "JAVA_VERSION",
    "JULIA_VERSION", "MARIADB_VERSION", "MONGO_VERSION", "MYSQL_VERSION", "NGINX_VERSION",
    "NODE_VERSION", "NPM_VERSION", "PG_MAJOR", "PG_VERSION", "PHP_VERSION", "PYTHON_VERSION",
    "REDIS_VERSION", "RUBY_VERSION", "RUST_VERSION", "SWIFT_VERSION", "YARN_VERSION",
    "AIRFLOW_HOME", "AIRFLOW_UID", "APACHE_DOCUMENT_ROOT", "APP_UID", "BUNDLE_PATH", "GOBIN",
    "LD_LIBRARY_PATH", "NVM_DIR", "ORACLE_HOME", "PYSPARK_PYTHON", "SONARQUBE_HOME",
})  # fmt: skip

_ALWAYS = PROXY_ARGUMENTS | {"PATH"}

_LONGEST_NAME = 64
_SHORTEST_NAME = 4
_DISTINCT = 6  # characters of names that may differ in one of them


@rule(
    on=ImageBuild,
    severity="medium",
    family="hygiene",
    confidence="medium",
    equivalents=("BuildKit:UndefinedVar",),
)
def undefined_variable(build: ImageBuild) -> Problems:
    """Variable that nobody has set.

    The build puts nothing in its place, without a word: `COPY app $HOME_DIR/` becomes a copy
    to the root directory.

    Instead, declare it by ARG or ENV above, in this stage; arguments in front of the first
    FROM have to be repeated in the stage.

    Bad (dockerfile):
        FROM debian:12.9
        ARG APP_DIR=/srv
        COPY app $APP_DRI/

    Good (dockerfile):
        FROM debian:12.9
        ARG APP_DIR=/srv
        COPY app $APP_DIR/
    """
    if "$" not in build.file.text:
        return
    names = _Names(build)
    outer = build.build.arguments
    for statement in build.preamble:
        if statement.instruction.name == "ARG":
            yield from _undefined(statement.instruction, outer, names)
    for stage in build.build.stages:
        for instruction in stage.instructions:
            if "$" in instruction.excerpt.text and (
                instruction.name in _PLACES
                or instruction.name in _VALUES
                or (instruction.name == "RUN" and instruction.flags)
            ):
                yield from _undefined(instruction, stage.variables(instruction), names)


class _Names:
    """The names of a file, to be found again by what is nearly their spelling."""

    def __init__(self, build: ImageBuild) -> None:
        self._build = build
        self._near: dict[str, str] | None = None

    def is_outer(self, name: str) -> bool:
        """Whether a name holds in front of the first FROM, and not in a stage as such."""
        return name in PLATFORM_ARGUMENTS or self._build.build.arguments.declared(name) is not None

    def near(self, name: str, known: Known) -> str | None:
        """What was probably meant, among the names that are known at a place."""
        if not _SHORTEST_NAME <= len(name) <= _LONGEST_NAME:
            return None
        if self._near is None:
            self._near = {}
            for each in self._all():
                for form in _forms(each):
                    self._near.setdefault(form, each)
        for form in _forms(name):
            found = self._near.get(form)
            if found is None or found == name or not _is_slip(name, found):
                continue
            if found in _ALWAYS or known.declared(found) is not None:
                return found
        return None

    def _all(self) -> Iterator[str]:
        yield from sorted(_ALWAYS)
        for statement in self._build.statements():
            if isinstance(statement, Variables):
                for variable in statement.variables:
                    name = variable.name
                    if name.is_known and _SHORTEST_NAME <= len(name.value) <= _LONGEST_NAME:
                        yield name.value


def _undefined(instruction: Instruction, known: Known, names: _Names) -> Problems:
    seen: set[str] = set()
    for word in _words(instruction):
        for reference in references(word.text, instruction.escape):
            name = reference.name
            if name in seen or not _needs_value(reference) or _is_set(name, known):
                continue
            seen.add(name)
            what = _why(name, instruction, known, names)
            if what is not None:
                yield Problem(word.part(reference.start, reference.end), what)


def _why(name: str, instruction: Instruction, known: Known, names: _Names) -> str | None:
    """What to say of a name that the file does not set here; `None` when the image may."""
    if names.is_outer(name):
        return f"{name} has no value in this stage without an ARG of its own"
    near = names.near(name, known)
    if near is not None:
        return f"{name} is not set: {near} is"
    is_path = instruction.name in _PLACES or instruction.name == "RUN"
    return f"{name} is not set" if known.complete or is_path else None


def _is_set(name: str, known: Known) -> bool:
    if not known.complete:
        return known.declared(name) is not None or name in _ALWAYS or name in _OF_IMAGES
    try:
        known[name]
    except KeyError:
        return False
    return True


def _needs_value(reference: Reference) -> bool:
    return reference.operator[-1:] not in ("-", "+", "?") and reference.name.isidentifier()


def _words(instruction: Instruction) -> Iterator[Word]:
    """The words of an instruction in which the build fills in variables."""
    if instruction.name in _VALUES:
        for pair in instruction.pairs:
            yield pair.key
            if pair.value is not None:
                yield pair.value
        return
    if instruction.name != "RUN":  # what is behind its flags is the shell's
        yield from instruction.words
    for flag in instruction.flags:
        if flag.name in _PATH_FLAGS and flag.excerpt is not None:
            yield flag.excerpt.word(0, len(flag.excerpt.text))


def _forms(name: str) -> Iterator[str]:
    """A name, and what is left of it without one of its characters, in capitals."""
    name = name.upper()
    yield name
    for at in range(len(name)):
        yield name[:at] + name[at + 1 :]


def _is_slip(name: str, meant: str) -> bool:
    """Whether one name is likely the other, mistyped, and not a name of its own."""
    if len(name) != len(meant) or sorted(name.upper()) == sorted(meant.upper()):
        return not (name[-1:].isdigit() or meant[-1:].isdigit())
    differing = [pair for pair in zip(name, meant, strict=True) if pair[0] != pair[1]]
    return len(name) >= _DISTINCT and not any(a.isdigit() or b.isdigit() for a, b in differing)

"""The `opa` binary: found, checked, and run in a sandbox.

Every run gets an empty environment, a folder of its own, a time limit and a limit on
what it may say. What it reads are files in that folder, named by us: neither the name
of a file nor anything in a document is ever part of a command line or of Rego.
"""

from __future__ import annotations

import base64
import json
import os
import re
import shutil
import signal
import subprocess
import tempfile
import threading
import time
from functools import cached_property
from typing import IO, TYPE_CHECKING, Any

from policylint.named import NamedTuple
from policylint.policy import PolicyError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

LEAST = (1, 4)
SECONDS = 60.0
MAX_OUTPUT = 64 * 1024 * 1024
# Policies, one file each, and the schemas that their METADATA may name.
POLICIES = "policies"
SCHEMAS = "schemas"
# Data for policies, in folders that are its keys.
DATA = "data"

_VERSION = re.compile(rb"^Version: v?(\d+)\.(\d+)(\S*)", re.MULTILINE)
_PLAIN = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")
_SHORT = 10.0
_AT_ONCE = 1 << 20
# OPA gets this long to stop by itself, which tells where it was; then it is ended.
_GRACE = 5.0
_INSTALL = "  install opa from its releases or your package manager, or say where it is with --opa"
# Beside those that OPA itself calls nondeterministic: they look at the clock, or parse Rego.
_FORBIDDEN = frozenset({
    "crypto.x509.parse_and_verify_certificates",
    "crypto.x509.parse_and_verify_certificates_with_options",
    "rego.parse_module",
})  # fmt: skip


class Fault(NamedTuple):
    """An error that OPA reports: its code, and the file and line where that shows."""

    code: str
    message: str
    file: str = ""
    row: int = 0
    column: int = 0
    details: Mapping[str, Any] = {}


class Tested(NamedTuple):
    """A test in Rego: its place, its name, what became of it, and what it printed.

    The outcome is empty for a test that passes.
    """

    file: str
    row: int
    name: str
    outcome: str = ""
    is_skipped: bool = False
    output: str = ""


# Places of a file, from line and column to line and column, and whether each was evaluated.
Coverage = dict[str, dict[tuple[int, int, int, int], bool]]


class Refused(Exception):
    """OPA could not load or evaluate policies; it says why."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__(faults)
        self.faults = faults


class Opa:
    """An `opa` that is new enough; raises `PolicyError` when it is not, or does not answer."""

    def __init__(self, program: str, seconds: float = SECONDS) -> None:
        self.program = program
        self.seconds = seconds
        self._is_stopped = False
        self._running: list[subprocess.Popen[bytes]] = []
        # Whether policies are Rego v0, if they do not say that they are v1.
        self.is_v0 = False
        self.version = self._read_version()

    def inspect(self, files: Mapping[str, bytes]) -> Any:
        """The packages and annotations of policies; raises `Refused`."""
        arguments = ("inspect", "--annotations", "--format", "json", *self._dialect(), POLICIES)
        answer = self._run(arguments, files, self.seconds)
        if answer.code:
            self.check(files)
            raise self._broken(answer)
        return self._json(answer)

    def names(self, files: Mapping[str, bytes]) -> set[str]:
        """The rules of policies with their packages, such as `data.main.deny`; raises `Refused`."""
        version = json.dumps({"revision": "", "roots": [""], "rego_version": int(not self.is_v0)})
        files = {**files, f"{POLICIES}/.manifest": version.encode()}
        answer = self._run(
            ("deps", "--format", "json", "--bundle", POLICIES, "data"), files, self.seconds
        )
        if answer.code:
            self.check(files)
            raise self._broken(answer)
        found = self._json(answer).get("virtual") or ()
        return {"".join(map(_step, path)).removeprefix(".") for path in found}

    def check(self, files: Mapping[str, bytes], *, is_v0: bool | None = None) -> None:
        """Compile policies in the sandbox; raises `Refused`."""
        dialect = self._dialect(is_v0)
        arguments = ("check", "--format", "json", *self._limits(), *dialect, POLICIES)
        answer = self._run(arguments, self._with_limits(files), self.seconds)
        if answer.code:
            raise Refused(self._faults(answer, answer.errors))

    def evaluate(self, query: str, files: Mapping[str, bytes], given: bytes) -> Any:
        """The value of a query, which must be one of ours; raises `Refused`.

        `given` is the input as JSON; `files` has policies, `data.json` and other data.
        """
        return self._value(self._evaluate(query, files, given))

    def _evaluate(
        self, query: str, files: Mapping[str, bytes], given: bytes, *options: str
    ) -> _Answer:
        limits = (*self._limits(), "--timeout", f"{self.seconds:.3f}s")
        arguments = ("eval", "--format", "json", "--stdin-input", *self._dialect(), *options)
        loaded: tuple[str, ...] = ("--data", POLICIES, "--data", "data.json")
        if any(name.startswith(f"{DATA}/") for name in files):
            loaded = (*loaded, "--data", DATA)
        answer = self._run(
            (*arguments, *limits, *loaded, "--", query),
            self._with_limits(files),
            self.seconds + _GRACE,
            given,
        )
        if answer.code:
            raise Refused(self._faults(answer, answer.output))
        return answer

    def _value(self, answer: _Answer) -> Any:
        try:
            return self._json(answer)["result"][0]["expressions"][0]["value"]
        except (KeyError, IndexError, TypeError):
            raise self._broken(answer) from None

    def stop(self) -> None:
        """End it, if it runs, and run it no more."""
        self._is_stopped = True
        for process in self._running:
            _end(process)

    def covered(self, query: str, files: Mapping[str, bytes], given: bytes) -> tuple[Any, Coverage]:
        """The value of a query as `evaluate` has it, and what of the policies that took."""
        answer = self._evaluate(query, files, given, "--coverage")
        found = self._json(answer)
        return self._value(answer), _coverage(found.get("coverage"))

    def test(self, files: Mapping[str, bytes]) -> list[Tested]:
        """Run the tests among policies; raises `Refused` when they do not compile."""
        self.check(files)
        answer = self._run(
            ("test", "--format", "json", "--verbose", "--explain", "notes", *self._test_limits()),
            self._with_limits(files),
            self.seconds + _GRACE,
        )
        try:
            return [_tested(row) for row in self._json(answer) or ()]
        except (KeyError, TypeError, AttributeError, ValueError):
            raise self._broken(answer) from None

    def tests_cover(self, files: Mapping[str, bytes]) -> Coverage:
        """What of the policies their tests evaluate; all of them must pass."""
        answer = self._run(
            ("test", "--format", "json", "--coverage", *self._test_limits()),
            self._with_limits(files),
            self.seconds + _GRACE,
        )
        return _coverage(self._json(answer))

    def _test_limits(self) -> tuple[str, ...]:
        return (*self._limits(), "--timeout", f"{self.seconds:.3f}s", POLICIES)

    @cached_property
    def _capabilities(self) -> bytes:
        """What policies may call: nothing that reaches out, looks at the clock or throws dice."""
        found = self._json(self._run(("capabilities", "--current"), {}, _SHORT))
        found["builtins"] = [
            known
            for known in found["builtins"]
            if not known.get("nondeterministic") and known["name"] not in _FORBIDDEN
        ]
        return json.dumps({**found, "allow_net": []}).encode()

    def _dialect(self, is_v0: bool | None = None) -> tuple[str, ...]:
        return ("--v0-compatible",) if (self.is_v0 if is_v0 is None else is_v0) else ()

    def _limits(self) -> tuple[str, ...]:
        return "--capabilities", "capabilities.json", "--schema", SCHEMAS

    def _with_limits(self, files: Mapping[str, bytes]) -> dict[str, bytes]:
        return {**files, "capabilities.json": self._capabilities}

    def _read_version(self) -> str:
        answer = self._run(("version",), {}, _SHORT)
        match = _VERSION.search(answer.output)
        if answer.code or match is None:
            raise PolicyError(f"{self.program}: no opa: it does not tell its version\n{_INSTALL}")
        version = b".".join(match.groups()[:2]).decode() + match[3].decode("ascii", "replace")
        if (int(match[1]), int(match[2])) < LEAST:
            least = ".".join(map(str, LEAST))
            raise PolicyError(
                f"{self.program}: opa {version} is too old, {least} or later is needed\n{_INSTALL}"
            )
        return version

    def _run(
        self,
        arguments: Sequence[str],
        files: Mapping[str, bytes],
        seconds: float,
        given: bytes = b"",
    ) -> _Answer:
        if self._is_stopped:
            raise PolicyError(f"{self.program}: stopped")
        try:
            return run([self.program, *arguments], files, given, seconds, self._running)
        except TooLong:
            raise PolicyError(
                f"{self.program}: opa did not end within {seconds:g} seconds ({arguments[0]})\n"
                "  --opa-timeout gives it more"
            ) from None
        except TooMuch:
            raise PolicyError(
                f"{self.program}: opa wrote more than {MAX_OUTPUT >> 20} MiB ({arguments[0]})\n"
                "  is there a policy that has something to say of everything?"
            ) from None
        except OSError as error:
            why = error.strerror or str(error)
            raise PolicyError(f"{self.program}: cannot be run: {why}\n{_INSTALL}") from None

    def _faults(self, answer: _Answer, text: bytes) -> list[Fault]:
        try:
            return [_fault(error) for error in json.loads(text)["errors"]]
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            raise self._broken(answer) from None

    def _json(self, answer: _Answer) -> Any:
        try:
            return json.loads(answer.output)
        except (ValueError, RecursionError):
            raise self._broken(answer) from None

    def _broken(self, answer: _Answer) -> PolicyError:
        said = answer.errors.decode("utf-8", "replace").strip().partition("\n")[0]
        how = f"ended by signal {-answer.code}" if answer.code < 0 else f"exit code {answer.code}"
        return PolicyError(f"{self.program}: opa failed ({how}): {said[:300] or 'it says nothing'}")


def find(named: str | None) -> str:
    """The path of the opa to use: as `--opa` says, `POLICYLINT_OPA`, or the one on `PATH`."""
    wanted = named or os.environ.get("POLICYLINT_OPA") or "opa"
    found = shutil.which(wanted)
    if found is None:
        what = "opa is not installed" if wanted == "opa" else f"{wanted}: no such program"
        raise PolicyError(f"{what}\n{_INSTALL}")
    return os.path.abspath(found)


class TooLong(Exception):
    """A program did not end in time, and was ended."""


class TooMuch(Exception):
    """A program wrote more than anybody should have to read, and was ended."""


class _Answer(NamedTuple):
    code: int
    output: bytes
    errors: bytes


def run(
    command: Sequence[str],
    files: Mapping[str, bytes],
    given: bytes,
    seconds: float,
    running: list[subprocess.Popen[bytes]] | None = None,
) -> _Answer:
    """Run a program in a folder that has these files; raises `TooLong`, `TooMuch`, `OSError`.

    While it runs it is in `running`.
    """
    running = [] if running is None else running
    with tempfile.TemporaryDirectory(prefix="policylint-", ignore_cleanup_errors=True) as folder:
        os.mkdir(os.path.join(folder, POLICIES))
        os.mkdir(os.path.join(folder, SCHEMAS))
        for name, data in files.items():
            path = os.path.join(folder, name)
            os.makedirs(os.path.dirname(path), exist_ok=True)
            _write(path, data)
        _write(os.path.join(folder, "input.json"), given)
        with open(os.path.join(folder, "input.json"), "rb") as file:
            return _run(command, folder, file, seconds, running)


def _write(path: str, data: bytes) -> None:
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(data)


def _run(
    command: Sequence[str],
    folder: str,
    given: IO[bytes],
    seconds: float,
    running: list[subprocess.Popen[bytes]],
) -> _Answer:
    ends = time.monotonic() + seconds
    with subprocess.Popen(  # noqa: S603 (the user's opa, and arguments of ours)
        command,
        stdin=given,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=folder,
        env=_environment(folder),
        bufsize=0,
        start_new_session=True,
    ) as process:
        running.append(process)
        readers = [_Reader(pipe, process) for pipe in (process.stdout, process.stderr) if pipe]
        try:
            for reader in readers:
                reader.join(max(0.0, ends - time.monotonic()))
            is_late = any(reader.is_alive() for reader in readers)
            code = process.wait(max(0.1, ends - time.monotonic())) if not is_late else -1
        except subprocess.TimeoutExpired:
            is_late = True
        finally:
            _end(process)
            running.remove(process)
            for reader in readers:
                reader.join(_SHORT)
    if any(reader.is_too_much for reader in readers):
        raise TooMuch
    if is_late:
        raise TooLong
    return _Answer(code, *(reader.data for reader in readers))


def _step(part: Mapping[str, Any]) -> str:
    """A step of a reference as Rego writes it."""
    name = str(part["value"])
    return f".{name}" if _PLAIN.fullmatch(name) else f"[{json.dumps(name)}]"


def _environment(folder: str) -> dict[str, str]:
    needed = {name: os.environ[name] for name in ("SYSTEMROOT",) if name in os.environ}
    return {**needed, "HOME": folder, "TMPDIR": folder}


def _end(process: subprocess.Popen[bytes]) -> None:
    """End a process that has not ended yet, and all that it started."""
    if process.returncode is not None:
        return
    if os.name == "nt":
        process.kill()
    else:
        os.killpg(process.pid, signal.SIGKILL)


class _Reader(threading.Thread):
    """Reads what a process writes, and ends it when that is too much."""

    def __init__(self, pipe: IO[bytes], process: subprocess.Popen[bytes]) -> None:
        super().__init__(daemon=True)
        self.data = b""
        self.is_too_much = False
        self._pipe = pipe
        self._process = process
        self.start()

    def run(self) -> None:
        """Read to the end, or to the limit."""
        parts = []
        left = MAX_OUTPUT
        while left >= 0 and (part := self._pipe.read(_AT_ONCE)):
            parts.append(part)
            left -= len(part)
        self.data = b"".join(parts)
        if left < 0:
            self.is_too_much = True
            _end(self._process)


def _fault(error: Mapping[str, Any]) -> Fault:
    place = error.get("location") or {}
    if not place.get("file"):
        # An error of the evaluation itself: the innermost place that is known.
        steps = [step.get("location") or {} for step in error.get("stack_trace") or ()]
        place = next((step for step in steps if step.get("file")), place)
    details = error.get("details")
    return Fault(
        str(error.get("code", "")),
        str(error.get("message", "")),
        str(place.get("file", "")),
        int(place.get("row", 0)),
        int(place.get("col", 0)),
        details if isinstance(details, dict) else {},
    )


def _tested(row: Mapping[str, Any]) -> Tested:
    place = row.get("location") or {}
    error = row.get("error")
    outcome = "fails" if row.get("fail") else ""
    if error:
        outcome = " ".join(str(error.get("message", error)).split())
    return Tested(
        str(place.get("file", "")),
        int(place.get("row", 0)),
        str(row["name"]),
        outcome,
        bool(row.get("skip")),
        base64.b64decode(row.get("output") or "").decode("utf-8", "replace"),
    )


def _coverage(found: Any) -> Coverage:
    """Which places of each file were evaluated."""
    files = found.get("files") if isinstance(found, dict) else None
    return {
        name: {
            **{_range(place): False for place in said.get("not_covered") or ()},
            **{_range(place): True for place in said.get("covered") or ()},
        }
        for name, said in (files or {}).items()
    }


def _range(place: Mapping[str, Mapping[str, int]]) -> tuple[int, int, int, int]:
    start, end = place["start"], place["end"]
    return start["row"], start.get("col", 0), end["row"], end.get("col", 0)

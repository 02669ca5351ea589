"""The wrapper around opa, with small programs in its place: old, silent, flooding, hanging."""

from __future__ import annotations

import os
import sys
from datetime import datetime, timezone
from typing import TYPE_CHECKING

import pytest

from policylint.policy import PolicyError
from policylint.rego import opa as wrapper
from policylint.rego.evaluate import Evaluation
from policylint.rego.library import Library
from policylint.rego.opa import Opa, Refused, TooLong, TooMuch, find, run
from tests.rego.repository import OWNER, write

if TYPE_CHECKING:
    from pathlib import Path

    from tests.rego.conftest import Run

VERSION = 'if "version" in sys.argv: print("Version: 1.4.2"); sys.exit()\n'
KNOWN = 'if "capabilities" in sys.argv: print(\'{"builtins": []}\'); sys.exit()\n'

pytestmark = pytest.mark.skipif(os.name == "nt", reason="the programs are scripts of Unix")


def fake(folder: Path, body: str) -> str:
    """A program that is called opa."""
    path = folder / "bin" / "opa"
    head = f"#!{sys.executable}\nimport os, subprocess, sys, time\n"
    write(folder, {"bin/opa": head + body})
    path.chmod(0o755)
    return str(path)


def test_opa_is_found_by_option_then_variable_then_path(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = fake(folder, "")
    monkeypatch.setenv("PATH", str(folder))
    with pytest.raises(PolicyError, match=r"opa is not installed\n  install opa"):
        find(None)
    monkeypatch.setenv("PATH", os.path.dirname(program))
    assert find(None) == program
    monkeypatch.setenv("POLICYLINT_OPA", sys.executable)
    assert find(None) == os.path.abspath(sys.executable)
    assert find("bin/opa") == program
    with pytest.raises(PolicyError, match="nowhere/opa: no such program"):
        find("nowhere/opa")


@pytest.mark.parametrize("version", ["0.70.0", "1.3.9"])
def test_an_old_opa_is_refused(folder: Path, version: str) -> None:
    with pytest.raises(PolicyError, match=rf"opa {version} is too old, 1\.4 or later is needed"):
        Opa(fake(folder, f'print("Version: {version}")'))


@pytest.mark.parametrize("body", ['print("hello")', "sys.exit(3)", 'print("Version: next")'])
def test_what_is_no_opa_is_refused(folder: Path, body: str) -> None:
    with pytest.raises(PolicyError, match="no opa: it does not tell its version"):
        Opa(fake(folder, body))


def test_a_program_that_cannot_run_is_told(folder: Path) -> None:
    path = folder / "opa"
    path.write_bytes(b"\x7fELF")
    path.chmod(0o755)
    with pytest.raises(PolicyError, match="opa: cannot be run: "):
        Opa(str(path))


def test_a_newer_opa_will_do(folder: Path) -> None:
    assert Opa(fake(folder, 'print("Version: 1.10.0-dev")')).version == "1.10.0-dev"


def test_one_that_hangs_is_ended_with_all_that_it_started(folder: Path) -> None:
    pipe = str(folder / "pipe")
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    child = f'subprocess.Popen(["sleep", "600"], stderr=open({pipe!r}, "w")); time.sleep(600)'
    with pytest.raises(TooLong):
        run([fake(folder, child)], {}, b"", 2)
    os.set_blocking(reader, True)
    assert os.read(reader, 1) == b""  # nobody is left who could write
    os.close(reader)


def test_one_that_nobody_waits_for_any_more_is_ended(folder: Path) -> None:
    library = Library(fake(folder, f"{VERSION}{KNOWN}time.sleep(600)"), ())
    evaluation = Evaluation(library, {}, datetime.now(timezone.utc))
    evaluation.ask()
    evaluation.stop()
    with pytest.raises(PolicyError):
        evaluation.answers()


@pytest.mark.parametrize("stream", ["stdout", "stderr"])
def test_one_that_floods_is_ended(
    folder: Path, monkeypatch: pytest.MonkeyPatch, stream: str
) -> None:
    monkeypatch.setattr(wrapper, "MAX_OUTPUT", 100_000)
    flood = f'while True: sys.{stream}.write("x" * 1000)'
    with pytest.raises(TooMuch):
        run([fake(folder, flood)], {}, b"", 60)


def test_it_gets_an_empty_environment_and_a_folder_of_its_own(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPA_EVAL_FORMAT", "pretty")
    monkeypatch.setenv("SECRET", "s3cret")
    told = "print(sorted(os.environ)); print(os.listdir()); print(sys.stdin.read())\n"
    modes = 'print({oct(os.stat(name).st_mode & 0o77) for name in (".", "data.json")})'
    answer = run([fake(folder, told + modes)], {"data.json": b"{}"}, b"given", 60)
    environment, files, given, mode = answer.output.decode().splitlines()
    kept = {"HOME", "TMPDIR", "LC_CTYPE", "__CF_USER_TEXT_ENCODING"}  # the last two: Python's
    assert set(eval(environment)) <= kept  # noqa: S307 (a list that Python has printed)
    assert "app.json" not in files
    assert (given, mode) == ("given", "{'0o0'}")


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ('print("no json")', r"opa failed \(exit code 0\): it says nothing"),
        ('print("{}")', r"opa failed \(exit code 0\)"),
        ('print("what is this", file=sys.stderr); sys.exit(2)', "exit code 2.: what is this"),
        ("os.kill(os.getpid(), 11)", "ended by signal 11"),
        ('print("[" * 100000)', r"opa failed \(exit code 0\)"),
    ],
)
def test_an_answer_that_is_none_is_told(folder: Path, body: str, told: str) -> None:
    with pytest.raises(PolicyError, match=told):
        Opa(fake(folder, VERSION + KNOWN + body)).evaluate("1", {}, b"{}")


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ('print("Version: 1.3.0")', "opa 1.3.0 is too old"),
        (f"{VERSION}time.sleep(600)", "opa did not end within 0.5 seconds (inspect)"),
        (f'{VERSION}while True: print("x" * 9999)', "opa wrote more than 0 MiB (inspect)"),
    ],
)
def test_a_check_with_such_an_opa_ends_with_2(
    folder: Path, run: Run, monkeypatch: pytest.MonkeyPatch, body: str, told: str
) -> None:
    monkeypatch.setattr(wrapper, "MAX_OUTPUT", 1_000_000)
    write(folder, {"org/owner.rego": OWNER})
    program = fake(folder, body)
    done = run("check", "--rego", "org", "--opa", program, "--opa-timeout", "0.5")
    assert (done.code, done.out) == (2, "")
    assert done.err.startswith(f"error: --rego: policies in Rego need opa: {program}: {told}")
    assert "\n  " in done.err


def test_without_opa_a_check_says_how_to_get_one(
    folder: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(folder, {"org/owner.rego": OWNER, ".policylint.yaml": "fail_on: low\nrego: org\n"})
    monkeypatch.setenv("PATH", str(folder))
    done = run("check")
    assert (done.code, done.out) == (2, "")
    place, _, rest = done.err.partition(": policies in Rego need opa: ")
    assert place == "error: .policylint.yaml:2:7"
    assert rest == (
        "opa is not installed\n"
        "  install opa from its releases or your package manager, or say where it is with --opa\n"
    )


# The real one


def capability(opa: str, call: str) -> None:
    text = f"package p\n\nx := {call}\n".encode()
    Opa(opa).evaluate("1", {"policies/0.rego": text, "data.json": b"{}"}, b"{}")


@pytest.mark.parametrize(
    "call",
    [
        'http.send({"method": "get", "url": "http://127.0.0.1:1"})', 'net.lookup_ip_addr("x")',
        "opa.runtime()", "time.now_ns()", 'rand.intn("x", 9)', 'uuid.rfc4122("x")',
        'rego.parse_module("a", "package a")', 'io.jwt.decode_verify("a", {})',
        'crypto.x509.parse_and_verify_certificates("a")',
    ],
)  # fmt: skip
def test_nothing_that_reaches_out_can_be_called(opa: str, call: str) -> None:
    with pytest.raises(Refused) as refused:
        capability(opa, call)
    assert "undefined function" in refused.value.faults[0].message


def test_everything_else_can_be_called(opa: str) -> None:
    capability(opa, 'time.parse_rfc3339_ns("2027-03-31T00:00:00Z")')


def test_variables_of_opa_have_no_effect(opa: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPA_EVAL_FORMAT", "raw")
    assert Opa(opa).evaluate("input.a", {"data.json": b"{}"}, b'{"a": [1]}') == [1]


def test_a_schema_from_elsewhere_is_not_fetched(opa: str) -> None:
    schema = "# METADATA\n# schemas: [{input: {$ref: 'http://127.0.0.1:1/x'}}]\n"
    text = f"{schema}package p\n\nx := 1\n".encode()
    with pytest.raises(Refused) as refused:
        Opa(opa).check({"policies/0.rego": text})
    assert "remote reference loading disabled" in refused.value.faults[0].message

"""`policylint fleet`, and `check` of a file among others: context, exit codes, hostile names."""

from __future__ import annotations

import io
import json
from typing import TYPE_CHECKING, Any

import jsonschema
import pytest

from policylint.cli import exit_code
from policylint.source import shipped

if TYPE_CHECKING:
    from pathlib import Path

POLICY = """\
extends: baseline
exclude: ["old/**"]
settings: {quotas: {role: {dev: {cpus: 8}}, group: {/dev/web: {mem: 1024}}}}
rules: {role-quota-exceeded: on}
"""
WEB = {
    "id": "/dev/web/shop", "cmd": "run", "cpus": 1.5, "mem": 256, "instances": 2,
    "portDefinitions": [{"port": 8080, "labels": {"VIP_0": "/shop:80"}}], "requirePorts": True,
    "labels": {"HAPROXY_0_VHOST": "shop.example.com"}, "dependencies": ["/dev/db"],
}  # fmt: skip
DB = {"id": "/dev/db", "cmd": "run", "cpus": 2}


@pytest.fixture(autouse=True)
def _repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, text in {
        ".git/HEAD": "", ".gitignore": "generated\n", ".policylint.yaml": POLICY,
        "web/shop.json": json.dumps(WEB), "db/db.json": json.dumps(DB),
        "old/db.json": json.dumps({**DB, "cpus": 50}),
        "generated/db.json": json.dumps({**DB, "cpus": 60}),
    }.items():  # fmt: skip
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    monkeypatch.chdir(tmp_path)


def printed(capsys: pytest.CaptureFixture[str], *arguments: str, code: int = 0) -> str:
    assert exit_code(["fleet", *arguments]) == code
    return capsys.readouterr().out


def test_roles_and_groups_stand_beside_their_quotas(capsys: pytest.CaptureFixture[str]) -> None:
    assert (
        printed(capsys)
        == """\
role    workloads          cpus  mem MiB  disk MiB  gpus  instances
dev             2  5 of 8 (62%)      640         0     0          3
in all          2             5      640         0     0          3

group     workloads  cpus            mem MiB  disk MiB  gpus  instances
/dev              2     5                640         0     0          3
/dev/web          1     3  512 of 1024 (50%)         0     0          2

host port  of
8080 tcp   /dev/web/shop

VIP       of
/shop:80  /dev/web/shop

route                             of
HAPROXY_0_VHOST shop.example.com  /dev/web/shop

dependency  of
/dev/db     /dev/web/shop
"""
    )


def test_the_json_form_is_as_its_schema_says(capsys: pytest.CaptureFixture[str]) -> None:
    found: Any = json.loads(printed(capsys, "--format", "json"))
    with open(shipped("schemas/fleet.schema.json"), encoding="utf-8") as file:
        jsonschema.Draft202012Validator(json.load(file)).validate(found)
    (dev,) = found["roles"]
    assert dev["cpus"] == {"asked": 5, "peak": 8, "quota": 8, "used": 0.625}
    assert found["host_ports"] == [{"port": 8080, "protocol": "tcp", "service": "/dev/web/shop"}]


def test_what_is_left_out_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "marathon.json").write_text('{"id": "/x", "cpus": ')
    assert exit_code(["fleet"]) == 2
    shown = capsys.readouterr()
    assert "dev " in shown.out
    assert "marathon.json: not JSON" in shown.err


def test_an_empty_folder_is_shown_as_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "empty").mkdir()
    shown = printed(capsys, "empty", "--policy", "baseline")
    assert shown.splitlines()[1].split() == ["in", "all", *"000000"]


def test_names_cannot_steer_a_terminal(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    evil = {
        "id": "/dev/\x1b[31mred",
        "cmd": "run",
        "role": "\x1b]0;x\x07",
        "dependencies": ["\x9b"],
    }
    (tmp_path / "evil.json").write_text(json.dumps(evil))
    assert printed(capsys).replace("\n", "").isprintable()


# The rest of the folder, when a file is checked


def checked(capsys: pytest.CaptureFixture[str], *arguments: str) -> list[str]:
    exit_code(["check", "--select", "role-quota-exceeded,duplicate-id", "--format", "json",
               *arguments])  # fmt: skip
    found = json.loads(capsys.readouterr().out)["findings"]
    return [f"{finding['path']}: {finding['message']}" for finding in found]


SUM = "role dev asks for 9 cpus, 8 are its limit"


def test_a_named_file_is_judged_with_the_rest_of_the_folder(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "db/db.json").write_text(json.dumps({**DB, "cpus": 6}))
    assert checked(capsys, "web/shop.json") == [f"web/shop.json: {SUM}"]
    assert checked(capsys, "--no-context", "web/shop.json") == []
    assert checked(capsys, ".") == [f"db/db.json: {SUM}"]


def test_without_a_policy_file_the_paths_are_the_fleet(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "web/twin.json").write_text(json.dumps({**DB, "cpus": 3}))
    (tmp_path / ".policylint.yaml").rename(tmp_path / "central.yaml")
    assert len(checked(capsys, "web/twin.json", "db/db.json")) == 1
    assert checked(capsys, "web/twin.json") == []
    assert checked(capsys, "--policy", "central.yaml", "web/twin.json") == []


def test_a_file_under_two_names_is_one(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "link.json").symlink_to("db/db.json")
    assert checked(capsys, "link.json") == []
    assert checked(capsys, "link.json", "db/db.json") == []


def test_standard_input_stands_for_the_file_that_it_is_named_after(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    class Stream:
        buffer = io.BytesIO(json.dumps({**DB, "cpus": 1.9}).encode())

    monkeypatch.setattr("sys.stdin", Stream)
    assert checked(capsys, "-", "--stdin-filename", "db/db.json") == []

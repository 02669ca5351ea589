from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import pytest

from tests.integration.outside import environment, run

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [pytest.mark.network, pytest.mark.usefixtures("registry")]

SHIPPED = """
import os
from policylint.source import shipped
for name in ("policies", "policies/rego/governance", "schemas"):
    for file in sorted(os.listdir(shipped(name))):
        print(f"{name}/{file}")
"""


@pytest.fixture(scope="session")
def packages(checkout: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("dist")
    built = run(
        sys.executable, "-m", "build", "--no-isolation", "--outdir", folder, checkout,
        cwd=folder, env=environment(folder),
    )  # fmt: skip
    assert built.returncode == 0, built.stdout
    (wheel,) = folder.glob("*.whl")
    (sdist,) = folder.glob("*.tar.gz")
    return {"wheel": wheel, "sdist": sdist}


@pytest.mark.parametrize("form", ["wheel", "sdist", "editable"])
def test_every_form_of_installation_has_the_command_the_policies_and_the_schemas(
    form: str, packages: dict[str, Path], checkout: Path, tmp_path: Path
) -> None:
    env = environment(tmp_path)
    wanted = ["--editable", checkout] if form == "editable" else [packages[form]]
    made = run(sys.executable, "-m", "venv", "venv", cwd=tmp_path, env=env)
    assert made.returncode == 0, made.stdout
    bin_folder = tmp_path / "venv" / ("Scripts" if os.name == "nt" else "bin")
    installed = run(bin_folder / "pip", "install", "--quiet", *wanted, cwd=tmp_path, env=env)
    assert installed.returncode == 0, installed.stdout

    listed = run(bin_folder / "python", "-I", "-c", SHIPPED, cwd=tmp_path, env=env)
    assert listed.stdout.split() == _shipped(checkout)

    (tmp_path / "app.json").write_text(
        '{"id": "/a", "container": {"docker": {"image": "a:1", "privileged": true}}}'
    )
    checked = run(bin_folder / "policylint", "check", "app.json", cwd=tmp_path, env=env)
    assert "[privileged-container]" in checked.stdout
    assert checked.returncode == 1
    policy = run(
        bin_folder / "policylint", "check", "--policy", "availability", "app.json",
        cwd=tmp_path, env=env,
    )  # fmt: skip
    assert "policy availability" in policy.stdout


def _shipped(checkout: Path) -> list[str]:
    return [
        f"{name}/{file}"
        for name in ("policies", "policies/rego/governance", "schemas")
        for file in sorted(os.listdir(checkout / name))
    ]

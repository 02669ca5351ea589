"""Which files a run looks at, under which names, and what it says of those it cannot read."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from policylint.discover import Failure, common_folder, discover, git_root
from policylint.source import MAX_BYTES, SourceFile

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Tree = Callable[..., None]


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Tree:
    """Make files, given as `name` or `name=text`, in an empty folder, which is the current one."""
    monkeypatch.chdir(tmp_path)

    def make(*names: str) -> None:
        for name in names:
            path, _, text = name.partition("=")
            os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
            (tmp_path / path).write_text(text)

    return make


def found(*paths: str, exclude: tuple[str, ...] = (), root: str | None = None) -> list[str]:
    """The paths that are reported, failures with their reason."""
    root = os.getcwd() if root is None else root
    return [
        f"{item.path}: {item.reason}" if isinstance(item, Failure) else item.path
        for item in discover(paths or (".",), root=root, exclude=exclude)
    ]


def test_folders_are_searched_for_json_and_yaml(tree: Tree) -> None:
    tree("b.json", "a.yml", "c.YAML", "d.txt", "json", "x/y/z/deep.json", "Makefile")
    assert found() == ["a.yml", "b.json", "c.YAML", "x/y/z/deep.json"]


def test_the_order_does_not_depend_on_the_file_system(
    tree: Tree, monkeypatch: pytest.MonkeyPatch
) -> None:
    tree("b/1.json", "a/2.json", "a.json", "b.json", "a/b/3.json", "a-b/4.json")
    expected = ["a.json", "b.json", "a/2.json", "a/b/3.json", "a-b/4.json", "b/1.json"]
    assert found() == expected
    scan = os.scandir

    class Backwards:
        def __init__(self, path: str) -> None:
            self.path = path

        def __enter__(self) -> list[os.DirEntry[str]]:
            with scan(self.path) as entries:
                return sorted(entries, key=lambda entry: entry.name, reverse=True)

        def __exit__(self, *_: object) -> None:
            pass

    monkeypatch.setattr(os, "scandir", Backwards)
    assert found() == expected


def test_a_named_file_is_looked_at_whatever_it_is_called(tree: Tree) -> None:
    tree("app", "x/app.conf")
    assert found("x/app.conf", "app") == ["x/app.conf", "app"]


def test_each_file_is_looked_at_once(tree: Tree) -> None:
    tree("a.json", "x/b.json")
    assert found("a.json", ".", "./a.json", "x", "x/../x/b.json") == ["a.json", "x/b.json"]


def test_hidden_folders_are_searched_and_those_of_tools_are_not(tree: Tree) -> None:
    tree(".marathon/a.json", ".hidden.json", ".git/c.json", "node_modules/d/e.json", ".venv/f.json")
    assert found() == [".hidden.json", ".marathon/a.json"]
    assert found("node_modules/d") == ["node_modules/d/e.json"]


def test_exclude_holds_for_searched_and_for_named_files(tree: Tree) -> None:
    tree("a.json", "vendor/b.json", "x/vendor/c.json", "x/d.generated.json")
    assert found(exclude=("vendor/**", "**/*.generated.json")) == ["a.json", "x/vendor/c.json"]
    assert found(exclude=("vendor", "x/")) == ["a.json"]
    assert found(exclude=("**/vendor",)) == ["a.json", "x/d.generated.json"]
    assert found(exclude=("**/a.json", "**/b.json", "x/**")) == []
    assert found("vendor/b.json", "a.json", exclude=("vendor/**",)) == ["a.json"]
    assert found("vendor/b.json", exclude=("vendor",)) == []
    assert found("vendor", exclude=("vendor",)) == []


def test_what_is_missing_or_no_file_is_told_and_hides_nothing(tree: Tree) -> None:
    tree("a.json")
    os.mkfifo("pipe.json")
    os.symlink("nowhere.json", "broken.json")
    assert found("missing.json", "pipe.json", "broken.json", "a.json", "") == [
        "missing.json: no such file or folder",
        "pipe.json: not a regular file; to check what a command prints, pipe it into -",
        "broken.json: no such file or directory",
        "a.json",
        ": no such file or folder",
    ]
    assert found() == ["a.json"]


def test_what_may_not_be_read_is_told_and_hides_nothing(tree: Tree) -> None:
    tree("a.json", "b.json", "locked/c.json")
    os.chmod("a.json", 0)
    os.chmod("locked", 0)
    try:
        if os.access("a.json", os.R_OK):
            pytest.skip("this user may read everything")
        assert found() == ["a.json: permission denied", "b.json", "./locked: permission denied"]
    finally:
        os.chmod("locked", 0o700)


def test_an_error_of_the_file_system_is_told(tree: Tree, monkeypatch: pytest.MonkeyPatch) -> None:
    tree("a.json", "b.json", "x/c.json")
    opened, scanned = open, os.scandir

    def fail_to_open(path: str, mode: str) -> object:
        if path.endswith("a.json"):
            raise PermissionError(13, "Permission denied")
        return opened(path, mode)

    def fail_to_scan(path: str) -> object:
        if path.endswith("x"):
            raise OSError(5, "Input/output error")
        return scanned(path)

    monkeypatch.setattr("builtins.open", fail_to_open)
    monkeypatch.setattr(os, "scandir", fail_to_scan)
    assert found() == ["./a.json: permission denied", "b.json", "./x: input/output error"]


# Links


def test_links_within_the_tree_are_followed_to_files_and_not_to_folders(tree: Tree) -> None:
    tree("x/a.json")
    os.symlink("x/a.json", "link.json")
    os.symlink("..", "x/loop")
    os.symlink("x", "folder.json")
    assert found() == ["link.json"], "each file once, under the first name"
    assert found("x") == ["x/a.json"]


def test_links_out_of_the_tree_are_not_followed_unless_named(tree: Tree) -> None:
    tree("outside/secret.json", "repo/a.json")
    os.symlink("../outside/secret.json", "repo/link.json")
    root = os.path.abspath("repo")
    assert found("repo", root=root) == ["a.json"]
    assert found("repo/link.json", root=root) == ["link.json"]


def test_links_within_a_folder_beside_the_root_are_followed(tree: Tree) -> None:
    tree("repo/a.json", "other/x/b.json")
    os.symlink("x/b.json", "other/link.json")
    root = os.path.abspath("repo")
    assert found("other", root=root) == [os.path.abspath("other/link.json")]


# What git ignores


def git(*arguments: str) -> None:
    subprocess.run(
        ["git", "-c", "user.name=x", "-c", "user.email=x@example.com", *arguments],
        check=True,
        capture_output=True,
    )


IGNORED_TREE = (
    (".gitignore=*.tmp.json\n/build/\n!keep.tmp.json\nlogs/*\n!logs/app.json\n"
    "# comment\n\n\\#odd.json\n"),
    "a.json", "a.tmp.json", "keep.tmp.json", "build/b.json", "x/build/c.json",
    "logs/app.json", "logs/other.json", "#odd.json",
    "x/.gitignore=!b.tmp.json\nlocal.json\n/only-here.json\n",
    "x/b.tmp.json", "x/c.tmp.json", "x/local.json", "x/y/local.json",
    "x/only-here.json", "x/y/only-here.json", "local.json",
    "z/.gitignore=*\n!.gitignore\n", "z/d.json", "private.json",
)  # fmt: skip


def test_what_git_ignores_is_left_out_just_as_git_does(tree: Tree) -> None:
    tree(*IGNORED_TREE)
    git("init", "--quiet")
    tree(".git/info/exclude=private.json\n")
    listed = subprocess.run(
        ["git", "ls-files", "--others", "--exclude-standard", "*.json"],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    assert sorted(found()) == sorted(listed.split("\n")[:-1])
    assert "private.json" not in found()
    assert "keep.tmp.json" in found()


def test_ignore_files_above_hold_for_a_folder_below(tree: Tree) -> None:
    tree(*IGNORED_TREE)
    git("init", "--quiet")
    assert found("x") == ["x/b.tmp.json", "x/build/c.json", "x/y/only-here.json"]
    assert found("x/y") == ["x/y/only-here.json"]


def test_ignored_files_are_looked_at_when_named(tree: Tree) -> None:
    tree(*IGNORED_TREE)
    git("init", "--quiet")
    assert found("a.tmp.json") == ["a.tmp.json"]
    assert found("build") == ["build/b.json"]


def test_outside_of_git_nothing_is_ignored(tree: Tree) -> None:
    tree(".gitignore=*\n", "a.json")
    assert found() == ["a.json"]


def test_an_ignore_file_that_is_no_text_or_no_file_does_no_harm(tree: Tree) -> None:
    tree("a.json", "x/b.json")
    git("init", "--quiet")
    with open(".gitignore", "wb") as file:
        file.write(b"\xff\xfe[\n[z-a]\n!\n\\\n**\x00\nc.json\n")
    os.mkdir("x/.gitignore")
    tree("c.json")
    assert found() == ["a.json", "x/b.json"]


# Names and roots


@pytest.mark.parametrize(
    "name", ["ünï.json", "a b.json", "-x.json", "new\nline.json", "*.json", "a\\b.json", "'.json"]
)
def test_odd_names_are_names(tree: Tree, name: str) -> None:
    tree(name)
    assert found() == [name]
    assert found(f"./{name}") == [name]


def test_a_name_that_is_no_utf_8_is_a_name(tree: Tree) -> None:
    tree("a.json")
    name = os.fsdecode(b"\xff.json")
    try:
        os.rename("a.json", name)
    except OSError:
        pytest.skip("this file system knows only UTF-8")
    assert found() == [name]


def test_paths_are_relative_to_the_root_and_absolute_outside(tree: Tree) -> None:
    tree("repo/x/a.json", "repository/b.json")
    root = os.path.abspath("repo")
    assert found("repo", "repository", root=root) == [
        "x/a.json",
        os.path.abspath("repository/b.json"),
    ]


def test_the_root_of_git_is_found_upwards(tree: Tree) -> None:
    tree("repo/x/y/a.json", "repo/.git/HEAD", "work/.git=gitdir: elsewhere", "work/z/a.json")
    assert git_root("repo/x/y") == os.path.abspath("repo")
    assert git_root("work/z") == os.path.abspath("work")


def test_the_common_folder_of_paths(tree: Tree) -> None:
    tree("x/y/a.json", "x/z/b.json")
    here = os.getcwd()
    assert common_folder(["x/y/a.json", "x/z"]) == os.path.join(here, "x")
    assert common_folder(["x/y/a.json"]) == os.path.join(here, "x", "y")
    assert common_folder(["-"]) == here
    assert common_folder([]) == here


# Reading


def sources(*paths: str, **options: str) -> list[SourceFile]:
    return [
        item
        for item in discover(paths, root=os.getcwd(), **options)  # type: ignore[arg-type]
        if isinstance(item, SourceFile)
    ]


def give(monkeypatch: pytest.MonkeyPatch, data: bytes) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data)))


def test_standard_input_is_read_once(tree: Tree, monkeypatch: pytest.MonkeyPatch) -> None:
    tree()
    give(monkeypatch, b"\xef\xbb\xbf{}")
    assert [(source.path, source.text) for source in sources("-", "-")] == [("<stdin>", "{}")]


def test_standard_input_can_be_given_a_name_and_a_kind(
    tree: Tree, monkeypatch: pytest.MonkeyPatch
) -> None:
    tree()
    give(monkeypatch, b"{}")
    (source,) = sources("-", stdin_filename=os.path.abspath("x/app.json"), kind="app")
    assert (source.path, source.name, source.kind) == ("x/app.json", "app.json", "app")


def test_standard_input_that_is_closed_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", None)
    assert found("-") == ["<stdin>: standard input is closed"]


@pytest.mark.parametrize(
    ("data", "message", "offset"),
    [
        (b'{"a": "\xff"}', "not UTF-8: byte 0xff", 7),
        ("é".encode() + b"\xc3(", "not UTF-8: byte 0xc3", 1),
        ('{"é": 1}'.encode("latin-1"), "not UTF-8: byte 0xe9", 2),
        (b"\xff\xfe{\x00\x00\xd8x", "not UTF-16: byte 0x00", 1),
        (b"\xef\xbb\xbf\xef\xbb\xbf{}", "more than one byte order mark", 0),
        (b" " * (MAX_BYTES + 1), "larger than 2 MiB", 0),
    ],
)
def test_bytes_that_are_no_text_are_told(
    tree: Tree, data: bytes, message: str, offset: int
) -> None:
    tree()
    with open("a.json", "wb") as file:
        file.write(data)
    (source,) = sources("a.json")
    assert source.error is not None
    assert source.error[:2] == (message, offset)


def test_2_mib_are_read(tree: Tree) -> None:
    tree("a.json=" + " " * MAX_BYTES)
    assert sources("a.json")[0].error is None


def test_dockerfiles_are_found_by_all_their_names_in_hidden_folders_too(tree: Tree) -> None:
    tree(
        "Dockerfile", "Dockerfile.dev", "web.Dockerfile", "api.dockerfile", "Containerfile",
        ".devcontainer/Dockerfile", "Dockerfile.in", "build/dockerfile/Dockerfile",
        "Dockerfile.dockerignore", "Dockerfile.md", "dockerfile.py", "Dockerfiles",
    )  # fmt: skip
    assert sorted(source.path for source in sources(".")) == [
        ".devcontainer/Dockerfile",
        "Containerfile",
        "Dockerfile",
        "Dockerfile.dev",
        "Dockerfile.in",
        "api.dockerfile",
        "build/dockerfile/Dockerfile",
        "web.Dockerfile",
    ]


def test_a_dockerfile_brings_its_ignore_file_or_that_of_the_folder_above(tree: Tree) -> None:
    tree(
        ".dockerignore", "a/Dockerfile", "a/Dockerfile.dev", "a/Dockerfile.dev.dockerignore",
        "b/Dockerfile", "b/.dockerignore", "b/c/d/Dockerfile", "b/c/app.json",
    )  # fmt: skip
    found = {source.path: source.beside and source.beside.path for source in sources(".")}
    assert found == {
        "a/Dockerfile": ".dockerignore",
        "a/Dockerfile.dev": "a/Dockerfile.dev.dockerignore",
        "b/Dockerfile": "b/.dockerignore",
        "b/c/app.json": None,
        "b/c/d/Dockerfile": "b/.dockerignore",
    }


def test_an_ignore_file_that_leads_out_of_the_tree_is_none(tree: Tree, tmp_path: Path) -> None:
    tree("Dockerfile")
    (tmp_path.parent / "elsewhere").write_text("secret")
    os.symlink(tmp_path.parent / "elsewhere", ".dockerignore")
    (source,) = sources(".")
    assert source.beside is None
    assert source.is_placed

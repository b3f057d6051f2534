"""What lies in a tree and must be covered: the same whether it was walked or remembered, whatever happens between."""

from __future__ import annotations

import json
import os
import shutil
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from pytest_agentcore.sandbox import covered


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """Two folders deep, one package folder, one command, a file and a link that only look like them."""
    top = tmp_path / "tree"
    for name in ("lib/python3/site-packages/inside", "lib/python3/idlelib", "bin"):
        (top / name).mkdir(parents=True)
    (top / "bin" / "pytest-agentcore").write_text("#!/bin/sh\n")
    (top / "lib" / "dist-packages").write_text("a file")
    (top / "linked").symlink_to(top / "lib")
    return top


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where everything counts as settled, so that no test has to wait."""
    monkeypatch.setattr(covered, "SETTLED_NS", -(10**12))
    return tmp_path / "cache"


def names(tree: Path, cache: Path | None) -> list[str]:
    return sorted(str(Path(path).relative_to(tree)) for path in covered.below(str(tree), cache))


FOUND = ["bin/pytest-agentcore", "lib/python3/site-packages"]


def test_what_is_found(tree: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert names(tree, None) == names(tree, cache) == FOUND
    monkeypatch.setattr(covered, "_walk", lambda _: pytest.fail("it was remembered"))
    assert names(tree, cache) == FOUND


def add_folder(tree: Path) -> None:
    (tree / "lib/python3/idlelib/pytest_agentcore").mkdir()


def add_command(tree: Path) -> None:
    (tree / "lib/pytest-agentcore").touch()


def add_and_hide_it(tree: Path) -> None:
    """As an installer does that sets the folder's time back."""
    before = (tree / "lib").stat()
    (tree / "lib" / "pytest-agentcore").touch()
    os.utime(tree / "lib", ns=(before.st_atime_ns, before.st_mtime_ns))


def add_in_a_new_folder(tree: Path) -> None:
    (tree / "opt" / "venv" / "site-packages").mkdir(parents=True)


def another_in_its_place(tree: Path) -> None:
    shutil.move(tree / "lib/python3/idlelib", tree / "gone")
    (tree / "lib/python3/idlelib/site-packages").mkdir(parents=True)


def take_away(tree: Path) -> None:
    shutil.rmtree(tree / "lib/python3")


@pytest.mark.parametrize(
    "change", [add_folder, add_command, add_and_hide_it, add_in_a_new_folder, another_in_its_place, take_away]
)
def test_a_change_is_seen(tree: Path, cache: Path, change: Callable[[Path], None]) -> None:
    names(tree, cache)
    time.sleep(0.02)  # more than a tick of the file system's clock
    change(tree)
    assert names(tree, cache) == names(tree, None) != FOUND


def test_what_changed_a_moment_ago_is_not_remembered(tree: Path, tmp_path: Path) -> None:
    assert names(tree, tmp_path / "cache") == FOUND
    assert not (tmp_path / "cache").exists()


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"of": 1}', '{"of": [1], "state": [], "folders": []}', "\x00"])
def test_a_cache_that_is_broken_is_made_anew(tree: Path, cache: Path, text: str) -> None:
    names(tree, cache)
    (file,) = cache.iterdir()
    good = json.loads(file.read_text())
    file.write_text(text)
    assert names(tree, cache) == FOUND
    assert json.loads(file.read_text()) == good


def test_a_cache_of_another_user_or_of_other_rules_does_not_count(tree: Path, cache: Path) -> None:
    names(tree, cache)
    (file,) = cache.iterdir()
    known = json.loads(file.read_text())
    file.write_text(json.dumps({**known, "of": [*known["of"][:-1], ["site-packages"]], "found": []}))
    assert names(tree, cache) == FOUND


def test_a_cache_that_cannot_be_written_is_no_error(tree: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert names(tree, tmp_path / "file" / "cache") == FOUND


def test_a_name_that_is_no_text(tree: Path, cache: Path) -> None:
    Path(os.fsdecode(os.fsencode(tree) + b"/\xff/site-packages")).mkdir(parents=True)
    assert len(names(tree, cache)) == len(names(tree, cache)) == 3


@pytest.mark.parametrize(
    ("named", "home", "folder"),
    [
        ("/x/cache", "/home/ada", "/x/cache/pytest-agentcore"),
        ("", "/home/ada", "/home/ada/.cache/pytest-agentcore"),
        ("relative", "/home/ada", "/home/ada/.cache/pytest-agentcore"),
    ],
)
def test_the_folder(named: str, home: str, folder: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", named)
    monkeypatch.setenv("HOME", home)
    assert covered.cache_folder() == Path(folder)

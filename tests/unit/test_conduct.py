"""What a checker does besides judging is seen, and only what is the checker's."""

from __future__ import annotations

import random
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import ModuleType

import pytest

from pytest_agentcore.scoring.conduct import Conduct, Overdue, deadline, watched

SOURCE = """
import datetime, os, random, sqlite3, subprocess, time
from pathlib import Path
HERE = Path(__file__).parent

def writes(): (HERE / "out.txt").write_text("x")
def appends(): open(HERE / "module.txt", "a").close()
def renames(): os.rename(HERE / "module.txt", HERE / "b.txt")
def makes_a_folder(): (HERE / "folder").mkdir()
def opens_a_database(): sqlite3.connect(HERE / "x.db").close()
def reads(): (HERE / "checker.py").read_text(); sqlite3.connect(":memory:").close(); open(os.devnull, "w").close()
def writes_elsewhere(): (HERE.parent / "scratch.txt").write_text("x")
def runs(): subprocess.run(["true"])
def asks_the_time(): time.time()
def asks_the_day(): datetime.date.today()
def asks_now(): datetime.datetime.now()
def rolls(): random.random()
def shuffles(): random.shuffle([1, 2])
def rolls_its_own(): random.Random(3).shuffle([1, 2]); time.monotonic()
"""


@pytest.fixture
def checker(tmp_path: Path) -> ModuleType:
    """A checker's module, in a suite's folder of its own."""
    path = tmp_path / "suite" / "checker.py"
    path.parent.mkdir()
    path.write_text(SOURCE)
    (path.parent / "module.txt").write_text("")
    module = ModuleType("checker")
    module.__file__ = str(path)
    exec(compile(SOURCE, str(path), "exec"), module.__dict__)  # noqa: S102 - the code above
    return module


def seen(checker: ModuleType, name: str) -> Conduct:
    root = str(Path(str(checker.__file__)).parent)
    conduct = Conduct(roots=(root,), protected=(root,))
    function: Callable[[], None] = getattr(checker, name)
    with watched(conduct, ask=True):
        function()
    return conduct


@pytest.mark.parametrize(
    ("name", "file"),
    [
        ("writes", "out.txt"),
        ("appends", "module.txt"),
        ("renames", "b.txt"),
        ("makes_a_folder", "folder"),
        ("opens_a_database", "x.db"),
    ],
)
def test_a_write_is_seen(checker: ModuleType, name: str, file: str) -> None:
    assert [Path(path).name for path in seen(checker, name).writes] == [file]


@pytest.mark.parametrize("name", ["reads", "writes_elsewhere", "rolls_its_own"])
def test_reading_scratch_files_and_seeded_dice_are_nobodys_business(checker: ModuleType, name: str) -> None:
    conduct = seen(checker, name)

    assert (conduct.writes, conduct.commands, conduct.asked) == ([], [], [])


@pytest.mark.parametrize(
    ("name", "what"),
    [
        ("asks_the_time", "time.time()"),
        ("asks_the_day", "date.today()"),
        ("asks_now", "datetime.now()"),
        ("rolls", "random.random()"),
        ("shuffles", "random.shuffle()"),
    ],
)
def test_clocks_and_dice_are_named_with_their_place(checker: ModuleType, name: str, what: str) -> None:
    (note,) = seen(checker, name).asked

    assert note.startswith(f"{what} in checker.py:")


def test_a_command_is_noted(checker: ModuleType) -> None:
    assert seen(checker, "runs").commands == ["true"]


def test_what_is_not_the_checkers_is_not_seen(tmp_path: Path) -> None:
    conduct = Conduct(roots=("/nowhere",), protected=(str(tmp_path),))
    with watched(conduct, ask=True):
        (tmp_path / "ours.txt").write_text("x")
        random.random()  # noqa: S311 - asked, not used

    assert (conduct.writes, conduct.asked) == ([], [])


def stubborn(seconds: float) -> None:
    """Work on, whatever ordinary exception comes."""
    started = time.monotonic()
    while time.monotonic() - started < seconds:
        with suppress(Exception):
            time.sleep(seconds)


def test_a_deadline_ends_what_swallows_exceptions_and_leaves_the_alarm_as_it_was() -> None:
    before = signal.getsignal(signal.SIGALRM)
    started = time.monotonic()
    with pytest.raises(Overdue, match=r"did not end within 0\.2 s"), deadline(0.2):
        stubborn(60.0)

    assert time.monotonic() - started < 30
    assert signal.getsignal(signal.SIGALRM) is before
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)


def test_a_deadline_that_is_kept_costs_nothing() -> None:
    with deadline(60):
        pass

    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)

"""The order in which files came to be, as a checker wants to know it."""

from __future__ import annotations

import pytest

from pytest_agentcore.domain.ports import Sandbox
from tests.contract.sandbox_boxes import Open, file

SCRIPTS = {
    "one after the other": ("echo > b; echo > a; echo > c", ["b", "a", "c"]),
    "empty files": (": > z; : > y", ["z", "y"]),
    "a folder at once filled": ("mkdir d; echo > d/b; echo > d/a; echo > top", ["d/b", "d/a", "top"]),
    "folders in folders": (
        "mkdir -p x/y/z; : > x/y/z/1; sleep 0.02; : > x/2; sleep 0.02; : > x/y/3; : > 0",
        ["x/y/z/1", "x/2", "x/y/3", "0"],
    ),
    "moved into place": (
        "echo > /tmp/q$$; echo > first; mv /tmp/q$$ second; echo > third",
        ["first", "second", "third"],
    ),
    "renamed": ("echo > tmp; echo > other; mv tmp final", ["tmp", "other", "final"]),
    "a second write is no creation": ("echo > a; echo > b; echo again >> a", ["a", "b"]),
    "gone again": ("echo > a; echo > b; rm a; echo > a", ["a", "b"]),
    "a link counts": ("ln -s nowhere l; echo > a; ln a h", ["l", "a", "h"]),
    "replaced": ("echo x > new; mv new old; echo > later", ["new", "later"]),
    "caches do not count": ("mkdir .git __pycache__; : > .git/x; : > __pycache__/y.pyc; : > a.pyc; : > a", ["a"]),
    "written later in a new folder": ("mkdir d; : > d/1; : > d/2; echo x >> d/1", ["d/1", "d/2"]),
}


@pytest.mark.parametrize(("script", "expected"), SCRIPTS.values(), ids=SCRIPTS.keys())
def test_order_within_one_command(box: Sandbox, script: str, expected: list[str]) -> None:
    box.put([file("old", b"was there"), file("sub/old2")])
    assert box.exec(["sh", "-c", script]).exit_code == 0

    assert list(box.created()) == expected


def test_order_in_new_folders_within_one_tick_of_the_clock(open_box: Open, walled: bool) -> None:
    """Documented difference: only a sandbox's own tmpfs numbers its files in the order in which they are made."""
    for _ in range(4):
        box = open_box()
        box.exec(["sh", "-c", "mkdir -p x/y/z; : > x/y/z/1; : > x/2; : > x/y/3; : > 0"])

        expected = ["x/y/z/1", "x/2", "x/y/3", "0"]
        assert (list if walled else sorted)(box.created()) == (expected if walled else sorted(expected))


def test_order_over_calls_writes_and_puts(box: Sandbox) -> None:
    box.put([file("start")])
    box.exec(["sh", "-c", "echo > z"])
    box.write("m/written", b"x")
    box.exec(["sh", "-c", "echo > a; rm start; echo > start"])
    box.put([file("given")])
    box.exec(["sh", "-c", "echo > given; echo > last"])

    assert box.created() == ("z", "m/written", "a", "last")


def test_daemons_files_between_calls_are_seen(box: Sandbox) -> None:
    box.exec(["sh", "-c", "(sleep 0.3; echo > late) & echo > early"])
    box.exec(["sh", "-c", "for i in $(seq 100); do [ -e late ] && break; sleep 0.1; done"])

    assert box.created() == ("early", "late")


def test_snapshot_does_not_change_the_answer(box: Sandbox) -> None:
    box.exec(["sh", "-c", "echo > b; echo > a"])
    box.snapshot()

    assert box.created() == ("b", "a")


def test_moved_folder_brings_its_files_and_stays_watched(box: Sandbox) -> None:
    for script in ("mkdir -p d/e; : > d/e/1", "mv d moved", ": > moved/e/2; : > 3"):
        box.exec(["sh", "-c", script])

    assert box.created() == ("d/e/1", "moved/e/1", "moved/e/2", "3")


def test_overflowing_queue_loses_no_file(open_box: Open, walled: bool) -> None:
    box = open_box(pids=None)
    often = 20_000 if walled else 1000  # a disk takes its time, and the code inside is the same
    churn = f"for i in range({often}):\n    os.close(os.open(str(i), os.O_CREAT)); os.unlink(str(i))\n"
    script = f"import os\n{churn}open('kept', 'w')\nopen('last', 'w')"
    box.exec(["python3", "-c", script])

    assert [path for path in box.created() if path in ("kept", "last")] == ["kept", "last"]

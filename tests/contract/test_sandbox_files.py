"""Files of a sandbox: byte-exact, never blocking, frozen the same way twice."""

from __future__ import annotations

import errno
from typing import Any

import pytest

from pytest_agentcore.domain.ports import Sandbox
from pytest_agentcore.domain.workspace import Entry
from tests.contract.sandbox_boxes import Open, file

ODD_BYTES = [b"", b"a\r\nb\r\n", b"no newline", b"\0\xff\xfe\0", bytes(range(256)) * 300]


@pytest.mark.parametrize("data", ODD_BYTES, ids=["empty", "crlf", "unterminated", "nul", "all-bytes"])
def test_bytes_survive_every_way_in_and_out(box: Sandbox, data: bytes) -> None:
    box.put([file("put.bin", data)])
    box.write("deep/er/written.bin", data)
    frozen = box.snapshot().by_path()

    assert box.read("put.bin", limit=1 << 20) == (data, len(data))
    assert box.read("deep/er/written.bin", limit=1 << 20) == (data, len(data))
    assert frozen["put.bin"].data == frozen["deep/er/written.bin"].data == data
    assert frozen["put.bin"].size == len(data)


def test_read_gives_a_window_and_the_whole_size(box: Sandbox) -> None:
    box.write("f", b"0123456789")

    assert box.read("f", offset=3, limit=4) == (b"3456", 10)
    assert box.read("f", offset=99) == (b"", 10)


def test_write_replaces_and_keeps_the_mode(box: Sandbox) -> None:
    box.put([file("run.sh", b"a long old content", mode=0o755)])
    box.write("run.sh", b"new")

    entry = box.snapshot().by_path()["run.sh"]
    assert (entry.data, entry.mode) == (b"new", 0o755)


def test_put_makes_links_folders_modes_and_replaces(box: Sandbox) -> None:
    box.put([file("a", b"old"), Entry(path="link", kind="symlink", target="a"), file("sub/keep", b"k")])
    box.put(
        [
            file("link", b"now a file"),
            Entry(path="locked", kind="dir", mode=0o555),
            file("locked/inside", b"x", mode=0o400),
        ]
    )

    frozen = box.snapshot().by_path()
    assert (frozen["a"].data, frozen["link"].data) == (b"old", b"now a file")
    assert (frozen["locked"].mode, frozen["locked/inside"].mode) == (0o555, 0o400)


@pytest.mark.parametrize("path", ["/etc/x", "../x", "a/../../x", "", "a\0b", "out/x"])
def test_put_refuses_a_path_that_leads_out(box: Sandbox, path: str) -> None:
    box.put([Entry(path="out", kind="symlink", target="/tmp")])

    with pytest.raises(OSError, match="folder") as caught:
        box.put([file(path, b"x")])
    assert caught.value.errno == errno.EINVAL


def test_hidden_is_the_workspaces_sibling_and_absent_before(box: Sandbox, walled: bool) -> None:
    assert box.exec(["ls", "../hidden"]).exit_code != 0
    box.put([file("test_it.py", b"secret")], into="hidden")

    assert box.exec(["cat", "../hidden/test_it.py"]).stdout.text() == "secret"
    assert "test_it.py" not in box.snapshot().by_path()
    # Documented difference: only walls keep the checked code from rewriting what checks it.
    assert (box.exec(["sh", "-c", "echo x > ../hidden/test_it.py"]).exit_code != 0) is walled


@pytest.mark.parametrize(
    ("path", "number"),
    [("missing", errno.ENOENT), ("folder", errno.EISDIR), ("/dev/zero", errno.EINVAL), ("fifo", errno.EINVAL),
     ("loop", errno.ELOOP), ("a\0b", errno.EINVAL), ("\ud800", errno.EINVAL), ("/proc/self/environ", errno.EACCES),
     ("plain/below", errno.ENOTDIR)],
)  # fmt: skip
def test_what_cannot_be_read_is_an_oserror_at_once(box: Sandbox, path: str, number: int) -> None:
    assert box.exec(["sh", "-c", "mkdir folder; mkfifo fifo; ln -s loop loop; echo > plain"]).exit_code == 0

    with pytest.raises(OSError) as caught:  # noqa: PT011 - the number is compared below
        box.read(path)
    assert caught.value.errno == number


@pytest.mark.parametrize("path", ["folder", "folder/", "fifo", "/dev/null", "plain/below"])
def test_what_cannot_be_written_is_an_oserror_at_once(box: Sandbox, path: str) -> None:
    box.exec(["sh", "-c", "mkdir folder; mkfifo fifo; echo > plain"])

    with pytest.raises(OSError):  # noqa: PT011 - any of several numbers
        box.write(path, b"x")


def test_links_are_followed_inside_and_nowhere_else(box: Sandbox, walled: bool, tmp_path_factory: Any) -> None:
    outside = tmp_path_factory.mktemp("host") / "secret"
    outside.write_text("of the host")
    box.exec(["sh", "-c", f"echo here > a; ln -s a b; ln -s {outside} c"])

    assert box.read("b")[0] == b"here\n"
    if walled:
        with pytest.raises(FileNotFoundError):
            box.read("c")
    else:
        assert box.read("c")[0] == b"of the host"  # documented: a process sees the whole machine


def test_list_describes_direct_children(box: Sandbox) -> None:
    box.exec(
        ["sh", "-c", "mkdir d; printf abc > d/f; chmod 640 d/f; ln -s f d/l; mkfifo d/p; mkdir d/sub; echo > d/sub/x"]
    )

    assert box.list("d") == [
        Entry(path="f", kind="file", mode=0o640, size=3),
        Entry(path="l", kind="symlink", mode=0o777, target="f"),
        Entry(path="p", kind="other", mode=0o644),
        Entry(path="sub", kind="dir", mode=0o755),
    ]


def test_odd_names_survive(box: Sandbox) -> None:
    names = ["new\nline", " space ", "quote'\"", "ünïcode", "not-utf8-\udcff"]
    box.put([file(name, name.encode("utf-8", "surrogateescape")) for name in names])

    frozen = box.snapshot().by_path()
    assert {name: frozen[name].data for name in names} == {
        name: name.encode("utf-8", "surrogateescape") for name in names
    }
    assert sorted(entry.path for entry in box.list(".")) == sorted(names)


def test_snapshot_is_the_same_whatever_the_clock_says(open_box: Open) -> None:
    digests: set[str] = set()
    for names in (["b", "a", "c"], ["c", "b", "a"]):
        box = open_box()
        box.put([file(f"d/{name}", name.encode()) for name in names])
        box.exec(["sh", "-c", f"touch -d @{len(digests)} d/a; ln -s a d/l; mkfifo d/p"])
        digests |= {box.snapshot().digest, box.snapshot().digest}

    assert len(digests) == 1


def test_snapshot_does_not_follow_links_or_wait_for_pipes(box: Sandbox) -> None:
    box.exec(["sh", "-c", "ln -s /etc/passwd l; ln -s . self; mkfifo p"])

    frozen = box.snapshot().by_path()
    assert {path: (entry.kind, entry.target, entry.data) for path, entry in frozen.items()} == {
        "l": ("symlink", "/etc/passwd", None),
        "self": ("symlink", ".", None),
        "p": ("other", None, None),
    }


def test_snapshot_reads_what_the_owner_locked(box: Sandbox) -> None:
    box.exec(["sh", "-c", "mkdir d; echo x > d/f; chmod 0 d/f; chmod 0 d"])

    frozen = box.snapshot().by_path()
    assert (frozen["d"].mode, frozen["d/f"].mode, frozen["d/f"].data) == (0, 0, b"x\n")
    assert box.snapshot().by_path() == frozen


def test_snapshot_names_a_large_file_without_reading_it(open_box: Open) -> None:
    box = open_box(disk_mb=None, snapshot_file_bytes=1000)
    box.exec(["sh", "-c", "truncate -s 5G sparse; head -c 1000 /dev/zero > fits; head -c 1001 /dev/zero > over"])

    frozen = box.snapshot().by_path()
    assert (frozen["sparse"].size, frozen["sparse"].data) == (5 << 30, None)
    assert (frozen["fits"].data, frozen["over"].data) == (bytes(1000), None)


def test_snapshot_refuses_more_than_it_can_hold(open_box: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pytest_agentcore.sandbox.served.SNAPSHOT_BYTES", 1500)
    box = open_box()
    box.put([file("a", bytes(1000)), file("b", bytes(1000))])

    with pytest.raises(OSError, match="more than 1500 bytes"):
        box.snapshot()
    assert box.exec(["true"]).exit_code == 0


def test_snapshot_can_be_put_into_a_fresh_sandbox(open_box: Open) -> None:
    first, second = open_box(), open_box()
    first.exec(
        ["sh", "-c", "mkdir -p a/b; echo x > a/b/f; chmod 500 a/b; ln -s a/b/f l; printf '#!/bin/sh\n' > s; chmod +x s"]
    )
    frozen = first.snapshot()
    second.put(frozen.entries)

    assert second.snapshot() == frozen


NEST = """
import os
for _ in range(int(os.environ["DEPTH"])):
    os.mkdir(os.environ["NAME"])
    os.chdir(os.environ["NAME"])
open("bottom", "w").close()
"""


def test_deep_folders_are_frozen_and_too_deep_ones_are_an_oserror(box: Sandbox) -> None:
    box.exec(["python3", "-c", NEST], env={"DEPTH": "1000", "NAME": "d"})
    assert box.snapshot().entries[-1].path == "d/" * 1000 + "bottom"

    box.exec(["python3", "-c", NEST], env={"DEPTH": "1", "NAME": "d"})
    box.exec(["sh", "-c", "mkdir deeper"])
    box.exec(["python3", "-c", f"import os; os.chdir('deeper'){NEST}"], env={"DEPTH": "30", "NAME": "d" * 200})
    with pytest.raises(OSError, match="too long"):
        box.snapshot()
    assert box.exec(["true"]).exit_code == 0

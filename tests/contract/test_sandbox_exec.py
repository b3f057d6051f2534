"""Commands in a sandbox: how they end, what is kept of what they say, and what they cannot do to the caller."""

from __future__ import annotations

import os
import time

import pytest

from pytest_agentcore.domain.ports import Sandbox
from pytest_agentcore.domain.resources import Isolation
from tests.contract.sandbox_boxes import Open, file, runs_on_host, sh, unique_sleep


@pytest.mark.parametrize(
    ("argv", "code"),
    [(["true"], 0), (["sh", "-c", "exit 7"], 7), (["sh", "-c", "kill -9 $$"], 137), (["sh", "-c", "kill -15 $$"], 143),
     (["no-such-command"], 127), (["./missing"], 127), (["./plain"], 126), (["./folder"], 126), (["echo", "a\0b"], 126),
     (["echo", "\ud800"], 126), (["echo", "x" * 200_000], 126), ([""], 127)],
)  # fmt: skip
def test_exit_codes_are_those_of_a_shell(box: Sandbox, argv: list[str], code: int) -> None:
    box.put([file("plain", b"text"), file("folder/x")])

    result = box.exec(argv)
    assert result.exit_code == code
    assert (code not in (126, 127)) or result.stderr.total > 0
    assert not result.timed_out


def test_argv_is_refused_when_it_is_none(box: Sandbox) -> None:
    nothing: list[str] = []
    for argv in (nothing, "ls"):
        with pytest.raises(ValueError, match="argv"):
            box.exec(argv)


def test_environment_is_small_fixed_and_extended_by_the_caller(box: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MY_API_KEY", "sk-secret")
    names = {line.split("=")[0] for line in box.exec(["env"]).stdout.text().splitlines()}

    assert names <= {
        "PATH", "HOME", "LANG", "TZ", "PYTHONPATH", "PYTHONDONTWRITEBYTECODE", "TERM", "TMPDIR", "LC_ALL"
    }  # fmt: skip
    assert sh(box, "echo $MORE $TZ", env={"MORE": "given", "TZ": "CET"}) == "given CET\n"


def test_streams_are_apart_or_merged(box: Sandbox) -> None:
    script = ["sh", "-c", "echo out; echo err >&2; echo out2"]
    apart, merged = box.exec(script), box.exec(script, merge_stderr=True)

    assert (apart.stdout.text(), apart.stderr.text()) == ("out\nout2\n", "err\n")
    assert (merged.stdout.text(), merged.stderr.text()) == ("out\nerr\nout2\n", "")


def test_stdin_is_given_whole_or_empty(box: Sandbox) -> None:
    data = os.urandom(300_000)

    assert box.exec(["cat"]).stdout.total == 0
    assert box.exec(["wc", "-c"], stdin=data).stdout.text().strip() == "300000"
    assert box.exec(["head", "-c", "1"], stdin=data).exit_code == 0  # it does not want the rest


def test_output_is_kept_from_both_ends_and_counted(open_box: Open) -> None:
    box = open_box(output_bytes=1000)
    result = box.exec(["python3", "-c", "import sys; sys.stdout.write('H' * 700 + 'x' * 3_000_000 + 'T' * 700)"])

    assert result.stdout.total == 3_001_400
    assert (result.stdout.head, result.stdout.tail) == (b"H" * 500, b"T" * 500)
    assert result.stdout.cut == 3_000_400


def test_output_that_fits_is_whole(open_box: Open) -> None:
    box = open_box(output_bytes=1000)

    for size in (0, 1, 499, 500, 501, 1000):
        output = box.exec(["head", "-c", str(size), "/dev/urandom"]).stdout
        assert (output.total, output.cut) == (size, 0)


def test_endless_output_ends_with_the_time(box: Sandbox) -> None:
    result = box.exec(["sh", "-c", "yes | tr -d '\\n'"], timeout_s=0.5)

    assert result.timed_out
    assert result.exit_code == 137
    assert result.stdout.total > 65_536
    assert len(result.stdout.head) + len(result.stdout.tail) == 65_536


def test_timeout_kills_daemons_too_and_keeps_partial_output(box: Sandbox) -> None:
    nap = unique_sleep()
    script = f"echo before; setsid setsid sleep {nap} & (sleep {nap} &); sleep {nap}"
    result = box.exec(["sh", "-c", script], timeout_s=0.5)

    assert (result.timed_out, result.exit_code, result.stdout.text()) == (True, 137, "before\n")
    assert 0.5 <= result.wall_s < 20
    assert not runs_on_host(nap)
    assert sh(box, "echo alive") == "alive\n"


def test_default_timeout_is_the_limits(open_box: Open) -> None:
    assert open_box(call_s=0.3).exec(["sleep", "100"]).timed_out


def test_background_process_does_not_hold_the_call_and_lives_on(box: Sandbox) -> None:
    nap = unique_sleep()
    started = time.monotonic()
    sh(box, f"sleep {nap} & echo $!")

    assert time.monotonic() - started < 20
    assert runs_on_host(nap)
    box.snapshot()
    assert not runs_on_host(nap)


def test_daemon_may_go_on_talking_to_an_ended_calls_output(box: Sandbox) -> None:
    sh(box, "(sleep 0.7; head -c 1000000 /dev/zero; echo $? > said) & echo")

    assert sh(box, "for i in $(seq 100); do [ -e said ] && break; sleep 0.1; done; cat said") == "0\n"


def test_late_output_of_an_ended_command_is_read(box: Sandbox) -> None:
    assert sh(box, "head -c 60000 /dev/zero | tr '\\0' x").count("x") == 60_000


def test_zombies_do_not_pile_up(box: Sandbox) -> None:
    for _ in range(5):
        sh(box, "for i in 1 2 3 4 5 6 7 8; do setsid true & done")
    time.sleep(0.2)

    zombies = "cat /proc/[0-9]*/stat 2>/dev/null | grep -c ') Z ' || true"
    if box.isolation.level == "namespace":
        assert sh(box, zombies) == "0\n"


def test_python_git_sqlite_and_pytest_are_there_and_nothing_else(box: Sandbox, walled: bool) -> None:
    box.put([file("test_x.py", b"def test_x():\n    assert 1 == 2\n")])

    assert box.exec(["pytest", "-q", "-p", "no:cacheprovider"]).exit_code == 1
    assert sh(box, "git init -q . && git status --short") == "?? test_x.py\n"
    sh(box, 'python3 -c \'import sqlite3; sqlite3.connect("a.db").execute("create table t(x)")\'')
    for module in ("numpy", "pandas", "httpx", "pytest_agentcore"):
        assert not walled or box.exec(["python3", "-c", f"import {module}"]).exit_code == 1


def test_probe_names_the_software(isolation: Isolation) -> None:
    assert set(isolation.software) == {"python", "sqlite", "git", "pytest", "sh", "coreutils", "grep", "sed", "awk"}
    assert isolation.software["pytest"].startswith("pytest ")


def test_time_on_the_processor_is_counted(box: Sandbox) -> None:
    result = box.exec(["python3", "-c", "import time\nwhile time.process_time() < 0.5: pass"])

    assert 0.4 < (result.evidence.cpu_s or 0) < 5
    assert (box.usage().cpu_s or 0) >= 0.4


def test_children_are_the_kernels_first_victims(box: Sandbox) -> None:
    assert sh(box, "cat /proc/self/oom_score_adj; sh -c 'cat /proc/self/oom_score_adj'") == "1000\n1000\n"
    assert sh(box, "sleep 0.2; cat /proc/$PPID/oom_score_adj") != "1000\n"


def test_a_command_that_cannot_start_complains_where_stderr_goes(box: Sandbox) -> None:
    assert "command not found" in box.exec(["no-such"], merge_stderr=True).stdout.text()


def test_a_locked_workspace_can_be_repaired(box: Sandbox) -> None:
    where = sh(box, "pwd").strip()
    sh(box, "echo x > f; chmod 0 .")
    assert box.snapshot().by_path()["f"].data == b"x\n"

    sh(box, f"chmod 755 {where}")
    assert sh(box, "cat f") == "x\n"

"""The one ordered table from what was seen of a run to who has to answer for it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from pytest_agentcore.domain.causes import TABLE, Loss, Row, Seen, row_for
from pytest_agentcore.domain.outcome import Cause
from pytest_agentcore.domain.resources import Evidence
from pytest_agentcore.domain.trajectory import Reply, ToolResult, Trajectory, Turn
from pytest_agentcore.sandbox import causes

PAGE = Path(__file__).parents[2] / "docs" / "causes.md"
KILLED = Loss(exit_code=137, died_at=9.0, last_oom_at=8.5)
EVERY = Evidence(oom_kills=1, pids_hits=1, disk_full=True)
SEEN = {
    "the sandbox is lost, and the docker daemon does not answer": Seen(loss=Loss(daemon_answers=False, silent=True)),
    "no word from the server within the time of the call and its slack, and nothing has ended": Seen(
        loss=Loss(silent=True)
    ),
    "somebody asked the daemon to kill or stop the container": Seen(
        loss=Loss(killed_by_request=True, exit_code=137, died_at=9.0, last_oom_at=9.0)
    ),
    "the last call ended with its time, and the machine had given most of what was due to it to others": Seen(
        loss=Loss(withheld=0.6, machine_kills=1), evidence=EVERY
    ),
    "the kernel killed for want of memory in the last call, and the sandbox's own limit was not met": Seen(
        loss=Loss(withheld=0.5, machine_kills=1), evidence=EVERY
    ),
    "SIGKILL ended the server, and the kernel counts that as its own, for want of memory": Seen(
        loss=KILLED, evidence=EVERY
    ),
    "the server is gone and left a last line": Seen(loss=Loss(exit_code=70, said="chown: no")),
    "the server is gone with another exit status": Seen(loss=Loss(exit_code=137, died_at=9.0, last_oom_at=2.0)),
    "the server is gone, and nobody knows how": Seen(loss=Loss(), evidence=EVERY),
    "the kernel or the watchdog killed for want of memory in the last call": Seen(evidence=EVERY, timed_out=True),
    "a process could not be started in the last call, there being as many as may be": Seen(
        evidence=Evidence(oom_kills=0, pids_hits=3, disk_full=True), timed_out=True
    ),
    "the disk was full at the end of the last call": Seen(evidence=Evidence(disk_full=True), timed_out=True),
    "the last call ended with its time, working or waiting": Seen(timed_out=True),
}
"""For each row what it is the first to fit, with what would fit later ones beside it."""


@pytest.mark.parametrize("row", TABLE, ids=[row.seen for row in TABLE])
def test_each_row_is_the_first_for_its_case(row: Row) -> None:
    assert row_for(SEEN[row.seen]) is row
    assert row.cause in (Cause.INFRA, Cause.RESOURCE)


def test_where_no_row_fits_the_model_answers_for_itself() -> None:
    harmless = Evidence(oom_kills=0, pids_hits=None, throttled_s=9.0, cpu_s=60.0, peak_memory_bytes=1 << 40)

    assert row_for(Seen(evidence=harmless)) is None
    assert row_for(Seen()) is None


@pytest.mark.parametrize(
    ("loss", "cause"),
    [
        (Loss(exit_code=137, memory_ran_out=True), Cause.RESOURCE),
        (Loss(exit_code=137), Cause.INFRA),
        (Loss(memory_ran_out=True), Cause.INFRA),  # the kernel killed something, but nobody saw the server killed
        (Loss(exit_code=137, died_at=9.0, last_oom_at=6.9, memory_ran_out=True), Cause.INFRA),
    ],
)
def test_a_lack_of_memory_takes_a_kill_and_a_count(loss: Loss, cause: Cause) -> None:
    found = row_for(Seen(loss=loss))

    assert found is not None
    assert found.cause is cause


def test_only_the_last_call_counts() -> None:
    hit, quiet = (ToolResult(call_id="1", content="", evidence=Evidence(oom_kills=number)) for number in (1, 0))

    def ended(*results: ToolResult) -> Seen:
        return Seen.of(
            Trajectory(system_prompt="", prompt="", turns=(Turn(reply=Reply(text=""), results=results),)), None
        )

    assert row_for(ended(hit, quiet)) is None
    assert row_for(ended(quiet, hit)) is not None
    assert row_for(Seen.of(Trajectory(system_prompt="", prompt=""), None)) is None


def test_the_error_of_a_lost_sandbox_carries_what_was_seen() -> None:
    error = causes.lost(KILLED)

    assert (str(error), error.reason) == ("the sandbox's server was killed: memory ran out", "oom_killed")
    assert error.loss == KILLED
    assert str(causes.lost(Loss(said="chown: no"))) == "the sandbox's server is gone: chown: no"
    assert str(causes.lost(Loss(withheld=0.874))).startswith("the machine kept 87% of a call's processor time from it")


def test_the_page_has_the_table_row_by_row() -> None:
    rows = re.findall(r"^\| \d+ \| (.+?) \| (.+?) \|", PAGE.read_text("utf-8"), re.MULTILINE)

    assert rows == [
        (row.seen, f"{row.cause}, `{row.reason}`" if row.cause is Cause.RESOURCE else str(row.cause)) for row in TABLE
    ]

"""The benchmarks' own arithmetic, what they throw away, and that their endpoint and floor do what they claim."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks import script, systems, table
from benchmarks.endpoint import ROOT, Endpoint, answer, serving
from benchmarks.measurement import Expectation, Measurement, limit_s, measure, objections
from benchmarks.rows import Pair, Row, Target, believable, compared, marginal_ms
from benchmarks.systems import Load

GOOD = Measurement(exit_code=0, wall_s=2.0, cpu_s=1.0, passed=30, calls=180)
EXPECTED = Expectation(passed=30, calls=180, limit_s=1.5)


@pytest.mark.parametrize(
    ("runs", "in_flight", "latency_ms", "seconds"),
    [(30, 30, 250, 1.5), (31, 30, 250, 3.0), (30, 8, 250, 6.0), (4, 1, 250, 6.0), (1000, 30, 0, 0.0)],
)
def test_no_run_is_faster_than_its_answers(runs: int, in_flight: int, latency_ms: int, seconds: float) -> None:
    """The limit is waves × turns × latency."""
    assert limit_s(runs=runs, in_flight=in_flight, turns=6, latency_ms=latency_ms) == pytest.approx(seconds)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"exit_code": 1, "last_line": "1 failed"}, "exit code 1, not 0 ('1 failed')"),
        ({"passed": 29}, "29 of 30 runs passed"),
        ({"calls": 181}, "181 model calls, not 180"),
        ({"wall_s": 1.2}, "1.20 s is below the limit of 1.50 s"),
        ({"left_behind": 2}, "2 processes left behind"),
    ],
)
def test_an_impossible_measurement_is_rejected(wrong: dict[str, object], said: str) -> None:
    """Each reason by itself is enough, and is told."""
    assert objections(GOOD, EXPECTED) == []
    assert objections(replace(GOOD, **wrong), EXPECTED) == [said]  # type: ignore[arg-type]


def test_a_pair_counts_only_when_both_halves_do() -> None:
    """A crash of the floor takes its partner out of the medians as well."""
    slow = replace(GOOD, wall_s=3.0, cpu_s=4.0, pss_mb={"root": 40.0, "gateway": 30.0})
    good, crashed = Pair(floor=GOOD, ours=slow), Pair(floor=replace(GOOD, passed=0), ours=slow)

    kept, rejected = believable([good, crashed], EXPECTED)

    assert kept == [good]
    assert rejected == ["floor: 0 of 30 runs passed"]
    figures = compared(kept)
    assert (figures["wall / floor"], figures["cpu / floor"]) == (1.5, 4.0)
    assert (figures["pytest MB"], figures["gateway MB"]) == (40.0, 30.0)
    assert compared([]) == {}


def test_ratios_are_taken_inside_pairs() -> None:
    """A machine that was slow during one pair was slow for both of it."""
    walls = [(1.0, 2.0), (10.0, 20.0), (1.0, 2.0)]
    pairs = [Pair(floor=replace(GOOD, wall_s=a), ours=replace(GOOD, wall_s=b)) for a, b in walls]

    assert compared(pairs)["wall / floor"] == 2.0
    assert marginal_ms(1.0, 2.8, turns=900) == pytest.approx(2.0)


def test_a_row_says_whether_its_target_is_met() -> None:
    """A figure that is missing meets nothing; what was rejected stands under the table."""
    targets = (Target(figure="wall / floor", most=1.6), Target(figure="pytest MB", most=60))
    row = Row(section="load", name="30 runs", figures={"wall / floor": 1.7}, targets=targets, rejected=("rc",))

    assert [row.met(target) for target in targets] == [False, None]
    text = "\n".join(table.lines([row]))
    assert "wall / floor ≤ 1.6: MISSED; pytest MB ≤ 60: not measured" in text
    assert "REJECTED 30 runs: rc" in text
    document = json.loads(table.document([row], {"cpus": 2}))
    assert document["rows"][0]["targets"][0] == {"figure": "wall / floor", "most": 1.6, "met": False}


def test_the_script_is_five_commands_and_an_end() -> None:
    """The answer depends on the number of assistant messages alone."""
    messages = [json.loads(answer(position))["choices"][0] for position in range(script.TURNS)]

    assert [choice["finish_reason"] for choice in messages] == ["tool_calls"] * 5 + ["stop"]
    commands = [json.loads(one["message"]["tool_calls"][0]["function"]["arguments"]) for one in messages[:5]]
    assert commands[4] == {"command": "echo 5 > step5.txt"}


@pytest.fixture(scope="module")
def endpoint() -> Iterator[Endpoint]:
    with serving() as running:
        yield running


def test_the_floor_does_the_work_it_is_timed_for(endpoint: Endpoint) -> None:
    """Every run makes its six calls and leaves its files, and takes no less than the answers take."""
    load = Load(runs=3, in_flight=2, latency_ms=20)

    measured = systems.floor(load, endpoint)

    assert objections(measured, load.expected) == []
    assert (measured.passed, measured.calls) == (3, 18)
    assert measured.cpu_s > 0


def test_the_whole_tree_is_counted_and_orphans_are_seen(tmp_path: Path) -> None:
    """CPU of a grandchild whose parent is gone belongs to the command, and its outliving it is told."""
    busy = "import time\nend = time.process_time() + 0.3\nwhile time.process_time() < end: pass"
    orphan = f"import subprocess, sys; subprocess.Popen([sys.executable, '-c', {busy!r}])"

    measured = measure([sys.executable, "-c", orphan], cwd=tmp_path, log=tmp_path / "log")

    assert measured.exit_code == 0
    assert measured.left_behind == 1
    assert measured.cpu_s >= 0.3
    assert objections(measured, Expectation()) == ["1 processes left behind"]


def test_the_endpoint_ends_with_its_stdin() -> None:
    """Whoever started it may die: no server stays."""
    argv = [sys.executable, "-m", "benchmarks.endpoint"]
    with subprocess.Popen(argv, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert int(process.stdout.readline()) > 0
        process.stdin.close()
        try:
            assert process.wait(timeout=10) == 0
        finally:
            if process.returncode is None:
                os.kill(process.pid, signal.SIGKILL)

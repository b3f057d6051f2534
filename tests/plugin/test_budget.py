"""Campaigns under a budget, cut off and continued, and given again: over real HTTP, with every process of its own."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Benchmark
from tests.contract.scripted_endpoint import serving
from tests.plugin.test_http import SCRIPTS, USAGE

MODEL = "gpt-4o-mini"
PRICE = (600 * Decimal("0.15") + 400 * Decimal("0.075") + 100 * Decimal("0.60")) / 1_000_000
"""Of one call: 1000 tokens in, 400 of them cached, and 100 out."""


def one(**settings: Any) -> dict[str, Any]:
    """An endpoint with one model."""
    return {"models": {MODEL: {"scripts": SCRIPTS, "usage": USAGE, **settings}}}


def spent(benchmark: Benchmark) -> Decimal:
    """What the newest campaign's calls cost, by its wire records."""
    from pytest_agentcore.model.cassette import paid

    return paid(benchmark.campaigns()[-1])


def test_a_campaign_stops_at_its_cap_and_goes_on_with_a_higher_one(benchmark: Benchmark, mode: tuple[str, ...]) -> None:
    """Half of what 20 runs of 5 calls a pair cost; then the rest, and no call is paid twice."""
    whole = PRICE * 50
    arguments = ("suite", "--agent-runs=10", "--agent-concurrency=16", "--agent-model-arg=max_tokens=100")
    with serving(one()) as endpoint:
        model = f"--agent-model={MODEL}@{endpoint.url}/v1"
        first = benchmark.run(*arguments, model, f"--agent-max-cost={whole / 2}", *mode)
        half = len(endpoint.requests())
        paid_first = spent(benchmark)
        second = benchmark.run(*arguments, model, f"--agent-max-cost={whole * 2}", *mode)
        requests = len(endpoint.requests())

    assert paid_first == PRICE * half
    assert whole / 2 - PRICE * 2 < paid_first <= whole / 2 + PRICE
    assert first.ret == pytest.ExitCode.TESTS_FAILED
    first.stdout.fnmatch_lines(["*not run*"])
    assert second.ret == 0, second.stdout.str()
    assert len(benchmark.campaigns()) == 1
    assert requests == 50, "a call that was paid for is not asked for again"
    assert spent(benchmark) == whole
    outcomes = benchmark.outcomes().values()
    assert sum(Decimal(outcome["usage"]["cost_usd"]) for outcome in outcomes) == whole


def test_what_a_run_cannot_pay_is_not_its_failure(benchmark: Benchmark) -> None:
    """Every run is either judged as ever, or not run; nothing is charged to the model."""
    with serving(one()) as endpoint:
        benchmark.run(
            "suite", f"--agent-model={MODEL}@{endpoint.url}/v1", "--agent-runs=3", "--agent-concurrency=4",
            "--agent-model-arg=max_tokens=100", f"--agent-max-cost={PRICE * 7}", "-pno:xdist",
        )  # fmt: skip

    causes = {outcome["cause"] for outcome in benchmark.outcomes().values()}
    assert causes <= {None, "not_run"}
    summary = json.loads((benchmark.campaigns()[-1] / "data_pack" / "run_summary.json").read_text())
    assert summary["n_not_run"] > 0


@pytest.mark.slow
def test_a_cap_needs_a_price_and_an_amount(benchmark: Benchmark) -> None:
    with serving({"models": {"nobody": {"scripts": SCRIPTS, "usage": USAGE}}}) as endpoint:
        unpriced = benchmark.run("suite", f"--agent-model=nobody@{endpoint.url}/v1", "--agent-max-cost=1", "-pno:xdist")
        amount = benchmark.run(
            "suite", f"--agent-model=nobody@{endpoint.url}/v1", "--agent-max-cost=many", "-pno:xdist"
        )
        requests = endpoint.requests()

    assert (unpriced.ret, amount.ret) == (pytest.ExitCode.USAGE_ERROR, pytest.ExitCode.USAGE_ERROR)
    assert "give --agent-prices=FILE" in unpriced.stdout.str()
    assert "must be US dollars above 0" in amount.stdout.str() + amount.stderr.str()
    assert not requests


@pytest.mark.slow
def test_a_campaign_is_given_again_without_its_upstream(benchmark: Benchmark, mode: tuple[str, ...]) -> None:
    """The same verdicts, the same bytes of every data file but the clock's, and the same wire, with nobody there."""
    with serving(one()) as endpoint:
        benchmark.run(
            "suite", f"--agent-model={MODEL}@{endpoint.url}/v1", "--agent-model-arg=temperature=0",
            "--agent-runs=2", "-pno:xdist",
        )  # fmt: skip
    (source,) = benchmark.campaigns()

    result = benchmark.run("suite", f"--agent-replay={source}", *mode)

    assert result.ret == 0, result.stdout.str()
    result.stdout.fnmatch_lines(["*score*4/4*"])
    (again,) = (folder for folder in benchmark.campaigns() if folder != source)
    assert again.name.endswith("-replay")
    assert packed(source) == packed(again)
    assert wires(source) == wires(again)


@pytest.mark.slow
def test_a_replay_of_another_conversation_shows_where_they_part(benchmark: Benchmark) -> None:
    """A file that the agent reads says something else: an error with both, and no verdict on the model."""
    with serving(one()) as endpoint:
        benchmark.run("suite/task_greet", f"--agent-model={MODEL}@{endpoint.url}/v1", "--agent-runs=1", "-pno:xdist")
    (source,) = benchmark.campaigns()
    test = next((benchmark.root / "suite" / "task_greet").glob("test_*.py"))
    test.write_text(test.read_text().replace('"Ada\\n"', '"Eve\\n"'))

    result = benchmark.run("suite/task_greet", f"--agent-replay={source}", "-pno:xdist")

    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines(["*differs from the record*", "*recorded: 'Ada*", "*now: * 'Eve*"])
    outcome = next(iter(benchmark.outcomes().values()))
    assert (outcome["cause"], outcome["reason"]) == ("not_run", "replay_miss")


@pytest.mark.slow
def test_only_what_was_recorded_can_be_given_again(benchmark: Benchmark) -> None:
    with serving(one()) as endpoint:
        benchmark.run("suite/task_greet", f"--agent-model={MODEL}@{endpoint.url}/v1", "--agent-runs=1", "-pno:xdist")
    (source,) = benchmark.campaigns()
    benchmark.run("suite/task_greet", "--agent-model=scripted/reference", "--agent-runs=1", "-pno:xdist")
    scripted = next(folder for folder in benchmark.campaigns() if "scripted" in folder.name)

    for arguments, line in (
        (("suite", f"--agent-replay={source}"), "holds no record of run 1 of"),
        (("suite/task_greet", f"--agent-replay={source}", "--agent-runs=2"), "holds no record of run 2 of"),
        (("suite/task_greet", f"--agent-replay={source}", "--agent-model=openai/x"), "leave --agent-model out"),
        (("suite/task_greet", f"--agent-replay={scripted}"), "a scripted model makes none"),
        (("suite/task_greet", "--agent-replay=nowhere"), "there is no manifest.json in it"),
    ):
        result = benchmark.run(*arguments, "-pno:xdist")
        assert result.ret == pytest.ExitCode.USAGE_ERROR, arguments
        assert line in result.stdout.str() + result.stderr.str()


@pytest.mark.slow
def test_a_killed_session_does_not_pay_again_for_what_it_had(benchmark: Benchmark) -> None:
    """Killed in the middle of its runs and started again: every call is made once."""
    with serving({**one(), "delay_s": 0.3}) as endpoint:
        command = [
            sys.executable, "-m", "pytest", "suite", f"--agent-model={MODEL}@{endpoint.url}/v1",
            "--agent-runs=2", "-pno:xdist",
        ]  # fmt: skip
        first = subprocess.Popen(command, cwd=benchmark.root, stdout=subprocess.DEVNULL)
        until(lambda: len(endpoint.requests()) >= 6)
        first.kill()
        first.wait()
        before = len(answered(benchmark))
        second = benchmark.run(*command[3:])
        requests = len(endpoint.requests())

    assert second.ret == 0, second.stdout.str()
    assert before >= 1
    assert requests <= 10 + 4, "at most the calls in flight at the kill, one a run, are asked twice"
    assert len(benchmark.campaigns()) == 1


@pytest.mark.slow
def test_back_off_is_no_working_time(benchmark: Benchmark, mode: tuple[str, ...]) -> None:
    """Each call waits 3 s in 429s; the task has 5 s for all of its three calls, and passes."""
    test = next((benchmark.root / "suite" / "task_greet").glob("test_*.py"))
    test.write_text(test.read_text().replace("max_turns=5", "max_turns=5, timeout_s=5"))
    fault = {"kind": "429", "every": 2, "retry_after": "3"}
    with serving(one(fault=fault)) as endpoint:
        result = benchmark.run("suite/task_greet", f"--agent-model={MODEL}@{endpoint.url}/v1", "--agent-runs=1", *mode)
        requests = len(endpoint.requests())

    assert result.ret == 0, result.stdout.str()
    (outcome,) = benchmark.outcomes().values()
    assert requests == 6
    assert outcome["wall_s"] >= 9
    assert outcome["working_s"] < 5


@pytest.mark.slow
def test_a_call_ends_with_its_runs_time(benchmark: Benchmark) -> None:
    """An upstream that hangs is the run's working time; the call does not outlive it, and the mode is timeout."""
    test = next((benchmark.root / "suite" / "task_greet").glob("test_*.py"))
    test.write_text(test.read_text().replace("max_turns=5", "max_turns=5, timeout_s=2"))
    started = time.monotonic()
    with serving(one(fault={"kind": "hang"})) as endpoint:
        benchmark.run("suite/task_greet", f"--agent-model={MODEL}@{endpoint.url}/v1", "--agent-runs=1", "-pno:xdist")

    (outcome,) = benchmark.outcomes().values()
    assert outcome["failure_mode"] == "timeout"
    assert time.monotonic() - started < 60, "the API's own timeout would be 300 s"


def packed(folder: Path) -> Mapping[str, bytes]:
    """Every data file of a campaign, but for those of the clock and of who measured."""
    apart = {"run_timing.csv", "manifest.json", "CHECKSUMS", "CHECKSUMS.sha256", "SHA256SUMS"}
    return {path.name: path.read_bytes() for path in (folder / "data_pack").rglob("*.csv") if path.name not in apart}


def wires(folder: Path) -> Mapping[str, list[tuple[str, bytes]]]:
    """What was asked and answered, by run."""
    from pytest_agentcore.model.cassette import read, timeless

    return {
        path.parent.parent.name: [(json.dumps(timeless(json.loads(call.request))), call.body) for call in read(path)]
        for path in sorted(folder.glob("runs/*/attempt-*/wire.jsonl.zst"))
    }


def answered(benchmark: Benchmark) -> list[Any]:
    from pytest_agentcore.model.cassette import read

    (folder,) = benchmark.campaigns()
    return [call for path in folder.glob("runs/*/attempt-*/wire.jsonl.zst") for call in read(path) if call.usable]


def until(condition: Any) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


@pytest.mark.slow
def test_what_an_attempt_took_over_is_counted_once(benchmark: Benchmark) -> None:
    """The second of three calls fails for good, once: the second attempt goes on from the first, and pays for two."""
    fault = {"kind": "500", "from": 2, "times": 2}
    with serving(one(fault=fault)) as endpoint:
        result = benchmark.run(
            "suite/task_greet", f"--agent-model={MODEL}@{endpoint.url}/v1", "--agent-runs=1", "--agent-api-retries=0",
            "-pno:xdist",
        )  # fmt: skip
        requests = len(endpoint.requests())

    assert result.ret == 0, result.stdout.str()
    assert requests == 4
    result.stdout.fnmatch_lines(["repeated*1 attempt lost*", "cost*$0.00054 total*"])
    assert "on runs that do not count" not in result.stdout.str()
    assert spent(benchmark) == PRICE * 3

"""What a session may cost, told before it costs anything."""

from __future__ import annotations

import re

import pytest

from tests.conftest import Benchmark
from tests.contract.scripted_endpoint import serving
from tests.plugin.test_budget import MODEL, one


def test_a_dry_run_tells_and_does_nothing(benchmark: Benchmark, mode: tuple[str, ...]) -> None:
    """Neither key nor endpoint is needed, no campaign begins, and nothing is asked."""
    with serving(one()) as endpoint:
        model = f"{MODEL}@{endpoint.url}/v1"
        result = benchmark.run("suite", f"--agent-model={model}", "--agent-dry-run", *mode)
        requests = endpoint.requests()

    assert result.ret == 0
    result.stdout.fnmatch_lines(
        ["small@1.0 gpt-4o-mini 1x: 4 runs of 2 tasks", "*estimate*$*for 4 runs, by the suite's shape*"]
    )
    assert not requests
    assert not (benchmark.root / ".agentcore").exists()


@pytest.mark.slow
def test_earlier_campaigns_tell_more_than_the_shape(benchmark: Benchmark) -> None:
    """The header of a session says it too; a campaign that is gone on with is asked for the rest alone."""
    with serving(one()) as endpoint:
        model = f"--agent-model={MODEL}@{endpoint.url}/v1"
        first = benchmark.run("suite", model, "-pno:xdist")
        second = benchmark.run("suite", model, "--agent-dry-run", "-pno:xdist")
        part = benchmark.run("suite/task_greet", model, "--agent-rerun", "-pno:xdist")
        rest = benchmark.run("suite", model, "-n2")

    first.stdout.fnmatch_lines(["estimate*for 4 runs, by the suite's shape*"])
    second.stdout.fnmatch_lines(["*estimate*$0.0018 ($0.0018–$0.0018) for 4 runs, from 1 earlier campaign"])
    part.stdout.fnmatch_lines(["estimate*for 2 runs, from 1 earlier campaign"])
    rest.stdout.fnmatch_lines(["*resumed, 2 of 4 runs done", "estimate*for 2 runs, from 1 earlier campaign"])
    assert re.search(r"score +4/4", rest.stdout.str())


def test_a_model_without_a_price_is_said_to_have_none(benchmark: Benchmark) -> None:
    result = benchmark.run("suite", "--agent-model=nobody@http://127.0.0.1:1/v1", "--agent-dry-run", "-pno:xdist")

    assert result.ret == pytest.ExitCode.OK
    result.stdout.fnmatch_lines(["*unknown for 4 runs: no price is known; give --agent-prices=FILE"])


def test_a_scripted_model_costs_nothing(benchmark: Benchmark) -> None:
    result = benchmark.run("suite", "--agent-model=scripted/reference", "--agent-dry-run", "-pno:xdist")

    assert result.ret == pytest.ExitCode.OK
    result.stdout.fnmatch_lines(["small@1.0 scripted/reference 1x: 4 runs of 2 tasks"])
    assert "estimate" not in result.stdout.str()

"""``pytest-agentcore gateway`` and the sessions that share it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.conftest import Benchmark
from tests.contract.scripted_endpoint import serving
from tests.plugin.test_budget import MODEL, PRICE, one


@contextmanager
def gateway(file: Path, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """The command, ready to be used."""
    command = [sys.executable, "-m", "pytest_agentcore", "gateway", *arguments, "--secret-file", str(file)]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, env={**os.environ, "AGENTCORE_API_KEY": "planted-shared-0123456789"}
    )
    try:
        assert process.stdout is not None
        assert "--agent-gateway=" in process.stdout.readline()
        yield process
    finally:
        process.terminate()
        process.communicate(timeout=30)


@pytest.mark.slow
def test_sessions_use_one_gateway_and_its_prices(benchmark: Benchmark, mode: tuple[str, ...]) -> None:
    """A session that attaches holds no key, pays the gateway's prices, and leaves the gateway to the next."""
    file, prices = benchmark.root / "door", benchmark.root / "prices.json"
    prices.write_text(json.dumps({MODEL: {"input": 100, "output": 100}}))
    with serving(one()) as endpoint:
        model = f"{MODEL}@{endpoint.url}/v1"
        with gateway(file, model, "--agent-prices", str(prices)) as process:
            first = benchmark.run("suite/task_greet", f"--agent-model={model}", f"--agent-gateway={file}", *mode)
            second = benchmark.run(
                "suite/task_count", f"--agent-model={model}", f"--agent-gateway={file}", "-pno:xdist"
            )
            assert process.poll() is None
        keys = {request["headers"].get("Authorization") for request in endpoint.requests()}

    assert (first.ret, second.ret) == (0, 0), first.stdout.str() + second.stdout.str()
    assert keys == {"Bearer planted-shared-0123456789"}
    (campaign,) = benchmark.campaigns()
    manifest = json.loads((campaign / "manifest.json").read_text())
    assert manifest["prices"]["own"].startswith("sha256:")
    costs = {outcome["usage"]["cost_usd"] for outcome in benchmark.outcomes().values()}
    assert all(float(cost) > 100 * float(PRICE) for cost in costs)
    assert not file.exists()


@pytest.mark.slow
def test_what_does_not_fit_together_is_told_first(benchmark: Benchmark) -> None:
    file = benchmark.root / "door"
    (benchmark.root / "none").write_text("{}")
    with serving(one()) as endpoint:
        model = f"{MODEL}@{endpoint.url}/v1"
        with gateway(file, model):
            refused = [
                (f"--agent-model=other@{endpoint.url}/v1", f"--agent-gateway={file}"),
                (f"--agent-model={model}", f"--agent-gateway={file}", "--agent-api-retries=1"),
                (f"--agent-model={model}", "--agent-gateway=none"),
                (f"--agent-model={model}", "--agent-gateway=absent"),
            ]
            results = [benchmark.run("suite", *arguments, "-pno:xdist") for arguments in refused]
        requests = endpoint.requests()

    said = [result.stdout.str() + result.stderr.str() for result in results]
    assert [result.ret for result in results] == [pytest.ExitCode.USAGE_ERROR] * 4
    assert "not other@" in said[0]
    assert "--agent-api-retries is settled by the gateway" in said[1]
    assert "leads to no gateway" in said[2]
    assert "there is no such file" in said[3]
    assert not requests

"""Campaigns over real HTTP: the endpoint runs in a process of its own, and every call passes the gateway."""

from __future__ import annotations

import json
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Mapping
from contextlib import closing
from decimal import Decimal
from typing import Any

import httpx
import pytest

from tests.conftest import Benchmark
from tests.contract.scripted_endpoint import Endpoint, serving

pytestmark = pytest.mark.slow

USAGE = {"prompt_tokens": 1000, "completion_tokens": 100, "prompt_tokens_details": {"cached_tokens": 400}}
SCRIPTS = [
    {
        "match": "greeting.txt",
        "turns": [
            {"calls": [["fs_read", {"path": "name.txt"}], ["fs_list", {"path": "."}]]},
            {"text": "I greet.", "calls": [["fs_write", {"path": "greeting.txt", "content": "Hello, Ada!"}]]},
            {"text": "Done."},
        ],
    },
    {
        "match": "lines.txt",
        "turns": [{"calls": [["shell", {"command": "wc -l < lines.txt > count.txt"}]]}, {"text": "Done."}],
    },
]


def models(**settings: Mapping[str, Any]) -> dict[str, Any]:
    """An endpoint's configuration: each named model replays the scripts, with settings of its own."""
    return {"models": {name: {"scripts": SCRIPTS, "usage": USAGE, **more} for name, more in settings.items()}}


def summary(benchmark: Benchmark) -> dict[str, Any]:
    """The newest campaign's summary file."""
    loaded: dict[str, Any] = json.loads((benchmark.campaigns()[-1] / "data_pack" / "run_summary.json").read_text())
    return loaded


def test_score_tokens_and_cost_are_what_the_endpoint_served(benchmark: Benchmark, mode: tuple[str, ...]) -> None:
    """Two tasks of two runs: 10 calls, their tokens, their price by the bundled table."""
    with serving(models(**{"gpt-4o-mini": {}})) as endpoint:
        result = benchmark.run("suite", f"--agent-model=gpt-4o-mini@{endpoint.url}/v1", *mode)
        requests = endpoint.requests()

    assert result.ret == 0
    result.stdout.fnmatch_lines(["*score*4/4*"])
    assert len(requests) == 10
    outcomes = benchmark.outcomes().values()
    assert sum(outcome["usage"]["input_tokens"] for outcome in outcomes) == 10_000
    assert sum(outcome["usage"]["cached_tokens"] for outcome in outcomes) == 4_000
    assert sum(outcome["usage"]["output_tokens"] for outcome in outcomes) == 1_000
    assert not any(outcome["usage"]["estimated"] for outcome in outcomes)
    cost = sum(Decimal(outcome["usage"]["cost_usd"]) for outcome in outcomes)
    price = [Decimal(part) / 1_000_000 for part in ("0.15", "0.075", "0.60")]
    assert cost == 6_000 * price[0] + 4_000 * price[1] + 1_000 * price[2]
    with closing(sqlite3.connect(benchmark.root / ".agentcore" / "intel.db")) as database:
        assert database.execute("select count(*) from task_outcomes").fetchone() == (4,)


def test_a_model_without_a_known_price_costs_an_unknown_amount(benchmark: Benchmark) -> None:
    """Unknown is not free, and the report says so."""
    with serving(models(nobody={})) as endpoint:
        result = benchmark.run("suite", f"--agent-model=nobody@{endpoint.url}/v1", "-pno:xdist")

    assert result.ret == 0
    result.stdout.fnmatch_lines(["*unknown price*"])
    assert {outcome["usage"]["cost_usd"] for outcome in benchmark.outcomes().values()} == {None}


@pytest.mark.slow
def test_prices_of_ones_own_come_before_the_bundled_ones(benchmark: Benchmark) -> None:
    """Dollars per million tokens; the manifest says whose prices they were, and a broken file is refused first."""
    (benchmark.root / "prices.yaml").write_text("nobody: {input: 1, output: 10, cache_read: 0.5}\n")
    (benchmark.root / "broken.yaml").write_text("nobody: cheap\n")
    with serving(models(nobody={})) as endpoint:
        model = f"--agent-model=nobody@{endpoint.url}/v1"
        benchmark.run("suite/task_greet", model, "--agent-runs=1", "--agent-prices=prices.yaml", "-pno:xdist")
        refused = benchmark.run("suite/task_greet", model, "--agent-prices=broken.yaml", "-pno:xdist")
        requests = endpoint.requests()

    (outcome,) = benchmark.outcomes().values()
    tokens = outcome["usage"]
    plain = tokens["input_tokens"] - tokens["cached_tokens"]
    millionths = plain + tokens["cached_tokens"] * Decimal("0.5") + tokens["output_tokens"] * 10
    assert Decimal(tokens["cost_usd"]) == millionths / 1_000_000
    manifest = json.loads((benchmark.campaigns()[0] / "manifest.json").read_text())
    assert manifest["prices"]["own"].startswith("sha256:")
    assert refused.ret == pytest.ExitCode.USAGE_ERROR
    assert "broken.yaml" in refused.stdout.str() + refused.stderr.str()
    assert len(requests) == tokens["calls"]


def test_parameters_prompt_and_conversation_reach_the_model(benchmark: Benchmark) -> None:
    """What the user set is in every request; tool results come back in order, in the words of the tools."""
    (benchmark.root / "system.md").write_text("You are terse.")
    with serving(models(m={})) as endpoint:
        benchmark.run(
            "suite/task_greet", f"--agent-model=m@{endpoint.url}/v1", "--agent-model-arg=temperature=0", "-pno:xdist",
            "--agent-prompt=system.md", "--agent-runs=1", "--agent-model-arg=user=me",
        )  # fmt: skip
        first, second, third = (request["body"] for request in endpoint.requests())

    assert (first["temperature"], first["user"], first["model"]) == (0, "me", "m")
    assert first["messages"][0] == {"role": "system", "content": "You are terse."}
    assert first["messages"][1]["content"].startswith("Read name.txt")
    assert [tool["function"]["name"] for tool in first["tools"]] == ["fs_read", "fs_write", "fs_list", "shell"]
    tools = [message["content"] for message in second["messages"] if message["role"] == "tool"]
    assert tools == ["Ada\n", "name.txt\t4 bytes"]
    assert third["messages"][-1]["content"] == "wrote 11 bytes to greeting.txt"


@pytest.mark.slow
def test_over_translation_to_another_wire(benchmark: Benchmark) -> None:
    """An Anthropic-style upstream behind litellm: same tasks, same score, cost from the table."""
    with serving(models(**{"claude-haiku-4-5": {}})) as endpoint:
        result = benchmark.run(
            "suite", f"--agent-model=anthropic/claude-haiku-4-5@{endpoint.url}", "--agent-runs=1", "-pno:xdist"
        )
        requests = endpoint.requests()

    assert result.ret == 0, result.stdout.str()
    assert {request["path"] for request in requests} <= {"/v1/messages", "/messages"}
    outcomes = benchmark.outcomes().values()
    assert sum(outcome["usage"]["output_tokens"] for outcome in outcomes) == 500
    assert all(Decimal(outcome["usage"]["cost_usd"]) > 0 for outcome in outcomes)


@pytest.mark.parametrize(
    ("fault", "cause", "calls"),
    [
        ({"kind": "429", "times": 1, "retry_after": "1"}, None, 4),
        ({"kind": "500", "times": 1}, None, 4),
        ({"kind": "500"}, "infra", 4),
        pytest.param({"kind": "hang"}, "infra", 4, marks=pytest.mark.slow),
        ({"kind": "empty_choices"}, "infra", 2),
        ({"kind": "malformed_arguments"}, "model", 3),
    ],
)
def test_faults_end_in_the_right_cause(
    benchmark: Benchmark, fault: dict[str, Any], cause: str | None, calls: int
) -> None:
    """Provider faults are retried, then infra and never the model's; malformed arguments are the model's own."""
    with serving(models(m={"fault": fault})) as endpoint:
        result = benchmark.run(
            "suite/task_greet", f"--agent-model=m@{endpoint.url}/v1", "--agent-runs=1", "-pno:xdist",
            "--agent-api-retries=1", "--agent-api-timeout=2", "--agent-infra-retries=1",
        )  # fmt: skip
        served = len(endpoint.requests())

    (outcome,) = benchmark.outcomes().values()
    assert outcome["cause"] == cause, result.stdout.str()
    assert served == calls
    assert result.ret == (0 if cause is None else 1)
    if cause == "model":
        assert outcome["failure_mode"] == "tool_call_malformed"
        assert outcome["malformed_calls"] == 3
    if cause == "infra":
        result.stdout.fnmatch_lines(["*1 infra*"])


@pytest.mark.parametrize("workers", ["-pno:xdist", pytest.param("-n2", marks=pytest.mark.slow)])
@pytest.mark.parametrize("status", [401, 403, 404])
def test_a_refused_configuration_stops_the_campaign_at_the_first_call(
    benchmark: Benchmark, status: int, workers: str
) -> None:
    """Nothing is retried, nothing is concluded, one line says why, and a run with the right key goes on from there."""
    with serving(models(m={"fault": {"kind": str(status)}})) as endpoint:
        result = benchmark.run("suite", f"--agent-model=m@{endpoint.url}/v1", "--agent-concurrency=1", workers)
        served = len(endpoint.requests())

    assert result.ret == pytest.ExitCode.USAGE_ERROR, result.stdout.str()
    errors = [line for line in result.outlines if line.startswith("ERROR:")]
    assert len(errors) == 1
    assert str(status) in errors[0] or "key" in errors[0]
    assert served <= 2
    assert benchmark.outcomes() == {}
    assert "INTERNALERROR" not in result.stdout.str()


def test_keys_are_nowhere_but_at_the_upstream(
    benchmark: Benchmark, monkeypatch: pytest.MonkeyPatch, mode: tuple[str, ...]
) -> None:
    """A planted key reaches the endpoint's header and no file, no output and no sandbox."""
    key = "sk-planted-5f1c2f0e"
    monkeypatch.setenv("AGENTCORE_API_KEY", key)
    monkeypatch.setenv("OPENAI_API_KEY", "sk-other-77aa")
    script = [{"match": "greeting", "turns": [{"calls": [["shell", {"command": "env; cat /proc/*/environ"}]]}]}]
    with serving({"models": {"m": {"scripts": script}}}) as endpoint:
        result = benchmark.run("suite/task_greet", f"--agent-model=m@{endpoint.url}/v1", *mode)
        headers = [request["headers"] for request in endpoint.requests()]

    assert headers
    assert all(header["Authorization"] == f"Bearer {key}" for header in headers)
    seen = result.stdout.str() + result.stderr.str()
    for path in benchmark.root.rglob("*"):
        seen += path.read_bytes().decode("latin-1") if path.is_file() else ""
    assert "planted" not in seen
    assert "sk-other" not in seen


@pytest.mark.slow
def test_litellm_is_imported_in_the_gateway_alone(benchmark: Benchmark, endpoint_url: str) -> None:
    """Neither pytest nor a worker has litellm, aiohttp's server or a provider's client in it."""
    (benchmark.root / "conftest.py").write_text(
        "import sys\n"
        "def pytest_sessionfinish():\n"
        "    assert 'litellm' not in sys.modules and 'openai' not in sys.modules and 'docker' not in sys.modules\n"
    )
    for workers in ("-pno:xdist", "-n2"):
        result = benchmark.run("suite/task_greet", f"--agent-model=m@{endpoint_url}/v1", "--agent-rerun", workers)
        assert result.ret == 0, result.stdout.str() + result.stderr.str()


@pytest.fixture
def endpoint_url() -> Any:
    """An endpoint that solves the tasks as model ``m``."""
    with serving(models(m={})) as endpoint:
        assert isinstance(endpoint, Endpoint)
        yield endpoint.url


def test_a_gateway_of_ones_own_serves_until_ctrl_c(benchmark: Benchmark) -> None:
    """What it prints is what an agent's environment needs; its secret does not outlive it."""
    script = "import sys; from pytest_agentcore.cli import main; sys.exit(main())"
    with serving(models(m={})) as endpoint:
        process = subprocess.Popen(
            [sys.executable, "-c", script, "gateway", f"m@{endpoint.url}/v1", "--secret-file=secret"],
            cwd=benchmark.root,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert process.stdout is not None
        line = next(line for line in process.stdout if line.startswith("OPENAI_BASE_URL="))
        url, token = (word.partition("=")[2] for word in line.split())
        body = {"model": "m", "messages": [{"role": "user", "content": "Hello"}]}
        answer = httpx.post(f"{url}/chat/completions", json=body, headers={"authorization": f"Bearer {token}"})
        refused = httpx.post(f"{url}/chat/completions", json=body, headers={"authorization": "Bearer no"})
        assert (benchmark.root / "secret").stat().st_mode & 0o077 == 0
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=30)

    assert (answer.status_code, refused.status_code) == (200, 401)
    assert process.returncode == 0
    assert not (benchmark.root / "secret").exists()

"""``pytest-agentcore trajectory``: what the wire record of a run tells is what the built-in agent itself kept."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Benchmark
from tests.contract.scripted_endpoint import serving
from tests.unit.atif_format import validate

READ = ["fs_read", {"path": "name.txt"}]
WRITE = ["fs_write", {"path": "greeting.txt", "content": "Hello, Ada!"}]
GREETINGS: dict[str, list[dict[str, Any]]] = {
    "plain": [{"calls": [READ]}, {"text": "I greet. é\u2028", "calls": [WRITE]}, {"text": "Done."}],
    "thoughtful": [{"reasoning": "First look.", "calls": [READ, WRITE]}, {"reasoning": "Enough.", "text": "Done."}],
    "clumsy": [
        {"text": "Oh.", "calls": [["fs_read", '{"path": '], ["browse", {}]]},
        {"calls": [["fs_read", {"path": "gone.txt"}], WRITE]},
        {"text": "Cut", "finish_reason": "length"},
    ],
    "refuses": [{"text": "No.", "finish_reason": "content_filter"}],
}
COUNTS = [{"calls": [["shell", {"command": "wc -l < lines.txt > count.txt; echo counted"}]]}, {"text": "Done."}]
USAGE = {"prompt_tokens": 1000, "completion_tokens": 100, "prompt_tokens_details": {"cached_tokens": 400}}


def scripts(greeting: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{"match": "greeting.txt", "turns": greeting}, {"match": "lines.txt", "turns": COUNTS}]


def command(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """The console script's work."""
    script = "import sys; from pytest_agentcore.cli import main; sys.exit(main())"
    argv = [sys.executable, "-c", script, "trajectory", *map(str, arguments)]
    return subprocess.run(argv, check=False, capture_output=True, text=True, timeout=60)


def comparable(document: dict[str, Any], *, results: bool = True) -> dict[str, Any]:
    """Without what no call carries: clocks, and what the harness noted of a tool call besides the text it gave."""
    for step in document["steps"]:
        step.pop("timestamp", None)
        step.get("metrics", {}).get("extra", {}).pop("measured", None)
        for result in step.get("observation", {}).get("results", ()):
            result.pop("extra", None)
    if not results:
        document["steps"][-1].pop("observation")
    return {**document, "extra": {name: document["extra"].get(name) for name in ("task", "run", "stop_reason")}}


@pytest.fixture(scope="module")
def model() -> Iterator[str]:
    """Where every script is served under its name, at one known price."""
    named = {name: {"scripts": scripts(turns), "usage": USAGE} for name, turns in GREETINGS.items()}
    loop = {"turns": [{"calls": [READ]}] * 9, "usage": USAGE}
    with serving({"lifetime_s": 1800, "models": {**named, "loop": loop}}) as endpoint:
        yield f"@{endpoint.url}/v1"


@pytest.mark.slow
@pytest.mark.parametrize("script", sorted(GREETINGS))
def test_the_record_tells_what_the_agent_kept(benchmark: Benchmark, model: str, script: str) -> None:
    """Every step, token and cent of every run."""
    prices = benchmark.root / "prices.json"
    prices.write_text(json.dumps({script: {"input": 3, "output": 15, "cache_read": 0.3}}))
    benchmark.run(
        "suite", f"--agent-model={script}{model}", f"--agent-prices={prices}", "--agent-sandbox=process", "-n0"
    )

    attempts = sorted(benchmark.campaigns()[-1].glob("runs/*/attempt-1"))
    assert len(attempts) == 4
    for attempt in attempts:
        kept = json.loads((attempt / "trajectory.json").read_text())
        done = command(attempt)
        assert done.returncode == 0, done.stderr
        derived = json.loads(done.stdout)
        validate(derived)
        assert derived["extra"]["derived_from"] == "wire record"
        assert comparable(derived) == comparable(kept)
        assert derived["final_metrics"]["total_cost_usd"] > 0


def test_a_run_cut_by_its_turns_lacks_what_was_never_sent(benchmark: Benchmark, model: str) -> None:
    """The results of the last turn and the reason of the end passed no wire; everything else did."""
    benchmark.run("suite", "-k", "greet", f"--agent-model=loop{model}", "--agent-sandbox=process", "-n0")

    attempt = next(benchmark.campaigns()[-1].glob("runs/*/attempt-1"))
    derived = json.loads(command(attempt.parent).stdout)
    kept = json.loads((attempt / "trajectory.json").read_text())
    assert kept["extra"].pop("stop_reason") == "turn_limit"
    assert "stop_reason" not in derived["extra"]
    assert len(kept["steps"]) == 7
    assert "observation" not in derived["steps"][-1]
    assert comparable(derived) == comparable(kept, results=False)


def test_a_record_alone_does_not_say_whose_it_is(benchmark: Benchmark, model: str, tmp_path: Path) -> None:
    benchmark.run(
        "suite", "-k", "count", f"--agent-model=plain{model}", "--agent-sandbox=process", "-n0", "--agent-runs=1"
    )
    (record,) = benchmark.campaigns()[-1].glob("runs/*/attempt-1/wire.jsonl.zst")
    alone, target = tmp_path / "alone.zst", tmp_path / "trajectory.json"
    alone.write_bytes(record.read_bytes())

    done = command(alone, "--output", target)

    assert (done.returncode, done.stdout) == (0, "")
    told = json.loads(target.read_text())
    assert (told["session_id"], told["agent"]["name"]) == ("alone.zst", "unknown")
    assert [step["source"] for step in told["steps"]] == ["system", "user", "agent", "agent"]


@pytest.mark.parametrize(
    ("content", "words"),
    [(None, "there is no wire.jsonl.zst in"), (b"no record", "cannot be read"), (b"", "holds no answered call")],
)
def test_what_is_no_record_is_told_in_one_line(tmp_path: Path, content: bytes | None, words: str) -> None:
    if content is not None:
        (tmp_path / "wire.jsonl.zst").write_bytes(content)

    done = command(tmp_path)

    assert (done.returncode, done.stdout) == (2, "")
    assert words in done.stderr
    assert len(done.stderr.splitlines()) == 1

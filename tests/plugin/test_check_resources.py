"""``resources:`` of a solution: replayed with room, and ended without it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.conftest import Benchmark
from tests.plugin.test_resources import HEAVY, LEAN, heap, solution

pytestmark = pytest.mark.slow


def card(benchmark: Benchmark) -> dict[str, Any]:
    """What the check of the task finds, of its solutions alone."""
    session = ("suite/task_heap", "--agent-check", "--agent-check-json=cards.json", "-k", "pass", "-pno:xdist")
    benchmark.run(*session)
    (found,) = json.loads((benchmark.root / "cards.json").read_text())["cards"]
    assert isinstance(found, dict)
    return found


@pytest.mark.parametrize(
    ("way", "said"),
    [
        (HEAVY, None),
        (LEAN, "failure_modes: expected cause resource; got cause None: "),
    ],
)
def test_a_solution_that_says_what_it_needs_is_held_to_it(benchmark: Benchmark, way: str, said: str | None) -> None:
    """Too much said is a miss as too little is."""
    heap(benchmark)
    folder = benchmark.root / "suite" / "task_heap" / "solutions"
    (folder / "pass_1_way.yaml").write_text("resources: 3x\n" + solution(way))
    found = card(benchmark)

    assert [f"{one['check']}: {one['text']}" for one in found["findings"]] == ([] if said is None else [said])
    assert {(one["kind"], one["name"]) for one in found["cases"]} == {("right", "pass_1_way"), ("tight", "pass_1_way")}


def test_a_solution_that_needs_more_than_it_says_fails(benchmark: Benchmark) -> None:
    """As any right answer that does not pass."""
    heap(benchmark)
    (benchmark.root / "suite" / "task_heap" / "solutions" / "pass_1_way.yaml").write_text(solution(HEAVY))
    (miss,) = card(benchmark)["findings"]

    assert miss["check"] == "false_fails"
    assert miss["text"].startswith("must pass, but: resource/oom_killed")

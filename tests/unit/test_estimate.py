"""What a session will cost: figures worked out by hand, stored campaigns, and the published totals."""

from __future__ import annotations

import json
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from statistics import median

import pytest

from pytest_agentcore.domain.campaign import CampaignRecord
from pytest_agentcore.domain.outcome import Cause, Outcome, RunKey
from pytest_agentcore.domain.usage import Usage
from pytest_agentcore.model.pricing import Rates
from pytest_agentcore.scoring.estimate import EXPECTED, HIGH, LOW, Estimate, TaskShape, estimate, line, tokens
from pytest_agentcore.store.earlier import NEWEST, earlier_campaigns
from tests.unit import stored_campaign

MODEL = "bedrock/openai.gpt-oss-20b-1:0"
OSS = Rates(input=Decimal("0.07e-6"), output=Decimal("0.30e-6"))
BUNDLED = {  # agentic_core_v1 1.0.0: turn budget, characters of the prompt, of the workspace's text
    "task_01_fix_failing_test": (13, 96, 1569),
    "task_02_refactor_duplicated_code": (13, 107, 4699),
    "task_03_investigate_log": (15, 128, 47006),
    "task_04_trace_through_codebase": (15, 151, 2507),
    "task_05_minimal_fix": (13, 77, 2031),
    "task_06_handle_ambiguous_requirement": (13, 151, 2659),
    "task_07_multi_step_plan": (13, 264, 0),
    "task_08_recover_from_tool_error": (13, 65, 305),
    "task_09_know_when_to_stop": (13, 86, 66),
    "task_10_sql_investigation": (15, 239, 0),
}
INSTRUCTIONS = 402 + 1706
"""Characters of the built-in system prompt and of the four tools."""
SHAPES = [
    TaskShape(task=task, runs=3, max_turns=turns, instructions=INSTRUCTIONS + prompt, workspace=workspace)
    for task, (turns, prompt, workspace) in BUNDLED.items()
]
PUBLISHED = {  # total of thirty runs, dollars per million tokens in and out
    "Claude Sonnet 4.6": (1.428, 3, 15),
    "Claude Haiku 4.5": (27 * 0.00316, 1, 5),
    "GPT-5.5": (27 * 0.070, 5, 30),
    "Claude Opus 4.7": (21 * 0.528, 5, 25),
    "GPT-OSS 20B": (0.012015, 0.07, 0.30),
    "GPT-OSS 120B": (23 * 0.0013, 0.15, 0.60),
    "Mistral Small 4": (29 * 0.001, 0.15, 0.60),
    "DeepSeek V4 Flash": (28 * 0.0015, 0.3, 1.2),
    "Ministral 3 8B": (28 * 0.00067, 0.15, 0.15),
    "Llama 3.3 70B": (20 * 0.0045, 0.72, 0.72),
}


def shape(task: str = "a", runs: int = 3, **given: int) -> TaskShape:
    return TaskShape(task=task, runs=runs, **{"max_turns": 13, "instructions": 2000, **given})


def campaign(**costs: list[str | None]) -> CampaignRecord:
    """Runs of tasks at these costs."""
    outcomes = {}
    for task, amounts in costs.items():
        for run, amount in enumerate(amounts, 1):
            key = RunKey(task=task, model=MODEL, run=run)
            usage = Usage(calls=1, cost_usd=None if amount is None else Decimal(amount))
            outcomes[key] = Outcome(key=key, passed=True, usage=usage)
    return CampaignRecord(manifest={}, folder="c", planned=tuple(sorted(outcomes)), outcomes=outcomes)


def test_tokens_of_a_run_by_hand() -> None:
    """Five turns of 500 tokens of instructions; 300 more each turn: 2,500 + 10 × 300; a page read once: 4 × 1,000."""
    assert tokens(shape(), EXPECTED) == (5500, 750)
    assert tokens(shape(workspace=4000), EXPECTED) == (9500, 750)
    assert tokens(shape(workspace=4000), LOW) == (1000 + 110 + 100, 120)
    assert tokens(shape(max_turns=1, workspace=4000), HIGH) == (500, 600)
    assert tokens(shape(max_turns=3), EXPECTED) == (1500 + 3 * 300, 450)


def test_dollars_by_shape_by_hand() -> None:
    """Three runs of 5,500 and 750 tokens at $3 and $15 a million: 3 × (0.0165 + 0.01125)."""
    made = estimate([shape()], rates=Rates(input=Decimal("3e-6"), output=Decimal("15e-6")))

    assert made.expected == Decimal("0.08325")
    assert made.low is not None
    assert made.high is not None
    assert made.low < made.expected < made.high
    assert (made.runs, made.from_history, made.campaigns, made.most_turns) == (3, 0, 0, 13)


def test_dollars_from_history_by_hand() -> None:
    """Runs at 1, 2 and 3: mean 2, variance 1. Three more: 6 ± 4.303 × √(3 + 9/3)."""
    made = estimate([shape()], history=[campaign(a=["1", "2", "3"])])

    assert made.expected == 6
    assert made.high == pytest.approx(6 + Decimal("10.5396"), abs=Decimal("0.001"))
    assert made.low == 0
    assert (made.from_history, made.campaigns) == (3, 1)


def test_more_campaigns_make_it_surer() -> None:
    one = estimate([shape()], history=[campaign(a=["1", "1.1", "1.2"])])
    four = estimate([shape()], history=[campaign(a=["1", "1.1", "1.2"])] * 4)

    assert one.expected == four.expected == Decimal("3.3")
    assert one.high is not None
    assert four.high is not None
    assert four.high < one.high
    assert four.campaigns == 4


def test_what_was_lost_to_infrastructure_was_paid_for() -> None:
    """Two runs at 1 and an attempt of 0.5 that did not count: 1.25 a run."""
    told = campaign(a=["1", "1"])
    key = RunKey(task="a", model=MODEL, run=1)
    lost = Outcome(key=key, cause=Cause.INFRA, usage=Usage(calls=1, cost_usd=Decimal("0.5")))

    assert estimate([shape(runs=2)], history=[replace(told, superseded=(lost,))]).expected == Decimal("2.5")
    ended = replace(told, outcomes={**told.outcomes, replace(key, run=3): replace(lost, key=replace(key, run=3))})
    assert estimate([shape(runs=2)], history=[ended]).expected == Decimal("2.5")


def test_a_task_that_was_never_run_is_told_by_its_shape() -> None:
    made = estimate([shape(), shape("b", runs=2)], rates=OSS, history=[campaign(a=["0.1"])])

    alone = estimate([shape("b", runs=2)], rates=OSS)
    assert made.expected is not None
    assert alone.expected is not None
    assert made.expected == Decimal("0.3") + alone.expected
    assert (made.runs, made.from_history, made.campaigns) == (5, 3, 1)


@pytest.mark.parametrize("history", [[], [campaign(b=["1"])], [campaign(a=[None, None])]])
def test_without_a_price_nothing_is_known(history: list[CampaignRecord]) -> None:
    """None, never zero."""
    made = estimate([shape()], history=history)

    assert (made.low, made.expected, made.high) == (None, None, None)
    assert line(made) == "unknown for 3 runs: no price is known; give --agent-prices=FILE"


def test_nothing_left_costs_nothing() -> None:
    made = estimate([shape(runs=0)])

    assert made.expected == 0
    assert made.runs == 0
    assert line(made).startswith("$0.00 ($0.00–$0.00) for 0 runs: nothing is left")


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"from_history": 30, "campaigns": 2}, "$0.42 ($0.20–$0.95) for 30 runs, from 2 earlier campaigns"),
        (
            {"from_history": 27, "campaigns": 1, "most_turns": 13},
            (
                "$0.42 ($0.20–$0.95) for 30 runs, from 1 earlier campaign, 3 of them by the suite's shape: "
                "5 turns a run expected, 13 at most"
            ),
        ),
        (
            {"most_turns": 15},
            "$0.42 ($0.20–$0.95) for 30 runs, by the suite's shape: 5 turns a run expected, 15 at most",
        ),
    ],
)
def test_one_line_for_a_person(given: dict[str, int], told: str) -> None:
    made = Estimate(low=Decimal("0.2"), expected=Decimal("0.42"), high=Decimal("0.95"), runs=30, **given)

    assert line(made) == told


def test_a_stored_campaign_foretells_its_own_total(tmp_path: Path) -> None:
    """The published $0.012015 for thirty runs, each at nearly the same cost."""
    stored_campaign.store(tmp_path, MODEL)
    wanted = {**stored_campaign.MEASURED, "model": MODEL}

    made = estimate(SHAPES, rates=OSS, history=earlier_campaigns(tmp_path, wanted))

    assert made.expected == pytest.approx(Decimal("0.012015"))
    assert line(made) == "$0.012 ($0.012–$0.012) for 30 runs, from 1 earlier campaign"


def test_only_the_same_measurement_tells(tmp_path: Path) -> None:
    """Another suite, model or agent is passed over; other parameters where there is nothing nearer."""
    wanted = {**stored_campaign.MEASURED, "model": MODEL}
    stored_campaign.store(tmp_path, "openai/gpt-5.5", date="2026-05-01")
    stored_campaign.store(tmp_path, MODEL, manifest={"suite": "other"}, date="2026-05-02")
    stored_campaign.store(tmp_path, MODEL, manifest={"agent": "codex"}, date="2026-05-03")
    stored_campaign.store(tmp_path, MODEL, manifest={"replay_of": "x"}, date="2026-05-04")
    assert earlier_campaigns(tmp_path, wanted) == []

    warm = stored_campaign.store(tmp_path, MODEL, manifest={"parameters": {"temperature": 1}}, date="2026-05-05")
    assert [record.folder for record in earlier_campaigns(tmp_path, wanted)] == [warm.name]

    plain = stored_campaign.store(tmp_path, MODEL, date="2026-05-06")
    assert [record.folder for record in earlier_campaigns(tmp_path, wanted)] == [plain.name]


def test_the_newest_come_first_and_broken_ones_not_at_all(tmp_path: Path) -> None:
    folders = [stored_campaign.store(tmp_path, MODEL, date=f"2026-05-{day:02}") for day in range(1, NEWEST + 3)]
    (folders[-1] / "manifest.json").write_text("{")
    (folders[-2] / "journal.jsonl").write_text('{"kind": "concluded"}\n' * 3)

    found = [record.folder for record in earlier_campaigns(tmp_path, {**stored_campaign.MEASURED, "model": MODEL})]

    assert found[0] in (folders[-2].name, folders[-3].name)
    assert folders[-1].name not in found
    assert len(found) <= NEWEST


def test_no_campaign_at_all(tmp_path: Path) -> None:
    assert earlier_campaigns(tmp_path / "none", {}) == []


@pytest.mark.parametrize("model", PUBLISHED)
def test_every_published_total_lies_between_low_and_high(model: str) -> None:
    total, sent, got = PUBLISHED[model]
    rates = Rates(input=Decimal(str(sent)) / 1_000_000, output=Decimal(str(got)) / 1_000_000)

    made = estimate(SHAPES, rates=rates)

    assert made.low is not None
    assert made.high is not None
    assert made.low <= Decimal(str(total)) <= made.high


def test_how_far_the_shape_is_off() -> None:
    """As the module's docstring says: 0.2 to 5.5 times the published totals, 2.5 in the median."""
    off = {}
    for model, (total, sent, got) in PUBLISHED.items():
        rates = Rates(input=Decimal(str(sent)) / 1_000_000, output=Decimal(str(got)) / 1_000_000)
        off[model] = float(estimate(SHAPES, rates=rates).expected or 0) / total

    assert min(off.values()) == pytest.approx(0.21, abs=0.01)
    assert max(off.values()) == pytest.approx(5.5, abs=0.05)
    assert median(off.values()) == pytest.approx(2.5, abs=0.05)


def test_the_log_is_what_the_published_runs_read() -> None:
    """Task 03: 24,041 input tokens by a run that read it all, 5,202 by one that did not, 39,349 a run elsewhere."""
    log = next(one for one in SHAPES if one.task == "task_03_investigate_log")

    low, expected, high = (tokens(log, habit)[0] for habit in (LOW, EXPECTED, HIGH))
    assert all(low < published < expected < high for published in (5_202, 24_041, 39_349))
    assert expected == pytest.approx(52_800, rel=0.01)


def test_the_figures_of_the_bundled_suite_are_its_own() -> None:
    """The table above is checked against the suite's pinned version, so that it does not outlive it."""
    root = Path(__file__).parents[2] / "suites" / "agentic_core_v1"
    pinned = json.loads((root / "digests.json").read_text())

    assert "1.0.0" in json.dumps(pinned)
    assert {path.name for path in root.glob("task_*")} - {"task_09_control_enough_rows"} == set(BUNDLED)
    for task, (_, _, size) in BUNDLED.items():
        files = [path for path in (root / task / "workspace").rglob("*") if path.is_file()]
        text = sum(path.stat().st_size for path in files if b"\0" not in path.read_bytes() and "cache" not in str(path))
        if task != "task_07_multi_step_plan" and text:
            assert text == pytest.approx(size, rel=0.2), task

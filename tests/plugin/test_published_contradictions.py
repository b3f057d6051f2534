"""Published contradictions: never printed, and found where somebody else printed them. I-numbers name them."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from pytest_agentcore.domain.outcome import Detail, Outcome
from tests.plugin.claims import (
    B20,
    B120,
    PREDICTED,
    Command,
    command,
    compared,
    linted,
    packed,
    passes,
    report,
)
from tests.unit.stored_campaign import OSS_20B, OSS_120B, TASKS, store, wrong

assert command

Check = Callable[[Command, Path], None]


def i1(command: Command, tmp_path: Path) -> None:
    """A score that its own tasks do not add up to; the product's own is counted."""
    results = (
        "as_of: 2026-05-30\nmodels:\n  - name: Claude Opus 4.7\n    score: 21/30\n    all_tasks: false\n"
        "    tasks: {task_03: 0/3, task_09: 0/3, task_06: 2/3, task_08: 2/3}\n"
        "claims:\n  - {claim: failed, says: 7 in 12, tasks: [task_03, task_09, task_06, task_08], failed: 7, of: 12}\n"
    )
    told = linted(command, tmp_path, results, ".yaml")
    folder = store(command.directory, "x/opus", (3, 3, 0, 3, 3, 2, 3, 2, 0, 3))

    assert "is given as 21/30, its tasks add up to 22/30" in told
    assert "'7 in 12', but by the same list 8 of 12 failed" in told
    assert "score 22/30" in report(command, folder)


def i2(command: Command, tmp_path: Path) -> None:
    """One figure, two values; the tokens and their price say which cannot be."""
    texts = [tmp_path / "s0.md", tmp_path / "s1.md"]
    texts[0].write_text("task_03 needs most tokens ($0.013/run).\n")
    texts[1].write_text("task_03 needs most tokens ($0.13/run, 118,046 input tokens across 3 runs).\n")
    priced = (
        "models:\n  - name: Claude Sonnet 4.6\n    input_price_usd: 3\n"
        "    tasks: {task_03: {score: 3/3, input_tokens: 118046, cost_per_run_usd: COST}}\n"
    )

    assert "task_03 cost per run is $0.13 here and $0.013 in" in command("lint-report", *texts).out
    assert "cost $0.118 at least" in linted(command, tmp_path, priced.replace("COST", "0.013"), ".yaml")
    assert "at least" not in linted(command, tmp_path, priced.replace("COST", "0.13"), ".yaml")


def i3(command: Command, tmp_path: Path) -> None:
    """$0.0853 for thirty runs, and $0.118 for three of them: only a cache explains it."""
    results = (
        "models:\n  - name: Claude Haiku 4.5\n    input_price_usd: 1\n    total_cost_usd: 0.0853\n"
        "    score: 27/30\n    cost_per_pass_usd: 0.00316\n"
        "    tasks: {task_03: {score: 3/3, input_tokens: 118046, cost_per_run_usd: 0.0028}}\n"
    )
    told = linted(command, tmp_path, results, ".yaml")
    folder = store(
        command.directory, "anthropic/claude-haiku-4-5", passes(27), total_usd="0.0853",
        edit=lambda one: replace(one, usage=replace(one.usage, input_tokens=39_349)),
    )  # fmt: skip

    assert "cost $0.0393 at least; possible only if most were read from a cache" in told
    assert command("lint-report", folder).out.count("is less than 39,349 input (0 cached)") == 30
    assert packed(command, folder)["run_summary"]["cached_tokens"] == 0


def i4(command: Command, tmp_path: Path) -> None:
    deltas = zip(TASKS, OSS_20B, (1, 0, -2, -1, 0, 1, 2, 0, 1, 0), strict=True)
    table = "".join(f"| {task} | {passed}/3 | {delta:+d} |\n" for task, passed, delta in deltas)
    text = f"| Task | Score | Delta |\n|---|---|---|\n{table}\nIt outperforms the other on 6 of 10 and draws on 3.\n"
    text = text.replace("6 of 10 and", "6 of 10 tasks and")
    folders = store(command.directory, B120, OSS_120B), store(command.directory, B20, OSS_20B)
    sentences = compared(command, *folders)[1]

    assert "by its own table 4 up, 4 equal, 2 down" in linted(command, tmp_path, text)
    assert "4 up, 4 equal, 2 down" in sentences
    assert not re.search(r"\b6 (?:up|of 10)", sentences)


def i5(command: Command, tmp_path: Path) -> None:
    text = "| Prediction | Outcome | Hit? |\n|---|---|---|\n| 18 to 22/30, PE 20/30 | 25/30 | No (+5 above range) |\n"
    (tmp_path / "prediction.yaml").write_text(PREDICTED)
    command.on("predict register", tmp_path / "prediction.yaml")
    folder = store(command.directory, B20, OSS_20B)

    assert "25 against the range 18–22 is +3, against the point estimate 20 it is +5" in linted(command, tmp_path, text)
    assert "3 above the range; +5 against the point estimate" in command.on("predict score", folder).out


def i6(command: Command, tmp_path: Path) -> None:
    def edit(outcome: Outcome) -> Outcome:
        lost = outcome.key.task == TASKS[8] and outcome.key.run == 2
        return replace(wrong(outcome.key, Detail.MISSING_OUTPUT), usage=outcome.usage) if lost else outcome

    folder = store(command.directory, B20, OSS_20B, edit=edit)

    assert packed(command, folder)["run_summary"]["failures"]["wrong_answer/missing_output"] == 1
    assert "wrong_answer/missing_output" in report(command, folder)
    assert "[missing-output]" in linted(command, tmp_path, "Run 2 did not write the output file.\n")


def i7(command: Command, tmp_path: Path) -> None:
    """Who alone passes a task is counted, on the day of the board."""
    for name in ("one", "two", "three"):
        store(command.directory, f"x/{name}", (3,) * 8 + (0, 3), date="2026-05-01")
    store(command.directory, "x/flash", (3,) * 8 + (1, 3), date="2026-05-01")
    store(command.directory, B20, OSS_20B, date="2026-05-20")
    early, late = (command.on("leaderboard", "--as-of", day).out for day in ("2026-05-10", "2026-05-30"))
    table = "| Task | Score |\n|---|---|\n| task_09 | 1/3 |\n"
    text = f"Model: GPT-OSS 20B\n{table}\nOn task_09 DeepSeek V4 Flash is the single exception.\n"

    assert (early[:17], late[:17]) == ("as of 2026-05-10\n", "as of 2026-05-30\n")
    assert f"{TASKS[8]}: passed at least once by 1 of 4: x/flash (1/3)." in early
    assert f"{TASKS[8]}: passed at least once by 2 of 5: x/flash (1/3), GPT-OSS 20B (1/3)." in late
    assert "but GPT-OSS 20B passed task_09 too; give the day of the claim" in linted(command, tmp_path, text)


def i9(command: Command, tmp_path: Path) -> None:
    """The top of the board differs by day, and each board says of which it is."""
    early = command("leaderboard", "--published", "only", "--as-of", "2026-05-10")
    newest = command("leaderboard", "--published", "only", "--format", "json").data
    text = "The leaderboard leader is Mistral Small 4. Mistral Small 4 scored 29/30. DeepSeek V4 Pro scored 30/30.\n"

    assert early.out.startswith("as of 2026-05-10")
    assert {row["model"] for row in newest["published"] if row["rank"] == 1} == {"Claude Opus 4.8", "DeepSeek V4 Pro"}
    assert all(row["as_of"] for row in newest["published"])
    assert "but DeepSeek V4 Pro has 30/30" in linted(command, tmp_path, text)


def i10(command: Command, tmp_path: Path) -> None:
    """One model under two names is one row."""
    store(command.directory, "openai/gpt-5.5", passes(27))
    store(command.directory, "openai/gpt-5.5-instant", passes(27))
    rows = command.on("leaderboard", "--format", "json", "--published", "none").data["boards"][0]["ranked"]
    text = "GPT-5.5 Instant passed. Later GPT-5.5 failed. V4 Flash is as good as DeepSeek V4-Flash.\n"

    assert {row["model"] for row in rows} == {"GPT-5.5"}
    told = linted(command, tmp_path, text)
    assert "'GPT-5.5' is 'GPT-5.5 Instant' of" in told
    assert "'DeepSeek V4-Flash' is 'V4 Flash' of" in told


def i14(command: Command, tmp_path: Path) -> None:
    told = linted(command, tmp_path, "It averaged 18.3 tool calls per run. No run exceeded 12 turns.\n")

    assert "turns and tool calls are two figures" in told
    folder = store(
        command.directory, "x/a", [3], tasks=[TASKS[3]], edit=lambda one: replace(one, tool_calls=19, turns=12)
    )
    summary = packed(command, folder)["run_summary"]
    assert (summary["turns"], summary["tool_calls"]) == (36, 57)
    assert "36 turns · 57 tool calls" in report(command, folder)


def i15(command: Command, tmp_path: Path) -> None:
    """Equal scores share a rank; the order is by score."""
    for name, passed in (("a", 28), ("b", 25), ("c", 25), ("d", 25), ("e", 20)):
        store(command.directory, f"x/{name}", passes(passed))
    rows = command.on("leaderboard", "--format", "json").data["boards"][0]["ranked"]
    table = (
        "As of 2026-05-30\n| Rank | Model | Score |\n|---|---|---|\n"
        "| 3 | Alpha | 85.0 |\n| 4 | Beta | 85.0 |\n| 5 | Gamma | 85.0 |\n| 6 | Delta | 76.4 |\n| 7 | Eps | 76.6 |\n"
    )
    told = linted(command, tmp_path, table)

    assert [row["rank"] for row in rows] == [1, 2, 2, 2, 5]
    assert "'Beta' has rank 4" in told
    assert "'Eps' (76.6) stands below 'Delta' (76.4); sort by score" in told


CONTRADICTIONS: dict[str, Check] = {
    "I1": i1,
    "I2": i2,
    "I3": i3,
    "I4": i4,
    "I5": i5,
    "I6": i6,
    "I7": i7,
    "I9": i9,
    "I10": i10,
    "I14": i14,
    "I15": i15,
}


@pytest.mark.parametrize("number", CONTRADICTIONS)
def test_contradiction(number: str, command: Command, tmp_path: Path) -> None:
    CONTRADICTIONS[number](command, tmp_path)

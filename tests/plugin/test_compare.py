"""``pytest-agentcore compare``: published figures reproduced, bad input told in one line."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from pytest_agentcore.domain.outcome import Cause, Detail, FailureMode, Outcome
from tests.plugin.claims import Command, command
from tests.unit.stored_campaign import OSS_20B, OSS_120B, TASKS, infra, store, wrong

assert command

B20 = "bedrock/openai.gpt-oss-20b-1:0"
B120 = "bedrock/openai.gpt-oss-120b-1:0"


@pytest.fixture
def siblings(command: Command) -> tuple[Path, Path]:
    """The published 120B and 20B, rebuilt from their scores by task and their bills."""
    return (
        store(command.directory, B120, OSS_120B, total_usd="0.0299"),
        store(command.directory, B20, OSS_20B, total_usd="0.012015"),
    )


def test_the_published_siblings_by_task(command: Command, siblings: tuple[Path, Path]) -> None:
    """Scores 23 and 25, deltas and their sum, four up, four equal, two down: the text says what the table says."""
    told = command("compare", *siblings, "--format", "json").data
    text = command("compare", *siblings).out
    against = told["against_baseline"][0]

    assert [campaign["score"] for campaign in told["campaigns"]] == [23, 25]
    assert list(against["deltas"].values()) == [1, 0, -2, -1, 0, 1, 2, 0, 1, 0]
    assert (against["up"], against["equal"], against["down"], against["net_runs"]) == (4, 4, 2, 2)
    assert f"{B20} passed 25/30 (83.3 %), {B120} 23/30 (76.7 %): 2 more.\nOf 10 tasks 4 up, 4 equal, 2 down.\n" in text


def test_the_published_costs(command: Command, siblings: tuple[Path, Path]) -> None:
    """$0.012015 for 25 passes of 30 runs; a pass 2.7 times cheaper than the sibling's."""
    told = command("compare", *siblings, "--format", "json").data["campaigns"][1]
    text = command("compare", *siblings).out

    assert [Decimal(told[f"{name}_usd"]) for name in ("total_cost", "cost_per_pass", "cost_per_run")] == [
        Decimal("0.012015"),
        Decimal("0.0004806"),
        Decimal("0.0004005"),
    ]
    assert f"A passing run of {B20} costs 2.7x less: $0.000481 against $0.0013 of {B120}." in text


@pytest.mark.parametrize(
    ("cheap", "dear", "times"),
    [
        ("0.000481", "0.0013", "2.7x"),
        ("0.000481", "0.0015", "3.1x"),
        ("0.000481", "0.0022", "4.6x"),
        ("0.000481", "0.070", "146x"),
        ("0.000481", "0.051", "106x"),
        ("0.00316", "0.528", "167x"),
        ("0.001034", "0.051", "49x"),
        ("0.00067", "0.051", "76x"),
    ],
)
def test_the_published_ratios(command: Command, cheap: str, dear: str, times: str) -> None:
    """One task, one run, one pass: its cost is the cost of a pass."""
    folders = [
        store(command.directory, f"x/{cost}", [1], total_usd=cost, runs=1, tasks=TASKS[:1]) for cost in (dear, cheap)
    ]

    assert f"costs {times} less" in command("compare", *folders).out


@pytest.mark.parametrize(
    ("total", "passes", "printed"), [("0.03", 29, "$0.00103"), ("1.428", 28, "$0.051"), ("0.012015", 25, "$0.000481")]
)
def test_the_published_bills(command: Command, total: str, passes: int, printed: str) -> None:
    counts = [min(3, max(0, passes - 3 * place)) for place in range(10)]
    folder = store(command.directory, "x/a", counts, total_usd=total)

    text = command("compare", folder, folder).out

    assert f"{passes}/30" in text
    assert printed in text
    data = command("compare", folder, folder, "--format", "json").data["campaigns"][0]
    assert round(Decimal(data["cost_per_run_usd"]), 12) == round(Decimal(total) / 30, 12)


@pytest.mark.parametrize(
    ("passed", "rate"),
    [(28, "93.3 %"), (27, "90.0 %"), (25, "83.3 %"), (23, "76.7 %"), (20, "66.7 %"), (21, "70.0 %"), (29, "96.7 %")],
)
def test_the_published_rates(command: Command, passed: int, rate: str) -> None:
    folder = store(command.directory, "x/a", [min(3, max(0, passed - 3 * place)) for place in range(10)])

    assert f"({rate})" in command("compare", folder, folder).out


def test_tokens_and_calls_a_run(command: Command) -> None:
    """118,046 tokens over three runs are 39,349 a run, 55 tool calls 18.3; turns stand beside, counted apart."""

    def edit(outcome: Outcome) -> Outcome:
        third = outcome.key.run == 3
        usage = replace(outcome.usage, input_tokens=39_350 if third else 39_348)
        return replace(outcome, usage=usage, tool_calls=19 if third else 18, turns=12)

    folder = store(command.directory, "x/a", [3], tasks=["task_04_trace_through_codebase"], edit=edit)
    text = command("compare", folder, folder).out
    heading, row = (
        next(line.split() for line in text.splitlines() if mark in line) for mark in ("input tokens", " 39,349 ")
    )

    assert heading[-3:] == ["turns", "tool", "calls"]
    assert row[-2:] == ["12.0", "18.3"]


def test_failures_by_task_and_a_missing_output_apart(command: Command) -> None:
    """Five failures, all wrong answers: 03 ×2, 04 ×1, 09 ×2; the run without a file says so."""

    def edit(outcome: Outcome) -> Outcome:
        lost = outcome.key.task == TASKS[8] and outcome.key.run == 2
        return replace(wrong(outcome.key, Detail.MISSING_OUTPUT), usage=outcome.usage) if lost else outcome

    folder = store(command.directory, B20, OSS_20B, edit=edit)
    text = " ".join(command("compare", folder, folder).out.split())

    assert "wrong_answer/wrong_value 4 task_03_investigate_log ×2, task_04_trace_through_codebase ×1, " in text
    assert "wrong_answer/missing_output 1 task_09_know_when_to_stop ×1" in text


def test_the_one_task_that_is_not_passed_thrice(command: Command) -> None:
    """28/30 with task_09 at 1/3: every other one is 3/3."""
    folder = store(command.directory, "x/a", (3,) * 8 + (1, 3))
    tasks = command("compare", folder, folder, "--format", "json").data["campaigns"][0]["tasks"]

    assert {task for task, told in tasks.items() if told["stability"] != "reliable"} == {TASKS[8]}


def test_twenty_eight_and_twenty_five_are_not_told_apart(command: Command) -> None:
    """Wilson's published intervals overlap, and the paired test over tasks says the same."""
    folders = [store(command.directory, "x/b", OSS_20B), store(command.directory, "x/a", (3,) * 8 + (1, 3))]
    told = command("compare", *folders, "--format", "json").data
    intervals = [campaign["wilson_interval"] for campaign in told["campaigns"]]

    assert [[round(ends[end], 3) for end in ("low", "high")] for ends in intervals] == [[0.664, 0.927], [0.787, 0.982]]
    assert told["against_baseline"][0]["distinguishable"] is False
    assert "Not distinguishable: exact paired test over 10 tasks p = 0.500" in command("compare", *folders).out


def test_infra_rates_of_resource_profiles(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    """5.8 % at 1x, 2.1 % at 3x, 0.5 % uncapped: what changed is the profile alone."""
    monkeypatch.setattr(os, "fdatasync", lambda _: None)  # three thousand records need not survive a power cut

    def losing(count: int, profile: str) -> Path:
        lost = {(TASKS[place % 10], 1 + place // 10) for place in range(count)}
        return store(
            command.directory,
            "x/a",
            [100] * 10,
            runs=100,
            manifest={"profile": profile},
            edit=lambda one: infra(one) if (one.key.task, one.key.run) in lost else one,
        )

    strict, roomy, uncapped = losing(58, "1x"), losing(21, "3x"), losing(5, "uncapped")
    ends = command("compare", strict, uncapped, "--min-coverage", "0.9").out
    upper = command("compare", roomy, uncapped, "--min-coverage", "0.9").out

    assert all(shown in ends for shown in ("5.8 %", "0.5 %", "11.6x", "p < 0.001", "Only the profile differs."))
    assert all(shown in upper for shown in ("2.1 %", "0.5 %", "-1.6 pp"))


def test_a_difference_that_is_more_than_chance(command: Command) -> None:
    """Ten tasks all the same way: p = 2/1024, and after Holm over two comparisons twice that."""
    folders = [store(command.directory, f"x/{name}", [count] * 10) for name, count in (("z", 0), ("y", 3), ("w", 3))]
    told = command("compare", *folders, "--format", "json").data["against_baseline"]

    assert [(one["paired_test"]["p_value"], one["p_adjusted"]) for one in told] == [(2 / 1024, 4 / 1024)] * 2
    assert all(one["distinguishable"] for one in told)
    assert "x/z has no passing run, so a passing run has no cost." in command("compare", *folders).out


def test_more_than_one_variable(command: Command) -> None:
    first = store(command.directory, "x/a")
    second = store(command.directory, "x/b", manifest={"profile": "3x", "parameters": {"temperature": 1}})

    assert "More than one variable differs (model, profile, parameters)" in command("compare", first, second).out


def test_unknown_prices_and_lost_runs_are_said(command: Command) -> None:
    def edit(outcome: Outcome) -> Outcome | None:
        if outcome.key.task == TASKS[0]:
            return replace(infra(outcome)) if outcome.key.run > 1 else outcome
        return outcome

    unpriced = store(command.directory, "x/unpriced", total_usd=None)
    lossy = store(command.directory, "x/lossy", edit=edit)
    text = command("compare", unpriced, lossy).out

    assert "x/lossy is quarantined: 28 of 30 runs are valid, so its score lies between 23/30 and 25/30." in text
    assert "The price of x/unpriced is unknown, so costs are not compared." in text
    assert "Lost to infrastructure: 2 of 30 runs against 0 of 30 runs of x/unpriced" in text


def test_all_infra_and_a_broken_checker_have_no_score(command: Command) -> None:
    def broken(outcome: Outcome) -> Outcome:
        return replace(
            outcome, passed=False, cause=Cause.CHECKER, failure_mode=None, detail=None, reason="KeyError: 'x'"
        )

    good = store(command.directory, "x/good")
    lost = store(command.directory, "x/lost", edit=infra)
    bad = store(command.directory, "x/bad", edit=lambda one: broken(one) if one.key.run == 1 else one)
    text = command("compare", good, lost, bad).out

    assert "x/lost has no score: no run was concluded." in text
    assert "x/lost has no valid run: there is no difference to speak of." in text
    assert "No task has valid runs on both sides, so nothing can be tested." in text
    assert (
        "x/bad has no score: the checker of task_01_fix_failing_test broke in run 1 and 9 more: KeyError: 'x'." in text
    )


def test_other_suites_and_other_versions_of_tasks_are_refused(command: Command) -> None:
    """In one line that names the task; what is the same can be compared when asked for."""
    first = store(command.directory, "x/a")
    other = store(command.directory, "x/b", manifest={"suite": "other"})
    newer = store(command.directory, "x/c", digest="sha256:2")
    fewer = store(command.directory, "x/d", OSS_20B[:4], tasks=TASKS[:4])

    suites, versions, part = (command("compare", first, one) for one in (other, newer, fewer))

    assert [told.status for told in (suites, versions, part)] == [2, 2, 2]
    assert "campaigns of the suites 'agentic_core_v1' and 'other' measure different things" in suites.err
    assert "not one test: of task 'task_01_fix_failing_test' (and 9 more)" in versions.err
    assert "--common compares the 4 tasks they share" in part.err
    common = command("compare", first, fewer, "--common").out
    assert "x/d passed 9/12 (75.0 %), x/a 9/12 (75.0 %): equal." in common
    assert "Left out, for not all have the same version: task_05_minimal_fix, " in common


def test_hostile_names_are_shown_and_do_nothing(command: Command) -> None:
    name = 'x/a,"b"\n=cmd()|<img src=x onerror=alert(1)>🙂\x1b[2J'
    folders = [store(command.directory, name), store(command.directory, "x/b")]

    text, markdown = (command("compare", *folders, "--format", form).out for form in ("text", "md"))

    assert "\x1b" not in text + markdown
    assert "\\<img" in markdown
    assert all(
        line.count(" | ") == 10 for line in markdown.splitlines() if line.startswith(("| A | x", "| B | x/b | "))
    )


def test_a_torn_journal_a_newer_one_and_a_bad_cost(command: Command) -> None:
    """A line that was cut did not happen; what cannot be read is named."""
    good, torn, newer, bad = (store(command.directory, f"x/{name}") for name in ("good", "torn", "newer", "bad"))
    journal = torn / "journal.jsonl"
    journal.write_bytes(journal.read_bytes()[:-40])
    with (newer / "journal.jsonl").open("a") as file:
        file.write(json.dumps({"v": 99, "kind": "planned"}) + "\n")
    text = (bad / "journal.jsonl").read_text()
    (bad / "journal.jsonl").write_text(text.replace('"cost_usd":"0.000400500000"', '"cost_usd":"NaN"', 1))

    told = [command("compare", good, one) for one in (torn, newer, bad)]

    assert [one.status for one in told] == [0, 2, 2]
    assert "29 of 30 runs are valid" in told[0].out
    assert "journal version 99); upgrade" in told[1].err
    assert "cost_usd must be a decimal number as text, not 'NaN'" in told[2].err


def test_one_campaign_and_none(command: Command) -> None:
    folder = store(command.directory, "x/a")

    assert "1 campaign to compare; name two at least, the baseline first" in command("compare", folder).err
    assert "is no campaign" in command.on("compare", "nothing", folder).err


def test_equal_campaigns_give_equal_bytes(command: Command, siblings: tuple[Path, Path], tmp_path: Path) -> None:
    """Also from another place, and in a file."""
    again = [store(tmp_path / "other", B120, OSS_120B, total_usd="0.0299"), store(tmp_path / "other", B20)]
    target = tmp_path / "comparison.md"

    for form in ("text", "md", "json"):
        assert command("compare", *siblings, "--format", form).out == command("compare", *again, "--format", form).out
    told = command("compare", *siblings, "--format", "md", "--output", target)
    assert target.read_text() == command("compare", *siblings, "--format", "md").out
    assert (told.out, told.err) == ("", f"wrote {target}\n")


def test_other_failures_are_counted_by_their_names(command: Command) -> None:
    def edit(outcome: Outcome) -> Outcome:
        if outcome.passed or outcome.key.task != TASKS[2]:
            return outcome
        return replace(outcome, failure_mode=FailureMode.TOOL_CALL_MALFORMED, detail=None)

    folder = store(command.directory, "x/a", edit=edit)

    told = " ".join(command("compare", folder, folder).out.split())

    assert "tool_call_malformed 2 task_03_investigate_log ×2" in told

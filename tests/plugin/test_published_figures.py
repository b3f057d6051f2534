"""The published figures: what follows from published inputs is what the commands print. G-numbers name them."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from pytest_agentcore.domain.outcome import Outcome
from tests.plugin.claims import (
    B20,
    B120,
    PREDICTED,
    Command,
    command,
    compared,
    linted,
    one_pass_for,
    packed,
    passes,
    report,
)
from tests.unit.stored_campaign import OSS_20B, OSS_120B, TASKS, infra, store

assert command

Check = Callable[[Command, Path], None]
ONCE = (3,) * 8 + (1, 3)
"""Task 09 at 1/3, every other at 3/3."""


def g1(command: Command, tmp_path: Path) -> None:
    del tmp_path
    folder = store(command.directory, B20, OSS_20B, total_usd="0.012015")
    summary = packed(command, folder)["run_summary"]

    assert (summary["cost_per_pass_usd"], summary["cost_per_run_usd"]) == (0.0004806, 0.0004005)
    assert "$0.000481 a passing run" in report(command, folder)


def g2_to_g6(pairs: Sequence[tuple[str, str, str]]) -> Check:
    """Ratios as printed, and accepted by the linter where they were rounded further."""

    def check(command: Command, tmp_path: Path) -> None:
        for dear, cheap, times in pairs:
            data, text = compared(command, *one_pass_for(command, dear, cheap))
            assert f"costs {times} less" in text
            assert 0 < float(data["against_baseline"][0]["cost_ratio"]) < 1
            claim = f"It costs {times} less (${cheap} vs ${dear}). "
            assert linted(command, tmp_path, claim) == "0 errors, 0 warnings\n"
        wrong_one = f"It costs 99.9x less (${pairs[0][1]} vs ${pairs[0][0]}). "
        assert "[ratio]" in linted(command, tmp_path, wrong_one)

    return check


def g5(command: Command, tmp_path: Path) -> None:
    folder = store(command.directory, "x/small", passes(29), total_usd="0.03")

    assert round(packed(command, folder)["run_summary"]["cost_per_pass_usd"], 6) == 0.001034
    assert "$0.00103 a passing run" in report(command, folder)
    rounded = "Mistral Small 4 scored 29/30. $0.03 total for 30 runs, Mistral Small 4. $0.001 per passing run."
    assert linted(command, tmp_path, rounded) == "0 errors, 0 warnings\n"
    g2_to_g6([("0.051", "0.001034", "49x")])(command, tmp_path)


def g7(command: Command, tmp_path: Path) -> None:
    del tmp_path
    folder = store(command.directory, "x/sonnet", ONCE, total_usd="1.428")
    summary = packed(command, folder)["run_summary"]

    assert (summary["total_cost_usd"], summary["cost_per_run_usd"], summary["cost_per_pass_usd"]) == (
        1.428,
        0.0476,
        0.051,
    )
    assert "$1.43 total · $0.0476 a run · $0.051 a passing run" in report(command, folder)


def g8_g13(command: Command, tmp_path: Path) -> None:
    """118,046 tokens and 55 calls in three runs; turns stand beside, and are another figure."""
    del tmp_path

    def edit(outcome: Outcome) -> Outcome:
        third = outcome.key.run == 3
        usage = replace(outcome.usage, input_tokens=39_350 if third else 39_348)
        return replace(outcome, usage=usage, tool_calls=19 if third else 18, turns=12)

    folder = store(command.directory, "x/a", [3], tasks=[TASKS[3]], edit=edit)
    data, text = compared(command, folder, folder)
    task = data["campaigns"][0]["tasks"][TASKS[3]]

    assert round(task["input_tokens_per_run"]) == 39_349
    assert round(task["tool_calls_per_run"], 1) == 18.3
    assert task["turns_per_run"] == 12
    assert re.search(r"39,349 .* 12\.0 18\.3", text)
    assert packed(command, folder)["run_summary"]["tool_calls"] == 55


def g9(command: Command, tmp_path: Path) -> None:
    rates = {28: "93.3", 27: "90.0", 25: "83.3", 23: "76.7", 20: "66.7", 21: "70.0", 29: "96.7"}
    for passed, rate in rates.items():
        folder = store(command.directory, f"x/{passed}", passes(passed))
        assert f"{passed}/30 {rate} %" in report(command, folder)
        assert linted(command, tmp_path, f"Llama 3.3 70B passed {passed}/30 ({rate}%).") == "0 errors, 0 warnings\n"


def g10(command: Command, tmp_path: Path) -> None:
    del tmp_path
    folder = store(command.directory, B20, OSS_20B)
    pack = packed(command, folder)

    assert [task["passed"] for _, task in sorted(pack["per_task_results"]["tasks"].items())] == list(OSS_20B)
    assert pack["run_summary"]["failures"] == {"wrong_answer/wrong_value": 5}
    article = report(command, "--article", folder).replace("\\", "")
    assert f"wrong_answer/wrong_value ×5 ({TASKS[2]}: ×2, {TASKS[3]}: ×1, {TASKS[8]}: ×2)" in article


def g11(command: Command, tmp_path: Path) -> None:
    del tmp_path
    folders = store(command.directory, B120, OSS_120B), store(command.directory, B20, OSS_20B)
    data, text = compared(command, *folders)
    against = data["against_baseline"][0]

    assert [campaign["score"] for campaign in data["campaigns"]] == [23, 25]
    assert list(against["deltas"].values()) == [1, 0, -2, -1, 0, 1, 2, 0, 1, 0]
    assert (against["up"], against["equal"], against["down"], against["net_runs"]) == (4, 4, 2, 2)
    assert "Of 10 tasks 4 up, 4 equal, 2 down." in text


def g12(command: Command, tmp_path: Path) -> None:
    (tmp_path / "prediction.yaml").write_text(PREDICTED)
    assert command.on("predict register", tmp_path / "prediction.yaml").status == 0
    folder = store(command.directory, B20, OSS_20B, date="2999-01-01")
    told = command.on("predict score", folder, "--format", "json").data["campaigns"][0]["predictions"][0]

    assert (told["status"], told["hits"], told["of"], told["range_miss"], told["point_error"]) == (
        *("in_time", 0, 4, 3, 5),
    )
    assert packed(command, folder)["predictions_scoring"]["campaigns"][0]["predictions"][0] == told


def g14(command: Command, tmp_path: Path) -> None:
    """5.8 %, 2.1 % and 0.5 % of a thousand runs."""
    del tmp_path

    def losing(count: int, profile: str) -> Path:
        lost = {(TASKS[place % 10], 1 + place // 10) for place in range(count)}
        return store(
            command.directory, "x/a", [100] * 10, runs=100, manifest={"profile": profile},
            edit=lambda one: infra(one) if (one.key.task, one.key.run) in lost else one,
        )  # fmt: skip

    strict, roomy, uncapped = losing(58, "1x"), losing(21, "3x"), losing(5, "uncapped")
    ends = " ".join(command("compare", strict, uncapped, "--min-coverage", "0.9").out.split())
    upper = " ".join(command("compare", roomy, uncapped, "--min-coverage", "0.9").out.split())

    assert all(shown in ends for shown in ("5.8 %", "0.5 %", "11.6x", "p < 0.001"))
    assert all(shown in upper for shown in ("2.1 %", "0.5 %", "-1.6 pp"))


def g16(command: Command, tmp_path: Path) -> None:
    del tmp_path
    folder = store(command.directory, "x/a", ONCE)
    tasks = packed(command, folder)["per_task_results"]["tasks"]

    assert {task for task, about in tasks.items() if about["passed"] != 3} == {TASKS[8]}
    assert "9 reliable · 1 unstable" in report(command, folder)


def g17(command: Command, tmp_path: Path) -> None:
    del tmp_path
    ends = {28: (0.787, 0.982), 25: (0.664, 0.927), 20: (0.488, 0.808), 30: (0.886, 1.0)}
    folders = {passed: store(command.directory, f"x/{passed}", passes(passed)) for passed in ends}
    for passed, (low, high) in ends.items():
        interval = packed(command, folders[passed])["run_summary"]["wilson_interval"]
        assert (round(interval["low"], 3), round(interval["high"], 3)) == (low, high)
    assert "Not distinguishable" in compared(command, folders[28], folders[25])[1]


GOLDEN: dict[str, Check] = {
    "G1": g1,
    "G2": g2_to_g6([("0.0013", "0.000481", "2.7x")]),
    "G3": g2_to_g6([
        ("0.0015", "0.000481", "3.1x"), ("0.0022", "0.000481", "4.6x"),
        ("0.070", "0.000481", "146x"), ("0.051", "0.000481", "106x"),
    ]),
    "G4": g2_to_g6([("0.528", "0.00316", "167x")]),
    "G5": g5,
    "G6": g2_to_g6([("0.051", "0.00067", "76x")]),
    "G7": g7,
    "G8-G13": g8_g13,
    "G9": g9,
    "G10": g10,
    "G11": g11,
    "G12": g12,
    "G14": g14,
    "G16": g16,
    "G17": g17,
}  # fmt: skip


@pytest.mark.parametrize("number", GOLDEN)
def test_golden(number: str, command: Command, tmp_path: Path) -> None:
    GOLDEN[number](command, tmp_path)

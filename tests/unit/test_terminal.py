"""What a person sees: snapshots of whole reports, and nothing a model says can drive the terminal."""

from __future__ import annotations

import re
from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_agentcore.domain.campaign import CampaignRecord
from pytest_agentcore.domain.outcome import Cause, Detail, FailureMode, Outcome
from pytest_agentcore.report import terminal
from pytest_agentcore.report.rollup import summarise
from pytest_agentcore.report.text import columns
from tests.unit.sample_campaign import EVIL, MANIFEST, TASKS, USAGE, failing, harmless, key, passing, record, wrong

ANSI = re.compile(r"\x1b\[\d+m")
INFRA = failing(key(), cause=Cause.INFRA, reason="server_lost")
RESOURCE = failing(key(), cause=Cause.RESOURCE, reason="oom_killed")
CHECKER = failing(key(), cause=Cause.CHECKER, reason="KeyError: 'total'")


def rendered(campaign: CampaignRecord, width: int = 80, *, colour: bool = False, ascii_only: bool = False) -> list[str]:
    return terminal.lines(summarise(campaign), campaign, width=width, colour=colour, ascii_only=ascii_only)


def test_the_report_of_a_whole_campaign() -> None:
    expected = """\
bedrock/openai.gpt-oss-20b-1:0 · agentic_core_v1@1.0 · namespace · 1x
─────────────────────────────────────────────────────────────────────

task                              runs   score  failures
task_01_fix_failing_test          ✓ ✓ ✓    3/3
task_02_refactor_duplicated_code  ✓ ✓ ✓    3/3
task_03_investigate_log           ✓ ✗ ✗    1/3  wrong_answer/wrong_value ×2
task_04_reconcile_files           ✓ ✓ ✗    2/3  wrong_answer/wrong_value
task_05_write_tests               ✓ ✓ ✓    3/3
task_06_add_feature               ✓ ✓ ✓    3/3
task_07_multi_step_plan           ✓ ✓ ✓    3/3
task_08_migrate_config            ✓ ✓ ✓    3/3
task_09_know_when_to_stop         ✓ ✗ ✗    1/3  wrong_answer/wrong_value ×2
task_10_error_recovery            ✓ ✓ ✓    3/3

score     25/30  83.3 %  Wilson 95 % 66.4–92.7 %  pass^3 70.0 %
tasks     7 reliable · 3 unstable · 95 % over tasks like these 56.4–95.1 %
cost      $0.012 total · $0.000401 a run · $0.000481 a passing run
work      150 turns · 210 tool calls
tokens    337,020 in (35.6 % cached) · 24,360 out
time      5 min 04 s working · 6 min 15 s wall, all runs added
record    2026-05-20-openai-gpt-oss-20b-agentic-core-v1"""

    assert "\n".join(rendered(record())) == expected


def test_the_report_of_a_wide_terminal_has_figures_per_task() -> None:
    lines = rendered(record(), width=120)

    heading = "task                              runs   score  turns  calls  tokens     cost  failures"
    row = "task_03_investigate_log           ✓ ✗ ✗    1/3     15     21  36,138  $0.0012  wrong_answer/wrong_value ×2"
    assert lines[3] == heading
    assert lines[6] == row


def test_the_report_of_a_narrow_terminal_has_failures_below() -> None:
    lines = rendered(record(), width=50)

    assert lines[4:11] == [
        "task                  runs   score",
        "task_01_fix_failing…  ✓ ✓ ✓    3/3",
        "task_02_refactor_du…  ✓ ✓ ✓    3/3",
        "task_03_investigate…  ✓ ✗ ✗    1/3",
        "    wrong_answer/wrong_value ×2",
        "task_04_reconcile_f…  ✓ ✓ ✗    2/3",
        "    wrong_answer/wrong_value",
    ]


def test_the_report_of_a_campaign_where_everything_happened() -> None:
    lost = replace(INFRA, attempt=1)
    campaign = record(
        instead={
            (1, 1): INFRA,
            (1, 2): RESOURCE,
            (2, 3): failing(key(), mode=FailureMode.TURN_LIMIT),
            (2, 2): wrong(key(), Detail.MISSING_OUTPUT),
            (2, 1): replace(passing(key()), malformed_calls=2, failed_calls=1),
            (10, 3): None,
        },
        unscored=[TASKS[4]],
        superseded=(lost,),
    )
    expected = """\
bedrock/openai.gpt-oss-20b-1:0 · agentic_core_v1@1.0 · namespace · 1x
─────────────────────────────────────────────────────────────────────

task                              runs   score  failures
task_01_fix_failing_test          I R ✓    1/2  infra/server_lost
                                                resource/oom_killed
task_02_refactor_duplicated_code  ✓ ✗ ✗    1/3  turn_limit
                                                wrong_answer/missing_output
task_03_investigate_log           ✓ ✗ ✗    1/3  wrong_answer/wrong_value ×2
task_04_reconcile_files           ✓ ✓ ✗    2/3  wrong_answer/wrong_value
task_05_write_tests (control)     ✓ ✓ ✓    3/3
task_06_add_feature               ✓ ✓ ✓    3/3
task_07_multi_step_plan           ✓ ✓ ✓    3/3
task_08_migrate_config            ✓ ✓ ✓    3/3
task_09_know_when_to_stop         ✓ ✗ ✗    1/3  wrong_answer/wrong_value ×2
task_10_error_recovery            ✓ ✓ ·    2/2
R resource   I infra   · not run

score     17/25  68.0 %  Wilson 95 % 48.4–82.8 %
tasks     4 reliable · 5 unstable · 95 % over tasks like these 41.5–86.4 %
coverage  25 of 27 runs valid (92.6 %) · 1 infra · 1 not run
          score between 17/27 and 19/27
          quarantined: coverage below 100.0 % · not to be ranked
resource  1 run ended by a kill or a limit
repeated  1 attempt lost to infrastructure
cost      $0.01 total · $0.000401 a run · $0.000589 a passing run
          and $0.002 on runs that do not count
work      125 turns · 175 tool calls (2 malformed, 1 failed)
tokens    280,850 in (35.6 % cached) · 20,300 out
time      4 min 13 s working · 5 min 12 s wall, all runs added
record    2026-05-20-openai-gpt-oss-20b-agentic-core-v1"""

    assert "\n".join(rendered(campaign)) == expected


def test_a_broken_checker_is_said_in_place_of_a_score() -> None:
    lines = rendered(record(instead={(4, 2): CHECKER}))

    start = next(number for number, line in enumerate(lines) if line.startswith("score"))
    assert lines[start : start + 3] == [
        "score     none: the checker of task_04_reconcile_files broke in run 2: KeyError:",
        "          'total'",
        "          fix the task and rescore",
    ]
    assert any("C checker error" in line for line in lines)


@pytest.mark.parametrize(
    ("outcome", "words"),
    [
        (replace(passing(key()), usage=replace(USAGE, cost_usd=None)), "cost      unknown price"),
        (
            replace(passing(key()), usage=replace(USAGE, claimed_usd=Decimal("0.9"), claim_differs=True)),
            "but its agent claims $0.90",
        ),
        (
            replace(passing(key()), usage=replace(USAGE, billed_usd=Decimal("0.5"), billed_differs=True)),
            "but its provider billed $0.50",
        ),
        (
            replace(passing(key()), usage=replace(USAGE, estimated=True)),
            "cost      $0.012 total · $0.000401 a run · $0.000481 a passing run · estimated",
        ),
    ],
)
def test_a_price_is_marked_for_what_it_is(outcome: Outcome, words: str) -> None:
    assert words in [line.strip() for line in rendered(record(instead={(1, 1): outcome}))]


def test_no_pass_and_no_run_are_said() -> None:
    assert "cost      $0.012 total · $0.000401 a run · no passing run" in rendered(record(passes=[0] * 10))
    nothing = replace(record(), outcomes={}, planned=())
    assert "no task was planned" in rendered(nothing)
    assert "score     none: no scored run was planned" in rendered(nothing)


def test_colour_changes_no_character() -> None:
    plain = rendered(record(instead={(1, 1): CHECKER, (2, 1): INFRA}))
    coloured = rendered(record(instead={(1, 1): CHECKER, (2, 1): INFRA}), colour=True)

    assert [ANSI.sub("", line) for line in coloured] == plain
    assert any("\x1b[32m✓\x1b[0m" in line for line in coloured)
    assert not any("\x1b" in line for line in plain)


@pytest.mark.parametrize("width", [80, 120])
def test_ascii_has_the_same_shape(width: int) -> None:
    campaign = record(instead={(1, 1): INFRA, (10, 3): None})
    typographic, plain = rendered(campaign, width), rendered(campaign, width, ascii_only=True)

    assert all(line.isascii() for line in plain)
    assert [len(line) for line in plain] == [len(line) for line in typographic]
    assert "task_03_investigate_log           P F F    1/3" in "\n".join(plain)


def evil(seed: str) -> CampaignRecord:
    """A campaign in which everything that is text is the seed."""
    at = replace(key(), task=seed)
    outcome = replace(passing(at), passed=False, cause=Cause.CHECKER, reason=seed, message=seed)
    manifest = {**MANIFEST, "model": seed, "suite": seed, "isolation": seed, "profile": seed, "agent": seed}
    return CampaignRecord(manifest=manifest, folder=seed, planned=(at,), outcomes={at: outcome}, superseded=())


@settings(max_examples=60, deadline=None, database=None)
@given(
    st.text(max_size=60) | st.text("\x1b\x9b\r\n\u202e\u200b\u0301日👍é ", max_size=60) | st.just(EVIL),
    st.integers(min_value=1, max_value=140),
    st.booleans(),
)
def test_no_text_can_drive_the_terminal_or_burst_a_line(seed: str, width: int, ascii_only: bool) -> None:
    lines = rendered(evil(seed), width, ascii_only=ascii_only)

    assert all(harmless(line) for line in lines)
    assert all(columns(line) <= max(width, terminal.NARROWEST) for line in lines[:-1])
    if ascii_only:
        assert all(line.isascii() for line in lines)


@pytest.mark.parametrize(("runs", "marks"), [(20, " ".join("✓" * 20)), (40, "✓" * 40), (90, "90✓")])
def test_many_runs_move_closer_and_are_then_counted(runs: int, marks: str) -> None:
    planned = tuple(key("task", run) for run in range(1, runs + 1))
    outcomes = {at: passing(at) for at in planned}
    lines = rendered(replace(record(), planned=planned, outcomes=outcomes))

    assert f"{marks} " in next(line for line in lines if line.startswith("task  ") and "score" not in line)
    assert all(columns(line) <= 80 for line in lines)


@pytest.mark.parametrize("width", [40, 59, 60, 80, 99, 100, 120, 200])
@pytest.mark.parametrize("runs", [1, 3, 10, 25, 40, 120])
def test_no_number_of_runs_bursts_a_line(width: int, runs: int) -> None:
    planned = tuple(key(task, run) for task in TASKS for run in range(1, runs + 1))
    outcomes = {at: wrong(at, Detail.MISSING_OUTPUT) if at.run % 2 else passing(at) for at in planned}
    lines = rendered(replace(record(), planned=planned, outcomes=outcomes), width)

    assert max(map(columns, lines[:-1])) <= width


def test_a_task_with_fewer_runs_leaves_their_places_empty() -> None:
    planned = (key("a", 1), key("a", 2), key("b", 2))
    lines = rendered(replace(record(), planned=planned, outcomes={at: passing(at) for at in planned}))

    assert "a     ✓ ✓     2/2" in lines
    assert "b       ✓     1/1" in lines

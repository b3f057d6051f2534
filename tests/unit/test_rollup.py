"""A campaign's summary against published figures, and what no denominator may lose."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from pytest_agentcore.domain.campaign import CampaignRecord, RunState, Summary
from pytest_agentcore.domain.outcome import Cause, Detail, FailureMode, Outcome
from pytest_agentcore.domain.usage import Usage
from pytest_agentcore.report.rollup import failure_label, summarise
from tests.unit.sample_campaign import PASSES, TASKS, USAGE, failing, key, passing, record, wrong

INFRA = failing(key(), cause=Cause.INFRA, reason="server_lost")
RESOURCE = failing(key(), cause=Cause.RESOURCE, reason="oom_killed")
CHECKER = failing(key(), cause=Cause.CHECKER, reason="KeyError: 'total'")


def test_the_published_campaign_adds_up() -> None:
    summary = summarise(record())

    assert (summary.passed, summary.n_valid, summary.planned) == (25, 30, 30)
    assert [row.passed for row in summary.tasks] == list(PASSES)
    assert summary.usage.cost_usd == Decimal("0.012015")
    assert summary.cost_per_pass == Decimal("0.0004806")
    assert summary.cost_per_run == Decimal("0.0004005")
    assert summary.pass_rate == pytest.approx(0.8333, abs=1e-4)
    assert summary.pass_hat_k == pytest.approx(0.7)
    assert (summary.turns, summary.tool_calls) == (150, 210)
    assert summary.wall_s == pytest.approx(375)
    assert summary.has_score
    assert not summary.quarantined
    assert summary.bounds == (25, 25)


def test_failures_stand_in_run_order() -> None:
    row = summarise(record()).tasks[2]

    assert row.task == "task_03_investigate_log"
    assert [run.failure for run in row.runs] == ["", "wrong_answer/wrong_value", "wrong_answer/wrong_value"]
    assert [run.state for run in row.runs] == [RunState.PASSED, RunState.FAILED, RunState.FAILED]


def test_lost_runs_leave_the_score_but_not_the_plan() -> None:
    summary = summarise(record(instead={(1, 1): INFRA, (2, 2): None, (5, 3): RESOURCE}))

    assert (summary.passed, summary.n_valid, summary.planned) == (22, 28, 30)
    assert (summary.n_infra, summary.n_not_run, summary.n_resource, summary.n_checker) == (1, 1, 1, 0)
    assert summary.coverage == pytest.approx(28 / 30)
    assert summary.bounds == (22, 24)
    assert summary.pass_hat_k is None
    assert summary.quarantined
    assert summary.has_score


def test_the_least_coverage_is_the_users() -> None:
    lost = record(instead={(1, 1): INFRA})

    assert summarise(lost).quarantined
    assert not summarise(lost, min_coverage=29 / 30).quarantined


def test_a_broken_checker_takes_the_score_away() -> None:
    summary = summarise(record(instead={(4, 2): CHECKER, (4, 3): CHECKER}))

    assert not summary.has_score
    assert summary.no_score_reason == (
        "the checker of task_04_reconcile_files broke in run 2 and 1 more: KeyError: 'total'"
    )
    assert summary.n_checker == 2


def test_control_tasks_are_shown_and_not_counted() -> None:
    summary = summarise(record(unscored=[TASKS[0]]))

    assert (summary.passed, summary.planned) == (22, 27)
    assert [row.scored for row in summary.tasks] == [False, *[True] * 9]
    assert summary.other_usage.cost_usd == 3 * Decimal("0.0004005")


def test_a_broken_checker_of_a_control_task_does_not_touch_the_score() -> None:
    assert summarise(record(instead={(1, 1): CHECKER}, unscored=[TASKS[0]])).has_score


def test_what_does_not_count_is_paid_for_apart() -> None:
    lost = replace(INFRA, usage=replace(USAGE, cost_usd=Decimal("0.5")))
    summary = summarise(record(instead={(1, 1): lost}, superseded=(lost,)))

    assert summary.usage.cost_usd == 29 * Decimal("0.0004005")
    assert summary.other_usage.cost_usd == Decimal(1)
    assert summary.n_superseded == 1


def test_an_unknown_price_stays_unknown() -> None:
    priceless = replace(passing(key()), usage=replace(USAGE, cost_usd=None))
    summary = summarise(record(instead={(1, 1): priceless}))

    assert summary.usage.cost_usd is None
    assert summary.cost_per_pass is None
    assert summary.cost_per_run is None


def test_no_pass_has_no_cost_per_pass() -> None:
    summary = summarise(record(passes=[0] * 10))

    assert summary.passed == 0
    assert summary.has_score
    assert summary.cost_per_pass is None
    assert summary.cost_per_run == Decimal("0.0004005")


@pytest.mark.parametrize(
    ("campaign", "reason"),
    [
        (
            record(passes=[0] * 10, instead={(t, r): None for t in range(1, 11) for r in (1, 2, 3)}),
            "no run was concluded",
        ),
        (record(instead={(t, r): INFRA for t in range(1, 11) for r in (1, 2, 3)}), "no run was concluded"),
        (record(unscored=TASKS), "no scored run was planned"),
    ],
)
def test_nothing_counted_is_no_score(campaign: CampaignRecord, reason: str) -> None:
    summary = summarise(campaign)

    assert summary.no_score_reason == reason
    assert summary.interval is None
    assert summary.pass_rate is None
    assert summary.cost_per_run is None
    assert summary.quarantined


def test_an_outcome_nobody_planned_widens_the_plan() -> None:
    stray = passing(key("task_11_new", 1))
    base = record()
    summary = summarise(replace(base, outcomes={**base.outcomes, stray.key: stray}))

    assert summary.planned == 31
    assert summary.tasks[-1].task == "task_11_new"


def test_a_summary_does_not_depend_on_the_order_of_outcomes() -> None:
    base = record(instead={(1, 1): INFRA})
    turned = replace(base, outcomes=dict(list(base.outcomes.items())[::-1]), planned=base.planned[::-1])

    assert summarise(turned) == summarise(base)


def test_one_estimate_marks_the_whole() -> None:
    guessed = replace(passing(key()), usage=replace(USAGE, estimated=True))

    assert summarise(record(instead={(1, 1): guessed})).estimated
    assert not summarise(record()).estimated


@pytest.mark.parametrize(
    ("outcome", "label"),
    [
        (passing(key()), ""),
        (wrong(key(), Detail.MISSING_OUTPUT), "wrong_answer/missing_output"),
        (failing(key(), mode=FailureMode.TURN_LIMIT), "turn_limit"),
        (RESOURCE, "resource/oom_killed"),
        (INFRA, "infra/server_lost"),
        (Outcome(key=key(), cause=Cause.INFRA), "infra"),
        (Outcome(key=key()), "failed"),
    ],
)
def test_every_failure_has_a_label(outcome: Outcome, label: str) -> None:
    assert failure_label(outcome) == label


def test_an_outcome_that_was_not_run_is_no_run() -> None:
    summary: Summary = summarise(record(instead={(1, 1): Outcome(key=key(), cause=Cause.NOT_RUN, usage=Usage())}))

    assert summary.n_not_run == 1
    assert summary.n_valid == 29

"""Clustered figures against other implementations and published tables."""

from __future__ import annotations

import warnings
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from pytest_agentcore.scoring import student
from pytest_agentcore.scoring.clustering import (
    Stability,
    clustered_interval,
    clustered_standard_error,
    detectable_effect,
    effective_runs,
    tasks_needed,
)
from pytest_agentcore.scoring.cost_interval import TaskCost, cost_per_pass_interval
from pytest_agentcore.scoring.statistics import Tally, wilson
from tests.unit.sample_values import SOME

OSS_20B = [Tally(passed, 3) for passed in (3, 3, 1, 2, 3, 3, 3, 3, 1, 3)]
TALLIES = st.lists(
    st.integers(0, 5).flatmap(lambda n: st.builds(Tally, st.integers(0, n), st.just(n))), min_size=2, max_size=12
)


@pytest.mark.parametrize(
    ("confidence", "df", "t"),
    [(0.95, 1, 12.706), (0.95, 2, 4.303), (0.95, 9, 2.262), (0.95, 29, 2.045), (0.99, 5, 4.032), (0.9, 120, 1.658)],
)
def test_student_is_the_printed_table(confidence: float, df: int, t: float) -> None:
    assert round(student.quantile(confidence, df), 3) == t


@SOME
@given(st.floats(0, 50), st.integers(1, 200))
def test_student_is_scipys(t: float, df: int) -> None:
    """To what scipy itself keeps near zero, where it subtracts from one."""
    assert student.inside(t, df) == pytest.approx(1 - 2 * stats.t.sf(t, df), abs=1e-8)


@SOME
@given(TALLIES)
def test_the_standard_error_is_that_of_a_clustered_regression(tallies: list[Tally]) -> None:
    """Of a constant on the runs, with statsmodels' correction for few clusters."""
    known = [tally for tally in tallies if tally.valid]
    error = clustered_standard_error(tallies)
    if len(known) < 2:
        assert error is None
        return
    from statsmodels.regression.linear_model import OLS

    runs = [run < tally.passed for tally in known for run in range(tally.valid)]
    groups = [number for number, tally in enumerate(known) for _ in range(tally.valid)]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        fit = OLS(np.array(runs, dtype=float), np.ones(len(runs))).fit(cov_type="cluster", cov_kwds={"groups": groups})

    assert error == pytest.approx(float(fit.bse[0]), abs=1e-9)


def test_with_equal_counts_it_is_the_error_of_the_tasks_mean() -> None:
    rates = [tally.passed / tally.valid for tally in OSS_20B]

    assert clustered_standard_error(OSS_20B) == pytest.approx(float(stats.sem(rates)))


@SOME
@given(TALLIES)
def test_an_interval_holds_its_share_and_is_wider_than_wilsons(tallies: list[Tally]) -> None:
    """Clusters never say more than so many independent runs."""
    interval = clustered_interval(tallies)
    passed, valid = sum(tally.passed for tally in tallies), sum(tally.valid for tally in tallies)
    naive = wilson(passed, valid)
    if interval is None:
        assert sum(1 for tally in tallies if tally.valid) < 2
        return
    assert naive is not None
    assert 0 <= interval.low <= passed / valid <= interval.high <= 1
    assert interval.high - interval.low >= naive.high - naive.low - 1e-12


def test_copies_of_a_run_count_once_and_independent_runs_count_each() -> None:
    copies = [Tally(3, 3)] * 5 + [Tally(0, 3)] * 5
    mixed = [Tally(1, 2)] * 10

    assert effective_runs(copies) == 10
    assert effective_runs(mixed) == 20
    assert effective_runs([Tally(3, 3)] * 10) == 10
    assert effective_runs([Tally(3, 3)]) is None


@pytest.mark.parametrize(
    ("tasks", "runs", "points"), [(10, 3, 42), (10, 1, 59), (10, 10, 34), (30, 3, 24), (89, 5, 12.5), (500, 1, 8.4)]
)
def test_the_detectable_effect_is_the_published_one(tasks: int, runs: int, points: float) -> None:
    effect = detectable_effect(tasks, runs)

    assert effect is not None
    assert 100 * effect == pytest.approx(points, abs=0.5)


def test_tasks_needed_are_the_published_ones() -> None:
    assert round(tasks_needed(0.03, None)) == 969
    assert round(tasks_needed(0.03, 1)) == 3876
    assert detectable_effect(0, 3) is None
    with pytest.raises(ValueError, match="cannot be looked for"):
        tasks_needed(0, 3)


@pytest.mark.parametrize(
    ("tally", "word"), [((3, 3), "reliable"), ((1, 3), "unstable"), ((0, 3), "fails"), ((0, 0), "unknown")]
)
def test_stability_of_a_task(tally: tuple[int, int], word: str) -> None:
    assert Stability.of(Tally(*tally)) == word


def test_the_cost_interval_is_that_of_the_pseudo_values() -> None:
    """Tukey's, made by numpy and scipy: Student's interval of their mean, its skewness and its bias."""
    costs = [TaskCost(Decimal("0.0012") * (number + 1) ** 2, passed) for number, (passed, _) in enumerate(OSS_20B)]
    bill = np.array([float(cost.cost_usd) for cost in costs])
    passed = np.array([cost.passed for cost in costs])
    whole = np.log(bill.sum() / passed.sum())
    pseudo = 10 * whole - 9 * np.log((bill.sum() - bill) / (passed.sum() - passed))
    error, t = stats.sem(pseudo), stats.t.ppf(0.975, 9)
    skewness = stats.skew(pseudo, bias=False)
    johnson = max(0, skewness) * (1 + 2 * t * t) / (6 * np.sqrt(10)) * error
    ends = (min(whole, pseudo.mean()) - t * error, max(whole, pseudo.mean()) + t * error + johnson)
    ours = cost_per_pass_interval(costs)

    assert ours is not None
    assert ours.high is not None
    assert [float(ours.low), float(ours.high)] == pytest.approx(np.exp(ends), rel=1e-8)
    assert ours == cost_per_pass_interval(costs[::-1])
    assert ours.low < Decimal(sum(cost.cost_usd for cost in costs)) / 25 < ours.high


@SOME
@given(st.lists(st.builds(TaskCost, st.decimals(0, 100, places=6), st.integers(0, 3)), min_size=2, max_size=12))
def test_a_cost_interval_holds_its_cost(costs: list[TaskCost]) -> None:
    """Whatever the bill: nothing at all, one dear task, two tasks."""
    interval = cost_per_pass_interval(costs)
    passed = sum(cost.passed for cost in costs)
    if interval is None:
        assert passed == 0
        return
    each = float(sum(cost.cost_usd for cost in costs) / passed)
    assert 0 <= float(interval.low) <= each * (1 + 1e-8)
    assert interval.high is None or float(interval.high) >= each * (1 - 1e-8)


def test_a_cost_without_passes_has_no_end() -> None:
    cents = Decimal("0.01")

    assert cost_per_pass_interval([TaskCost(cents, 0)] * 5) is None
    assert cost_per_pass_interval([TaskCost(cents, 3)]) is None
    rare = cost_per_pass_interval([TaskCost(cents, 3)] + [TaskCost(cents, 0)] * 9)
    assert rare is not None
    assert rare.high is None
    same = cost_per_pass_interval([TaskCost(cents, 3)] * 4)
    assert same is not None
    assert float(same.low) == pytest.approx(0.01 / 3)
    assert same.low == same.high

"""Figures against published tables and against definitions computed the long way."""

from __future__ import annotations

from decimal import Decimal
from itertools import combinations

import pytest

from pytest_agentcore.scoring.efficiency import per, ratio_text, usd_text
from pytest_agentcore.scoring.statistics import Tally, mean_pass_at_k, mean_pass_hat_k, pass_at_k, pass_hat_k, wilson


@pytest.mark.parametrize(
    ("passed", "low", "high"),
    [(28, 0.787, 0.982), (25, 0.664, 0.927), (20, 0.488, 0.808), (30, 0.886, 1.0)],
)
def test_wilson_gives_the_published_intervals_of_thirty_runs(passed: int, low: float, high: float) -> None:
    interval = wilson(passed, 30)

    assert interval is not None
    assert (round(interval.low, 3), round(interval.high, 3)) == (low, high)


def test_wilson_solves_its_own_equation() -> None:
    """Each end p is where (share - p)^2 = z^2 p (1 - p) / n."""
    interval = wilson(7, 19, confidence=0.9)

    assert interval is not None
    assert interval.confidence == 0.9
    for end in (interval.low, interval.high):
        assert (7 / 19 - end) ** 2 == pytest.approx(1.6448536269514722**2 * end * (1 - end) / 19)


def test_wilson_of_no_runs_is_none_and_its_ends_are_exact() -> None:
    assert wilson(0, 0) is None
    none, every = wilson(0, 5), wilson(5, 5)
    assert none is not None
    assert every is not None
    assert none.low == 0.0
    assert every.high == 1.0


@pytest.mark.parametrize(("passed", "total"), [(-1, 3), (4, 3), (0, -1)])
def test_counts_that_are_none_are_refused(passed: int, total: int) -> None:
    with pytest.raises(ValueError, match="no count"):
        wilson(passed, total)


def test_a_confidence_outside_of_its_range_is_refused() -> None:
    with pytest.raises(ValueError, match="95 must lie between 0 and 1"):
        wilson(1, 3, confidence=95)


@pytest.mark.parametrize("valid", range(1, 7))
def test_pass_k_equals_the_count_of_all_draws(valid: int) -> None:
    for passed in range(valid + 1):
        runs = [True] * passed + [False] * (valid - passed)
        for k in range(1, valid + 1):
            draws = list(combinations(runs, k))
            tally = Tally(passed, valid)
            assert pass_at_k(tally, k) == pytest.approx(sum(map(any, draws)) / len(draws))
            assert pass_hat_k(tally, k) == pytest.approx(sum(map(all, draws)) / len(draws))


def test_more_draws_than_valid_runs_are_refused() -> None:
    assert pass_at_k(Tally(2, 2), 3) is None
    assert pass_hat_k(Tally(2, 2), 3) is None
    assert pass_hat_k(Tally(2, 2), 0) is None


def test_the_mean_over_tasks_needs_every_task() -> None:
    full = [Tally(passed, 3) for passed in (3, 3, 1, 2, 3, 3, 3, 3, 1, 3)]

    assert mean_pass_hat_k(full, 3) == pytest.approx(0.7)
    assert mean_pass_hat_k(full, 1) == pytest.approx(25 / 30)
    assert mean_pass_at_k(full, 3) == 1.0
    assert mean_pass_hat_k([*full, Tally(2, 2)], 3) is None
    assert mean_pass_hat_k([], 3) is None


@pytest.mark.parametrize(
    ("value", "reference", "text"),
    [
        ("0.0013", "0.000481", "2.7x"),
        ("0.0015", "0.000481", "3.1x"),
        ("0.0022", "0.000481", "4.6x"),
        ("0.070", "0.000481", "146x"),
        ("0.051", "0.000481", "106x"),
        ("0.528", "0.00316", "167x"),
        ("0.051", "0.001034", "49x"),
        ("0.051", "0.00067", "76x"),
        ("9.94", "1", "9.9x"),
        ("9.96", "1", "10x"),
        ("0.25", "1", "0.3x"),
    ],
)
def test_ratios_print_as_published(value: str, reference: str, text: str) -> None:
    assert ratio_text(Decimal(value), Decimal(reference)) == text


def test_a_ratio_of_unknowns_says_so() -> None:
    assert ratio_text(None, Decimal(1)) == "n/a"
    assert ratio_text(Decimal(1), None) == "n/a"
    assert ratio_text(Decimal(1), Decimal(0)) == "n/a"
    assert ratio_text(Decimal("5.8"), Decimal("0.5"), decimals=1) == "11.6x"


def test_cost_per_pass_and_per_run_are_exact() -> None:
    total = Decimal("0.012015")

    assert per(total, 25) == Decimal("0.0004806")
    assert usd_text(per(total, 25)) == "$0.000481"
    assert per(total, 30) == Decimal("0.0004005")
    assert per(Decimal("0.051") * 28, 30) == Decimal("0.0476")
    assert usd_text(per(Decimal("0.03"), 29), significant=1) == "$0.001"
    assert per(total, 0) is None
    assert per(None, 25) is None


@pytest.mark.parametrize(
    ("amount", "text"),
    [
        ("0", "$0.00"),
        ("0.012015", "$0.012"),
        ("0.03", "$0.03"),
        ("0.5", "$0.50"),
        ("0.0476", "$0.0476"),
        ("0.00000012345", "$0.000000123"),
        ("0.0009996", "$0.001"),
        ("1.428", "$1.43"),
        ("9.999", "$10.00"),
        ("12345.678", "$12345.68"),
        ("-0.25", "-$0.25"),
        ("1e40", "$1" + "0" * 40 + ".00"),
    ],
)
def test_money_keeps_three_digits_and_cents(amount: str, text: str) -> None:
    assert usd_text(Decimal(amount)) == text


def test_unknown_money_is_not_zero() -> None:
    assert usd_text(None) == "unknown"

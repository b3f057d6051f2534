"""Exact tests against other implementations, and against all exchanges counted one by one."""

from __future__ import annotations

from fractions import Fraction
from itertools import product
from unittest.mock import patch

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.contingency_tables import mcnemar as other_mcnemar
from statsmodels.stats.multitest import multipletests

from pytest_agentcore.scoring.paired import exchange_p, fisher, holm, mcnemar, sign_flip, tie_groups
from tests.unit.sample_values import SOME

THIRDS = st.integers(-3, 3).map(lambda third: Fraction(third, 3))
SHARES = st.fractions(min_value=-1, max_value=1, max_denominator=10)


@SOME
@given(st.lists(SHARES, min_size=1, max_size=9))
def test_the_p_value_counts_all_exchanges(differences: list[Fraction]) -> None:
    """Of all 2^n sign patterns, the share whose sum is at least as far from zero."""
    seen = abs(sum(differences, Fraction()))
    sums = [
        sum((sign * one for sign, one in zip(signs, differences, strict=True)), Fraction())
        for signs in product((1, -1), repeat=len(differences))
    ]

    assert exchange_p(differences) == pytest.approx(sum(abs(one) >= seen for one in sums) / len(sums), rel=1e-12)


@SOME
@given(st.lists(THIRDS, min_size=2, max_size=8))
def test_the_p_value_is_scipys(differences: list[Fraction]) -> None:
    """In whole thirds, so that scipy's floats are exact."""
    sample = np.array([int(3 * one) for one in differences], dtype=float)
    other = stats.permutation_test((sample,), np.sum, permutation_type="samples", n_resamples=np.inf)

    assert exchange_p(differences) == pytest.approx(other.pvalue)


def test_hundreds_of_tasks_are_exact_too() -> None:
    """Where all differ by one the test is the sign test."""
    differences = [Fraction(1, 3)] * 270 + [Fraction(-1, 3)] * 230

    assert exchange_p(differences) == pytest.approx(stats.binomtest(270, 500).pvalue)


def test_the_interval_is_students() -> None:
    differences = [Fraction(third, 3) for third in (1, 0, -2, -1, 0, 1, 2, 0, 1, 0)]
    paired = sign_flip(differences)
    other = stats.ttest_1samp([float(one) for one in differences], 0).confidence_interval(0.95)

    assert paired is not None
    assert (paired.tasks, paired.informative) == (10, 6)
    assert paired.mean == pytest.approx(2 / 30)
    assert [paired.low, paired.high] == pytest.approx([other.low, other.high])


def test_the_ends_of_nothing_and_of_one_task() -> None:
    assert sign_flip([]) is None
    one = sign_flip([Fraction(1)])
    assert one is not None
    assert (one.p_value, one.low, one.high) == (1.0, None, None)
    assert exchange_p([Fraction(0)] * 10) == 1.0
    assert exchange_p([Fraction(1)] * 10) == 2 / 1024


@pytest.mark.parametrize(("gained", "lost"), [(0, 0), (5, 0), (6, 0), (5, 3), (40, 22)])
def test_mcnemar_is_statsmodels(gained: int, lost: int) -> None:
    other = other_mcnemar([[10, gained], [lost, 10]], exact=True) if gained + lost else None

    assert mcnemar(gained, lost) == pytest.approx(1.0 if other is None else other.pvalue)


def test_six_runs_on_one_side_are_needed() -> None:
    """The published fact on exact McNemar."""
    assert mcnemar(5, 0) > 0.05 > mcnemar(6, 0)


@pytest.mark.parametrize(
    ("a", "b"), [((58, 1000), (5, 1000)), ((0, 30), (0, 30)), ((3, 30), (0, 30)), ((7, 9), (1, 40))]
)
def test_fisher_is_scipys(a: tuple[int, int], b: tuple[int, int]) -> None:
    other = stats.fisher_exact([[a[0], a[1] - a[0]], [b[0], b[1] - b[0]]])

    assert fisher(*a, *b) == pytest.approx(other.pvalue)


@SOME
@given(st.lists(st.floats(0, 1), min_size=1, max_size=12))
def test_holm_is_statsmodels(p_values: list[float]) -> None:
    with patch("gc.collect"):  # it collects in each call, which takes a tenth of a second among so many tests
        other = multipletests(p_values, method="holm")[1]

    assert holm(p_values) == pytest.approx(other)


def test_a_group_is_what_cannot_be_told_from_its_first() -> None:
    scores = [30, 29, 20, 19, 5]

    def p_value(one: int, other: int) -> float:
        return 0.001 if scores[one] - scores[other] > 5 else 0.5

    assert tie_groups(5, p_value) == [1, 1, 2, 2, 3]
    assert tie_groups(0, p_value) == []
    assert tie_groups(3, lambda *_: 1.0) == [1, 1, 1]
    # 0.03 alone would do; as the smallest of two it does not after Holm.
    assert tie_groups(3, lambda *_: 0.03) == [1, 1, 1]


@pytest.mark.parametrize("call", [lambda: mcnemar(-1, 0), lambda: fisher(2, 1, 0, 1)])
def test_no_counts_are_refused(call: object) -> None:
    with pytest.raises(ValueError, match="no counts"):
        call()  # type: ignore[operator]

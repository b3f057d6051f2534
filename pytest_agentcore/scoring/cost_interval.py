"""How sure the cost of a passing run is, over tasks like these: a ratio of two sums, of few and very unlike tasks."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from math import exp, fsum, log, sqrt
from typing import NamedTuple

from pytest_agentcore.domain.campaign import CostInterval
from pytest_agentcore.scoring import student

_FEWEST = 2  # tasks that can vary
_UNIT = Decimal("1e-15")
"""US dollars are counted in these, so that sums are exact and their order does not matter."""
_DIGITS = 9  # printed of an end: what lies behind them is the C library's


class TaskCost(NamedTuple):
    """One task's share of the bill."""

    cost_usd: Decimal
    passed: int


class _Spread(NamedTuple):
    """How the logarithm of the ratio varies with the tasks that were drawn."""

    error: float
    """Standard error."""
    bias: float
    """What leaving tasks out adds to the estimate."""
    skewness: float


def cost_per_pass_interval(tasks: Sequence[TaskCost], *, confidence: float = 0.95) -> CostInterval | None:
    """Interval of total cost / passing runs over tasks like these; None with fewer than two tasks or without a pass.

    Student's interval of the logarithm, which is less skewed than the ratio and knows no negative costs, by the
    jackknife over tasks (Tukey 1958). A few dear tasks make the ratio of ten tasks too low more often than too high:
    the upper end reaches further by Johnson's correction for skewness (1978), and both ends allow for the bias.
    """
    costs = [int(task.cost_usd / _UNIT) for task in tasks]
    passes = [task.passed for task in tasks]
    cost, passed = sum(costs), sum(passes)
    if len(tasks) < _FEWEST or not passed:
        return None
    if not cost:
        return CostInterval(low=Decimal(0), high=Decimal(0), confidence=confidence)
    t = student.quantile(confidence, len(tasks) - 1)
    spread = _jackknife(costs, passes) or _linearised(costs, passes)
    further = max(0.0, spread.skewness) * (1 + 2 * t * t) / (6 * sqrt(len(tasks)))
    ratio = cost / passed
    low = ratio * exp(min(0.0, spread.bias) - t * spread.error)
    # All passes on one task: without it there is none, so nothing bounds what a pass costs.
    high = None if max(passes) == passed else ratio * exp(max(0.0, spread.bias) + (t + further) * spread.error)
    return CostInterval(low=_usd(low), high=None if high is None else _usd(high), confidence=confidence)


def _jackknife(costs: Sequence[int], passes: Sequence[int]) -> _Spread | None:
    """From the ratios that leave one task out; None where one of them has no pass or no cost."""
    count, cost, passed = len(costs), sum(costs), sum(passes)
    rest = [(cost - own, passed - its) for own, its in zip(costs, passes, strict=True)]
    if not all(left and right for left, right in rest):
        return None
    whole = log(cost / passed)
    without = [log(left / right) for left, right in rest]
    mean = fsum(without) / count
    # The task's own pseudo-value is count × whole - (count - 1) × without it.
    off = [(count - 1) * (mean - one) for one in without]
    square, cube = fsum(one**2 for one in off), fsum(one**3 for one in off)
    if not square:
        return _Spread(0.0, 0.0, 0.0)
    skewness = 0.0
    if count > _FEWEST:
        skewness = cube * count / ((count - 1) * (count - 2)) / (square / (count - 1)) ** 1.5
    return _Spread(error=sqrt(square / (count * (count - 1))), bias=(count - 1) * (whole - mean), skewness=skewness)


def _linearised(costs: Sequence[int], passes: Sequence[int]) -> _Spread:
    count, cost, passed = len(costs), sum(costs), sum(passes)
    square = fsum((own / cost - its / passed) ** 2 for own, its in zip(costs, passes, strict=True))
    return _Spread(error=sqrt(square * count / (count - 1)), bias=0.0, skewness=0.0)


def _usd(figure: float) -> Decimal:
    return Decimal(f"{figure:.{_DIGITS - 1}e}") * _UNIT

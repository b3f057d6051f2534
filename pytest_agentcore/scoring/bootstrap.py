"""How sure a cost is: the tasks drawn again, with a fixed seed, so that equal runs give equal figures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from math import sqrt
from random import Random
from statistics import NormalDist
from typing import NamedTuple

from pytest_agentcore.scoring import student

SEED = 20_260_521
RESAMPLES = 4_000
_FEWEST = 2  # tasks that can vary
_UNIT = Decimal("1e-15")
"""US dollars are counted in these, so that sums are exact and their order does not matter."""


class TaskCost(NamedTuple):
    """One task's share of the bill."""

    cost_usd: Decimal
    passed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CostInterval:
    """Interval of the cost of a passing run, in US dollars."""

    low: Decimal
    high: Decimal | None
    """None: so many draws have no passing run that there is no upper end."""
    confidence: float


def cost_per_pass_interval(
    tasks: Sequence[TaskCost], *, confidence: float = 0.95, resamples: int = RESAMPLES, seed: int = SEED
) -> CostInterval | None:
    """Bootstrap over tasks of total cost / passing runs; None with fewer than two tasks or without a pass.

    Expanded percentiles (Hesterberg 2015): plain ones are too short for few tasks, as the normal distribution is in
    place of Student's. A draw without a passing run counts as dearer than every other.
    """
    if len(tasks) < _FEWEST or not any(task.passed for task in tasks):
        return None
    count = len(tasks)
    costs = [int(task.cost_usd / _UNIT) for task in tasks]
    passes = [task.passed for task in tasks]
    # Only random() is promised to give the same draws in every version of Python.
    draw = Random(seed).random  # noqa: S311 - nothing secret
    figures: list[float] = []
    for _ in range(resamples):
        drawn = [int(draw() * count) for _ in range(count)]
        passed = sum([passes[index] for index in drawn])
        figures.append(sum([costs[index] for index in drawn]) / passed if passed else float("inf"))
    figures.sort()
    tail = NormalDist().cdf(-sqrt(count / (count - 1)) * student.quantile(confidence, count - 1))
    low, high = figures[int(tail * resamples)], figures[min(resamples - 1, int((1 - tail) * resamples))]
    return CostInterval(low=_usd(low), high=None if high == float("inf") else _usd(high), confidence=confidence)


def _usd(figure: float) -> Decimal:
    return Decimal(f"{figure:.11e}") * _UNIT

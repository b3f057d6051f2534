"""How sure a score is when the unit is the task: runs of one task are alike and say less than as many tasks would."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from math import sqrt
from statistics import NormalDist

from pytest_agentcore.domain.campaign import Interval
from pytest_agentcore.scoring import student
from pytest_agentcore.scoring.statistics import Tally

_FEWEST = 2  # clusters that can vary


def clustered_standard_error(tallies: Sequence[Tally]) -> float | None:
    """Standard error of the share of passed runs over tasks like these, 0..1; tasks are clusters of runs.

    The linearised ratio estimator with the factor m / (m - 1), which for equal run counts is the standard error of the
    tasks' mean. None when fewer than two tasks have a valid run.
    """
    known = [tally for tally in tallies if tally.valid]
    if len(known) < _FEWEST:
        return None
    total = sum(tally.valid for tally in known)
    share = sum(tally.passed for tally in known) / total
    squares = sum((tally.passed - share * tally.valid) ** 2 for tally in known)
    return sqrt(squares * len(known) / (len(known) - 1)) / total


def effective_runs(tallies: Sequence[Tally]) -> float | None:
    """How many independent runs would tell as much: between the number of tasks and the number of valid runs.

    When all runs passed, or none, nothing tells how alike runs of a task are: the number of tasks. None as above.
    """
    error = clustered_standard_error(tallies)
    if error is None:
        return None
    tasks = sum(1 for tally in tallies if tally.valid)
    total = sum(tally.valid for tally in tallies)
    share = sum(tally.passed for tally in tallies) / total
    if share in {0, 1}:
        return float(tasks)
    if error == 0:
        return float(total)
    return min(float(total), max(float(tasks), share * (1 - share) / error**2))


def clustered_interval(tallies: Sequence[Tally], *, confidence: float = 0.95) -> Interval | None:
    """Interval of the share that passes over tasks like these: Wilson's, with the effective number of runs.

    Student's t in place of the normal quantile, for the number of tasks is small. None when fewer than two tasks have
    a valid run.

    Raises:
        ValueError: the confidence is outside 0..1.
    """
    runs = effective_runs(tallies)
    if runs is None:
        return None
    tasks = sum(1 for tally in tallies if tally.valid)
    share = sum(tally.passed for tally in tallies) / sum(tally.valid for tally in tallies)
    wide = student.quantile(confidence, tasks - 1) ** 2
    middle = (share + wide / (2 * runs)) / (1 + wide / runs)
    half = sqrt(wide * (share * (1 - share) / runs + wide / (4 * runs * runs))) / (1 + wide / runs)
    low = 0.0 if share == 0 else max(0.0, middle - half)
    high = 1.0 if share == 1 else min(1.0, middle + half)
    return Interval(low=low, high=high, confidence=confidence)


class Stability(StrEnum):
    """What the valid runs of a task say together."""

    RELIABLE = "reliable"
    """All passed."""
    UNSTABLE = "unstable"
    FAILS = "fails"
    """None passed."""
    UNKNOWN = "unknown"
    """No run is valid."""

    @classmethod
    def of(cls, tally: Tally) -> Stability:
        """The stability of one task."""
        if not tally.valid:
            return cls.UNKNOWN
        if tally.passed == tally.valid:
            return cls.RELIABLE
        return cls.UNSTABLE if tally.passed else cls.FAILS


def detectable_effect(
    tasks: int,
    runs: int,
    *,
    between: float = 1 / 9,
    within: float = 1 / 6,
    alpha: float = 0.05,
    power: float = 0.8,
) -> float | None:
    """Least difference of two pass rates (0..1) that a paired design of ``tasks`` × ``runs`` finds with this power.

    Miller (2024), "Adding Error Bars to Evals": ``between`` is the variance over tasks of the true difference,
    ``within`` each model's variance between runs of one task. A difference below it is not to be expected to show.
    None when there is nothing to detect with.
    """
    if tasks < 1 or runs < 1:
        return None
    return _reach(alpha, power) * sqrt((between + 2 * within / runs) / tasks)


def tasks_needed(
    effect: float,
    runs: int | None,
    *,
    between: float = 1 / 9,
    within: float = 1 / 6,
    alpha: float = 0.05,
    power: float = 0.8,
) -> float:
    """How many tasks find a difference of ``effect`` (0..1); ``runs`` of None is the limit of very many runs a task.

    Raises:
        ValueError: no effect, or no runs.
    """
    if effect <= 0 or (runs is not None and runs < 1):
        raise ValueError(f"an effect of {effect!r} with {runs!r} runs a task cannot be looked for")
    noise = between + (0.0 if runs is None else 2 * within / runs)
    return _reach(alpha, power) ** 2 * noise / effect**2


def _reach(alpha: float, power: float) -> float:
    normal = NormalDist()
    return normal.inv_cdf(1 - alpha / 2) + normal.inv_cdf(power)

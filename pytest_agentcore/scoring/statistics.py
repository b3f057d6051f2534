"""How sure a share is, and how steady: pure functions of counts."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from math import comb, sqrt
from statistics import NormalDist
from typing import NamedTuple

from pytest_agentcore.domain.campaign import Interval


class Tally(NamedTuple):
    """The valid runs of one task."""

    passed: int
    valid: int


def wilson(passed: int, total: int, *, confidence: float = 0.95) -> Interval | None:
    """The score interval of Wilson (1927) for ``passed`` of ``total`` independent runs; None when there are none.

    Runs of one task are alike, so the truth is less certain than this says.

    Raises:
        ValueError: the counts are no counts, or the confidence is outside 0..1.
    """
    _require_counts(passed, total)
    if not 0 < confidence < 1:
        raise ValueError(f"confidence {confidence!r} must lie between 0 and 1")
    if total == 0:
        return None
    z = NormalDist().inv_cdf((1 + confidence) / 2)
    share, z2 = passed / total, z * z
    middle = (share + z2 / (2 * total)) / (1 + z2 / total)
    half = z * sqrt(share * (1 - share) / total + z2 / (4 * total * total)) / (1 + z2 / total)
    # At the ends the formula is exact and the arithmetic is not: 1 - 1e-16 is no bound of a share of one.
    low = 0.0 if passed == 0 else max(0.0, middle - half)
    high = 1.0 if passed == total else min(1.0, middle + half)
    return Interval(low=low, high=high, confidence=confidence)


def pass_at_k(tally: Tally, k: int) -> float | None:
    """Chance that at least one of ``k`` runs of a task passes, unbiased (Chen et al. 2021); None when k > valid."""
    chance = _at_least_one(tally, k)
    return None if chance is None else float(chance)


def pass_hat_k(tally: Tally, k: int) -> float | None:
    """Chance that all of ``k`` runs of a task pass, C(c, k) / C(n, k) (tau-bench, 2024); None when k > valid."""
    chance = _all(tally, k)
    return None if chance is None else float(chance)


def mean_pass_at_k(tallies: Sequence[Tally], k: int) -> float | None:
    """``pass_at_k``, mean over tasks; None when there is no task or one has fewer than ``k`` valid runs."""
    return _mean([_at_least_one(tally, k) for tally in tallies])


def mean_pass_hat_k(tallies: Sequence[Tally], k: int) -> float | None:
    """``pass_hat_k``, mean over tasks; None when there is no task or one has fewer than ``k`` valid runs."""
    return _mean([_all(tally, k) for tally in tallies])


def _at_least_one(tally: Tally, k: int) -> Fraction | None:
    _require_counts(tally.passed, tally.valid)
    if not 1 <= k <= tally.valid:
        return None
    return 1 - Fraction(comb(tally.valid - tally.passed, k), comb(tally.valid, k))


def _all(tally: Tally, k: int) -> Fraction | None:
    _require_counts(tally.passed, tally.valid)
    if not 1 <= k <= tally.valid:
        return None
    return Fraction(comb(tally.passed, k), comb(tally.valid, k))


def _mean(chances: Sequence[Fraction | None]) -> float | None:
    known = [chance for chance in chances if chance is not None]
    if not known or len(known) < len(chances):
        return None
    return float(sum(known, Fraction()) / len(known))


def _require_counts(passed: int, total: int) -> None:
    if not 0 <= passed <= total:
        raise ValueError(f"{passed!r} of {total!r} is no count of passed runs")

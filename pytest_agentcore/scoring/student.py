"""Student's t for whole degrees of freedom: what ten tasks need in place of the normal distribution."""

from __future__ import annotations

from functools import cache
from math import atan, cos, pi, sin, sqrt

_WIDEST = 1e6


def inside(t: float, df: int) -> float:
    """Chance that a Student variable lies within ±``t``: the finite series of Abramowitz & Stegun 26.7.3 and 26.7.4.

    Raises:
        ValueError: fewer than one degree of freedom.
    """
    if df < 1:
        raise ValueError(f"{df!r} degrees of freedom; Student's t needs one at least")
    angle = atan(abs(t) / sqrt(df))
    square = cos(angle) ** 2
    term = total = cos(angle) if df % 2 else 1.0
    if df == 1:
        total = 0.0
    for power in range(3 if df % 2 else 2, df - 1, 2):
        term *= square * (power - 1) / power
        total += term
    share = sin(angle) * total
    return 2 / pi * (angle + share) if df % 2 else share


@cache
def quantile(confidence: float, df: int) -> float:
    """The t within whose ± a Student variable lies with this chance, e.g. 2.262 for 0.95 and 9.

    Raises:
        ValueError: as :func:`inside`, or the confidence is outside 0..1.
    """
    if not 0 < confidence < 1:
        raise ValueError(f"confidence {confidence!r} must lie between 0 and 1")
    low, high = 0.0, _WIDEST
    while (middle := (low + high) / 2) not in (low, high):
        low, high = (middle, high) if inside(middle, df) < confidence else (low, middle)
    return high

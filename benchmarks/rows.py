"""A row of the table: figures that are medians over repeats, what they were to reach, and what was thrown away."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from benchmarks.measurement import Expectation, Measurement, objections


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """What a figure is not to exceed."""

    figure: str
    most: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One line of the table."""

    section: str
    name: str
    figures: Mapping[str, float] = field(default_factory=dict)
    """By name with unit, e.g. ``wall s``; empty when nothing could be believed."""
    targets: tuple[Target, ...] = ()
    rejected: tuple[str, ...] = ()
    """Why measurements were thrown away."""
    repeats: int = 0
    """Measurements behind each median."""

    def met(self, target: Target) -> bool | None:
        """Is the target reached? None when its figure is missing."""
        value = self.figures.get(target.figure)
        return None if value is None else value <= target.most


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """The floor and ours, one right after the other."""

    floor: Measurement
    ours: Measurement


def believable(pairs: Sequence[Pair], expected: Expectation) -> tuple[list[Pair], list[str]]:
    """The pairs of which both halves can be believed, and what is wrong with the others."""
    kept, rejected = [], []
    for pair in pairs:
        found = [f"floor: {text}" for text in objections(pair.floor, expected)]
        found += [f"ours: {text}" for text in objections(pair.ours, expected)]
        rejected += found
        if not found:
            kept.append(pair)
    return kept, rejected


def compared(pairs: Sequence[Pair]) -> dict[str, float]:
    """Medians of both; a ratio is the median of the ratios inside each pair, which a busy machine hits alike."""
    if not pairs:
        return {}
    median = statistics.median
    figures = {
        "floor wall s": median(pair.floor.wall_s for pair in pairs),
        "wall s": median(pair.ours.wall_s for pair in pairs),
        "wall / floor": median(pair.ours.wall_s / pair.floor.wall_s for pair in pairs),
        "floor cpu s": median(pair.floor.cpu_s for pair in pairs),
        "cpu s": median(pair.ours.cpu_s for pair in pairs),
        "cpu / floor": median(pair.ours.cpu_s / pair.floor.cpu_s for pair in pairs),
    }
    for label, name in (("pytest MB", "root"), ("gateway MB", "gateway")):
        seen = [pair.ours.pss_mb[name] for pair in pairs if name in pair.ours.pss_mb]
        if seen:
            figures[label] = median(seen)
    return figures


def marginal_ms(few: float, many: float, *, turns: int) -> float:
    """CPU of one more turn in milliseconds, from the CPU seconds of two loads that differ by so many turns."""
    return (many - few) / turns * 1000


def medians(measurements: Sequence[Measurement]) -> dict[str, float]:
    """Of wall and CPU."""
    if not measurements:
        return {}
    return {
        "wall s": statistics.median(one.wall_s for one in measurements),
        "cpu s": statistics.median(one.cpu_s for one in measurements),
    }

"""Do the intervals hold the truth as often as they say? ``python -m benchmarks.coverage [--draws N]``.

Tasks are drawn with a chance to pass from a beta distribution, runs with that chance. ``icc`` is how alike runs of one
task are: 0.01 hardly, 0.9 a task passes always or never. The truth is the mean chance over all such tasks.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from decimal import Decimal
from fractions import Fraction
from math import exp, inf
from random import Random
from statistics import median

from pytest_agentcore.domain.campaign import Interval
from pytest_agentcore.scoring import student
from pytest_agentcore.scoring.clustering import clustered_interval, clustered_standard_error
from pytest_agentcore.scoring.cost_interval import TaskCost, cost_per_pass_interval
from pytest_agentcore.scoring.paired import exchange_p, mcnemar
from pytest_agentcore.scoring.statistics import Tally, wilson

TASKS, RUNS = 10, 3
SHARES = (0.5, 0.8, 0.93)
LIKENESS = (0.01, 0.3, 0.7, 0.9)
SEED = 7
SPREADS = ((0.4, 1.5), (0.7, 1.0), (0.7, 1.5), (1.0, 1.0))
"""Of bills: standard deviation of the logarithm of a task's cost, and how much dearer a failed run is than a pass."""
_RUN_SPREAD = 0.3  # the same, of the runs of one task
_ALPHA = 0.05

Method = Callable[[Sequence[Tally]], Interval | None]


def student_interval(tallies: Sequence[Tally]) -> Interval | None:
    """Mean ± t × standard error, which knows nothing of 0 and 1: what is commonly done."""
    error = clustered_standard_error(tallies)
    if error is None:
        return None
    share = sum(tally.passed for tally in tallies) / sum(tally.valid for tally in tallies)
    half = student.quantile(0.95, len(tallies) - 1) * error
    return Interval(low=share - half, high=share + half)


def naive(tallies: Sequence[Tally]) -> Interval | None:
    """Wilson over runs."""
    return wilson(sum(tally.passed for tally in tallies), sum(tally.valid for tally in tallies))


METHODS: dict[str, Method] = {
    "Wilson over runs": naive,
    "Student over tasks": student_interval,
    "Wilson over tasks": clustered_interval,
}


def chances(dice: Random, share: float, icc: float) -> list[float]:
    """The tasks' chances to pass."""
    both = 1 / icc - 1
    return [dice.betavariate(share * both, (1 - share) * both) for _ in range(TASKS)]


def runs(dice: Random, tasks: Sequence[float]) -> list[Tally]:
    """One campaign."""
    return [Tally(sum(dice.random() < chance for _ in range(RUNS)), RUNS) for chance in tasks]


def coverage(draws: int) -> list[str]:
    """A line for each truth: how often each interval holds it, and how wide it is."""
    lines = [f"{'truth':>5} {'icc':>5}  " + "  ".join(f"{name:>20}" for name in METHODS)]
    for share in SHARES:
        for icc in LIKENESS:
            dice = Random(f"{SEED} {share} {icc}")  # noqa: S311 - nothing secret
            held, width = dict.fromkeys(METHODS, 0), dict.fromkeys(METHODS, 0.0)
            for _ in range(draws):
                campaign = runs(dice, chances(dice, share, icc))
                for name, method in METHODS.items():
                    if (interval := method(campaign)) is not None:
                        held[name] += interval.low <= share <= interval.high
                        width[name] += interval.high - interval.low
            cells = "  ".join(f"{100 * held[name] / draws:10.1f} % ± {width[name] / draws / 2:.2f}" for name in METHODS)
            lines.append(f"{share:5} {icc:5}  {cells}")
    return lines


def false_findings(draws: int) -> list[str]:
    """How often two campaigns are told apart whose models are equally good over tasks like these."""
    lines = [f"{'truth':>5} {'icc':>5}  {'paired over tasks':>20}  {'McNemar over runs':>20}"]
    for icc in LIKENESS:
        dice = Random(f"{SEED} null {icc}")  # noqa: S311 - nothing secret
        paired = by_run = 0
        for _ in range(draws):
            # Each task suits one of the two: that they are equal is true of the mean over tasks alone.
            one, other = (
                [[dice.random() < chance for _ in range(RUNS)] for chance in chances(dice, 0.5, icc)] for _ in range(2)
            )
            tasks = list(zip(one, other, strict=True))
            paired += exchange_p([Fraction(sum(a) - sum(b), RUNS) for a, b in tasks]) < _ALPHA
            pairs = [pair for a, b in tasks for pair in zip(a, b, strict=True)]
            by_run += mcnemar(pairs.count((True, False)), pairs.count((False, True))) < _ALPHA
        lines.append(f"{0.5:5} {icc:5}  {100 * paired / draws:18.1f} %  {100 * by_run / draws:18.1f} %")
    return lines


def bills(draws: int) -> list[str]:
    """How often the interval of the cost of a pass holds the truth, and by what factor its ends lie apart."""
    lines = [f"{'truth':>5} {'icc':>5}  " + "  ".join(f"spread {spread}, × {dearer}" for spread, dearer in SPREADS)]
    for share in SHARES:
        for icc in LIKENESS:
            cells = [_bill(draws, share, icc, spread, dearer) for spread, dearer in SPREADS]
            lines.append(f"{share:5} {icc:5}  " + "  ".join(f"{held:10.1f} %  ×{wide:3.1f}" for held, wide in cells))
    return lines


def _bill(draws: int, share: float, icc: float, spread: float, dearer: float) -> tuple[float, float]:
    dice = Random(f"{SEED} bill {share} {icc} {spread} {dearer}")  # noqa: S311 - nothing secret
    truth = exp((spread**2 + _RUN_SPREAD**2) / 2) * (share + (1 - share) * dearer) / share
    held = drawn = 0
    widths: list[float] = []
    for _ in range(draws):
        costs = [_task(dice, chance, spread, dearer) for chance in chances(dice, share, icc)]
        interval = cost_per_pass_interval(costs)
        if interval is None:
            continue
        drawn += 1
        held += float(interval.low) <= truth and (interval.high is None or truth <= float(interval.high))
        widths.append(float(interval.high / interval.low) if interval.high is not None else inf)
    return 100 * held / drawn, median(widths)


def _task(dice: Random, chance: float, spread: float, dearer: float) -> TaskCost:
    bill, passed = 0.0, 0
    usual = exp(dice.gauss(0, spread))
    for _ in range(RUNS):
        passes = dice.random() < chance
        bill += usual * exp(dice.gauss(0, _RUN_SPREAD)) * (1 if passes else dearer)
        passed += passes
    return TaskCost(Decimal(f"{bill:.12f}"), passed)


def main() -> int:
    """Print the three tables."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.coverage", description="Do the intervals hold?")
    parser.add_argument("--draws", type=int, default=10_000, metavar="N", help="campaigns for each truth")
    draws = parser.parse_args().draws
    if draws < 1:
        parser.error(f"--draws={draws}: must be at least 1")
    print(
        f"{TASKS} tasks × {RUNS} runs, {draws:,} draws; how often a 95 % interval holds the truth, and ± half its width"
    )
    print("\n".join(coverage(draws)))
    print("\nhow often equally good models are told apart at 5 %")
    print("\n".join(false_findings(draws)))
    print("\nhow often a 95 % interval holds the true cost of a passing run, and its upper end over its lower")
    print("\n".join(bills(draws)))
    return 0


if __name__ == "__main__":
    sys.exit(main())

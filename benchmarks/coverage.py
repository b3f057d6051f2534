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
from random import Random

from pytest_agentcore.domain.campaign import Interval
from pytest_agentcore.scoring import student
from pytest_agentcore.scoring.bootstrap import TaskCost, cost_per_pass_interval
from pytest_agentcore.scoring.clustering import clustered_interval, clustered_standard_error
from pytest_agentcore.scoring.paired import exchange_p, mcnemar
from pytest_agentcore.scoring.statistics import Tally, wilson

TASKS, RUNS = 10, 3
SHARES = (0.5, 0.8, 0.93)
LIKENESS = (0.01, 0.3, 0.7, 0.9)
SEED = 7
BILLS = 1_000  # draws of costs: each is a bootstrap of its own
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
    """How often the bootstrap holds the true cost of a pass."""
    lines = [f"{'truth':>5} {'icc':>5}  {'cost of a pass':>20}"]
    for icc in LIKENESS:
        dice = Random(f"{SEED} bill {icc}")  # noqa: S311 - nothing secret
        held = 0
        for _ in range(draws):
            bill = [Decimal(f"{dice.lognormvariate(-4, 0.7):.9f}") for _ in range(TASKS)]
            campaign = runs(dice, chances(dice, 0.8, icc))
            costs = [TaskCost(cost * RUNS, tally.passed) for cost, tally in zip(bill, campaign, strict=True)]
            interval = cost_per_pass_interval(costs, resamples=1_000)
            truth = Decimal("0.0183156") * Decimal("1.2776213") / Decimal("0.8")  # e^-4 and e^(0.7²/2)
            if interval is not None:
                held += interval.low <= truth and (interval.high is None or truth <= interval.high)
        lines.append(f"{0.8:5} {icc:5}  {100 * held / draws:18.1f} %")
    return lines


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
    print(f"\n{min(draws, BILLS):,} draws; how often a 95 % interval holds the true cost of a passing run")
    print("\n".join(bills(min(draws, BILLS))))
    return 0


if __name__ == "__main__":
    sys.exit(main())

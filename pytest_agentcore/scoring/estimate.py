"""What a session will cost, before it costs anything: from earlier campaigns, or by the shape of the suite.

From history: the mean cost of a run of each task, and a 95 % prediction interval from how far its runs lay apart.

By shape, where a task was never run: turn ``i`` of ``n`` sends the instructions, all answers and results so far, and
from the second turn on what was read of the workspace, four characters a token, nothing cached. Three habits:

=========  ===========  ======  ======  =========
habit      turns        answer  result  workspace
=========  ===========  ======  ======  =========
low        2            60      50      a tenth
expected   5            150     150     once
high       the budget   600     500     once
=========  ===========  ======  ======  =========

(tokens an answer, tokens a result). They rest on the reference solutions of agentic_core_v1, which take 3 to 6 turns,
and on its published costs: ten published totals of thirty runs all lie between ``low`` and ``high``; ``expected`` is
0.2 to 5.5 times the total, 2.5 times in the median. It is an order of magnitude, and rather too high.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from math import sqrt
from statistics import fmean
from typing import NamedTuple, Protocol

from pytest_agentcore.domain.campaign import CampaignRecord
from pytest_agentcore.domain.outcome import Cause, Outcome
from pytest_agentcore.scoring import student
from pytest_agentcore.scoring.efficiency import usd_text

CHARACTERS_PER_TOKEN = 4
CONFIDENCE = 0.95
ASSUMED_SPREAD = 0.5
"""Standard deviation of a run's cost, as a share of its mean, where no task has two runs to tell."""
_UNCOUNTED = (Cause.INFRA, Cause.NOT_RUN)


class Rates(Protocol):
    """US dollars per token."""

    @property
    def input(self) -> Decimal:
        """Of the prompt."""
        ...

    @property
    def output(self) -> Decimal:
        """Of the answer."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskShape:
    """What is known of a task before it is run, and how many runs of it are to be paid for."""

    task: str
    runs: int
    max_turns: int
    instructions: int
    """Characters of system prompt, prompt and tool specifications together, which every turn sends."""
    workspace: int = 0
    """Characters of the text files that the agent finds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """US dollars, and what they rest on."""

    low: Decimal | None
    """None when nobody knows a price; so are the other two."""
    expected: Decimal | None
    high: Decimal | None
    runs: int
    from_history: int = 0
    """Of the runs, those whose task was run before."""
    campaigns: int = 0
    """Earlier ones that it rests on."""
    most_turns: int = 0
    """The largest turn budget among the runs that were estimated by their shape."""


class _Habit(NamedTuple):
    turns: int | None
    """None = as many as there are."""
    answer: int
    result: int
    read: float
    """Share of the workspace that is read."""


LOW = _Habit(2, 60, 50, 0.1)
EXPECTED = _Habit(5, 150, 150, 1.0)
HIGH = _Habit(None, 600, 500, 1.0)


class _Costs(NamedTuple):
    """What earlier runs of one task cost, in US dollars."""

    mean: float
    variance: float | None
    """Of one run; None where a single run tells nothing of it."""
    runs: int


class _Range(NamedTuple):
    low: float
    expected: float
    high: float


def estimate(
    shapes: Iterable[TaskShape], *, rates: Rates | None = None, history: Sequence[CampaignRecord] = ()
) -> Estimate:
    """What so many runs of these tasks will cost.

    Args:
        shapes: one of each task; what a resumed campaign has already paid for is left out by the caller.
        rates: of the model; None where no price is known, and then history alone can tell.
        history: earlier campaigns of the same suite and model; runs without a known cost are passed over.
    """
    asked = [shape for shape in shapes if shape.runs > 0]
    runs = sum(shape.runs for shape in asked)
    costs, used = _earlier(history, {shape.task for shape in asked})
    known, new = [one for one in asked if one.task in costs], [one for one in asked if one.task not in costs]
    by_shape = [_range_of(shape, rates) for shape in new] if rates is not None else []
    if len(by_shape) < len(new):
        return Estimate(low=None, expected=None, high=None, runs=runs)
    expected = sum(shape.runs * costs[shape.task].mean for shape in known)
    half = _half_width([(shape.runs, costs[shape.task]) for shape in known])
    return Estimate(
        low=_dollars(max(0.0, expected - half) + sum(one.low for one in by_shape)),
        expected=_dollars(expected + sum(one.expected for one in by_shape)),
        high=_dollars(expected + half + sum(one.high for one in by_shape)),
        runs=runs,
        from_history=sum(shape.runs for shape in known),
        campaigns=used,
        most_turns=max((shape.max_turns for shape in new), default=0),
    )


def line(made: Estimate) -> str:
    """One line for a person, e.g. ``$0.42 ($0.20–$0.95) for 30 runs, from 2 earlier campaigns``."""
    runs = _count(made.runs, "run")
    if made.expected is None:
        return f"unknown for {runs}: no price is known; give --agent-prices=FILE"
    told = f"{_shown(made.expected)} ({_shown(made.low)}–{_shown(made.high)}) for {runs}"
    if not made.runs:
        return f"{told}: nothing is left to be paid for"
    shaped = made.runs - made.from_history
    shape = f"by the suite's shape: {EXPECTED.turns} turns a run expected, {made.most_turns} at most"
    if not made.from_history:
        return f"{told}, {shape}"
    return f"{told}, from {_count(made.campaigns, 'earlier campaign')}" + (
        f", {shaped} of them {shape}" if shaped else ""
    )


def tokens(shape: TaskShape, habit: _Habit) -> tuple[float, float]:
    """(input, output) tokens of one run of a task by someone of these habits, summed over its turns."""
    turns = shape.max_turns if habit.turns is None else min(habit.turns, shape.max_turns)
    fixed, read = shape.instructions / CHARACTERS_PER_TOKEN, habit.read * shape.workspace / CHARACTERS_PER_TOKEN
    grown = turns * (turns - 1) / 2 * (habit.answer + habit.result)
    return turns * fixed + grown + max(0, turns - 1) * read, turns * habit.answer


def _range_of(shape: TaskShape, rates: Rates) -> _Range:
    """US dollars of all runs of one task."""

    def cost(habit: _Habit) -> float:
        sent, got = tokens(shape, habit)
        return shape.runs * (sent * float(rates.input) + got * float(rates.output))

    return _Range(cost(LOW), cost(EXPECTED), cost(HIGH))


def _earlier(history: Iterable[CampaignRecord], tasks: set[str]) -> tuple[Mapping[str, _Costs], int]:
    """Costs by task, and from how many campaigns. What attempts cost that did not count is shared by those that did."""
    found: dict[str, list[float]] = {}
    lost, used = 0.0, 0
    for record in history:
        mine = {key: outcome for key, outcome in record.outcomes.items() if key.task in tasks}
        counted = [
            outcome for outcome in mine.values() if outcome.cause not in _UNCOUNTED and _cost(outcome) is not None
        ]
        for outcome in counted:
            found.setdefault(outcome.key.task, []).append(_cost(outcome) or 0.0)
        others = [outcome for outcome in mine.values() if outcome.cause is Cause.INFRA]
        others += [outcome for outcome in record.superseded if outcome.key.task in tasks]
        lost += sum(_cost(outcome) or 0.0 for outcome in others) if counted else 0.0
        used += bool(counted)
    paid = sum(sum(costs) for costs in found.values())
    share = 1 + lost / paid if paid else 1.0
    return {task: _summed([cost * share for cost in costs]) for task, costs in found.items()}, used


def _cost(outcome: Outcome) -> float | None:
    cost = outcome.usage.cost_usd
    return None if cost is None else float(cost)


def _summed(costs: Sequence[float]) -> _Costs:
    mean = fmean(costs)
    squares = sum((cost - mean) ** 2 for cost in costs)
    return _Costs(mean, squares / (len(costs) - 1) if len(costs) > 1 else None, len(costs))


def _half_width(tasks: Sequence[tuple[int, _Costs]]) -> float:
    """Half of the prediction interval of the sum: new runs scatter, and the means are known from some runs only.

    A task with one earlier run scatters as the others do, as a share of its mean.
    """
    freedom = sum(costs.runs - 1 for _, costs in tasks)
    squares = sum((costs.runs - 1) * (costs.variance or 0.0) / costs.mean**2 for _, costs in tasks if costs.mean)
    relative = squares / freedom if freedom else ASSUMED_SPREAD**2
    total = 0.0
    for runs, costs in tasks:
        variance = relative * costs.mean**2 if costs.variance is None else costs.variance
        total += variance * (runs + runs**2 / costs.runs)
    return (student.quantile(CONFIDENCE, freedom) if freedom else 2.0) * sqrt(total)


def _dollars(amount: float) -> Decimal:
    """Floats are enough for a guess; a dozen digits keep what is exact looking so."""
    return Decimal(f"{amount:.12g}")


def _shown(amount: Decimal | None) -> str:
    return usd_text(amount, significant=2)


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"

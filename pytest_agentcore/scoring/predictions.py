"""What was said before a campaign, held against what came out."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from math import log2

from pytest_agentcore.domain.campaign import Summary, TaskRow
from pytest_agentcore.domain.outcome import Detail, FailureMode
from pytest_agentcore.errors import ConfigError
from pytest_agentcore.scoring.expression import Expression

TASK_NAME = re.compile(r"task_\w+")
COUNTED = tuple(str(kind) for kind in (*FailureMode, *Detail))
"""Names whose value is the number of scored runs that failed so."""
FIGURES = (
    *("total", "planned", "pass_rate", "pass_hat_k", "cost_usd", "cost_per_pass", "cost_per_run"),
    *("turns", "tool_calls", "malformed_calls", "failed_calls", "input_tokens", "output_tokens"),
    *("n_valid", "n_infra", "n_resource"),
)
"""Names whose value is a figure of the summary; ``total`` is the number of passed runs."""
HEADLINE = "headline"
"""By this name the headline stands among what is judged."""
_ALWAYS_KNOWN = frozenset({"planned", "n_valid", "n_infra"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Headline:
    """What score is expected."""

    low: int
    high: int
    """The range, both ends included, in passed runs."""
    point: int | None = None
    probability: float | None = None
    """That the score lies in the range."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """One numbered prediction."""

    id: str
    expression: Expression
    says: str = ""
    """The same in words."""
    probability: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Prediction:
    """What one author said about one campaign."""

    title: str
    author: str
    about: Mapping[str, str]
    """Fields of the campaign's identity that must be so: suite, model, agent, profile, variant."""
    headline: Headline | None
    statements: tuple[Statement, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """One thing that was said, and how it came out."""

    id: str
    says: str
    outcome: str
    """The figures that decided it."""
    hit: bool | None
    """None when it cannot be decided."""
    why_open: str = ""
    probability: float | None = None

    @property
    def brier(self) -> float | None:
        """(probability - what happened)², 0 is best, 0.25 is a coin; None without a probability or a decision."""
        if self.hit is None or self.probability is None:
            return None
        return (self.probability - self.hit) ** 2

    @property
    def surprise_bits(self) -> float | None:
        """-log2 of the probability given to what happened, 0 is best, 1 is a coin."""
        if self.hit is None or self.probability is None:
            return None
        return -log2(self.probability if self.hit else 1 - self.probability)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scoring:
    """A prediction, scored."""

    judged: tuple[Judged, ...]
    range_miss: int | None
    """Passed runs above the range (positive) or below it; 0 inside; None without a headline or a score."""
    point_error: int | None
    """Passed runs less the point estimate."""

    @property
    def hits(self) -> int:
        """How many came true."""
        return sum(one.hit is True for one in self.judged)

    @property
    def decided(self) -> int:
        """How many could be decided."""
        return sum(one.hit is not None for one in self.judged)

    @property
    def mean_brier(self) -> float | None:
        """Mean over all that had a probability and were decided."""
        scores = [one.brier for one in self.judged if one.brier is not None]
        return sum(scores) / len(scores) if scores else None


def require_known(statement: Expression) -> None:
    """Refuse names that no campaign will ever have.

    Raises:
        ConfigError: one such name.
    """
    for name in statement.names:
        if name not in (*FIGURES, *COUNTED) and not TASK_NAME.fullmatch(name):
            known = ", ".join((*FIGURES, "task_NN", *COUNTED))
            raise ConfigError(f"{statement.text!r}: nothing is called {name!r}; known are {known}")


def score(prediction: Prediction, summary: Summary) -> Scoring:
    """Hold a prediction against a campaign."""
    judged = [_judge(statement, summary) for statement in prediction.statements]
    headline = prediction.headline
    if headline is None:
        return Scoring(judged=tuple(judged), range_miss=None, point_error=None)
    total = _known_total(summary)
    miss = None if total is None else max(0, total - headline.high) - max(0, headline.low - total)
    point = "" if headline.point is None else f", point {headline.point}"
    first = Judged(
        id=HEADLINE,
        says=f"{headline.low}–{headline.high}{point}",
        outcome="" if total is None else f"{total}/{summary.planned}",
        hit=None if miss is None else miss == 0,
        why_open="" if total is not None else _missing(summary),
        probability=headline.probability,
    )
    error = None if total is None or headline.point is None else total - headline.point
    return Scoring(judged=(first, *judged), range_miss=miss, point_error=error)


def _judge(statement: Statement, summary: Summary) -> Judged:
    expression = statement.expression
    values = {name: _value(summary, name) for name in expression.names}
    hit = expression.holds(lambda name: values[name][0])
    reasons = [why for value, why in values.values() if value is None]
    return Judged(
        id=statement.id,
        says=statement.says or expression.text,
        outcome=", ".join(f"{name} = {_plain(value)}" for name, (value, _) in values.items()),
        hit=hit,
        why_open="" if hit is not None else (reasons[0] if reasons else "a division by zero"),
        probability=statement.probability,
    )


def _value(summary: Summary, name: str) -> tuple[Fraction | None, str]:
    """The value of a name, or why there is none."""
    if TASK_NAME.fullmatch(name):
        return _task_value(summary, name)
    if name not in _ALWAYS_KNOWN and _known_total(summary) is None:
        return None, _missing(summary)
    if name in COUNTED:
        kinds = Counter(kind for row in summary.tasks if row.scored for kind in _kinds(row))
        return Fraction(kinds[name]), ""
    value = _figure(summary, name) if name in FIGURES else None
    return (None, f"{name} is not known") if value is None else (Fraction(str(value)), "")


def _task_value(summary: Summary, name: str) -> tuple[Fraction | None, str]:
    rows = [row for row in summary.tasks if row.scored and (row.task == name or row.task.startswith(f"{name}_"))]
    rows = [row for row in rows if row.task == name] or rows
    if len(rows) != 1:
        return None, f"{len(rows)} scored tasks are called {name}"
    missing = rows[0].planned - rows[0].valid
    if missing:
        return None, f"{missing} of {rows[0].planned} runs of {rows[0].task} missing"
    return Fraction(rows[0].passed), ""


def _kinds(row: TaskRow) -> list[str]:
    outcomes = [run.outcome for run in row.runs if run.outcome is not None and not run.outcome.passed]
    return [str(kind) for outcome in outcomes for kind in (outcome.failure_mode, outcome.detail) if kind is not None]


def _known_total(summary: Summary) -> int | None:
    return summary.passed if summary.has_score and summary.n_valid == summary.planned else None


def _missing(summary: Summary) -> str:
    if not summary.has_score:
        return f"no score: {summary.no_score_reason}"
    return f"{summary.planned - summary.n_valid} of {summary.planned} runs missing"


def _figure(summary: Summary, name: str) -> int | float | Decimal | Fraction | None:
    figure: int | float | Decimal | Fraction | None
    match name:
        case "total":
            figure = summary.passed
        case "pass_rate":
            figure = Fraction(summary.passed, summary.n_valid) if summary.n_valid else None
        case "cost_usd" | "input_tokens" | "output_tokens":
            figure = getattr(summary.usage, name)
        case _:
            figure = getattr(summary, name)
    return figure


def _plain(value: Fraction | None) -> str:
    if value is None:
        return "?"
    return str(value) if value.denominator == 1 else f"{float(value):.6g}"

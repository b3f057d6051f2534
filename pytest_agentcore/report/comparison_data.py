"""A comparison as builtins, for other programs."""

from __future__ import annotations

from dataclasses import asdict
from decimal import Decimal
from fractions import Fraction
from typing import Any

from pytest_agentcore.domain.campaign import CostInterval, Interval, TaskRow
from pytest_agentcore.report.comparison import Against, Comparison, Side, Step, stability
from pytest_agentcore.report.comparison_text import sentences
from pytest_agentcore.scoring.efficiency import per

SCHEMA_VERSION = 1
_PLACES = 12  # of a figure that went through a function of the C library, whose last digits are its own


def document(comparison: Comparison) -> dict[str, Any]:
    """Shares lie in 0..1, differences of shares in -1..1, money is decimal text in US dollars, unknown is None."""
    return {
        "schema_version": SCHEMA_VERSION,
        "sentences": sentences(comparison),
        "tasks": list(comparison.tasks),
        "left_out": list(comparison.left_out),
        "campaigns": [_side(side, comparison.tasks) for side in comparison.sides],
        "against_baseline": [_against(one) for one in comparison.against],
        "manifests_differ": [
            {"what": one.what, "values": list(one.values), "condition": one.condition} for one in comparison.differs
        ],
    }


def _side(side: Side, tasks: tuple[str, ...]) -> dict[str, Any]:
    summary = side.summary
    low, high = summary.bounds
    return {
        "campaign": side.record.folder,
        "label": side.label,
        "model": side.record.identity.model,
        "score": summary.passed if summary.has_score else None,
        "no_score_reason": summary.no_score_reason or None,
        "n_valid": summary.n_valid,
        "planned": summary.planned,
        "n_infra": summary.n_infra,
        "infra_rate": summary.n_infra / summary.planned if summary.planned else None,
        "quarantined": summary.quarantined,
        "bounds": [low, high],
        "pass_rate": summary.pass_rate,
        "wilson_interval": _interval(summary.interval),
        "interval_over_tasks": _interval(summary.interval_over_tasks),
        "pass_hat_k": summary.pass_hat_k,
        "runs_per_task": summary.runs_per_task,
        "total_cost_usd": _money(summary.usage.cost_usd),
        "cost_per_run_usd": _money(summary.cost_per_run),
        "cost_per_pass_usd": _money(summary.cost_per_pass),
        "cost_per_pass_interval": _cost_interval(summary.cost_interval),
        "tasks": {task: {**_work(side.row(task)), "stability": str(stability(side, task))} for task in tasks},
    }


def _work(row: TaskRow) -> dict[str, Any]:
    def a_run(total: int) -> float | None:
        return total / row.valid if row.valid else None

    return {
        "passed": row.passed,
        "valid": row.valid,
        "planned": row.planned,
        "cost_per_run_usd": _money(per(row.usage.cost_usd, row.valid)),
        "input_tokens_per_run": a_run(row.usage.input_tokens),
        "output_tokens_per_run": a_run(row.usage.output_tokens),
        "output_tokens_by_run": {str(run.run): run.outcome.usage.output_tokens for run in row.runs if run.outcome},
        "turns_per_run": a_run(row.turns),
        "tool_calls_per_run": a_run(row.tool_calls),
        "failures": {str(run.run): run.failure for run in row.runs if run.failure},
    }


def _against(one: Against) -> dict[str, Any]:
    test = one.test
    return {
        "label": one.side.label,
        "deltas": {step.task: _delta(step) for step in one.steps},
        "up": one.up,
        "equal": one.equal,
        "down": one.down,
        "net_runs": sum(step.runs for step in one.steps if step.runs is not None) if _countable(one) else None,
        "distinguishable": one.distinguishable,
        "paired_test": None if test is None else {**asdict(test), "low": _round(test.low), "high": _round(test.high)},
        "p_adjusted": one.p_adjusted,
        "runs_gained": one.gained,
        "runs_lost": one.lost,
        "minimum_detectable_effect": _round(one.detectable),
        "cost_ratio": _money(one.cost_ratio),
        "infra_p": one.infra_p,
    }


def _countable(one: Against) -> bool:
    return all(step.runs is not None for step in one.steps)


def _delta(step: Step) -> int | float | None:
    return step.runs if step.runs is not None else _share(step.rate)


def _share(rate: Fraction | None) -> float | None:
    return None if rate is None else float(rate)


def _interval(interval: Interval | None) -> dict[str, float] | None:
    if interval is None:
        return None
    low, high = round(interval.low, _PLACES), round(interval.high, _PLACES)
    return {"low": low, "high": high, "level": interval.confidence}


def _cost_interval(interval: CostInterval | None) -> dict[str, Any] | None:
    if interval is None:
        return None
    return {"low": _money(interval.low), "high": _money(interval.high), "level": interval.confidence}


def _money(amount: Decimal | None) -> str | None:
    return None if amount is None else format(amount, "f")


def _round(figure: float | None) -> float | None:
    return None if figure is None else round(figure, _PLACES)

"""From the record of a campaign to its summary."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from decimal import Decimal

from pytest_agentcore.domain.campaign import CampaignRecord, CostInterval, RunRow, RunState, Summary, TaskRow
from pytest_agentcore.domain.outcome import Outcome, RunKey
from pytest_agentcore.domain.usage import Usage
from pytest_agentcore.scoring.clustering import clustered_interval, detectable_effect
from pytest_agentcore.scoring.cost_interval import TaskCost, cost_per_pass_interval
from pytest_agentcore.scoring.efficiency import per
from pytest_agentcore.scoring.statistics import Tally, mean_pass_hat_k, wilson


def summarise(record: CampaignRecord, *, min_coverage: float = 1.0) -> Summary:
    """Add a campaign up. A run that is planned and has no outcome stays in every denominator."""
    tasks = _task_rows(record)
    scored = [row for row in tasks if row.scored]
    states = Counter(run.state for row in scored for run in row.runs)
    valid = [run.outcome for row in scored for run in row.runs if run.outcome is not None and run.state.valid]
    passed = states[RunState.PASSED]
    usage = _total(outcome.usage for outcome in valid)
    tallies = [Tally(row.passed, row.valid) for row in scored]
    k = min((row.planned for row in scored), default=0)
    return Summary(
        tasks=tasks,
        passed=passed,
        planned=states.total(),
        n_valid=len(valid),
        n_infra=states[RunState.INFRA],
        n_resource=states[RunState.RESOURCE],
        n_checker=states[RunState.CHECKER],
        n_not_run=states[RunState.NOT_RUN],
        n_superseded=len(record.superseded),
        min_coverage=min_coverage,
        no_score_reason=_no_score(scored, len(valid)),
        interval=wilson(passed, len(valid)),
        interval_over_tasks=clustered_interval(tallies),
        detectable_effect=detectable_effect(len(scored), k),
        runs_per_task=k,
        pass_hat_k=mean_pass_hat_k(tallies, k),
        usage=usage,
        other_usage=_total(outcome.usage for outcome in _uncounted(record, tasks)),
        turns=sum(outcome.turns for outcome in valid),
        tool_calls=sum(outcome.tool_calls for outcome in valid),
        malformed_calls=sum(outcome.malformed_calls for outcome in valid),
        failed_calls=sum(outcome.failed_calls for outcome in valid),
        wall_s=round(sum(outcome.wall_s for outcome in valid), 3),
        working_s=round(sum(outcome.working_s for outcome in valid), 3),
        cost_per_run=per(usage.cost_usd, len(valid)),
        cost_per_pass=per(usage.cost_usd, passed),
        cost_interval=_cost_interval([row for row in scored if row.valid]),
    )


def _cost_interval(rows: list[TaskRow]) -> CostInterval | None:
    costs = [TaskCost(row.usage.cost_usd, row.passed) for row in rows if row.usage.cost_usd is not None]
    return cost_per_pass_interval(costs) if len(costs) == len(rows) else None


def failure_label(outcome: Outcome) -> str:
    """How a run failed, in a few characters: ``wrong_answer/wrong_value``, ``resource/oom_killed``; empty if passed."""
    if outcome.passed:
        return ""
    if outcome.failure_mode is not None:
        return f"{outcome.failure_mode}/{outcome.detail}" if outcome.detail else str(outcome.failure_mode)
    cause = str(outcome.cause or "failed")
    return f"{cause}/{outcome.reason}" if outcome.reason else cause


def _task_rows(record: CampaignRecord) -> tuple[TaskRow, ...]:
    runs: dict[str, list[RunKey]] = {}
    for key in sorted({*record.planned, *record.outcomes}):
        runs.setdefault(key.task, []).append(key)
    return tuple(_task_row(record, task, keys) for task, keys in runs.items())


def _task_row(record: CampaignRecord, task: str, keys: list[RunKey]) -> TaskRow:
    rows = tuple(_run_row(key, record.outcomes.get(key)) for key in keys)
    valid = [row.outcome for row in rows if row.outcome is not None and row.state.valid]
    return TaskRow(
        task=task,
        scored=task not in record.unscored,
        runs=rows,
        usage=_total(outcome.usage for outcome in valid),
        turns=sum(outcome.turns for outcome in valid),
        tool_calls=sum(outcome.tool_calls for outcome in valid),
    )


def _run_row(key: RunKey, outcome: Outcome | None) -> RunRow:
    failure = failure_label(outcome) if outcome is not None else ""
    return RunRow(run=key.run, state=RunState.of(outcome), failure=failure, outcome=outcome)


def _uncounted(record: CampaignRecord, tasks: tuple[TaskRow, ...]) -> list[Outcome]:
    """What was paid for and counts for nothing: earlier attempts, control tasks, runs that are not valid."""
    concluded = [
        run.outcome
        for row in tasks
        for run in row.runs
        if run.outcome is not None and not (row.scored and run.state.valid)
    ]
    return [*concluded, *record.superseded]


def _no_score(scored: list[TaskRow], n_valid: int) -> str:
    broken = [(row.task, run) for row in scored for run in row.runs if run.state is RunState.CHECKER]
    if broken:
        task, run = broken[0]
        reason = (run.outcome.reason if run.outcome is not None else None) or "no message"
        others = f" and {len(broken) - 1} more" if len(broken) > 1 else ""
        return f"the checker of {task} broke in run {run.run}{others}: {reason}"
    if n_valid == 0:
        return "no run was concluded" if scored else "no scored run was planned"
    return ""


def _known(amounts: Iterable[Decimal | None]) -> Decimal | None:
    told = [amount for amount in amounts if amount is not None]
    return sum(told, Decimal(0)) if told else None


def _total(usages: Iterable[Usage]) -> Usage:
    # One pass in integers and one Decimal sum: adding frozen values one by one is slow for thousands of runs.
    items = list(usages)
    costs = [usage.cost_usd for usage in items if usage.cost_usd is not None]
    return Usage(
        calls=sum(usage.calls for usage in items),
        input_tokens=sum(usage.input_tokens for usage in items),
        output_tokens=sum(usage.output_tokens for usage in items),
        cached_tokens=sum(usage.cached_tokens for usage in items),
        cache_write_tokens=sum(usage.cache_write_tokens for usage in items),
        reasoning_tokens=sum(usage.reasoning_tokens for usage in items),
        cost_usd=sum(costs, Decimal(0)) if len(costs) == len(items) else None,
        estimated=any(usage.estimated for usage in items),
        billed_usd=_known(usage.billed_usd for usage in items),
        billed_differs=any(usage.billed_differs for usage in items),
        claimed_usd=_known(usage.claimed_usd for usage in items),
        claim_differs=any(usage.claim_differs for usage in items),
    )

"""A campaign as one HTML file: its score and how sure that is, every task, every run, and what was seen in it."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from pytest_agentcore.domain.campaign import CampaignRecord, RunRow, RunState, Summary, TaskRow
from pytest_agentcore.domain.evidence import Examined
from pytest_agentcore.domain.outcome import RunKey
from pytest_agentcore.report.conditions import conditions
from pytest_agentcore.report.data_pack_evidence import evidence_patterns
from pytest_agentcore.report.models import display_name
from pytest_agentcore.report.page import rendered, short_name, strip
from pytest_agentcore.report.prediction_report import Scored, sentences
from pytest_agentcore.report.text import clock, percent
from pytest_agentcore.scoring.clustering import Stability
from pytest_agentcore.scoring.efficiency import per, usd_text
from pytest_agentcore.scoring.statistics import Tally

_MARKS = {
    RunState.PASSED: "✓",
    RunState.FAILED: "✗",
    RunState.RESOURCE: "R",
    RunState.INFRA: "I",
    RunState.CHECKER: "C",
    RunState.NOT_RUN: "·",
}
_LONGEST_MESSAGE = 2_000
_LONGEST_VALUE = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One of the numbers at the head of the page."""

    name: str
    value: str
    told: str = ""
    """What has to be known to read it."""
    bar: dict[str, str] | None = None


def page(
    record: CampaignRecord,
    summary: Summary,
    examined: Mapping[RunKey, Examined],
    predictions: Sequence[Scored] = (),
) -> str:
    """The page. Equal runs give equal bytes but for the campaign's date, its folder and the times of its runs."""
    identity = record.identity
    suite = f"{identity.suite}@{identity.suite_version}" if identity.suite_version else identity.suite
    most = max((row.usage.cost_usd or Decimal(0) for row in summary.tasks), default=Decimal(0))
    rows = [_task(row, examined, most) for row in summary.tasks]
    values = {
        "model": display_name(identity.model) or "unknown model",
        "model_id": identity.model,
        "suite": suite or "unknown suite",
        "campaign": record.folder,
        "date": _date(record),
        "warnings": _warnings(record, summary),
        "figures": _figures(summary),
        "most_runs": max((row.planned for row in summary.tasks), default=0),
        "priced": any(row["cost"] for row in rows),
        "tasks": rows,
        "failures": _failures(summary),
        "patterns": _patterns(summary, examined),
        "examined": len(examined),
        "predictions": [_prediction(one) for one in predictions],
        "conditions": [(name, _brief(value)) for name, value in sorted(conditions(record.manifest).items())],
        "manifest": json.dumps(record.manifest, indent=2, sort_keys=True, default=str).splitlines(),
    }
    return rendered("campaign.html", values)


def _date(record: CampaignRecord) -> str:
    clock_ = record.manifest.get("clock")
    return str(clock_.get("created_at", ""))[:10] if isinstance(clock_, Mapping) else ""


def _warnings(record: CampaignRecord, summary: Summary) -> list[str]:
    told = []
    if record.identity.model.startswith("scripted/"):
        told.append("A script was replayed: no model was asked.")
    elif record.manifest.get("synthetic"):
        told.append("Synthetic: these runs were made up, no model was asked.")
    if not summary.has_score:
        told.append(f"No score: {summary.no_score_reason}.")
    if summary.quarantined:
        low, high = summary.bounds
        told.append(
            f"Not to be ranked: {summary.n_valid} of {summary.planned} runs are valid, so the score lies between "
            f"{low} and {high}."
        )
    return told


def _figures(summary: Summary) -> list[Figure]:
    return [figure for figure in (*_score(summary), *_cost(summary), *_work(summary)) if figure.value]


def _score(summary: Summary) -> list[Figure]:
    score = f"{summary.passed}/{summary.n_valid}" if summary.has_score else "none"
    rate, wilson, wide = summary.pass_rate, summary.interval, summary.interval_over_tasks
    k, effect = summary.runs_per_task, summary.detectable_effect
    steady = Counter(Stability.of(Tally(row.passed, row.valid)) for row in summary.tasks if row.scored)
    told = ", ".join(f"{steady[kind]} {kind}" for kind in Stability if steady[kind])
    return [
        Figure(name="score", value=score, told="" if rate is None else f"{percent(rate)} of the valid runs passed"),
        Figure(
            name="95 % over tasks like these",
            value="" if wide is None else f"{100 * wide.low:.1f}–{100 * wide.high:.1f} %",
            told=""
            if wilson is None
            else f"Wilson, were runs independent: {100 * wilson.low:.1f}–{100 * wilson.high:.1f} %",
            bar=strip(wide, rate),
        ),
        Figure(
            name=f"pass^{k}",
            value="" if summary.pass_hat_k is None else percent(summary.pass_hat_k),
            told=f"chance that all {k} runs of a task pass; tasks: {told}",
        ),
        Figure(
            name="this design can show",
            value="" if effect is None else f"{100 * effect:.0f} points",
            told="least difference to another campaign that shows in four cases of five",
        ),
    ]


def _cost(summary: Summary) -> list[Figure]:
    total, each, interval = summary.usage.cost_usd, summary.cost_per_pass, summary.cost_interval
    if total is None:
        return [Figure(name="cost", value="unknown", told="the price of a model call is not known")]
    run = "" if summary.cost_per_run is None else f"{usd_text(summary.cost_per_run)} a run"
    other = summary.other_usage.cost_usd
    more = f"; {usd_text(other)} more for what does not count" if other else ""
    if each is None:
        return [Figure(name="cost", value=usd_text(total), told=f"{run}{more}; no run passed, so a pass has no cost")]
    ends = ""
    if interval is not None:
        high = "no upper end" if interval.high is None else usd_text(interval.high)
        ends = f"95 % over tasks like these: {usd_text(interval.low)}–{high}"
    return [
        Figure(name="a passing run", value=usd_text(each), told=ends),
        Figure(name="cost", value=usd_text(total), told=f"{run}{more}"),
    ]


def _work(summary: Summary) -> list[Figure]:
    usage = summary.usage
    cached = f"{percent(usage.cached_tokens / usage.input_tokens)} of it cached" if usage.cached_tokens else ""
    counted = "estimated, not counted by the provider" if usage.estimated else ""
    bad = [f"{summary.malformed_calls:,} malformed", f"{summary.failed_calls:,} failed"]
    return [
        Figure(
            name="work",
            value=f"{summary.turns:,} turns",
            told=f"{summary.tool_calls:,} tool calls, {', '.join(bad)}",
        ),
        Figure(
            name="tokens",
            value=f"{usage.input_tokens:,} in, {usage.output_tokens:,} out",
            told="; ".join(part for part in (cached, counted) if part),
        ),
        Figure(
            name="working time", value=clock(summary.working_s), told=f"{clock(summary.wall_s)} wall, all runs added"
        ),
    ]


# Tasks and runs


def _task(row: TaskRow, examined: Mapping[RunKey, Examined], most: Decimal) -> dict[str, Any]:
    cost = row.usage.cost_usd
    failures = Counter(run.failure for run in row.runs if run.failure)
    return {
        "id": row.task,
        "short": short_name(row.task),
        "scored": row.scored,
        "score": f"{row.passed}/{row.valid}",
        "kind": str(Stability.of(Tally(row.passed, row.valid))),
        "cells": [{"mark": _MARKS[run.state], "state": str(run.state), "run": run.run} for run in row.runs],
        "failures": [f"{name} ×{count}" for name, count in sorted(failures.items(), key=lambda one: (-one[1], one[0]))],
        "turns": _a_run(row.turns, row.valid),
        "calls": _a_run(row.tool_calls, row.valid),
        "tokens": "" if not row.valid else f"{(row.usage.input_tokens + row.usage.output_tokens) // row.valid:,}",
        "cost": "" if cost is None or not row.valid else usd_text(per(cost, row.valid)),
        "share": None if not cost or not most else f"{100 * cost / most:.1f}",
        "runs": [_run(run, examined) for run in row.runs],
    }


def _a_run(total: int, valid: int) -> str:
    return f"{total / valid:.1f}" if valid else ""


def _run(run: RunRow, examined: Mapping[RunKey, Examined]) -> dict[str, Any]:
    outcome = run.outcome
    told: dict[str, Any] = {
        "run": run.run,
        "state": str(run.state),
        "failure": run.failure,
        "facts": [],
        "message": "",
        "findings": [],
        "final": None,
        "outputs": [],
    }
    if outcome is None:
        return told
    usage = outcome.usage
    told["facts"] = [
        f"{outcome.turns} turns, {outcome.tool_calls} tool calls",
        f"{usage.input_tokens:,} tokens in, {usage.output_tokens:,} out",
        "" if usage.cost_usd is None else usd_text(usage.cost_usd),
        f"{clock(outcome.working_s)} working",
        f"stop reason {outcome.stop_reason}" if outcome.stop_reason else "",
        {None: "", True: "injected fault met", False: "injected fault not met"}[outcome.fault_exercised],
        "its files would have passed" if outcome.checker_would_pass and not outcome.passed else "",
        f"attempt {outcome.attempt}" if outcome.attempt > 1 else "",
    ]
    told["message"] = outcome.message[:_LONGEST_MESSAGE].splitlines()
    seen = examined.get(outcome.key)
    if seen is not None:
        told["findings"] = [
            {"pattern": one.pattern, "turns": ", ".join(map(str, one.turns)), "quote": one.quote}
            for one in seen.findings
        ]
        told["final"] = seen.final_message
        told["outputs"] = [{"path": one.path, "change": one.change, "excerpt": one.excerpt} for one in seen.outputs]
    return told


def _failures(summary: Summary) -> list[dict[str, Any]]:
    found: dict[str, Counter[str]] = {}
    for row in summary.tasks:
        for run in row.runs if row.scored else ():
            if run.failure:
                found.setdefault(run.failure, Counter())[row.task] += 1
    ordered = sorted(found.items(), key=lambda one: (-one[1].total(), one[0]))
    return [
        {
            "failure": name,
            "runs": tasks.total(),
            "tasks": ", ".join(f"{task} ×{count}" for task, count in sorted(tasks.items())),
        }
        for name, tasks in ordered
    ]


def _patterns(summary: Summary, examined: Mapping[RunKey, Examined]) -> list[dict[str, Any]]:
    patterns: Mapping[str, Any] = evidence_patterns(summary, examined)["patterns"]
    return [
        {
            "name": name,
            "description": about["description"] or "of a plug-in",
            "runs": about["runs"],
            "where": ", ".join(about["where"]),
        }
        for name, about in patterns.items()
    ]


def _prediction(one: Scored) -> dict[str, Any]:
    marks = {True: "hit", False: "no", None: "open"}
    return {
        "sentences": sentences(one),
        "statements": [
            {
                "id": judged.id,
                "says": judged.says,
                "outcome": judged.outcome,
                "hit": marks[judged.hit],
                "why_open": judged.why_open,
                "brier": "" if judged.brier is None else f"{judged.brier:.3f}",
            }
            for judged in one.scoring.judged
        ],
    }


def _brief(value: str) -> str:
    return value if len(value) <= _LONGEST_VALUE else f"{value[:_LONGEST_VALUE]}…"

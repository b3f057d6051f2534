"""A campaign's report as lines of text: pure, the caller writes them."""

from __future__ import annotations

from pytest_agentcore.domain.campaign import CampaignRecord, Identity, Summary
from pytest_agentcore.domain.usage import Usage
from pytest_agentcore.report import grid
from pytest_agentcore.report.text import ascii_line, clean, clock, columns, fit, flow, paint, percent
from pytest_agentcore.scoring.efficiency import usd_text

NARROWEST = 40
INDENT = 10


def lines(
    summary: Summary, record: CampaignRecord, *, width: int, colour: bool = False, ascii_only: bool = False
) -> list[str]:
    """The whole report, at most ``width`` columns (40 at least) a line: title, task × run grid, figures.

    ``colour`` adds the terminal's own colours, ``ascii_only`` stays within ASCII. The same record gives the same
    lines, but for the line of times.
    """
    width = max(width, NARROWEST)
    written = [
        *_title(record.identity, width=width, colour=colour, ascii_only=ascii_only),
        "",
        *grid.lines(summary, width=width, colour=colour, ascii_only=ascii_only),
        "",
        *_score(summary, width=width, colour=colour),
        *_coverage(summary, width=width, colour=colour),
        *_cost(summary, width=width),
        *_work(summary, width=width),
        *flow("record", [clean(record.folder)], width=width, indent=INDENT),
    ]
    return [ascii_line(line) for line in written] if ascii_only else written


def title_parts(identity: Identity) -> list[str]:
    """What was measured, the model first; what the manifest does not say is left out."""
    suite = f"{identity.suite}@{identity.suite_version}" if identity.suite_version else identity.suite
    agent = f"agent {identity.agent}" if identity.agent not in {"", "builtin"} else ""
    variant = f"variant {identity.variant}" if identity.variant not in {"", "canonical"} else ""
    parts = [identity.model or "unknown model", suite, identity.level, identity.profile, agent, variant]
    return [part for part in parts if part]


def _title(identity: Identity, *, width: int, colour: bool, ascii_only: bool) -> list[str]:
    parts = [clean(part, ascii_only=ascii_only) for part in title_parts(identity)]
    model, *rest = flow("", parts, width=width, indent=0)
    name = fit(parts[0], width)
    painted = paint(name, "bold", on=colour) + model[len(name) :]
    longest = max(columns(line) for line in (model, *rest))
    return [painted, *rest, "─" * longest]


def _score(summary: Summary, *, width: int, colour: bool) -> list[str]:
    if not summary.has_score:
        reason = clean(summary.no_score_reason)
        hint = "fix the task and rescore" if summary.n_checker else ""
        written = flow("score", [f"none: {reason}", hint], width=width, indent=INDENT)
        return [paint(line, "red", on=colour) for line in written]
    rate = summary.pass_rate or 0.0
    score = f"{summary.passed}/{summary.n_valid}"
    interval = summary.interval
    parts = [f"{score}  {percent(rate)}"]
    if interval is not None:
        low, high = 100 * interval.low, 100 * interval.high
        parts.append(f"Wilson {100 * interval.confidence:.0f} % {low:.1f}–{high:.1f} %")
    if summary.pass_hat_k is not None and summary.runs_per_task > 1:
        parts.append(f"pass^{summary.runs_per_task} {percent(summary.pass_hat_k)}")
    written = flow("score", parts, width=width, indent=INDENT, separator="  ")
    return [written[0].replace(score, paint(score, "bold", on=colour), 1), *written[1:]]


def _coverage(summary: Summary, *, width: int, colour: bool) -> list[str]:
    written: list[str] = []
    if summary.n_valid < summary.planned:
        low, high = summary.bounds
        parts = [
            f"{summary.n_valid} of {summary.planned} runs valid ({percent(summary.coverage)})",
            _counted(summary.n_infra, "infra"),
            _counted(summary.n_checker, "checker error"),
            _counted(summary.n_not_run, "not run"),
            f"score between {low}/{summary.planned} and {high}/{summary.planned}",
        ]
        written += flow("coverage", parts, width=width, indent=INDENT)
    if summary.quarantined:
        note = f"quarantined: coverage below {percent(summary.min_coverage)}"
        loud = flow("", [note, "not to be ranked"], width=width, indent=INDENT)
        written += [paint(line, "yellow", on=colour) for line in loud]
    if summary.n_resource:
        written += flow(
            "resource", [f"{summary.n_resource} runs ended by a kill or a limit"], width=width, indent=INDENT
        )
    return written


def _counted(count: int, what: str) -> str:
    return f"{count} {what}" if count else ""


def _cost(summary: Summary, *, width: int) -> list[str]:
    usage = summary.usage
    if usage.cost_usd is None:
        parts = ["unknown price"]
    else:
        per_pass = "no passing run" if not summary.passed else f"{usd_text(summary.cost_per_pass)} a passing run"
        per_run = f"{usd_text(summary.cost_per_run)} a run" if summary.n_valid else ""
        parts = [f"{usd_text(usage.cost_usd)} total", per_run, per_pass]
    return flow("cost", [*parts, _other_cost(summary), _estimated(usage)], width=width, indent=INDENT)


def _other_cost(summary: Summary) -> str:
    other = summary.other_usage
    if not other.calls and not other.cost_usd:
        return ""
    amount = "unknown price" if other.cost_usd is None else usd_text(other.cost_usd)
    return f"and {amount} on runs that do not count"


def _estimated(usage: Usage) -> str:
    return "estimated" if usage.estimated else ""


def _work(summary: Summary, *, width: int) -> list[str]:
    usage = summary.usage
    bad = ", ".join(
        part
        for part in (_counted(summary.malformed_calls, "malformed"), _counted(summary.failed_calls, "failed"))
        if part
    )
    cached = f" ({percent(usage.cached_tokens / usage.input_tokens)} cached)" if usage.cached_tokens else ""
    work = [
        f"{summary.turns:,} turns",
        f"{summary.tool_calls:,} tool calls" + (f" ({bad})" if bad else ""),
    ]
    tokens = [f"{usage.input_tokens:,} in{cached}", f"{usage.output_tokens:,} out", _estimated(usage)]
    times = [f"{clock(summary.working_s)} working", f"{clock(summary.wall_s)} wall, all runs added"]
    return [
        *flow("work", work, width=width, indent=INDENT),
        *flow("tokens", tokens, width=width, indent=INDENT),
        *flow("time", times, width=width, indent=INDENT),
    ]

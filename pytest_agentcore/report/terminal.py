"""What a session says on a terminal, as lines of text: pure, the caller writes them.

Whatever a model wrote is escaped: no control character of its reaches the terminal.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import NamedTuple

from pytest_agentcore.domain.campaign import CampaignRecord, Identity, Summary
from pytest_agentcore.domain.outcome import Outcome
from pytest_agentcore.domain.trajectory import ToolResult, Trajectory, Turn
from pytest_agentcore.domain.usage import Usage
from pytest_agentcore.report import grid
from pytest_agentcore.report.rollup import failure_label
from pytest_agentcore.report.text import Style, clock, columns, fit, percent
from pytest_agentcore.scoring.clustering import Stability, clustered_interval
from pytest_agentcore.scoring.efficiency import usd_text
from pytest_agentcore.scoring.statistics import Tally

NARROWEST = 40


def lines(
    summary: Summary, record: CampaignRecord, *, width: int, colour: bool = False, ascii_only: bool = False
) -> list[str]:
    """The whole report, at most ``width`` columns (40 at least) a line: title, task × run grid, figures.

    The last line, which says where the record lies, is never cut, so that it can be copied.

    ``colour`` adds the terminal's own colours, ``ascii_only`` stays within ASCII. The same record gives the same
    lines, but for the line of times.
    """
    style = Style(width=max(width, NARROWEST), colour=colour, ascii_only=ascii_only)
    return style.finished(
        [
            *_title(record.identity, style),
            "",
            *grid.lines(summary, style),
            "",
            *_score(summary, style),
            *_tasks(summary, style),
            *_coverage(summary, style),
            *_cost(summary, style),
            *_work(summary, style),
            f"{'record':<10}{style.clean(record.folder)}",
        ]
    )


def title_parts(identity: Identity) -> list[str]:
    """What was measured, the model first; what the manifest does not say is left out."""
    suite = f"{identity.suite}@{identity.suite_version}" if identity.suite_version else identity.suite
    agent = f"agent {identity.agent}" if identity.agent not in {"", "builtin"} else ""
    variant = f"variant {identity.variant}" if identity.variant not in {"", "canonical"} else ""
    replay = "replay" if identity.replay_of else ""
    parts = [identity.model or "unknown model", suite, identity.level, identity.profile, agent, variant, replay]
    return [part for part in parts if part]


def _title(identity: Identity, style: Style) -> list[str]:
    parts = [style.clean(part) for part in title_parts(identity)]
    model, *rest = style.flow("", parts, indent=0)
    name = fit(parts[0], style.width)
    painted = style.paint(name, "bold") + model[len(name) :]
    longest = max(columns(line) for line in (model, *rest))
    return [painted, *rest, "─" * longest]


def _score(summary: Summary, style: Style) -> list[str]:
    if not summary.has_score:
        written = style.wrapped("score", f"none: {summary.no_score_reason}", most=3)
        if summary.n_checker:
            written += style.flow("", ["fix the task and rescore"])
        return [style.paint(line, "red") for line in written]
    rate = summary.pass_rate or 0.0
    score = f"{summary.passed}/{summary.n_valid}"
    interval = summary.interval
    parts = [f"{score}  {percent(rate)}"]
    if interval is not None:
        low, high = 100 * interval.low, 100 * interval.high
        parts.append(f"Wilson {100 * interval.confidence:.0f} % {low:.1f}–{high:.1f} %")
    if summary.pass_hat_k is not None and summary.runs_per_task > 1:
        parts.append(f"pass^{summary.runs_per_task} {percent(summary.pass_hat_k)}")
    written = style.flow("score", parts, separator="  ")
    return [written[0].replace(score, style.paint(score, "bold"), 1), *written[1:]]


def _tasks(summary: Summary, style: Style) -> list[str]:
    """The same with the task as the unit, which it is: runs of one task are alike."""
    tallies = [Tally(row.passed, row.valid) for row in summary.tasks if row.scored]
    interval = clustered_interval(tallies)
    if interval is None or not summary.has_score or summary.runs_per_task < 2:  # noqa: PLR2004 - one run is not steady
        return []
    found = Counter(Stability.of(tally) for tally in tallies)
    steady = [f"{found[kind]} {kind}" for kind in Stability if found[kind]]
    wide = (
        f"{100 * interval.confidence:.0f} % over tasks like these {100 * interval.low:.1f}–{100 * interval.high:.1f} %"
    )
    return style.flow("tasks", [*steady, wide])


def _coverage(summary: Summary, style: Style) -> list[str]:
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
        written += style.flow("coverage", parts)
    if summary.quarantined:
        note = f"quarantined: coverage below {percent(summary.min_coverage)}"
        loud = style.flow("", [note, "not to be ranked"])
        written += [style.paint(line, "yellow") for line in loud]
    if summary.n_resource:
        written += style.flow("resource", [f"{_plural(summary.n_resource, 'run')} ended by a kill or a limit"])
    if summary.n_superseded:
        written += style.flow("repeated", [f"{_plural(summary.n_superseded, 'attempt')} lost to infrastructure"])
    return written


def _plural(count: int, what: str) -> str:
    return f"{count:,} {what}" if count == 1 else f"{count:,} {what}s"


def _counted(count: int, what: str) -> str:
    return f"{count} {what}" if count else ""


def _cost(summary: Summary, style: Style) -> list[str]:
    usage = summary.usage
    if usage.cost_usd is None:
        parts = ["unknown price"]
    else:
        per_pass = "no passing run" if not summary.passed else f"{usd_text(summary.cost_per_pass)} a passing run"
        per_run = f"{usd_text(summary.cost_per_run)} a run" if summary.n_valid else ""
        parts = [f"{usd_text(usage.cost_usd)} total", per_run, per_pass]
    return style.flow("cost", [*parts, _other_cost(summary), _billed(usage), _claimed(usage), _estimated(usage)])


def _other_cost(summary: Summary) -> str:
    other = summary.other_usage
    if not other.calls and not other.cost_usd:
        return ""
    amount = "unknown price" if other.cost_usd is None else usd_text(other.cost_usd)
    return f"and {amount} on runs that do not count"


def _billed(usage: Usage) -> str:
    """Only where the provider says something else than the price table."""
    return f"but its provider billed {usd_text(usage.billed_usd)}" if usage.billed_differs else ""


def _claimed(usage: Usage) -> str:
    """Only where the agents count otherwise."""
    return f"but its agent claims {usd_text(usage.claimed_usd)}" if usage.claim_differs else ""


def _estimated(usage: Usage) -> str:
    return "estimated" if usage.estimated else ""


def _work(summary: Summary, style: Style) -> list[str]:
    usage = summary.usage
    bad = ", ".join(
        part
        for part in (_counted(summary.malformed_calls, "malformed"), _counted(summary.failed_calls, "failed"))
        if part
    )
    cached = f" ({percent(usage.cached_tokens / usage.input_tokens)} cached)" if usage.cached_tokens else ""
    work = [
        _plural(summary.turns, "turn"),
        _plural(summary.tool_calls, "tool call") + (f" ({bad})" if bad else ""),
    ]
    tokens = [f"{usage.input_tokens:,} in{cached}", f"{usage.output_tokens:,} out", _estimated(usage)]
    times = [f"{clock(summary.working_s)} working", f"{clock(summary.wall_s)} wall, all runs added"]
    return [
        *style.flow("work", work),
        *style.flow("tokens", tokens),
        *style.flow("time", times),
    ]


class CampaignFolder(NamedTuple):
    """A campaign as the header shows it."""

    folder: str
    """Path, for display."""
    resumed: int
    """Runs that the record already holds."""
    planned: int


def header_lines(
    *,
    suites: Sequence[str],
    models: Sequence[str],
    level: str,
    level_reason: str,
    concurrency: int,
    profiles: Sequence[str] = (),
    harness: str,
    campaigns: Sequence[CampaignFolder],
    width: int = 80,
    ascii_only: bool = False,
) -> list[str]:
    """What is about to be run; pytest prints it above the collection.

    ``harness`` is ``name@version``; ``level_reason`` says why the level is not a better one, empty when it is the best.
    Folders are never cut, so that they can be copied.
    """
    style = Style(width=max(width, NARROWEST), ascii_only=ascii_only)
    first = [style.clean(harness), *(style.clean(suite) for suite in suites)]
    walls = style.clean(level) + (f" ({style.clean(level_reason)})" if level_reason else "")
    in_flight = f"{_plural(concurrency, 'run')} in flight"
    written = [
        *style.flow("agentcore", first, indent=11),
        *style.flow("model", [style.clean(model) for model in models], indent=11),
        *style.wrapped("sandbox", f"{walls}, {in_flight}", most=3, indent=11),
        *(style.flow("resources", [style.clean(profile) for profile in profiles], indent=11) if profiles else ()),
    ]
    for number, campaign in enumerate(campaigns):
        written.append(f"{'campaign' if number == 0 else '':<11}{style.clean(campaign.folder)}")
        if campaign.resumed:
            written += style.flow("", [f"resumed, {campaign.resumed} of {campaign.planned} runs done"], indent=11)
    return style.finished(written)


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """Where a session stands."""

    in_flight: int
    done: int
    planned: int
    passed: int
    spent_usd: Decimal | None = Decimal(0)
    """None when a price is unknown."""
    left_s: float | None = None
    """Expected time until the last run ends, in seconds; None when nothing is known yet."""


def live(counts: Counts, *, width: int = 80, ascii_only: bool = False) -> str:
    """One line on where the session stands, to be written over itself."""
    style = Style(width=max(width, NARROWEST), ascii_only=ascii_only)
    parts = [
        f"{counts.done}/{counts.planned} done",
        f"{counts.passed} passed",
        f"{counts.in_flight} in flight",
        "unknown price" if counts.spent_usd is None else usd_text(counts.spent_usd),
        f"{clock(counts.left_s)} left" if counts.left_s is not None else "",
    ]
    return style.finished(style.flow("", parts, indent=0))[0]


def failure_section(
    outcome: Outcome,
    trajectory: Trajectory | None,
    folder: str,
    replay_command: str,
    *,
    width: int = 80,
    colour: bool = False,
    ascii_only: bool = False,
) -> list[str]:
    """One failed run for a person: how it failed, its last two turns, where it lies, how to replay it.

    Folder and command are never cut, so that they can be copied.
    """
    style = Style(width=max(width, NARROWEST), colour=colour, ascii_only=ascii_only)
    written = [style.paint(line, "red") for line in style.wrapped("failure", failure_label(outcome), most=2)]
    message = [part for line in outcome.message.splitlines() for part in style.wrapped("", line, most=2)]
    written += [*message[:_MESSAGE_LINES], *([f"{'':<10}…"] if len(message) > _MESSAGE_LINES else [])]
    if outcome.checker_would_pass:
        written += style.flow("", ["its files would have passed; the run did not end within its budget"])
    turns = trajectory.turns if trajectory is not None else ()
    for number, turn in list(enumerate(turns, start=1))[-_TURNS_SHOWN:]:
        written += _turn_lines(number, turn, style)
    written += [f"{'folder':<10}{style.clean(folder)}", f"{'replay':<10}{style.clean(replay_command)}"]
    return style.finished(written)


_MESSAGE_LINES = 8
_TURNS_SHOWN = 2
_CALLS_SHOWN = 4


def _turn_lines(number: int, turn: Turn, style: Style) -> list[str]:
    text = " ".join(turn.reply.text.split()) or ("(no text)" if not turn.reply.calls else "")
    written = style.wrapped(f"turn {number}", text, most=3)
    results = {result.call_id: result for result in turn.results}
    for call in turn.reply.calls[:_CALLS_SHOWN]:
        label = "" if written else f"turn {number}"
        arguments = " ".join(call.arguments.split())
        written += style.wrapped(label, f"{call.name} {arguments}", most=2, mark="→ ")
        if call.id in results:
            written += style.wrapped("", _result_text(results[call.id]), most=2, mark="← ")
    more = len(turn.reply.calls) - _CALLS_SHOWN
    return [*written, *style.flow("", [f"and {_plural(more, 'more call')}"])] if more > 0 else written


def _result_text(result: ToolResult) -> str:
    mark = "malformed: " if result.malformed else "error: " if result.error else ""
    return f"{mark}{' '.join(result.content.split())}"

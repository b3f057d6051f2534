"""The skeleton of an article on a campaign: every claim is derived and says where it stands in the data pack.

What a person has to add has its place and its tag: ``[Speculation]`` and ``[Unobserved]`` are left empty.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from pytest_agentcore.domain.campaign import CampaignRecord, RunRow, RunState, Summary, TaskRow
from pytest_agentcore.domain.evidence import Examined
from pytest_agentcore.domain.outcome import RunKey
from pytest_agentcore.report.data_pack_evidence import evidence_patterns, run_names
from pytest_agentcore.report.table import Table, markdown
from pytest_agentcore.report.text import clean, percent
from pytest_agentcore.scoring.efficiency import usd_text

SPECULATION = "[Speculation] …"
UNOBSERVED = "[Unobserved] …"
_MOST_FINDINGS = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Other:
    """Another campaign that this one is held against."""

    label: str
    sentences: tuple[str, ...]
    """Generated, one statement each."""
    steps: Mapping[str, str] = field(default_factory=dict)
    """Task -> the difference in runs."""


def lines(
    record: CampaignRecord,
    summary: Summary,
    examined: Mapping[RunKey, Examined],
    *,
    others: Sequence[Other] = (),
    predictions: Sequence[str] = (),
) -> list[str]:
    """The article in Markdown. ``predictions`` are lines on what was predicted, none where nothing was registered."""
    article = _Article(record, summary, examined, others)
    written = [*article.head(), *article.suite(), *article.context(), *article.tasks(), *article.patterns()]
    for row in summary.tasks:
        if row.passed < row.planned:
            written += article.task(row)
    return [*written, *article.cost(), *_predictions(predictions), *_open(), *_checking(record)]


def observed(*sources: str) -> str:
    """The tag of a claim: ``file: field`` in the data pack."""
    return f"[Observed — data pack {clean('; '.join(sources))}]"


def _summed(text: str, *fields: str) -> str:
    """A claim out of ``run_summary.json``."""
    return f"{text} {observed(*(f'run_summary.json: {field}' for field in fields))}"


class _Article:
    """The sections that are made of figures."""

    def __init__(
        self,
        record: CampaignRecord,
        summary: Summary,
        examined: Mapping[RunKey, Examined],
        others: Sequence[Other],
    ) -> None:
        self.record = record
        self.identity = record.identity
        self.summary = summary
        self.examined = examined
        self.others = others
        self.names = run_names(summary)

    def head(self) -> list[str]:
        """Who, what, when, and the result in a sentence."""
        identity, summary = self.identity, self.summary
        runs = sorted({row.planned for row in summary.tasks if row.scored})
        each = f" × {_count(runs[0], 'run')} each" if len(runs) == 1 else ""
        count = sum(row.scored for row in summary.tasks)
        clock = self.record.manifest.get("clock")
        date = str(clock.get("created_at", ""))[:10] if isinstance(clock, Mapping) else ""
        told = [
            f"# {markdown(identity.model or 'unknown model')} on {markdown(identity.suite or 'unknown suite')}",
            "",
            f"- Campaign: {markdown(self.record.folder)} {observed('run_timing.csv: campaign')}",
            f"- Model: {markdown(identity.model)} {observed('manifest.json: model')}",
            f"- Harness: {markdown(identity.harness)} {observed('manifest.json: harness')}",
            f"- Runs: {summary.planned} ({_count(count, 'task')}{each}) {observed('run_summary.json: planned')}",
        ]
        if date:
            told.append(f"- Campaign date: {markdown(date)} {observed('manifest.json: clock.created_at')}")
        if self.record.manifest.get("synthetic"):
            told.append(
                f"- Synthetic: these runs were made up, no model was asked {observed('manifest.json: synthetic')}"
            )
        return [*told, "", *self._result(), "", SPECULATION, ""]

    def _result(self) -> list[str]:
        summary = self.summary
        if not summary.has_score:
            return [_summed(f"There is no score: {markdown(summary.no_score_reason)}.", "no_score_reason")]
        told = [_summed(f"{markdown(self.identity.model)} {_score(summary)}.", "score", "wilson_interval")]
        if summary.quarantined:
            low, high = summary.bounds
            lost = f"{summary.planned - summary.n_valid} of {summary.planned} runs are not valid"
            text = f"{lost}, so the score lies between {low} and {high}: not to be ranked."
            told.append(_summed(text, "bounds", "quarantined"))
        return told

    def suite(self) -> list[str]:
        """What the benchmark asks."""
        tasks = sorted(row.task for row in self.summary.tasks if row.scored)
        version = f"@{self.identity.suite_version}" if self.identity.suite_version else ""
        name, named = markdown(self.identity.suite + version), markdown(", ".join(tasks))
        return [
            f"## What {markdown(self.identity.suite)} tests",
            "",
            f"{name}, {_count(len(tasks), 'scored task')}: {named}. {observed('per_task_results.json: tasks')}",
            "",
        ]

    def context(self) -> list[str]:
        """Under what conditions, and against whom."""
        conditions = {
            "agent": self.identity.agent,
            "sandbox_level": self.identity.level,
            "resource_profile": self.identity.profile,
            "variant": self.identity.variant,
        }
        named = ", ".join(
            f"{name.replace('_', ' ')} {markdown(value or 'unknown')}" for name, value in conditions.items()
        )
        told = [_summed(f"- {named}.", *conditions)]
        for other in self.others:
            tag = f"[Observed — data packs of {markdown(self.record.folder)} and {markdown(other.label)}]"
            told += [f"- {markdown(sentence)} {tag}" for sentence in other.sentences]
        return ["## The campaign context", "", *told, "", SPECULATION, ""]

    def tasks(self) -> list[str]:
        """The table of tasks, and what failed how often."""
        headings = ["Task", "Score", *(f"Delta vs {other.label}" for other in self.others), "Note"]
        rows = [
            [
                row.task,
                f"{row.passed}/{row.valid}",
                *(other.steps.get(row.task, "") for other in self.others),
                _note(row),
            ]
            for row in self.summary.tasks
        ]
        table = Table(headings=headings, rows=rows, left=frozenset({0, len(headings) - 1}))
        summary = self.summary
        rate = f" ({percent(summary.pass_rate)})" if summary.pass_rate is not None else ""
        return [
            "## Per-task results",
            "",
            observed("per_task_results.json: tasks", "pass_rate_by_task.csv"),
            "",
            *table.markdown(),
            "",
            _summed(f"Total: {summary.passed}/{summary.n_valid}{rate}.", "passed", "n_valid"),
            _summed(self._failures(), "failures"),
            "",
        ]

    def _failures(self) -> str:
        counts: dict[str, Counter[str]] = {}
        for row in self.summary.tasks:
            for run in row.runs if row.scored else ():
                if run.failure:
                    counts.setdefault(run.failure, Counter())[row.task] += 1
        told = [
            f"{failure} ×{tasks.total()} ({', '.join(f'{task}: ×{count}' for task, count in sorted(tasks.items()))})"
            for failure, tasks in sorted(counts.items(), key=lambda item: (-item[1].total(), item[0]))
        ]
        return f"Failures: {markdown('; '.join(told))}." if told else "No run failed."

    def patterns(self) -> list[str]:
        """What the detectors found, with its quotations."""
        patterns = evidence_patterns(self.summary, self.examined)["patterns"]
        if not self.examined:
            text = f"No trajectory was examined. {observed('evidence_patterns.json: runs_examined')}"
            return ["## Evidence in the trajectories", "", text, ""]
        rows = [[name, str(about["runs"]), str(about["findings"])] for name, about in patterns.items()]
        return [
            "## Evidence in the trajectories",
            "",
            f"{len(self.examined)} runs examined. {observed('evidence_patterns.json: runs_examined')}",
            "",
            observed("evidence_patterns.json: patterns"),
            "",
            *Table(headings=("Pattern", "Runs", "Findings"), rows=rows).markdown(),
            "",
            *self._quotations(),
            "",
            SPECULATION,
            "",
        ]

    def _quotations(self) -> Iterator[str]:
        found = [
            (self.names[key.task, key.run], finding)
            for key, one in sorted(self.examined.items())
            for finding in one.findings
        ]
        for name, finding in found[:_MOST_FINDINGS]:
            turns = f", turns {', '.join(map(str, finding.turns))}" if finding.turns else ""
            quote = markdown(finding.quote)
            yield f"- {markdown(finding.pattern)}{turns}: “{quote}” {observed(f'evidence_index.json: runs.{name}')}"
        if len(found) > _MOST_FINDINGS:
            yield f"- {len(found) - _MOST_FINDINGS} more findings. {observed('evidence_index.json: runs')}"

    def task(self, row: TaskRow) -> list[str]:
        """A task that not every run passed: what each run did, and room for why."""
        told = [self._run(row, run) for run in row.runs]
        return [f"## {markdown(row.task)}: {row.passed}/{row.valid}", "", *told, "", SPECULATION, "", UNOBSERVED, ""]

    def _run(self, row: TaskRow, run: RunRow) -> str:
        name = self.names[row.task, run.run]
        outcome = run.outcome
        if outcome is None:
            return f"- Run {run.run} was not made. {observed(f'per_task_results.json: tasks.{row.task}')}"
        state = "passed" if run.state is RunState.PASSED else markdown(run.failure or str(run.state))
        usage = outcome.usage
        text = (
            f"- Run {run.run}: {state}, {outcome.turns} turns, {outcome.tool_calls} tool calls, "
            f"{usage.input_tokens:,} tokens in, {usage.output_tokens:,} out"
        )
        sources = [f"per_task_results.json: tasks.{row.task}", "run_metrics.csv"]
        if outcome.fault_exercised is not None:
            text += f"; the injected fault was {'met' if outcome.fault_exercised else 'not met'}"
        examined = self.examined.get(outcome.key)
        if examined is not None:
            sources.append(f"evidence_index.json: runs.{name}")
            shown = [one for one in examined.outputs if one.excerpt][:1]
            text += "".join(f"; {markdown(one.path)}: “{markdown(one.excerpt or '')}”" for one in shown)
        return f"{text}. {observed(*sources)}"

    def cost(self) -> list[str]:
        """What was paid, and for what."""
        summary = self.summary
        total, each = summary.usage.cost_usd, summary.cost_per_pass
        runs = _count(summary.n_valid, "valid run")
        if total is None:
            told = [_summed("The price of a model call is not known, so the cost is not.", "total_cost_usd")]
        elif each is None:
            text = f"{usd_text(total)} for {runs}. No run passed, so a cost per passing run is not defined."
            told = [_summed(text, "total_cost_usd", "cost_per_pass_usd")]
        else:
            text = f"{usd_text(total)} for {runs}, {usd_text(each)} per passing run."
            told = [_summed(text, "total_cost_usd", "cost_per_pass_usd")]
        other = summary.other_usage.cost_usd
        if other:
            told.append(_summed(f"{usd_text(other)} more for what does not count.", "other_cost_usd"))
        return ["## Cost", "", *told, "", SPECULATION, ""]


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _score(summary: Summary) -> str:
    rate = f" ({percent(summary.pass_rate)})" if summary.pass_rate is not None else ""
    text = f"scored {summary.passed}/{summary.n_valid}{rate}"
    if summary.interval is not None:
        low, high = summary.interval.low, summary.interval.high
        text += f", Wilson {100 * summary.interval.confidence:.0f} % interval {percent(low)} to {percent(high)}"
    return text


def _note(row: TaskRow) -> str:
    counts = Counter(run.failure for run in row.runs if run.failure)
    missing = sum(run.state is RunState.NOT_RUN for run in row.runs)
    told = [f"{failure} ×{count}" for failure, count in sorted(counts.items(), key=lambda item: (-item[1], item[0]))]
    told += [f"not run ×{missing}"] if missing else []
    told += [] if row.scored else ["control, not counted"]
    return ", ".join(told) or "Clean"


def _predictions(predictions: Sequence[str]) -> list[str]:
    heading = ["## What we were wrong about", ""]
    if not predictions:
        return [
            *heading,
            "No prediction was registered for this campaign. [Observed — no predictions_scoring.json]",
            "",
        ]
    return [*heading, observed("predictions_scoring.json"), "", *predictions, "", SPECULATION, ""]


def _open() -> list[str]:
    return ["## What we don't know yet", "", SPECULATION, "", UNOBSERVED, ""]


def _checking(record: CampaignRecord) -> list[str]:
    name = markdown(record.folder)
    return ["## How to check this", "", f"`pytest-agentcore verify {name}` {observed('CHECKSUMS')}"]

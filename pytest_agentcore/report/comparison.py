"""Campaigns side by side: what differs, by how much, and whether that is more than chance."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction

from pytest_agentcore.domain.campaign import CampaignRecord, RunState, Summary, TaskRow
from pytest_agentcore.errors import ConfigError
from pytest_agentcore.report.conditions import Difference, differences
from pytest_agentcore.report.rollup import summarise
from pytest_agentcore.scoring import paired
from pytest_agentcore.scoring.clustering import Stability, detectable_effect
from pytest_agentcore.scoring.efficiency import ratio
from pytest_agentcore.scoring.statistics import Tally

ALPHA = 0.05
_FEWEST = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """One of the campaigns compared."""

    label: str
    """How it is called here: as short as tells it from the others."""
    record: CampaignRecord
    summary: Summary
    """On the tasks that are compared."""

    def row(self, task: str) -> TaskRow:
        """The runs of a task."""
        return next(row for row in self.summary.tasks if row.task == task)

    def rate(self, task: str) -> Fraction | None:
        """Share of a task's valid runs that passed; None when none is valid."""
        row = self.row(task)
        return Fraction(row.passed, row.valid) if row.valid else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One task of the other campaign against the baseline's."""

    task: str
    rate: Fraction | None
    """Difference of the pass rates; None when either has no valid run."""
    runs: int | None
    """The same in runs; None also when the two have not the same number of valid runs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Against:
    """One campaign against the baseline, on the tasks they share."""

    side: Side
    steps: tuple[Step, ...]
    test: paired.Paired | None
    """None when no task has valid runs on both sides."""
    p_adjusted: float | None
    """By Holm, over all campaigns that are held against this baseline."""
    gained: int
    """Runs that pass here and whose counterpart of the baseline does not."""
    lost: int
    detectable: float | None
    """Least difference of pass rates that this design finds in four cases of five."""
    cost_ratio: Decimal | None
    """Cost of a passing run over the baseline's."""
    infra_p: float
    """Fisher's exact p-value that both lose runs to infrastructure at one rate."""
    differs: tuple[Difference, ...]
    """In what the two manifests differ."""

    @property
    def up(self) -> int:
        """Tasks with a higher pass rate than the baseline's."""
        return sum(step.rate is not None and step.rate > 0 for step in self.steps)

    @property
    def down(self) -> int:
        """Tasks with a lower one."""
        return sum(step.rate is not None and step.rate < 0 for step in self.steps)

    @property
    def equal(self) -> int:
        """Tasks with the same one."""
        return sum(step.rate == 0 for step in self.steps)

    @property
    def distinguishable(self) -> bool:
        """Is the difference more than chance, at 5 % over all comparisons made here?"""
        return self.p_adjusted is not None and self.p_adjusted < ALPHA


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """A baseline and what is held against it."""

    baseline: Side
    against: tuple[Against, ...]
    tasks: tuple[str, ...]
    """Ids of the scored tasks that all have."""
    left_out: tuple[str, ...]
    """Scored tasks that not all have, or not in the same version."""
    differs: tuple[Difference, ...]
    """In what any of the manifests differ."""

    @property
    def sides(self) -> tuple[Side, ...]:
        """All campaigns, the baseline first."""
        return (self.baseline, *(one.side for one in self.against))


def compare(records: Sequence[CampaignRecord], *, common: bool = False, min_coverage: float = 1.0) -> Comparison:
    """Hold every campaign against the first. ``common``: on the tasks that all have in the same version.

    Raises:
        ConfigError: fewer than two; of different suites; or, without ``common``, different tasks.
    """
    if len(records) < _FEWEST:
        raise ConfigError(f"{len(records)} campaign to compare; name two at least, the baseline first")
    tasks, left_out = _shared(records)
    if left_out and not common:
        raise ConfigError(f"{_not_one_test(records, left_out)}; --common compares the {len(tasks)} tasks they share")
    if not tasks:
        raise ConfigError(f"{records[0].folder!r} and the others share no scored task; there is nothing to compare")
    records = [_only(record, tasks) for record in records] if left_out else records
    baseline, *others = [
        Side(label=label, record=record, summary=summarise(record, min_coverage=min_coverage))
        for label, record in zip(_labels(records), records, strict=True)
    ]
    steps = [_steps(baseline, other, tasks) for other in others]
    tests = [paired.sign_flip([step.rate for step in each if step.rate is not None]) for each in steps]
    adjusted = iter(paired.holm([test.p_value for test in tests if test is not None]))
    return Comparison(
        baseline=baseline,
        against=tuple(
            _against(baseline, other, walk, test, None if test is None else next(adjusted))
            for other, walk, test in zip(others, steps, tests, strict=True)
        ),
        tasks=tasks,
        left_out=left_out,
        differs=tuple(differences([record.manifest for record in records])),
    )


def _only(record: CampaignRecord, tasks: Sequence[str]) -> CampaignRecord:
    """The record as if these tasks had been all that was asked."""
    return replace(
        record,
        planned=tuple(key for key in record.planned if key.task in tasks),
        outcomes={key: outcome for key, outcome in record.outcomes.items() if key.task in tasks},
        superseded=tuple(outcome for outcome in record.superseded if outcome.key.task in tasks),
    )


def _shared(records: Sequence[CampaignRecord]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Scored tasks that all have in the same version, and those of which that is not so."""
    suites = sorted({record.identity.suite for record in records})
    if len(suites) > 1:
        raise ConfigError(f"campaigns of the suites {suites[0]!r} and {suites[1]!r} measure different things; name one")
    versions = [
        {(key.task, record.digests.get(key.task, "")) for key in record.planned if key.task not in record.unscored}
        for record in records
    ]
    shared = set.intersection(*versions)
    tasks = {task for task, _ in shared}
    return tuple(sorted(tasks)), tuple(sorted({task for task, _ in set.union(*versions)} - tasks))


def _not_one_test(records: Sequence[CampaignRecord], left_out: Sequence[str]) -> str:
    task = left_out[0]
    said = [
        f"{record.folder!r} ran {record.digests[task][:19] if task in record.digests else 'none'}" for record in records
    ]
    more = f" (and {len(left_out) - 1} more)" if len(left_out) > 1 else ""
    return f"not one test: of task {task!r}{more}, {' and '.join(sorted(set(said), key=said.index)[:2])}"


def _labels(records: Sequence[CampaignRecord]) -> list[str]:
    """The model where that tells them apart, else with what else differs, else the campaign's name."""
    identities = [record.identity for record in records]
    names = [identity.model or "unknown model" for identity in identities]
    for extra in ("profile", "agent", "level", "variant"):
        if len(set(names)) == len(names):
            return names
        values = [str(getattr(identity, extra)) for identity in identities]
        if len(set(values)) > 1:
            names = [f"{name} {value}".strip() for name, value in zip(names, values, strict=True)]
    if len(set(names)) == len(names):
        return names
    folders = [record.folder for record in records]
    if len(set(folders)) == len(folders):
        return folders
    return [f"{folder} #{number}" for number, folder in enumerate(folders, start=1)]


def _steps(baseline: Side, other: Side, tasks: Sequence[str]) -> tuple[Step, ...]:
    return tuple(_step(baseline, other, task) for task in tasks)


def _step(baseline: Side, other: Side, task: str) -> Step:
    before, after = baseline.rate(task), other.rate(task)
    if before is None or after is None:
        return Step(task=task, rate=None, runs=None)
    ours, theirs = other.row(task), baseline.row(task)
    runs = ours.passed - theirs.passed if ours.valid == theirs.valid else None
    return Step(task=task, rate=after - before, runs=runs)


def _against(
    baseline: Side, other: Side, steps: tuple[Step, ...], test: paired.Paired | None, adjusted: float | None
) -> Against:
    tasks = [step.task for step in steps]
    pairs = [pair for task in tasks for pair in _pairs(baseline.row(task), other.row(task))]
    fewest = min((min(baseline.row(task).valid, other.row(task).valid) for task in tasks), default=0)
    return Against(
        side=other,
        steps=steps,
        test=test,
        p_adjusted=adjusted,
        gained=sum(after and not before for before, after in pairs),
        lost=sum(before and not after for before, after in pairs),
        detectable=detectable_effect(len(tasks), fewest),
        cost_ratio=ratio(other.summary.cost_per_pass, baseline.summary.cost_per_pass),
        infra_p=paired.fisher(
            other.summary.n_infra, other.summary.planned, baseline.summary.n_infra, baseline.summary.planned
        ),
        differs=tuple(differences([baseline.record.manifest, other.record.manifest])),
    )


def _pairs(before: TaskRow, after: TaskRow) -> list[tuple[bool, bool]]:
    """Runs of the same index that are valid on both sides: did they pass?"""
    known = {run.run: run.state for run in before.runs if run.state.valid}
    return [
        (known[run.run] is RunState.PASSED, run.state is RunState.PASSED)
        for run in after.runs
        if run.state.valid and run.run in known
    ]


def stability(side: Side, task: str) -> Stability:
    """What the runs of a task say together."""
    row = side.row(task)
    return Stability.of(Tally(row.passed, row.valid))

"""Evidence of a campaign's runs: derived from the stored trajectories, kept beside them, and laid out for a pack."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from pytest_agentcore.domain.campaign import CampaignRecord, RunState, Summary
from pytest_agentcore.domain.evidence import Detector, Diagnosis, Episode, Examined
from pytest_agentcore.domain.outcome import Outcome, RunKey
from pytest_agentcore.domain.rollout import Rollout
from pytest_agentcore.errors import StoreError
from pytest_agentcore.report.data_pack_rows import SCHEMA_VERSION, concluded
from pytest_agentcore.scoring.evidence import BUILT_IN, examine, versions
from pytest_agentcore.store import codec
from pytest_agentcore.store.bulk import uncollected
from pytest_agentcore.store.campaign import write
from pytest_agentcore.store.rollouts import attempt_folder, read_rollout

FILE = "evidence.json"
"""In an attempt's folder: derived, and written anew whenever a detector has changed."""


def examine_rollout(rollout: Rollout, diagnosis: Diagnosis | None, detectors: Sequence[Detector]) -> Examined:
    """What the detectors see in a finished run."""
    episode = Episode(trajectory=rollout.trajectory, workspace=rollout.workspace, diagnosis=diagnosis)
    return examine(episode, detectors)


def keep(campaign: Path, rollout: Rollout, examined: Examined) -> None:
    """Lay what was found beside the attempt, so that a pack of thousands of runs need not look for it again.

    Raises:
        StoreError: it cannot be written.
    """
    folder = attempt_folder(campaign, rollout.key, rollout.attempt)
    write(folder / FILE, (codec.dumps(codec.encode(examined)) + "\n").encode())


def gather(
    campaign: Path, record: CampaignRecord, detectors: Sequence[Detector] = BUILT_IN, *, anew: bool = False
) -> dict[RunKey, Examined]:
    """The evidence of every concluded run whose attempt is stored.

    What lies beside an attempt is taken when every detector has seen it in its present version; else, or with
    ``anew``, it is derived from the trajectory. Patterns of detectors that are not at hand are kept as they are.
    """
    wanted = versions(detectors)
    found: dict[RunKey, Examined] = {}
    with uncollected():
        for key, outcome in sorted(record.outcomes.items(), key=lambda one: (one[0].task, one[0].run)):
            kept = _kept(campaign, outcome)
            fits = kept is not None and not anew and wanted.items() <= kept.detectors.items()
            examined = kept if fits else _derived(campaign, record, outcome, detectors, kept)
            if examined is not None:
                found[key] = examined
    return found


def _derived(
    campaign: Path, record: CampaignRecord, outcome: Outcome, detectors: Sequence[Detector], kept: Examined | None
) -> Examined | None:
    try:
        rollout = read_rollout(campaign, outcome.key, outcome.attempt)
    except StoreError:
        return None
    fresh = examine_rollout(rollout, diagnosis_of(record.manifest, outcome.key.task), detectors)
    return fresh if kept is None else with_foreign(fresh, kept)


def _kept(campaign: Path, outcome: Outcome) -> Examined | None:
    try:
        return codec.loads(Examined, (attempt_folder(campaign, outcome.key, outcome.attempt) / FILE).read_bytes())
    except (OSError, StoreError):
        return None


def with_foreign(fresh: Examined, kept: Examined) -> Examined:
    """What was just derived, and what detectors that are not at hand had found before."""
    foreign = {name: version for name, version in kept.detectors.items() if name not in fresh.detectors}
    if not foreign:
        return fresh
    known = {name.removesuffix("_error") for name in foreign}
    findings = [one for one in kept.findings if one.pattern.removesuffix("_error") in known]
    return Examined(
        detectors=dict(sorted({**fresh.detectors, **foreign}.items())),
        findings=tuple(sorted([*fresh.findings, *findings], key=lambda one: (one.pattern, one.turns, one.quote))),
        metrics=fresh.metrics,
        final_message=fresh.final_message,
        outputs=fresh.outputs,
    )


def diagnosis_of(manifest: Mapping[str, Any], task: str) -> Diagnosis | None:
    """The diagnosis that a task declared, as the manifest keeps it."""
    tasks = manifest.get("tasks")
    about = tasks.get(task) if isinstance(tasks, Mapping) else None
    declared = about.get("diagnosis") if isinstance(about, Mapping) else None
    if not isinstance(declared, Mapping):
        return None
    return Diagnosis(states=tuple(map(str, declared.get("states", ()))), artefact=str(declared.get("artefact", "")))


# In the pack


def run_names(summary: Summary) -> dict[tuple[str, int], str]:
    """(task, run) -> its name in the index: ``task_03_run1`` where that names one scored task, else in full."""
    short = {row.task: _short(row.task) for row in summary.tasks if row.scored}
    taken = Counter(short.values())
    names = {row.task: short.get(row.task, row.task) for row in summary.tasks}
    return {
        (row.task, run.run): f"{names[row.task] if taken[names[row.task]] == 1 else row.task}_run{run.run}"
        for row in summary.tasks
        for run in row.runs
    }


def _short(task: str) -> str:
    found = re.match(r"task_\d+(?=_)", task)
    return found.group() if found is not None else task


def evidence_index(summary: Summary, examined: Mapping[RunKey, Examined]) -> dict[str, Any]:
    """Each concluded run: what was found in it, where, with a quotation; and what it left."""
    names = run_names(summary)
    runs = {
        names[outcome.key.task, outcome.key.run]: (outcome, examined.get(outcome.key)) for outcome in concluded(summary)
    }
    looked = _detectors(examined.values())
    return {
        "schema_version": SCHEMA_VERSION,
        "detectors": looked,
        "runs": {name: _indexed(outcome, one, looked) for name, (outcome, one) in runs.items() if one is not None},
        "not_examined": sorted(name for name, (_, one) in runs.items() if one is None),
    }


def _detectors(examined: Iterable[Examined]) -> dict[str, int]:
    newest: dict[str, int] = {}
    for one in examined:
        for name, version in one.detectors.items():
            newest[name] = max(version, newest.get(name, 0))
    return newest


def _indexed(outcome: Outcome, examined: Examined, looked: Mapping[str, int]) -> dict[str, Any]:
    counts = examined.metrics
    own = {} if examined.detectors == looked else {"detectors": dict(examined.detectors)}
    return {
        "task": outcome.key.task,
        "run": outcome.key.run,
        "attempt": outcome.attempt,
        "state": str(RunState.of(outcome)),
        "fault_exercised": outcome.fault_exercised,
        **own,
        "findings": [
            {"pattern": one.pattern, "turns": list(one.turns), "quote": one.quote} for one in examined.findings
        ],
        "metrics": {
            "redundant_calls": counts.redundant_calls,
            "repeated_calls": counts.repeated_calls,
            "timed_out_calls": counts.timed_out_calls,
            "silent_turns": counts.silent_turns,
            "largest_input_tokens": counts.largest_input_tokens,
            "calls_by_tool": dict(counts.calls_by_tool),
        },
        "final_message": examined.final_message,
        "outputs": [
            {"path": one.path, "change": one.change, "size": one.size, "excerpt": one.excerpt}
            for one in examined.outputs
        ],
    }


def evidence_patterns(summary: Summary, examined: Mapping[RunKey, Examined]) -> dict[str, Any]:
    """Each pattern: in how many runs it was found, of which tasks, and where to look. Nought is said as well."""
    names = run_names(summary)
    described = {detector.name: detector.description for detector in BUILT_IN}
    searched = sorted({*described, *_detectors(examined.values())} | _found(examined))
    patterns: dict[str, Any] = {}
    found: dict[str, Counter[RunKey]] = {}
    for outcome in concluded(summary):
        for one in examined[outcome.key].findings if outcome.key in examined else ():
            found.setdefault(one.pattern, Counter())[outcome.key] += 1
    for pattern in searched:
        counts = found.get(pattern, Counter())
        where = list(counts)
        patterns[pattern] = {
            "description": described.get(pattern),
            "built_in": pattern in described,
            "findings": counts.total(),
            "runs": len(where),
            "by_task": dict(sorted(Counter(key.task for key in where).items())),
            "where": [names[key.task, key.run] for key in where],
        }
    return {"schema_version": SCHEMA_VERSION, "runs_examined": len(examined), "patterns": patterns}


def _found(examined: Mapping[RunKey, Examined]) -> set[str]:
    return {one.pattern for run in examined.values() for one in run.findings}

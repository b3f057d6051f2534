"""``--agent-rescore``: stored rollouts judged by today's checkers. No model is asked, the campaign is not touched."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pytest_agentcore._version import __version__
from pytest_agentcore.collection import Planned
from pytest_agentcore.domain.campaign import CampaignRecord, RunState
from pytest_agentcore.domain.evidence import Examined
from pytest_agentcore.domain.outcome import Outcome, RunKey
from pytest_agentcore.domain.resources import Isolation
from pytest_agentcore.domain.rollout import Rollout
from pytest_agentcore.domain.workspace import changed_paths
from pytest_agentcore.errors import AgentCoreError, StoreError
from pytest_agentcore.groups import campaign_key
from pytest_agentcore.hookspecs import evidence_detectors
from pytest_agentcore.opening import Opened, make_harness, masks_of
from pytest_agentcore.options import RUNNER, Settings
from pytest_agentcore.report import data_pack_evidence
from pytest_agentcore.report.rescored import Rescored, changed_runs
from pytest_agentcore.sandbox.choice import probe, probe_images
from pytest_agentcore.session import Runner
from pytest_agentcore.store.campaign import Campaign, read_record, write
from pytest_agentcore.store.history import History
from pytest_agentcore.verdicts import Judge

SESSION = "rescoring"
OTHER_FILES = "today's task gives its agents other files"
DRIVES_ITSELF = "its test drives the agent itself"
NO_ROLLOUT = "no finished rollout of it is stored"
NOT_COLLECTED = "its task was not collected"


def activate_rescoring(config: pytest.Config, settings: Settings) -> None:
    """Register what such a session needs.

    Raises:
        pytest.UsageError: no campaign there, or an option that goes ill with it.
    """
    folder = settings.rescore
    assert folder is not None  # noqa: S101 - why we were called
    if hasattr(config, "workerinput") or (getattr(config.option, "dist", "no") != "no" and config.option.tx):
        raise pytest.UsageError("--agent-rescore judges in one process; leave -n out")
    if settings.models:
        raise pytest.UsageError("--agent-rescore asks no model: leave --agent-model out")
    try:
        record = read_record(folder)
        isolation = _isolation(settings, record)
    except AgentCoreError as error:
        raise pytest.UsageError(str(error)) from None
    manifest = record.manifest
    models = sorted({key.model for key in record.planned})
    runner = RescoringRunner(
        replace(
            settings,
            models=tuple(models),
            runs=max((key.run for key in record.planned), default=1),
            profiles=(str(manifest.get("profile") or "1x"),),
            profiles_given=False,
            policies=dict(manifest.get("policies") or {}),
            variant=str(manifest.get("variant") or "canonical"),
        ),
        StoredCampaign(folder),
    )
    config.stash[RUNNER] = runner
    config.pluginmanager.register(runner, "agentcore-runner")
    config.pluginmanager.register(Judge(runner), "agentcore-judge")
    config.pluginmanager.register(Rescoring(runner, record, isolation), "agentcore-rescoring")


def _isolation(settings: Settings, record: CampaignRecord) -> Isolation:
    isolation = probe(settings.sandbox)
    foreign = not record.identity.model.startswith("scripted/")
    if isolation.level == "process" and settings.sandbox == "auto" and foreign:
        raise pytest.UsageError(
            f"what {record.identity.model} left would run without isolation ({isolation.reason}); "
            "--agent-sandbox=process allows it by name"
        )
    return isolation


class StoredCampaign(Campaign):
    """A campaign that is read and not written: what would be concluded is collected."""

    def __init__(self, folder: Path) -> None:
        # Not the parent's: that opens the journal for writing.
        self.folder = folder
        self.session = SESSION
        self.history = History.read(folder / "journal.jsonl")
        self.outcomes: dict[RunKey, Outcome] = {}

    def check_started(self, key: RunKey) -> int:
        """Nobody died over it in this session."""
        del key
        return 0

    def attempt_started(self, key: RunKey) -> int:
        """Refuse: nothing is run here."""
        raise StoreError(f"{key.folder} would be run anew; --agent-rescore only judges")

    def conclude(self, outcome: Outcome) -> None:
        """Collect it."""
        self.outcomes[outcome.key] = outcome

    def close(self) -> None:
        """Nothing is held."""


class RescoringRunner(Runner):
    """A runner whose rollouts all come from the record."""

    def __init__(self, settings: Settings, stored: StoredCampaign) -> None:
        super().__init__(settings, part=(0, 1), stop=self.note)
        self.stored = stored
        self.examined: dict[RunKey, Examined] = {}
        self.stopped: str | None = None

    def note(self, reason: str) -> None:
        """Why the session cannot go on."""
        self.stopped = self.stopped or reason

    def examine(self, item: pytest.Item, done: Rollout) -> None:
        """Derive the evidence anew, and keep it to ourselves."""
        entry = self.planned[item.nodeid]
        self.examined[entry.key] = data_pack_evidence.examine_rollout(
            done, entry.task.diagnosis, evidence_detectors(item.config)
        )


class Rescoring:
    """Chooses the items, and says what came of them."""

    def __init__(self, runner: RescoringRunner, record: CampaignRecord, isolation: Isolation) -> None:
        self._runner = runner
        self._record = record
        self._isolation = isolation
        self._skipped: dict[RunKey, str] = {}
        self._images: dict[str, Isolation] = {}
        self._result: Rescored | None = None

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, config: pytest.Config, items: list[pytest.Item]) -> None:
        """Leave only what the campaign holds a rollout of."""
        planned = {entry.nodeid: entry for entry in self._runner.make_plan(items)}
        chosen = [item for item in items if item.nodeid in planned and self._judgeable(planned[item.nodeid])]
        if len(chosen) < len(items):
            config.hook.pytest_deselected(items=[item for item in items if item not in set(chosen)])
        items[:] = chosen

    def _judgeable(self, entry: Planned) -> bool:
        """Is there a rollout, and can its checker be called without running the agent again?"""
        if entry.suite.name != self._record.identity.suite or entry.key not in self._record.planned:
            return False
        if entry.key not in self._runner.stored.history.ended:
            self._skipped[entry.key] = NO_ROLLOUT
            return False
        if not entry.prefetch:
            self._skipped[entry.key] = DRIVES_ITSELF
            return False
        image = entry.task.image
        if image and image not in self._images:
            try:
                self._images |= probe_images({image: entry.task.id}, self._isolation)
            except AgentCoreError as error:
                self._skipped[entry.key] = str(error)
                return False
        return True

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """A file that cannot be collected judges nothing, and pytest then runs no test at all."""
        if report.failed:
            said = [line for line in report.longreprtext.splitlines() if line.startswith("E ")]
            self._runner.note(f"{report.nodeid} cannot be collected: {said[-1][2:].strip() if said else 'see pytest'}")

    @pytest.hookimpl(trylast=True)
    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Plan what is left."""
        if not session.testsfailed:
            self._runner.make_plan(session.items)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtestloop(self) -> Generator[None, object, object]:
        """Give checkers their sandboxes; models there are none."""
        planned = list(self._runner.planned.values())
        opened = Opened(session=SESSION, isolation=self._isolation, gateway=None, system_prompt="", images=self._images)
        harness = make_harness(opened, self._runner.settings, {}, masks_of(planned))
        self._runner.start({campaign_key(entry): self._runner.stored for entry in planned}, harness)
        try:
            return (yield)
        finally:
            self._runner.stop()

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        """A rollout of other files than today's task has is not judged by it."""
        entry = self._runner.planned[item.nodeid]
        found = changed_paths(self._runner.rollout(item).workspace.before, self._runner.before[item.nodeid])
        if found:
            self._skipped[entry.key] = f"{OTHER_FILES}: {min(found)}"
            pytest.skip(self._skipped[entry.key])

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self) -> None:
        """Put the result together, and hand it over where it was asked for."""
        self._result = self.result()
        target = self._runner.settings.rescore_json
        if target is not None:
            write(target, self._result.dump())

    def result(self) -> Rescored:
        """What the checkers of today say."""
        outcomes = {key: one for key, one in self._runner.stored.outcomes.items() if key not in self._skipped}
        missing = [key for key in self._record.planned if key not in outcomes and key not in self._skipped]
        return Rescored(
            harness=f"pytest-agentcore@{__version__}",
            isolation=self._isolation.level,
            outcomes=outcomes,
            examined={key: one for key, one in self._runner.examined.items() if key in outcomes},
            skipped={**self._skipped, **dict.fromkeys(missing, NOT_COLLECTED)},
            digests={entry.key.task: entry.task.digest for entry in self._runner.planned.values()},
            stopped=self._runner.stopped,
        )

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """How many were judged, and who is judged otherwise now."""
        if self._result is None:
            return
        terminalreporter.section("rescored", sep="=")
        for line in self._lines(self._result):
            terminalreporter.write_line(line)

    def _lines(self, result: Rescored) -> list[str]:
        changes = changed_runs(self._record.outcomes, result.outcomes)
        lines = [f"{len(result.outcomes)} of {len(self._record.planned)} runs judged again, {len(changes)} otherwise"]
        lines += [f"{one.key.folder}: was {one.then}, is {one.now}" for one in changes]
        reasons: Mapping[str, Any] = {
            reason: sum(one == reason for one in result.skipped.values()) for reason in result.skipped.values()
        }
        lines += [f"not judged again, {count} ×: {reason}" for reason, count in sorted(reasons.items())]
        passed = sum(RunState.of(outcome) is RunState.PASSED for outcome in result.outcomes.values())
        return [*lines, f"{passed} of them pass"]

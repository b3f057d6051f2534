"""Agent items in the process that runs them: their rollouts, their verdicts, their record."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager

import pytest

from pytest_agentcore.collection import Planned, interleave, parametrize, plan
from pytest_agentcore.domain.outcome import Outcome, Verdict
from pytest_agentcore.domain.rollout import Rollout
from pytest_agentcore.domain.workspace import Snapshot
from pytest_agentcore.errors import (
    ConfigError,
    ModelRefusesConfig,
    ModelUnavailable,
    RunCancelled,
    RunHalted,
    SandboxError,
    StoreError,
)
from pytest_agentcore.groups import CampaignKey, admitted, campaign_key, highest
from pytest_agentcore.hookspecs import evidence_detectors
from pytest_agentcore.options import Settings
from pytest_agentcore.report import data_pack_evidence
from pytest_agentcore.rollout.attempt import Cancel, Harness
from pytest_agentcore.rollout.engine import Engine
from pytest_agentcore.rollout.material import initial
from pytest_agentcore.rollout.retry import keep, rollout, spoilt
from pytest_agentcore.rollout.run import Run
from pytest_agentcore.steps import Agent
from pytest_agentcore.store.campaign import Campaign
from pytest_agentcore.store.history import RETRIED

ROLLOUT = pytest.StashKey[Rollout]()
AGENT = pytest.StashKey[Agent]()
WAITED = pytest.StashKey[float]()
VERDICT = pytest.StashKey[Verdict]()
BUDGET = "budget"
"""Reason of a run that was halted because its campaign may cost no more."""
NOT_RUN = pytest.StashKey[str]()
"""Why an item's run was not even begun."""


class Runner:
    """Runs agent items: prefetches their rollouts, waits for each, judges it, writes it down."""

    def __init__(self, settings: Settings, *, part: tuple[int, int], stop: Callable[[str], None]) -> None:
        self.settings = settings
        self.part = part
        """(k, n): this process prefetches every n-th run of the plan, beginning with the k-th."""
        self._stop = stop
        self.planned: dict[str, Planned] = {}
        self._own: set[str] = set()
        self.before: dict[str, Snapshot] = {}
        self._campaigns: Mapping[CampaignKey, Campaign] = {}
        self._no_money: dict[CampaignKey, str] = {}
        """Campaigns that may cost no more, and what was said of it."""
        self.harness: Harness
        self.engine = Engine(self._roll_out, concurrency=max(1, settings.concurrency // part[1]))

    # Collection

    @pytest.hookimpl
    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        """One item per model × run index."""
        parametrize(metafunc, self.settings)

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Interleave the models."""
        interleave(items)

    def make_plan(self, items: Sequence[pytest.Item]) -> list[Planned]:
        """The runs behind the items that were selected, with everything about them checked that costs nothing.

        Raises:
            pytest.UsageError: a task that cannot be run as it stands.
        """
        try:
            for item in items[:1]:
                evidence_detectors(item.config)  # a plug-in's mistake is told before anything is paid for
            planned = plan(items, self.settings.variant, self.settings.policies)
            before = {id(task): initial(task) for task in {id(entry.task): entry.task for entry in planned}.values()}
        except ConfigError as error:
            raise pytest.UsageError(str(error)) from None
        self.before = {entry.nodeid: before[id(entry.task)] for entry in planned}
        self.planned = {entry.nodeid: entry for entry in planned}
        slots = admitted(highest(entry.task.floor for entry in planned), self.settings)
        self.engine = Engine(self._roll_out, concurrency=max(1, slots // self.part[1]))
        self._own = {item.nodeid for item in items[self.part[0] :: self.part[1]]}
        return planned

    # Runs

    def start(self, campaigns: Mapping[CampaignKey, Campaign], harness: Harness) -> None:
        """Begin to run what this process is to prefetch."""
        self._campaigns, self.harness = campaigns, harness
        self.engine.submit(
            entry.nodeid
            for entry in self.planned.values()
            if entry.nodeid in self._own and entry.prefetch and entry.key not in self.campaign(entry).history.ended
        )

    def stop(self) -> None:
        """End everything that is in flight."""
        self.engine.stop()
        for campaign in self._campaigns.values():
            campaign.close()

    def campaign(self, entry: Planned) -> Campaign:
        """The campaign that a run belongs to."""
        return self._campaigns[campaign_key(entry)]

    def _roll_out(self, nodeid: str, cancel: Cancel) -> Rollout:
        entry = self.planned[nodeid]
        spent = self._no_money.get(campaign_key(entry))
        if spent is not None:
            raise RunHalted(spent, reason=BUDGET)
        done = rollout(
            key=entry.key,
            task=entry.task,
            before=self.before[entry.nodeid],
            harness=self.harness,
            record=self.campaign(entry),
            retries=self.settings.infra_retries,
            cancel=cancel,
        )
        if done.halted == BUDGET:
            self._no_money[campaign_key(entry)] = done.said
        return done

    def rollout(self, item: pytest.Item) -> Rollout:
        """The finished rollout of an item, waited for once."""
        done = item.stash.get(ROLLOUT, None)
        if done is None:
            entry, started = self.planned[item.nodeid], time.monotonic()
            with self.ending_session(item):
                kept = None if self.engine.knows(item.nodeid) else self.campaign(entry).kept(entry.key)
                try:
                    done = kept or self.engine.wait(item.nodeid)
                except RunHalted as halt:
                    item.stash[NOT_RUN] = halt.reason
                    pytest.skip(f"not run: {halt}")
            item.stash[ROLLOUT] = done
            item.stash[WAITED] = time.monotonic() - started
        return done

    @contextmanager
    def ending_session(self, item: pytest.Item) -> Iterator[None]:
        """Errors inside concern every run: the session ends after this item, and nothing recorded is lost."""
        try:
            yield
        except (RunCancelled, ModelRefusesConfig, ConfigError, StoreError) as error:
            self.give_up(item, error)
            pytest.skip(f"not run: {error}")

    def give_up(self, item: pytest.Item, error: Exception) -> None:
        """End the session after this item."""
        if not isinstance(error, RunCancelled):
            self._stop(str(error))
        item.session.shouldstop = "the session cannot go on"

    def run(self, item: pytest.Item) -> Run:
        """What the ``run`` fixture gives; an infrastructure fault ends the item here."""
        entry, done = self.planned[item.nodeid], self.rollout(item)
        if done.halted == BUDGET:
            pytest.skip(f"not run: {done.said}")
        if done.halted is not None:
            pytest.fail(f"not run: {done.said}", pytrace=False)
        if done.infra is not None:
            pytest.skip(f"infra: {done.infra}")
        if done.resource is not None:
            item.stash[VERDICT] = Verdict(passed=False, message=f"the run was ended by {done.resource}")
            pytest.fail(f"the run was ended by {done.resource}", pytrace=False)
        with self.ending_session(item):
            lost = self.campaign(entry).check_started(entry.key)
        if lost > self.settings.infra_retries:
            reason = f"the checker ended its worker process {lost} times"
            item.stash[VERDICT] = Verdict(passed=False, checker_error=reason)
            pytest.fail(reason, pytrace=False)
        return Run(task=entry.task, rollout=done, open_sandbox=self.harness.open_sandbox)

    @contextmanager
    def steps(self, item: pytest.Item) -> Iterator[Agent | None]:
        """What the ``agent`` fixture gives; None where the record already holds the outcome and no body will run."""
        entry = self.planned[item.nodeid]
        if self.recorded(entry) is not None:
            yield None
            return
        with self.ending_session(item):
            spent = self._no_money.get(campaign_key(entry))
            if spent is not None:
                item.stash[NOT_RUN] = BUDGET
                pytest.skip(f"not run: {spent}")
            number = self.campaign(entry).attempt_started(entry.key)
            try:
                agent = Agent(
                    key=entry.key,
                    number=number,
                    task=entry.task,
                    before=self.before[entry.nodeid],
                    harness=self.harness,
                    cancel=self.engine.cancel,
                )
            except (SandboxError, ModelUnavailable) as fault:
                item.stash[ROLLOUT] = self._keep(
                    entry, spoilt(entry.key, number, entry.task, self.before[entry.nodeid], str(fault))
                )
                pytest.skip(f"infra: {fault}")
        item.stash[AGENT] = agent
        try:
            yield agent
        finally:
            agent.close()

    def recorded(self, entry: Planned) -> Outcome | None:
        """The settled outcome of a run that cannot be judged again, because its test drove the agent itself."""
        outcome = self.campaign(entry).history.concluded.get(entry.key)
        settled = outcome is not None and outcome.cause not in RETRIED
        return outcome if settled and not entry.prefetch else None

    def step_rollout(self, item: pytest.Item, infra: str | None) -> Rollout:
        """Freeze what a test that drove the agent itself has come to."""
        done = item.stash.get(ROLLOUT, None)
        if done is None:
            done = item.stash[AGENT].rollout(infra=infra)
            if done.halted == BUDGET:
                self._no_money[campaign_key(self.planned[item.nodeid])] = done.said
            item.stash[ROLLOUT] = self._keep(self.planned[item.nodeid], done)
        return done

    def examine(self, item: pytest.Item, done: Rollout) -> None:
        """Look for evidence in a run that was judged, and lay it beside the run; the verdict does not depend on it."""
        entry = self.planned[item.nodeid]
        examined = data_pack_evidence.examine_rollout(done, entry.task.diagnosis, evidence_detectors(item.config))
        data_pack_evidence.keep(self.campaign(entry).folder, done, examined)

    def _keep(self, entry: Planned, done: Rollout) -> Rollout:
        keep(self.campaign(entry), done, again=False)
        return done

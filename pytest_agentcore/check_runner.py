"""``--agent-check`` in a process that runs items: every trajectory rolled out, none of them recorded."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pytest_agentcore.check_cases import CANONICAL_RUN, Case, case_of, parametrize, profile_of
from pytest_agentcore.collection import Planned, parameter, plan, test_of
from pytest_agentcore.domain.check import CaseKind
from pytest_agentcore.domain.outcome import Outcome, RunKey
from pytest_agentcore.domain.ports import Model
from pytest_agentcore.domain.resources import Isolation, at_profile
from pytest_agentcore.domain.rollout import Rollout
from pytest_agentcore.domain.scenario import CANONICAL
from pytest_agentcore.domain.task import TOOLS, Task
from pytest_agentcore.domain.workspace import Snapshot
from pytest_agentcore.errors import AgentCoreError, ConfigError
from pytest_agentcore.groups import admitted, highest
from pytest_agentcore.model import cheats, scripted
from pytest_agentcore.options import CheckSettings, Settings
from pytest_agentcore.rollout import search
from pytest_agentcore.rollout.attempt import Cancel, Harness, attempt
from pytest_agentcore.rollout.engine import Engine
from pytest_agentcore.rollout.material import initial
from pytest_agentcore.rollout.run import Run
from pytest_agentcore.rollout.scenario import solution
from pytest_agentcore.sandbox.choice import probe_images
from pytest_agentcore.sandbox.contents import bound_trees
from pytest_agentcore.session import Runner
from pytest_agentcore.store.campaign import Campaign
from pytest_agentcore.store.history import History

SEARCH_S = 120.0
SEARCH_MB = 512


class Unrecorded(Campaign):
    """A campaign that keeps nothing: a check measures no model."""

    def __init__(self) -> None:
        self.folder = Path("unrecorded")
        self.session = "check"
        self.history = History()

    def attempts_lost(self, key: RunKey) -> int:
        """None that anyone noted."""
        del key
        return 0

    def attempt_started(self, key: RunKey) -> int:
        """Always the first."""
        del key
        return 1

    def check_started(self, key: RunKey) -> int:
        """None that anyone noted."""
        del key
        return 0

    def attempt_ended(self, rollout: Rollout, *, trajectory: Mapping[str, Any], superseded: Outcome | None) -> None:
        """It stays in memory until it has been judged."""

    def kept(self, key: RunKey) -> Rollout | None:
        """Nothing is."""
        del key
        return None

    def conclude(self, outcome: Outcome) -> None:
        """The report carries it."""

    def close(self) -> None:
        """Nothing is open."""


class CheckRunner(Runner):
    """Rolls out the cases of this session's tasks; see :class:`~pytest_agentcore.session.Runner`."""

    def __init__(self, settings: Settings, *, part: tuple[int, int]) -> None:
        super().__init__(settings, part=part, stop=lambda _: None)
        assert settings.check is not None  # noqa: S101 - made for such a session alone
        self.check: CheckSettings = settings.check
        self.cases: dict[str, Case] = {}
        self.broken: dict[str, str] = {}
        """Node id → why the item cannot be replayed at all."""
        self.homes: dict[str, Planned] = {}
        """A test's node id without its case → one of its runs, which says what task it is."""
        self._solutions: dict[str, scripted.Solution] = {}
        self._nodeids: dict[tuple[str, RunKey], str] = {}
        self._canonical: dict[str, Task] = {}
        """A test's node id without its case → its task in the published scenario, where it is also drawn."""
        self._tests: dict[str, str] = {}
        self._nowhere = Unrecorded()
        self._outputs: dict[str, tuple[str, ...]] = {}
        self._locks: dict[str, threading.Lock] = {}
        self._searched = threading.Lock()
        self._has_searched = False
        self.walls = True

    @pytest.hookimpl
    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        """One item per case."""
        parametrize(metafunc, variants=self.check.variants)

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Leave the items as they are: there is only one model of each name."""

    # The plan: what cannot be replayed is an item's failure, not the session's end

    def make_plan(self, items: Sequence[pytest.Item]) -> list[Planned]:
        """The runs behind the items that were selected; ``broken`` has those that cannot be."""
        self._own = {item.nodeid for item in items[self.part[0] :: self.part[1]]}
        groups: dict[tuple[str, bool], list[pytest.Item]] = {}
        for item in items:
            value = parameter(item)
            if value is not None:
                groups.setdefault((test_of(item), value[1] == CANONICAL_RUN), []).append(item)
        homes: dict[tuple[str, str], str] = {}
        for (test, canonical), group in groups.items():
            try:
                planned = plan(group, CANONICAL if canonical else self.check.seed, self.settings.policies)
                for entry in planned:
                    home = homes.setdefault((entry.suite.name, entry.task.id), test)
                    if home != test:
                        raise ConfigError(f"two tasks are called {entry.task.id!r}: {home} and {test}")  # noqa: TRY301
                if planned and not canonical:
                    (published,) = plan(group[:1], CANONICAL)
                    self._canonical[test] = published.task
                before = {
                    id(task): initial(task) for task in {id(entry.task): entry.task for entry in planned}.values()
                }
            except (pytest.UsageError, ConfigError) as error:
                self.broken.update({item.nodeid: str(error) for item in group})
                continue
            for entry in planned:
                self._add(test, entry, before[id(entry.task)])
                self._tests[entry.nodeid] = test
        self._add_foreign()
        self.planned = {item.nodeid: self.planned[item.nodeid] for item in items if item.nodeid in self.planned}
        slots = admitted(highest(entry.task.floor for entry in self.planned.values()), self.settings)
        self.engine = Engine(self._roll_out, concurrency=max(1, slots // self.part[1]))
        return list(self.planned.values())

    def _add(self, test: str, entry: Planned, before: Snapshot) -> None:
        case = case_of(entry.task.solutions, entry.key.model, entry.key.run)
        if case.kind is CaseKind.SEARCH:
            limits = replace(entry.task.limits, call_s=SEARCH_S, memory_mb=SEARCH_MB, wall_s=2 * SEARCH_S)
            task = replace(entry.task, tools=TOOLS, limits=limits, faults=(), max_turns=5, timeout_s=SEARCH_S)
            entry = replace(entry, task=task, prefetch=True)
        elif case.kind not in (CaseKind.TIGHT, CaseKind.CHEAT):
            needed = at_profile(entry.task.limits, profile_of(entry.task.solutions, case.name))
            entry = replace(entry, task=replace(entry.task, limits=needed))
        self.cases[entry.nodeid] = case
        self.homes.setdefault(test, entry)
        if case.kind not in (CaseKind.CHEAT, CaseKind.SEARCH, CaseKind.FOREIGN) and self.is_own(entry.nodeid):
            try:
                self._solutions[entry.nodeid] = solution(entry.task, case.name)
            except ConfigError as error:
                self.broken[entry.nodeid] = str(error)
                return
        self.planned[entry.nodeid] = entry
        self.before[entry.nodeid] = before
        self._nodeids[entry.suite.name, entry.key] = entry.nodeid

    def _add_foreign(self) -> None:
        """The answers of the canonical scenario, to be tried on drawn ones."""
        for nodeid, case in self.cases.items():
            if case.kind is not CaseKind.FOREIGN:
                continue
            try:
                self._solutions[nodeid] = solution(self._canonical[self._tests[nodeid]], case.name)
            except ConfigError as error:
                self.broken[nodeid] = str(error)
        for nodeid in self.broken:
            self.planned.pop(nodeid, None)

    def find_images(self, session: Isolation) -> dict[str, Isolation]:
        """What the images of tasks stand for; a task whose image cannot be used is broken."""
        found: dict[str, Isolation] = {}
        asked = {entry.task.image: entry.task.id for entry in self.planned.values() if entry.task.image}
        for image, task in asked.items():
            try:
                found |= probe_images({image: task}, session)
            except AgentCoreError as error:
                lost = [nodeid for nodeid, entry in self.planned.items() if entry.task.image == image]
                self.broken.update(dict.fromkeys(lost, str(error)))
                for nodeid in lost:
                    del self.planned[nodeid]
        return found

    # Runs

    def campaign(self, entry: Planned) -> Campaign:
        """Nothing is recorded."""
        del entry
        return self._nowhere

    def begin(self, harness: Harness, *, walls: bool) -> None:
        """Begin to roll out what this process is to judge; ``walls`` tells whether a search can show anything."""
        self.walls = walls
        self.start({}, replace(harness, open_model=self._open_model))

    def is_own(self, nodeid: str) -> bool:
        """Is the item among those that this process judges?"""
        return nodeid in self._own

    def expectation(self, nodeid: str) -> Mapping[str, Any] | None:
        """What the outcome of an item must be: None for a pass."""
        found = self._solutions.get(nodeid)
        return {} if found is None else found.expect

    def run(self, item: pytest.Item) -> Run:
        """What the ``run`` fixture gives, whatever became of the rollout: the judge says so."""
        return Run(
            task=self.planned[item.nodeid].task, rollout=self.rollout(item), open_sandbox=self.harness.open_sandbox
        )

    def _roll_out(self, nodeid: str, cancel: Cancel) -> Rollout:
        entry, case = self.planned[nodeid], self.cases[nodeid]
        if case.kind is CaseKind.CHEAT:
            self._solutions[nodeid] = cheats.script(case.name, self._outputs_of(entry, cancel))
        elif case.kind is CaseKind.SEARCH:
            self._solutions[nodeid] = self._search(entry)
        elif nodeid not in self._solutions:  # another worker's, which is gone
            self._solutions[nodeid] = solution(entry.task, case.name)
        return super()._roll_out(nodeid, cancel)

    def _open_model(self, key: RunKey, number: int, task: Task) -> Model:
        del number
        return scripted.ScriptedModel(self._solutions[self._nodeids[task.suite, key]])

    def _outputs_of(self, entry: Planned, cancel: Cancel) -> tuple[str, ...]:
        """The paths that the task's reference adds or changes, found out once by running it."""
        name = f"{entry.task.suite}/{entry.task.id}"
        with self._locks.setdefault(name, threading.Lock()):
            if name not in self._outputs:
                self._outputs[name] = self._try_reference(entry, cancel)
            return self._outputs[name]

    def _try_reference(self, entry: Planned, cancel: Cancel) -> tuple[str, ...]:
        try:
            reference = solution(entry.task, "reference")
        except ConfigError:
            return ()
        open_model: Callable[[RunKey, int, Task], Model] = lambda *_: scripted.ScriptedModel(reference)  # noqa: E731
        done = attempt(
            key=entry.key,
            number=1,
            task=entry.task,
            before=self.before[entry.nodeid],
            harness=replace(self.harness, open_model=open_model),
            cancel=cancel,
        )
        return tuple(path for path, change in done.workspace.changes.items() if change != "removed")

    def _search(self, entry: Planned) -> scripted.Solution:
        """The first search of a process goes everywhere, for every task's secrets; the others where tasks differ."""
        if not self.walls:
            return scripted.Solution(name=search.NAME, turns=())
        with self._searched:
            first, self._has_searched = not self._has_searched, True
        tasks = {(other.task.folder, other.suite.root): other.task for other in self.planned.values()} if first else {}
        tasks[entry.task.folder, entry.suite.root] = entry.task
        known = {secret.path: secret for (_, root), task in tasks.items() for secret in search.secrets(task, root)}
        return search.script(list(known.values()), self.before[entry.nodeid], far=bound_trees(), skip=not first)

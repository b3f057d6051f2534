"""``--agent-check``: tasks that test themselves. Which hooks each process of such a session gets."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Generator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pytest_agentcore.check_board import CheckBoard
from pytest_agentcore.check_judge import CheckJudge
from pytest_agentcore.check_runner import CheckRunner
from pytest_agentcore.errors import AgentCoreError
from pytest_agentcore.opening import Opened, make_harness, masks_of
from pytest_agentcore.options import RUNNER, Settings
from pytest_agentcore.scheduler import PartitionScheduling
from pytest_agentcore.store import digests

INPUT = "agentcore_check"
POLL_S = 0.1


def activate_check(config: pytest.Config, settings: Settings) -> None:
    """Register what this process of the session needs.

    Raises:
        pytest.UsageError: an option that cannot be used.
    """
    if hasattr(config, "workerinput"):
        data = config.workerinput.get(INPUT)
        if data is not None:
            part = (data["part"][0], data["part"][1])
            _run_items(config, settings, Opened.load(data["opened"]), part=part, rehearses=data["rehearses"])
            threading.Thread(target=_end_with, args=(os.getppid(),), daemon=True, name="agentcore-parent").start()
        return
    if settings.check is not None and settings.check.write_digests:
        runner = CheckRunner(settings, part=(0, 1))
        config.pluginmanager.register(runner, "agentcore-runner")
        config.pluginmanager.register(Pinning(runner), "agentcore-pinning")
        config.option.dist, config.option.tx = "no", []  # there is nothing to share out
        return
    board = CheckBoard(config, settings)
    config.pluginmanager.register(board, "agentcore-board")
    if getattr(config.option, "dist", "no") != "no" and config.option.tx:
        if config.option.dist != "load":
            raise pytest.UsageError(f"--dist={config.option.dist}: agent runs are shared out by --dist=load only")
        config.pluginmanager.register(CheckController(board), "agentcore-controller")
        return
    _run_items(config, settings, board, part=(0, 1))


def _run_items(
    config: pytest.Config,
    settings: Settings,
    opened: Opened | CheckBoard,
    *,
    part: tuple[int, int],
    rehearses: bool = True,
) -> None:
    runner = CheckRunner(settings, part=part)
    config.stash[RUNNER] = runner
    config.pluginmanager.register(runner, "agentcore-runner")
    config.pluginmanager.register(CheckJudge(runner, rehearses=rehearses), "agentcore-judge")
    config.pluginmanager.register(CheckItems(runner, opened), "agentcore-items")


class CheckItems:
    """Hooks of a process that judges: plan, then roll out ahead of the tests."""

    def __init__(self, runner: CheckRunner, opened: Opened | CheckBoard) -> None:
        self._runner = runner
        self._opened = opened

    @pytest.hookimpl(trylast=True)
    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Plan what was selected."""
        if not session.testsfailed:
            self._runner.make_plan(session.items)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> Generator[None, object, object]:
        """Roll out ahead of the tests while they judge."""
        opened = self._opened.opened if isinstance(self._opened, CheckBoard) else self._opened
        if opened is None or session.config.option.collectonly or session.testsfailed:
            return (yield)
        opened = replace(opened, images=self._runner.find_images(opened.isolation))
        planned = list(self._runner.planned.values())
        harness = make_harness(opened, self._runner.settings, {}, masks_of(planned))
        self._runner.begin(harness, walls=opened.isolation.level != "process")
        try:
            return (yield)
        finally:
            self._runner.stop()


class CheckController:
    """The hooks of the process that hands items out."""

    def __init__(self, board: CheckBoard) -> None:
        self._board = board
        self._parts: dict[str, int] = {}
        self._died = False

    @pytest.hookimpl(optionalhook=True)
    def pytest_configure_node(self, node: Any) -> None:
        """Tell a worker its part; a replacement takes the part of the first worker that is gone."""
        if self._board.opened is None:
            return
        count = node.workerinput["workercount"]
        part = next((index for index in range(count) if index not in self._parts.values()), 0)
        self._parts[node.gateway.id] = part
        node.workerinput[INPUT] = {
            "opened": self._board.opened.dump(),
            "part": [part, count],
            "rehearses": not self._died,
        }

    @pytest.hookimpl(optionalhook=True, tryfirst=True)
    def pytest_testnodedown(self, node: Any) -> None:
        """Free a dead worker's part; its replacement judges item by item, so that the deadly one is known."""
        self._parts.pop(node.gateway.id, None)
        self._died = True

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_make_scheduler(self, config: pytest.Config, log: Any) -> PartitionScheduling:
        """Hand items out by the partition that the workers roll out by; an item that kills its worker is told."""
        return PartitionScheduling(config, log, parts=self._parts, agent_items=())


class Pinning:
    """The hooks of a session that only writes down what the tasks are."""

    def __init__(self, runner: CheckRunner) -> None:
        self._runner = runner

    @pytest.hookimpl(trylast=True)
    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Write the digests of every suite in the plan."""
        if session.testsfailed or session.config.option.collectonly:
            return
        entries = self._runner.make_plan(session.items)
        if self._runner.broken:
            raise pytest.UsageError(next(iter(self._runner.broken.values())))
        suites: dict[tuple[Path, str], dict[str, str]] = {}
        for entry in entries:
            if entry.suite.root is None:
                raise pytest.UsageError(f"{entry.task.id}: only tasks below a suite.yaml can be pinned")
            suites.setdefault((entry.suite.root, entry.suite.version), {})[entry.task.id] = entry.task.digest
        try:
            said = [_pinned(folder, version, tasks) for (folder, version), tasks in sorted(suites.items())]
        except AgentCoreError as error:
            raise pytest.UsageError(str(error)) from None
        reporter = session.config.pluginmanager.get_plugin("terminalreporter")
        if reporter is not None:
            for line in said:
                reporter.write_line(line)

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self) -> bool:
        """Run nothing."""
        return True


def _pinned(folder: Path, version: str, tasks: Mapping[str, str]) -> str:
    fresh = digests.pin(folder, version, tasks)
    return f"{folder / digests.FILE}: {len(tasks)} tasks of {version} " + ("pinned" if fresh else "are pinned already")


def _end_with(parent: int) -> None:
    """A worker whose controller is gone has nobody to report to."""
    while os.getppid() == parent:
        time.sleep(POLL_S)
    os._exit(1)

"""Under xdist: one plan, cut the same way by the controller's scheduler and by each worker's engine.

The controller and its workers share a folder for the session: a worker writes the plan there, the controller answers
with the campaigns it holds, and anyone may put a reason to stop.
"""

from __future__ import annotations

import json
import os
import shutil
import threading
import time
from collections.abc import Generator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pytest_agentcore.board import Board
from pytest_agentcore.groups import CampaignKey, Group, groups_of
from pytest_agentcore.opening import (
    Opened,
    attach,
    check_answers,
    dump_images,
    load_images,
    make_harness,
    masks_of,
    specs_of,
)
from pytest_agentcore.options import Settings
from pytest_agentcore.scheduler import PartitionScheduling
from pytest_agentcore.session import Runner
from pytest_agentcore.store import codec
from pytest_agentcore.store.campaign import write

POLL_S = 0.1
OPENING_S = 120.0
"""How long a worker waits for the controller to open the campaigns: other workers may collect more slowly."""
INPUT = "agentcore"
PLAN, OPEN, END, STOP = "plan.json", "open.json", "end", "stop"
"""Files of the session's folder: the plan, the campaigns, 'the session is over', and why it cannot go on."""


class Controller:
    """The hooks of the process that hands items out."""

    def __init__(self, config: pytest.Config, board: Board) -> None:
        self._config = config
        self._board = board
        self._folder: Path | None = None
        self._parts: dict[str, int] = {}
        self._agent_items: set[str] = set()
        self._answered = False
        self._ended = threading.Event()

    def _session_folder(self) -> Path:
        if self._folder is None:
            assert self._board.opened is not None  # noqa: S101 - nodes are set up after pytest_sessionstart
            self._folder = self._board.settings.directory / "sessions" / self._board.opened.session
            try:
                self._folder.mkdir(parents=True)
            except OSError as error:
                raise pytest.UsageError(
                    f"{self._folder} cannot be made: {error.strerror}; choose --agent-dir"
                ) from None
            self._config.add_cleanup(self._clean_up)
        return self._folder

    def _clean_up(self) -> None:
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)

    @pytest.hookimpl(optionalhook=True)
    def pytest_configure_node(self, node: Any) -> None:
        """Tell a worker its part; a replacement takes the part of the first worker that is gone."""
        if self._board.opened is None:
            return
        count = node.workerinput["workercount"]
        taken = set(self._parts.values())
        part = next((index for index in range(count) if index not in taken), None)
        if part is not None:
            self._parts[node.gateway.id] = part
        node.workerinput[INPUT] = {
            "opened": self._board.opened.dump(),
            "folder": str(self._session_folder()),
            "part": [part if part is not None else 0, count],
        }

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_node_collection_finished(self, node: Any) -> None:
        """The first worker that has collected brings the plan: hold its campaigns and let all workers begin."""
        del node
        if self._answered or self._board.opened is None:
            return
        self._answered = True
        data = json.loads((self._session_folder() / PLAN).read_bytes())
        if data["error"] is not None:
            raise pytest.UsageError(data["error"])
        self._agent_items.update(data["items"])
        held = self._board.open_campaigns([codec.decode(Group, group) for group in data["groups"]])
        answer = {
            "campaigns": [[*group, str(entry.folder)] for group, entry in held.items()],
            "images": dump_images(self._board.opened.images),
        }
        write(self._session_folder() / OPEN, json.dumps(answer).encode())

    @pytest.hookimpl(optionalhook=True, tryfirst=True)
    def pytest_testnodedown(self, node: Any) -> None:
        """Free a dead worker's part, and pass on a worker's reason to end the session."""
        self._parts.pop(node.gateway.id, None)
        reason = self._folder / STOP if self._folder is not None else None
        if reason is not None and reason.exists():
            self._board.stop(reason.read_text())

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_make_scheduler(self, config: pytest.Config, log: Any) -> PartitionScheduling:
        """Hand items out by the partition that the workers prefetch by."""
        return PartitionScheduling(config, log, parts=self._parts, agent_items=self._agent_items)

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self) -> None:
        """Begin to watch for the session's end: a worker that waits for a model does not hear xdist's shutdown."""
        threading.Thread(target=self._watch, daemon=True, name="agentcore-end").start()

    def _watch(self) -> None:
        distribution = self._config.pluginmanager.get_plugin("dsession")
        while not self._ended.wait(POLL_S):
            if getattr(distribution, "shouldstop", False):
                self._end_workers()
                return

    def _end_workers(self) -> None:
        self._ended.set()
        if self._folder is not None and self._folder.is_dir():
            (self._folder / END).touch()

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self) -> None:
        """Whatever ended the session: what workers still have in flight ends with it."""
        self._end_workers()


class Worker:
    """The hooks of a process that is handed items."""

    def __init__(self, settings: Settings, data: Mapping[str, Any]) -> None:
        index, count = data["part"]
        self.runner = Runner(settings, part=(index, count), stop=self.stop)
        self._opened = Opened.load(data["opened"])
        self._folder = Path(data["folder"])
        self._parent = os.getppid()

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Bring the plan to the controller, or what is wrong with it."""
        if session.config.option.collectonly:
            return
        error = None
        try:
            planned = self.runner.make_plan(session.items)
            check_answers(planned, specs_of(self.runner.settings), self.runner.settings)
        except pytest.UsageError as refusal:
            planned, error = [], str(refusal)
        groups = [codec.encode(group) for group in groups_of(planned, self.runner.before)]
        plan = {"error": error, "groups": groups, "items": [entry.nodeid for entry in planned]}
        write(self._folder / PLAN, json.dumps(plan).encode())

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> Generator[None, object, object]:
        """Run ahead of the tests from the moment the controller holds the campaigns."""
        if session.config.option.collectonly:
            return (yield)
        threading.Thread(target=self._watch, daemon=True, name="agentcore-parent").start()
        folders = self._await_campaigns()
        settings, planned = self.runner.settings, list(self.runner.planned.values())
        harness = make_harness(self._opened, settings, specs_of(settings), masks_of(planned), folders)
        self.runner.start(attach(folders, self._opened.session), harness)
        try:
            return (yield)
        finally:
            self.runner.stop()

    def _await_campaigns(self) -> dict[CampaignKey, Path]:
        """The controller's answer to the plan: the campaigns, and what the images of tasks stand for."""
        deadline = time.monotonic() + OPENING_S
        while not (self._folder / OPEN).exists():
            if self.runner.engine.cancel() or time.monotonic() > deadline:
                return {}
            time.sleep(POLL_S / 10)
        answer = json.loads((self._folder / OPEN).read_bytes())
        self._opened = replace(self._opened, images=load_images(answer["images"]))
        return {(suite, model, profile): Path(folder) for suite, model, profile, folder in answer["campaigns"]}

    def _watch(self) -> None:
        """End what is in flight when the session ends or its controller is gone."""
        while os.getppid() == self._parent:
            if (self._folder / END).exists() or (self._folder / STOP).exists():
                self.runner.engine.stop()
                return
            time.sleep(POLL_S)
        self.runner.engine.stop()
        os._exit(1)

    def stop(self, reason: str) -> None:
        """Tell the controller, and through it all workers, why the session ends."""
        write(self._folder / STOP, reason.encode())

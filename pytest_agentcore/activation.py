"""Switches the plugin on for a session that names a model or a suite; imported only then."""

from __future__ import annotations

from collections.abc import Generator
from importlib.resources import files
from pathlib import Path

import pytest

from pytest_agentcore.board import Board
from pytest_agentcore.groups import groups_of
from pytest_agentcore.opening import attach, check_answers, make_harness, masks_of
from pytest_agentcore.options import RUNNER, Settings
from pytest_agentcore.session import Runner
from pytest_agentcore.verdicts import Judge


def activate(config: pytest.Config) -> None:
    """Register what this process of the session needs: it runs items, shows the session, or both.

    Raises:
        pytest.UsageError: an option that cannot be used.
    """
    settings = Settings.from_config(config)
    if settings.dry_run:
        config.option.dist, config.option.tx = "no", []  # nothing is run that workers could share
    add_suites(config, settings)
    if settings.check is not None:
        from pytest_agentcore.check import activate_check

        activate_check(config, settings)
        return
    if settings.rescore is not None:
        from pytest_agentcore.rescoring import activate_rescoring

        activate_rescoring(config, settings)
        return
    if hasattr(config, "workerinput"):
        from pytest_agentcore.distribution import INPUT, Worker

        data = config.workerinput.get(INPUT)
        if data is not None:  # None where the controller has nothing to run: no model, or --collect-only
            worker = Worker(settings, data)
            config.pluginmanager.register(worker, "agentcore-worker")
            run_items(config, worker.runner)
        return
    board = Board(config, settings)
    config.pluginmanager.register(board, "agentcore-board")
    if getattr(config.option, "dist", "no") != "no" and config.option.tx:
        from pytest_agentcore.distribution import Controller

        if config.option.dist != "load":
            raise pytest.UsageError(f"--dist={config.option.dist}: agent runs are shared out by --dist=load only")
        config.pluginmanager.register(Controller(config, board), "agentcore-controller")
        return
    runner = Runner(settings, part=(0, 1), stop=board.stop)
    config.pluginmanager.register(Single(board, runner), "agentcore-single")
    run_items(config, runner)


def run_items(config: pytest.Config, runner: Runner) -> None:
    """Let a runner take care of agent items, if there is a model to run them with."""
    if runner.settings.models:
        config.stash[RUNNER] = runner
        config.pluginmanager.register(runner, "agentcore-runner")
        config.pluginmanager.register(Judge(runner), "agentcore-judge")


class Single:
    """A session without workers: one process both shows and runs."""

    def __init__(self, board: Board, runner: Runner) -> None:
        self._board = board
        self._runner = runner

    @pytest.hookimpl(trylast=True)
    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Plan, and hold the campaigns, once it is known what was selected."""
        if not self._runner.settings.models or session.testsfailed:
            return
        planned = self._runner.make_plan(session.items)
        check_answers(planned, self._board.specs, self._board.settings)
        groups = groups_of(planned, self._runner.before)
        if self._runner.settings.dry_run:
            self._board.show_plan(groups)
            session.config.option.collectonly = True  # pytest's own way to end here, with what was collected
        elif not session.config.option.collectonly:
            self._board.open_campaigns(groups)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtestloop(self) -> Generator[None, object, object]:
        """Run ahead of the tests while they report."""
        opened = self._board.opened
        if opened is None or not self._board.held:
            return (yield)
        masks = masks_of(list(self._runner.planned.values()))
        folders = {group: held.folder for group, held in self._board.held.items()}
        harness = make_harness(opened, self._runner.settings, self._board.specs, masks, folders)
        self._runner.start(attach(folders, opened.session), harness)
        try:
            return (yield)
        except KeyboardInterrupt as interrupt:
            raise last_frame_only(interrupt) from None
        finally:
            self._runner.stop()


def last_frame_only(interrupt: KeyboardInterrupt) -> KeyboardInterrupt:
    """Drop the way to where the user broke off: pytest parses the source of every frame of it, for about a second."""
    place = interrupt.__traceback__
    while place is not None and place.tb_next is not None:
        place = place.tb_next
    return interrupt.with_traceback(place)


def add_suites(config: pytest.Config, settings: Settings) -> None:
    """Put the suites that ship with the plugin where pytest looks for tests.

    Raises:
        pytest.UsageError: there is no such suite.
    """
    paths = [str(suite_folder(name)) for name in settings.suites]
    if not paths:
        return
    given = config.args_source is pytest.Config.ArgsSource.ARGS
    config.args = [*(config.args if given else ()), *paths]


def suite_folder(name: str) -> Path:
    """Where a suite of that name lies: inside the installed package, or beside it in a checkout."""
    package = Path(str(files("pytest_agentcore")))
    homes = [package / "suites", package.parent / "suites"]
    for home in homes:
        if (home / name / "suite.yaml").is_file():
            return home / name
    known = sorted({path.parent.name for home in homes for path in home.glob("*/suite.yaml")})
    raise pytest.UsageError(f"--agent-suite={name}: there is no such suite; there are: {', '.join(known)}")

"""``pytest-agentcore serve-scripted``: solution files as a model, on three wires, to try an agent out with."""

from __future__ import annotations

import argparse
import io
import sys
from contextlib import redirect_stdout
from functools import partial
from typing import TYPE_CHECKING

from pytest_agentcore.errors import ConfigError

if TYPE_CHECKING:
    import pytest

    from pytest_agentcore.collection import Planned
    from pytest_agentcore.domain.workspace import Snapshot
    from pytest_agentcore.model.gateway.scripted import Script

SUMMARY = "serve the solution files of tasks as a model, on three wires, for testing agents without one"
TELLING = 8
"""Shorter lines than so many characters stand in any file."""


def add(parser: argparse.ArgumentParser) -> None:
    """Which tasks, and where."""
    parser.add_argument("suite", nargs="*", help="a suite, a task or a test file")
    parser.add_argument("--agent-suite", action="append", metavar="NAME", help="a suite that ships with the plugin")
    parser.add_argument("--port", type=int, default=0, help="default: any free one")
    parser.add_argument("-k", "--task", metavar="EXPRESSION", help="only what matches, as -k of pytest")


def run(options: argparse.Namespace) -> int:
    """Collect the tasks as pytest does, then serve until Ctrl-C; status 4 where there is nothing to collect."""
    if not 0 <= options.port <= 65535:  # noqa: PLR2004 - the ports that there are
        raise ConfigError(f"--port={options.port!r} is no port; give 1 to 65535, or 0 for any free one")
    if not options.suite and not options.agent_suite:
        raise ConfigError("serve-scripted needs a suite; give its folder, or --agent-suite=NAME")
    plan, told = Plan(), io.StringIO()
    with redirect_stdout(told):
        status = _collect(options, plan)
    if status != 0:
        print(told.getvalue(), end="", file=sys.stderr)  # noqa: T201 - a command speaks to its user
        nothing_collected, mistake = 5, 4
        return mistake if status == nothing_collected else status
    if not plan.scripts:
        raise ConfigError("nothing of what was named is an agent task; mark one with @agent_task")
    from pytest_agentcore.model.gateway.scripted import serve

    try:
        return serve(plan.scripts, port=options.port, announce=_say)
    except OSError as error:
        reason = error.strerror or str(error)
        raise ConfigError(f"--port={options.port!r} cannot be served at: {reason}; give another, or none") from None


class Plan:
    """Keeps what a session planned, as a plugin of it."""

    def __init__(self) -> None:
        self.scripts: list[Script] = []

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Each task once, in the scenario that is published."""
        from pytest_agentcore.options import RUNNER

        runner = session.config.stash.get(RUNNER, None)
        if runner is not None:
            self.scripts = [_script(entry, runner.before[entry.nodeid]) for entry in runner.planned.values()]


def _collect(options: argparse.Namespace, plan: Plan) -> int:
    import pytest

    arguments = [
        *("--collect-only", "-q", "-n0", "-pno:cacheprovider"),
        "-Wignore:Module already imported:pytest.PytestAssertRewriteWarning",  # the command is in this process
        "--agent-model=scripted/nop",  # every task has that solution
        "--agent-runs=1",
        *(f"--agent-suite={name}" for name in options.agent_suite or ()),
        *(["-k", options.task] if options.task is not None else ()),
        *options.suite,
    ]
    return int(pytest.main(arguments, plugins=[plan]))


def _script(entry: Planned, before: Snapshot) -> Script:
    from pytest_agentcore.model.gateway.scripted import Script
    from pytest_agentcore.rollout.scenario import solution

    texts = (entry.data.decode("utf-8", "replace") for entry in before.entries if entry.data)
    lines = frozenset(line.strip() for text in texts for line in text.splitlines() if len(line.strip()) >= TELLING)
    return Script(task=entry.key.task, prompt=entry.task.prompt, solution=partial(solution, entry.task), lines=lines)


def _say(line: str) -> None:
    print(line, flush=True)  # noqa: T201 - a command speaks to its user

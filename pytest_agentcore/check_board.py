"""``--agent-check`` in the process that a person looks at: the cards, their JSON, the exit status."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Mapping
from pathlib import Path

import pytest

from pytest_agentcore._version import __version__
from pytest_agentcore.check_judge import RESULT
from pytest_agentcore.domain.check import CaseKind, CaseResult, Check, Miss
from pytest_agentcore.errors import AgentCoreError
from pytest_agentcore.opening import Opened, choose_isolation, new_session, prompt_of
from pytest_agentcore.options import Settings
from pytest_agentcore.report import card_text, cards
from pytest_agentcore.store import codec, digests
from pytest_agentcore.store.campaign import write


class CheckBoard:
    """Collects what the items found out."""

    def __init__(self, config: pytest.Config, settings: Settings) -> None:
        self._config = config
        self.settings = settings
        self.opened: Opened | None = None
        self._results: dict[str, CaseResult] = {}
        self._crashed: dict[str, str] = {}
        self._made: list[cards.Card] = []
        self._problems: list[str] = []
        self._started = time.monotonic()

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionstart(self) -> None:
        """Find out which sandbox there is."""
        if self._config.option.collectonly:
            return
        isolation = choose_isolation(self.settings, {})
        self.opened = Opened(
            session=new_session(), isolation=isolation, gateway=None, system_prompt=prompt_of(self.settings)
        )

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Take a result from a report, wherever it was made."""
        data = getattr(report, RESULT, None)
        if data is not None:
            result = codec.decode(CaseResult, data)
            self._results[report.nodeid] = result
        elif report.failed and report.when not in ("setup", "call", "teardown"):
            self._crashed[report.nodeid] = str(report.longrepr).strip().partition("\n")[0]

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Make the cards; a miss on one of them is a failure even where no item failed."""
        self._made = cards.cards(self._all_results(), self._pins())
        if self.settings.check is not None and self.settings.check.json_file is not None and self._made:
            self._write_json(self.settings.check.json_file)
        amiss = self._problems or any(not card.clean for card in self._made)
        if session.exitstatus == pytest.ExitCode.OK and amiss:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def _all_results(self) -> list[CaseResult]:
        """The results, with a miss for each checker that ended its process."""
        found = list(self._results.values())
        for nodeid, reason in self._crashed.items():
            test, _, parameters = nodeid.partition("[")
            like = next((result for result in found if result.nodeid.partition("[")[0] == test), None)
            home = self._config.rootpath / Path(test.partition("::")[0]).parent
            blank = CaseResult(
                task=like.task if like else home.name,
                suite=like.suite if like else "",
                suite_version=like.suite_version if like else "",
                suite_root=like.suite_root if like else str(home),
                digest=like.digest if like else "",
                name=parameters.removesuffix("]"),
                kind=CaseKind.IMPLIED,
                run=1,
                nodeid=nodeid,
                misses=(Miss(check=Check.SOUND, text=f"the checker ended its process: {reason}"),),
            )
            found.append(blank)
        return found

    def _pins(self) -> Mapping[str, Mapping[str, str] | None]:
        pins: dict[str, Mapping[str, str] | None] = {}
        for result in self._results.values():
            if result.in_suite and result.suite_root not in pins:
                try:
                    pins[result.suite_root] = digests.pinned(Path(result.suite_root), result.suite_version)
                except AgentCoreError as error:
                    self._problems.append(str(error))
                    pins[result.suite_root] = None
        return pins

    def _write_json(self, path: Path) -> None:
        shown = cards.document(
            self._made, harness=f"pytest-agentcore@{__version__}", seconds=time.monotonic() - self._started
        )
        try:
            write(path, (json.dumps(shown, indent=2, sort_keys=True) + "\n").encode())
        except AgentCoreError as error:
            self._problems.append(str(error))

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Show the cards."""
        if self._made:
            terminalreporter.section("agent tasks", sep="=")
            encoding = (getattr(sys.stdout, "encoding", None) or "ascii").lower()
            for line in card_text.lines(
                self._made,
                seconds=time.monotonic() - self._started,
                width=terminalreporter._tw.fullwidth,  # noqa: SLF001 - the width pytest itself draws with
                colour=terminalreporter.hasmarkup,
                ascii_only=not encoding.startswith("utf"),
            ):
                terminalreporter.write_line(line)
        for problem in self._problems:
            terminalreporter.write_line(f"ERROR: {problem}", red=True)

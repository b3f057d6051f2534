"""The process that a person looks at: opens the session, shows it, reports it, and decides the exit status."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pytest_agentcore._version import __version__
from pytest_agentcore.domain.campaign import CampaignRecord, Summary
from pytest_agentcore.domain.outcome import Cause
from pytest_agentcore.errors import AgentCoreError
from pytest_agentcore.groups import CampaignKey, Group, admitted, highest, images_asked_for
from pytest_agentcore.hookspecs import evidence_detectors
from pytest_agentcore.live import LiveLine
from pytest_agentcore.opening import (
    Opened,
    choose_isolation,
    hold_campaigns,
    new_session,
    prompt_of,
    specs_of,
)
from pytest_agentcore.options import Settings
from pytest_agentcore.report import data_pack_evidence, rollup, terminal
from pytest_agentcore.sandbox.choice import probe_images
from pytest_agentcore.store.campaign import Held, read_record
from pytest_agentcore.verdicts import PREFIX

if TYPE_CHECKING:
    from pytest_agentcore.model.supervisor import Offer

_LETTERS: Mapping[str, tuple[str, str, str]] = {
    Cause.INFRA: ("infra", "I", "INFRA"),
    Cause.NOT_RUN: ("not run", "N", "NOT RUN"),
}
BOARD = pytest.StashKey["Board"]()


class Board:
    """What the user sees of a session's agent items."""

    def __init__(self, config: pytest.Config, settings: Settings) -> None:
        self._config = config
        self.settings = settings
        self.specs = specs_of(settings)
        self.opened: Opened | None = None
        self.held: Mapping[CampaignKey, Held] = {}
        self._gateway: object | None = None
        self._offer: Offer | None = None
        self._reports: list[tuple[CampaignRecord, Summary]] = []
        self._notes: list[str] = []
        self._min_scores: dict[str, int] = {}
        self.stopped: str | None = None
        """Why no further run makes sense; set once."""
        self._live: LiveLine | None = None

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionstart(self) -> None:
        """Find out, before anything is collected or paid for, whether this session can work at all."""
        if self._config.option.collectonly or self.settings.dry_run or not self.settings.models:
            return
        with ThreadPoolExecutor(1) as beside:  # each takes most of a second, and neither needs the other
            gateway = beside.submit(self._start_gateway)
            isolation = choose_isolation(self.settings, self.specs)
        self.opened = Opened(
            session=new_session(),
            isolation=isolation,
            gateway=gateway.result(),
            system_prompt=prompt_of(self.settings),
        )

    def _start_gateway(self) -> tuple[str, str] | None:
        real = [spec for spec in self.specs.values() if spec.wire != "scripted"]
        if not real:
            return None
        from pytest_agentcore.model.supervisor import Gateway

        try:
            if self.settings.gateway is not None:
                gateway, self._offer = Gateway.shared(self.settings.gateway, real)
                self._config.add_cleanup(gateway.close)
                return gateway.url, gateway.secret
            gateway = Gateway.start(
                real,
                key_file=None if self.settings.key_file is None else str(self.settings.key_file),
                price_file=None if self.settings.price_file is None else str(self.settings.price_file),
                api_timeout_s=self.settings.api_timeout_s,
                api_retries=self.settings.api_retries,
                concurrency=self.settings.api_concurrency,
                replay=self.settings.replay is not None,
            )
        except AgentCoreError as error:
            raise pytest.UsageError(str(error)) from None
        self._gateway = gateway
        self._config.add_cleanup(gateway.close)
        return gateway.url, gateway.secret

    def open_campaigns(self, groups: Sequence[Group]) -> Mapping[CampaignKey, Held]:
        """Hold the campaigns behind the plan, and say which.

        Raises:
            pytest.UsageError: they cannot be had.
        """
        assert self.opened is not None  # noqa: S101 - pytest_sessionstart came before
        try:
            images = probe_images(images_asked_for(groups), self.opened.isolation)
        except AgentCoreError as error:
            raise pytest.UsageError(str(error)) from None
        self.opened = replace(self.opened, images=images)
        self._min_scores = {group.suite: group.min_score for group in groups if group.min_score is not None}
        self.held = hold_campaigns(groups, self.opened, self.settings, self.specs, self._offer)
        total = sum(len(group.runs) for group in groups)
        reporter = self._config.pluginmanager.get_plugin("terminalreporter")
        if reporter is None or not self.held:
            return self.held
        if self._config.get_verbosity() >= 0:
            for line in [*self._header(groups), *self._estimate(groups)]:
                reporter.write_line(line)
        if reporter.isatty and sys.stdout.isatty():
            journals = [held.folder / "journal.jsonl" for held in self.held.values()]
            self._live = LiveLine(reporter, journals, total=total)
            self._config.pluginmanager.register(self._live, "agentcore-live")
        return self.held

    def _estimate(self, groups: Sequence[Group]) -> list[str]:
        if all(spec.wire == "scripted" for spec in self.specs.values()):
            return []
        from pytest_agentcore.estimating import estimate_lines

        prompt = prompt_of(self.settings)
        return estimate_lines(groups, self.specs, self.settings, system_prompt=prompt, held=self.held)

    def show_plan(self, groups: Sequence[Group]) -> None:
        """Say what would be run, and what it may cost; nothing is."""
        from pytest_agentcore.estimating import plan_lines

        reporter = self._config.pluginmanager.get_plugin("terminalreporter")
        if reporter is not None:
            for line in plan_lines(groups, self.specs, self.settings, system_prompt=prompt_of(self.settings)):
                reporter.write_line(line)

    def _header(self, groups: Sequence[Group]) -> list[str]:
        assert self.opened is not None  # noqa: S101 - as open_campaigns
        planned = {group.key: len(group.runs) for group in groups}
        return terminal.header_lines(
            suites=sorted({f"{group.suite}@{group.suite_version}" for group in groups}),
            models=sorted({group.model for group in groups}),
            level=self.opened.isolation.level,
            level_reason=self.opened.isolation.reason,
            concurrency=admitted(highest(group.floor for group in groups), self.settings),
            profiles=self.settings.profiles if self.settings.profiles_given else (),
            harness=f"pytest-agentcore@{__version__}",
            campaigns=[
                terminal.CampaignFolder(folder=self._shown(held.folder), resumed=held.resumed, planned=planned[key])
                for key, held in self.held.items()
            ],
            width=self._width(),
            ascii_only=self._ascii_only(),
        )

    def stop(self, message: str) -> None:
        """Note why the session ends before its time."""
        self.stopped = self.stopped or message

    def pytest_report_teststatus(self, report: pytest.TestReport) -> tuple[str, str, str] | None:
        """Infra and what was not run have letters of their own: neither a pass nor a failure."""
        if report.when == "teardown" or not report.skipped:
            return None
        cause = dict(report.user_properties).get(f"{PREFIX}cause")
        return _LETTERS.get(cause) if isinstance(cause, str) else None

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Roll up what the campaigns hold, write the data packs, decide the exit status."""
        if self._live is not None:
            self._live.stop()
        for held in self.held.values():
            try:
                self._roll_up(held)
            except AgentCoreError as error:
                self._notes.append(f"warning: {error}")
        session.exitstatus = self._exit_status(session.exitstatus)

    def _roll_up(self, held: Held) -> None:
        record = read_record(held.folder)
        summary = rollup.summarise(record, min_coverage=self.settings.min_coverage)
        if record.record_faults:
            count, first = len(record.record_faults), record.record_faults[0]
            self._notes.append(f"warning: the calls of {count} attempts are not all recorded: {first}")
        self._reports.append((replace(record, folder=self._shown(held.folder)), summary))
        from pytest_agentcore.report.derived import write_derived

        examined = data_pack_evidence.gather(held.folder, record, evidence_detectors(self._config))
        write_derived(self.settings.directory, held.folder, record, summary, examined)
        self._config.hook.pytest_agentcore_campaign_finished(folder=held.folder, record=record, summary=summary)

    def _exit_status(self, status: int | pytest.ExitCode) -> int | pytest.ExitCode:
        """Pytest's own, but for a refusal (4), missing runs (1) and a least score, which decides alone."""
        if self.stopped is not None:
            return pytest.ExitCode.USAGE_ERROR
        if status not in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED) or not self._reports:
            return status
        incomplete = any(summary.quarantined or not summary.has_score for _, summary in self._reports)
        wanted = [self._min_score(record) for record, _ in self._reports]
        if all(score is not None for score in wanted):
            reached = all(
                summary.passed >= (score or 0) for (_, summary), score in zip(self._reports, wanted, strict=True)
            )
            return pytest.ExitCode.OK if reached and not incomplete else pytest.ExitCode.TESTS_FAILED
        return pytest.ExitCode.TESTS_FAILED if incomplete else status

    def _min_score(self, record: CampaignRecord) -> int | None:
        if self.settings.min_score is not None:
            return self.settings.min_score
        return self._min_scores.get(record.identity.suite)

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """The reports, campaign by campaign."""
        for record, summary in self._reports:
            terminalreporter.section("agent campaign", sep="=")
            colour = terminalreporter.hasmarkup
            for line in terminal.lines(
                summary, record, width=self._width(), colour=colour, ascii_only=self._ascii_only()
            ):
                terminalreporter.write_line(line)
        for note in self._notes:
            terminalreporter.write_line(note, yellow=True)
        if self.stopped is not None:
            terminalreporter.write_line(f"ERROR: {self.stopped}", red=True)

    def _shown(self, folder: Path) -> str:
        here = self._config.invocation_params.dir
        return str(folder.relative_to(here)) if folder.is_relative_to(here) else str(folder)

    def _ascii_only(self) -> bool:
        encoding = getattr(sys.stdout, "encoding", None) or "ascii"
        return not encoding.lower().startswith("utf")

    def _width(self) -> int:
        reporter = self._config.pluginmanager.get_plugin("terminalreporter")
        return reporter._tw.fullwidth if reporter is not None else 80  # noqa: SLF001 - the width pytest itself draws with

"""How much of a score is the machine: one model's campaigns over resource profiles, against the roomiest."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf

from pytest_agentcore.domain.campaign import CampaignRecord, Interval
from pytest_agentcore.domain.resources import factor
from pytest_agentcore.errors import ConfigError
from pytest_agentcore.report.comparison import ALPHA, Against, Comparison, Side, compare
from pytest_agentcore.report.table import Table
from pytest_agentcore.report.text import percent
from pytest_agentcore.scoring.paired import fisher, mcnemar
from pytest_agentcore.scoring.statistics import wilson

EXPECTED_TO_DIFFER = ("profile", "isolation.enforced")
"""What a profile changes in a manifest."""
_LEAST_P = 0.001


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One profile."""

    profile: str
    side: Side
    against: Against | None
    """None for the roomiest, which the others are held against."""
    kill_p: float | None
    """Fisher's exact p-value that the two lose runs to kills and limits at one rate."""
    run_p: float | None
    """McNemar's exact p-value over runs of the same index: a secondary figure."""

    @property
    def within_noise(self) -> bool:
        """Is nothing here told apart from the roomiest profile?"""
        if self.against is None:
            return True
        p_values = (self.against.p_adjusted, self.run_p, self.kill_p, self.against.infra_p)
        return all(p is None or p >= ALPHA for p in p_values)


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibration:
    """The profiles of one suite and model, the tightest first."""

    rows: tuple[Row, ...]
    comparison: Comparison

    @property
    def recommended(self) -> Row:
        """The smallest ceiling that, with every larger one, is within noise of the roomiest."""
        best = self.rows[-1]
        for row in reversed(self.rows):
            if not row.within_noise:
                break
            best = row
        return best


def calibrate(records: Sequence[CampaignRecord]) -> Calibration:
    """Hold each profile against the roomiest.

    Raises:
        ConfigError: fewer than two profiles, one twice or without a valid run, or campaigns that differ in more.
    """
    ordered = sorted(records, key=lambda record: room(record.identity.profile))
    profiles = [record.identity.profile for record in ordered]
    twice = next((profile for profile in profiles if profiles.count(profile) > 1), None)
    if twice is not None:
        raise ConfigError(f"two campaigns have the profile {twice!r}; name one of each")
    *tighter, roomiest = ordered
    comparison = compare([roomiest, *tighter])
    others = [one.what for one in comparison.differs if one.condition and not one.what.startswith(EXPECTED_TO_DIFFER)]
    if others:
        raise ConfigError(f"the campaigns differ in {others[0]!r} too; calibrate varies the profile alone")
    base = comparison.baseline
    lost = next((side for side in comparison.sides if not side.summary.n_valid), None)
    if lost is not None:
        raise ConfigError(f"profile {lost.record.identity.profile!r} has no valid run; there is nothing to compare")
    rows = [
        Row(
            profile=one.side.record.identity.profile,
            side=one.side,
            against=one,
            kill_p=fisher(
                one.side.summary.n_resource, one.side.summary.n_valid, base.summary.n_resource, base.summary.n_valid
            ),
            run_p=mcnemar(one.gained, one.lost),
        )
        for one in comparison.against
    ]
    last = Row(profile=base.record.identity.profile, side=base, against=None, kill_p=None, run_p=None)
    return Calibration(rows=(*rows, last), comparison=comparison)


def room(profile: str) -> float:
    """What a profile multiplies ceilings by; infinite for ``uncapped``.

    Raises:
        ConfigError: it is none.
    """
    try:
        times = factor(profile)
    except ValueError as error:
        raise ConfigError(str(error)) from None
    return inf if times is None else times


HEADINGS = ("profile", "score", "95 %", "difference", "p tasks", "p runs", "killed", "95 %", "p", "infra", "p")


def table(calibration: Calibration) -> Table:
    """Score, kills and infrastructure losses by profile, with intervals and exact p-values."""
    return Table(headings=HEADINGS, rows=[_cells(row) for row in calibration.rows])


def _cells(row: Row) -> tuple[str, ...]:
    summary, one = row.side.summary, row.against
    test = None if one is None else one.test
    return (
        row.profile,
        f"{summary.passed}/{summary.n_valid}",
        _interval(wilson(summary.passed, summary.n_valid)),
        "" if test is None else f"{test.mean * 100:+.1f} pp",
        _p(None if one is None else one.p_adjusted),
        _p(row.run_p),
        f"{summary.n_resource}/{summary.n_valid}",
        _interval(wilson(summary.n_resource, summary.n_valid)),
        _p(row.kill_p),
        f"{summary.n_infra}/{summary.planned}",
        _p(None if one is None else one.infra_p),
    )


def sentences(calibration: Calibration) -> list[str]:
    """What follows, and how little the design may be able to see."""
    best, roomiest = calibration.recommended, calibration.rows[-1]
    if best is roomiest:
        first = f"Every tighter ceiling changes what is measured: recommended is {roomiest.profile}."
    else:
        first = (
            f"{best.profile} is the smallest ceiling within noise of {roomiest.profile}: recommended is {best.profile}."
        )
    count = len(calibration.rows) - 1
    second = (
        f"p tasks is Holm-adjusted, {count} in all; p runs takes runs for independent, which those of a task are not."
    )
    return [first, second, _power(calibration.comparison)]


def _power(comparison: Comparison) -> str:
    """How much this design may have missed."""
    effect, count = comparison.against[0].detectable, len(comparison.tasks)
    tasks = "1 task" if count == 1 else f"{count} tasks"
    if effect is None or effect >= 1:
        return f"{tasks}: too few to find any difference of scores in four cases of five."
    return f"{tasks}: a difference of {effect * 100:.0f} pp is found in four cases of five; a smaller one may be there."


def _interval(interval: Interval | None) -> str:
    return "" if interval is None else f"{percent(interval.low)}–{percent(interval.high)}"


def _p(value: float | None) -> str:
    if value is None:
        return ""
    return f"<{_LEAST_P}" if value < _LEAST_P else f"{value:.3f}"

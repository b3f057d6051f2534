"""A ranking of campaigns that are the same test, with what can and what cannot be told apart.

Campaigns are on one board when suite, task digests, runs a task and every condition but the model agree. Equal scores
share a rank, and a row that cannot be told from the first of its group shares its group.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction
from functools import cache

from pytest_agentcore.domain.campaign import Interval
from pytest_agentcore.domain.standing import Standing
from pytest_agentcore.report.conditions import conditions
from pytest_agentcore.report.models import Published, display_name, published
from pytest_agentcore.scoring import paired
from pytest_agentcore.scoring.clustering import clustered_interval, detectable_effect
from pytest_agentcore.scoring.efficiency import per
from pytest_agentcore.scoring.statistics import Tally, mean_pass_hat_k
from pytest_agentcore.store.campaign import slug

ALPHA = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One measurement on a board: the newest campaign of it."""

    standing: Standing
    model: str
    """By its alias."""
    rank: int | None
    """1-based, equal scores share it; None when the row is not ranked."""
    group: int | None
    """Rows of one group are not told apart from its first."""
    interval: Interval | None
    """Of the share that passes over tasks like these."""
    pass_hat_k: float | None
    cost_per_pass: Decimal | None
    frontier: bool = False
    """No other ranked row has as high a score for less, or a higher one for as much."""
    why_not: str = ""
    """Why it is not ranked."""
    earlier: tuple[Standing, ...] = ()
    """Older campaigns of the same measurement, the newest first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Board:
    """Campaigns of one test under one set of conditions."""

    suite: str
    suite_version: str
    conditions: tuple[tuple[str, str], ...]
    """What all its campaigns share."""
    tasks: tuple[str, ...]
    runs_per_task: int
    rows: tuple[Row, ...]
    """Ranked, the best first."""
    unranked: tuple[Row, ...]

    @property
    def detectable(self) -> float | None:
        """Least difference of pass rates that two rows of this design are told apart by, in four cases of five."""
        return detectable_effect(len(self.tasks), self.runs_per_task)

    @property
    def least_p(self) -> float:
        """The smallest p-value that the first row can reach against another, after Holm."""
        return min(1.0, max(1, len(self.rows) - 1) * 0.5 ** (len(self.tasks) - 1))


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedRow:
    """A reference row, ranked among its like alone."""

    row: Published
    rank: int
    group: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Leaderboard:
    """All boards of a set of campaigns, and the reference rows."""

    as_of: str
    """ISO date: the newest of what is on it."""
    boards: tuple[Board, ...]
    published: tuple[PublishedRow, ...]


def leaderboard(
    standings: Sequence[Standing],
    *,
    min_coverage: float = 1.0,
    as_of: str | None = None,
    together: bool = False,
    references: Sequence[str] = (),
) -> Leaderboard:
    """Rank these campaigns.

    ``as_of`` leaves out what is newer than that ISO date; ``together`` ranks campaigns of different conditions in one;
    ``references`` are the suites whose published rows are added.
    """
    wanted = [standing for standing in standings if as_of is None or standing.created_at[:10] <= as_of]
    told = {id(standing): conditions(standing.manifest) for standing in wanted}  # folders of two homes may share a name
    groups: dict[str, list[Standing]] = {}
    for standing in sorted(wanted, key=lambda one: one.folder):
        key = _board_key(standing, {} if together else told[id(standing)])
        groups.setdefault(key, []).append(standing)
    boards = [_board(group, told, min_coverage) for group in groups.values()]
    rows = [row for suite in dict.fromkeys(map(slug, references)) for row in published(suite)]
    rows = [row for row in rows if as_of is None or row.as_of <= as_of]
    dates = [standing.created_at[:10] for standing in wanted] + [row.as_of for row in rows]
    return Leaderboard(
        as_of=as_of or max(dates, default=""),
        boards=tuple(sorted(boards, key=lambda board: (-len(board.rows), board.suite, board.conditions, board.tasks))),
        published=_references(rows),
    )


def _board_key(standing: Standing, told: Mapping[str, str]) -> str:
    tasks = [(task.task, task.digest, task.planned) for task in standing.tasks]
    return json.dumps([slug(standing.identity.suite), tasks, told], sort_keys=True)


def _board(standings: Sequence[Standing], told: Mapping[int, Mapping[str, str]], min_coverage: float) -> Board:
    rows = [_row(same, min_coverage) for same in _measurements(standings)]
    ranked = sorted((row for row in rows if not row.why_not), key=_order)
    identity = standings[0].identity
    shared = set.intersection(*(set(told[id(standing)].items()) for standing in standings))
    return Board(
        suite=identity.suite,
        suite_version=identity.suite_version,
        conditions=tuple(sorted(shared)),
        tasks=tuple(task.task for task in standings[0].tasks),
        runs_per_task=min((task.planned for task in standings[0].tasks), default=0),
        rows=_ranked(ranked),
        unranked=tuple(sorted((row for row in rows if row.why_not), key=_order)),
    )


def _measurements(standings: Sequence[Standing]) -> list[list[Standing]]:
    """Campaigns by what they measured, the newest first."""
    same: dict[str, list[Standing]] = {}
    for standing in standings:
        same.setdefault(standing.identity.digest or standing.folder, []).append(standing)
    for group in same.values():
        group.sort(key=lambda one: (one.created_at, one.folder), reverse=True)
    return list(same.values())


def _row(same: Sequence[Standing], min_coverage: float) -> Row:
    reasons = {standing.folder: _why_not(standing, min_coverage) for standing in same}
    # A newer campaign that cannot be ranked does not hide an older one that can.
    newest = next((standing for standing in same if not reasons[standing.folder]), same[0])
    tallies = [Tally(task.passed, task.valid) for task in newest.tasks]
    return Row(
        standing=newest,
        model=display_name(newest.identity.model) or "unknown model",
        rank=None,
        group=None,
        interval=clustered_interval(tallies),
        pass_hat_k=mean_pass_hat_k(tallies, min((task.planned for task in newest.tasks), default=0)),
        cost_per_pass=per(newest.cost_usd, newest.passed),
        why_not=reasons[newest.folder],
        earlier=tuple(standing for standing in same if standing is not newest),
    )


def _why_not(standing: Standing, min_coverage: float) -> str:
    if standing.n_checker:
        return f"no score: a checker broke in {standing.n_checker} of {standing.planned} runs"
    if not standing.n_valid:
        return "no score: no run is valid"
    if standing.coverage < min_coverage:
        missing = standing.planned - standing.n_valid
        low, high = standing.passed, standing.passed + missing
        return f"quarantined: {missing} of {standing.planned} runs missing, score between {low} and {high}"
    if standing.identity.model.startswith("scripted/"):
        return "a script, not a model"
    return ""


def _share(row: Row) -> Fraction:
    valid = row.standing.n_valid
    return Fraction(row.standing.passed, valid) if valid else Fraction(-1)


def _order(row: Row) -> tuple[Fraction, bool, Decimal, str, str]:
    """The best first; among equals the cheaper, of unknown price last."""
    cost = row.cost_per_pass
    return -_share(row), cost is None, cost or Decimal(0), row.model, row.standing.folder


def _ranked(rows: Sequence[Row]) -> tuple[Row, ...]:
    shares = [_share(row) for row in rows]
    counts = [{task.task: (task.passed, task.valid) for task in row.standing.tasks if task.valid} for row in rows]

    def p_value(first: int, other: int) -> float:
        theirs = counts[other]
        return _exchange_p(tuple((count, theirs[task]) for task, count in counts[first].items() if task in theirs))

    groups = paired.tie_groups(len(rows), p_value, alpha=ALPHA)
    best = frontier([(share, row.cost_per_pass) for share, row in zip(shares, rows, strict=True)])
    ranks: dict[Fraction, int] = {}
    for place, share in enumerate(shares):
        ranks.setdefault(share, place + 1)
    return tuple(
        replace(row, rank=ranks[shares[place]], group=groups[place], frontier=place in best)
        for place, row in enumerate(rows)
    )


@cache
def _exchange_p(counts: tuple[tuple[tuple[int, int], tuple[int, int]], ...]) -> float:
    """Of passed and valid runs, task by task, of two rows."""
    differences = [Fraction(*one) - Fraction(*other) for one, other in counts]
    return paired.exchange_p(differences) if differences else 1.0


def frontier(points: Sequence[tuple[Fraction, Decimal | None]]) -> set[int]:
    """Places of the (score, cost) points that none other beats: as good for less, or better for as much."""
    known = sorted(
        ((cost, -score, place) for place, (score, cost) in enumerate(points) if cost is not None),
    )
    best: set[int] = set()
    top: tuple[Fraction, Decimal] | None = None
    for cost, negative, place in known:
        if top is None or -negative > top[0] or (-negative, cost) == top:
            best.add(place)
            top = (-negative, cost)
    return best


def _references(rows: Sequence[Published]) -> tuple[PublishedRow, ...]:
    """Published rows by score. A group is what overlaps its first row's Wilson interval: of tasks nothing is known."""
    ordered = sorted(rows, key=lambda row: (-Fraction(row.passed, row.runs), row.model))
    shares = [Fraction(row.passed, row.runs) for row in ordered]
    groups: list[int] = []
    first: Interval | None = None
    for row in ordered:
        interval = row.interval
        apart = first is not None and interval is not None and interval.high < first.low
        if first is None or apart:
            first = interval
            groups.append((groups[-1] if groups else 0) + 1)
        else:
            groups.append(groups[-1])
    return tuple(
        PublishedRow(row=row, rank=shares.index(share) + 1, group=group)
        for row, share, group in zip(ordered, shares, groups, strict=True)
    )

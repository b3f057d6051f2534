"""A leaderboard as one HTML file: no script, no other file, every foreign text escaped."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from math import ceil, floor, log10
from typing import Any

from pytest_agentcore.domain.standing import TaskStanding
from pytest_agentcore.report import leaderboard_text as words
from pytest_agentcore.report.leaderboard import Board, Leaderboard, Row
from pytest_agentcore.report.models import NOTE
from pytest_agentcore.report.page import rendered, short_name, strip
from pytest_agentcore.report.text import percent
from pytest_agentcore.scoring.clustering import Stability
from pytest_agentcore.scoring.efficiency import ratio_text, usd_text
from pytest_agentcore.scoring.statistics import Tally

_WIDTH, _HEIGHT = 720, 300
_LEFT, _RIGHT, _TOP, _BOTTOM = 56, 24, 28, 40
_MOST_LABELS = 12
_SHARES = (0.0, 0.25, 0.5, 0.75, 1.0)


def page(board: Leaderboard) -> str:
    """The page; it can be opened from the file system."""
    values = {
        "as_of": board.as_of or "no date",
        "boards": [_board(one, number) for number, one in enumerate(board.boards, start=1)],
        "published": _published(board),
        "note": NOTE,
        "not_one_test": words.NOT_ONE_TEST,
    }
    return rendered("leaderboard.html", values)


def _board(board: Board, number: int) -> dict[str, Any]:
    least = words.cheapest([row.cost_per_pass for row in board.rows])
    return {
        "id": f"board-{number}",
        "title": words.title(board),
        "shared": words.shared_conditions(board),
        "remarks": words.remarks(board),
        "rows": [_row(row, least) for row in board.rows],
        "unranked": [_row(row, None) for row in board.unranked],
        "tasks": [{"id": task, "short": short_name(task)} for task in board.tasks],
        "chart": _chart(board.rows),
    }


def _row(row: Row, least: Decimal | None) -> dict[str, Any]:
    standing = row.standing
    return {
        "rank": row.rank,
        "group": row.group,
        "model": row.model,
        "model_id": standing.identity.model,
        "score": words.score(row),
        "rate": percent(words.share(row) or 0.0),
        "interval": words.span(row.interval),
        "bar": strip(row.interval, words.share(row)),
        "hat": "" if row.pass_hat_k is None else percent(row.pass_hat_k),
        "cost": words.cost(row),
        "times": "" if row.cost_per_pass is None or least is None else ratio_text(row.cost_per_pass, least),
        "frontier": row.frontier,
        "profile": standing.identity.profile,
        "level": standing.identity.level,
        "agent": standing.identity.agent,
        "as_of": standing.created_at[:10],
        "campaign": standing.folder,
        "notes": words.notes(row),
        "tasks": [_cell(task) for task in standing.tasks],
    }


def _cell(task: TaskStanding) -> dict[str, str]:
    tally = Tally(task.passed, task.valid)
    return {"text": f"{task.passed}/{task.valid}", "kind": str(Stability.of(tally)), "task": task.task}


def _published(board: Leaderboard) -> list[dict[str, Any]]:
    least = words.cheapest([one.row.cost_per_pass_usd for one in board.published])
    return [
        {
            "rank": one.rank,
            "group": one.group,
            "model": one.row.model,
            "score": f"{one.row.passed}/{one.row.runs}",
            "rate": percent(one.row.passed / one.row.runs),
            "interval": words.span(one.row.interval),
            "cost": "" if one.row.cost_per_pass_usd is None else usd_text(one.row.cost_per_pass_usd),
            "times": "" if one.row.cost_per_pass_usd is None else ratio_text(one.row.cost_per_pass_usd, least),
            "as_of": one.row.as_of_text,
            "seed": one.row.seed,
            "notes": one.row.note,
        }
        for one in board.published
    ]


# The chart


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """One row where cost and score meet, in pixels."""

    x: float
    y: float
    label: str
    told: str
    frontier: bool
    named: bool
    """Is there room for its name?"""
    anchor: str


def _chart(rows: Sequence[Row]) -> dict[str, Any] | None:
    """Cost of a pass (logarithmic) against score; None with fewer than two rows of known cost."""
    priced = [row for row in rows if row.cost_per_pass]
    if len(priced) < 2:  # noqa: PLR2004 - one point is no picture
        return None
    logs = [log10(row.cost_per_pass or 1) for row in priced]
    low, high = floor(min(logs)), max(ceil(max(logs)), floor(min(logs)) + 1)
    across, down = _WIDTH - _LEFT - _RIGHT, _HEIGHT - _TOP - _BOTTOM

    def x(log: float) -> float:
        return round(_LEFT + across * (log - low) / (high - low), 1)

    def y(share: float) -> float:
        return round(_TOP + down * (1 - share), 1)

    labelled = sum(row.frontier for row in priced) <= _MOST_LABELS
    points = [
        Point(
            x=x(log),
            y=y(words.share(row) or 0.0),
            label=row.model,
            told=f"{row.model}: {words.score(row)}, {words.cost(row)} a pass",
            frontier=row.frontier,
            named=row.frontier and labelled,
            anchor="end" if x(log) > _LEFT + across * 3 / 4 else "start",
        )
        for row, log in zip(priced, logs, strict=True)
    ]
    line = sorted({(point.x, point.y) for point in points if point.frontier})
    return {
        "width": _WIDTH,
        "height": _HEIGHT,
        "left": _LEFT,
        "right": _WIDTH - _RIGHT,
        "bottom": _HEIGHT - _BOTTOM,
        "top": _TOP,
        "points": sorted(points, key=lambda point: (point.frontier, point.x, point.y, point.label)),
        "line": " ".join(f"{at},{height}" for at, height in line),
        "across": [(x(power), usd_text(Decimal(10) ** power)) for power in range(low, high + 1)],
        "up": [(y(share), f"{100 * share:.0f} %") for share in _SHARES],
    }

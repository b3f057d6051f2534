"""A leaderboard as Markdown, CSV and JSON, and the sentences that all its forms share."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Any

from pytest_agentcore.domain.campaign import Interval
from pytest_agentcore.report.conditions import conditions
from pytest_agentcore.report.leaderboard import ALPHA, Board, Leaderboard, PublishedRow, Row
from pytest_agentcore.report.models import NOTE
from pytest_agentcore.report.table import Table, csv_text, markdown
from pytest_agentcore.report.text import clean, percent
from pytest_agentcore.scoring.efficiency import ratio_text, usd_text

SCHEMA_VERSION = 1
NOT_ONE_TEST = (
    "Published rows were measured by others with tasks that nobody here has: they are not the same test, "
    "and they are not ranked with the rows above."
)
_NAMED = 3  # models that a sentence names
_PLACES = 12  # of a figure that went through a function of the C library
_LONGEST_CONDITION = 60
CSV_NAMES = (
    *("board", "rank", "tie_group", "model", "model_id", "passed", "valid", "planned", "pass_rate"),
    *("low_95", "high_95", "pass_hat_k", "total_cost_usd", "cost_per_pass_usd", "frontier"),
    *("resource_profile", "isolation", "agent", "harness", "variant", "as_of", "source", "n_infra", "n_resource"),
    *("tokens_estimated", "note"),
)


def title(board: Board) -> str:
    """What a board ranks: ``agentic_core_v1@1.0.0, 10 tasks × 3 runs``."""
    version = f"@{board.suite_version}" if board.suite_version else ""
    return f"{board.suite or 'unknown suite'}{version}, {len(board.tasks)} tasks × {board.runs_per_task} runs"


def remarks(board: Board) -> list[str]:
    """How to read a board: what it can tell apart, and which tasks divide its rows."""
    told = []
    if board.detectable is not None:
        told.append(
            f"This design finds differences of {100 * board.detectable:.0f} percentage points; rows of one tie group "
            f"are not told apart from its first row (exact paired test over tasks, Holm, {100 * ALPHA:.0f} %)."
        )
    if len(board.rows) > 1 and board.least_p >= ALPHA:
        told.append(
            f"With {len(board.tasks)} tasks and {len(board.rows)} rows no two can be told apart: "
            f"the least p-value possible is {min(1.0, board.least_p):.2g}."
        )
    return told + [claim for task in board.tasks if (claim := _claim(board, task))]


def _claim(board: Board, task: str) -> str:
    """Who passes a task that few pass, or fails one that few fail; empty where neither is so."""
    scores = [
        (row.model, one.passed, one.valid) for row in board.rows for one in row.standing.tasks if one.task == task
    ]
    total = len(scores)
    passing = [f"{model} ({passed}/{valid})" for model, passed, valid in scores if passed]
    failing = [f"{model} ({passed}/{valid})" for model, passed, valid in scores if passed < valid]
    if total <= _NAMED:
        return ""
    if not passing:
        return f"{task}: passed by none of {total}."
    if len(passing) <= _NAMED:
        return f"{task}: passed at least once by {len(passing)} of {total}: {', '.join(passing)}."
    if failing and len(failing) <= _NAMED:
        return f"{task}: failed at least once by {len(failing)} of {total}: {', '.join(failing)}."
    return ""


def shared_conditions(board: Board) -> list[str]:
    """What all campaigns of a board have in common, as ``name value``; long values are left to the manifests."""
    return [
        f"{name} {value}"
        for name, value in board.conditions
        if name not in {"suite", "suite_version"} and len(value) <= _LONGEST_CONDITION and "\n" not in value
    ]


def notes(row: Row) -> str:
    """What a reader should know of a row besides its figures."""
    standing = row.standing
    told = [row.why_not]
    if standing.coverage < 1 and not row.why_not:
        told.append(f"{standing.n_valid} of {standing.planned} runs valid")
    if standing.n_resource:
        told.append(f"{standing.n_resource} ended by a limit")
    if standing.estimated:
        told.append("tokens estimated")
    if standing.passed == 0 and standing.n_valid:
        told.append("no pass, so no cost of one")
    if row.earlier:
        scores = ", ".join(f"{one.passed}/{one.planned} on {one.created_at[:10]}" for one in row.earlier)
        told.append(f"also measured: {scores}")
    return "; ".join(part for part in told if part)


def markdown_lines(board: Leaderboard) -> list[str]:
    """The whole leaderboard as GitHub Markdown."""
    written = ["# Leaderboard", "", f"As of {board.as_of or 'no date'}."]
    for one in board.boards:
        written += ["", f"## {markdown(title(one))}", ""]
        shared = shared_conditions(one)
        written += [f"All rows: {markdown('; '.join(shared))}.", ""] if shared else []
        written += _ranking(one).markdown() if one.rows else ["No row can be ranked."]
        if one.unranked:
            written += ["", "### Not ranked", "", *_left_aside(one).markdown()]
        written += ["", *(f"- {markdown(remark)}" for remark in remarks(one))] if one.rows else []
    if board.published:
        written += ["", f"## {NOTE.capitalize()}", "", NOT_ONE_TEST, "", *_references(board.published).markdown()]
    return written


def text_lines(board: Leaderboard, *, ascii_only: bool = False) -> list[str]:
    """The rankings for a terminal."""
    written = [f"as of {board.as_of or 'no date'}"]
    for one in board.boards:
        written += ["", clean(title(one), ascii_only=ascii_only)]
        written += _ranking(one).aligned(ascii_only=ascii_only) if one.rows else ["no row can be ranked"]
        written += ["", "not ranked", *_left_aside(one).aligned(ascii_only=ascii_only)] if one.unranked else []
        written += ["", *(clean(remark, ascii_only=ascii_only) for remark in remarks(one))] if one.rows else []
    if board.published:
        written += ["", NOTE, *_references(board.published).aligned(ascii_only=ascii_only), NOT_ONE_TEST]
    return written


def cheapest(costs: Sequence[Decimal | None]) -> Decimal | None:
    """The least known cost; None when none is known."""
    return min((cost for cost in costs if cost is not None), default=None)


def _ranking(board: Board) -> Table:
    headings = (
        *("rank", "tie", "model", "score", "pass rate", "95 % over tasks", "pass^k", "a pass", "× least", "frontier"),
        *("profile", "isolation", "agent", "as of", "notes"),
    )
    least = cheapest([row.cost_per_pass for row in board.rows])
    return Table(
        headings=headings,
        left=frozenset({2, 10, 11, 12, 13, 14}),
        rows=[
            [
                str(row.rank),
                str(row.group),
                named(row),
                score(row),
                percent(share(row) or 0.0),
                span(row.interval),
                "" if row.pass_hat_k is None else percent(row.pass_hat_k),
                cost(row),
                "" if row.cost_per_pass is None else ratio_text(row.cost_per_pass, least),
                "yes" if row.frontier else "",
                row.standing.identity.profile,
                row.standing.identity.level,
                row.standing.identity.agent,
                row.standing.created_at[:10],
                notes(row),
            ]
            for row in board.rows
        ],
    )


def _left_aside(board: Board) -> Table:
    rows = [[named(row), score(row), row.standing.created_at[:10], notes(row)] for row in board.unranked]
    return Table(headings=("model", "passed", "as of", "why"), rows=rows, left=frozenset({0, 2, 3}))


def _references(published: Sequence[PublishedRow]) -> Table:
    least = cheapest([one.row.cost_per_pass_usd for one in published])
    return Table(
        headings=(
            "rank",
            "tie",
            "model",
            "score",
            "pass rate",
            "Wilson 95 %",
            "a pass",
            "× least",
            "as of",
            "seed",
            "notes",
        ),
        left=frozenset({2, 8, 9, 10}),
        rows=[
            [
                str(one.rank),
                str(one.group),
                one.row.model,
                f"{one.row.passed}/{one.row.runs}",
                percent(one.row.passed / one.row.runs),
                span(one.row.interval),
                usd_text(one.row.cost_per_pass_usd) if one.row.cost_per_pass_usd is not None else "",
                "" if one.row.cost_per_pass_usd is None else ratio_text(one.row.cost_per_pass_usd, least),
                one.row.as_of_text,
                one.row.seed,
                one.row.note,
            ]
            for one in published
        ],
    )


def named(row: Row) -> str:
    """A model by its alias, with its id beside where that is another."""
    model = row.standing.identity.model
    return row.model if row.model == model or not model else f"{row.model} ({model})"


def score(row: Row) -> str:
    """Passed of valid runs."""
    return f"{row.standing.passed}/{row.standing.n_valid}"


def share(row: Row) -> float | None:
    """Pass rate of the valid runs, 0..1."""
    return float(Fraction(row.standing.passed, row.standing.n_valid)) if row.standing.n_valid else None


def cost(row: Row) -> str:
    """Cost of a passing run as printed."""
    if row.standing.cost_usd is None:
        return "unknown price"
    return "no pass" if row.cost_per_pass is None else usd_text(row.cost_per_pass)


def span(interval: Interval | None) -> str:
    """An interval of a share, ``66.4–92.7 %``; empty when there is none."""
    return "" if interval is None else f"{100 * interval.low:.1f}–{100 * interval.high:.1f} %"


# For other programs


def csv_document(board: Leaderboard) -> str:
    """Every row of every board, and the published ones, which have ``published`` for a board."""
    entries = [{"board": title(one), **_entry(row)} for one in board.boards for row in (*one.rows, *one.unranked)] + [
        {"board": "published", **_published_entry(one)} for one in board.published
    ]
    return csv_text(CSV_NAMES, [[_plain(entry.get(name)) for name in CSV_NAMES] for entry in entries])


def document(board: Leaderboard) -> dict[str, Any]:
    """The same as builtins. Shares lie in 0..1, money is decimal text in US dollars, unknown is None."""
    return {
        "schema_version": SCHEMA_VERSION,
        "as_of": board.as_of,
        "boards": [_board(one) for one in board.boards],
        "published": [_published_entry(one) for one in board.published],
    }


def _board(board: Board) -> dict[str, Any]:
    return {
        "board": title(board),
        "suite": board.suite,
        "suite_version": board.suite_version,
        "conditions": dict(board.conditions),
        "tasks": list(board.tasks),
        "runs_per_task": board.runs_per_task,
        "minimum_detectable_effect": None if board.detectable is None else round(board.detectable, _PLACES),
        "remarks": remarks(board),
        "ranked": [_full(row) for row in board.rows],
        "unranked": [_full(row) for row in board.unranked],
    }


def _full(row: Row) -> dict[str, Any]:
    tasks = {task.task: {"passed": task.passed, "valid": task.valid} for task in row.standing.tasks}
    return {**_entry(row), "tasks": tasks, "conditions": conditions(row.standing.manifest)}


def _entry(row: Row) -> dict[str, Any]:
    standing, identity, interval = row.standing, row.standing.identity, row.interval
    return {
        "rank": row.rank,
        "tie_group": row.group,
        "model": row.model,
        "model_id": identity.model,
        "passed": standing.passed,
        "valid": standing.n_valid,
        "planned": standing.planned,
        "pass_rate": share(row),
        "low_95": None if interval is None else round(interval.low, _PLACES),
        "high_95": None if interval is None else round(interval.high, _PLACES),
        "pass_hat_k": row.pass_hat_k,
        "total_cost_usd": _money(standing.cost_usd),
        "cost_per_pass_usd": _money(row.cost_per_pass),
        "frontier": row.frontier,
        "resource_profile": identity.profile,
        "isolation": identity.level,
        "agent": identity.agent,
        "harness": identity.harness,
        "variant": identity.variant,
        "as_of": standing.created_at[:10],
        "source": standing.folder,
        "n_infra": standing.n_infra,
        "n_resource": standing.n_resource,
        "tokens_estimated": standing.estimated,
        "note": notes(row),
    }


def _published_entry(one: PublishedRow) -> dict[str, Any]:
    row, interval = one.row, one.row.interval
    return {
        "rank": one.rank,
        "tie_group": one.group,
        "model": row.model,
        "passed": row.passed,
        "planned": row.runs,
        "pass_rate": row.passed / row.runs,
        "low_95": None if interval is None else round(interval.low, _PLACES),
        "high_95": None if interval is None else round(interval.high, _PLACES),
        "cost_per_pass_usd": _money(row.cost_per_pass_usd),
        "as_of": row.as_of_text,
        "source": row.seed,
        "note": f"{NOTE}; {row.note}" if row.note else NOTE,
    }


def _money(amount: Decimal | None) -> str | None:
    return None if amount is None else format(amount, "f")


def _plain(value: object) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case float():
            return repr(value)
    return str(value)

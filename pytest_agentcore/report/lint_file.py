"""Reads the figures out of a results file in YAML or JSON, whose form docs/leaderboard.md gives."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from fractions import Fraction
from typing import Any

from pytest_agentcore.errors import ConfigError
from pytest_agentcore.report.lint import Claim, Figure, Ranking, Report
from pytest_agentcore.report.lint_text import amount, task_id
from pytest_agentcore.report.strict_yaml import load

_TOP = frozenset({"as_of", "models", "ranking", "claims"})
_MODEL = {
    "pass_rate": "rate",
    "total_cost_usd": "total_cost",
    "cost_per_pass_usd": "cost_per_pass",
    "cost_per_run_usd": "cost_per_run",
    "input_price_usd": "input_price",
    "max_turns": "turns",
}
"""Field of a model -> quantity; prices are US dollars a million tokens."""
_TASK = {
    "delta": "delta",
    "input_tokens": "input_tokens",
    "cached_tokens": "cached_tokens",
    "cost_per_run_usd": "cost_per_run",
    "tool_calls": "tool_calls",
}
_OTHERS = frozenset({"name", "score", "tasks", "all_tasks"})
_CLAIMS = frozenset({"steps", "failed", "only", "ratio", "range_miss", "leader"})


def read_results(name: str, data: bytes) -> Report:
    """What a results file says.

    Raises:
        ConfigError: it is none; the message says where it is wrong.
    """
    table = _table(load(data, name), name)
    _require_known(table, _TOP, name)
    report = Report(name=name, dated="as_of" in table)
    for place, model in enumerate(_list(table.get("models", []), f"{name}: models"), start=1):
        _model(report, _table(model, f"{name}: models #{place}"), f"{name}: models #{place}")
    rows = [_rank(row, f"{name}: ranking") for row in _list(table.get("ranking", []), f"{name}: ranking")]
    if rows:
        report.rankings.append(Ranking(where=f"{name}: ranking", rows=tuple(rows)))
    for place, claim in enumerate(_list(table.get("claims", []), f"{name}: claims"), start=1):
        report.claims.append(_claim(_table(claim, f"{name}: claims"), f"{name}: claims #{place}"))
    return report


def _model(report: Report, table: Mapping[str, Any], where: str) -> None:
    _require_known(table, _OTHERS | set(_MODEL), where)
    name = str(table.get("name", ""))
    if not name:
        raise ConfigError(f"{where} lacks its name")
    report.spellings.setdefault(name, where)
    report.complete_tasks &= table.get("all_tasks", True) is not False
    if "score" in table:
        report.figures.append(_score(table["score"], f"{where}: score", name))
    for field, what in _MODEL.items():
        if field in table:
            report.figures.append(_figure(what, table[field], f"{where}: {field}", name))
    for task, told in _table(table.get("tasks", {}), f"{where}: tasks").items():
        _task(report, task, told, f"{where}: {task}", name)


def _task(report: Report, task: str, told: object, where: str, name: str) -> None:
    table = told if isinstance(told, dict) else {"score": told}
    _require_known(table, {"score", "runs", "output", *_TASK}, where)
    ident = task_id(task) or task
    of: int | None = None
    if "runs" in table:
        of = int(_number(table["runs"], f"{where}: runs")[0])
    if "score" in table:
        score = replace(_score(table["score"], where, name), task=ident)
        report.figures.append(score)
        of = score.of if of is None else of
    for field, what in _TASK.items():
        if field in table:
            figure = replace(_figure(what, table[field], f"{where}: {field}", name), task=ident)
            report.figures.append(replace(figure, of=of) if "tokens" in what or what == "tool_calls" else figure)
    if table.get("output") == "missing":
        report.missing_outputs.append((where, f"{task} left no output"))


def _claim(table: Mapping[str, Any], where: str) -> Claim:
    kind = str(table.get("claim", ""))
    if kind not in _CLAIMS:
        raise ConfigError(f"{where}: unknown claim {kind!r}; known are {', '.join(sorted(_CLAIMS))}")
    printed = str(table.get("says", kind))

    def number(field: str) -> Fraction:
        return _number(table.get(field), f"{where}: {field}")[0]

    def names(field: str) -> tuple[str, ...]:
        return tuple(map(str, _list(table.get(field, []), f"{where}: {field}")))

    match kind:
        case "steps":
            told = tuple(field for field in ("up", "equal", "down") if field in table)
            return Claim(kind=kind, where=where, printed=printed, names=told, values=tuple(map(number, told)))
        case "failed":
            tasks = tuple(task_id(name) or name for name in names("tasks"))
            return Claim(kind=kind, where=where, printed=printed, names=tasks, values=(number("failed"), number("of")))
        case "ratio":
            value, slack = _number(table.get("ratio"), f"{where}: ratio")
            return Claim(
                kind=kind, where=where, printed=printed, values=(value, slack, number("value"), number("over"))
            )
        case "range_miss":
            fields = ("miss", "low", "high", "point", "actual")
            return Claim(kind=kind, where=where, printed=printed, values=tuple(map(number, fields)))
    task = task_id(str(table.get("task", "")))
    return Claim(kind=kind, where=where, printed=printed, names=names("models"), task=task)


def _rank(row: object, where: str) -> tuple[int | None, str, Fraction]:
    table = _table(row, where)
    _require_known(table, frozenset({"rank", "name", "score"}), where)
    rank = table.get("rank")
    return (rank if isinstance(rank, int) else None), str(table.get("name", "")), _number(table.get("score"), where)[0]


def _score(value: object, where: str, name: str) -> Figure:
    passed, slash, runs = str(value).partition("/")
    if not slash or not passed.strip().isdecimal() or not runs.strip().isdecimal() or int(passed) > int(runs):
        raise ConfigError(f"{where}: {value!r} is no score; write passed/runs, like 25/30")
    return Figure(
        what="score", value=Fraction(int(passed)), of=int(runs), printed=str(value), where=where, subject=name
    )


def _figure(what: str, value: object, where: str, name: str) -> Figure:
    number, slack = _number(value, where)
    exact = what == "delta"
    return Figure(
        what=what, value=number, slack=Fraction() if exact else slack, printed=str(value), where=where, subject=name
    )


def _number(value: object, where: str) -> tuple[Fraction, Fraction]:
    found = None if isinstance(value, bool) else amount(str(value))
    if found is None:
        raise ConfigError(f"{where}: {value!r} is no number; leave out what is not known")
    return found


def _require_known(table: Mapping[str, Any], known: set[str] | frozenset[str], where: str) -> None:
    if unknown := sorted(set(table) - known):
        raise ConfigError(f"{where}: unknown field {unknown[0]!r}; known are {', '.join(sorted(known))}")


def _table(value: object, where: str) -> Mapping[str, Any]:
    if not isinstance(value, dict) or not all(isinstance(key, str) for key in value):
        raise ConfigError(f"{where} must be a table of names, not a {type(value).__name__}")
    return value


def _list(value: object, where: str) -> list[Any]:
    if not isinstance(value, list):
        raise ConfigError(f"{where} must be a list, not a {type(value).__name__}")
    return value

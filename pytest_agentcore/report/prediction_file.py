"""The file in which an author predicts a campaign: YAML, read strictly, for a slip of the pen is no prediction."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pytest_agentcore.errors import ConfigError
from pytest_agentcore.report.strict_yaml import load
from pytest_agentcore.scoring.expression import parse
from pytest_agentcore.scoring.predictions import HEADLINE, Headline, Prediction, Statement, require_known

ABOUT = ("suite", "suite_version", "model", "agent", "profile", "variant", "level")
_FIELDS = frozenset({"title", "author", "campaign", "headline", "predictions"})
_ENDS = 2

TEMPLATE = """\
# Register this file before the campaign's first run:  pytest-agentcore predict register FILE
title: {title}
author: {author}
campaign:                # what it is about; a field left out may be anything: {about}
  suite: {suite}
  model: {model}
headline:
  range: [18, 22]        # passed runs, both ends included
  point: 20
  probability: 0.6       # that the score lies in the range; may be left out
predictions:
  P1: task_09 <= 0       # passed runs of a task
  P2:
    says: planning fails, and so do tool calls
    holds: task_07 <= 1 and tool_call_malformed > 0
    probability: 0.3
  P3: total < 20
"""


def read_prediction(data: bytes, where: str) -> Prediction:
    """Read a prediction; ``where`` names it in messages.

    Raises:
        ConfigError: it is none; the message says where it is wrong.
    """
    table = _table(load(data, where), where)
    if unknown := sorted(set(table) - _FIELDS):
        raise ConfigError(f"{where}: unknown field {unknown[0]!r}; known are {', '.join(sorted(_FIELDS))}")
    about = _table(table.get("campaign"), f"{where}: campaign")
    if unknown := sorted(set(about) - set(ABOUT)):
        raise ConfigError(f"{where}: campaign has no {unknown[0]!r}; known are {', '.join(ABOUT)}")
    if "model" not in about or "suite" not in about:
        raise ConfigError(f"{where}: campaign must name its suite and its model")
    headline = table.get("headline")
    if HEADLINE in _table(table.get("predictions", {}), f"{where}: predictions"):
        raise ConfigError(f"{where}: {HEADLINE!r} is no name of a prediction; write it beside them")
    statements = _table(table.get("predictions", {}), f"{where}: predictions")
    prediction = Prediction(
        title=_text(table.get("title", "untitled"), f"{where}: title"),
        author=_text(table.get("author", "unknown"), f"{where}: author"),
        about={name: _text(value, f"{where}: campaign.{name}") for name, value in about.items()},
        headline=None if headline is None else _headline(_table(headline, f"{where}: headline"), where),
        statements=tuple(_statement(name, value, f"{where}: {name}") for name, value in statements.items()),
    )
    if prediction.headline is None and not prediction.statements:
        raise ConfigError(f"{where} predicts nothing; give it a headline or predictions")
    return prediction


def _headline(table: Mapping[str, Any], where: str) -> Headline:
    if unknown := sorted(set(table) - {"range", "point", "probability"}):
        raise ConfigError(f"{where}: headline has no {unknown[0]!r}; known are range, point, probability")
    ends = table.get("range")
    if not isinstance(ends, list) or len(ends) != _ENDS or not all(map(_is_count, ends)) or ends[0] > ends[1]:
        raise ConfigError(f"{where}: headline.range must be two counts of passed runs, the lower first: [18, 22]")
    point = table.get("point")
    if point is not None and not _is_count(point):
        raise ConfigError(f"{where}: headline.point must be a count of passed runs")
    chance = _probability(table.get("probability"), f"{where}: headline")
    return Headline(low=ends[0], high=ends[1], point=point, probability=chance)


def _statement(name: str, value: object, where: str) -> Statement:
    table = {"holds": value} if isinstance(value, str) else _table(value, where)
    if unknown := sorted(set(table) - {"says", "holds", "probability"}):
        raise ConfigError(f"{where} has no {unknown[0]!r}; known are says, holds, probability")
    if "holds" not in table:
        raise ConfigError(f"{where} lacks its statement; write holds: task_09 <= 0")
    try:
        expression = parse(_text(table["holds"], where))
        require_known(expression)
    except ConfigError as error:
        raise ConfigError(f"{where}: {error}") from None
    says = _text(table.get("says", ""), where)
    chance = _probability(table.get("probability"), where)
    return Statement(id=name, expression=expression, says=says, probability=chance)


def _table(value: object, where: str) -> Mapping[str, Any]:
    if not isinstance(value, dict) or not all(isinstance(key, str) for key in value):
        raise ConfigError(f"{where} must be a table of names, not {_kind(value)}")
    return value


def _text(value: object, where: str) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return str(value)
    raise ConfigError(f"{where} must be text, not {_kind(value)}; put it in quotes")


def _probability(value: object, where: str) -> float | None:
    if value is None:
        return None
    if isinstance(value, (int, float)) and not isinstance(value, bool) and 0 < value < 1:
        return float(value)
    raise ConfigError(f"{where}: probability {value!r:.40} must lie between 0 and 1, both excluded")


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _kind(value: object) -> str:
    return "nothing" if value is None else f"a {type(value).__name__}"

"""Rows as plain text and as JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Any

from benchmarks.rows import Row

_TOP_DIGITS = 100.0


def lines(rows: Sequence[Row]) -> list[str]:
    """A table for each section, targets and rejected measurements beside their row."""
    out: list[str] = []
    for section, group in groupby(rows, key=lambda row: row.section):
        members = list(group)
        columns = list(dict.fromkeys(name for row in members for name in row.figures))
        header = [section, *columns, "n", "target"]
        body = [
            [row.name, *(_number(row.figures.get(column)) for column in columns), str(row.repeats), _targets(row)]
            for row in members
        ]
        out += ["", *_aligned([header, *body])]
        out += [f"  REJECTED {row.name}: {text}" for row in members for text in row.rejected]
    return out


def _aligned(cells: Sequence[Sequence[str]]) -> list[str]:
    widths = [max(len(line[column]) for line in cells) for column in range(len(cells[0]))]
    last = len(widths) - 1

    def line(row: Sequence[str]) -> str:
        parts = [
            text.ljust(width) if column in (0, last) else text.rjust(width)
            for column, (text, width) in enumerate(zip(row, widths, strict=True))
        ]
        return "  ".join(parts).rstrip()

    first, *rest = (line(row) for row in cells)
    return [first, "-" * len(first), *rest]


def _number(value: float | None) -> str:
    if value is None:
        return ""
    return f"{value:.0f}" if abs(value) >= _TOP_DIGITS else f"{value:.2f}"


def _targets(row: Row) -> str:
    words = {True: "met", False: "MISSED", None: "not measured"}
    return "; ".join(f"{target.figure} ≤ {target.most:g}: {words[row.met(target)]}" for target in row.targets)


def document(rows: Sequence[Row], about: Mapping[str, Any]) -> str:
    """Everything as one JSON document."""
    told = [
        {
            "section": row.section,
            "name": row.name,
            "repeats": row.repeats,
            "figures": dict(row.figures),
            "targets": [{"figure": one.figure, "most": one.most, "met": row.met(one)} for one in row.targets],
            "rejected": list(row.rejected),
        }
        for row in rows
    ]
    return json.dumps({"about": dict(about), "rows": told}, indent=2)

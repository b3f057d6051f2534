"""How a data pack is written down: JSON and CSV of which equal values give equal bytes, safe to open anywhere."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Context, Decimal
from typing import Any

Row = Mapping[str, Any]
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
"""How a cell begins that a spreadsheet would run."""
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_FIGURES = Context(prec=15)  # what a double holds, so that the JSON and the CSV files say the same


def number(amount: Decimal | None) -> float | None:
    """A decimal amount as a JSON number."""
    return None if amount is None else float(_FIGURES.plus(amount))


def json_bytes(data: Mapping[str, Any]) -> bytes:
    """A JSON document with sorted keys, a task or a run a line; NaN has no place in it."""
    fields = [f" {json.dumps(name)}: {_value(data[name])}" for name in sorted(data)]
    return ("{\n" + ",\n".join(fields) + "\n}\n").encode("ascii")


def _value(value: Any) -> str:
    # Lines by hand: with an indent, the library's encoder is the slow one, and ten thousand runs are many.
    if isinstance(value, Mapping) and any(isinstance(entry, Mapping) for entry in value.values()):
        entries = [f"  {json.dumps(name)}: {_compact(value[name])}" for name in sorted(value)]
        return "{\n" + ",\n".join(entries) + "\n }"
    return _compact(value)


def _compact(value: Any) -> str:
    return json.dumps(value, sort_keys=True, allow_nan=False)


def csv_bytes(names: Sequence[str], rows: Iterable[Row]) -> bytes:
    """A CSV table with a heading, UTF-8, lines ending in LF."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(names)
    writer.writerows([cell(row[name]) for name in names] for row in rows)
    return text.getvalue().encode("utf-8", "backslashreplace")


def cell(value: object) -> str:
    """A value as a cell: a number as such, text so that no spreadsheet takes it for a formula."""
    written = _AS_CELLS.get(type(value))
    if written is not None:
        return written(value)
    text = str(value)
    if text.isascii() and text.isprintable():  # as nearly all text is
        return f"'{text}" if text.startswith(_FORMULA) else text
    shown = _CONTROL.sub(lambda found: found.group().encode("unicode_escape").decode("ascii"), text)
    return f"'{shown}" if text.startswith(_FORMULA) else shown


_AS_CELLS: Mapping[type, Callable[[Any], str]] = {
    type(None): lambda _: "",
    bool: lambda value: "true" if value else "false",
    int: repr,
    float: repr,
    Decimal: lambda value: format(value, "f"),  # exactly, so that the totals can be added up again
}


def rows_of(data: bytes) -> list[dict[str, str]]:
    """The rows of a table that :func:`csv_bytes` wrote, as text.

    Raises:
        ValueError: it is no such table.
    """
    reader = csv.DictReader(io.StringIO(data.decode("utf-8"), newline=""), strict=True)
    try:
        rows = list(reader)
    except csv.Error as error:
        raise ValueError(str(error)) from None
    if any(None in row or None in row.values() for row in rows):
        raise ValueError("a row does not fit the heading")
    return rows

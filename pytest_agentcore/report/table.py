"""One table, written for a terminal, for Markdown or for a spreadsheet; foreign text is made harmless in each."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Sequence
from dataclasses import dataclass

from pytest_agentcore.report.text import clean, columns, pad

_GAP = "  "
_MARKDOWN = re.compile(r"([\\`*\[\]<>|~]|(?<!\w)_|_(?!\w))")  # an underscore inside a word is no markup
_BARE_LINK = re.compile(r"(?<=:)//|(?<=www)\.", re.IGNORECASE)
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
_FIGURE = re.compile(r"[+-]?\d+(\.\d+)?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Cells of text under headings."""

    headings: Sequence[str]
    rows: Sequence[Sequence[str]]
    left: frozenset[int] = frozenset({0})
    """Columns that are set flush left; the others are figures."""

    def aligned(self, *, ascii_only: bool = False) -> list[str]:
        """Lines for a terminal, as wide as they need to be."""
        lines = [[clean(cell, ascii_only=ascii_only) for cell in row] for row in (self.headings, *self.rows)]
        widths = [max(columns(row[place]) for row in lines) for place in range(len(self.headings))]
        written = [
            _GAP.join(
                pad(cell, width, right=place not in self.left)
                for place, (cell, width) in enumerate(zip(row, widths, strict=True))
            ).rstrip()
            for row in lines
        ]
        return [written[0], "-" * (sum(widths) + len(_GAP) * (len(widths) - 1)), *written[1:]]

    def markdown(self) -> list[str]:
        """Lines of a GitHub table."""
        rule = ["---" if place in self.left else "---:" for place in range(len(self.headings))]
        rows = [[markdown(cell) for cell in row] for row in (self.headings, *self.rows)]
        return [f"| {' | '.join(row)} |" for row in (rows[0], rule, *rows[1:])]


def markdown(text: str) -> str:
    """Foreign text as one line of Markdown that shows it and does nothing: no markup, no link, no HTML."""
    return _BARE_LINK.sub(lambda found: f"\\{found.group()}", _MARKDOWN.sub(r"\\\1", clean(text))).replace("&", "&amp;")


def csv_text(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A CSV file whose cells no spreadsheet takes for formulas; figures stay figures."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(headings)
    writer.writerows([_cell(cell) for cell in row] for row in rows)
    return text.getvalue()


def _cell(text: str) -> str:
    shown = clean(text)
    return f"'{shown}" if text.startswith(_FORMULA) and not _FIGURE.fullmatch(text) else shown

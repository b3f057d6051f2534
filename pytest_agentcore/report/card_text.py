"""Cards for a terminal: two columns of checks a task, what is amiss below, a total at the end."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import zip_longest

from pytest_agentcore.domain.check import CaseKind, Check
from pytest_agentcore.report.cards import NAMES_SHOWN, Card, Finding, Line, totals
from pytest_agentcore.report.text import Style, clock, fit, pad

NARROWEST = 40
_TITLE = 15
_HALF = 2
_DIGEST = len("sha256:") + 12
_MOST_LINES = 4
_MARKS = {True: ("✓", "green"), False: ("✗", "red"), None: ("–", "dim")}
_LEFT = (Check.SOLVABLE, Check.FREE_POINTS, Check.FALSE_FAILS, Check.FALSE_PASSES, Check.FAILURE_MODES, Check.CHEATS)
_KINDS = {
    CaseKind.REFERENCE: ("reference", "references"),
    CaseKind.RIGHT: ("P", "P"),
    CaseKind.WRONG: ("F", "F"),
    CaseKind.IMPLIED: ("implied", "implied"),
    CaseKind.TIGHT: ("tight", "tight"),
    CaseKind.FOREIGN: ("foreign", "foreign"),
    CaseKind.CHEAT: ("cheat", "cheats"),
}


def lines(
    made: Sequence[Card], *, seconds: float, width: int, colour: bool = False, ascii_only: bool = False
) -> list[str]:
    """All cards, at most ``width`` columns (40 at least) a line, and the total."""
    style = Style(width=max(width, NARROWEST), colour=colour, ascii_only=ascii_only)
    written = [line for card in made for line in (*_card(card, style), "")]
    return style.finished([*written, *_total(made, seconds, style)])


def _card(card: Card, style: Style) -> list[str]:
    right = [line for line in card.lines if line.check not in _LEFT]
    left = [line for line in card.lines if line.check in _LEFT]
    slowest = "–" if card.slowest_s is None else f"{card.slowest_s:.2f} s"
    cells = [_cell(line, style) for line in right] + [(f"  {pad('slowest checker', _TITLE)} {slowest}", "")]
    if style.width < _HALF * NARROWEST:
        body = [_painted(cell, style) for cell in (*(_cell(line, style) for line in left), *cells)]
    else:
        half = style.width // _HALF
        body = [
            (_painted(one, style, half) + _painted(other, style, style.width - half)).rstrip()
            for one, other in zip_longest((_cell(line, style) for line in left), cells, fillvalue=("", ""))
        ]
    return [_title(card, style), *body, *_findings(card, style)]


def _title(card: Card, style: Style) -> str:
    mark, shade = _MARKS[card.clean]
    about = " · ".join(filter(None, (card.version, card.digest[:_DIGEST])))
    room = style.width - len(about) - 4
    name = style.clean(card.task) + ("" if card.scored else " (control)")
    return f"{style.paint(mark, shade)} {style.paint(pad(name, room), 'bold')}  {about}".rstrip()


def _cell(line: Line, style: Style) -> tuple[str, str]:
    """A check as text and the colour of its mark, which is the text's first character."""
    mark, shade = _MARKS[line.ok]
    return f"{mark} {pad(_words(line.check), _TITLE)} {style.clean(line.text)}", shade


def _words(check: Check) -> str:
    return str(check).replace("_", " ")


def _painted(cell: tuple[str, str], style: Style, width: int | None = None) -> str:
    """A cell in a column, two from the left."""
    text, shade = cell
    text = fit(f"  {text}", style.width) if width is None else pad(f"  {text}" if text else "", width)
    return text[:2] + style.paint(text[2:3], shade) + text[3:]


def _findings(card: Card, style: Style) -> list[str]:
    written: list[str] = []
    for finding in card.findings:
        words = _words(finding.check)
        text = f"{_cases(finding)}{finding.text}"
        found = style.wrapped(f"  ✗ {words}", text, most=_MOST_LINES, indent=_TITLE + 5)
        written += [style.paint(line, "red") for line in found]
    for note in card.notes:
        written += style.wrapped("  note", note, most=_MOST_LINES, indent=_TITLE + 5)
    return written


def _cases(finding: Finding) -> str:
    shown = ", ".join(finding.cases[:NAMES_SHOWN])
    more = len(finding.cases) - NAMES_SHOWN
    return f"{shown} and {more} more: " if more > 0 else f"{shown}: " if shown else ""


def _total(made: Sequence[Card], seconds: float, style: Style) -> list[str]:
    added = totals(made)
    counted = [(added.cases[str(kind)], words) for kind, words in _KINDS.items()]
    parts = [f"{count:,} {one if count == 1 else many}" for count, (one, many) in counted if count]
    amiss = f"{added.misses} missed" if added.misses else "nothing missed"
    verdict = f"{added.clean} of {added.tasks} cards clean, {amiss}"
    shade = "red" if added.misses else "green"
    first, *rest = style.flow("replayed", [*parts, clock(seconds)])
    return [first, *rest, style.paint(f"{pad('check', 10)}{verdict}", shade)]

"""The task × run grid, with how each task failed beside it."""

from __future__ import annotations

from collections import Counter

from pytest_agentcore.domain.campaign import RunState, Summary, TaskRow
from pytest_agentcore.report.text import Style, columns, fit, pad
from pytest_agentcore.scoring.efficiency import usd_text

MARKS: dict[RunState, tuple[str, str, str]] = {
    RunState.PASSED: ("✓", "green", "pass"),
    RunState.FAILED: ("✗", "red", "fail"),
    RunState.RESOURCE: ("R", "magenta", "resource"),
    RunState.INFRA: ("I", "yellow", "infra"),
    RunState.CHECKER: ("C", "red", "checker error"),
    RunState.NOT_RUN: ("·", "dim", "not run"),
}
"""State -> its mark, colour and word in the legend."""

_WIDE = 100  # from here on there is room for figures per task
_NARROW = 60  # up to here failures go below their task
_MOST_NAME = 34
_FAILURES = 20  # the least that a column of failures is good for
_INDENT = 4
_GAP = "  "


def lines(summary: Summary, style: Style) -> list[str]:
    """A heading, a row for each task (more than one line when its failures need them) and a legend."""
    if not summary.tasks:
        return ["no task was planned"]
    layout = _Layout(summary, style)
    written = [style.paint(layout.heading(), "dim")]
    for row in summary.tasks:
        written += layout.row(row)
    return [*written, *_legend(summary, style)]


class _Layout:
    """Where each column of one report stands."""

    def __init__(self, summary: Summary, style: Style) -> None:
        self.style = style
        width = style.width
        self.runs = sorted({run.run for row in summary.tasks for run in row.runs})
        self.names = {row.task: _name(row, style) for row in summary.tasks}
        most = min(_MOST_NAME, 2 * width // 5)
        self.name = min(most, max(columns("task"), *(columns(name) for name in self.names.values())))
        self.score = max(len("score"), *(len(_score(row)) for row in summary.tasks))
        figures = zip(_TITLES, *(_figures(row) for row in summary.tasks), strict=True)
        self.sizes = [max(map(len, column)) for column in figures]
        after = self.score + len(_GAP) + (len(_GAP) + _FAILURES if width >= _NARROW else 0)
        room = width - self.name - len(_GAP) - after
        spaced = 2 * len(self.runs) - 1
        self.wide = width >= _WIDE and spaced + sum(self.sizes) + len(_GAP) * len(self.sizes) <= room
        self.sizes = self.sizes if self.wide else []
        self.spaced = spaced <= room
        self.counted = len(self.runs) > room
        self.grid = max(len("runs"), self._grid_width())

    def _grid_width(self) -> int:
        if self.counted:
            return len("999✓ 999✗ 99I")
        return 2 * len(self.runs) - 1 if self.spaced else len(self.runs)

    def heading(self) -> str:
        parts = [pad("task", self.name), pad("runs", self.grid), pad("score", self.score, right=True)]
        parts += [pad(title, size, right=True) for title, size in zip(_TITLES, self.sizes, strict=self.wide)]
        return _GAP.join(parts if self.style.width < _NARROW else [*parts, "failures"])

    def row(self, row: TaskRow) -> list[str]:
        marks, taken = self._marks(row)
        before = [pad(self.names[row.task], self.name), marks + " " * (self.grid - taken)]
        before.append(pad(_score(row), self.score, right=True))
        if self.wide:
            before += [pad(text, size, right=True) for text, size in zip(_figures(row), self.sizes, strict=True)]
        used = self.name + self.grid + self.score + sum(self.sizes) + len(_GAP) * (3 + len(self.sizes))
        start = _GAP.join(before)
        if self.style.width < _NARROW:
            return [start, *(" " * _INDENT + line for line in _failures(row, self.style.width - _INDENT, self.style))]
        first, *more = _failures(row, self.style.width - used, self.style) or [""]
        return [f"{start}{_GAP}{first}".rstrip(), *(" " * used + line for line in more)]

    def _marks(self, row: TaskRow) -> tuple[str, int]:
        """The marks of a task's runs, and how many columns they take."""
        if self.counted:
            counts = Counter(run.state for run in row.runs)
            text = " ".join(f"{counts[state]}{MARKS[state][0]}" for state in MARKS if counts[state])
            text = fit(text, self.grid)
            return text, columns(text)
        states = {run.run: run.state for run in row.runs}
        marks = [MARKS[states[run]] if run in states else (" ", "", "") for run in self.runs]
        painted = [self.style.paint(mark, shade) for mark, shade, _ in marks]
        return (" " if self.spaced else "").join(painted), self._grid_width()


_TITLES = ("turns", "calls", "tokens", "cost")


def _figures(row: TaskRow) -> tuple[str, str, str, str]:
    cost = usd_text(row.usage.cost_usd) if row.usage.cost_usd is not None else "?"
    return f"{row.turns:,}", f"{row.tool_calls:,}", f"{row.usage.tokens:,}", cost


def _name(row: TaskRow, style: Style) -> str:
    return style.clean(row.task) + ("" if row.scored else " (control)")


def _score(row: TaskRow) -> str:
    return f"{row.passed}/{row.valid}"


def _failures(row: TaskRow, room: int, style: Style) -> list[str]:
    """How the runs of a task failed, the most frequent first, over as many lines as they need."""
    counts = Counter(run.failure for run in row.runs if run.failure)
    labels = [
        f"{fit(style.clean(label), room - 4)} ×{count}" if count > 1 else fit(style.clean(label), room)
        for label, count in sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    ]
    written: list[str] = []
    for label in labels:
        if written and columns(written[-1]) + 2 + columns(label) <= room:
            written[-1] += f", {label}"
        else:
            written.append(label)
    return written


def _legend(summary: Summary, style: Style) -> list[str]:
    """The letters that need a word, when there are any."""
    seen = {run.state for row in summary.tasks for run in row.runs} - {RunState.PASSED, RunState.FAILED}
    words = [f"{mark} {word}" for state, (mark, _, word) in MARKS.items() if state in seen]
    return [style.paint(fit("   ".join(words), style.width), "dim")] if words else []

"""Text for a terminal: safe to print, measured in columns, painted last."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

# Typographic characters of this package's own, and their stand-ins of the same width.
_PLAIN = str.maketrans({
    "✓": "P",
    "✗": "F",
    "·": ".",
    "–": "-",
    "×": "x",
    "─": "-",
    "…": "~",
    "→": ">",
    "←": "<",
    "≈": "~",
})  # fmt: skip
_ZERO_WIDTH = {"Mn", "Me"}
_UNSAFE = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
"""Unicode categories that move a cursor, reorder or hide text, or mean nothing: never printed as they are."""
_FEW_COMBINING = 3
_CHARS_A_COLUMN = 4
_COLOURS = {"red": 31, "green": 32, "yellow": 33, "magenta": 35, "cyan": 36, "bold": 1, "dim": 2}


@dataclass(frozen=True, slots=True, kw_only=True)
class Style:
    """What a terminal can show."""

    width: int = 80
    """In columns."""
    colour: bool = False
    ascii_only: bool = False

    def clean(self, text: str) -> str:
        """Foreign text made safe for this terminal."""
        return clean(text, ascii_only=self.ascii_only)

    def paint(self, text: str, colour: str) -> str:
        """The text in a colour of the terminal's own palette; as it is where there is none."""
        return f"\x1b[{_COLOURS[colour]}m{text}\x1b[0m" if self.colour and colour and text else text

    def flow(self, label: str, parts: Iterable[str], *, indent: int = 10, separator: str = "") -> list[str]:
        """A label and parts that are never broken, on as many lines as they need; a part too long is cut."""
        separator = separator or (" | " if self.ascii_only else " · ")
        room = max(1, self.width - indent)
        lines: list[str] = []
        for part in (fit(part, room) for part in parts if part):
            if lines and columns(lines[-1]) + columns(separator) + columns(part) <= room:
                lines[-1] += separator + part
            else:
                lines.append(part)
        return _labelled(label, lines, indent)

    def wrapped(self, label: str, text: str, *, most: int, indent: int = 10, mark: str = "") -> list[str]:
        """A label and foreign text made safe, over at most so many lines; ``mark`` goes before it as it is."""
        room = max(1, self.width - indent)
        # A tool's answer may have 64 KB; what cannot be shown need not be made safe.
        shown = self.clean(text[: _CHARS_A_COLUMN * room * most])
        return _labelled(label, wrap(mark + shown if shown.strip() else "", room, most=most), indent)

    def finished(self, lines: Iterable[str]) -> list[str]:
        """Lines of ours as this terminal can show them."""
        if not self.ascii_only:
            return list(lines)
        return [line.translate(_PLAIN).encode("ascii", "backslashreplace").decode("ascii") for line in lines]


def clean(text: str, *, ascii_only: bool = False) -> str:
    """One line that shows everything and does nothing: what a terminal would obey is escaped as in Python source."""
    if text.isascii() and text.isprintable():
        return text
    shown = "".join(char if _is_safe(char) else _escaped(char) for char in text)
    # A pile of combining marks draws over the lines above and below.
    shown = re.sub(r"\S+", lambda word: _without_piles(word.group()), shown)
    return shown.encode("ascii", "backslashreplace").decode("ascii") if ascii_only else shown


def _is_safe(char: str) -> bool:
    return char == " " or unicodedata.category(char) not in _UNSAFE


def _escaped(char: str) -> str:
    return char.encode("unicode_escape", "surrogatepass").decode("ascii")


def _without_piles(word: str) -> str:
    marks = 0
    kept: list[str] = []
    for char in word:
        marks = marks + 1 if unicodedata.category(char) in _ZERO_WIDTH else 0
        kept.append(char if marks <= _FEW_COMBINING else _escaped(char))
    return "".join(kept)


def _labelled(label: str, lines: list[str], indent: int) -> list[str]:
    labels = [label, *[""] * len(lines)]
    return [f"{pad(name, indent)}{line}".rstrip() for name, line in zip(labels, lines, strict=False)]


def columns(text: str) -> int:
    """How many columns a clean text takes."""
    return len(text) if text.isascii() else sum(map(_char_columns, text))


def _char_columns(char: str) -> int:
    if unicodedata.category(char) in _ZERO_WIDTH:
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1


def fit(text: str, width: int) -> str:
    """The text, cut with an ellipsis when it takes more columns."""
    if columns(text) <= width:
        return text
    kept, used = [], 0
    for char in text:
        used += _char_columns(char)
        if used > width - 1:
            break
        kept.append(char)
    return "".join(kept) + ("…" if width > 0 else "")


def pad(text: str, width: int, *, right: bool = False) -> str:
    """Cut or filled to exactly so many columns; ``right`` sets it flush right."""
    text = fit(text, width)
    blank = " " * (width - columns(text))
    return blank + text if right else text + blank


def wrap(text: str, width: int, *, most: int) -> list[str]:
    """A clean text over at most so many lines of a width, broken at blanks where there are any."""
    lines: list[str] = []
    rest = text.strip()
    while rest and len(lines) < most:
        if len(lines) == most - 1:
            lines.append(fit(rest, width))
            break
        head = _head(rest, width)
        lines.append(head.rstrip())
        rest = rest[len(head) :].lstrip()
    return lines


def _head(text: str, width: int) -> str:
    """As much of the text as one line holds, at least one character."""
    used = count = 0
    for char in text:
        used += _char_columns(char)
        if used > width:
            break
        count += 1
    if count == len(text):
        return text
    blank = text.rfind(" ", 0, count + 1)
    # A word of half a line or more is broken: it is data, not prose.
    return text[: blank if blank > count // 2 else max(1, count)]


def percent(share: float) -> str:
    """A share of 0..1 as ``83.3 %``."""
    return f"{100 * share:.1f} %"


def clock(seconds: float) -> str:
    """Seconds as a person says them: ``4.2 s``, ``3 min 05 s``, ``2 h 07 min``."""
    minute, hour = 60, 3600
    if round(seconds, 1) < minute:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < hour:
        return f"{whole // minute} min {whole % minute:02} s"
    return f"{whole // hour} h {whole % hour // minute:02} min"

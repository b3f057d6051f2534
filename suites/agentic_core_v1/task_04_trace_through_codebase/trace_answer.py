"""How the answer of task 04 is read: one value, then a chain of functions, in the many ways in which people write one.

Pure functions of text. A line names one function and may add a remark; a line that says what is *not* called, one that
names two functions without an order between them, and a list of who calls whom are no chain.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from agentic_core_text import numbers

from pytest_agentcore import WrongAnswer

ENTRY = "main"
"""File and function where everything begins."""

LEAST_WORDS = 4  # of a sentence; fewer may be names of functions without their files
ARROW = r"(?:[-=~]+>|[→⟶⇒➜➔➝»›]|(?<=\s)(?:>+|then)(?=\s))"
MARKS = " \t>*+•‣◦▪·│├└─┌╰╭↳-"
NUMBERING = re.compile(
    r"^(?:\[[ xX✓✔]\]\s+|(?:step\s+(?=\d))?[(\[#]*\d+(?:\.\d+)*[.):\]]*(?:\s*[-–:](?!>))?\s*(?=[^\d\s])|[a-z][.)]\s+"
    r"|(?:first|then|next|finally)\b[,:]?\s+)",
    re.IGNORECASE,
)
LABEL = re.compile(r"^[A-Za-z][\w ()]{0,60}:\s+(?=\S)")
NOT_CALLED = (
    r"(?:(?:\b(?:not|never)\b|n't\b)(?: \w+){0,2}?"
    r" (?:call|used|run\b|reach|invok|execut|part|in the|involv|touch|enter)"
    r"|\b(?:unused|uncalled|unreach\w+|dead|skipped|bypassed|excluded|no calls?)\b)"
)
DENIED = re.compile(
    r"[\W_]*(?:(?:it|this|that|which|but|is|was|has|does|did|will|been|be|exists?|defined|imported|there|though)\W+)*"
    rf"(?:\w+(?=n't))?{NOT_CALLED}",
    re.IGNORECASE,
)
CALLER = re.compile(
    r"[\s,;(\[–—-]{0,6}\b(?:(?:called|invoked|used)\s+(?:by|from|in|inside|within|via|through)|via|within|caller:?)"
    r"\s+[\w./:]+\w(?:\(\))?[)\]]*",
    re.IGNORECASE,
)
LINE_NUMBER = re.compile(
    r"[\s,;:#@(\[]{0,6}\b(?:lines?|ln|l)[. ]*\d+(?:\s*[–-]\s*L?\d+)?\b[)\]]*|(?<=\w):\d+(?:[:–-]\d+)*\b", re.IGNORECASE
)
ARGUMENTS = re.compile(r"(?<=\w)\((?![^()]*\.py\b)[^()]*\)")

NAME = r"(?P<name>[A-Za-z_]\w*)\b"
FILE = r"(?P<file>(?:[\w.-]*/)*\w+\.py)\b"
FILE_THEN_NAME = re.compile(rf"{FILE}\s*(?:::?|#|\.)\s*{NAME}")
FILE_BESIDE_NAME = re.compile(rf"{FILE}[\s,|–—-]+{NAME}(?!'|\s*\w)")
NAME_THEN_FILE = re.compile(
    rf"{NAME}[\s(\[@,:|–—-]+(?:(?:in|from|of|at|file|defined)\s+)*{FILE}(?!\s*::?\s*\w)[\s)\]]*"
)
DOTTED = re.compile(rf"(?P<scope>(?:\w+[./])*\w+)(?P<mark>\.|::?){NAME}")


@dataclass(frozen=True, slots=True)
class Hop:
    """One function that ran: ``pricing.py:quote``."""

    file: str
    """Relative to src/."""
    function: str

    def __str__(self) -> str:
        return f"{self.file}:{self.function}"


MAIN = Hop(f"{ENTRY}.py", ENTRY)


def file_of(module: str) -> str:
    """The path of a module: ``legacy.tax`` is ``legacy/tax.py``."""
    return f"{module.replace('.', '/')}.py"


def in_src(path: str) -> str:
    """A path relative to src/: ``./src/tax.py`` and ``/workspace/src/tax.py`` are ``tax.py``."""
    return re.sub(r"^(?:\./|/?workspace/|/)*(?:src/)?", "", path)


def stated_value(line: str) -> Decimal:
    """The one number of the first line; a currency, a label, the order's name, "2 decimals" are no numbers.

    Raises:
        WrongAnswer: no number, or different ones (``wrong_format``): candidates are no value, and neither is a sum.
    """
    told = re.sub(r"\b\d+[ -](?:decimals?|digits?|places?)\b", " ", line)
    told = re.sub(r"(?<=\d)(?=[A-Za-z]{2,3}\b)|(?<=\b[A-Z]{3})(?=\d)", " ", told)
    found = {number.value for number in numbers(told)[1]}
    if len(found) != 1:
        raise WrongAnswer(f"the first line must state one value: {line!r}", detail="wrong_format")
    return found.pop()


def plain(text: str) -> str:
    """A piece without markup, quotes, arguments, line numbers and the name of its caller."""
    text = re.sub(r"[*`\"“”]|(?<![A-Za-z])['‘’]|['‘’](?![A-Za-z])", "", text.replace("\\", "/"))
    while (shorter := ARGUMENTS.sub("", text)) != text:
        text = shorter
    text = re.sub(r"\b(?:file|function|method|def)\s+(?=[A-Za-z_])", "", text, flags=re.IGNORECASE)
    return CALLER.sub("", LINE_NUMBER.sub("", text)).strip(" \t,;.:")


def names_a_function(text: str, modules: frozenset[str]) -> bool:
    """Does a text hold ``file.py:function``, or ``module.function`` with a module that there is?"""
    dotted = (found for found in DOTTED.finditer(text) if found["name"] != "py")
    return any(_stem(found["scope"]) in modules for found in dotted) or FILE_THEN_NAME.search(text) is not None


def _stem(scope: str) -> str:
    return re.split(r"[./]", scope)[-1]


def hop_in(piece: str, modules: frozenset[str]) -> Hop | None:
    """The hop that a piece begins with, its remark left aside; None when it begins with none.

    A remark may name a file, but no second function: "a.py:f calls b.py:g" is no hop.

    Raises:
        WrongAnswer: the remark begins by saying that the function is not called (``wrong_format``); "the default is not
            used", further on, may stand.
    """
    text = plain(piece)
    if is_entry(text):
        return MAIN
    for pattern in (FILE_THEN_NAME, FILE_BESIDE_NAME, NAME_THEN_FILE, DOTTED):
        found = pattern.match(text)
        if found is None or found["name"] == "py":
            continue
        if pattern is DOTTED and found["mark"] == ":" and _stem(found["scope"]) not in modules:
            continue
        rest = text[found.end() :]
        if DENIED.match(rest):
            raise _says_not_called(piece)
        path = file_of(found["scope"]) if pattern is DOTTED else found["file"]
        return None if names_a_function(rest, modules) else Hop(in_src(path), found["name"])
    return None


def _says_not_called(text: str) -> WrongAnswer:
    return WrongAnswer(f"this says what is not called: {text!r}", detail="wrong_format")


def is_entry(text: str) -> bool:
    """``main``, ``main.py``, ``main.py:<module>``, ``__main__`` …: other names of where everything begins."""
    return (
        re.fullmatch(rf"(?:{ENTRY}(?:\.py)?[\s:]*)?(?:<module>|__main__|{ENTRY}|{ENTRY}\.py)", in_src(text)) is not None
    )


def hops_in(piece: str, modules: frozenset[str]) -> list[Hop]:
    """The hop of a piece, or those of a list with commas; a label in front ("Call order: …") is dropped.

    Raises:
        WrongAnswer: label or remark say that it is not called (``wrong_format``).
    """
    label = LABEL.match(piece)
    if label is not None and re.search(NOT_CALLED, label.group(), re.IGNORECASE):
        raise _says_not_called(piece)
    for text in dict.fromkeys((piece[label.end() :] if label else piece, piece)):
        if (hop := hop_in(text, modules)) is not None:
            return [hop]
        listed = [hop_in(part, modules) for part in re.split(r"[,;]", text.strip(" []")) if part.strip()]
        if None not in listed:
            return [hop for hop in listed if hop is not None]
    return []


def pieces_of(line: str) -> list[str]:
    """A line without bullet and number, split at its arrows; the cells of a table's row are one piece, or a chain."""
    if line.count("|") >= 2:
        cells = [cell.strip() for cell in line.split("|") if not cell.strip().isdigit()]
        several = sum(FILE_THEN_NAME.search(cell) is not None for cell in cells) > 1
        line = (" -> " if several else " ").join(cells)
    line = NUMBERING.sub("", line.lstrip(MARKS)).lstrip(MARKS)
    if alone := re.fullmatch(rf"(\S{{1,80}}\.py\b\S{{0,9}})\s*{ARROW}\s*([^\s.:/]+)", line):
        return [f"{alone[1]}:{alone[2]}"]
    return [piece for piece in re.split(rf"\s*{ARROW}\s*", line) if piece.strip()]


def is_remark(line: str) -> bool:
    """A sentence or a calculation beside the chain: nothing in it could be meant as a function."""
    words = re.findall(r"[^\W\d_]{2,}", line)
    function = re.search(r"\.py\b|\w\(\s*\)|`|\w_\w|\w::?\w|\w\.[A-Za-z_]", line)
    return not function and (len(words) >= LEAST_WORDS or not words)


def is_decoration(line: str, modules: frozenset[str]) -> bool:
    """A rule, a fence, a bracket, a heading, the head of a table, a sentence: nothing that claims a call."""
    if not re.search(r"\w", re.sub(r"^\s*```\w*", "", line)) or is_remark(line):
        return True
    heading = re.search(r"^\s*#|:[\s*_]*$|^\s*(\*\*|__).+\1\s*$", line) is not None or line.count("|") >= 2
    return heading and not names_a_function(plain(line), modules)


def line_hops(line: str, modules: frozenset[str]) -> list[list[Hop]]:
    """The hops of a line, arrow by arrow; behind a hop an arrow may also point at what it returns ("-> 10.00").

    Raises:
        WrongAnswer: the line says what is not called, or cannot be read (``wrong_format``).
    """
    pieces = pieces_of(line.replace("’", "'"))
    read = [hops_in(piece, modules) for piece in pieces]
    if not any(read) and re.search(NOT_CALLED, line, re.IGNORECASE):
        raise _says_not_called(line)
    if not any(read) and is_decoration(line, modules):
        return []
    for place, (piece, hops) in enumerate(zip(pieces, read, strict=True)):
        if not hops and (place == 0 or names_a_function(plain(piece), modules)):
            raise WrongAnswer(f"cannot be read as file.py:function: {line!r}", detail="wrong_format")
    return [hops for hops in read if hops]


def stated_hops(lines: Sequence[str], modules: frozenset[str]) -> list[Hop]:
    """The functions that the lines below the value name, in their order, ``main`` at the beginning left out.

    A chain may run over several lines when the arrow or comma stands at the break. Two lines with several hops of
    their own are edges of a graph or groups: in which order they run is for the reader to find out.

    Raises:
        WrongAnswer: a line that cannot be read, several chains, or no hop at all (``wrong_format``).
    """
    found: list[Hop] = []
    chains, open_end = 0, False
    for line in lines:
        read = line_hops(line, modules)
        continues = open_end or re.match(rf"\s*{ARROW}", line) is not None
        hops = [hop for listed in read for hop in listed]
        chains += len(hops) > 1 and not continues
        open_end = re.search(rf"(?:{ARROW}|[^\])}},;][,;])\s*$", line) is not None
        found += hops
    if chains > 1:
        raise WrongAnswer("several chains, as in a list of who calls whom, are no one order", detail="wrong_format")
    while found[:1] == [MAIN]:
        found = found[1:]
    if not found:
        raise WrongAnswer("no function is named as file.py:function", detail="wrong_format")
    return found


def written_lines(text: str) -> list[str]:
    """The lines that say something: blank ones and the fences of a code block left out."""
    return [line for line in text.split("\n") if line.strip() and not re.fullmatch(r"\s*(?:```|~~~)\w*\s*", line)]

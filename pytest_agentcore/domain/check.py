"""What is found out about a task before any model is measured with it."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum


class Check(StrEnum):
    """What a task has to hold; one line of its card each."""

    SOLVABLE = "solvable"
    """The reference passes."""
    FREE_POINTS = "no_free_points"
    """A run that does nothing fails."""
    FALSE_FAILS = "false_fails"
    """Every other right answer passes."""
    FALSE_PASSES = "false_passes"
    """Every wrong answer fails."""
    FAILURE_MODES = "failure_modes"
    """It fails in the mode and with the detail that its file names."""
    CHEATS = "cheats"
    """No known way to forge a checker works."""
    ISOLATED = "isolated"
    """Nothing that decides the verdict can be read from the sandbox."""
    DETERMINISTIC = "deterministic"
    """Judging twice, and in another order, says the same."""
    SOUND = "sound"
    """The checker neither raises nor hangs nor writes."""
    VARIANTS = "variants_agree"
    """All this holds in drawn scenarios, and the answer of one is wrong in another."""
    PINNED = "pinned"
    """The task is the one that the suite's version names."""


class CaseKind(StrEnum):
    """Where a replayed trajectory comes from."""

    REFERENCE = "reference"
    RIGHT = "right"
    """A solution file that must pass, other than the reference."""
    WRONG = "wrong"
    """A solution file that must fail."""
    IMPLIED = "implied"
    """``nop`` and ``empty``."""
    TIGHT = "tight"
    """A right answer that needs a larger resource profile, at ``1x``."""
    FOREIGN = "foreign"
    """The right answer of another scenario."""
    CHEAT = "cheat"
    SEARCH = "search"
    """Not a run of the task: a look around in its sandbox."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Miss:
    """Something that does not hold."""

    check: Check
    text: str
    """One line for a person."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseResult:
    """One trajectory replayed and judged."""

    task: str
    suite: str
    suite_version: str
    suite_root: str
    """Folder of the suite, of the task where it belongs to none."""
    digest: str
    name: str
    """Of the solution or the cheat, e.g. ``fail_1_skips_the_test``."""
    kind: CaseKind
    run: int
    """1 is the canonical scenario; each further one is a drawn scenario."""
    nodeid: str
    in_suite: bool = True
    """False for a task that belongs to no suite, which cannot be pinned."""
    scored: bool = True
    judged: int = 0
    """How often the checker was called."""
    passed: bool | None = None
    """None when it could not be judged."""
    failure: str = ""
    """``mode/detail`` or ``cause/reason`` as in reports; empty when it passed."""
    message: str = ""
    """What the checker said."""
    misses: tuple[Miss, ...] = ()
    notes: tuple[str, ...] = field(default=())
    """Worth knowing, no miss."""
    checker_s: float | None = None
    """Seconds that the checker took; a clock figure."""

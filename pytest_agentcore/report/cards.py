"""What replaying a suite came to, as one card a task: pure values, made from the results of its cases."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pytest_agentcore.domain.check import CaseKind, CaseResult, Check, Miss
from pytest_agentcore.store import codec

CANONICAL_RUN = 1
NAMES_SHOWN = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of a card."""

    check: Check
    ok: bool | None
    """None when nothing of this session could show it."""
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A miss, and all the cases that have it."""

    check: Check
    text: str
    cases: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """How well one task is made."""

    task: str
    suite: str
    version: str
    digest: str
    scored: bool
    lines: tuple[Line, ...]
    findings: tuple[Finding, ...]
    notes: tuple[str, ...]
    slowest_s: float | None
    """Seconds of its slowest checker; a clock figure."""
    results: tuple[CaseResult, ...]

    @property
    def clean(self) -> bool:
        """Is nothing amiss?"""
        return not self.findings


def cards(results: Iterable[CaseResult], pins: Mapping[str, Mapping[str, str] | None]) -> list[Card]:
    """The cards of all tasks, sorted.

    Args:
        results: of a session, in any order.
        pins: folder of a suite → what :func:`~pytest_agentcore.store.digests.pinned` gave for it.
    """
    tasks: dict[tuple[str, str, str], list[CaseResult]] = {}
    for result in results:
        tasks.setdefault((result.suite, result.task, Path(result.suite_root).name), []).append(result)
    return [_card(_ordered(group), pins) for _, group in sorted(tasks.items())]


def _ordered(group: list[CaseResult]) -> list[CaseResult]:
    kinds = list(CaseKind)
    return sorted(group, key=lambda result: (kinds.index(result.kind), result.run, result.name))


def _card(results: Sequence[CaseResult], pins: Mapping[str, Mapping[str, str] | None]) -> Card:
    whole = next((result for result in results if result.digest), results[0])
    pinned, unpinned = _pin(whole, pins)
    pairs = [(miss, _shown(result)) for result in results for miss in result.misses]
    findings = _findings([*pairs, *((miss, "") for miss in unpinned)])
    times = [result.checker_s for result in results if result.checker_s is not None]
    return Card(
        task=whole.task,
        suite=whole.suite,
        version=whole.suite_version,
        digest=whole.digest,
        scored=whole.scored,
        lines=tuple(pinned if check is Check.PINNED else _line(check, results) for check in Check),
        findings=findings,
        notes=tuple(dict.fromkeys(note for result in results for note in result.notes)),
        slowest_s=max(times, default=None),
        results=tuple(results),
    )


def _shown(result: CaseResult) -> str:
    name = {CaseKind.CHEAT: f"cheat {result.name}", CaseKind.FOREIGN: f"canonical {result.name}", CaseKind.SEARCH: ""}
    name[CaseKind.TIGHT] = f"{result.name} at 1x"
    shown = name.get(result.kind, result.name)
    return shown if result.run == CANONICAL_RUN else f"{shown} in run {result.run}"


def _findings(pairs: Iterable[tuple[Miss, str]]) -> tuple[Finding, ...]:
    found: dict[Miss, list[str]] = {}
    for miss, name in pairs:
        found.setdefault(miss, []).append(name)
    order = list(Check)
    ordered = sorted(found.items(), key=lambda item: order.index(item[0].check))
    return tuple(Finding(check=miss.check, text=miss.text, cases=tuple(filter(None, names))) for miss, names in ordered)


def _pin(result: CaseResult, pins: Mapping[str, Mapping[str, str] | None]) -> tuple[Line, list[Miss]]:
    known = pins.get(result.suite_root)
    if not result.in_suite or not result.digest or known is None:
        return Line(check=Check.PINNED, ok=None, text="not pinned"), []
    version, digest = result.suite_version, known.get(result.task)
    if digest == result.digest:
        return Line(check=Check.PINNED, ok=True, text=f"as in {version}"), []
    if digest is None:
        text = f"version {version} pins no digest of it: pin it by pytest-agentcore check --write-digests"
    else:
        text = f"its digest is not the one of version {version}: raise the version in suite.yaml, then pin it"
    return Line(check=Check.PINNED, ok=False, text=f"not as in {version}"), [Miss(check=Check.PINNED, text=text)]


_ABOUT: Mapping[Check, tuple[CaseKind, ...]] = {
    Check.SOLVABLE: (CaseKind.REFERENCE,),
    Check.FREE_POINTS: (CaseKind.IMPLIED,),
    Check.FALSE_FAILS: (CaseKind.RIGHT,),
    Check.FALSE_PASSES: (CaseKind.WRONG,),
    Check.FAILURE_MODES: (CaseKind.WRONG, CaseKind.IMPLIED, CaseKind.TIGHT),
    Check.CHEATS: (CaseKind.CHEAT,),
    Check.ISOLATED: (CaseKind.SEARCH,),
}


def _line(check: Check, results: Sequence[CaseResult]) -> Line:
    """What the cases that are about a check say of it."""
    if check is Check.VARIANTS:
        return _variants(results)
    missed = [result for result in results if any(miss.check is check for miss in result.misses)]
    if check is Check.SOUND:
        about = [result for result in results if result.judged or result in missed]
    elif check is Check.DETERMINISTIC:
        about = [result for result in results if result.judged > 1 or result in missed]
    else:
        about = [result for result in results if result.kind in _ABOUT[check]]
    if missed:
        return Line(check=check, ok=False, text=_count(check, len(missed), len(about), about))
    shown = bool(about) and not (check is Check.ISOLATED and all(result.passed is None for result in about))
    return Line(
        check=check, ok=True if shown else None, text=_count(check, 0, len(about), about) if shown else "not shown"
    )


def _count(check: Check, missed: int, total: int, about: Sequence[CaseResult]) -> str:
    names = list(dict.fromkeys(result.name for result in about))
    texts = {
        Check.SOLVABLE: ("the reference passes", "does not pass" if total else "no reference"),
        Check.FREE_POINTS: (" and ".join(names) + (" fail" if len(names) > 1 else " fails"), "doing nothing passes"),
        Check.FALSE_FAILS: (f"0 of {total}", f"{missed} of {total}"),
        Check.FALSE_PASSES: (f"0 of {total}", f"{missed} of {total}"),
        Check.FAILURE_MODES: (f"{total} of {total} as named", f"{total - missed} of {total} as named"),
        Check.CHEATS: (f"0 of {total} pass", f"{missed} of {total} pass"),
        Check.ISOLATED: (next((result.message for result in about if result.message), ""), "something is seen"),
        Check.DETERMINISTIC: (f"{total} judged twice", f"{missed} of {total} unlike"),
        Check.SOUND: (f"{total} judged", f"{missed} of {total} amiss"),
    }
    return texts[check][bool(missed)]


def _variants(results: Sequence[CaseResult]) -> Line:
    drawn = [result for result in results if result.run != CANONICAL_RUN]
    if not drawn:
        return Line(check=Check.VARIANTS, ok=None, text="none drawn")
    missed = [result for result in drawn if result.misses]
    count = len({result.run for result in drawn})
    text = f"{len(missed)} of {len(drawn)} runs amiss" if missed else f"{count} drawn, {len(drawn)} runs"
    return Line(check=Check.VARIANTS, ok=not missed, text=text)


@dataclass(frozen=True, slots=True, kw_only=True)
class Totals:
    """A whole check in figures."""

    tasks: int
    clean: int
    cases: Mapping[str, int]
    """Kind of case → how many were replayed, each scenario counted."""
    misses: int
    """Findings on all cards."""


def totals(made: Sequence[Card]) -> Totals:
    """Add the cards up."""
    counts = {kind: sum(result.kind is kind for card in made for result in card.results) for kind in CaseKind}
    return Totals(
        tasks=len(made),
        clean=sum(card.clean for card in made),
        cases={str(kind): count for kind, count in counts.items()},
        misses=sum(len(card.findings) for card in made),
    )


def document(made: Sequence[Card], *, harness: str, seconds: float) -> dict[str, Any]:
    """The cards as JSON-safe builtins; ``docs/checking.md`` describes them."""
    added = totals(made)
    return {
        "format": 1,
        "harness": harness,
        "clean": added.clean == added.tasks,
        "totals": codec.encode(added),
        "cards": [_entry(card) for card in made],
        "clock": {"seconds": round(seconds, 1)},
    }


def _entry(card: Card) -> dict[str, Any]:
    return {
        "task": card.task,
        "suite": card.suite,
        "suite_version": card.version,
        "digest": card.digest,
        "scored": card.scored,
        "clean": card.clean,
        "checks": {str(line.check): {"ok": line.ok, "text": line.text} for line in card.lines},
        "findings": [
            {"check": str(finding.check), "text": finding.text, "cases": list(finding.cases)}
            for finding in card.findings
        ],
        "notes": list(card.notes),
        "slowest_checker_s": card.slowest_s,
        "cases": [_case(result) for result in card.results],
    }


def _case(result: CaseResult) -> dict[str, Any]:
    kept = codec.encode(result)
    left_out = ("version", "task", "suite", "suite_version", "suite_root", "digest", "in_suite", "scored")
    return {name: value for name, value in kept.items() if name not in left_out}

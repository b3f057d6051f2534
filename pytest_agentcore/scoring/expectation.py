"""What a replayed trajectory had to come to, and what it came to instead."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from pytest_agentcore.domain.check import CaseKind, Check, Miss
from pytest_agentcore.domain.outcome import Cause, Outcome

EXPECTABLE = ("failure_mode", "detail", "checker_would_pass", "cause", "reason", "stop_reason", "fault_exercised")
"""Fields of an outcome that a solution file may name under ``expect``."""
_CLOCK = re.compile(r"\b\d+(?:\.\d+)? ?(?:s|ms|seconds)\b|\b0x[0-9a-f]{6,}\b")
CHECK_OF = {
    CaseKind.REFERENCE: Check.SOLVABLE,
    CaseKind.RIGHT: Check.FALSE_FAILS,
    CaseKind.WRONG: Check.FALSE_PASSES,
    CaseKind.IMPLIED: Check.FREE_POINTS,
    CaseKind.TIGHT: Check.FAILURE_MODES,
    CaseKind.FOREIGN: Check.VARIANTS,
    CaseKind.CHEAT: Check.CHEATS,
    CaseKind.SEARCH: Check.ISOLATED,
}
"""What a case of each kind is there to show."""


def said_of(outcome: Outcome) -> str:
    """An outcome in a few words: ``passed``, ``wrong_answer/wrong_value``, ``checker/KeyError: 'x'``."""
    if outcome.passed:
        return "passed"
    if outcome.failure_mode is not None:
        return f"{outcome.failure_mode}/{outcome.detail}" if outcome.detail else str(outcome.failure_mode)
    return f"{outcome.cause}/{outcome.reason}" if outcome.reason else str(outcome.cause)


def misses(kind: CaseKind, expect: Mapping[str, Any] | None, outcome: Outcome) -> list[Miss]:
    """What of a case's expectation the outcome does not meet.

    ``expect`` is None for a trajectory that must pass, else fields of the outcome with the values they must have; a
    cheat and a foreign answer must fail in whatever way is the model's or a resource's, and an answer that needs more
    resources than it is given by a kill or limit.
    """
    if outcome.cause is Cause.CHECKER:
        return [Miss(check=Check.SOUND, text=f"the checker broke: {outcome.reason}")]
    if outcome.cause is Cause.INFRA:
        return [Miss(check=Check.SOUND, text=f"not judged, the sandbox failed: {outcome.reason}")]
    if kind in (CaseKind.CHEAT, CaseKind.FOREIGN):
        return [Miss(check=CHECK_OF[kind], text="passed")] if outcome.passed else []
    if kind is CaseKind.TIGHT:
        expect = {"cause": Cause.RESOURCE}
    elif expect is None:
        text = f"must pass, but: {said_of(outcome)}: {outcome.message}"
        return [] if outcome.passed else [Miss(check=CHECK_OF[kind], text=text)]
    if outcome.passed and kind is not CaseKind.TIGHT:
        return [
            Miss(check=CHECK_OF[kind], text="a run that does nothing passes" if kind is CaseKind.IMPLIED else "passed")
        ]
    return _unlike(expect, outcome)


def _unlike(expect: Mapping[str, Any], outcome: Outcome) -> list[Miss]:
    unknown = [name for name in expect if name not in EXPECTABLE]
    if unknown:
        text = f"expect names {unknown[0]!r}, which no outcome has; it may name {', '.join(EXPECTABLE)}"
        return [Miss(check=Check.FAILURE_MODES, text=text)]
    found = {name: getattr(outcome, name) for name in expect}
    if found == dict(expect):
        return []
    wanted = ", ".join(f"{name} {value}" for name, value in expect.items())
    got = ", ".join(f"{name} {value}" for name, value in found.items())
    return [Miss(check=Check.FAILURE_MODES, text=f"expected {wanted}; got {got}: {outcome.message}")]


def same_judgement(first: Outcome, second: Outcome) -> str | None:
    """What two judgements of one run disagree about; None when they say the same.

    Durations and addresses in messages do not count.
    """
    if said_of(first) != said_of(second):
        return f"judged twice: first {said_of(first)}, then {said_of(second)}"
    if first.checker_would_pass != second.checker_would_pass:
        return f"judged twice: would pass: first {first.checker_would_pass}, then {second.checker_would_pass}"
    one, other = (_CLOCK.sub("_", outcome.message) for outcome in (first, second))
    return None if one == other else f"judged twice: first {first.message!r}, then {second.message!r}"

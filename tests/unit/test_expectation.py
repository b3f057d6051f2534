"""What an outcome is held against, and which line of the card a difference belongs to."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from pytest_agentcore.domain.check import CaseKind, Check
from pytest_agentcore.domain.outcome import Cause, Detail, FailureMode, Outcome, RunKey
from pytest_agentcore.scoring.expectation import misses, said_of, same_judgement

KEY = RunKey(task="task_01", model="scripted/x", run=1)
PASSED = Outcome(key=KEY, passed=True)
WRONG = Outcome(
    key=KEY,
    cause=Cause.MODEL,
    failure_mode=FailureMode.WRONG_ANSWER,
    detail=Detail.WRONG_VALUE,
    message="assert 1 == 2",
)
KILLED = Outcome(key=KEY, cause=Cause.RESOURCE, reason="oom_killed")
BROKEN = Outcome(key=KEY, cause=Cause.CHECKER, reason="KeyError: 'x'")
SPOILT = Outcome(key=KEY, cause=Cause.INFRA, reason="server lost")
AS_NAMED = {"failure_mode": "wrong_answer", "detail": "wrong_value"}


@pytest.mark.parametrize(
    ("kind", "expect", "outcome", "missed"),
    [
        (CaseKind.REFERENCE, None, PASSED, None),
        (CaseKind.REFERENCE, None, WRONG, Check.SOLVABLE),
        (CaseKind.RIGHT, None, KILLED, Check.FALSE_FAILS),
        (CaseKind.WRONG, AS_NAMED, WRONG, None),
        (CaseKind.WRONG, AS_NAMED, PASSED, Check.FALSE_PASSES),
        (CaseKind.WRONG, AS_NAMED, KILLED, Check.FAILURE_MODES),
        (CaseKind.WRONG, {**AS_NAMED, "detail": "side_effect"}, WRONG, Check.FAILURE_MODES),
        (CaseKind.WRONG, {"failure_mode": "turn_limit", "checker_would_pass": True}, WRONG, Check.FAILURE_MODES),
        (CaseKind.WRONG, {"mode": "wrong_answer"}, WRONG, Check.FAILURE_MODES),
        (CaseKind.IMPLIED, {"failure_mode": "wrong_answer"}, WRONG, None),
        (CaseKind.IMPLIED, {"failure_mode": "early_termination"}, PASSED, Check.FREE_POINTS),
        (CaseKind.CHEAT, {}, WRONG, None),
        (CaseKind.CHEAT, {}, KILLED, None),
        (CaseKind.CHEAT, {}, PASSED, Check.CHEATS),
        (CaseKind.TIGHT, None, KILLED, None),
        (CaseKind.TIGHT, None, PASSED, Check.FAILURE_MODES),
        (CaseKind.TIGHT, None, WRONG, Check.FAILURE_MODES),
        (CaseKind.FOREIGN, None, WRONG, None),
        (CaseKind.FOREIGN, None, PASSED, Check.VARIANTS),
        *((kind, None, BROKEN, Check.SOUND) for kind in CaseKind),
        *((kind, {}, SPOILT, Check.SOUND) for kind in CaseKind),
    ],
)
def test_a_difference_is_told_once_and_on_the_right_line(
    kind: CaseKind, expect: Mapping[str, Any] | None, outcome: Outcome, missed: Check | None
) -> None:
    assert [miss.check for miss in misses(kind, expect, outcome)] == ([] if missed is None else [missed])


@pytest.mark.parametrize(
    ("first", "second", "same"),
    [
        ("1 failed in 0.12s", "1 failed in 1.05s", True),
        ("<A object at 0x7f38067fa9d0>", "<A object at 0x7f38067fffff>", True),
        ("assert 1 == 2", "assert 1 == 3", False),
    ],
)
def test_messages_are_compared_without_durations_and_addresses(first: str, second: str, same: bool) -> None:
    one, other = (
        Outcome(key=KEY, cause=Cause.MODEL, failure_mode=FailureMode.WRONG_ANSWER, message=text)
        for text in (first, second)
    )

    assert (same_judgement(one, other) is None) is same


def test_another_verdict_is_not_the_same_judgement() -> None:
    assert same_judgement(PASSED, WRONG) == "judged twice: first passed, then wrong_answer/wrong_value"
    assert said_of(KILLED) == "resource/oom_killed"

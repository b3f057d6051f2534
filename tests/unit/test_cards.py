"""Cards: what the results of a task's cases add up to, and how it reads."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from pytest_agentcore.domain.check import CaseKind, CaseResult, Check, Miss
from pytest_agentcore.report import card_text, cards
from pytest_agentcore.store import codec

DIGEST = "sha256:" + "ab" * 32


def case(name: str, kind: CaseKind, *misses: Miss, run: int = 1, task: str = "task_01_sum") -> CaseResult:
    return CaseResult(
        task=task,
        suite="small",
        suite_version="1.0",
        suite_root="/suites/small",
        digest=DIGEST,
        name=name,
        kind=kind,
        run=run,
        nodeid=f"test_sum.py::test_sum[{name}-run{run}]",
        judged=2,
        passed=not misses,
        misses=misses,
        checker_s=0.25,
    )


CLEAN = (
    case("reference", CaseKind.REFERENCE),
    case("pass_1_a", CaseKind.RIGHT),
    case("fail_1_b", CaseKind.WRONG),
    case("nop", CaseKind.IMPLIED),
    replace(case("fifo", CaseKind.CHEAT), judged=1),
    replace(case("isolation", CaseKind.SEARCH), judged=0, message="1,234 names seen", checker_s=None),
)


def made(*results: CaseResult, pins: dict[str, str] | None = None) -> cards.Card:
    (card,) = cards.cards(results, {"/suites/small": pins})
    return card


def states(card: cards.Card) -> dict[Check, bool | None]:
    return {line.check: line.ok for line in card.lines}


def test_a_clean_card_shows_every_check_and_says_what_was_not_shown() -> None:
    card = made(*CLEAN)

    assert card.clean
    not_shown = {check for check, ok in states(card).items() if ok is None}
    assert not_shown == {Check.VARIANTS, Check.PINNED}
    assert not [check for check, ok in states(card).items() if ok is False]
    assert card.slowest_s == 0.25


@pytest.mark.parametrize("check", [check for check in Check if check not in (Check.PINNED, Check.VARIANTS)])
def test_a_miss_turns_its_own_line_and_no_other(check: Check) -> None:
    spoilt = [replace(result, misses=(Miss(check=check, text="why"),)) for result in CLEAN]
    card = made(*spoilt)

    assert not card.clean
    assert [name for name, ok in states(card).items() if ok is False] == [check]
    (finding,) = card.findings
    assert (finding.check, finding.text) == (check, "why")
    assert finding.cases == ("reference", "pass_1_a", "fail_1_b", "nop", "cheat fifo")


@pytest.mark.parametrize(
    ("pins", "ok"),
    [(None, None), ({}, False), ({"task_01_sum": DIGEST}, True), ({"task_01_sum": "sha256:00"}, False)],
)
def test_a_pin_holds_misses_or_is_not_there(pins: dict[str, str] | None, ok: bool | None) -> None:
    card = made(*CLEAN, pins=pins)

    assert states(card)[Check.PINNED] is ok
    assert card.clean is (ok is not False)


def test_a_miss_in_a_drawn_scenario_is_a_miss_of_the_variants_too() -> None:
    drawn = case("reference", CaseKind.REFERENCE, Miss(check=Check.SOLVABLE, text="why"), run=2)
    card = made(*CLEAN, drawn)

    assert states(card)[Check.VARIANTS] is False
    assert card.findings[0].cases == ("reference in run 2",)
    assert states(made(*CLEAN, case("reference", CaseKind.REFERENCE, run=2)))[Check.VARIANTS] is True


def test_a_partial_check_claims_nothing() -> None:
    card = made(case("reference", CaseKind.REFERENCE))

    assert {check for check, ok in states(card).items() if ok} == {Check.SOLVABLE, Check.DETERMINISTIC, Check.SOUND}


@pytest.mark.parametrize("width", [40, 60, 80, 120])
@pytest.mark.parametrize("ascii_only", [False, True])
def test_no_line_is_wider_than_the_terminal(width: int, ascii_only: bool) -> None:
    long = Miss(check=Check.SOUND, text="the checker broke: " + "x\x1b[2J" * 60)
    results = [*CLEAN, case("fail_2_c", CaseKind.WRONG, long, task="task_02_" + "long" * 30)]
    shown = card_text.lines(cards.cards(results, {}), seconds=3.0, width=width, colour=False, ascii_only=ascii_only)

    assert max(map(len, shown)) <= width
    assert not any("\x1b" in line for line in shown)
    assert "1 of 2 cards clean, 1 missed" in "\n".join(shown)
    assert not ascii_only or all(line.isascii() for line in shown)


def test_the_document_is_json_and_says_what_the_cards_say() -> None:
    document = json.loads(json.dumps(cards.document(cards.cards(CLEAN, {}), harness="x@1", seconds=1.26)))

    assert document["clean"] is True
    assert document["clock"] == {"seconds": 1.3}
    assert document["totals"]["cases"]["cheat"] == 1
    (card,) = document["cards"]
    assert card["checks"]["solvable"] == {"ok": True, "text": "the reference passes"}
    assert card["cases"][0]["name"] == "reference"


@pytest.mark.parametrize("result", [*CLEAN, case("a", CaseKind.WRONG, Miss(check=Check.SOUND, text="x"))])
def test_a_result_survives_the_way_between_processes(result: CaseResult) -> None:
    assert codec.decode(CaseResult, json.loads(json.dumps(codec.encode(result)))) == result

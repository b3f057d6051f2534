"""Around a session: the header, the live line, a failed run, and text that a terminal can bear."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_agentcore.domain.outcome import Cause
from pytest_agentcore.domain.trajectory import Reply, ToolCall, ToolResult, Trajectory, Turn
from pytest_agentcore.report.terminal import CampaignFolder, Counts, failure_section, header_lines, live
from pytest_agentcore.report.text import Style, clean, clock, columns, fit, pad, wrap
from tests.unit.sample_campaign import EVIL, FOLDER, failing, harmless, key, wrong

INFRA = failing(key(), cause=Cause.INFRA, reason="server_lost")


def test_the_header_says_what_will_run() -> None:
    lines = header_lines(
        suites=["agentic_core_v1@1.0"],
        models=["anthropic/claude-sonnet-4-6", "openai/gpt-5.5"],
        level="process",
        level_reason="user namespaces are switched off",
        concurrency=8,
        harness="pytest-agentcore@0.1.0",
        campaigns=[CampaignFolder(f".agentcore/campaigns/{FOLDER}", 12, 30), CampaignFolder("b", 0, 30)],
    )

    assert lines == [
        "agentcore  pytest-agentcore@0.1.0 · agentic_core_v1@1.0",
        "model      anthropic/claude-sonnet-4-6 · openai/gpt-5.5",
        "sandbox    process (user namespaces are switched off), 8 runs in flight",
        f"campaign   .agentcore/campaigns/{FOLDER}",
        "           resumed, 12 of 30 runs done",
        "           b",
    ]


def test_the_live_line_is_one_line() -> None:
    counts = Counts(in_flight=8, done=12, planned=30, passed=10, spent_usd=Decimal("0.0123"), left_s=200)

    assert live(counts) == "12/30 done · 10 passed · 8 in flight · $0.0123 · 3 min 20 s left"
    assert live(replace(counts, spent_usd=None, left_s=None)).endswith("8 in flight · unknown price")
    assert columns(live(counts, width=40)) <= 40
    assert live(counts, ascii_only=True).isascii()


TRAJECTORY = Trajectory(
    system_prompt="s",
    prompt="p",
    turns=(
        Turn(reply=Reply(text="The first turn is not shown.")),
        Turn(
            reply=Reply(
                text="I run the tests \x1b[2J now.",
                calls=(
                    ToolCall(id="1", name="shell", arguments='{"command": "pytest -q"}'),
                    ToolCall(id="2", name="fs_read", arguments='{"path": "a"}'),
                ),
            ),
            results=(
                ToolResult(call_id="1", content="F.\n1 failed\n" + "x" * 65_000),
                ToolResult(call_id="2", content="no such file", error=True),
            ),
        ),
        Turn(reply=Reply(text="Done.")),
    ),
)


def test_a_failed_run_is_told_in_a_few_lines() -> None:
    outcome = replace(wrong(key()), message="assert 3 == 4\n  where 3 = total()", checker_would_pass=True)
    folder, replay = (
        f".agentcore/campaigns/{FOLDER}/runs/task_01-run1/attempt-1",
        "pytest suites -k task_01 " + "x" * 80,
    )

    assert failure_section(outcome, TRAJECTORY, folder, replay) == [
        "failure   wrong_answer/wrong_value",
        "          assert 3 == 4",
        "          where 3 = total()",
        "          its files would have passed; the run did not end within its budget",
        r"turn 2    I run the tests \x1b[2J now.",
        '          → shell {"command": "pytest -q"}',
        "          ← F. 1 failed " + "x" * 56,
        "          " + "x" * 69 + "…",
        '          → fs_read {"path": "a"}',
        "          ← error: no such file",
        "turn 3    Done.",
        f"folder    {folder}",
        f"replay    {replay}",
    ]


def test_a_failed_run_without_a_trajectory_still_says_where_it_lies() -> None:
    assert failure_section(INFRA, None, "f", "pytest", ascii_only=True) == [
        "failure   infra/server_lost",
        "folder    f",
        "replay    pytest",
    ]


def test_a_long_story_is_cut() -> None:
    calls = tuple(ToolCall(id=str(number), name="shell", arguments="{}") for number in range(9))
    silent = Trajectory(
        system_prompt="", prompt="", turns=(Turn(reply=Reply(text="", calls=calls)), Turn(reply=Reply(text="")))
    )
    lines = failure_section(replace(wrong(key()), message="line\n" * 100), silent, "f", "r")

    assert lines.count("          line") == 8
    assert lines[9] == "          …"
    assert "turn 1    → shell {}" in lines
    assert "          and 5 more calls" in lines
    assert "turn 2    (no text)" in lines
    assert len(lines) < 25


@settings(max_examples=60, deadline=None, database=None)
@given(st.text(max_size=200) | st.just(EVIL), st.integers(min_value=40, max_value=120), st.booleans())
def test_no_model_can_drive_the_terminal_from_a_failure(text: str, width: int, ascii_only: bool) -> None:
    turn = Turn(
        reply=Reply(text=text, calls=(ToolCall(id="1", name=text, arguments=text),)),
        results=(ToolResult(call_id="1", content=text, error=True),),
    )
    outcome = replace(wrong(key()), message=text)
    trajectory = Trajectory(system_prompt="", prompt="", turns=(turn,))
    lines = failure_section(outcome, trajectory, "f", "r", width=width, ascii_only=ascii_only)

    assert all(harmless(line) for line in lines)
    assert all(columns(line) <= width for line in lines)


def test_text_is_measured_in_columns() -> None:
    assert columns("日本") == 4
    assert fit("日本語", 5) == "日本…"
    assert pad("日", 4) == "日  "
    assert pad("3", 3, right=True) == "  3"
    assert wrap("one two three", 7, most=5) == ["one two", "three"]
    assert wrap("  ", 7, most=5) == []
    assert clean("e" + "\u0301" * 5) == "e" + "\u0301" * 3 + r"\u0301\u0301"
    assert clean("tab\there") == r"tab\there"
    assert clean("ünï 日", ascii_only=True) == r"\xfcn\xef \u65e5"
    assert Style(width=10).flow("", ["12345", "678", "9"], indent=0) == ["12345", "678 · 9"]


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0.0 s"), (4.24, "4.2 s"), (59.96, "1 min 00 s"), (185, "3 min 05 s"), (7620, "2 h 07 min")],
)
def test_times_are_said_as_people_do(seconds: float, text: str) -> None:
    assert clock(seconds) == text

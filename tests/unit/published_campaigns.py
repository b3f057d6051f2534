"""The two published campaigns of GPT-OSS, rebuilt from what was published of them. Synthetic: no model was asked.

What is known of single runs (outcomes by task, some tokens, prices, totals) is taken as published; what is not is
filled in so that the published totals come out, and marked so in the manifest.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

from pytest_agentcore.domain.outcome import Cause, Detail, FailureMode, Outcome
from pytest_agentcore.domain.usage import Usage
from tests.unit.stored_campaign import OSS_20B, OSS_120B, store

MODEL_20B = "bedrock/openai.gpt-oss-20b-1:0"
MODEL_120B = "bedrock/openai.gpt-oss-120b-1:0"
HARNESS = "openclaw@2026.4.22"
TOTAL_20B = Decimal("0.012015")
TOTAL_120B = Decimal("0.0299")
"""$0.0013 a pass, 23 passes."""
PER_INPUT, PER_OUTPUT = Decimal("0.07"), Decimal("0.30")
"""US dollars for a million tokens of the 20B."""
SYNTHETIC = {"synthetic": "rebuilt from published figures, no model was asked", "harness": HARNESS}
INPUT_TOKENS: Mapping[tuple[str, int], int] = {("task_03", 1): 24_041, ("task_03", 3): 5_202}
OUTPUT_TOKENS: Mapping[tuple[str, int], int] = {("task_09", 1): 700, ("task_09", 2): 190, ("task_09", 3): 1_292}
_INPUT, _OUTPUT = 2_700, 500
"""Tokens of a run of which nothing was published, but the one that makes up the rest."""
_REST = ("task_10", 3)


def store_20b(directory: Path) -> Path:
    """25/30 at $0.012015: every cost is tokens times price, and they add up to the published total."""
    return store(directory, MODEL_20B, OSS_20B, total_usd=None, edit=_run_of_20b, date="2026-05-20", manifest=SYNTHETIC)


def store_120b(directory: Path) -> Path:
    """23/30 at $0.0013 a pass; nothing is known of its tokens."""
    return store(directory, MODEL_120B, OSS_120B, total_usd=str(TOTAL_120B), date="2026-05-12", manifest=SYNTHETIC)


def _run_of_20b(outcome: Outcome) -> Outcome:
    at = (outcome.key.task[:7], outcome.key.run)
    passed = outcome.key.run == 3 if at[0] == "task_09" else outcome.passed
    usage = _usage(*(_rest() if at == _REST else _tokens(at)))
    if passed:
        return replace(outcome, passed=True, cause=None, failure_mode=None, detail=None, usage=usage)
    detail = Detail.MISSING_OUTPUT if at == ("task_09", 2) else Detail.WRONG_VALUE
    mode = FailureMode.WRONG_ANSWER
    return replace(outcome, passed=False, cause=Cause.MODEL, failure_mode=mode, detail=detail, usage=usage)


def _tokens(at: tuple[str, int]) -> tuple[int, int]:
    return INPUT_TOKENS.get(at, _INPUT), OUTPUT_TOKENS.get(at, _OUTPUT)


def _usage(read: int, written: int) -> Usage:
    cost = (read * PER_INPUT + written * PER_OUTPUT) / 1_000_000
    return Usage(calls=5, input_tokens=read, output_tokens=written, cost_usd=cost)


def _rest() -> tuple[int, int]:
    """The tokens of the last run: whole numbers that make the total come out to the cent of a cent."""
    others = [
        (f"task_{task:02}", run) for task in range(1, 11) for run in (1, 2, 3) if (f"task_{task:02}", run) != _REST
    ]
    spent = sum((_usage(*_tokens(at)).cost_usd or Decimal(0) for at in others), Decimal(0))
    left = int((TOTAL_20B - spent) * 100_000_000)
    return next(
        ((left - 30 * written) // 7, written)
        for written in range(_OUTPUT, _OUTPUT + 7)
        if (left - 30 * written) % 7 == 0
    )

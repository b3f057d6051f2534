"""Task 02: what the untouched reports do is what they say, by an implementation of another hand."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

TITLES = {"sales_report": ("Sales", 1), "refunds_report": ("Refunds", -1), "payouts_report": ("Payouts", 1)}


@pytest.fixture(scope="module")
def task(task_module: Callable[[str], ModuleType]) -> ModuleType:
    return task_module("task_02_refactor_duplicated_code")


def expected(name: str, bookings: list[list[Any]]) -> str:
    """The report as text, or the name of the exception."""
    title, sign = TITLES[name]
    sums: dict[str, Decimal] = {}
    for account, cents in bookings:
        if not account.strip():
            return "ValueError"
        if type(cents) is not int:
            return "TypeError"
        sums[account.strip()] = sums.get(account.strip(), Decimal(0)) + sign * Decimal(cents) / 100
    if not sums and name == "payouts_report":
        return "LookupError"
    width = max(8, *map(len, sums), 0)
    rows = [*sorted(sums.items()), ("total", sum(sums.values(), Decimal(0)))]
    table = [f"{label:{width}}{amount + 0:12.2f}" for label, amount in rows]
    return "\n".join([title, "=" * (width + 12), *table])


def test_the_untouched_reports_do_what_they_say(task: ModuleType, suite: Path, tmp_path: Path) -> None:
    folder = suite / "task_02_refactor_duplicated_code"
    cases = task.asked_cases("another seed")
    wanted = {"reports": list(TITLES), "cases": cases, "traced": cases[-1], "calls": [["parse_cents", ["-.5"]]]}
    (tmp_path / "cases.json").write_text(json.dumps(wanted))
    (tmp_path / "behaviour.py").write_bytes((folder / "hidden/behaviour.py").read_bytes())
    argv = [sys.executable, "-IB", str(tmp_path / "behaviour.py"), str(folder / "workspace"), "nonce"]
    done = subprocess.run(argv, capture_output=True, check=True, text=True)

    document, _ = task.documents(done.stdout)
    assert document["nonce"] == "nonce"
    assert document["calls"] == [-50]
    assert document["main"].count("total") == 3
    assert set(document["lines"]) == set(TITLES)
    for name in TITLES:
        found = [result if isinstance(result, str) else result["raised"][0] for result, _ in document["reports"][name]]
        assert found == [expected(name, case["bookings"]) for case in cases]
        assert all(kept for _, kept in document["reports"][name])


def test_the_visible_tests_pass_before_anything_is_changed(suite: Path) -> None:
    workspace = suite / "task_02_refactor_duplicated_code/workspace"
    argv = [sys.executable, "-B", "-m", "pytest", "-q", "-c", "/dev/null", "--rootdir=.", "-p", "no:cacheprovider"]
    done = subprocess.run(argv, cwd=workspace, capture_output=True, check=False, text=True)

    assert "5 passed" in done.stdout

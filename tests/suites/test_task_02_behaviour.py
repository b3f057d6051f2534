"""Task 02: what the untouched reports do is what they say, by an implementation of another hand."""

from __future__ import annotations

import json
import keyword
import subprocess
import sys
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from pytest_agentcore.domain.scenario import CANONICAL, Draw
from pytest_agentcore.domain.workspace import Entry, Snapshot, Workspace
from pytest_agentcore.errors import WrongAnswer

TITLES = ("sales_report", "refunds_report", "payouts_report")


@pytest.fixture(scope="module")
def task(task_module: Callable[[str], ModuleType]) -> ModuleType:
    return task_module("task_02_refactor_duplicated_code")


def expected(scenario: Any, name: str, bookings: list[list[Any]]) -> str:
    """The report as text, or the name of the exception."""
    (kind,) = [kind for kind, function in scenario.reports.items() if function == name]
    words, sign = scenario.names, -1 if kind == "negated" else 1
    sums: dict[str, Decimal] = {}
    for account, cents in bookings:
        if not account.strip():
            return "ValueError"
        if type(cents) is not int:
            return "TypeError"
        sums[account.strip()] = sums.get(account.strip(), Decimal(0)) + sign * Decimal(cents) / 100
    if not sums and kind == "strict":
        return str(words["refusal"])
    width = max(scenario.least, *map(len, sums), 0)
    rows = [*sorted(sums.items()), (words["total"], sum(sums.values(), Decimal(0)))]
    table = [f"{label:{width}}{amount + 0:{scenario.column}.2f}" for label, amount in rows]
    return "\n".join([scenario.subjects[kind].capitalize(), words["rule"] * (width + scenario.column), *table])


def drawn(task: ModuleType, variant: str, run: int = 1) -> Any:
    return task.draw(Draw(variant=variant, suite_version="1.0.0", task="task_02_refactor_duplicated_code", run=run))


def test_more_python_than_a_refactoring_can_be_is_not_read(task: ModuleType) -> None:
    """A few files that each are small enough count together; other kinds of files do not count."""
    half = task.LARGEST_SOURCES // 2
    files = [
        Entry(path=f"{name}.py", kind="file", size=half, data=b"#" * half) for name in ("report", "report_old")
    ] + [Entry(path="notes.txt", kind="file", size=half, data=b"#" * half)]
    last = Entry(path="_common.py", kind="file", size=1, data=b"#")

    assert len(task.sources(Workspace(snapshot=Snapshot.of(files), before=Snapshot.of([])))) == 2
    with pytest.raises(WrongAnswer, match="bytes of Python") as wrong:
        task.sources(Workspace(snapshot=Snapshot.of([*files, last]), before=Snapshot.of([])))
    assert wrong.value.detail == "wrong_format"


def test_the_untouched_reports_do_what_they_say(task: ModuleType, suite: Path, tmp_path: Path) -> None:
    folder = suite / "task_02_refactor_duplicated_code"
    cases = task.asked_cases("another seed")
    wanted: dict[str, Any] = {"reports": list(TITLES), "parameter": "bookings", "cases": cases, "traced": cases[-1]}
    wanted["calls"] = [["parse_cents", ["-.5"]]]
    (tmp_path / "cases.json").write_text(json.dumps(wanted))
    (tmp_path / "behaviour.py").write_bytes((folder / "hidden/behaviour.py").read_bytes())
    argv = [sys.executable, "-IB", str(tmp_path / "behaviour.py"), str(folder / "workspace"), "nonce"]
    done = subprocess.run(argv, capture_output=True, check=True, text=True)

    document, _ = task.documents(done.stdout)
    published = drawn(task, CANONICAL)
    assert list(TITLES) == list(published.reports.values())
    assert document["nonce"] == "nonce"
    assert document["calls"] == [-50]
    assert document["main"].count("total") == 3
    assert set(document["lines"]) == set(TITLES)
    for name in TITLES:
        found = [result if isinstance(result, str) else result["raised"][0] for result, _ in document["reports"][name]]
        assert found == [expected(published, name, case["bookings"]) for case in cases]
        assert all(kept for _, kept in document["reports"][name])


def test_the_visible_tests_pass_before_anything_is_changed(suite: Path) -> None:
    workspace = suite / "task_02_refactor_duplicated_code/workspace"
    argv = [sys.executable, "-B", "-m", "pytest", "-q", "-c", "/dev/null", "--rootdir=.", "-p", "no:cacheprovider"]
    done = subprocess.run(argv, cwd=workspace, capture_output=True, check=False, text=True)

    assert "5 passed" in done.stdout


def outcome(function: Callable[[Any], str], bookings: list[list[Any]]) -> str:
    try:
        return function([tuple(row) for row in bookings])
    except Exception as error:  # noqa: BLE001 - its name is the outcome
        return type(error).__name__


def failing_tests(scenario: Any, space: dict[str, Any]) -> list[str]:
    """The visible tests that fail, in the namespace of report.py."""
    tests: dict[str, Any] = {}
    source = scenario.files()["test_report.py"]
    exec(source.partition("\n")[2], {**space}, tests)  # noqa: S102 - a source of ours
    found = []
    for name, test in [(name, test) for name, test in tests.items() if name.startswith("test_")]:
        test.__globals__.update(tests)
        try:
            test()
        except AssertionError:
            found.append(name)
    assert len(tests) == 6
    return found


@pytest.mark.parametrize("run", [1, 2, 3])
def test_drawn_reports_do_what_they_say_and_three_of_them_repeat_each_other(task: ModuleType, run: int) -> None:
    """By the implementation of another hand; the two other functions are told apart and behave as they did."""
    for seed in range(1, 68):
        scenario = drawn(task, str(seed), run)
        source = scenario.files()["report.py"]
        space: dict[str, Any] = {}
        exec(source, space)  # noqa: S102 - a source of ours
        tree = task.parsed(source.encode())

        assert set(task.repeating_functions(tree)) == set(scenario.reports.values())
        assert set(task.functions(tree)) == {
            *scenario.reports.values(),
            scenario.names["shorten"],
            scenario.names["parse"],
        }
        assert not task.changed_neighbours(tree, tree)
        assert not [word for word in space if keyword.iskeyword(word)]
        cases = task.asked_cases("seed") if seed % 10 == 0 else []
        for name in scenario.reports.values():
            for case in cases:
                assert outcome(space[name], case["bookings"]) == expected(scenario, name, case["bookings"])
        cut = space[scenario.names["shorten"]]("x" * 60)
        assert len(cut) == scenario.default_width
        assert cut.lstrip("x") == scenario.names["dots"]
        assert space[scenario.names["parse"]]("-12.5") == -1250
        assert failing_tests(scenario, space) == []

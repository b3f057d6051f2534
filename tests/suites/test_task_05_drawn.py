"""Task 05 in its variants: each drawn inventory has one wrong comparison, and the rule of its reservations holds."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest

from pytest_agentcore.domain.scenario import Draw

pytestmark = pytest.mark.slow

TASK = "task_05_minimal_fix"


@pytest.fixture(scope="module")
def task(task_module: Callable[[str], ModuleType]) -> ModuleType:
    return task_module(TASK)


def drawn(task: ModuleType, variant: str, run: int = 1) -> Any:
    return task.draw(Draw(variant=variant, suite_version="1.0.0", task=TASK, run=run))


def failing_tests(scenario: Any, source: str) -> list[str]:
    """The visible tests that fail."""
    code: dict[str, Any] = {}
    exec(source, code)  # noqa: S102 - a source of ours
    tests: dict[str, Any] = {**code}
    text = scenario.files()["test_inventory.py"].decode()
    exec("\n".join(line for line in text.split("\n") if not line.startswith("from inventory")), tests)  # noqa: S102
    names = [name for name in tests if name.startswith("test_")]
    assert len(names) == 6
    found = []
    for name in names:
        try:
            tests[name]()
        except Exception:  # noqa: BLE001 - whatever it is, the test fails
            found.append(name)
    return found


def called(source: str, call: list[Any]) -> list[Any]:
    """What a call gives, in the form of the hidden script."""
    space: dict[str, Any] = {}
    exec(source, space)  # noqa: S102 - a source of ours
    function, (stock, *arguments), named = call
    stock = dict(stock)
    try:
        return ["returned", space[function](stock, *arguments, **named), stock]
    except Exception as error:  # noqa: BLE001 - its classes are compared
        return ["raised", [kind.__name__ for kind in type(error).__mro__], stock]


@pytest.mark.parametrize("run", [1, 2, 3])
def test_each_drawn_inventory_has_one_wrong_comparison_in_an_odd_file(task: ModuleType, run: int) -> None:
    """One visible test fails; repaired, the function follows the rule; ways to repair it agree, near misses do not."""
    for seed in range(1, 68):
        scenario = drawn(task, str(seed), run)
        before, fixed = scenario.before, scenario.fixed
        assert failing_tests(scenario, before) == ["test_the_last_units_can_be_reserved"]
        assert failing_tests(scenario, fixed) == []
        assert before.count("\r\n") == before.count("\n") > 30
        assert not before.endswith("\n")
        assert sum(line.endswith((" ", "\t")) for line in before.split("\r\n")) == 7
        assert scenario.blanks_behind
        assert before.count(f"if {scenario.condition}:{scenario.blanks_behind}\r\n") == 1
        edits = task.change(before.encode(), fixed.encode())
        assert task.lines_touched(edits) == 2
        assert not task.changed_tails(before.encode(), edits)


@pytest.mark.parametrize("seed", range(1, 13))
def test_the_rule_holds_for_every_right_condition_and_for_no_near_miss(task: ModuleType, seed: int) -> None:
    scenario = drawn(task, str(seed))
    calls = task.reservations(scenario, "seed")
    wanted = [task.expected_reservation(scenario, call) for call in calls]
    right = (scenario.repaired, scenario.one_more, scenario.denied, scenario.spaced(scenario.repaired))
    wrong = (scenario.condition, scenario.excepting(scenario.all_few), scenario.always_takes, "True", "False")

    for condition in right:
        results = [called(scenario.source(condition), call) for call in calls]
        assert task.wrong_results(calls, results, wanted) == []
    for condition in wrong:
        assert task.wrong_results(calls, [called(scenario.source(condition), call) for call in calls], wanted)

"""The host's side of task 01: what is asked, and how plain values are judged."""

from __future__ import annotations

import ast
import json
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from types import ModuleType

import pytest


@pytest.fixture(scope="module")
def task(task_module: Callable[[str], ModuleType]) -> ModuleType:
    return task_module("task_01_fix_failing_test")


@pytest.mark.parametrize(
    ("cart", "cents"),
    [
        ([], 0),
        ([(100, 9)], 900),
        ([(100, 10)], 950),
        ([(100, 49)], 4655),
        ([(100, 50)], 4500),
        ([(100, 99)], 8910),
        ([(100, 100)], 8500),
        ([(33, 10)], 314),
        ([(1, 10), (1, 10)], 20),
    ],
)
def test_the_price_list_includes_its_boundaries_and_rounds_half_up(
    task: ModuleType, cart: list[tuple[int, int]], cents: int
) -> None:
    assert task.expected_total(cart) == cents


def test_both_sides_of_every_boundary_are_asked(task: ModuleType) -> None:
    asked = task.carts("seed")
    quantities = {quantity for cart in asked for _, quantity in cart}

    assert {9, 10, 11, 49, 50, 51, 99, 100, 101} <= quantities
    assert len(asked) >= 12 + task.VISIBLE_TESTS
    assert task.carts("seed") == asked != task.carts("other")


def test_half_even_rounding_would_show(task: ModuleType) -> None:
    fixed = task.carts("seed")[:-8]

    assert [(3, 10)] in fixed
    assert task.expected_total([(3, 10)]) == 29
    assert round(Decimal("28.5")) == 28


def test_the_visible_tests_are_among_the_carts(task: ModuleType, suite: Path) -> None:
    tree = ast.parse((suite / "task_01_fix_failing_test/workspace/tests/test_pricing.py").read_text())
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]

    assert [ast.literal_eval(call.args[0]) for call in calls] == list(task.VISIBLE_CARTS)


@pytest.mark.parametrize("result", [None, "<str>", "<raised SystemExit>", "NaN", "Infinity", [], {}, "5401", "5399.99"])
def test_a_result_that_is_not_the_number_is_wrong(task: ModuleType, result: object) -> None:
    assert task.wrong_totals([result], [[(120, 50)]])


@pytest.mark.parametrize("result", ["5400", "5400.0", "5.4E+3"])
def test_a_result_may_come_as_any_kind_of_number(task: ModuleType, result: str) -> None:
    assert not task.wrong_totals([result], [[(120, 50)]])


@pytest.mark.parametrize("output", ["", "{}{}", "4 passed\n{}", "[1]", "null", "{" * 100_000])
def test_output_that_is_not_one_object_is_no_document(task: ModuleType, output: str) -> None:
    assert task.only_document(output) == {}


def test_signatures_count_names_order_kinds_and_need(task: ModuleType) -> None:
    kind = "POSITIONAL_OR_KEYWORD"
    same = {path: [[name, kind, False] for name in names] for path, names in task.SIGNATURES.items()}
    path = "app.pricing.discounted"

    assert task.changed_signatures(same) == []
    assert task.changed_signatures(same | {path: same[path][::-1]}) == [path]
    assert task.changed_signatures(same | {path: [[name, kind, True] for name, _, _ in same[path]]}) == [path]
    assert task.changed_signatures({key: value for key, value in same.items() if key != path}) == [path]
    assert task.changed_signatures(json.loads("[]")) == sorted(same, key=list(same).index)

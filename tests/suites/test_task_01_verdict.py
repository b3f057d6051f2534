"""The host's side of task 01: what is asked, and how plain values are judged."""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from pytest_agentcore.domain.scenario import CANONICAL, Draw
from pytest_agentcore.domain.workspace import Entry, Snapshot
from pytest_agentcore.model import scripted
from pytest_agentcore.rollout.scenario import fill


@pytest.fixture(scope="module")
def task(task_module: Callable[[str], ModuleType]) -> ModuleType:
    return task_module("task_01_fix_failing_test")


@pytest.fixture(scope="module")
def shop(task: ModuleType) -> Any:
    """The published scenario."""
    return drawn(task, CANONICAL)


def drawn(task: ModuleType, variant: str, run: int = 1) -> Any:
    return task.draw(Draw(variant=variant, suite_version="1.0.0", task="task_01_fix_failing_test", run=run))


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
    task: ModuleType, shop: Any, cart: list[tuple[int, int]], cents: int
) -> None:
    assert task.expected_total(shop, cart) == cents


def test_both_sides_of_every_boundary_are_asked(task: ModuleType, shop: Any) -> None:
    asked = task.carts(shop, "seed")
    quantities = {quantity for cart in asked for _, quantity in cart}

    assert {9, 10, 11, 49, 50, 51, 99, 100, 101} <= quantities
    assert len(asked) >= 12 + task.VISIBLE_TESTS
    assert task.carts(shop, "seed") == asked != task.carts(shop, "other")


def test_a_single_unit_and_every_boundary_are_asked_alone(task: ModuleType, shop: Any) -> None:
    """At a round price and at one of a few cents."""
    alone = {line[-2:] for cart in task.carts(shop, "seed") for line in cart if len(cart) == 1}

    edges = {1, *(units + step for units, _, _ in shop.tiers for step in (-1, 0, 1))}
    assert {(price, units) for price in (100, 3) for units in edges} <= alone


def test_lines_that_reach_a_tier_only_together_are_asked(task: ModuleType, shop: Any) -> None:
    """Who gives the discount on the units of a whole cart, or on those of one price, is found out just there."""
    (low, *_), *_ = shop.tiers
    split = [cart for cart in task.carts(shop, "seed")[:-8] if len({price for price, _ in cart}) == 1 < len(cart)]
    together = [sum(units for _, units in cart) for cart in split if all(units < low for _, units in cart)]

    assert low in together


def test_carts_of_several_lines_are_the_same_for_everybody(task: ModuleType, shop: Any) -> None:
    """Each line by its own tier, on both sides of a boundary, and ten lines that only together reach one."""
    several = [cart for cart in task.carts(shop, "seed")[task.VISIBLE_TESTS : -8] if len(cart) > 1]

    assert several[-5:] == [
        [(33, 10), (77, 50), (11, 100)],
        [(1, 10)] * 3,
        [(999, 49), (999, 50), (999, 99)],
        [(45, 9), (45, 1)],
        [(7, 2)] * 10,
    ]


def test_half_even_rounding_would_show(task: ModuleType, shop: Any) -> None:
    fixed = task.carts(shop, "seed")[:-8]

    assert [(3, 10)] in fixed
    assert task.expected_total(shop, [(3, 10)]) == 29
    assert round(Decimal("28.5")) == 28


def test_the_visible_tests_are_among_the_carts(task: ModuleType, shop: Any) -> None:
    tree = ast.parse(shop.files()["tests/test_pricing.py"])
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]

    assert [ast.literal_eval(call.args[0]) for call in calls] == [list(cart) for cart in shop.visible]
    assert task.carts(shop, "seed")[: len(calls)] == list(shop.visible)


@pytest.mark.parametrize("result", [None, "<str>", "<raised SystemExit>", "NaN", "Infinity", [], {}, "5401", "5399.99"])
def test_a_result_that_is_not_the_number_is_wrong(task: ModuleType, shop: Any, result: object) -> None:
    assert task.wrong_totals(shop, [result], [[(120, 50)]])


@pytest.mark.parametrize("result", ["5400", "5400.0", "5.4E+3"])
def test_a_result_may_come_as_any_kind_of_number(task: ModuleType, shop: Any, result: str) -> None:
    assert not task.wrong_totals(shop, [result], [[(120, 50)]])


@pytest.mark.parametrize("output", ["", "{}{}", "4 passed\n{}", "[1]", "null", "{" * 100_000])
def test_output_that_is_not_one_object_is_no_document(task: ModuleType, output: str) -> None:
    assert task.only_document(output) == {}


def test_signatures_count_names_order_kinds_and_need(task: ModuleType, shop: Any) -> None:
    files = [Entry(path=path, kind="file", data=text.encode()) for path, text in shop.files().items()]
    same = task.signatures(Snapshot.of(files))
    path, kind = "app.pricing.discounted", "POSITIONAL_OR_KEYWORD"

    assert same == {
        "app.pricing.discount_percent": [["quantity", kind, False]],
        path: [["cents", kind, False], ["percent", kind, False]],
        "app.cart.line_total": [["unit_cents", kind, False], ["quantity", kind, False]],
        "app.cart.cart_total": [["lines", kind, False]],
    }
    assert task.changed_signatures(same, same) == []
    assert task.changed_signatures(same, same | {path: same[path][::-1]}) == [path]
    assert task.changed_signatures(same, same | {path: [[name, kind, True] for name, _, _ in same[path]]}) == [path]
    assert task.changed_signatures(same, {key: value for key, value in same.items() if key != path}) == [path]
    assert task.changed_signatures(same, json.loads("[]")) == list(same)


def test_a_parameter_with_a_default_may_be_left_out(task: ModuleType, shop: Any) -> None:
    files = {**shop.files(), "app/pricing.py": "def one(a, b, c=1, d=2): ...\ndef all(a=1): ...\ndef none(a): ...\n"}
    entries = [Entry(path=path, kind="file", data=text.encode()) for path, text in files.items()]

    found = task.signatures(Snapshot.of(entries))

    needs = {path.rpartition(".")[2]: [has for _, _, has in parameters] for path, parameters in found.items()}
    assert (needs["one"], needs["all"], needs["none"]) == ([False, False, True, True], [True], [False])


def loaded(scenario: Any, pricing: str) -> Callable[[Any], object]:
    """The function that prices a cart, from the two sources in one namespace of their own."""
    space: dict[str, Any] = {}
    cart = re.sub(r"^from app.pricing import .*$", "", scenario.files()["app/cart.py"], flags=re.MULTILINE)
    exec(pricing + cart, space)  # noqa: S102 - a source of ours
    function: Callable[[Any], object] = space[scenario.names["cart_total"]]
    return function


def failing_tests(scenario: Any, pricing: str) -> list[str]:
    """The visible tests that fail, each run by itself against fresh code."""
    space: dict[str, Any] = {}
    tests = re.sub(r"^from app.cart import .*$", "", scenario.files()["tests/test_pricing.py"], flags=re.MULTILINE)
    exec(tests, space)  # noqa: S102 - a source of ours
    found = []
    for name in [name for name in space if name.startswith("test_")]:
        space[scenario.names["cart_total"]] = loaded(scenario, pricing)
        try:
            space[name]()
        except AssertionError:
            found.append(name)
    assert sum(name.startswith("test_") for name in space) == 4
    return found


@pytest.mark.parametrize("run", [1, 2, 3])
def test_each_drawn_shop_has_one_bug_that_one_visible_test_and_the_hidden_cases_see(task: ModuleType, run: int) -> None:
    """The right program agrees with the oracle on every case; the planted bug shows in a visible test and beyond."""
    bugs: Counter[str] = Counter()
    for seed in range(1, 68):
        shop = drawn(task, str(seed), run)
        before = shop.files()["app/pricing.py"]
        bugs[shop.bug] += 1
        assert failing_tests(shop, before) == [shop.failing_test]
        assert failing_tests(shop, shop.right_pricing()) == []
        asked = task.carts(shop, "seed")
        hidden = asked[len(shop.visible) :]
        assert len(hidden) >= 12
        assert len(task.half_cents(shop)) == 2 * len(shop.tiers)
        right, wrong = loaded(shop, shop.right_pricing()), loaded(shop, before)
        assert task.wrong_totals(shop, [str(right(cart)) for cart in asked], asked) == []
        assert len(task.wrong_totals(shop, [str(wrong(cart)) for cart in hidden], hidden)) >= 2
    assert set(bugs) == {"boundary", "rounding", "default", "tie"}


@pytest.mark.parametrize("bug", ["reaches", "rounding", "default", "key"])
def test_every_kind_of_bug_would_show_in_every_shop_that_has_room_for_it(task: ModuleType, bug: str) -> None:
    """A repair that brings another of the four bugs along fails on the hidden cases, whatever the planted one was."""
    wrong = {"reaches": "$quantity > $units", "rounding": "round($cents * (100 - $percent) / 100)"}
    wrong |= {"default": "{}", "key": "-$offer[0]"}
    for seed in range(1, 40):
        shop = drawn(task, str(seed))
        if (bug == "key") != (shop.kind == "offers") and bug != "rounding":
            continue
        if bug == "default" and shop.kind != "joined":
            continue
        sources = sys.modules["pricing_sources"]
        pieces = {
            **sys.modules["pricing_scenario"].RIGHT,
            bug: wrong[bug],
            **({"fresh": ""} if bug == "default" else {}),
        }
        program = loaded(shop, shop.filled(sources.PRICING[shop.kind], **pieces))
        asked = task.carts(shop, "seed")
        assert task.wrong_totals(shop, [str(program(cart)) for cart in asked], asked)


def edited(scenario: Any, suite: Path, folder: Path, name: str) -> str:
    """pricing.py after the commands of sed that a solution runs on it."""
    found = scripted.find(suite / "task_01_fix_failing_test/solutions", name)
    commands = [json.loads(arguments).get("command", "") for turn in found.turns for _, arguments in turn.calls]
    script = next(command for command in commands if "sed -i " in command)
    (folder / "app").mkdir(exist_ok=True)
    (folder / "app/pricing.py").write_text(scenario.files()["app/pricing.py"])
    command = fill(script, scenario, name).partition("\n")[0].partition(" && ")[0]
    subprocess.run(["sh", "-c", command], cwd=folder, check=True)
    return (folder / "app/pricing.py").read_text()


@pytest.mark.parametrize("seed", ["canonical", "1", "2", "3", "6", "10", "14", "16", "17", "18"])
def test_the_edits_of_the_solutions_do_what_they_are_for(
    task: ModuleType, suite: Path, tmp_path: Path, seed: str
) -> None:
    """The reference repairs; the special case and the broken neighbour pass every visible test and nothing more."""
    shop = drawn(task, seed)
    asked = task.carts(shop, "seed")

    def wrong(name: str) -> list[str]:
        program = edited(shop, suite, tmp_path, name)
        assert failing_tests(shop, program) == []
        total = loaded(shop, program)
        found: list[str] = task.wrong_totals(shop, [str(total(cart)) for cart in asked], asked)
        return found

    assert wrong("reference") == []
    assert len(wrong("fail_2_special_case")) >= 2
    assert len(wrong("fail_6_next_tier_broken")) >= 2
    assert len(wrong("fail_11_another_bug_brought")) >= 2

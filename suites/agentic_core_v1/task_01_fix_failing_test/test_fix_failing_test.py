"""Debugging: one test fails; the code is wrong, not the test.

The verdict is computed here, from plain values that the workspace's code returned in a sandbox of its own, against a
second implementation of the price list. Code that answers every case below as the price list does is accepted,
wherever the correction was made; no program can tell a right function from one that imitates it on all inputs.
"""

from __future__ import annotations

import ast
import hashlib
import json
import random
from collections.abc import Mapping, Sequence
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from itertools import product
from typing import Any

from pricing_scenario import Line, Scenario, draw

from pytest_agentcore import Run, agent_task
from pytest_agentcore.domain.workspace import Snapshot

Cart = Sequence[Line]

VISIBLE_TESTS = 4
MODULES = ("app.pricing", "app.cart")


def expected_total(scenario: Scenario, cart: Cart) -> Decimal:
    """The price of a cart in cents: each line less its tier's share, rounded half up to a cent, plus the tier's fee.

    Of the tiers that a line reaches, by itself or with the other lines of its article, the greatest share counts, and
    of equal shares the smallest fee.
    """
    total = Decimal(0)
    for *article, unit_cents, quantity in cart:
        together = sum(units for *other, _, units in cart if other == article) if article else quantity
        reached = {(Decimal(percent) / 100, fee) for units, percent, fee in scenario.tiers if together >= units}
        share = max((share for share, _ in reached), default=Decimal(0))
        fee = min((fee for other, fee in reached if other == share), default=0)
        total += (unit_cents * quantity * (1 - share)).to_integral_value(ROUND_HALF_UP) + fee
    return total


def half_cents(scenario: Scenario) -> list[tuple[int, int]]:
    """Two lines for each tier whose price ends in half a cent: one above an even number of cents, one above an odd."""
    found = {}
    for units, percent, _ in scenario.tiers:
        for unit_cents, quantity in product(range(1, 101), range(units, units + 8)):
            cents, rest = divmod(unit_cents * quantity * (100 - percent), 100)
            if rest == 50:
                found[units, cents % 2] = (unit_cents, quantity)
    return list(found.values())


def carts(scenario: Scenario, seed: str) -> list[Cart]:
    """The visible tests' carts, both sides of every boundary, half cents, mixed carts, and some drawn from the seed."""
    draw = random.Random(seed)  # noqa: S311 - repeatable, not secret
    least = [units for units, _, _ in scenario.tiers]
    edges = [1, *(units + step for units in least for step in (-1, 0, 1)), 1000]
    low, *_, high = least
    single = [[(unit_cents, quantity)] for quantity in edges for unit_cents in (100, 3)]
    halves = [[line] for line in half_cents(scenario)]
    mixed = [[], [(33, least[0]), (77, least[1]), (11, least[2])], [(1, low)] * 3]
    split = [[(999, least[1] - 1), (999, least[1]), (999, high - 1)], [(45, low - 1), (45, 1)], [(7, 2)] * low]
    drawn = [
        [(draw.randrange(1, 5000), draw.choice((*edges, draw.randrange(1, 400)))) for _ in range(3)] for _ in range(8)
    ]
    asked = [*single, *halves, *mixed, *split, *drawn]
    return [*scenario.visible, *(_with_articles(scenario, cart) for cart in asked)]


def _with_articles(scenario: Scenario, cart: Sequence[tuple[int, int]]) -> Cart:
    """The lines as this price list takes them: two articles in turn where it asks for articles."""
    if scenario.kind != "joined":
        return cart
    return [("peg" if place % 3 == 2 else "hook", *line) for place, line in enumerate(cart)]


def as_number(text: Any) -> Decimal | None:
    """A result as a number; None for anything else, an infinite one included."""
    try:
        number = Decimal(text)
    except (InvalidOperation, TypeError, ValueError):
        return None
    return number if number.is_finite() else None


def wrong_totals(scenario: Scenario, results: Sequence[Any], asked: Sequence[Cart]) -> list[str]:
    """One line for each cart whose returned total is not the expected one."""
    expected = [expected_total(scenario, cart) for cart in asked]
    return [
        f"{scenario.names['cart_total']}({list(cart)!r}) gave {result!r}, expected {total}"
        for cart, result, total in zip(asked, results, expected, strict=True)
        if as_number(result) != total
    ]


def signatures(before: Snapshot) -> dict[str, list[list[Any]]]:
    """Name, kind and presence of a default for each parameter of each function, as the agent found them."""
    found = {}
    for module in MODULES:
        entry = before.by_path()[f"{module.replace('.', '/')}.py"]
        functions = [node for node in ast.parse(entry.data or b"").body if isinstance(node, ast.FunctionDef)]
        for function in functions:
            names = [parameter.arg for parameter in function.args.args]
            needed = len(names) - len(function.args.defaults)
            found[f"{module}.{function.name}"] = [
                [name, "POSITIONAL_OR_KEYWORD", place >= needed] for place, name in enumerate(names)
            ]
    return found


def changed_signatures(wanted: Mapping[str, Any], found: Any) -> list[str]:
    """The functions that are gone, or whose parameters changed in name, order, kind or need."""
    return [path for path, parameters in wanted.items() if not isinstance(found, dict) or found.get(path) != parameters]


def only_document(stdout: str) -> dict[str, Any]:
    """The one JSON object that standard output consists of; an empty one when it is anything else."""
    try:
        document = json.loads(stdout)
    except (ValueError, RecursionError):
        return {}
    return document if isinstance(document, dict) else {}


def assert_visible_tests_pass(run: Run) -> None:
    """The tests as they were at the start pass, all of them, with no configuration of the workspace's."""
    result = run.check(
        [
            *("env", "PYTHONSAFEPATH=1", "PYTEST_DISABLE_PLUGIN_AUTOLOAD=1"),
            *("python3", "-m", "pytest", "tests/test_pricing.py"),
            *("-c", "/dev/null", "--rootdir", ".", "--noconftest", "-p", "no:cacheprovider", "-q", "--color=no"),
        ]
    )
    summary = result.stdout.strip().rpartition("\n")[2]
    assert not result.timed_out, "the visible tests do not end"
    assert result.exit_code == 0, f"the visible tests fail: {summary}"
    assert summary.startswith(f"{VISIBLE_TESTS} passed in"), f"not all visible tests ran: {summary!r}"


def assert_price_list_holds(run: Run) -> None:
    """The workspace's functions return what the price list says, and are called as before."""
    nonce = hashlib.sha256(f"task_01 {run.workspace.snapshot.digest}".encode()).hexdigest()[:24]
    scenario: Scenario = run.scenario
    asked, before = carts(scenario, nonce), signatures(run.workspace.before)
    wanted = {"functions": list(before), "call": f"app.cart.{scenario.names['cart_total']}", "carts": asked}
    result = run.check(
        ["python3", "-I", "../hidden/values.py", nonce],
        files={"cases.json": json.dumps(wanted)},
    )
    document = only_document(result.stdout)
    assert not result.timed_out, "the code does not end"
    assert document.get("nonce") == nonce, f"the code ended or upset the process: {result.stderr.strip()[-300:]!r}"
    results = document.get("results")
    assert isinstance(results, list)
    assert document.get("executed") == len(results) == len(asked), "not every case was executed"
    assert not wrong_totals(scenario, results, asked)
    assert not changed_signatures(before, document.get("signatures")), "a public function changed its signature"


@agent_task(
    scenario=draw,
    max_turns=13,
    protected=("tests/**",),
    forbidden=(
        *("**/conftest.py", "**/sitecustomize.py", "**/usercustomize.py", "**/*.pth"),
        *("**/pytest.ini", "**/.pytest.ini", "**/pytest.toml", "**/.pytest.toml"),
        *("**/tox.ini", "**/setup.cfg", "**/pyproject.toml", "**/pytest.py", "**/_pytest/**"),
    ),
)
def test_fix_failing_test(run: Run) -> None:
    """One test under tests/ fails. Fix the code so the whole suite passes. Do not edit existing tests."""
    assert_price_list_holds(run)
    assert_visible_tests_pass(run)  # last: to start pytest takes five times as long

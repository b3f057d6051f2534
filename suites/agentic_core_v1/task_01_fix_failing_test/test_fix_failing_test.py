"""Debugging: one test fails at a tier boundary; the code is wrong, not the test.

The verdict is computed here, from plain values that the workspace's code returned in a sandbox of its own, against a
second implementation of the price list. Code that answers every case below as the price list does is accepted,
wherever the correction was made; no program can tell a right function from one that imitates it on all inputs.
"""

from __future__ import annotations

import hashlib
import json
import random
from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Any

from pytest_agentcore import Run, agent_task

Line = tuple[int, int]

PRICE_LIST = {10: Decimal("0.05"), 50: Decimal("0.10"), 100: Decimal("0.15")}
BOUNDARY_QUANTITIES = (1, 9, 10, 11, 49, 50, 51, 99, 100, 101, 1000)
VISIBLE_CARTS: tuple[list[Line], ...] = ([(250, 4)], [(199, 20)], [(100, 60), (333, 2)], [(120, 50)])
VISIBLE_TESTS = len(VISIBLE_CARTS)

SIGNATURES = {
    "app.pricing.discount_percent": ["quantity"],
    "app.pricing.discounted": ["cents", "percent"],
    "app.cart.line_total": ["unit_cents", "quantity"],
    "app.cart.cart_total": ["lines"],
}


def expected_total(cart: Sequence[Line]) -> Decimal:
    """The price of a cart in cents: each line less its tier's share, rounded half up to a cent."""
    total = Decimal(0)
    for unit_cents, quantity in cart:
        share = max((share for units, share in PRICE_LIST.items() if quantity >= units), default=Decimal(0))
        price = unit_cents * quantity * (1 - share)
        total += price.quantize(Decimal(1), rounding=ROUND_HALF_UP)
    return total


def carts(seed: str) -> list[list[Line]]:
    """The visible tests' carts, both sides of every boundary, half cents, mixed carts, and some drawn from the seed."""
    draw = random.Random(seed)  # noqa: S311 - repeatable, not secret
    boundaries = [[(unit_cents, quantity)] for quantity in BOUNDARY_QUANTITIES for unit_cents in (100, 3)]
    mixed: list[list[Line]] = [[], [(33, 10), (77, 50), (11, 100)], [(1, 10)] * 3, [(999, 49), (999, 50), (999, 99)]]
    drawn = [
        [(draw.randrange(1, 5000), draw.choice((*BOUNDARY_QUANTITIES, draw.randrange(1, 400)))) for _ in range(3)]
        for _ in range(8)
    ]
    return [*VISIBLE_CARTS, *boundaries, *mixed, *drawn]


def as_number(text: Any) -> Decimal | None:
    """A result as a number; None for anything else, an infinite one included."""
    try:
        number = Decimal(text)
    except (InvalidOperation, TypeError, ValueError):
        return None
    return number if number.is_finite() else None


def wrong_totals(results: Sequence[Any], asked: Sequence[Sequence[Line]]) -> list[str]:
    """One line for each cart whose returned total is not the expected one."""
    return [
        f"cart_total({list(cart)!r}) gave {result!r}, expected {expected_total(cart)}"
        for cart, result in zip(asked, results, strict=True)
        if as_number(result) != expected_total(cart)
    ]


def changed_signatures(found: Any) -> list[str]:
    """The functions that are gone, or whose parameters changed in name, order, kind or need."""
    wanted = {path: [[name, "POSITIONAL_OR_KEYWORD", False] for name in names] for path, names in SIGNATURES.items()}
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
    asked = carts(nonce)
    wanted = {"functions": list(SIGNATURES), "call": "app.cart.cart_total", "carts": asked}
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
    assert not wrong_totals(results, asked)
    assert not changed_signatures(document.get("signatures")), "a public function changed its signature"


@agent_task(
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
    assert_visible_tests_pass(run)
    assert_price_list_holds(run)

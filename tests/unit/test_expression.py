"""Statements are read and never run, whatever they are."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_agentcore.errors import ConfigError
from pytest_agentcore.scoring.expression import parse
from tests.unit.sample_values import SOME

KNOWN = {"a": Fraction(3), "b": Fraction(1, 3), "unknown": None}
WORDS = st.sampled_from(
    [
        "a",
        "b",
        "unknown",
        "1",
        "2.5",
        "0",
        "(",
        ")",
        "<",
        "<=",
        "==",
        "!=",
        ">",
        "and",
        "or",
        "not",
        "+",
        "-",
        "*",
        "/",
        ".",
        ",",
    ]
)


@SOME
@given(st.text(max_size=40) | st.lists(WORDS, max_size=12).map(" ".join))
def test_any_text_is_decided_or_refused(text: str) -> None:
    """With a message, and with Python's own answer where everything is known."""
    try:
        expression = parse(text)
    except ConfigError:
        return
    if not set(expression.names) <= set(KNOWN):
        return
    told = expression.holds(KNOWN.__getitem__)
    assert told in {True, False, None}
    if "unknown" not in expression.names and told is not None and "." not in text:
        names = {"a": KNOWN["a"], "b": KNOWN["b"]}
        exact = text.replace("0", "Z(0)").replace("1", "Z(1)").replace("2", "Z(2)")
        assert told is bool(eval(exact.strip(), {"__builtins__": {}, "Z": Fraction}, names))  # noqa: S307 - only these words


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("unknown > 0", None),
        ("unknown > 0 or a == 3", True),
        ("a == 3 or unknown > 0", True),
        ("unknown > 0 and a < 0", False),
        ("unknown > 0 and a > 0", None),
        ("not unknown > 0", None),
        ("1 < a < unknown", None),
        ("4 < a < unknown", False),
        ("a / (b - b) > 0", None),
        ("a * b == 1", True),
        ("0.1 + 0.2 == 0.3", True),
        ("18 <= 6 * a <= 22", True),
    ],
)
def test_what_is_unknown_is_open_unless_the_rest_decides(text: str, told: object) -> None:
    """Exactly: in fractions, not in floats."""
    assert parse(text).holds(KNOWN.__getitem__) is told


def test_names_are_told_in_their_order() -> None:
    assert parse("b < a and b > unknown").names == ("b", "a", "unknown")

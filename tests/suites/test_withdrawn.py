"""What a text takes back claims nothing: struck out, corrected, or told as an opinion that did not last."""

from __future__ import annotations

import importlib
import time
from collections.abc import Callable
from types import ModuleType

import pytest


@pytest.fixture(scope="module")
def prose(reading: ModuleType) -> ModuleType:
    """The suite's module that takes prose apart; ``reading`` makes it importable."""
    assert reading
    return importlib.import_module("agentic_core_prose")


@pytest.fixture(scope="module")
def said(prose: ModuleType) -> Callable[[str], list[str]]:
    return lambda text: [piece.text for piece in prose.pieces(text)]


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("It was A. No wait, it was B.", ["it was b."]),
        ("It was A. No wait. It was B.", ["it was b."]),
        ("It was A, no wait, it was B.", ["it was b."]),
        ("Key: A. It was B. Correction: it was C.", ["key: a.", "it was c."]),
        ("~~It was A.~~ It was B.", ["it was b."]),
        ("<del>It was A.</del> It was B.", ["it was b."]),
        ("At first I kept A. In the end I kept B.", ["in the end i kept b."]),
        ("My first guess was A, but it was B.", ["but it was b."]),
        ("I considered A, but it was B.", ["it was b."]),
        ("- [ ] A\n- [x] B", ["[x] b"]),
    ],
)
def test_what_is_taken_back_is_left_out(said: Callable[[str], list[str]], text: str, left: list[str]) -> None:
    assert said(text) == left


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("Requests wait, then fail.", ["requests wait, then fail."]),
        ("They hold on to connections.", ["they hold on to connections."]),
        ("A correction of the size did not help.", ["a correction of the size did not help."]),
        ("My first guess is A.", ["my first guess is a."]),
        ("Initially I kept A. That is all.", ["initially i kept a.", "that is all."]),
        ("- [ ] A\n- [ ] B", ["[ ] a", "[ ] b"]),
        ("I first removed A, then B.", ["i first removed a, then b."]),
    ],
)
def test_what_only_looks_like_it_stays(said: Callable[[str], list[str]], text: str, left: list[str]) -> None:
    assert said(text) == left


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("<a><cause>B</cause><why>C -> D</why></a>", ["cause: b", "why: c led to d"]),
        ("cause;why\nA;B\nC;D", ["cause: a", "why: b", "cause: c", "why: d"]),
        ("It was A; it was B.", ["it was a; it was b."]),
    ],
)
def test_fields_of_one_element_or_a_small_table_keep_their_names(
    said: Callable[[str], list[str]], text: str, left: list[str]
) -> None:
    assert said(text) == left


@pytest.mark.parametrize("unit", ["no wait ", "I considered ", "<a>", "~~", "a;", "[ ] a\n", "my first guess "])
def test_a_long_text_is_read_in_bounded_time(said: Callable[[str], list[str]], unit: str) -> None:
    start = time.process_time()
    said((unit * 10_000)[:10_000])

    assert time.process_time() - start < 10

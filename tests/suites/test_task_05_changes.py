"""Task 05: which changes of inventory.py are right, which are small, and how that is counted."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_agentcore.domain.scenario import CANONICAL, Draw

IF = b"    if wanted<free:  \r\n"
RAISE = b"    raise OutOfStock( sku )\r\n"
TAKE = b"        stock[sku] = free-wanted\r\n"
FREE = b"    free=stock[ sku ]\r\n"
FIX = (IF, b"    if wanted<=free:  \r\n")
Swap = tuple[bytes, bytes]

RIGHT: dict[str, list[Swap]] = {
    "less or equal": [FIX],
    "blanks around the operator": [(IF, b"    if wanted <= free:  \r\n")],
    "no blanks before the colon": [(IF, b"    if wanted<=free :  \r\n")],
    "plus one": [(IF, b"    if wanted<free+1:  \r\n")],
    "minus one": [(IF, b"    if wanted-1<free:  \r\n")],
    "turned round": [(IF, b"    if free>=wanted:  \r\n")],
    "not greater": [(IF, b"    if not wanted > free:  \r\n")],
    "what is left": [(IF, b"    if free-wanted>=0:  \r\n")],
    "in brackets": [(IF, b"    if (wanted <= free):  \r\n")],
    "or equal": [(IF, b"    if wanted<free or wanted==free:  \r\n")],
    "guard": [(IF, b"    if wanted==free: stock[sku]=0; return 0\r\n" + IF)],
    "guard with a blank at its end": [(IF, b"    if wanted==free: stock[sku]=0; return 0 \r\n" + IF)],
    "guard on two lines": [(IF, b"    if wanted==free:\r\n        stock[sku]=0; return 0\r\n" + IF)],
    "guard before the refusal": [(RAISE, b"    if wanted==free: stock[sku]=0; return 0\r\n" + RAISE)],
    "the refusal only when too many": [
        (RAISE, b"    if wanted>free: raise OutOfStock( sku )\r\n    stock[sku]=0; return 0\r\n")
    ],
}
SIDE_EFFECT: dict[str, list[Swap]] = {
    "blanks of the line gone": [(IF, b"    if wanted<=free:\r\n")],
    "one blank fewer": [(IF, b"    if wanted<=free: \r\n")],
    "line feed alone": [(IF, b"    if wanted<=free:  \n")],
    "comment in place of the blanks": [(IF, b"    if wanted<=free:  # the last ones too\r\n")],
    "comment above": [(IF, b"    # equality\r\n" + FIX[1])],
    "comment below": [(IF, FIX[1] + b"        # equality\r\n")],
    "comment elsewhere": [FIX, (RAISE, b"    # too many\r\n" + RAISE)],
    "blank line": [(IF, b"\r\n" + FIX[1])],
    "blank line removed": [FIX, (b"    return low\r\n\r\n", b"    return low\r\n")],
    "docstring changed": [FIX, (b"and return what is left", b"and return the rest")],
    "docstring on two lines": [FIX, (b'left of it."""', b'left of it.\r\n\r\n    All of it."""')],
    "variable renamed on two lines": [
        FIX,
        (b"low=[ sku for sku in stock if stock[sku]<limit ]", b"low=[k for k in stock if stock[k]<limit]"),
    ],
    "import removed and put back": [FIX, (b"import re    \r\n", b"import re\r\n")],
    "a quote style": [FIX, (b"'nothing to release'", b'"nothing to release"')],
    "None compared with is": [FIX, (b"found == None", b"found is None")],
    "an annotation": [FIX, (b"class OutOfStock(Exception) :", b"class OutOfStock(Exception):")],
    "a tab": [FIX, (b"]\t\r\n", b"]\r\n")],
    "print left": [(IF, b"    print(wanted, free)\r\n" + FIX[1])],
    "assertion added": [(IF, b"    assert free >= 0\r\n" + FIX[1])],
    "fix and guard": [(IF, b"    if wanted==free: stock[sku]=0; return 0\r\n" + FIX[1])],
    "a constant at the end": [FIX, (b"found.group( 2 ) )", b"found.group( 2 ) )\r\nDEBUG = False")],
    "two final line ends": [FIX, (b"found.group( 2 ) )", b"found.group( 2 ) )\r\n\r\n")],
    "guard that ends in a line feed": [(IF, b"    if wanted==free: stock[sku]=0; return 0\n" + IF)],
    "guard on five lines": [
        (IF, b"    if wanted==free:\r\n        stock[sku]=0\r\n        a=0\r\n        b=a\r\n        return b\r\n" + IF)
    ],
    "byte order mark": [FIX, (b'"""Stock', b'\xef\xbb\xbf"""Stock')],
}
WRONG: dict[str, list[Swap]] = {
    "nothing": [],
    "a comment alone": [(IF, b"    # bug here\r\n" + IF)],
    "always": [(IF, b"    if True:  \r\n")],
    "plus two": [(IF, b"    if wanted<free+2:  \r\n")],
    "the tested number": [(IF, b"    if wanted<free or free==8:  \r\n")],
    "one unit kept": [(TAKE, b"        stock[sku] = max(free-wanted, 1)\r\n"), FIX],
    "stock one too high": [(FREE, b"    free=stock[ sku ]+1\r\n")],
    "refusal gone": [(RAISE, b"    return 0\r\n")],
    "refusal without its class": [FIX, (RAISE, b"    raise LookupError( sku )\r\n")],
    "equality refused elsewhere": [(IF, b"    if wanted<=free and free:  \r\n"), (b"if wanted<1 :", b"if wanted<2 :")],
    "stock not updated": [(IF, b"    if wanted==free: return 0\r\n" + IF)],
    "broken": [(IF, b"    if wanted<=free  \r\n")],
    "leaves at import": [FIX, (b"import re    ", b"import re, os; os._exit(0)")],
    "never ends": [(IF, b"    while wanted<=free:  \r\n"), (TAKE, b"        continue\r\n")],
    "another function": [FIX, (b"stock[sku]<limit ]", b"stock[sku]<=limit ]")],
    "keyword renamed": [FIX, (b"stock,sku,wanted ) :", b"stock,sku,wanted_units ) :")],
}


@pytest.fixture(scope="module")
def task(task_module: Callable[[str], ModuleType]) -> ModuleType:
    return task_module("task_05_minimal_fix")


@pytest.fixture(scope="module")
def changes(task: ModuleType) -> ModuleType:
    return sys.modules["minimal_change"]


@pytest.fixture(scope="module")
def before(suite: Path) -> bytes:
    return (suite / "task_05_minimal_fix/workspace/inventory.py").read_bytes()


def changed(before: bytes, swaps: list[Swap]) -> bytes:
    for old, new in swaps:
        assert before.count(old) == 1
        before = before.replace(old, new)
    return before


def results(suite: Path, folder: Path, calls: list[Any], versions: list[bytes]) -> list[Any]:
    """What the hidden script says about versions of the file, run as the checker does, but without a sandbox."""
    script = suite / "task_05_minimal_fix/hidden/values.py"
    (folder / "values.py").write_bytes(script.read_bytes())
    (folder / "calls.json").write_text(json.dumps(calls))
    names = [f"{index}.py" for index in range(len(versions))]
    for name, data in zip(names, versions, strict=True):
        (folder / name).write_bytes(data)
    done = subprocess.run(
        [sys.executable, "-I", "values.py", "n", *names], cwd=folder, capture_output=True, check=True, text=True
    )
    found = json.loads(done.stdout or '{"results": []}')["results"]
    assert isinstance(found, list)
    return found


def drawn(task: ModuleType, variant: str, run: int = 1) -> Any:
    return task.draw(Draw(variant=variant, suite_version="1.0.0", task="task_05_minimal_fix", run=run))


def verdict(task: ModuleType, suite: Path, folder: Path, before: bytes, after: bytes) -> str | None:
    """None for a right and small change, else the detail of the failure."""
    published = drawn(task, CANONICAL)
    calls = [*task.reservations(published, "seed"), *task.other_calls(published)]
    smaller = task.smaller_versions(before, after)
    (untouched,) = results(suite, folder, calls, [before])
    expected = task.expectations(published, calls, untouched)
    (final, *_) = [*results(suite, folder, calls, [after]), None]
    if task.wrong_results(calls, final, expected):
        return "wrong_value"
    try:
        task.assert_small(before, after, task.change(before, after))
    except AssertionError:
        return "side_effect"
    tried = results(suite, folder, calls, smaller)
    return "side_effect" if any(not task.wrong_results(calls, each, expected) for each in tried) else None


@pytest.mark.parametrize("name", RIGHT)
def test_a_small_fix_passes(task: ModuleType, suite: Path, tmp_path: Path, before: bytes, name: str) -> None:
    assert verdict(task, suite, tmp_path, before, changed(before, RIGHT[name])) is None


@pytest.mark.parametrize("name", SIDE_EFFECT)
def test_more_than_the_fix_is_a_side_effect(
    task: ModuleType, suite: Path, tmp_path: Path, before: bytes, name: str
) -> None:
    assert verdict(task, suite, tmp_path, before, changed(before, SIDE_EFFECT[name])) == "side_effect"


@pytest.mark.parametrize("name", WRONG)
def test_no_fix_is_a_wrong_value(task: ModuleType, suite: Path, tmp_path: Path, before: bytes, name: str) -> None:
    assert verdict(task, suite, tmp_path, before, changed(before, WRONG[name])) == "wrong_value"


@pytest.mark.parametrize("final", [b"\r\n", b"\n"])
def test_a_final_line_end_does_not_count(changes: ModuleType, before: bytes, final: bytes) -> None:
    assert not before.endswith(b"\n")
    assert changes.lines_touched(changes.change(before, before + final)) == 0
    assert changes.lines_touched(changes.change(before, before + b"\r\n" + final)) == 1
    assert changes.lines_touched(changes.change(before + b"\r\n", before)) == 2


def test_lines_are_compared_as_bytes(changes: ModuleType, before: bytes) -> None:
    every_line = changes.lines_touched(changes.change(before, before.replace(b"\r\n", b"\n")))

    assert every_line == 2 * (len(before.split(b"\n")) - 1)
    assert changes.usual_ending(before) == b"\r\n"
    assert changes.lines_of(b"a\r\n\r\n\x0cb\rc\nd") == [b"a\r\n", b"\r\n", b"\x0cb\rc\n", b"d"]


def test_the_workspace_is_as_odd_as_the_task_needs(before: bytes) -> None:
    assert before.count(b"\r\n") == before.count(b"\n") > 30
    assert before.count(b" \r\n") >= 4
    assert IF in before


def test_an_indented_line_was_made_of_an_indented_one(changes: ModuleType) -> None:
    """Where two lines replace one and neither is like it, the one at its depth is its successor."""
    lines = changes.change(b"    a=1\r\n", b"LIMIT=2\r\n    stock=3\r\n")

    assert [(line.old, line.new) for line in lines] == [(None, b"LIMIT=2\r\n"), (b"    a=1\r\n", b"    stock=3\r\n")]


@pytest.mark.parametrize("variant", [CANONICAL, "1", "2"])
def test_every_limit_is_asked_from_both_sides(task: ModuleType, variant: str) -> None:
    """``<`` turned into ``<=`` on the way must show, with the limit given and with the default."""
    scenario = drawn(task, variant)
    low = [call for call in task.other_calls(scenario) if call[0] == scenario.names["running_low"] and call[1][0]]
    limits = {next(iter(named.values()), scenario.most_low) for _, _, named in low}

    assert limits == {2, scenario.most_low, scenario.most_low + 1}
    assert all({limit - 1, limit} <= set(stock.values()) for _, (stock,), _ in low for limit in limits)


LINES = st.lists(st.sampled_from([b"a\r\n", b"b\r\n", b"c\r\n", b"  a\r\n", b"a \r\n", b"\r\n"]), max_size=8)


@given(LINES, LINES)
def test_any_change_can_be_applied_in_full_or_not_at_all(
    changes: ModuleType, old: list[bytes], new: list[bytes]
) -> None:
    before, after = b"".join(old), b"".join(new)
    lines = changes.change(before, after)
    every = range(len(lines))

    assert changes.with_edits(lines, every) == after
    assert changes.with_edits(lines, ()) == before
    assert changes.lines_touched(lines) == len(old) + len(new) - 2 * common(old, new)


def common(old: list[bytes], new: list[bytes]) -> int:
    """Length of the longest common subsequence, straight from its definition."""
    if not old or not new:
        return 0
    row = [0] * (len(new) + 1)
    for left in old:
        previous = 0
        for index, right in enumerate(new, start=1):
            previous, row[index] = row[index], previous + 1 if left == right else max(row[index], row[index - 1])
    return row[-1]


def test_a_huge_file_is_counted_without_comparing_every_pair(changes: ModuleType, before: bytes) -> None:
    assert changes.lines_touched(changes.change(before, b"x\r\n" * 200_000)) > 200_000


def test_a_rename_that_the_fix_sits_on_is_turned_back(task: ModuleType, changes: ModuleType) -> None:
    """The name is on the touched line and on one more: neither edit works alone, yet one of them was not needed."""
    before, after = b"def f(a):\r\n    return a<1", b"def f(ab):\r\n    return ab<=1"

    assert changes.versions_without_renaming(before, after) == [b"def f(a):\r\n    return a<=1"]
    assert b"def f(a):\r\n    return a<=1" in task.smaller_versions(before, after)
    assert changes.versions_without_renaming(before, before) == []
    assert changes.versions_without_renaming(before, b"def f(:") == []


def test_three_names_for_three_are_turned_back_and_four_for_three_are_a_rewrite(changes: ModuleType) -> None:
    before = b"a = 1\r\nb = a + 2\r\nc = 3\r\n"

    assert changes.versions_without_renaming(before, b"x = 1\r\ny = x + 2\r\nz = 3\r\n")
    assert not changes.versions_without_renaming(before, b"x = 1\r\ny = x + 2\r\nz = w = 3\r\n")


def test_as_many_lines_as_allowed_are_few(task: ModuleType, changes: ModuleType) -> None:
    before = b"a\r\n"
    most, over = (before + b"b\r\n" * more for more in (task.MOST_LINES, task.MOST_LINES + 1))

    task.assert_small(before, most, changes.change(before, most))
    with pytest.raises(AssertionError, match=f"^{task.MOST_LINES + 1} lines"):
        task.assert_small(before, over, changes.change(before, over))


def test_a_byte_order_mark_on_the_touched_line_is_seen(task: ModuleType, changes: ModuleType) -> None:
    before, after = b"a<b\r\n", b"\xef\xbb\xbfa<=b\r\n"

    task.assert_small(before, after[3:], changes.change(before, after[3:]))
    with pytest.raises(AssertionError, match="byte order mark"):
        task.assert_small(before, after, changes.change(before, after))


def test_what_a_result_must_be(task: ModuleType) -> None:
    raised = ["raised", "OutOfStock", {"a": 1}]

    assert task.agrees(["raised", ["OutOfStock", "Exception"], {"a": 1}], raised)
    assert not task.agrees(["raised", ["KeyError"], {"a": 1}], raised)
    assert not task.agrees(["raised", ["OutOfStock"], {"a": 0}], raised)
    assert task.agrees(["returned", 0, {}], ["returned", 0, {}])
    assert not task.agrees(["returned", False, {}], ["returned", 0, {}])
    assert not task.agrees(None, raised)
    assert task.documents('x\n{"nonce": "a", "results": [1]}\n{"nonce": "a", "results": [2]}\n[]') == {"a": [1]}


def test_what_was_right_must_raise_what_it_raised(task: ModuleType) -> None:
    """The very error, not one of its kind: a caller may catch either."""
    scenario = drawn(task, CANONICAL)
    call = [scenario.names["release"], [{}, "bolt", 1], {}]

    (wanted,) = task.expectations(scenario, [call], [["raised", ["KeyError", "LookupError", "Exception"], {}]])

    assert wanted == ["raised", "KeyError", {}]
    assert task.agrees(["raised", ["KeyError", "LookupError", "Exception"], {}], wanted)
    assert not task.agrees(["raised", ["IndexError", "LookupError", "Exception"], {}], wanted)

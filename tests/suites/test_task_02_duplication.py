"""Task 02: what counts as said twice, and as executed in one place."""

from __future__ import annotations

import ast
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

BODY = """
totals = {}
for account, cents in bookings:
    if not account.strip():
        raise ValueError("no account")
    totals[account.strip()] = totals.get(account.strip(), 0) + cents
lines = [title]
for account in sorted(totals):
    lines.append(account.ljust(9) + str(totals[account]))
return lines
"""


def function(name: str, body: str = BODY, **renamed: str) -> str:
    """A function of this body with some words replaced."""
    for old, new in renamed.items():
        body = body.replace(old, new)
    return f"def {name}(bookings):\n{textwrap.indent(body.strip(), '    ')}\n"


def method(name: str) -> str:
    return textwrap.indent(function(name).replace("(bookings)", "(self, bookings)"), "    ")


ONE = function("one")
LONG = "sum(max(a, 0) * 2 for a in b if a > 1) + len([a for a in b]) - min(abs(a) for a in b if a is not None)"
FOUR = """
def {0}(b):
    a = b.c()
    d = a.e(b)
    f = d.g(a)
    return f
"""
CONSTRUCTOR = """
class {0}:
    def __init__(self, a, b, c, d, e):
        self.a = a
        self.b = b
        self.c = c
        self.d = d
        self.e = e
"""
OPERATORS = """
def {0}(a):
    b = a {1} 1
    b = b {2} a
    return b
"""
SUBCLASS_OF = """
class {0}(Base):
    title = "{0}"
    sign = 1
    required = False

    def check(self):
        return bool(self.rows)
"""
WRAPPER = """
def {0}(bookings):
    '''A report.'''
    return one(bookings, "{0}", sign=1)
"""
HEAVY = "    rows.append(str(account).ljust(width) + str(amount).rjust(12))\n"
NUMBERS = f"[{', '.join(map(str, range(40)))}]"
ROW = '{"title": "a", "sign": 1, "empty": None, "more": [1, 2, 3, 4, 5, 6, 7, 8], "w": 8, "x": 9, "y": 10, "z": 11}'
SLOTS = "\n".join(f"{name} = {value}" for name, value in zip("abcdefghijkl", range(12), strict=True))

TWICE: dict[str, dict[str, str]] = {
    "copied": {"a.py": ONE + function("two")},
    "renamed": {"a.py": ONE + function("two", totals="sums", lines="rows", account="key")},
    "other constants": {"a.py": ONE + function("two", **{"9": "12", "no account": "missing"})},
    "in another file": {"a.py": ONE, "b.py": function("two")},
    "in a folder": {"a.py": ONE, "lib/b.py": function("two")},
    "as methods": {"a.py": f"class A:\n{method('one')}\nclass B:\n{method('one')}"},
    "as attributes": {
        "a.py": ONE
        + function("two", totals="self.totals").replace("(bookings)", "(self, bookings)")
        + function("three", totals="self.sums").replace("(bookings)", "(self, bookings)")
    },
    "annotated": {"a.py": ONE + function("two", **{"totals = {}": "totals: dict[str, int] = {}"})},
    "commented": {"a.py": ONE + function("two", **{"lines = ": "# lines\n\nlines = "})},
    "a pass and a string between": {"a.py": ONE + function("two", **{"lines = ": "pass\n'lines'\nlines = "})},
    "inside a branch": {
        "a.py": ONE + "def two(bookings):\n    if bookings:\n" + textwrap.indent(BODY.strip(), " " * 8)
    },
    "in two branches of one function": {
        "a.py": "def one(bookings, kind):\n    if kind:\n"
        + textwrap.indent(BODY.strip(), " " * 8)
        + "\n    else:\n"
        + textwrap.indent(BODY.strip(), " " * 8)
    },
    "in closures": {
        "a.py": "def make():\n" + textwrap.indent(ONE, "    ") + "\ndef make2():\n" + textwrap.indent(ONE, "    ")
    },
    "asynchronous": {"a.py": ONE + "async " + function("two")},
    "one line longer at the front": {
        "a.py": ONE + function("two", **{"totals = {}": "bookings = list(bookings)\ntotals = {}"})
    },
    "another end": {"a.py": ONE + function("two", **{"return lines": "return '; '.join(lines)"})},
    "five statements, no more": {"a.py": f"def one():\n{HEAVY * 5}\ndef two():\n{HEAVY * 5}"},
    "five with a string among them": {
        "a.py": f"def one():\n{HEAVY * 5}\ndef two():\n{HEAVY * 3}    'rest'\n{HEAVY * 2}"
    },
    "ten alike in a row": {"a.py": f"def one():\n{HEAVY * 10}"},
    "a long expression": {
        "a.py": f"def one(b):\n    return {LONG}\ndef two(c):\n    return [{LONG.replace('b', 'c')}]\n"
    },
    "long lambdas": {"a.py": f"one = lambda b: {LONG}\ntwo = lambda b: {LONG}\n"},
    "at module level": {"a.py": 2 * BODY.replace("return lines", "print(lines)")},
}
ONCE: dict[str, dict[str, str]] = {
    "one function": {"a.py": ONE},
    "thin wrappers": {"a.py": ONE + "".join(map(WRAPPER.format, "pqrstuv"))},
    "nine alike in a row": {"a.py": f"def one():\n{HEAVY * 9}"},
    "four long statements": {"a.py": f"def one():\n{HEAVY * 4}\ndef two():\n{HEAVY * 4}"},
    "lists of numbers": {"a.py": f"one = {NUMBERS}\ntwo = {NUMBERS}"},
    "four statements": {"a.py": FOUR.format("one") + FOUR.format("two")},
    "a table of constants": {"a.py": SLOTS + "\n" + SLOTS},
    "constructors": {"a.py": CONSTRUCTOR.format("A") + CONSTRUCTOR.format("B")},
    "imports": {
        "a.py": "import os\nimport re\nimport sys\nimport json\nimport time\nx = 1\n",
        "b.py": "import os\nimport re\nimport sys\nimport json\nimport time\ny = 2\n",
    },
    "another operator": {"a.py": OPERATORS.format("one", "+", "*") + OPERATORS.format("two", "-", "/")},
    "the same calls of other methods": {
        "a.py": "def one(a):\n"
        + "".join(f"    a.{m}(a, 1, 2)\n" for m in "pqrstu")
        + "def two(a):\n"
        + "".join(f"    a.{m}(a, 1, 2)\n" for m in "uvwxyz")
    },
    "many small methods": {
        "a.py": "class A:\n" + "".join(f"    def {n}(self):\n        return self.x.{n}()\n" for n in "pqrstuvwxyz")
    },
    "a table of calls": {
        "a.py": "\n".join(f'{n} = Kind("{n}", sign={i}, required=False, label="{n}")' for i, n in enumerate("abc"))
    },
    "dictionaries of rows": {"a.py": f"KINDS = [{ROW}, {ROW}, {ROW}]"},
    "subclasses": {"a.py": "".join(map(SUBCLASS_OF.format, "ABC"))},
}


@pytest.fixture(scope="module")
def task(task_module: Callable[[str], ModuleType]) -> ModuleType:
    return task_module("task_02_refactor_duplicated_code")


@pytest.fixture(scope="module")
def windows(task: ModuleType) -> ModuleType:
    return sys.modules["duplication_windows"]


@pytest.fixture(scope="module")
def pristine(suite: Path, windows: ModuleType) -> ast.Module:
    source = (suite / "task_02_refactor_duplicated_code/workspace/report.py").read_bytes()
    tree = windows.parsed(source)
    assert isinstance(tree, ast.Module)
    return tree


def trees(files: dict[str, str]) -> dict[str, ast.Module]:
    return {path: ast.parse(source) for path, source in files.items()}


def found(windows: ModuleType, files: dict[str, str]) -> list[list[str]]:
    parsed = trees(files)
    return [*windows.repeated_windows(parsed), *windows.repeated_expressions(parsed)]


@pytest.mark.parametrize("name", TWICE)
def test_what_is_said_twice_is_found(windows: ModuleType, name: str) -> None:
    assert found(windows, TWICE[name])


@pytest.mark.parametrize("name", ONCE)
def test_what_is_said_once_is_not(windows: ModuleType, name: str) -> None:
    assert found(windows, ONCE[name]) == []


@pytest.mark.parametrize(
    ("source", "hidden"),
    [
        ("exec('a = 1')", True),
        ("import builtins\nbuiltins.exec('a')", True),
        ("run = eval", True),
        ("f = compile('a', 'b', 'exec')", True),
        ("import re\nre.compile('a')", False),
        ("executed = evaluate('exec')", False),
    ],
)
def test_code_that_is_run_from_a_text_is_found(windows: ModuleType, source: str, *, hidden: bool) -> None:
    assert bool(windows.code_from_text(trees({"a.py": source}))) is hidden


@pytest.mark.parametrize(
    "source", [b"def broken(:", b"\xff\xfe", b"a\0b", b"(" * 5000, b"a" + b"+a" * 20_000, b"-" * 50_000 + b"1"]
)
def test_what_python_cannot_read_has_no_tree(windows: ModuleType, source: bytes) -> None:
    assert windows.parsed(source) is None


def test_a_warning_of_the_parser_is_none_of_ours(windows: ModuleType) -> None:
    assert windows.parsed(b"a = '\\d'\nb = 1 is 1\n") is not None


def test_the_three_reports_repeat_each_other_and_the_neighbours_do_not(
    windows: ModuleType, pristine: ast.Module
) -> None:
    assert windows.repeating_functions(pristine) == ["sales_report", "refunds_report", "payouts_report"]
    assert windows.functions(pristine).keys() == {
        *("sales_report", "refunds_report", "payouts_report"),
        *("shorten", "parse_cents"),
    }


def test_a_neighbour_may_change_its_layout_alone(task: ModuleType, pristine: ast.Module, suite: Path) -> None:
    source = (suite / "task_02_refactor_duplicated_code/workspace/report.py").read_text()

    assert task.changed_neighbours(pristine, ast.parse(ast.unparse(pristine))) == []
    assert task.changed_neighbours(pristine, ast.parse(source.replace("width=20", "width=21"))) == ["shorten"]
    assert task.changed_neighbours(pristine, ast.parse(source.replace("in cents.", "in cents!"))) == ["parse_cents"]
    assert task.changed_neighbours(pristine, ast.parse(source.replace("def shorten", "def shortened"))) == ["shorten"]
    assert task.changed_neighbours(pristine, None) == ["parse_cents", "shorten"]


SHARED = """
def helper(a):
    b = [c * 2 for c in a if c]
    d = sorted(b, key=lambda e: (e % 7, e))
    return sum(d) + len(b)

def one(a):
    return helper(a)

def two(a):
    b = helper(
        a,
    )
    return -b

def three(a):
    b = [c * 2 for c in a if c]
    d = sorted(b, key=lambda e: (e % 7, e))
    return sum(d) + len(b)
"""


def test_what_all_execute_is_common_and_the_rest_is_own(task: ModuleType) -> None:
    parsed = trees({"a.py": SHARED})
    helper = [["a.py", line] for line in (3, 4, 5)]
    all_three = {"one": [*helper, ["a.py", 8]], "two": [*helper, ["a.py", 11], ["a.py", 12], ["a.py", 14]]}

    weights = task.common_and_own(all_three, parsed)
    assert weights["one"][0] == weights["two"][0] > 3 * weights["two"][1] > 3 * weights["one"][1] > 0

    third = {**all_three, "three": [["a.py", line] for line in (17, 18, 19)]}
    assert {name: common for name, (common, _) in task.common_and_own(third, parsed).items()} == dict.fromkeys(third, 0)


def test_lines_of_files_that_are_not_there_weigh_nothing(task: ModuleType) -> None:
    assert task.common_and_own({"one": [["b.py", 1], ["a.py", 99]]}, trees({"a.py": SHARED})) == {"one": (0, 0)}
    assert task.common_and_own({}, {}) == {}


@pytest.mark.parametrize(
    ("path", "test"),
    [
        ("test_report.py", True),
        ("tests/helpers.py", True),
        ("report_test.py", True),
        ("conftest.py", True),
        ("report.py", False),
        ("latest_report.py", False),
        ("testing/report.py", False),
    ],
)
def test_tests_are_known_by_their_names(task: ModuleType, path: str, *, test: bool) -> None:
    assert task.is_test(path) is test


RAISED = {"raised": ["LookupError", "Exception", "BaseException", "object"]}
SUBCLASS = {"raised": ["KeyError", *RAISED["raised"]]}


@pytest.mark.parametrize(
    ("before", "after", "same"),
    [
        ("a", "a", True),
        ("a", "a ", False),
        (1, True, False),
        (RAISED, RAISED, True),
        (RAISED, SUBCLASS, True),
        (SUBCLASS, RAISED, False),
        (RAISED, "a", False),
        ("a", RAISED, False),
        ("a", {"returned": "list"}, False),
    ],
)
def test_an_outcome_is_the_same_or_a_more_special_exception(
    task: ModuleType, before: object, after: object, *, same: bool
) -> None:
    assert task.same_outcome(before, after) is same


def test_every_form_of_input_is_asked_empty_faulty_and_full(task: ModuleType) -> None:
    cases = task.asked_cases("seed")
    texts = {account for case in cases for account, _ in case["bookings"]}

    assert {case["as"] for case in cases if not case["bookings"]} == set(task.FORMS)
    assert {case["as"] for case in cases if len(case["bookings"]) > 3} == set(task.FORMS)
    assert "" in texts
    assert cases == task.asked_cases("seed") != task.asked_cases("other")


def test_a_changed_argument_and_a_missing_function_are_named(task: ModuleType) -> None:
    cases = [{"as": "list", "bookings": [["a", 1]]}]
    before = {"reports": {"one": [["x", True]]}}

    assert task.changed_results(before, {"reports": {"one": [["x", True]]}}, cases) == []
    assert task.changed_results(before, {"reports": {"one": [["x", False]]}}, cases)
    assert task.changed_results(before, {"reports": {"one": []}}, cases)
    assert task.changed_results(before, {}, cases)


@pytest.mark.parametrize("output", ["", "{}", "1\n2", '{"a": 1}\n{"b": 2}{"c": 3}', "{" * 100_000])
def test_output_that_is_not_two_objects_gives_an_empty_one(task: ModuleType, output: str) -> None:
    assert task.documents(output)[1] == {}

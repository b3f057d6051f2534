"""Transformation: three near-identical functions become one piece of logic, and nobody outside can tell.

Two questions, answered apart. *Does it behave as before?* The functions as they were and as they are now are called in
processes of their own with the same bookings, and what they returned is compared here. *Is it in one place?* No run of
five statements may stand twice, whatever the names; and of what a report executes, two thirds must be executed by all
three, so that duplication in other words is no way out either. Both look at shapes and executed lines, not at taste:
a third copy that is worded otherwise, and so short that it stays below a third, is not told from a wrapper.
"""

from __future__ import annotations

import ast
import hashlib
import json
import random
from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath
from typing import Any

from duplication_windows import (
    code_from_text,
    functions,
    parsed,
    repeated_expressions,
    repeated_windows,
    repeating_functions,
    statement_weights,
)
from report_scenario import draw

from pytest_agentcore import Run, WrongAnswer, agent_task
from pytest_agentcore.domain.workspace import Workspace

MODULE = "report.py"
LARGEST_SOURCES = 64 * 1024
PROCESSOR_S, LONGEST_S = 1, 10.0
TIMES_COMMON = 2
"""Of what a report executes, so many times as much must be common as is its own; right answers reach four or more."""
WORDS = ("online", "shop", "Zürich", "a", "market hall, ground floor", "B2B", "courier", "x y", "landlord", "total")
NOT_CENTS: tuple[Any, ...] = ("12", 1.5, None, [1])
FORMS = ("list", "tuple", "generator", "keyword", "items")
TEXTS = ("", "short", "exactly twenty chars", "one more than twenty.", "a very long text that has to be cut somewhere")
AMOUNTS = ("0", "12", "12.5", "-12.50", "+3.07", ".5", "-0.05", " 7 ", "1250.999")


def is_test(path: str) -> bool:
    """True for a file of tests by its name, which may say the same thing as often as it likes."""
    parts = PurePosixPath(path)
    named = parts.name.startswith("test_") or parts.name.endswith("_test.py") or parts.name == "conftest.py"
    return named or bool({"test", "tests"} & set(parts.parts[:-1]))


def sources(workspace: Workspace) -> dict[str, bytes]:
    """Every Python file of the final workspace.

    Raises:
        WrongAnswer: together they are larger than any refactoring of this report can be (``wrong_format``).
    """
    found = {path: entry for path, entry in workspace.files.items() if path.endswith(".py") and entry.kind == "file"}
    total = sum(entry.size for entry in found.values())
    if total > LARGEST_SOURCES:
        raise WrongAnswer(f"{total} bytes of Python; at most {LARGEST_SOURCES} are read", detail="wrong_format")
    return {path: entry.data or b"" for path, entry in found.items()}


def trees_of(files: Mapping[str, bytes]) -> dict[str, ast.Module]:
    """The syntax trees of the files that have one."""
    trees = {path: parsed(source) for path, source in files.items()}
    return {path: tree for path, tree in trees.items() if tree is not None}


def pristine_module(workspace: Workspace) -> ast.Module:
    """The module as the agent found it."""
    tree = parsed(workspace.before.by_path()[MODULE].data or b"")
    assert tree is not None
    return tree


def drawn_bookings(draw: random.Random) -> list[list[Any]]:
    """A few bookings: repeated accounts, blanks around names, zeros, negative and large amounts."""
    amounts = (0, 1, -1, 5, 99, 100, -250, 123456, 99_999_999)
    accounts = [draw.choice(WORDS) for _ in range(draw.randrange(1, 9))]
    padded = [draw.choice(("", " ", "\t")) + account + draw.choice(("", "  ")) for account in accounts]
    return [[account, draw.choice((*amounts, draw.randrange(-5000, 5000)))] for account in padded]


def asked_cases(seed: str) -> list[dict[str, Any]]:
    """Empty input in every form, a zero, a sum of zero, faulty bookings, and a score of drawn ones."""
    draw = random.Random(seed)  # noqa: S311 - repeatable, not secret
    fixed: list[list[list[Any]]] = [[["a", 0]], [["a", 7], ["b", -7]], [["a", 7], ["a", -7]], [["  a ", 5], ["a", 1]]]
    faulty = [[["a", 5], [blank, 1]] for blank in ("", "   ", "\t")] + [[["a", 5], ["b", bad]] for bad in NOT_CENTS]
    drawn = [drawn_bookings(draw) for _ in range(20)]
    asked = [*fixed, *faulty, *drawn]
    empty = [{"as": form, "bookings": []} for form in FORMS]
    return empty + [{"as": FORMS[index % len(FORMS)], "bookings": rows} for index, rows in enumerate(asked)]


def same_outcome(before: Any, after: Any) -> bool:
    """Equal values; of two exceptions, the later one may be a subclass of the earlier."""
    if isinstance(before, dict) and "raised" in before:
        return isinstance(after, dict) and before["raised"][0] in after.get("raised", [])
    return bool(before == after) and type(before) is type(after)


def changed_results(before: Mapping[str, Any], after: Mapping[str, Any], cases: Sequence[Any]) -> list[str]:
    """One line for each call of a report that came out otherwise, or that changed the bookings it was given."""
    found = []
    for name, earlier in before["reports"].items():
        later = after.get("reports", {}).get(name, [])
        if len(later) != len(earlier):
            found.append(f"{name} is gone or was not called")
            continue
        for case, old, new in zip(cases, earlier, later, strict=True):
            if not same_outcome(old[0], new[0]):
                found.append(f"{name} of {case['bookings']!r} as {case['as']} gave {new[0]!r}, before {old[0]!r}")
            elif not new[1]:
                found.append(f"{name} changed its argument {case['bookings']!r}")
    return found


def common_and_own(lines: Mapping[str, Sequence[Any]], trees: Mapping[str, ast.Module]) -> dict[str, tuple[int, int]]:
    """For each report, how much of what it executes all reports execute, and how much not, in syntax nodes."""
    weights: dict[str, dict[tuple[str, int], int]] = {}
    for name, places in lines.items():
        weights[name] = {}
        for path, tree in trees.items():
            found = statement_weights(tree, [line for file, line in places if file == path])
            weights[name].update({(path, line): weight for line, weight in found.items()})
    shared = set.intersection(*map(set, weights.values())) if weights else set()
    return {
        name: (sum(found[place] for place in shared), sum(found[place] for place in found.keys() - shared))
        for name, found in weights.items()
    }


def documents(stdout: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """What was seen before and after; an empty one in place of anything but one JSON object."""
    first, _, second = stdout.partition("\n")
    found = []
    for text in (first, second):
        try:
            document = json.loads(text)
        except (ValueError, RecursionError):
            document = {}
        found.append(document if isinstance(document, dict) else {})
    return found[0], found[1]


def observed(run: Run, cases: list[dict[str, Any]]) -> tuple[dict[str, Any], dict[str, Any]]:
    """What the pristine code and the final code do; the first process ends before anything of the agent's runs."""
    nonce = hashlib.sha256(f"task_02 {run.workspace.snapshot.digest}".encode()).hexdigest()[:24]
    tree = pristine_module(run.workspace)
    reports, names, default_width = repeating_functions(tree), run.scenario.names, run.scenario.default_width
    traced = next(case for case in reversed(cases) if len(case["bookings"]) > 3)
    wanted = {
        "reports": reports,
        "parameter": names["bookings"],
        "cases": cases,
        "traced": traced,
        "calls": [[names["shorten"], [text]] for text in (*TEXTS, "x" * default_width, "x" * (default_width + 1))]
        + [[names["shorten"], [text, width]] for text in TEXTS for width in (0, 2, 3, 8)]
        + [[names["parse"], [text]] for text in AMOUNTS],
    }
    pristine = {f"before/{path}": entry.data or b"" for path, entry in run.workspace.before.significant().items()}
    script = "../hidden/behaviour.py"
    result = run.check(
        ["sh", "-c", f"ulimit -t {PROCESSOR_S}; python3 -I {script} ../hidden/before first . {nonce}"],
        files={"cases.json": json.dumps(wanted), **pristine},
        timeout_s=LONGEST_S,
    )
    before, after = documents(result.stdout)
    assert not result.timed_out, "the code does not end"
    assert after.get("nonce") == nonce, f"the code ended or upset the process: {result.stderr.strip()[-300:]!r}"
    return before, after


def assert_behaves_as_before(before: Mapping[str, Any], after: Mapping[str, Any], cases: Sequence[Any]) -> None:
    """Same functions, same parameters, same results, and the script prints the same."""
    assert len(before["reports"]) == 3
    assert not changed_results(before, after, cases)
    assert after["signatures"] == before["signatures"], "a public function is gone or changed its signature"
    assert after["calls"] == before["calls"], "another function of the module behaves otherwise"
    assert after["main"] == before["main"], "main.py prints something else"


def assert_in_one_place(files: Mapping[str, bytes], after: Mapping[str, Any]) -> None:
    """Nothing large stands twice, no source hides in a text, and the three reports execute mostly the same code."""
    used = {path for places in after["lines"].values() for path, _ in places}
    trees = trees_of({path: source for path, source in files.items() if path in used or not is_test(path)})
    assert not code_from_text(trees), "code is run from a text"
    assert not repeated_windows(trees), "five statements in a row stand twice"
    assert not repeated_expressions(trees), "a large expression stands twice"
    weights = common_and_own(after["lines"], trees)
    split = {name: (common, own) for name, (common, own) in weights.items() if common < max(1, TIMES_COMMON * own)}
    assert not split, f"too little of what a report executes is executed by all three (common, own): {split}"


def changed_neighbours(before: ast.Module, after: ast.Module | None) -> list[str]:
    """The functions that repeat nothing and are not, word for word, what they were; layout does not count."""
    now = functions(after) if after is not None else {}
    unrelated = functions(before).keys() - set(repeating_functions(before))
    old = functions(before)
    return sorted(name for name in unrelated if name not in now or ast.dump(now[name]) != ast.dump(old[name]))


@agent_task(scenario=draw, max_turns=13)
def test_refactor_duplicated_code(run: Run) -> None:
    """report.py has obvious duplication. Move the shared logic to one place; keep public functions and behaviour."""
    module = run.workspace.read_bytes(MODULE)
    files = sources(run.workspace)
    cases = asked_cases(run.workspace.snapshot.digest)
    before, after = observed(run, cases)
    assert_behaves_as_before(before, after, cases)
    assert_in_one_place(files, after)
    with run.expects("side_effect"):
        assert not changed_neighbours(pristine_module(run.workspace), parsed(module))

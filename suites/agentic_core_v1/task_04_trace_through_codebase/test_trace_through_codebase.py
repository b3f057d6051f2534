"""Reading over several files, without a shell: what is printed for one order, and which functions ran to get there.

Nothing of the workspace is executed. The value comes from the tables of the pristine sources by an implementation of
its own; the order of the calls comes from their syntax trees, with import aliases resolved.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from trace_answer import MAIN, Hop, file_of, stated_hops, stated_value, written_lines
from trace_scenario import Scenario, draw

from pytest_agentcore import Run, WrongAnswer, agent_task
from pytest_agentcore.domain.workspace import Snapshot

LONGEST = 10_000  # characters; a chain of some functions, remarks included, is far shorter
BRANCHES = (ast.If, ast.IfExp, ast.BoolOp, ast.For, ast.While, ast.Try, ast.Lambda)
COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)


def sources(before: Snapshot) -> dict[str, str]:
    """The texts of the Python files under src/, by their path there."""
    return {
        path.removeprefix("src/"): (entry.data or b"").decode()
        for path, entry in before.by_path().items()
        if path.startswith("src/") and path.endswith(".py")
    }


def tables(text: str) -> dict[str, Any]:
    """The literal constants of a module by name."""
    found = {}
    for node in ast.parse(text).body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            try:
                found[node.targets[0].id] = ast.literal_eval(node.value)
            except ValueError:
                continue  # computed from others
    return found


def expected_value(files: Mapping[str, str], scenario: Scenario, order_id: str) -> Decimal:
    """List price less the region's rebate, plus the region's tax, to a cent; a region's setting beats the default."""
    main, config, pricing = (tables(files[f"{name}.py"]) for name in ("main", "config", "pricing"))
    order = main["ORDERS"][order_id]
    rebate, tax = scenario.names["rebate"], scenario.names["vat"]
    settings = config["DEFAULTS"] | config["REGIONS"].get(order["region"], {})
    listed = Decimal(pricing["PRICES"][order["item"]]) * int(order["quantity"])
    taxed = (listed - Decimal(settings[rebate])) * (1 + Decimal(settings[tax]))
    return taxed.quantize(Decimal("0.01"), rounding=ROUND_HALF_UP)


def expected_hops(files: Mapping[str, str]) -> list[Hop]:
    """The functions that run after ``main``, in the order in which they are called.

    Raises:
        ValueError: the sources call a function of their own in a branch, a loop or a comprehension; this walk decides
            none.
    """
    return list(_calls_of(MAIN, files))


def _calls_of(hop: Hop, files: Mapping[str, str]) -> Iterator[Hop]:
    for statement in _functions(files[hop.file])[hop.function].body:
        yield from _calls_in(statement, hop.file, files)


def _calls_in(node: ast.AST, file: str, files: Mapping[str, str]) -> Iterator[Hop]:
    """Arguments run before the call that takes them."""
    inner = [hop for child in ast.iter_child_nodes(node) for hop in _calls_in(child, file, files)]
    if inner and isinstance(node, (*BRANCHES, *COMPREHENSIONS)):
        raise ValueError(f"{file} calls {inner[0]} in a branch or loop")
    yield from inner
    callee = _callee(node.func, file, files) if isinstance(node, ast.Call) else None
    if callee is not None:
        yield callee
        yield from _calls_of(callee, files)


def _callee(function: ast.expr, file: str, files: Mapping[str, str]) -> Hop | None:
    """The function of ours that an expression names, through aliases; None for one of Python's."""
    names = {name: Hop(file, name) for name in _functions(files[file])}
    names |= {name: hop for name, hop in _imported(files[file]) if hop.file in files}
    if isinstance(function, ast.Attribute) and isinstance(function.value, ast.Name):
        module = names.get(function.value.id)
        return Hop(module.file, function.attr) if module is not None and not module.function else None
    return names.get(function.id) if isinstance(function, ast.Name) else None


def _functions(text: str) -> dict[str, ast.FunctionDef]:
    return {node.name: node for node in ast.parse(text).body if isinstance(node, ast.FunctionDef)}


def _imported(text: str) -> Iterator[tuple[str, Hop]]:
    """Names that imports bind; a module is a hop without a function."""
    for node in ast.parse(text).body:
        if isinstance(node, ast.Import):
            yield from ((name.asname or name.name, Hop(file_of(name.name), "")) for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from ((name.asname or name.name, Hop(file_of(node.module or ""), name.name)) for name in node.names)


def judge(answer: str, value: Decimal, hops: list[Hop]) -> None:
    """Compare an answer with what is right; form is looked at before content.

    ``12.5``, ``12,50``, ``EUR 12.50`` and "A17: 12.50" state the same value. A hop counts by file and function: an
    alias is not the function's name, and ``legacy/tax.py:apply`` is not ``tax.py:apply``.

    Raises:
        WrongAnswer: unreadable (``wrong_format``), or another value or chain (``wrong_value``).
    """
    if len(answer) > LONGEST:
        raise WrongAnswer(f"answer.txt has {len(answer)} characters; at most {LONGEST} are read", detail="wrong_format")
    first, *others = written_lines(answer) or [""]
    modules = frozenset(hop.file.rpartition("/")[2].removesuffix(".py") for hop in [MAIN, *hops])
    stated, chain = stated_value(first), stated_hops(others, modules)
    if stated != value:
        raise WrongAnswer(f"main.py prints {value}, not {stated}")
    if chain != hops:
        raise WrongAnswer(f"the functions called are {_shown(hops)}, not {_shown(chain)}")


def _shown(hops: list[Hop]) -> str:
    return " -> ".join(map(str, hops))


@agent_task(scenario=draw, max_turns=15, tools=("fs_read", "fs_write", "fs_list"))
def test_trace_through_codebase(run: Run) -> None:
    """What does main.py print for order ${{ scenario.order_id }}? Write to answer.txt: first line the value, then one line per function called, `file.py:function`, in call order."""  # noqa: E501 - the prompt, word for word
    files = sources(run.workspace.before)
    value = expected_value(files, run.scenario, run.scenario.order_id)
    judge(run.workspace.read_text("answer.txt"), value, expected_hops(files))
    with run.expects("side_effect"):
        assert not [path for path, change in run.workspace.changes.items() if change != "added"]

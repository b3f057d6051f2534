"""Small mistakes that somebody could have made in a checker: one condition dropped, turned round, or off by one."""

from __future__ import annotations

import ast
import copy
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

INVERTED: Mapping[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
}
GENERATOR = re.compile(r"_scenario$|_sources$|^generate_")
"""Modules that make a task's workspace."""
DRAWN = re.compile(r"^drawn_")
"""Functions that draw what a checker asks: after an off by one they ask something else that is as good."""
LONGEST = 60
"""Characters of a piece of code in a line of the report."""
Place = tuple[ast.AST, str, int | None]
"""Parent, field, index in the field where it is a list."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mutant:
    """One mistake in one module."""

    path: Path
    line: int
    function: str
    mistake: str
    before: str
    after: str
    statement: str
    """The statement that the mistake is in, as it was."""
    source: str
    """The whole module with the mistake in it."""

    @property
    def identity(self) -> str:
        """Names the mistake wherever its line has moved to."""
        home = f"{self.path.parent.name}/{self.path.name}"
        return f"{home} {self.function}: {self.mistake}: {self.before} -> {self.after} in: {self.statement}"

    def __str__(self) -> str:
        return f"{self.line:4} {self.identity}"


def checker_functions(folder: Path, shared: list[Path]) -> list[tuple[Path, ast.FunctionDef]]:
    """The functions that a task's verdict passes through: the test, and by name whatever it reaches.

    What draws a scenario is not among them: a decorator is not followed, and generators have modules of their own.
    """
    functions: dict[str, list[tuple[Path, ast.FunctionDef]]] = {}
    (test_file,) = folder.glob("test_*.py")
    for path in [*sorted(folder.glob("*.py")), *shared]:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef):
                functions.setdefault(node.name, []).append((path, node))
    (test,) = (
        entry for name, own in functions.items() if name.startswith("test_") for entry in own if entry[0] == test_file
    )
    reached, open_ends = {test[1].name}, [test[1]]
    while open_ends:
        for name in _names(open_ends.pop()):
            if name in functions and name not in reached:
                reached.add(name)
                open_ends += [node for _, node in functions[name]]
    return [
        entry
        for name in sorted(reached)
        for entry in functions[name]
        if entry[0].parent == folder and not GENERATOR.search(entry[0].stem) and not DRAWN.search(name)
    ]


def _names(function: ast.FunctionDef) -> Iterator[str]:
    for statement in function.body:
        for node in ast.walk(statement):
            if isinstance(node, ast.Name):
                yield node.id
            elif isinstance(node, ast.Attribute):
                yield node.attr


def mutants(path: Path, function: ast.FunctionDef) -> Iterator[Mutant]:
    """Every mistake that can be made in one function of a module."""
    homes, told = _statements(function), _messages(function)
    for parent in ast.walk(function):
        for field, value in ast.iter_fields(parent):
            for index, node in enumerate(value) if isinstance(value, list) else [(None, value)]:
                if isinstance(node, ast.AST) and node not in told:
                    for mistake, changed in _mistakes(node):
                        place = (parent, field, index)
                        source = ast.unparse(ast.fix_missing_locations(_replaced(path, function, place, changed)))
                        yield Mutant(
                            path=path,
                            line=getattr(node, "lineno", function.lineno),
                            function=function.name,
                            mistake=mistake,
                            before=_short(node),
                            after=_short(changed),
                            statement=homes.get(node, ""),
                            source=source + "\n",
                        )


def _statements(function: ast.FunctionDef) -> dict[ast.AST, str]:
    """The first line of the innermost statement that each node stands in."""
    found: dict[ast.AST, str] = {}
    for statement in ast.walk(function):  # outer ones come first, and inner ones take over
        if isinstance(statement, ast.stmt):
            found |= dict.fromkeys(ast.walk(statement), ast.unparse(statement).partition("\n")[0])
    return found


def _messages(function: ast.FunctionDef) -> set[ast.AST]:
    """What only words the message of a failure: no verdict depends on it."""
    raised = [node for node in ast.walk(function) if isinstance(node, ast.Raise)]
    asserted = [node.msg for node in ast.walk(function) if isinstance(node, ast.Assert) and node.msg is not None]
    texts = [node for home in [*raised, *asserted] for node in ast.walk(home) if isinstance(node, ast.JoinedStr)]
    return {node for text in texts for node in ast.walk(text)}


def _mistakes(node: ast.AST) -> Iterator[tuple[str, ast.AST]]:
    """What can go wrong at one place."""
    if isinstance(node, ast.Assert):
        yield "assertion dropped", ast.Pass()
    if isinstance(node, ast.BoolOp):
        for index in range(len(node.values)):
            rest = [value for place, value in enumerate(node.values) if place != index]
            yield "condition dropped", rest[0] if len(rest) == 1 else ast.BoolOp(op=node.op, values=rest)
    if isinstance(node, ast.Compare) and len(node.ops) == 1:
        other = INVERTED[type(node.ops[0])]()
        kind = (
            "off by one" if isinstance(node.ops[0], (ast.Lt, ast.LtE, ast.Gt, ast.GtE)) else "comparison turned round"
        )
        yield kind, ast.Compare(left=node.left, ops=[other], comparators=node.comparators)
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        yield "negation dropped", node.operand
    if isinstance(node, ast.Constant) and type(node.value) is int:
        yield "off by one", ast.Constant(value=node.value + 1)
    if isinstance(node, ast.Raise):
        yield "error dropped", ast.Pass()
    if isinstance(node, ast.If) and not node.orelse:
        yield "branch dropped", ast.Pass()


def _replaced(path: Path, function: ast.FunctionDef, place: Place, changed: ast.AST) -> ast.Module:
    """The module with one node replaced; the tree that was parsed stays as it is."""
    parent, field, index = place
    tree = ast.parse(path.read_text())
    twin = _twin(tree, function, parent)
    if index is None:
        setattr(twin, field, copy.deepcopy(changed))
    else:
        getattr(twin, field)[index] = copy.deepcopy(changed)
    return tree


def _twin(tree: ast.Module, function: ast.FunctionDef, wanted: ast.AST) -> ast.AST:
    """The same node of another parse of the same text."""
    own = next(
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef) and (node.name, node.lineno) == (function.name, function.lineno)
    )
    return next(twin for node, twin in zip(ast.walk(function), ast.walk(own), strict=True) if node is wanted)


def _short(node: ast.AST) -> str:
    text = " ".join(ast.unparse(ast.fix_missing_locations(copy.deepcopy(node))).split())
    return text if len(text) <= LONGEST else text[: LONGEST - 3] + "..."

"""Does Python source say the same thing twice? Pure functions on syntax trees.

Statements are compared by *shape*: names, constants and annotations are blanked, what is done with them stays. Equal
shapes are the same code under other names; code that does the same in another way has another shape and goes unseen.
"""

from __future__ import annotations

import ast
import warnings
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

WINDOW = 5
LEAST_WINDOW = 25
"""Nodes in five statements that are worth a helper; five plain assignments have fewer and are a table."""
LEAST_EXPRESSION = 30
"""Nodes in an expression that is worth a helper; a call with seven keyword arguments has fewer."""
CODE_FROM_TEXT = frozenset({"exec", "eval", "compile"})

_HEADS_OF = (ast.stmt, ast.ExceptHandler, ast.match_case)
_BLOCKS = frozenset({"body", "orelse", "finalbody", "handlers", "cases"})
_UNSEEN = frozenset({"ctx", "annotation", "returns", "type_comment", "kind", "type_params"})
_SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
_WORKING = (ast.Call, ast.BinOp, ast.BoolOp, ast.Compare, ast.comprehension)


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """One statement without the blocks inside it."""

    shape: str
    weight: int
    line: int


def parsed(source: bytes) -> ast.Module | None:
    """The tree of a source file; None where Python could not read it either."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(source)
        shape(tree)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    return tree


def shape(node: ast.AST) -> str:
    """What a node does, with its names and constants blanked; the name of a called method stays."""
    if isinstance(node, ast.Name | ast.Constant | ast.arg):
        return "_"
    if isinstance(node, ast.AnnAssign) and node.value is not None:
        return f"Assign({shape(node.target)},{shape(node.value)})"
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        called = f"{shape(node.func.value)}.{node.func.attr}"
        return f"Call({called},{','.join(map(shape, [*node.args, *node.keywords]))})"
    return f"{type(node).__name__}({','.join(map(shape, parts(node)))})"


def parts(node: ast.AST) -> Iterator[ast.AST]:
    """The children that belong to a node's own line: not the blocks under it, not its annotations."""
    blocks = _BLOCKS if isinstance(node, _HEADS_OF) else frozenset[str]()
    for name, value in ast.iter_fields(node):
        if name not in blocks and name not in _UNSEEN:
            yield from (
                child for child in (value if isinstance(value, list) else [value]) if isinstance(child, ast.AST)
            )


def weight(node: ast.AST) -> int:
    """How many nodes a statement or expression has, the blocks under it not counted."""
    return 1 + sum(map(weight, parts(node)))


def is_said(node: ast.AST) -> bool:
    """False for what repeats by nature: imports, ``pass``, docstrings, bare annotations."""
    words = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    bare = isinstance(node, ast.AnnAssign) and node.value is None
    return not words and not bare and not isinstance(node, ast.Import | ast.ImportFrom | ast.Pass)


def blocks(node: ast.AST) -> Iterator[ast.AST]:
    """The statements, handlers and cases directly under a node, in source order."""
    for name, value in ast.iter_fields(node):
        if name in _BLOCKS and isinstance(value, list):
            yield from value


def flattened(node: ast.AST) -> Iterator[Statement]:
    """The statements of one scope in source order, nested blocks unrolled; an inner function is only its head."""
    for inner in blocks(node):
        if is_said(inner):
            line = getattr(inner, "lineno", 0)
            yield Statement(shape=shape(inner), weight=weight(inner), line=line)
        if not isinstance(inner, _SCOPES):
            yield from flattened(inner)


def scopes(tree: ast.Module) -> list[ast.AST]:
    """The module and every function and class in it."""
    return [tree, *(node for node in ast.walk(tree) if isinstance(node, _SCOPES))]


def repeated_windows(trees: Mapping[str, ast.Module]) -> list[list[str]]:
    """The places (``file:line``) of each run of five statements that stands twice without overlapping itself."""
    seen: dict[tuple[str, ...], list[tuple[int, int, str]]] = defaultdict(list)
    sequences = [(path, list(flattened(scope))) for path, tree in trees.items() for scope in scopes(tree)]
    for number, (path, statements) in enumerate(sequences):
        for start in range(len(statements) - WINDOW + 1):
            window = statements[start : start + WINDOW]
            if sum(statement.weight for statement in window) >= LEAST_WINDOW:
                key = tuple(statement.shape for statement in window)
                seen[key].append((number, start, f"{path}:{window[0].line}"))
    return [[place for _, _, place in places] for places in seen.values() if _apart(places)]


def _apart(places: Sequence[tuple[int, int, str]]) -> bool:
    """Do two of the windows lie in different scopes, or far enough from each other in one?"""
    (first, start, _), (last, end, _) = places[0], places[-1]
    return first != last or end - start >= WINDOW


def repeated_expressions(trees: Mapping[str, ast.Module]) -> list[list[str]]:
    """The places of each large expression that stands twice; a table of constants computes nothing and may."""
    seen: dict[str, list[str]] = defaultdict(list)
    for path, tree in trees.items():
        for node in ast.walk(tree):
            if isinstance(node, ast.expr) and weight(node) >= LEAST_EXPRESSION and _computes(node):
                seen[shape(node)].append(f"{path}:{node.lineno}")
    return [places for places in seen.values() if len(places) > 1]


def _computes(node: ast.expr) -> bool:
    return any(isinstance(inner, _WORKING) for inner in ast.walk(node))


def code_from_text(trees: Mapping[str, ast.Module]) -> list[str]:
    """Where source is built and run as text, which hides its repetitions: ``exec``, ``eval``, ``builtins.exec``.

    A method of that name (``re.compile``) is none, but ``compile`` as a bare name is taken for the builtin.
    """
    return [
        f"{path}:{node.lineno}"
        for path, tree in trees.items()
        for node in ast.walk(tree)
        if (isinstance(node, ast.Name) and node.id in CODE_FROM_TEXT)
        or (isinstance(node, ast.Attribute) and node.attr in {"exec", "eval"})
    ]


def functions(tree: ast.Module) -> dict[str, ast.FunctionDef]:
    """The plain functions of a module by name."""
    return {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef)}


def repeating_functions(tree: ast.Module) -> list[str]:
    """The functions of a module that hold a window which another function of it holds too."""
    repeated = {place for places in repeated_windows({"": tree}) for place in places}
    return [
        name
        for name, node in functions(tree).items()
        if any(f":{statement.line}" in repeated for statement in flattened(node))
    ]


def statement_weights(tree: ast.Module, lines: Sequence[int]) -> dict[int, int]:
    """Line -> weight of the innermost statements that these lines belong to, by the line where each begins."""
    found = {}
    statements = [node for node in ast.walk(tree) if isinstance(node, ast.stmt)]
    for line in lines:
        around = [node for node in statements if node.lineno <= line <= (node.end_lineno or node.lineno)]
        if around:
            inner = max(around, key=lambda node: (node.lineno, -(node.end_lineno or node.lineno)))
            found[inner.lineno] = weight(inner)
    return found

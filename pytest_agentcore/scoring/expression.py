"""Statements about results that a person writes, such as ``task_07 <= 1 and tool_call_malformed > 0``.

They are parsed as Python and never run. Allowed are numbers, names, ``+ - * /``, comparisons, ``and``, ``or``, ``not``.
"""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction

from pytest_agentcore.errors import ConfigError

LONGEST = 500
_DEEPEST = 40
_FIRST_CUT = 60

Lookup = Callable[[str], Fraction | None]
"""The value of a name; None when it is not known."""

_ARITHMETIC: Mapping[type[ast.operator], Callable[[Fraction, Fraction], Fraction]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
}
_COMPARISONS: Mapping[type[ast.cmpop], Callable[[Fraction, Fraction], bool]] = {
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
}
_Number = Callable[[Lookup], Fraction | None]
_Truth = Callable[[Lookup], bool | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Expression:
    """A statement that is true, false, or not decided where something it needs is not known."""

    text: str
    names: tuple[str, ...]
    """What it speaks of, in the order of the text."""
    decide: _Truth

    def holds(self, lookup: Lookup) -> bool | None:
        """Is it so? None when the unknown values leave it open: ``unknown > 0 or 1 > 0`` is true all the same."""
        return self.decide(lookup)


def parse(text: str) -> Expression:
    """Read a statement.

    Raises:
        ConfigError: it is none, or holds more than arithmetic and comparisons.
    """
    if len(text) > LONGEST:
        raise ConfigError(f"the statement {text[:_FIRST_CUT]!r}… has {len(text)} characters; {LONGEST} at most")
    try:
        tree = ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise ConfigError(f"{text!r} is no statement; write one like 'task_09 <= 0 and total > 20'") from None
    names: list[str] = []
    return Expression(text=text.strip(), decide=_truth(tree, text, names, 0), names=tuple(dict.fromkeys(names)))


def _truth(node: ast.expr, text: str, names: list[str], depth: int) -> _Truth:
    _require_shallow(text, depth)
    match node:
        case ast.BoolOp(op=ast.And(), values=values):
            return _joined([_truth(value, text, names, depth + 1) for value in values], ends=False)
        case ast.BoolOp(op=ast.Or(), values=values):
            return _joined([_truth(value, text, names, depth + 1) for value in values], ends=True)
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            return _negated(_truth(operand, text, names, depth + 1))
        case ast.Compare(left=left, ops=operators, comparators=others):
            numbers = [_number(value, text, names, depth + 1) for value in (left, *others)]
            if unknown := next((one for one in operators if type(one) not in _COMPARISONS), None):
                raise _foreign(unknown, text)
            tests = [_COMPARISONS[type(one)] for one in operators]
            links = zip(tests, numbers, numbers[1:], strict=False)
            return _joined([_compared(test, one, other) for test, one, other in links], ends=False)
        case ast.Name() | ast.Constant() | ast.BinOp() | ast.UnaryOp():
            raise ConfigError(f"{text!r}: {_source(node)!r} is a number where a comparison is needed; add one")
    raise _foreign(node, text)


def _number(node: ast.expr, text: str, names: list[str], depth: int) -> _Number:
    _require_shallow(text, depth)
    match node:
        case ast.Constant(value=bool()):
            raise _foreign(node, text)
        case ast.Constant(value=int() | float()):
            return _constant(node, text)
        case ast.Name(id=name):
            names.append(name)
            return lambda lookup: lookup(name)
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            value = _number(operand, text, names, depth + 1)
            return lambda lookup: None if (number := value(lookup)) is None else -number
        case ast.BinOp(left=left, op=op, right=right) if type(op) in _ARITHMETIC:
            one, other = _number(left, text, names, depth + 1), _number(right, text, names, depth + 1)
            return _computed(_ARITHMETIC[type(op)], one, other)
        case ast.Compare() | ast.BoolOp() | ast.UnaryOp(op=ast.Not()):
            raise ConfigError(f"{text!r}: {_source(node)!r} is a comparison where a number is needed")
    raise _foreign(node, text)


def _constant(node: ast.Constant, text: str) -> _Number:
    try:
        number = Fraction(str(node.value))
    except (ValueError, OverflowError):  # 1e999 is inf, and an integer may have too many digits to print
        raise ConfigError(f"{text!r}: a number in it is too large; write a smaller one") from None
    return lambda _: number


def _joined(parts: list[_Truth], *, ends: bool) -> _Truth:
    """``and`` (ends with the first False) or ``or``; an unknown part leaves it open unless another one decides."""

    def decide(lookup: Lookup) -> bool | None:
        values = [part(lookup) for part in parts]
        if ends in values:
            return ends
        return None if None in values else not ends

    return decide


def _negated(part: _Truth) -> _Truth:
    return lambda lookup: None if (value := part(lookup)) is None else not value


def _compared(test: Callable[[Fraction, Fraction], bool], one: _Number, other: _Number) -> _Truth:
    def decide(lookup: Lookup) -> bool | None:
        left, right = one(lookup), other(lookup)
        return None if left is None or right is None else test(left, right)

    return decide


def _computed(compute: Callable[[Fraction, Fraction], Fraction], one: _Number, other: _Number) -> _Number:
    def value(lookup: Lookup) -> Fraction | None:
        left, right = one(lookup), other(lookup)
        if left is None or right is None or (compute is operator.truediv and right == 0):
            return None
        return compute(left, right)

    return value


def _require_shallow(text: str, depth: int) -> None:
    if depth > _DEEPEST:
        raise ConfigError(f"{text[:_FIRST_CUT]!r}… is nested more than {_DEEPEST} deep; write it simpler")


def _foreign(node: ast.AST, text: str) -> ConfigError:
    allowed = "numbers, names, + - * /, comparisons, and, or, not"
    return ConfigError(f"{text!r}: {_source(node)!r} may not stand in a statement; allowed are {allowed}")


def _source(node: ast.AST) -> str:
    try:
        return ast.unparse(node)[:_FIRST_CUT] or type(node).__name__
    except (ValueError, RecursionError):
        return type(node).__name__

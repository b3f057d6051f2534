"""Values to JSON-safe builtins and back, strictly.

Written: Decimal as text, enums by value, tuples as lists, everything else as JSON has it, and a ``version``.
Read: an unknown field, a missing one that has no default or a value of another type is refused. A newer version is
refused as such.
"""

from __future__ import annotations

import json
import math
import types
from collections.abc import Callable, Mapping
from dataclasses import MISSING, fields, is_dataclass
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from functools import cache
from typing import Any, Literal, TypeVar, Union, cast, get_args, get_origin, get_type_hints

from pytest_agentcore.errors import StoreError

VERSION = 1

Value = TypeVar("Value")
_Convert = Callable[[Any, str], Any]


def encode(value: Any) -> dict[str, Any]:
    """One of the frozen values of ``domain`` as JSON-safe builtins.

    Raises:
        StoreError: it holds something that JSON does not have: NaN, bytes, a key that is no text.
    """
    if not is_dataclass(value) or isinstance(value, type):
        raise StoreError(f"{value!r} is no record; encode takes a frozen value")
    return {"version": VERSION, **_builtin(value, type(value).__name__)}


def decode(kind: type[Value], data: object) -> Value:
    """The value that :func:`encode` wrote, equal to the original.

    Raises:
        StoreError: it is none; the message names the place inside the data, the caller adds the file.
    """
    if not isinstance(data, Mapping):
        raise _misfit(kind.__name__, "an object", data)
    version = data.get("version")
    if not isinstance(version, int) or isinstance(version, bool):
        raise _misfit(f"{kind.__name__}.version", "a version number", version)
    if version > VERSION:
        raise StoreError(f"{kind.__name__} has version {version!r}, newer than {VERSION}; upgrade pytest-agentcore")
    content = {name: value for name, value in data.items() if name != "version"}
    return cast("Value", _reader(cast("Any", kind))(content, kind.__name__))


def dumps(obj: object) -> str:
    """Builtins as one line of JSON: equal values give equal text.

    Raises:
        StoreError: they are not JSON-safe.
    """
    try:
        return json.dumps(obj, sort_keys=True, separators=(",", ":"), allow_nan=False)
    except (TypeError, ValueError, RecursionError) as error:
        raise StoreError(f"a record cannot be written as JSON: {error}; report this as a bug") from None


def loads(kind: type[Value], text: str | bytes) -> Value:
    """Read one value from JSON text.

    Raises:
        StoreError: as :func:`decode`, or the text is no JSON.
    """
    try:
        data = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise StoreError(f"{kind.__name__} is no JSON: {error}; the file was cut or changed") from None
    return decode(kind, data)


# Writing


def _builtin(value: Any, where: str) -> Any:
    """Most of what is written is of these kinds; where it stands is spelt out only for what cannot be written."""
    try:
        return _quickly(value)
    except _Unusual:
        return _in_full(value, where)


class _Unusual(Exception):
    """Something that takes a closer look."""


def _quickly(value: Any) -> Any:
    kind = type(value)
    if kind in _AS_THEY_ARE:
        return value
    if kind is tuple or kind is list:
        return [_quickly(item) for item in value]
    if kind is dict:
        if all(type(key) is str for key in value):
            return {key: _quickly(item) for key, item in value.items()}
        raise _Unusual
    if kind is float and math.isfinite(value):
        return value
    if (kind is Decimal and _is_sane(value)) or isinstance(value, StrEnum):
        return str(value)
    if is_dataclass(kind):
        return {name: _quickly(getattr(value, name)) for name in _names(kind)}
    raise _Unusual


_AS_THEY_ARE = frozenset({str, int, bool, type(None)})


def _in_full(value: Any, where: str) -> Any:
    match value:
        case str():
            return str(value)  # an enum becomes its value
        case None | bool() | int():
            return value
        case float() | Decimal():
            return _finite(value, where)
        case Mapping():
            return {_text_key(key, where): _in_full(item, f"{where}.{key}") for key, item in value.items()}
        case list() | tuple():
            return [_in_full(item, f"{where}[{index}]") for index, item in enumerate(value)]
        case _ if is_dataclass(value):
            return {
                name: _in_full(getattr(value, name), f"{where}.{name}") for name in _names(cast("Any", type(value)))
            }
    raise _misfit(where, "something that JSON has", value)


@cache
def _names(kind: Any) -> tuple[str, ...]:
    return tuple(field.name for field in fields(kind))


def _finite(value: float | Decimal, where: str) -> float | str:
    if not _is_sane(value):
        raise _misfit(where, "a finite number", value)
    return str(value) if isinstance(value, Decimal) else value


def _is_sane(number: float | Decimal) -> bool:
    """Finite, and when decimal of a size that can be printed: ``1E+999999999`` would fill the memory."""
    if not math.isfinite(number):
        return False
    return not isinstance(number, Decimal) or max(abs(number.adjusted()), len(number.as_tuple().digits)) <= _DIGITS


def _text_key(key: object, where: str) -> str:
    if not isinstance(key, str):
        raise _misfit(where, "keys that are text", key)
    return key


# Reading


@cache
def _reader(kind: Any) -> _Convert:
    """What turns builtins into a value of this type; made once for each type."""
    if kind in _PLAIN:
        return _PLAIN[kind]
    origin, arguments = get_origin(kind), get_args(kind)
    if origin is tuple:
        return _sequence(arguments[0])
    if origin in {Union, types.UnionType} and len(arguments) == 2 and type(None) in arguments:  # noqa: PLR2004
        inner = _reader(next(argument for argument in arguments if argument is not type(None)))
        return lambda data, where: None if data is None else inner(data, where)
    if origin is Literal:
        return _one_of(arguments)
    if origin is not None and issubclass(origin, Mapping):
        return _mapping
    return _member(kind) if issubclass(kind, StrEnum) else _record(kind)


def _exactly(kind: type) -> _Convert:
    def read(data: Any, where: str) -> Any:
        if type(data) is not kind:
            raise _misfit(where, kind.__name__, data)
        return data

    return read


def _float(data: Any, where: str) -> float:
    try:
        number = float(data) if type(data) in {int, float} else math.nan
    except OverflowError:
        number = math.inf
    if not math.isfinite(number):
        raise _misfit(where, "a finite number", data)
    return number


def _decimal(data: Any, where: str) -> Decimal:
    try:
        number = Decimal(data) if isinstance(data, str) else None
    except InvalidOperation:
        number = None
    if number is None or not _is_sane(number):
        raise _misfit(where, "a decimal number as text", data)
    return number


def _mapping(data: Any, where: str) -> dict[str, Any]:
    if not isinstance(data, dict):
        raise _misfit(where, "an object", data)
    return data


def _member(kind: type[StrEnum]) -> _Convert:
    values = {member.value: member for member in kind}

    def read(data: Any, where: str) -> Any:
        if not isinstance(data, str) or data not in values:
            raise _misfit(where, f"one of {', '.join(values)}", data)
        return values[data]

    return read


def _one_of(values: tuple[Any, ...]) -> _Convert:
    def read(data: Any, where: str) -> Any:
        if data not in values:
            raise _misfit(where, f"one of {', '.join(map(str, values))}", data)
        return data

    return read


def _sequence(item: Any) -> _Convert:
    convert = _reader(item)

    def read(data: Any, where: str) -> Any:
        if not isinstance(data, list):
            raise _misfit(where, "a list", data)
        return tuple(convert(element, f"{where}[{index}]") for index, element in enumerate(data))

    return read


def _record(kind: type[Any]) -> _Convert:
    hints = get_type_hints(kind)
    converters = {field.name: _reader(hints[field.name]) for field in fields(kind)}
    required = [field.name for field in fields(kind) if field.default is MISSING and field.default_factory is MISSING]

    def read(data: Any, where: str) -> Any:
        if not isinstance(data, Mapping):
            raise _misfit(where, "an object", data)
        unknown = [name for name in data if name not in converters]
        if unknown:
            raise StoreError(f"{where} has an unknown field {unknown[0]!r}; upgrade pytest-agentcore or drop it")
        missing = [name for name in required if name not in data]
        if missing:
            raise StoreError(f"{where} lacks its field {missing[0]!r}; the file was cut or changed")
        return kind(**{name: converters[name](item, f"{where}.{name}") for name, item in data.items()})

    return read


_PLAIN: dict[Any, _Convert] = {
    str: _exactly(str),
    int: _exactly(int),
    bool: _exactly(bool),
    float: _float,
    Decimal: _decimal,
}
_DIGITS = 100
_SHOWN = 80


def _misfit(where: str, wanted: str, found: object) -> StoreError:
    shown = repr(found)
    if len(shown) > _SHOWN:
        shown = f"{shown[:_SHOWN]}…"
    return StoreError(f"{where} must be {wanted}, not {shown}; the file was changed or is of another version")

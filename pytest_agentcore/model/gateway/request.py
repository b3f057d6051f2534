"""A request of a client: read once, forwarded as it was written with only its model replaced."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from msgspec import UNSET, DecodeError, Raw, Struct
from msgspec.json import Decoder

from pytest_agentcore.model.gateway.protocol import Wire

_DECODER = json.JSONDecoder()
_MODEL = '"model"'
_SPACE = re.compile(r"[ \t\r\n]*")


class Terms(Struct):
    """What the gateway itself has to know of a request: the rest, which is nearly all of it, is only checked."""

    model: Any = UNSET
    stream: Any = None
    stream_options: Any = UNSET
    max_completion_tokens: Any = None
    max_tokens: Any = None
    max_output_tokens: Any = None
    n: Any = None
    messages: Raw = Raw()
    input: Raw = Raw()


_TERMS = Decoder(Terms)


@dataclass(slots=True, kw_only=True)
class Request:
    """One request of a client."""

    wire: Wire
    text: str
    terms: Terms
    model_at: tuple[tuple[int, int], ...] = ()
    """Where the values of ``model`` stand in the text."""
    opens_at: int = 1
    """Where the first member may stand."""
    headers: Mapping[str, str] | None = None
    """What of the client's headers belongs to the request and goes on with it."""
    query: str = ""
    _fields: dict[str, Any] | None = None

    @property
    def stream(self) -> bool:
        """Does the client want server-sent events?"""
        return self.terms.stream is True

    @property
    def fields(self) -> dict[str, Any]:
        """Its members, parsed when somebody asks for them.

        Raises:
            ValueError: they are nested too deeply.
        """
        if self._fields is None:
            self._fields = _parsed(self.text)
        return self._fields

    def named(self, model: str, extra: str = "") -> bytes:
        """The same bytes with another model, and with further members (JSON, without braces) before the others."""
        value = json.dumps(model)
        if extra:
            extra += ", "
        if not self.model_at:
            comma = "" if self.text.startswith("}", _skip(self.text, self.opens_at)) else ", "
            return f'{self.text[: self.opens_at]}{extra}"model": {value}{comma}{self.text[self.opens_at :]}'.encode()
        parts, at = [self.text[: self.opens_at], extra], self.opens_at
        for start, end in self.model_at:
            parts += [self.text[at:start], value]
            at = end
        return "".join([*parts, self.text[at:]]).encode()


def written(wire: Wire, fields: Mapping[str, Any]) -> Request:
    """A request of our own making; ``model`` must not be among the fields."""
    text = json.dumps(fields, ensure_ascii=False).encode("utf-8", "replace").decode()
    return Request(wire=wire, text=text, terms=_terms(fields), _fields=dict(fields))


def parse(body: bytes, wire: Wire = Wire.CHAT, *, headers: Mapping[str, str] | None = None, query: str = "") -> Request:
    """Read a request's body.

    Where the model stands is told as well, so that nothing needs to be written anew.

    Raises:
        ValueError: not a JSON object in UTF-8, or without a conversation; the text says which.
    """
    fields: dict[str, Any] | None = None
    try:
        text = body.decode("utf-8")
        found = _quick(body, text)
        if found is None:
            fields, model_at, opens_at = _scan(text)
            terms = _terms(fields)
        else:
            terms, model_at, opens_at = found
    except (UnicodeDecodeError, RecursionError, StopIteration, json.JSONDecodeError) as error:
        reason = "it is nested too deeply" if isinstance(error, RecursionError) else str(error)
        raise ValueError(f"the body is no JSON object: {reason}") from None
    responses = wire is Wire.RESPONSES
    name, said, kinds = ("input", terms.input, (b"[", b'"')) if responses else ("messages", terms.messages, (b"[",))
    if bytes(memoryview(said)[:1]) not in kinds:
        raise ValueError(f"the body has no list {name!r}")
    return Request(
        wire=wire,
        text=text,
        terms=terms,
        model_at=model_at,
        opens_at=opens_at,
        headers=headers,
        query=query,
        _fields=fields,
    )


def _terms(fields: Mapping[str, Any]) -> Terms:
    """The same of a request that was parsed."""
    told = {name: fields[name] for name in Terms.__struct_fields__ if name in fields}
    for name in ("messages", "input"):
        kind = b"[" if isinstance(told.get(name), list) else b'"' if isinstance(told.get(name), str) else b""
        told[name] = Raw(kind)
    return Terms(**told)


def _parsed(text: str) -> dict[str, Any]:
    try:
        fields: dict[str, Any] = json.loads(text)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    return fields


def _quick(body: bytes, text: str) -> tuple[Terms, tuple[tuple[int, int], ...], int] | None:
    """The same as :func:`_scan` for nearly every request, in a tenth of the time; None where it is not sure.

    ``"model"`` cannot stand inside a string, where its quotes would be escaped: if it is there once, and the object has
    such a member, then that is it.
    """
    try:
        terms = _TERMS.decode(body)
    except (DecodeError, UnicodeDecodeError):  # what is no JSON may still be what the language's own parser takes
        return None
    at = text.find(_MODEL)
    if (terms.model is not UNSET) != (at >= 0) or "\\u006" in text:
        return None
    opens_at = text.index("{") + 1
    if at < 0:
        return terms, (), opens_at
    colon = _skip(text, at + len(_MODEL))
    if text.find(_MODEL, at + 1) >= 0 or not text.startswith(":", colon):
        return None
    start = _skip(text, colon + 1)
    return terms, ((start, _DECODER.raw_decode(text, start)[1]),), opens_at


def _scan(text: str) -> tuple[dict[str, Any], tuple[tuple[int, int], ...], int]:
    at = _expect(text, _skip(text, 0), "{")
    opens_at, models = at, []
    fields: dict[str, Any] = {}
    at = _skip(text, at)
    while not text.startswith("}", at):
        if fields:
            at = _skip(text, _expect(text, at, ","))
        if not text.startswith('"', at):
            raise json.JSONDecodeError("a name is expected", text, at)
        key, at = _DECODER.raw_decode(text, at)
        at = _skip(text, _expect(text, _skip(text, at), ":"))
        fields[key], end = _DECODER.raw_decode(text, at)
        if key == "model":
            models.append((at, end))
        at = _skip(text, end)
    if _skip(text, at + 1) != len(text):
        raise json.JSONDecodeError("something follows the object", text, at + 1)
    return fields, tuple(models), opens_at


def _skip(text: str, at: int) -> int:
    match = _SPACE.match(text, at)
    return match.end() if match is not None else at


def _expect(text: str, at: int, sign: str) -> int:
    if not text.startswith(sign, at):
        raise json.JSONDecodeError(f"{sign!r} is expected", text, at)
    return at + 1

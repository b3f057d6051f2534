"""A request of a client: read once, forwarded as it was written with only its model replaced."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pytest_agentcore.model.gateway.protocol import Wire

_DECODER = json.JSONDecoder()
_MODEL = '"model"'
_SPACE = re.compile(r"[ \t\r\n]*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One request of a client."""

    wire: Wire
    text: str
    fields: dict[str, Any]
    """Its members, parsed."""
    model_at: tuple[tuple[int, int], ...] = ()
    """Where the values of ``model`` stand in the text."""
    opens_at: int = 1
    """Where the first member may stand."""
    headers: Mapping[str, str] | None = None
    """What of the client's headers belongs to the request and goes on with it."""
    query: str = ""

    @property
    def stream(self) -> bool:
        """Does the client want server-sent events?"""
        return self.fields.get("stream") is True

    def named(self, model: str, extra: str = "") -> bytes:
        """The same bytes with another model, and with further members (JSON, without braces) before the others."""
        value = json.dumps(model)
        if extra:
            extra += ", "
        if not self.model_at:
            comma = ", " if self.fields else ""
            return f'{self.text[: self.opens_at]}{extra}"model": {value}{comma}{self.text[self.opens_at :]}'.encode()
        parts, at = [self.text[: self.opens_at], extra], self.opens_at
        for start, end in self.model_at:
            parts += [self.text[at:start], value]
            at = end
        return "".join([*parts, self.text[at:]]).encode()


def written(wire: Wire, fields: Mapping[str, Any]) -> Request:
    """A request of our own making; ``model`` must not be among the fields."""
    text = json.dumps(fields, ensure_ascii=False).encode("utf-8", "replace").decode()
    return Request(wire=wire, text=text, fields=dict(fields))


def parse(body: bytes, wire: Wire = Wire.CHAT, *, headers: Mapping[str, str] | None = None, query: str = "") -> Request:
    """Read a request's body.

    Where the model stands is told as well, so that nothing needs to be written anew.

    Raises:
        ValueError: not a JSON object in UTF-8, or without a conversation; the text says which.
    """
    try:
        text = body.decode("utf-8")
        fields, model_at, opens_at = _quick(text) or _scan(text)
    except (UnicodeDecodeError, RecursionError, StopIteration, json.JSONDecodeError) as error:
        reason = "it is nested too deeply" if isinstance(error, RecursionError) else str(error)
        raise ValueError(f"the body is no JSON object: {reason}") from None
    name, kinds = ("input", (list, str)) if wire is Wire.RESPONSES else ("messages", (list,))
    if not isinstance(fields.get(name), kinds):
        raise ValueError(f"the body has no list {name!r}")  # noqa: TRY004 - one kind of error for one kind of fault
    return Request(
        wire=wire, text=text, fields=fields, model_at=model_at, opens_at=opens_at, headers=headers, query=query
    )


def _quick(text: str) -> tuple[dict[str, Any], tuple[tuple[int, int], ...], int] | None:
    """The same as :func:`_scan` for nearly every request, in a quarter of the time; None where it is not sure.

    ``"model"`` cannot stand inside a string, where its quotes would be escaped: if it is there once, and the object has
    such a member, then that is it.
    """
    fields = json.loads(text)
    at = text.find(_MODEL)
    if not isinstance(fields, dict) or ("model" in fields) != (at >= 0) or "\\u006" in text:
        return None
    opens_at = text.index("{") + 1
    if at < 0:
        return fields, (), opens_at
    colon = _skip(text, at + len(_MODEL))
    if text.find(_MODEL, at + 1) >= 0 or not text.startswith(":", colon):
        return None
    start = _skip(text, colon + 1)
    return fields, ((start, _DECODER.raw_decode(text, start)[1]),), opens_at


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

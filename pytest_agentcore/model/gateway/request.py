"""A Chat Completions request: read once, forwarded as it was written with only its model replaced."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

_DECODER = json.JSONDecoder()
_SPACE = re.compile(r"[ \t\r\n]*")


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatRequest:
    """One request of a client."""

    text: str
    fields: dict[str, Any]
    """Its members, parsed."""
    model_at: tuple[tuple[int, int], ...]
    """Where the values of ``model`` stand in the text."""
    opens_at: int
    """Where the first member may stand."""

    @property
    def stream(self) -> bool:
        """Does the client want server-sent events?"""
        return self.fields.get("stream") is True

    def named(self, model: str) -> bytes:
        """The same bytes with another model."""
        value = json.dumps(model)
        if not self.model_at:
            comma = ", " if self.fields else ""
            return f'{self.text[: self.opens_at]}"model": {value}{comma}{self.text[self.opens_at :]}'.encode()
        parts, at = [], 0
        for start, end in self.model_at:
            parts += [self.text[at:start], value]
            at = end
        return "".join([*parts, self.text[at:]]).encode()


def parse(body: bytes) -> ChatRequest:
    """Read a request's body.

    Parsing each member where it stands costs what parsing the whole costs, and tells where the model is, so that
    nothing needs to be written anew.

    Raises:
        ValueError: not a JSON object in UTF-8, or without a list of messages; the text says which.
    """
    try:
        request = _scan(body.decode("utf-8"))
    except (UnicodeDecodeError, RecursionError, StopIteration, json.JSONDecodeError) as error:
        reason = "it is nested too deeply" if isinstance(error, RecursionError) else str(error)
        raise ValueError(f"the body is no JSON object: {reason}") from None
    if not isinstance(request.fields.get("messages"), list):
        raise ValueError("the body has no list 'messages'")  # noqa: TRY004 - one kind of error for one kind of fault
    return request


def _scan(text: str) -> ChatRequest:
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
    return ChatRequest(text=text, fields=fields, model_at=tuple(models), opens_at=opens_at)


def _skip(text: str, at: int) -> int:
    match = _SPACE.match(text, at)
    return match.end() if match is not None else at


def _expect(text: str, at: int, sign: str) -> int:
    if not text.startswith(sign, at):
        raise json.JSONDecodeError(f"{sign!r} is expected", text, at)
    return at + 1

"""A Chat Completions request as it is put together from another wire's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """What the upstream understands beyond the plain wire."""

    rich: bool = False
    """litellm stands between: signed thinking, cache marks and the parameters of other wires are carried on."""
    length: str = "max_tokens"
    """OpenAI's newer models know ``max_completion_tokens`` alone."""


class Asked:
    """The request so far; ``fields`` is what will be sent, ``left_out`` what had no place in it."""

    def __init__(self, dialect: Dialect) -> None:
        self.fields: dict[str, Any] = {"messages": []}
        self.left_out: list[str] = []
        self._dialect = dialect

    def message(self, role: str, parts: Sequence[Mapping[str, Any]]) -> None:
        """Something said by anyone but the model; one text stays a text."""
        self.fields["messages"].append({"role": role, "content": self._content(parts)})

    def result(self, call_id: object, parts: Sequence[Mapping[str, Any]]) -> None:
        """What a tool gave."""
        self.fields["messages"].append(
            {"role": "tool", "tool_call_id": str(call_id), "content": self._content(parts) or ""}
        )

    def said(
        self, text: str, calls: Sequence[tuple[Any, Any, str]], thoughts: Sequence[Mapping[str, Any]] = ()
    ) -> None:
        """An earlier answer of the model: calls are (id, tool, JSON text)."""
        message: dict[str, Any] = {"role": "assistant", "content": text or None}
        if calls:
            message["tool_calls"] = [
                {"id": str(call_id), "type": "function", "function": {"name": str(name), "arguments": arguments}}
                for call_id, name, arguments in calls
            ]
        elif not text:
            message["content"] = ""
        thought = "".join(str(one.get("thinking") or "") for one in thoughts)
        if thought:
            message["reasoning_content"] = thought
        signed = [dict(one) for one in thoughts if one.get("signature") or one.get("data")]
        if signed and self._dialect.rich:
            message["thinking_blocks"] = signed
        self.fields["messages"].append(message)

    def tool(self, name: Any, description: Any, parameters: Any, *, strict: bool | None = None) -> None:
        """Offer a tool."""
        function = {"name": name, "description": description, "parameters": parameters, "strict": strict}
        told = {key: value for key, value in function.items() if value is not None}
        self.fields.setdefault("tools", []).append({"type": "function", "function": told})

    def choice(self, word: str | None, name: Any = None) -> None:
        """Which tool must be called; nothing to choose where no tool is offered."""
        if "tools" not in self.fields:
            return
        if word is None and name:
            self.fields["tool_choice"] = {"type": "function", "function": {"name": name}}
        elif word is not None:
            self.fields["tool_choice"] = word

    def length(self, tokens: Any) -> None:
        """The longest answer."""
        if tokens is not None:
            self.fields["max_tokens" if self._dialect.rich else self._dialect.length] = tokens

    def set(self, **values: Any) -> None:
        """Members of the same name and meaning; None = not given."""
        self.fields |= {name: value for name, value in values.items() if value is not None}

    def rich(self, name: str, value: Any) -> None:
        """A member that only a translating upstream understands."""
        if value is not None and self._dialect.rich:
            self.fields[name] = value
        elif value is not None:
            self.leave_out(name)

    def streamed(self, wanted: Any) -> None:
        """Ask for a stream that counts its tokens."""
        if wanted is True:
            self.fields |= {"stream": True, "stream_options": {"include_usage": True}}

    def leave_out(self, name: str) -> None:
        """Say that something of the request went no further."""
        if name not in self.left_out:
            self.left_out.append(name)

    def _content(self, parts: Sequence[Mapping[str, Any]]) -> Any:
        kept = [part if self._dialect.rich else _bare(part) for part in parts]
        if all(part.get("type") == "text" and "cache_control" not in part for part in kept):
            return "\n".join(str(part.get("text")) for part in kept)
        return kept


def _bare(part: Mapping[str, Any]) -> Mapping[str, Any]:
    """Without the marks that only some providers know."""
    if part.get("type") == "text":
        return {"type": "text", "text": part.get("text")}
    return {name: value for name, value in part.items() if name != "cache_control"}

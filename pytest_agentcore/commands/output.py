"""How a subcommand hands over what it made: on standard output, or in a file that is written whole."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pytest_agentcore.errors import StoreError


def ascii_only() -> bool:
    """Can standard output show nothing but ASCII?"""
    return not (sys.stdout.encoding or "ascii").lower().startswith("utf")


def deliver(text: str, target: str | None) -> None:
    """Print the text, or write it to the file and say so on stderr.

    Raises:
        StoreError: the file cannot be written.
    """
    if target is None:
        encoding = sys.stdout.encoding or "ascii"
        print(text.encode(encoding, "backslashreplace").decode(encoding))  # noqa: T201 - a command speaks to its user
        return
    from pytest_agentcore.store.campaign import write

    try:
        write(Path(target), (text + "\n").encode("utf-8", "backslashreplace"))
    except StoreError as error:
        reason = getattr(error.__context__, "strerror", None) or error
        raise StoreError(f"{target!r} cannot be written: {reason}; name another place") from None
    print(f"wrote {target}", file=sys.stderr)  # noqa: T201 - same


def json_text(data: Mapping[str, Any]) -> str:
    """Builtins as a JSON document; equal values give equal text. What holds nothing nested stands on one line."""
    return _laid_out(data, 0)


_DEEPEST = 4  # from there on a line each: the library's own indenting is slow, and a thousand rows are many


def _laid_out(value: Any, depth: int) -> str:
    nested = (value.values() if isinstance(value, Mapping) else value) if isinstance(value, (Mapping, list)) else ()
    if depth == _DEEPEST or not any(isinstance(part, (Mapping, list)) and part for part in nested):
        return json.dumps(value, sort_keys=True, allow_nan=False)
    indent, end = "  " * (depth + 1), "  " * depth
    if isinstance(value, Mapping):
        parts = [f"{indent}{json.dumps(name)}: {_laid_out(value[name], depth + 1)}" for name in sorted(value)]
        return "{\n" + ",\n".join(parts) + f"\n{end}}}"
    parts = [indent + _laid_out(part, depth + 1) for part in value]
    return "[\n" + ",\n".join(parts) + f"\n{end}]"

"""How a subcommand hands over what it made: on standard output, or in a file that is written whole."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any


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

    write(Path(target), (text + "\n").encode("utf-8", "backslashreplace"))
    print(f"wrote {target}", file=sys.stderr)  # noqa: T201 - same


def json_text(data: Mapping[str, Any]) -> str:
    """Builtins as a JSON document; equal values give equal text."""
    return json.dumps(data, indent=2, sort_keys=True, allow_nan=False)

"""Who may call, and what each run has used: a token per run, a ledger per token."""

from __future__ import annotations

import asyncio
import secrets
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from pytest_agentcore.domain.usage import Usage


@dataclass(slots=True, kw_only=True, eq=False)
class Run:
    """One registered run, alive from its registration to its end."""

    handle: str
    """Names it in the control interface."""
    label: str
    """The caller's id of it."""
    model: str
    token: str
    calls: int = 0
    """Answered."""
    failed_calls: int = 0
    attempts: int = 0
    """Requests sent upstream, retries included."""
    waited_s: float = 0.0
    usage: Usage = field(default_factory=Usage)
    models_returned: dict[str, int] = field(default_factory=dict)
    """Model ids that the upstream named, with the number of calls."""
    in_flight: set[asyncio.Task[Any]] = field(default_factory=set)

    def answered(self, usage: Usage, model: str | None) -> None:
        """Book one answer."""
        self.calls += 1
        self.usage += usage
        if model is not None:
            self.models_returned[model] = self.models_returned.get(model, 0) + 1

    def to_json(self) -> dict[str, Any]:
        """The ledger, in builtins."""
        cost = self.usage.cost_usd
        return {
            "id": self.label,
            "model": self.model,
            "calls": self.calls,
            "failed_calls": self.failed_calls,
            "attempts": self.attempts,
            "waited_s": round(self.waited_s, 3),
            "usage": tokens(self.usage),
            "cost_usd": None if cost is None else plain(cost),
            "models_returned": dict(self.models_returned),
        }


def tokens(usage: Usage) -> dict[str, int | bool]:
    """Usage in builtins, without its cost."""
    return {
        "input_tokens": usage.input_tokens,
        "output_tokens": usage.output_tokens,
        "cached_tokens": usage.cached_tokens,
        "cache_write_tokens": usage.cache_write_tokens,
        "reasoning_tokens": usage.reasoning_tokens,
        "estimated": usage.estimated,
    }


def plain(amount: Decimal) -> str:
    """A decimal without exponent and without zeros at its end."""
    return f"{amount.normalize():f}"


class Runs:
    """All living runs. Used from the event loop alone."""

    def __init__(self) -> None:
        self._by_token: dict[str, Run] = {}
        self._by_handle: dict[str, Run] = {}
        self._count = 0

    def register(self, *, label: str, model: str) -> Run:
        """A new run with a token of its own."""
        self._count += 1
        run = Run(handle=f"r{self._count}", label=label, model=model, token=f"agentcore-{secrets.token_urlsafe(32)}")
        self._by_token[run.token] = self._by_handle[run.handle] = run
        return run

    def of_token(self, token: str) -> Run | None:
        """The run that this token belongs to, None when it is wrong or dead."""
        return self._by_token.get(token)

    def of_handle(self, handle: str) -> Run | None:
        """The run of that name."""
        return self._by_handle.get(handle)

    def end(self, run: Run) -> None:
        """Its token is dead from now on, and calls in flight are cancelled."""
        self._by_token.pop(run.token, None)
        self._by_handle.pop(run.handle, None)
        for task in tuple(run.in_flight):
            task.cancel()

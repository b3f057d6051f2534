"""Who may call, and what each run has used: a token per run, a ledger per token."""

from __future__ import annotations

import asyncio
import json
import secrets
import time
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from pytest_agentcore.domain.usage import Usage
from pytest_agentcore.model.cassette import Cassette
from pytest_agentcore.model.gateway.budget import Limits, Wallet, amount
from pytest_agentcore.model.gateway.record import RunRecord

COST_TOLERANCE = Decimal("0.01")
"""A provider's bill, or an agent's claim, that differs from the table's price by more than this share is flagged."""
DEAREST_RUN_USD = 1_000_000


@dataclass(slots=True, kw_only=True, eq=False)
class Run:
    """One registered run, alive from its registration to its end."""

    handle: str
    """Names it in the control interface."""
    label: str
    """The caller's id of it."""
    model: str
    token: str
    limits: Limits = field(default_factory=Limits)
    wallets: tuple[Wallet, ...] = ()
    """What its calls draw on: its own tokens and dollars, and its campaign's dollars."""
    record: RunRecord | None = None
    cassette: Cassette | None = None
    """What its calls are answered from, as long as they are those of the record."""
    only_recorded: bool = False
    """Is a call that the record does not hold an error, rather than a call to the model?"""
    started: float = field(default_factory=time.monotonic)
    calls: int = 0
    """Answered."""
    failed_calls: int = 0
    refused_calls: int = 0
    """Not sent, for want of budget."""
    replayed: Usage = field(default_factory=Usage)
    """Of ``usage``, what was answered from a record; nobody was paid for it in this run."""
    attempts: int = 0
    """Requests sent upstream, retries included."""
    waited_s: float = 0.0
    """In back-off and queues."""
    usage: Usage = field(default_factory=Usage)
    billed_usd: Decimal | None = None
    """What the provider itself said, summed over the calls of which it did."""
    billed_calls: int = 0
    cost_differs: bool = False
    """Did a provider's bill differ from the price in the table?"""
    claimed_usd: Decimal | None = None
    """What the agent itself says that the run has cost, the last time that it said so."""
    models_returned: dict[str, int] = field(default_factory=dict)
    """Model ids that the upstream named, with the number of calls."""
    in_flight: set[asyncio.Task[Any]] = field(default_factory=set)

    def answered(self, usage: Usage, model: str | None, billed_usd: Decimal | None = None) -> None:
        """Book one answer."""
        self.calls += 1
        self.usage += usage
        if billed_usd is not None:
            self.billed_usd = (self.billed_usd or Decimal(0)) + billed_usd
            self.billed_calls += 1
            self.cost_differs = self.cost_differs or _differ(usage.cost_usd, billed_usd)
        if model is not None:
            self.models_returned[model] = self.models_returned.get(model, 0) + 1

    def remaining_s(self) -> float | None:
        """Seconds until the nearer of its two deadlines, None when it has none."""
        if self.limits.wall_s is None and self.limits.working_s is None:
            return None
        passed = time.monotonic() - self.started
        left = []
        if self.limits.wall_s is not None:
            left.append(self.limits.wall_s - passed)
        if self.limits.working_s is not None:
            left.append(self.limits.working_s - (passed - self.waited_s))
        return min(left)

    def to_json(self) -> dict[str, Any]:
        """The ledger, in builtins."""
        cost = self.usage.cost_usd
        return {
            "id": self.label,
            "model": self.model,
            "calls": self.calls,
            "failed_calls": self.failed_calls,
            "refused_calls": self.refused_calls,
            "attempts": self.attempts,
            "waited_s": round(self.waited_s, 3),
            "usage": tokens(self.usage),
            "cost_usd": None if cost is None else plain(cost),
            "replayed": {
                "calls": self.replayed.calls,
                **tokens(self.replayed),
                "cost_usd": None if self.replayed.cost_usd is None else plain(self.replayed.cost_usd),
            },
            "billed_usd": None if self.billed_usd is None else plain(self.billed_usd),
            "billed_calls": self.billed_calls,
            "cost_differs": self.cost_differs,
            "claimed_usd": None if self.claimed_usd is None else plain(self.claimed_usd),
            "claim_differs": self.claimed_usd is not None and _differ(cost, self.claimed_usd),
            "models_returned": dict(self.models_returned),
            "record": None if self.record is None else self.record.told(),
        }


def _differ(ours: Decimal | None, theirs: Decimal) -> bool:
    return ours is not None and abs(ours - theirs) > COST_TOLERANCE * max(ours, theirs)


def claim(body: bytes) -> Decimal:
    """The dollars that an agent says its run has cost: ``{"cost_usd": NUMBER}``.

    Raises:
        ValueError: in one line, what it must be.
    """
    try:
        said = json.loads(body, parse_float=str)
    except RecursionError:
        said = None
    if not isinstance(said, dict) or said.keys() != {"cost_usd"}:
        raise ValueError('a claim is {"cost_usd": NUMBER}')
    claimed = amount(said["cost_usd"], "cost_usd")
    if claimed > DEAREST_RUN_USD:
        raise ValueError(f"cost_usd must be dollars of one run, at most {DEAREST_RUN_USD:,}")
    return claimed.quantize(Decimal("1e-9"))  # 1e-999999999 would be printed in a billion digits


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


def tokens_json(usage: Usage) -> str:
    """The same as JSON."""
    return (
        f'{{"input_tokens": {usage.input_tokens}, "output_tokens": {usage.output_tokens}, '
        f'"cached_tokens": {usage.cached_tokens}, "cache_write_tokens": {usage.cache_write_tokens}, '
        f'"reasoning_tokens": {usage.reasoning_tokens}, "estimated": {"true" if usage.estimated else "false"}}}'
    )


def plain(amount: Decimal) -> str:
    """A decimal without exponent and without zeros at its end."""
    return f"{amount.normalize():f}"


class Runs:
    """All living runs. Used from the event loop alone."""

    def __init__(self) -> None:
        self._by_token: dict[str, Run] = {}
        self._by_handle: dict[str, Run] = {}
        self._count = 0

    def register(self, *, label: str, model: str, **terms: Any) -> Run:
        """A new run with a token of its own; ``terms`` are further fields of :class:`Run`."""
        self._count += 1
        token = f"agentcore-{secrets.token_urlsafe(32)}"
        run = Run(handle=f"r{self._count}", label=label, model=model, token=token, **terms)
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

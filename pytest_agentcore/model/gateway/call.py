"""One call as far as it has come, and how it is written down."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from pytest_agentcore.domain.usage import Usage
from pytest_agentcore.model.cassette import Recorded
from pytest_agentcore.model.gateway.budget import Hold
from pytest_agentcore.model.gateway.ledger import Run, plain, tokens
from pytest_agentcore.model.gateway.protocol import ErrorKind, Wire
from pytest_agentcore.model.gateway.record import stamp, text_of
from pytest_agentcore.model.gateway.replies import STATUS
from pytest_agentcore.model.gateway.request import Request
from pytest_agentcore.model.gateway.retry import Effort
from pytest_agentcore.model.gateway.routes import Route
from pytest_agentcore.model.gateway.upstream import Answer


@dataclass(slots=True, kw_only=True, eq=False)
class Call:
    """One call as far as it has come."""

    run: Run
    route: Route
    wire: Wire
    path: str
    body: bytes
    request: Request
    timeout_s: float
    """Per attempt."""
    working_s: float | None = None
    """Over all attempts, waiting apart; None = as its run allows."""
    effort: Effort = field(default_factory=Effort)
    hold: Hold = field(default_factory=Hold)
    at: float = field(default_factory=time.time)
    """For the record, which is for people: everything else is measured by a clock that does not jump."""
    began: float = field(default_factory=time.monotonic)
    sent_at: float | None = None
    """When the attempt in flight was sent; None while none is, and its place in the queue is held."""
    seq: int = 0
    failures: list[dict[str, Any]] = field(default_factory=list)
    """Attempts that gave no answer."""
    _booked_s: float = 0.0

    def remaining_s(self) -> float | None:
        """Seconds until the nearest of its deadlines and its run's, None when there is none."""
        of_run = self.run.remaining_s()
        if self.working_s is None:
            return of_run
        own = self.working_s - (time.monotonic() - self.began - self.effort.waited_s)
        return own if of_run is None else min(own, of_run)

    def book_waiting(self) -> None:
        """The run's clocks know of waiting as soon as it is over."""
        self.run.waited_s += self.effort.waited_s - self._booked_s
        self._booked_s = self.effort.waited_s

    def leave(self, **how: Any) -> None:
        """Give the place in the provider's queue back."""
        if self.sent_at is not None:
            began, self.sent_at = self.sent_at, None
            self.route.lane.leave(began=began, **how)

    def told(
        self,
        response: web.StreamResponse | None,
        body: bytes,
        *,
        answer: Answer | None,
        usage: Usage | None,
        complete: bool,
    ) -> dict[str, Any]:
        """The call for the wire record, in builtins; without a response the client did not stay for it.

        The two long texts stand last: what the calls cost can be read without them.
        """
        headers: Mapping[str, str] = response.headers if response is not None else {}
        meter = None if answer is None else answer.meter
        billed = None if meter is None else meter.billed_usd
        cost = None if usage is None else usage.cost_usd
        return {
            **self._asked(),
            "status": STATUS[ErrorKind.CANCELLED] if response is None else response.status,
            "content_type": headers.get("Content-Type", ""),
            "headers": {name: value for name, value in headers.items() if name.startswith("x-")},
            "complete": complete,
            "failures": self.failures,
            "took_ms": round((time.monotonic() - self.began) * 1000, 1),
            "waited_ms": round(self.effort.waited_s * 1000, 1),
            "attempts": self.effort.attempts,
            "usage": None if usage is None else tokens(usage),
            "cost_usd": None if cost is None else plain(cost),
            "billed_usd": None if billed is None else plain(billed),
            "model_returned": None if meter is None else meter.model,
            "request": self.request.text,
            **text_of(body),
        }

    def again(self, found: Recorded) -> dict[str, Any]:
        """The call for the wire record when its answer came out of another one; ``paid`` tells the two apart."""
        return {
            **self._asked(),
            "paid": False,
            "status": found.status,
            "content_type": found.content_type,
            "headers": dict(found.headers),
            "complete": found.complete,
            "failures": [],
            "took_ms": round(found.took_s * 1000, 1),
            "waited_ms": 0.0,
            "attempts": 0,
            "usage": found.usage or None,
            "cost_usd": found.cost_usd,
            "billed_usd": found.billed_usd,
            "model_returned": found.model,
            "request": self.request.text,
            **text_of(found.body),
        }

    def _asked(self) -> dict[str, Any]:
        return {
            "v": 1,
            "seq": self.seq,
            "at": stamp(self.at),
            "run": self.run.label,
            "model": self.run.model,
            "wire": self.wire.value,
            "path": self.path,
            "stream": self.request.stream,
            "paid": True,
        }

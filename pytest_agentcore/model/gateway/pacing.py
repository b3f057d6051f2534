"""How many calls a provider gets at a time, learned from its 429s and shared by every run of every worker."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress

CUT = 0.5
"""What a 429 leaves of the calls in flight."""
RATE_CUT = 0.7
"""And of the calls that were begun each second."""
LEAST_RATE = 1.0
"""Calls a second; a provider that allows fewer is waited for by back-off."""
LEAST_LIMIT = 2.0
"""Calls in flight: one that is slow must not hold up all others."""
RATE_STEP = 0.2
"""What each answer adds to them."""
WINDOW_S = 10.0
"""Over which the rate is observed."""
FORGET_S = 120.0
"""After so long without a 429 the rate is free again."""
PAUSE_CAP_S = 60.0


class Lane:
    """The queue before one provider: a limit of calls in flight and a bucket of calls a second.

    Both are free until the first 429; a 429 cuts them by a share, and each answer after that adds a little (additive
    increase, multiplicative decrease). What a provider asks to wait holds for all, and then says more than a guess at
    its rate would. Used from one event loop alone.
    """

    def __init__(self, most: int | None = None, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._most = float("inf") if most is None else float(most)
        self._clock = clock
        self._limit = self._most
        self._in_flight = 0
        self._queue: deque[asyncio.Future[None]] = deque()
        self._begun: deque[float] = deque(maxlen=1024)
        self._rate: float | None = None
        self._tokens = 0.0
        self._filled_at = 0.0
        self._pause_until = 0.0
        self._cut_at = float("-inf")
        self._wake: asyncio.TimerHandle | None = None

    @property
    def limit(self) -> float:
        """Calls that may be in flight now; infinite while nobody has objected."""
        return self._limit

    @property
    def rate(self) -> float | None:
        """Calls a second that may be begun; None = as many as come."""
        return self._rate

    async def enter(self) -> float:
        """Wait for a place; gives the seconds that it took. Every entry needs its :meth:`leave`."""
        if not self._queue and self._free_in() == 0.0:
            self._admit()
            return 0.0
        before, place = self._clock(), asyncio.get_running_loop().create_future()
        self._queue.append(place)
        self._pump()
        try:
            await place
        except asyncio.CancelledError:
            if place.done() and not place.cancelled():
                self.leave(began=before)  # the place was given away in the same moment
            else:
                with suppress(ValueError):
                    self._queue.remove(place)
            raise
        return self._clock() - before

    def leave(self, *, began: float, throttled: bool = False, answered: bool = False, pause_s: float = 0.0) -> None:
        """Give a place back.

        Args:
            began: when the attempt was sent, by ``time.monotonic``: of the 429s of one burst only the first counts.
            throttled: the provider said 429.
            answered: the provider answered the call.
            pause_s: what the provider asked to wait.
        """
        now = self._clock()
        if throttled:
            self._pause_until = max(self._pause_until, now + min(pause_s, PAUSE_CAP_S))
            if began > self._cut_at:
                self._cut(now, guess=not pause_s)
        elif answered:
            self._grow(now)
        self._in_flight -= 1
        self._pump()

    def _cut(self, now: float, *, guess: bool) -> None:
        self._limit = min(self._most, max(LEAST_LIMIT, CUT * min(self._limit, float(self._in_flight))))
        self._cut_at = max(now, self._pause_until)
        if not guess:
            return
        while self._begun and self._begun[0] < now - WINDOW_S:
            self._begun.popleft()
        over = max(1.0, now - self._begun[0]) if self._begun else 1.0
        observed = len(self._begun) / over
        self._rate = max(LEAST_RATE, RATE_CUT * min(observed, self._rate or observed))
        self._tokens, self._filled_at = 0.0, now

    def _grow(self, now: float) -> None:
        if self._limit < self._most:
            self._limit = min(self._most, self._limit + 1.0 / self._limit)
        if self._rate is not None:
            self._rate = None if now - self._cut_at > FORGET_S else self._rate + RATE_STEP
        if now - self._cut_at > FORGET_S:
            self._limit = self._most

    def _free_in(self) -> float | None:
        """Seconds until a call may begin; None = when another ends."""
        if self._in_flight + 1 > self._limit:
            return None
        now = self._clock()
        wait = max(0.0, self._pause_until - now)
        if self._rate is not None:
            self._tokens = min(max(1.0, self._rate), self._tokens + (now - self._filled_at) * self._rate)
            self._filled_at = now
            wait = max(wait, (1.0 - self._tokens) / self._rate)
        return wait

    def _admit(self) -> None:
        self._in_flight += 1
        self._begun.append(self._clock())
        if self._rate is not None:
            self._tokens -= 1.0

    def _pump(self) -> None:
        """Let in whoever may go, and come back when the next one may."""
        while self._queue:
            wait = self._free_in()
            if wait is None:
                return
            if wait > 0.0:
                if self._wake is None:
                    self._wake = asyncio.get_running_loop().call_later(wait, self._woken)
                return
            place = self._queue.popleft()
            if not place.done():
                self._admit()
                place.set_result(None)

    def _woken(self) -> None:
        self._wake = None
        self._pump()

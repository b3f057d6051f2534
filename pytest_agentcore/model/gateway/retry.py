"""Another attempt, later: back-off with jitter, and the upstream's own wish where it has one."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import TypeVar

from pytest_agentcore.model.gateway.faults import UpstreamFault
from pytest_agentcore.model.gateway.protocol import BACKOFF_CAP_S

FIRST_DELAY_S = 0.5
LONGEST_OWN_DELAY_S = 30.0
Result = TypeVar("Result")


@dataclass(slots=True, kw_only=True)
class Effort:
    """What a call has cost so far in attempts and waiting; filled as it goes, so that a failure can be told with it."""

    attempts: int = 0
    waited_s: float = 0.0
    """In back-off alone, never in the attempts themselves."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """How often and how patiently."""

    retries: int
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep

    async def call(self, attempt: Callable[[], Awaitable[Result]], effort: Effort) -> Result:
        """The first answer.

        Raises:
            UpstreamFault: of the last attempt, when none gave an answer or another would not help.
        """
        while True:
            effort.attempts += 1
            try:
                return await attempt()
            except UpstreamFault as fault:
                if not fault.retryable or effort.attempts > self.retries:
                    raise
                pause = delay(effort.attempts, fault.headers)
            before = time.monotonic()
            try:
                await self.sleep(pause)
            finally:
                effort.waited_s += time.monotonic() - before


def delay(attempts: int, headers: Mapping[str, str]) -> float:
    """Seconds to wait after so many attempts; never less than the upstream asked for, up to the cap."""
    own: float = min(FIRST_DELAY_S * 2 ** (attempts - 1), LONGEST_OWN_DELAY_S) * random.uniform(0.5, 1.0)  # noqa: S311 - jitter
    asked = retry_after(headers)
    if asked is None:
        return own
    return min(max(asked, 0.0) + random.uniform(0.0, 0.25), BACKOFF_CAP_S)  # noqa: S311 - jitter


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds that the upstream asks to wait, None when it does not say or says nothing sensible.

    A date is compared with the upstream's own ``Date`` where it sends one: its clock need not be ours.
    """
    for name, unit in (("retry-after-ms", 0.001), ("retry-after", 1.0)):
        value = headers.get(name, "").strip()
        try:
            seconds = float(value) * unit
        except ValueError:
            continue
        if 0 <= seconds < float("inf"):
            return seconds
    then = _timestamp(headers.get("retry-after", ""))
    if then is None:
        return None
    now = _timestamp(headers.get("date", ""))
    return max(0.0, then - (time.time() if now is None else now))


def _timestamp(text: str) -> float | None:
    try:
        return parsedate_to_datetime(text).timestamp()
    except (TypeError, ValueError, OverflowError):
        return None

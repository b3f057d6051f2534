"""What may still be spent: reserved before a call, booked after it, shared by all runs of a campaign."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from decimal import Decimal, InvalidOperation
from typing import Any

from pytest_agentcore.domain.usage import Usage
from pytest_agentcore.model.gateway.faults import UpstreamFault
from pytest_agentcore.model.gateway.protocol import ErrorKind
from pytest_agentcore.model.gateway.request import Request
from pytest_agentcore.model.pricing import Price

FIRST_ANSWER = 8192
"""Tokens reserved for the answer of a call that names no limit, until some answers have been seen."""
LEAST_ANSWER = 512
"""And from then on, if all of them were short."""
ENOUGH_ANSWERS = 20
"""So many say how long a model's answers are."""
UNKNOWN_LONGEST = 32_768
IMAGE_TOKENS = 3000
"""What an image may count as, however many bytes it takes."""
_BASE64 = re.compile(r"[A-Za-z0-9+/]{2000,}={0,2}")
_MEDIA = ("base64", '"data"')


class Exhausted(UpstreamFault):
    """A call that does not fit what is left; it was not sent."""

    def __init__(self, limit: str, said: str) -> None:
        super().__init__(said, kind=ErrorKind.BUDGET)
        self.limit = limit


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What one run may use; None = as much as it likes."""

    turns: int | None = None
    """Calls answered or in flight."""
    tokens: int | None = None
    cost_usd: Decimal | None = None
    working_s: float | None = None
    """From its registration, less back-off and queueing."""
    wall_s: float | None = None

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> Limits:
        """From JSON.

        Raises:
            ValueError: an unknown name, or a value that is no number of 0 or more.
        """
        unknown = sorted(data.keys() - {one.name for one in fields(cls)})
        if unknown:
            raise ValueError(
                f"there is no limit {unknown[0]!r}; known are {', '.join(one.name for one in fields(cls))}"
            )
        cost = data.get("cost_usd")
        numbers = {name: None if data.get(name) is None else amount(data[name], name) for name in data}
        turns, tokens = numbers.get("turns"), numbers.get("tokens")
        working, wall = numbers.get("working_s"), numbers.get("wall_s")
        return cls(
            turns=None if turns is None else int(turns),
            tokens=None if tokens is None else int(tokens),
            cost_usd=None if cost is None else numbers["cost_usd"],
            working_s=None if working is None else float(working),
            wall_s=None if wall is None else float(wall),
        )


def amount(value: Any, name: str) -> Decimal:
    """A number of 0 or more, as JSON number or decimal text.

    Raises:
        ValueError: it is none.
    """
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        number = Decimal(-1)
    if isinstance(value, bool) or not number.is_finite() or number < 0:
        raise ValueError(f"{name} must be a number of 0 or more, not {value!r}")
    return number


class Wallet:
    """An amount that several calls draw on. Used from one event loop alone."""

    def __init__(self, name: str, cap: Decimal, spent: Decimal = Decimal(0)) -> None:
        self.name = name
        self.cap = cap
        self.spent = spent
        self.reserved = Decimal(0)
        self._changed = asyncio.Event()

    def shortage(self, worst: Decimal) -> bool:
        """Would such a call not fit even if nothing else were in flight?"""
        return self.spent + worst > self.cap

    def free(self, worst: Decimal) -> bool:
        """Does it fit beside what is in flight?"""
        return self.spent + self.reserved + worst <= self.cap

    def reserve(self, worst: Decimal) -> None:
        """Set aside."""
        self.reserved += worst

    def settle(self, worst: Decimal, actual: Decimal) -> None:
        """Book what a call cost in place of what was set aside for it."""
        self.reserved -= worst
        self.spent += actual
        self.woken()

    def woken(self) -> None:
        """Let those who wait look again."""
        self._changed.set()
        self._changed = asyncio.Event()

    async def change(self) -> None:
        """Wait for the next settlement."""
        await self._changed.wait()


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """What one call has set aside."""

    amounts: tuple[tuple[Wallet, Decimal], ...] = ()
    waited_s: float = 0.0
    """For others to settle."""

    def settle(self, actual: Callable[[Wallet], Decimal]) -> None:
        """Book the call, by what it used of each wallet's kind."""
        for wallet, worst in self.amounts:
            wallet.settle(worst, actual(wallet))


async def hold(draws: Sequence[tuple[Wallet, Decimal]]) -> Hold:
    """Set the worst case of a call aside in every wallet; waits while others in flight may yet leave enough.

    Raises:
        Exhausted: it does not fit.
    """
    started = None
    while True:
        for wallet, worst in draws:
            if wallet.shortage(worst):
                left = max(Decimal(0), wallet.cap - wallet.spent)
                raise Exhausted(
                    wallet.name,
                    f"the call may take {worst.normalize():f} of {wallet.name}, and {left.normalize():f} of "
                    f"{wallet.cap.normalize():f} is left; raise the limit",
                )
        busy = next((wallet for wallet, worst in draws if not wallet.free(worst)), None)
        if busy is None:
            break
        started = time.monotonic() if started is None else started
        await busy.change()
    for wallet, worst in draws:
        wallet.reserve(worst)
    return Hold(amounts=tuple(draws), waited_s=0.0 if started is None else time.monotonic() - started)


class Forecast:
    """What the next call to a model may use, from what its calls have used; one per model."""

    def __init__(self, price: Price | None) -> None:
        self._price = price
        self._bytes_per_token = 2.0
        """Low, so that the estimate is high; the lowest that was seen takes its place."""
        self._longest = 0
        self._answers = 0

    def seen(self, size: int, usage: Usage) -> None:
        """Learn from a call that somebody counted."""
        if usage.input_tokens and not usage.estimated:
            self._bytes_per_token = min(self._bytes_per_token, 0.95 * size / usage.input_tokens)
        self._longest = max(self._longest, usage.output_tokens)
        self._answers += 1

    def tokens(self, request: Request) -> tuple[int, int]:
        """(input, output) at worst. The output is certain where the request names its longest answer."""
        text, images = request.text, 0
        # The search takes milliseconds, and images are rare: they stand beside one of these words.
        if len(text) > 65_536 and any(word in text for word in _MEDIA):  # noqa: PLR2004 - less is no image
            text, images = _BASE64.subn("", text)
        sent = int(len(text.encode()) / self._bytes_per_token) + 1 + images * IMAGE_TOKENS
        known = self._price.longest_answer if self._price is not None else None
        longest = known or UNKNOWN_LONGEST
        terms = request.terms
        lengths = (terms.max_completion_tokens, terms.max_tokens, terms.max_output_tokens)
        asked = next((value for value in lengths if isinstance(value, int)), None)
        least = FIRST_ANSWER if self._answers < ENOUGH_ANSWERS else LEAST_ANSWER
        got = min(asked, longest) if asked and known else asked or min(longest, max(least, 2 * self._longest))
        choices = terms.n
        return sent, got * (choices if isinstance(choices, int) and choices > 1 else 1)

    def cost(self, sent: int, got: int) -> Decimal:
        """US dollars at worst; 0 where no price is known, and then no cap in dollars can be held."""
        if self._price is None:
            return Decimal(0)
        rates = self._price.rates_for(sent)
        return sent * max(rates.input, rates.cache_write or rates.input) + got * max(
            rates.output, rates.reasoning or rates.output
        )

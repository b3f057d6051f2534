"""Tokens and money."""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """What one or several model calls consumed. Adding two keeps an unknown cost unknown."""

    calls: int = 0
    """Model calls answered."""
    input_tokens: int = 0
    """All of the prompt, cached tokens included."""
    output_tokens: int = 0
    """All of the answer, reasoning included."""
    cached_tokens: int = 0
    """Of the input, read from the provider's cache."""
    cache_write_tokens: int = 0
    reasoning_tokens: int = 0
    cost_usd: Decimal | None = Decimal(0)
    """None when any part of it has no known price."""
    estimated: bool = False
    """True when the tokens were counted by rule of thumb, not by a provider."""
    billed_usd: Decimal | None = None
    """What the provider itself said it billed, over the calls of which it did; None where it never says."""
    billed_differs: bool = False
    """Did the provider's bill for any call differ from ``cost_usd`` by more than a hundredth?"""
    claimed_usd: Decimal | None = None
    """What the agents themselves said that their runs cost, over the runs of which they did."""
    claim_differs: bool = False
    """Did the claim for any run differ from its ``cost_usd`` by more than a hundredth?"""

    def __add__(self, other: Usage) -> Usage:
        known = self.cost_usd is not None and other.cost_usd is not None
        return Usage(
            calls=self.calls + other.calls,
            input_tokens=self.input_tokens + other.input_tokens,
            output_tokens=self.output_tokens + other.output_tokens,
            cached_tokens=self.cached_tokens + other.cached_tokens,
            cache_write_tokens=self.cache_write_tokens + other.cache_write_tokens,
            reasoning_tokens=self.reasoning_tokens + other.reasoning_tokens,
            cost_usd=(self.cost_usd or Decimal(0)) + (other.cost_usd or Decimal(0)) if known else None,
            estimated=self.estimated or other.estimated,
            billed_usd=_sum_of_known(self.billed_usd, other.billed_usd),
            billed_differs=self.billed_differs or other.billed_differs,
            claimed_usd=_sum_of_known(self.claimed_usd, other.claimed_usd),
            claim_differs=self.claim_differs or other.claim_differs,
        )

    def without(self, part: Usage) -> Usage:
        """What remains when a part is taken off; an unknown cost stays unknown, nothing falls below 0."""
        known = self.cost_usd is not None and part.cost_usd is not None
        return replace(
            self,
            calls=max(0, self.calls - part.calls),
            input_tokens=max(0, self.input_tokens - part.input_tokens),
            output_tokens=max(0, self.output_tokens - part.output_tokens),
            cached_tokens=max(0, self.cached_tokens - part.cached_tokens),
            cache_write_tokens=max(0, self.cache_write_tokens - part.cache_write_tokens),
            reasoning_tokens=max(0, self.reasoning_tokens - part.reasoning_tokens),
            cost_usd=max(Decimal(0), (self.cost_usd or Decimal(0)) - (part.cost_usd or Decimal(0))) if known else None,
        )

    @property
    def tokens(self) -> int:
        """Input and output together."""
        return self.input_tokens + self.output_tokens


def _sum_of_known(left: Decimal | None, right: Decimal | None) -> Decimal | None:
    return left if right is None else right if left is None else left + right

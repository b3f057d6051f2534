"""Looks at a stored campaign: does each run cost what its tokens cost at the table's price?"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal

from pytest_agentcore.domain.campaign import CampaignRecord
from pytest_agentcore.domain.outcome import Outcome
from pytest_agentcore.report.lint import WARNING, Finding
from pytest_agentcore.scoring.efficiency import usd_text

_TOLERATED = Decimal("0.99")
"""Of the least cost: prices change by less than this between two tables of one week."""


def findings(record: CampaignRecord) -> Iterator[Finding]:
    """A warning for each run that is cheaper than its tokens, those read from a cache at their own price."""
    from pytest_agentcore.model.pricing import cost, price_of

    price = price_of(record.identity.model)
    if price is None:
        message = f"no price is known for {record.identity.model!r}, so its costs cannot be checked"
        yield Finding(rule="price", severity=WARNING, where=record.folder, message=message)
        return
    base = replace(price, tiers=())  # a dearer tier is one call's, and a run's calls are added up
    for key, outcome in sorted(record.outcomes.items()):
        given = outcome.usage.cost_usd
        least = cost(base, outcome.usage)
        if given is not None and given < least * _TOLERATED:
            yield Finding(
                rule="price",
                severity=WARNING,
                where=f"{record.folder}: {key.folder}",
                message=f"{usd_text(given)} is less than {_told(outcome)} cost at {price.entry!r}: {usd_text(least)}",
            )


def _told(outcome: Outcome) -> str:
    usage = outcome.usage
    return f"{usage.input_tokens:,} input ({usage.cached_tokens:,} cached) and {usage.output_tokens:,} output tokens"

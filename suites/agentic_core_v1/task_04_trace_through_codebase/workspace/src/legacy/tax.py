"""Tax as it was before regions had rates of their own."""

from decimal import Decimal

from config import setting


def rate(region):
    return Decimal(setting("tax"))


def apply(amount, region):
    """The amount with tax, rounded down to ten cents."""
    return amount + amount * rate(region) // Decimal("0.10") * Decimal("0.10")

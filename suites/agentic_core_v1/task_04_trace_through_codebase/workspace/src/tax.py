"""Tax on top of a price."""

from decimal import Decimal

from config import SETTINGS
from fmt import cents as rounded


def rate(region):
    return Decimal(SETTINGS[region]["tax"])


def apply(amount, region):
    """The amount with the tax of a region, in whole cents."""
    return rounded(amount * (1 + rate(region)))

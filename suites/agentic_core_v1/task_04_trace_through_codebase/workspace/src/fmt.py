"""How amounts are rounded and shown."""

from decimal import ROUND_HALF_UP, Decimal


def percent(share):
    return f"{100 * share:.1f} %"


def cents(amount):
    return amount.quantize(Decimal("0.01"), rounding=ROUND_HALF_UP)


def money(amount):
    return f"{amount:,.2f}"

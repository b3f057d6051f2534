"""Prices before tax."""

from decimal import Decimal

from config import DEFAULTS, SETTINGS

PRICES = {"bolt": "1.50", "nut": "0.80", "washer": "0.25"}


def list_price(order):
    return Decimal(PRICES[order["item"]]) * order["quantity"]


def net(order, rebate=DEFAULTS["rebate"]):
    """The list price less a rebate."""
    return list_price(order) - Decimal(rebate)


def quote(order):
    """What an order costs in its region, before tax."""
    return net(order, rebate=SETTINGS[order["region"]]["rebate"])

"""The shop's sources as templates: ``$name`` is drawn, and some functions come in more than one form."""

from __future__ import annotations

from collections.abc import Mapping

NAMES: Mapping[str, tuple[str, ...]] = {
    "quote": ("quote", "offer", "estimate", "price_of", "priced", "asking_price"),
    "net": ("net", "reduced", "lowered", "cut_down", "deducted", "after_deduction"),
    "list_price": ("list_price", "gross", "full_price", "catalogue_price", "sticker_price", "base_price"),
    "apply": ("apply", "impose", "levy", "add_on", "collect", "put_on"),
    "rate": ("rate", "percentage", "factor", "quota", "fraction", "portion"),
    "cents": ("cents", "to_cents", "whole_cents", "exact", "settled", "cent_exact"),
    "money": ("money", "show", "display", "as_text", "written", "spelled"),
    "percent": ("percent", "as_percent", "hundredths", "in_percent"),
    "setting": ("setting", "option", "lookup", "value_of", "preference"),
    "charge": ("charge", "taxed", "with_tax", "surcharge", "burdened"),
    "rounded": ("rounded", "to_cent", "tidy", "evened", "smoothed"),
    "rebate": ("rebate", "discount", "reduction", "concession", "bonus"),
    "vat": ("tax", "vat", "duty", "levy_share", "excise"),
    "old": ("legacy", "old", "archive", "retired", "former"),
    "duty": ("duty", "vat_rules", "charges", "taxes"),
}
"""Each name of the published sources, and what it may be called; ``duty`` is an alias of the module tax."""

CONFIG = '''"""Settings of the shop, and what single regions set differently."""

DEFAULTS = {"$rebate": "$default_rebate", "$vat": "$default_tax"}

REGIONS = {
$regions
}

SETTINGS = {region: {**DEFAULTS, **own} for region, own in REGIONS.items()}


def $setting(name, region="$home"):
    """One setting of a region, as the $old modules ask for it."""
    return SETTINGS[region][name]
'''

FMT = '''"""How amounts are rounded and shown."""

from decimal import ROUND_HALF_UP, Decimal


def $percent(share):
    return f"{100 * share:.1f} %"


def $cents(amount):
    return amount.quantize(Decimal("0.01"), rounding=ROUND_HALF_UP)


def $money(amount):
    return f"{amount:,.2f}"
'''

MAIN = '''"""Print what a customer pays for an order: python3 src/main.py <order>."""

import sys

import fmt
from pricing import $quote
$import_tax

ORDERS = {
$orders
}


def main(order_id):
    order = ORDERS[order_id]
$printed


if __name__ == "__main__":
    main(sys.argv[1])
'''
PRINTED_AT_ONCE = '    print(fmt.$money($taxing($quote(order), order["region"])))'
PRINTED_IN_STEPS = """    before = $quote(order)
    after = $taxing(before, order["region"])
    print(fmt.$money(after))"""

PRICING = '''"""Prices before tax."""

from decimal import Decimal

from config import DEFAULTS, SETTINGS

PRICES = {$prices}


'''
NET_ASKS = '''def $list_price(order):
    return Decimal(PRICES[order["item"]]) * order["quantity"]


def $net(order, $rebate=DEFAULTS["$rebate"]):
    """The list price less a $rebate."""
    return $list_price(order) - Decimal($rebate)


def $quote(order):
    """What an order costs in its region, before tax."""
    return $net(order, $rebate=SETTINGS[order["region"]]["$rebate"])
'''
NET_IS_GIVEN = '''def $quote(order):
    """What an order costs in its region, before tax."""
    return $net($list_price(order), $rebate=SETTINGS[order["region"]]["$rebate"])


def $net(amount, $rebate=DEFAULTS["$rebate"]):
    """An amount less a $rebate."""
    return amount - Decimal($rebate)


def $list_price(order):
    return Decimal(PRICES[order["item"]]) * order["quantity"]
'''

TAX = '''"""Tax on top of a price."""

from decimal import Decimal

from config import SETTINGS
from fmt import $cents as $rounded


def $rate(region):
    return Decimal(SETTINGS[region]["$vat"])


def $apply(amount, region):
    """The amount with the tax of a region, in whole cents."""
$taxed
'''
TAXED = (
    "    return $rounded(amount * (1 + $rate(region)))",
    "    return amount + $rounded(amount * $rate(region))",
    "    part = $rate(region)\n    return $rounded(amount + amount * part)",
)

OLD_TAX = '''"""Tax as it was before regions had rates of their own."""

from decimal import Decimal

from config import $setting


def $rate(region):
    return Decimal($setting("$vat"))


def $apply(amount, region):
    """The amount with tax, rounded down to ten cents."""
    return amount + amount * $rate(region) // Decimal("0.10") * Decimal("0.10")
'''
OLD_PRICING = '''"""Prices as they were before regions had a $rebate of their own."""

from decimal import Decimal

from config import $setting
from pricing import $list_price


def $net(order):
    return $list_price(order) - Decimal($setting("$rebate"))


def $quote(order):
    """What an order costs before tax, rounded down to ten cents."""
    return $net(order) // Decimal("0.10") * Decimal("0.10")
'''

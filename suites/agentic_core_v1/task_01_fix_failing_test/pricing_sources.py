"""The shop's sources as templates, for three kinds of price list; ``$name`` is filled in, and so is the bug.

``tiers``: each line has the discount of the tier that it reaches. ``joined``: all lines of an article reach a tier
together. ``offers``: a discount costs a fee, and of two offers with the same discount the cheaper one counts.
"""

from __future__ import annotations

from collections.abc import Mapping

NAMES: Mapping[str, tuple[str, ...]] = {
    "TIERS": ("TIERS", "STEPS", "LEVELS", "BANDS", "RUNGS", "GRADES"),
    "discount_percent": (
        *("discount_percent", "percent_off", "volume_percent", "tier_percent", "share_off", "earned_percent"),
        *("level_percent", "bulk_percent"),
    ),
    "discounted": ("discounted", "lessened", "reduced", "after_discount", "net_of", "cut", "marked_down", "rebated"),
    "line_total": ("line_total", "line_price", "row_total", "price_of_line", "row_price"),
    "cart_total": ("cart_total", "basket_total", "order_total", "sum_due", "total_due"),
    "quantity": (
        *("quantity", "count", "pieces", "ordered", "number", "bought", "size", "volume"),
        *("many", "copies", "packs", "items", "wanted", "taken", "boxes", "demand"),
    ),
    "units": (
        *("units", "threshold", "minimum", "start", "least", "floor", "entry", "needed"),
        *("bound", "limit", "edge", "required", "lower", "beginning", "at_least", "mark"),
    ),
    "cents": (
        *("cents", "amount", "price", "gross", "value", "full", "whole", "listed"),
        *("before", "basis", "original", "charged"),
    ),
    "percent": ("percent", "rate", "per_cent", "share", "hundredths", "reduction", "cut_by", "less_by"),
    "counted": (
        *("counted", "units_by_article", "tally", "pieces_by_article", "added_up", "summed"),
        *("gathered", "grouped"),
    ),
    "seen": (
        *("seen", "counts", "so_far", "tallied", "known", "sums", "found", "stock"),
        *("register", "ledger", "book", "noted"),
    ),
    "best_offer": ("best_offer", "offer_for", "chosen_offer", "winning_offer", "top_offer", "offer_of"),
    "reached": (
        *("reached", "eligible", "open_offers", "possible", "matching", "granted"),
        *("available", "fitting", "allowed", "valid"),
    ),
    "offer": (
        *("offer", "deal", "pair", "row", "option", "choice", "candidate", "bid"),
        *("entry_of", "proposal", "line_of", "one"),
    ),
}
"""Each name of the published sources, then of the other kinds, and what it may be called."""

DISCOUNTED = '''

def $discounted($cents, $percent):
    """Return the amount less percent, rounded half up to a whole cent."""
    return $rounding
'''
DISCOUNT_PERCENT = '''

def $discount_percent($quantity):
    """Return the percent off for a line of so many units: that of the highest tier it reaches."""
    $percent = 0
    for $units, off in $TIERS:
        if $reaches:
            $percent = off
    return $percent
'''
TABLE = '''"""Volume discounts. Amounts are whole cents."""

# (units, percent): from this many units on, this many percent off the line.
$TIERS = (
$rows
)
'''
COUNTED = '''

def $counted(lines, $seen=$default):
    """Return the units of each article in the lines of one cart."""$fresh
    for article, _, $quantity in lines:
        $seen[article] = $seen.get(article, 0) + $quantity
    return $seen
'''
BEST_OFFER = '''"""Volume offers. Amounts are whole cents."""

# (units, percent, fee): from this many units on, this many percent off the line, for this fee.
$TIERS = (
$rows
)


def $best_offer($quantity):
    """Return (percent, fee) for a line of so many units: the highest percent and, among equals, the lowest fee."""
    $reached = [($percent, fee) for $units, $percent, fee in $TIERS if $quantity >= $units]
    $reached.sort(key=lambda $offer: $key)
    return $reached[0] if $reached else (0, 0)
'''
PRICING = {
    "tiers": TABLE + DISCOUNT_PERCENT + DISCOUNTED,
    "joined": TABLE + DISCOUNT_PERCENT + COUNTED + DISCOUNTED,
    "offers": BEST_OFFER + DISCOUNTED,
}

CART = {
    "tiers": '''"""Prices of a shopping cart."""

from app.pricing import $imported


def $line_total(unit_cents, $quantity):
    """Return the price of one line in cents, volume discount included."""
    return $discounted(unit_cents * $quantity, $discount_percent($quantity))


def $cart_total(lines):
    """Return the price of all lines, pairs of (unit_cents, $quantity), in cents."""
    return sum($line_total(unit_cents, $quantity) for unit_cents, $quantity in lines)
''',
    "joined": '''"""Prices of a shopping cart."""

from app.pricing import $imported


def $line_total(unit_cents, $quantity, of_article):
    """Return the price of one line in cents, with the discount that all units of its article reach."""
    return $discounted(unit_cents * $quantity, $discount_percent(of_article))


def $cart_total(lines):
    """Return the price of all lines, triples of (article, unit_cents, $quantity), in cents."""
    together = $counted(lines)
    return sum($line_total(unit_cents, $quantity, together[article]) for article, unit_cents, $quantity in lines)
''',
    "offers": '''"""Prices of a shopping cart."""

from app.pricing import $imported


def $line_total(unit_cents, $quantity):
    """Return the price of one line in cents, volume discount and its fee included."""
    $percent, fee = $best_offer($quantity)
    return $discounted(unit_cents * $quantity, $percent) + fee


def $cart_total(lines):
    """Return the price of all lines, pairs of (unit_cents, $quantity), in cents."""
    return sum($line_total(unit_cents, $quantity) for unit_cents, $quantity in lines)
''',
}
IMPORTED = {
    "tiers": ("discount_percent", "discounted"),
    "joined": ("counted", "discount_percent", "discounted"),
    "offers": ("best_offer", "discounted"),
}

TESTS = '''"""Prices as the shop advertises them: $advertised."""

from app.cart import $cart_total


def test_a_small_order_pays_the_full_price():
    assert $cart_total($small) == $small_total


def test_an_order_inside_a_tier_gets_its_discount():
    assert $cart_total($inside) == $inside_total


def test_every_${counted_together}_is_discounted_by_itself():
    assert $cart_total($two_lines) == $two_lines_total


def $failing_test():
$earlier    assert $cart_total($failing) == $failing_total
'''
FAILING = {
    "boundary": "test_a_tier_starts_at_its_number_of_units",
    "rounding": "test_half_a_cent_is_rounded_up",
    "default": "test_every_cart_is_counted_by_itself",
    "tie": "test_of_two_offers_with_the_same_discount_the_cheaper_one_counts",
}

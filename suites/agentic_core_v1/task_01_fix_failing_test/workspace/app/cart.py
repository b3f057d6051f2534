"""Prices of a shopping cart."""

from app.pricing import discount_percent, discounted


def line_total(unit_cents, quantity):
    """Return the price of one line in cents, volume discount included."""
    return discounted(unit_cents * quantity, discount_percent(quantity))


def cart_total(lines):
    """Return the price of all lines, pairs of (unit_cents, quantity), in cents."""
    return sum(line_total(unit_cents, quantity) for unit_cents, quantity in lines)

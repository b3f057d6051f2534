"""Volume discounts. Amounts are whole cents."""

# (units, percent): from this many units on, this many percent off the line.
TIERS = (
    (10, 5),
    (50, 10),
    (100, 15),
)


def discount_percent(quantity):
    """Return the percent off for a line of so many units: that of the highest tier it reaches."""
    percent = 0
    for units, off in TIERS:
        if quantity > units:
            percent = off
    return percent


def discounted(cents, percent):
    """Return the amount less percent, rounded half up to a whole cent."""
    return (cents * (100 - percent) + 50) // 100

"""What a pass costs, in exact decimal arithmetic, and how money and ratios are printed."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Context, Decimal

# Its own context: a figure may not depend on what somebody set for this thread.
_EXACT = Context(prec=28)
_SIGNIFICANT = 3
_PLAIN_RATIO_FROM = 10


def per(total: Decimal | None, count: int) -> Decimal | None:
    """``total`` US dollars shared by ``count`` runs; None when the total is unknown or the count is 0."""
    return None if total is None or count == 0 else _EXACT.divide(total, Decimal(count))


def ratio(value: Decimal | None, reference: Decimal | None) -> Decimal | None:
    """How many times the reference; None when either is unknown or the reference is 0."""
    return None if value is None or not reference else _EXACT.divide(value, reference)


def ratio_text(value: Decimal | None, reference: Decimal | None, *, decimals: int | None = None) -> str:
    """A ratio as it is printed, ``2.7x`` below ten and ``146x`` from there; ``n/a`` when there is none."""
    exact = ratio(value, reference)
    if exact is None:
        return "n/a"
    places = decimals
    if places is None:
        places = 1 if abs(_rounded(exact, 1)) < _PLAIN_RATIO_FROM else 0
    return f"{_rounded(exact, places):f}x"


def usd_text(amount: Decimal | None, *, significant: int = _SIGNIFICANT) -> str:
    """US dollars as printed: cents at least, and as many significant digits as asked for; ``unknown`` for None."""
    if amount is None:
        return "unknown"
    places = max(2, significant - 1 - amount.adjusted()) if amount else 2
    whole, _, fraction = f"{_rounded(abs(amount), places):f}".partition(".")
    sign = "-" if amount < 0 else ""
    return f"{sign}${whole}.{fraction.rstrip('0'):0<2}"


def _rounded(amount: Decimal, places: int) -> Decimal:
    # Half away from zero, as people round; precise enough for any amount at that number of places.
    wide = Context(prec=max(28, amount.adjusted() + places + 2), rounding=ROUND_HALF_UP)
    return amount.quantize(Decimal(1).scaleb(-places), context=wide)

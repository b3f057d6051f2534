"""Plain-text reports over bookings, pairs of (account, cents)."""


def sales_report(bookings):
    """Return the sales per account, sorted by account, and their total."""
    totals = {}
    for account, cents in bookings:
        account = account.strip()
        if not account:
            raise ValueError("a booking without an account")
        if not isinstance(cents, int):
            raise TypeError("amounts are whole cents")
        totals[account] = totals.get(account, 0) + cents
    width = max([len(account) for account in totals] + [8])
    lines = ["Sales"]
    lines.append("=" * (width + 12))
    for account in sorted(totals):
        amount = "%.2f" % (totals[account] / 100)
        lines.append(account.ljust(width) + amount.rjust(12))
    total = "%.2f" % (sum(totals.values()) / 100)
    lines.append("total".ljust(width) + total.rjust(12))
    return "\n".join(lines)


def refunds_report(bookings):
    """Return the refunds per account as negative amounts, sorted by account, and their total."""
    sums = {}
    for account, cents in bookings:
        account = account.strip()
        if not account:
            raise ValueError("a booking without an account")
        if not isinstance(cents, int):
            raise TypeError("amounts are whole cents")
        sums[account] = sums.get(account, 0) - cents
    width = max([len(account) for account in sums] + [8])
    rows = ["Refunds"]
    rows.append("=" * (width + 12))
    for account in sorted(sums):
        amount = "%.2f" % (sums[account] / 100)
        rows.append(account.ljust(width) + amount.rjust(12))
    total = "%.2f" % (sum(sums.values()) / 100)
    rows.append("total".ljust(width) + total.rjust(12))
    return "\n".join(rows)


def shorten(text, width=20):
    """Return the text cut to so many characters, with dots where something is missing."""
    if len(text) <= width:
        return text
    return text[: max(width - 3, 0)] + "..."


def payouts_report(bookings):
    """Return the payouts per account, sorted by account, and their total; there must be some."""
    totals = {}
    for account, cents in bookings:
        account = account.strip()
        if not account:
            raise ValueError("a booking without an account")
        if not isinstance(cents, int):
            raise TypeError("amounts are whole cents")
        totals[account] = totals.get(account, 0) + cents
    if not totals:
        raise LookupError("no payouts")
    width = max([len(account) for account in totals] + [8])
    lines = ["Payouts"]
    lines.append("=" * (width + 12))
    for account in sorted(totals):
        amount = "%.2f" % (totals[account] / 100)
        lines.append(account.ljust(width) + amount.rjust(12))
    total = "%.2f" % (sum(totals.values()) / 100)
    lines.append("total".ljust(width) + total.rjust(12))
    return "\n".join(lines)


def parse_cents( text ):
    """Return an amount such as '12.50' or '-3' in cents."""
    sign = -1 if text.strip().startswith( '-' ) else 1
    whole, _, part = text.strip().lstrip( '+-' ).partition( '.' )
    return sign * ( int( whole or '0' ) * 100 + int( ( part + '00' )[:2] ) )

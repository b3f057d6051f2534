"""Print this month's three reports."""

from report import parse_cents, payouts_report, refunds_report, sales_report, shorten

SALES = [("online", "1250.00"), ("market hall, ground floor", "310.5"), ("online", "75.25")]
REFUNDS = [("online", "19.99"), ("market hall, ground floor", "4")]
PAYOUTS = [("landlord", "900"), ("courier", "64.80")]


def bookings(entries):
    """Return entries of (account, amount as text) as bookings."""
    return [(shorten(account), parse_cents(amount)) for account, amount in entries]


def main():
    print(sales_report(bookings(SALES)))
    print()
    print(refunds_report(bookings(REFUNDS)))
    print()
    print(payouts_report(bookings(PAYOUTS)))


if __name__ == "__main__":
    main()

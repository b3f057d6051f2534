from report import parse_cents, payouts_report, refunds_report, sales_report, shorten

BOOKINGS = [("online", 1250), ("shop", 400), (" online ", 50)]


def test_sales():
    assert sales_report(BOOKINGS).splitlines() == [
        "Sales",
        "====================",
        "online         13.00",
        "shop            4.00",
        "total          17.00",
    ]


def test_refunds_are_negative():
    assert refunds_report([("online", 199)]).splitlines()[-1] == "total          -1.99"


def test_payouts():
    assert payouts_report(BOOKINGS).splitlines()[0] == "Payouts"
    assert payouts_report(BOOKINGS).splitlines()[-1] == "total          17.00"


def test_shorten():
    assert shorten("a long name of an account") == "a long name of an..."


def test_parse_cents():
    assert parse_cents("-12.5") == -1250

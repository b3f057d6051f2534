"""Word lists that the scenarios of several tasks draw from; every word is plain ASCII and no Python keyword.

The order of a list is part of the suite's version: an earlier draw picks by position.
"""

from __future__ import annotations

ARTICLES = (
    *("bolt", "nut", "washer", "axle", "hinge", "bracket", "spring", "rivet", "gasket", "pulley", "dowel", "clamp"),
    *("bearing", "flange", "spindle", "valve", "lever", "ratchet", "grommet", "bushing"),
)
"""Things of a workshop, in the singular."""

TRADED = (
    *("sales", "refunds", "payouts", "rents", "fees", "grants", "tips", "loans", "wages", "dues", "fines", "gifts"),
    *("deposits", "pledges", "royalties", "premiums", "rebates", "tolls", "bonuses", "subsidies"),
)
"""Kinds of payments, in the plural."""

RESOURCES = (
    *("orders", "bookings", "invoices", "tickets", "parcels", "vouchers", "contracts", "appointments", "rentals"),
    *("enrolments", "subscriptions", "shipments", "permits", "repairs", "visits", "licences", "tenders", "lessons"),
    *("uploads", "badges", "petitions", "coupons", "memberships", "lockers"),
)
"""What clients create through an interface, in the plural; the singular is the word less its ``s``."""

PAGES = ("cart", "basket", "profile", "wishlist", "inbox", "calendar", "menu", "favourites", "messages", "vendors")
"""What clients only look at."""

COUNTRIES = ("DE", "AT", "CH", "DK", "SE", "FI", "PL", "CZ", "HU", "FR", "PT", "NL", "LU", "SK", "HR", "SI")
"""Codes of countries, none of which reads as an English word."""

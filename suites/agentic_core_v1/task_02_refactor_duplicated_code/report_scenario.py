"""The three reports in drawn words: which is plain, which is negative, and which must not be empty.

What is drawn: what the reports are about, their parameter and the words inside, widths, the rule under the title, the
label of the sum, the exception for an empty report, names and constants of the two unrelated functions, the accounts
and amounts of main.py and of the tests, and the order of the five functions.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from random import Random
from string import Template

from agentic_core_words import TRADED

from pytest_agentcore import Draw

NAMES: Mapping[str, tuple[str, ...]] = {
    "suffix": ("report", "statement", "overview", "listing", "table"),
    "bookings": ("bookings", "entries", "records", "postings", "movements", "rows_given"),
    "account": ("account", "party", "holder", "name", "ledger"),
    "cents": ("cents", "pence", "amount_due", "minor", "figure"),
    "totals": ("totals", "balances", "collected", "added"),
    "sums": ("sums", "results", "taken", "combined"),
    "lines": ("lines", "output", "parts", "written"),
    "rows": ("rows", "printed", "table_rows", "shown"),
    "shorten": ("shorten", "clip", "abbreviate", "cut_to", "fit"),
    "parse": ("parse_cents", "read_amount", "to_minor", "amount_of", "cents_from"),
    "refusal": ("LookupError", "RuntimeError", "ArithmeticError", "EOFError"),
    "total": ("total", "sum", "overall", "together", "all"),
    "rule": ("=", "-", "~", "*", "."),
    "dots": ("...", "..", "~", "--"),
}
"""Each word of the published file, and what may stand for it."""

ACCOUNTS = ("online", "market hall, ground floor", "landlord", "courier", "shop")
MORE_ACCOUNTS = (
    *("web", "kiosk, north entrance of the fair", "printer", "electrician", "garden", "studio", "canteen", "warehouse"),
    *("agency for temporary work", "school", "theatre cloakroom and bar", "harbour", "station", "archive", "bakery"),
)

PLAIN = '''def ${plain}_$suffix($bookings):
    """Return the $plain per account, sorted by account, and their total."""
    $totals = {}
    for $account, $cents in $bookings:
        $account = $account.strip()
        if not $account:
            raise ValueError("a booking without an account")
        if not isinstance($cents, int):
            raise TypeError("amounts are whole cents")
        $totals[$account] = $totals.get($account, 0) + $cents
    width = max([len($account) for $account in $totals] + [$least])
    $lines = ["$Plain"]
    $lines.append("$rule" * (width + $column))
    for $account in sorted($totals):
        amount = "%.2f" % ($totals[$account] / 100)
        $lines.append($account.ljust(width) + amount.rjust($column))
    total = "%.2f" % (sum($totals.values()) / 100)
    $lines.append("$total".ljust(width) + total.rjust($column))
    return "\\n".join($lines)
'''
STRICT = (
    PLAIN.replace("plain", "strict")
    .replace("Plain", "Strict")
    .replace("their total.", "their total; there must be some.")
    .replace("    width =", '    if not $totals:\n        raise $refusal("no $strict")\n    width =')
)
NEGATED = (
    PLAIN.replace("plain", "negated")
    .replace("Plain", "Negated")
    .replace("per account,", "per account as negative amounts,")
    .replace(" + $cents\n", " - $cents\n")
    .replace("$totals", "$sums")
    .replace("$lines", "$rows")
)
SHORTEN = '''def $shorten(text, width=$default_width):
    """Return the text cut to so many characters, with dots where something is missing."""
    if len(text) <= width:
        return text
    return text[: max(width - $dots_width, 0)] + "$dots"
'''
PARSE = '''def $parse( text ):
    """Return an amount such as '12.50' or '-3' in cents."""
    sign = -1 if text.strip().startswith( '-' ) else 1
    whole, _, part = text.strip().lstrip( '+-' ).partition( '.' )
    return sign * ( int( whole or '0' ) * 100 + int( ( part + '00' )[:2] ) )
'''
FUNCTIONS = {"plain": PLAIN, "negated": NEGATED, "shorten": SHORTEN, "strict": STRICT, "parse": PARSE}
HEADER = '"""Plain-text reports over bookings, pairs of (account, cents)."""\n'

MAIN = '''"""Print this month's three reports."""

from report import $imported

$PLAIN = [$plain_amounts]
$NEGATED = [$negated_amounts]
$STRICT = [$strict_amounts]


def bookings(entries):
    """Return entries of (account, amount as text) as bookings."""
    return [($shorten(account), $parse(amount)) for account, amount in entries]


def main():
    print(${plain}_$suffix(bookings($PLAIN)))
    print()
    print(${negated}_$suffix(bookings($NEGATED)))
    print()
    print(${strict}_$suffix(bookings($STRICT)))


if __name__ == "__main__":
    main()
'''
TESTS = """from report import $imported

BOOKINGS = [("$first", $much), ("$last", $some), (" $first ", $little)]


def test_$plain():
    assert ${plain}_$suffix(BOOKINGS).splitlines() == [
        "$Plain",
        "$ruler",
        "$first_row",
        "$last_row",
        "$total_row",
    ]


def test_${negated}_are_negative():
    assert ${negated}_$suffix([("$first", $one)]).splitlines()[-1] == "$negative_row"


def test_$strict():
    assert ${strict}_$suffix(BOOKINGS).splitlines()[0] == "$Strict"
    assert ${strict}_$suffix(BOOKINGS).splitlines()[-1] == "$total_row"


def test_$shorten():
    assert $shorten("a long name of an account") == "$shortened"


def test_$parse():
    assert $parse("-12.5") == -1250
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """One module of reports."""

    names: Mapping[str, str]
    """By the words of the published file."""
    plain: str = "sales"
    negated: str = "refunds"
    strict: str = "payouts"
    """What the three reports are about; the last one must not be empty."""
    order: tuple[str, ...] = tuple(FUNCTIONS)
    """The functions from top to bottom."""
    least: int = 8
    """Characters that the column of accounts has at least."""
    column: int = 12
    """Characters of the column of amounts."""
    default_width: int = 20
    accounts: tuple[str, ...] = ACCOUNTS
    amounts: tuple[str, ...] = ("1250.00", "310.5", "75.25", "19.99", "4", "900", "64.80")
    much: int = 1250
    some: int = 400
    little: int = 50
    one: int = 199

    @property
    def subjects(self) -> Mapping[str, str]:
        """What the reports are about, by what is special about each."""
        return {"plain": self.plain, "negated": self.negated, "strict": self.strict}

    @property
    def reports(self) -> Mapping[str, str]:
        """The names of their functions."""
        return {kind: f"{subject}_{self.names['suffix']}" for kind, subject in self.subjects.items()}

    @property
    def titles(self) -> Mapping[str, str]:
        """Their first lines."""
        return {kind: subject.capitalize() for kind, subject in self.subjects.items()}

    def source(self, function: str) -> str:
        """One function of report.py, without a line end: plain, negated, strict, shorten or parse."""
        return Template(FUNCTIONS[function]).substitute(self._values()).removesuffix("\n")

    def files(self) -> dict[str, str]:
        """The workspace."""
        functions = [self.source(name) + "\n" for name in self.order]
        values = self._values() | self._shown()
        return {
            "main.py": Template(MAIN).substitute(values),
            "report.py": "\n\n".join([HEADER, *functions]),
            "test_report.py": Template(TESTS).substitute(values),
        }

    def _values(self) -> dict[str, str | int]:
        return {
            **self.names,
            **self.subjects,
            **{kind.capitalize(): title for kind, title in self.titles.items()},
            **{kind.upper(): subject.upper() for kind, subject in self.subjects.items()},
            "least": self.least,
            "column": self.column,
            "default_width": self.default_width,
            "dots_width": len(self.names["dots"]),
        }

    def _shown(self) -> dict[str, str | int]:
        """What main.py and the tests hold."""
        online, hall, landlord, courier, shop = self.accounts
        amounts = self.amounts
        entries = {
            "plain_amounts": [(online, amounts[0]), (hall, amounts[1]), (online, amounts[2])],
            "negated_amounts": [(online, amounts[3]), (hall, amounts[4])],
            "strict_amounts": [(landlord, amounts[5]), (courier, amounts[6])],
        }
        first, last = online, shop
        kept = self.default_width - len(self.names["dots"])
        return {
            **{key: ", ".join(f'("{name}", "{amount}")' for name, amount in rows) for key, rows in entries.items()},
            "imported": ", ".join(sorted((*self.reports.values(), self.names["shorten"], self.names["parse"]))),
            "first": first,
            "last": last,
            "much": self.much,
            "some": self.some,
            "little": self.little,
            "one": self.one,
            "ruler": self.names["rule"] * (self.least + self.column),
            "first_row": self._row(first, self.much + self.little),
            "last_row": self._row(last, self.some),
            "total_row": self._row(self.names["total"], self.much + self.little + self.some),
            "negative_row": self._row(self.names["total"], -self.one),
            "shortened": "a long name of an account"[:kept] + self.names["dots"],
        }

    def _row(self, label: str, cents: int) -> str:
        return f"{label:{self.least}}{cents / 100:{self.column}.2f}"


CANONICAL = Scenario(names={name: choices[0] for name, choices in NAMES.items()})


def draw(by: Draw) -> Scenario:
    """The published reports, or others."""
    return CANONICAL if by.canonical else _drawn(by.random())


def _drawn(random: Random) -> Scenario:
    plain, negated, strict = random.sample(TRADED, 3)
    short = [account for account in MORE_ACCOUNTS if len(account) <= 6]
    first, last = sorted(random.sample(short, 2))
    long = random.choice([account for account in MORE_ACCOUNTS if len(account) > 20])
    others = random.sample([account for account in MORE_ACCOUNTS if account not in (first, last, long)], 2)
    return Scenario(
        names={name: random.choice(choices) for name, choices in NAMES.items()},
        plain=plain,
        negated=negated,
        strict=strict,
        order=tuple(random.sample(list(FUNCTIONS), len(FUNCTIONS))),
        least=random.randrange(7, 14),
        column=random.randrange(10, 17),
        default_width=random.randrange(12, 24),
        accounts=(first, long, *others, last),
        amounts=tuple(f"{random.randrange(100, 200_000) / 100:.2f}" for _ in range(7)),
        much=random.randrange(1000, 90_000),
        some=random.randrange(100, 990),
        little=random.randrange(1, 99),
        one=random.randrange(101, 9999),
    )

"""The shop in drawn words and numbers, with one of four bugs planted in it.

What is drawn: the bug (a tier boundary left out, half cents rounded to the even one, a mutable default argument, a tie
left to chance in a sort key), the price list, the names, and the carts of the visible tests, of which one fails.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from random import Random
from string import Template

import pricing_sources as source
from agentic_core_words import ARTICLES

from pytest_agentcore import Draw

Line = tuple[int, int] | tuple[str, int, int]
"""Price of a unit in cents and number of units, after the article where the kind of price list asks for it."""
Tier = tuple[int, int, int]
"""From so many units on, so many percent off, for a fee in cents."""

KINDS = {"boundary": "tiers", "rounding": "tiers", "default": "joined", "tie": "offers"}
"""Which kind of price list each bug stands in."""
RIGHT = {
    "reaches": "$quantity >= $units",
    "rounding": "($cents * (100 - $percent) + 50) // 100",
    "default": "None",
    "fresh": "\n    $seen = {} if $seen is None else $seen",
    "key": "(-$offer[0], $offer[1])",
}
WRONG = {
    "boundary": {"reaches": "$quantity > $units"},
    "rounding": {"rounding": "round($cents * (100 - $percent) / 100)"},
    "default": {"default": "{}", "fresh": ""},
    "tie": {"key": "-$offer[0]"},
}
REPAIR = {
    "boundary": "/^def $discount_percent(/,/^    return/s/$quantity > $units/$quantity >= $units/",
    "rounding": "/^def $discounted(/,/^    return/s|round($cents .*|($cents * (100 - $percent) + 50) // 100|",
    "default": "s/^def $counted(lines, $seen={}):/def $counted(lines, $seen=None):/; "
    r"s/^    for article, _, $quantity/    $seen = {} if $seen is None else $seen\n&/",
    "tie": r"/^def $best_offer(/,/^    return/s/$reached.sort(key=lambda $offer: -$offer\[0\])"
    "/$reached.sort(key=lambda $offer: (-$offer[0], $offer[1]))/",
}
"""Commands of sed that put pricing.py right."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """One shop and its bug."""

    bug: str
    names: Mapping[str, str]
    """By the names of the published sources."""
    tiers: tuple[Tier, ...]
    small: tuple[Line, ...]
    inside: tuple[Line, ...]
    two_lines: tuple[Line, ...]
    failing: tuple[Line, ...]
    """The carts of the visible tests; with a mutable default the failing test asks for the last one twice."""

    @property
    def kind(self) -> str:
        """Of price list: tiers, joined or offers."""
        return KINDS[self.bug]

    @property
    def visible(self) -> tuple[tuple[Line, ...], ...]:
        """The carts that the visible tests ask for, in order."""
        again = (self.failing,) if self.bug == "default" else ()
        return (self.small, self.inside, self.two_lines, *again, self.failing)

    @property
    def failing_test(self) -> str:
        """The name of the test that fails."""
        return source.FAILING[self.bug]

    @property
    def failing_tier(self) -> Tier:
        """The tier that the failing cart reaches, or would reach if it were counted twice."""
        return max((tier for tier in self.tiers if tier[0] <= self.failing[0][-1]), default=self.tiers[0])

    @property
    def expected(self) -> int:
        """What the failing test rightly expects, in cents."""
        return self.total(self.failing)

    def total(self, cart: tuple[Line, ...]) -> int:
        """The price of a cart of the visible tests, none of which has an article twice."""
        cents = 0
        for *_, unit_cents, quantity in cart:
            reached = [(percent, -fee) for units, percent, fee in self.tiers if quantity >= units]
            percent, less = max(reached, default=(0, 0))
            cents += (int(unit_cents) * quantity * (100 - percent) + 50) // 100 - less
        return cents

    def files(self) -> dict[str, str]:
        """The workspace."""
        return {
            "app/__init__.py": "",
            "app/cart.py": self.filled(source.CART[self.kind]),
            "app/pricing.py": self.filled(source.PRICING[self.kind]),
            "tests/__init__.py": "",
            "tests/test_pricing.py": self.filled(source.TESTS),
        }

    def right_pricing(self) -> str:
        """app/pricing.py without the bug."""
        return self.filled(source.PRICING[self.kind], **RIGHT)

    @property
    def repair(self) -> str:
        """Commands of sed that put app/pricing.py right."""
        return self.filled(REPAIR[self.bug])

    def written(self, **texts: str) -> str:
        """The text for this bug, else for its kind of price list, with the names filled in."""
        return self.filled(texts[self.bug] if self.bug in texts else texts[self.kind])

    def filled(self, text: str, **pieces: str) -> str:
        """A template with the names, numbers and pieces of this scenario; what is none of them stays."""
        parts = {**RIGHT, **WRONG[self.bug], **pieces}
        parts = {name: Template(piece).safe_substitute(self.names) for name, piece in parts.items()}
        return Template(text).safe_substitute(self._numbers(), **{**self.names, **parts})

    def _numbers(self) -> dict[str, str | int]:
        units, percent, fee = self.failing_tier
        table = self.tiers if self.kind == "offers" else tuple(tier[:2] for tier in self.tiers)
        carts = {"small": self.small, "inside": self.inside, "two_lines": self.two_lines, "failing": self.failing}
        imported = sorted(self.names[name] for name in source.IMPORTED[self.kind])
        *_, unit_cents, quantity = self.failing[0]
        earlier = f"    {self.names['cart_total']}({_shown(self.failing)})\n" if self.bug == "default" else ""
        return {
            "imported": ", ".join(imported),
            "rows": "\n".join(f"    {row}," for row in table),
            "table": str(table),
            "downwards": str(table[::-1]),
            "all_units": str([tier[0] for tier in self.tiers]),
            "all_percent": str([0, *(tier[1] for tier in self.tiers)]),
            "advertised": self._advertised(),
            "counted_together": "article" if self.kind == "joined" else "line",
            **{name: _shown(cart) for name, cart in carts.items()},
            **{f"{name}_total": self.total(cart) for name, cart in carts.items()},
            "failing_test": self.failing_test,
            "earlier": earlier,
            "tier_units": units,
            "one_before": units - 1,
            "tier_percent_off": percent,
            "tier_fee": fee,
            "asked": quantity,
            "asked_cents": int(unit_cents) * quantity,
            "article": f'"{self.failing[0][0]}"',
        }

    def _advertised(self) -> str:
        (units, percent, fee), *others = self.tiers
        first = f"{percent} % off from {units} units" + (f" for {fee} cents" if fee else "")
        more = [f"{off} % from {least}" + (f" for {costs}" if costs else "") for least, off, costs in others]
        together = ["all lines of an article counted together"] if self.kind == "joined" else []
        return ", ".join([first, *more, *together])


def _shown(cart: tuple[Line, ...]) -> str:
    """A cart as the tests write it: a list of tuples, strings in double quotes."""
    lines = [", ".join(f'"{part}"' if isinstance(part, str) else str(part) for part in line) for line in cart]
    return f"[{', '.join(f'({line})' for line in lines)}]"


CANONICAL = Scenario(
    bug="boundary",
    names={name: choices[0] for name, choices in source.NAMES.items()},
    tiers=((10, 5, 0), (50, 10, 0), (100, 15, 0)),
    small=((250, 4),),
    inside=((199, 20),),
    two_lines=((100, 60), (333, 2)),
    failing=((120, 50),),
)


def draw(by: Draw) -> Scenario:
    """The published shop, or another one."""
    return CANONICAL if by.canonical else _drawn(by.random())


def _drawn(random: Random) -> Scenario:
    bug = random.choice(tuple(KINDS))
    tiers = _offers(random) if bug == "tie" else _tiers(random)
    names = {name: random.choice(choices) for name, choices in source.NAMES.items()}
    first, second = tiers[:2]
    few = random.randrange(2, first[0] - 1)
    carts: list[list[tuple[int, int]]] = [
        [(random.randrange(50, 700), few)],
        [_exact(random, first, range(first[0] + 1, second[0]))],
        [_exact(random, first, range(first[0] + 1, second[0])), (random.randrange(50, 700), 2)],
        [_failing(random, bug, tiers)],
    ]
    articles = iter(random.sample(ARTICLES, 5))
    named = [tuple((next(articles), *line) if bug == "default" else line for line in cart) for cart in carts]
    return Scenario(
        bug=bug, names=names, tiers=tiers, small=named[0], inside=named[1], two_lines=named[2], failing=named[3]
    )


def _percents(random: Random, many: int) -> list[int]:
    """Rising, and none of them a multiple of four: half cents occur with all of them."""
    return sorted(random.sample([percent for percent in range(3, 28) if percent % 4], many))


def _tiers(random: Random) -> tuple[Tier, ...]:
    units = (random.randrange(8, 16), random.randrange(30, 70), random.randrange(90, 150))
    return tuple((least, percent, 0) for least, percent in zip(units, _percents(random, 3), strict=True))


def _offers(random: Random) -> tuple[Tier, ...]:
    """Two pairs with the same discount: the cheaper offer comes later in the first pair, earlier in the second."""
    low, middle, high = _percents(random, 3)
    units = [random.randrange(start, start + 12) for start in (8, 30, 50, 80, 110)]
    fees = sorted(random.sample(range(20, 400, 5), 5))
    later, earlier = fees[1:3], fees[3:5]
    costs = (fees[0], later[1], later[0], *earlier)
    return tuple(zip(units, (low, middle, middle, high, high), costs, strict=True))


def _exact(random: Random, tier: Tier, quantities: range) -> tuple[int, int]:
    """A line inside a tier whose discounted price is a whole number of cents."""
    return _line(random, quantities, lambda cents: cents * (100 - tier[1]) % 100 == 0)


def _failing(random: Random, bug: str, tiers: tuple[Tier, ...]) -> tuple[int, int]:
    """A line that the bug prices wrongly, and none of the other bugs."""
    if bug == "tie":
        return _exact(random, tiers[2], range(tiers[2][0] + 1, tiers[3][0]))
    if bug == "default":
        least, percent, _ = tiers[0]
        return _line(random, range(least // 2 + 1, least), lambda cents: cents * (100 - percent) % 100 == 0)
    place = random.randrange(3)
    least, percent, _ = tiers[place]
    below = tiers[place - 1][1] if place else 0
    if bug == "boundary":
        exact = (100 - percent, 100 - below)
        return _line(random, range(least, least + 1), lambda cents: not any(cents * share % 100 for share in exact))
    inside = range(least + 1, [*(tier[0] for tier in tiers[1:]), 200][place])
    return _line(random, inside, lambda cents: cents * (100 - percent) % 200 == 50)


def _line(random: Random, quantities: range, suits: Callable[[int], bool]) -> tuple[int, int]:
    """A price and a quantity whose product suits; a hundred times as many are tried as are needed."""
    for _ in range(100_000):
        unit_cents, quantity = random.randrange(20, 500), random.choice(quantities)
        if suits(unit_cents * quantity):
            return unit_cents, quantity
    raise ValueError(f"no line suits with {quantities!r}")

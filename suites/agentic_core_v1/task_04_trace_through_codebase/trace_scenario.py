"""The shop in drawn words and numbers: what one order costs there, and by which way.

What is drawn: the names of functions, settings and aliases, items, prices, orders, regions with their settings, whether
a function or a module is imported under another name, in which order list price and rebate meet, which module has a
dead twin. The value always ends in a single zero, so that 12.5 can be written for 12.50.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from random import Random
from string import Template

import trace_sources as source
from agentic_core_words import ARTICLES, COUNTRIES

from pytest_agentcore import Draw

CENT, TENTH = Decimal("0.01"), Decimal("0.10")


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """One row of the shop's orders."""

    item: str
    quantity: int
    region: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """One shop and the order that is asked about."""

    names: Mapping[str, str]
    """By the names of the published sources."""
    prices: Mapping[str, str]
    orders: Mapping[str, Order]
    order_id: str
    defaults: tuple[str, str]
    """Rebate and tax of a region that sets none."""
    regions: Mapping[str, tuple[str | None, str | None]]
    """Rebate and tax that a region sets itself; the first region has none of its own."""
    module_alias: bool = False
    """Does main.py import the module tax under another name, in place of its function?"""
    in_steps: bool = False
    """Does main.py keep what it computes in variables?"""
    net_is_given: bool = False
    """Does ``quote`` look the list price up for ``net``?"""
    taxed: int = 0
    """Which of the forms of ``apply``."""
    dead: str = "tax"
    """The module that has a twin nobody imports."""

    @property
    def order(self) -> Order:
        """The order that is asked about."""
        return self.orders[self.order_id]

    @property
    def dead_file(self) -> str:
        """The dead twin's path under src/."""
        return f"{self.names['old']}/{self.dead}.py"

    def files(self) -> dict[str, str]:
        """The workspace."""
        pricing = source.PRICING + (source.NET_IS_GIVEN if self.net_is_given else source.NET_ASKS)
        texts = {
            "config.py": source.CONFIG,
            "fmt.py": source.FMT,
            self.dead_file: source.OLD_TAX if self.dead == "tax" else source.OLD_PRICING,
            "main.py": source.MAIN,
            "pricing.py": pricing,
            "tax.py": source.TAX,
        }
        return {f"src/{path}": self._filled(text, **self._parts()) for path, text in texts.items()}

    def _parts(self) -> dict[str, str]:
        imported = (
            f"import tax as {self.names['duty']}"
            if self.module_alias
            else self._filled("from tax import $apply as $charge")
        )
        taxing = self._filled("$duty.$apply" if self.module_alias else "$charge")
        printed = source.PRINTED_IN_STEPS if self.in_steps else source.PRINTED_AT_ONCE
        rows = [
            f'    "{key}": {{"item": "{order.item}", "quantity": {order.quantity}, "region": "{order.region}"}},'
            for key, order in self.orders.items()
        ]
        return {
            "import_tax": imported,
            "printed": self._filled(printed, taxing=taxing),
            "taxed": self._filled(source.TAXED[self.taxed]),
            "orders": "\n".join(rows),
            "prices": ", ".join(f'"{item}": "{price}"' for item, price in self.prices.items()),
            "home": next(iter(self.regions)),
            "default_rebate": self.defaults[0],
            "default_tax": self.defaults[1],
            "regions": "\n".join(f'    "{region}": {{{self._own(region)}}},' for region in self.regions),
        }

    def _own(self, region: str) -> str:
        keys = (self.names["rebate"], self.names["vat"])
        own = zip(keys, self.regions[region], strict=True)
        return ", ".join(f'"{key}": "{value}"' for key, value in own if value is not None)

    def _filled(self, text: str, **parts: str) -> str:
        return Template(text).substitute(self.names, **parts)

    def price(self, *, rebate: str | None = None, tax: str | None = None) -> str:
        """What the order costs, as it is printed; with another rebate or tax where one is given."""
        rebate, tax = rebate or self._setting(0), tax or self._setting(1)
        amount = Decimal(self.prices[self.order.item]) * self.order.quantity - Decimal(rebate)
        return f"{(amount + amount * Decimal(tax)).quantize(CENT, rounding=ROUND_HALF_UP):.2f}"

    def _setting(self, index: int) -> str:
        return self.regions[self.order.region][index] or self.defaults[index]

    @property
    def value(self) -> str:
        """What is printed: ``12.50``."""
        return self.price()

    @property
    def by_default(self) -> str:
        """What would be printed if the region set nothing."""
        return self.price(rebate=self.defaults[0], tax=self.defaults[1])

    @property
    def by_default_rebate(self) -> str:
        """What would be printed if the default of the parameter counted."""
        return self.price(rebate=self.defaults[0])

    @property
    def by_dead_module(self) -> str:
        """What would be printed if the dead twin were imported."""
        amount = Decimal(self.prices[self.order.item]) * self.order.quantity
        if self.dead == "tax":
            amount -= Decimal(self._setting(0))
            return f"{amount + amount * Decimal(self.defaults[1]) // TENTH * TENTH:.2f}"
        amount = (amount - Decimal(self.defaults[0])) // TENTH * TENTH
        return f"{(amount * (1 + Decimal(self._setting(1)))).quantize(CENT, rounding=ROUND_HALF_UP):.2f}"

    @property
    def tree(self) -> tuple[tuple[int, str], ...]:
        """Depth below ``main`` and name of every function, in the order of the calls."""
        pricing = ("net", "list_price")
        below_quote = ((2, "list_price"), (2, "net")) if self.net_is_given else ((2, pricing[0]), (3, pricing[1]))
        calls = ((1, "quote"), *below_quote, (1, "apply"), (2, "rate"), (2, "cents"), (1, "money"))
        files = {"quote": "pricing", "net": "pricing", "list_price": "pricing", "apply": "tax", "rate": "tax"}
        return tuple((depth, f"{files.get(call, 'fmt')}.py:{self.names[call]}") for depth, call in calls)

    @property
    def hops(self) -> tuple[str, ...]:
        """``file.py:function`` in the order of the calls, without ``main``."""
        return tuple(hop for _, hop in self.tree)

    @property
    def direct(self) -> tuple[str, ...]:
        """What ``main`` itself calls."""
        return tuple(hop for depth, hop in self.tree if depth == 1)

    @property
    def in_reading_order(self) -> tuple[str, ...]:
        """The calls of ``main`` from the outermost to the innermost, each with those below it."""
        starts = [place for place, (depth, _) in enumerate(self.tree) if depth == 1]
        groups = [self.hops[start:end] for start, end in zip(starts, [*starts[1:], None], strict=True)]
        return tuple(hop for group in reversed(groups) for hop in group)

    @property
    def edges(self) -> tuple[tuple[str, str], ...]:
        """Caller and function of every call."""
        found, above = [], {0: "main.py:main"}
        for depth, hop in self.tree:
            found.append((above[depth - 1], hop))
            above[depth] = hop
        return tuple(found)

    def drawing(self) -> str:
        """The tree below ``main`` with box characters, each function below its caller."""
        lines = []
        for place, (depth, hop) in enumerate(self.tree):
            later = self.tree[place + 1 :]
            marks = ["├── " if _goes_on(later, depth) else "└── "]
            marks = ["│   " if _goes_on(later, level) else "    " for level in range(1, depth)] + marks
            lines.append("".join(marks) + hop.replace(".py:", "."))
        return "\n".join(lines)

    def told(self, pattern: str) -> str:
        """A line for every call, by a pattern of ``{number} {file} {function} {line} {remark}``."""
        files, lines = self.files(), []
        for number, hop in enumerate(self.hops, 2):
            path, _, function = hop.partition(":")
            source_lines = files[f"src/{path}"].split("\n")
            line = next(at for at, text in enumerate(source_lines, 1) if text.startswith(f"def {function}("))
            remark = self._remarks()[hop]
            lines.append(pattern.format(file=path, function=function, line=line, number=number, remark=remark))
        return "\n".join(lines)

    def _remarks(self) -> dict[str, str]:
        """What a reader may note beside each call."""
        alias = "" if self.module_alias else f" (imported as {self.names['charge']})"
        listed = Decimal(self.prices[self.order.item]) * self.order.quantity
        noted = {
            "quote": " - the price before tax",
            "net": f", with the {self.names['rebate']} of {self.order.region}",
            "list_price": f" -> Decimal({listed})",
            "apply": alias,
            "rate": f" -> {self._setting(1)}",
            "cents": f" (imported as {self.names['rounded']} in tax.py)",
            "money": "",
        }
        return {hop: noted[name] for name in noted for hop in self.hops if hop.endswith(f":{self.names[name]}")}

    @property
    def by_alias(self) -> str:
        """The taxing function as main.py writes it, taken for its own name."""
        if self.module_alias:
            return f"{self.names['duty']}.py:{self.names['apply']}"
        return f"tax.py:{self.names['charge']}"

    @property
    def dead_twins(self) -> Mapping[str, str]:
        """The live functions that have a namesake in the dead module, each with it."""
        live = {"tax": ("apply", "rate"), "pricing": ("quote", "net")}[self.dead]
        twins = [f"{self.dead}.py:{self.names[name]}" for name in live]
        return {hop: f"{self.names['old']}/{hop}" for hop in twins}

    def with_dead_twins(self) -> tuple[str, ...]:
        """The calls as they would be if the dead twin were imported."""
        return tuple(self.dead_twins.get(hop, hop) for hop in self.hops)


def _goes_on(later: tuple[tuple[int, str], ...], level: int) -> bool:
    """Does another function of this level follow below the same caller?"""
    return next((depth for depth, _ in later if depth <= level), 0) == level


CANONICAL = Scenario(
    names={name: choices[0] for name, choices in source.NAMES.items()},
    prices={"bolt": "1.50", "nut": "0.80", "washer": "0.25"},
    orders={
        "A15": Order(item="washer", quantity=40, region="AT"),
        "A16": Order(item="nut", quantity=25, region="CH"),
        "A17": Order(item="bolt", quantity=8, region="DK"),
        "A18": Order(item="bolt", quantity=8, region="DE"),
    },
    order_id="A17",
    defaults=("0.50", "0.19"),
    regions={"DE": (None, None), "AT": (None, "0.20"), "CH": ("1.00", "0.08"), "DK": ("2.00", "0.25")},
)


def draw(by: Draw) -> Scenario:
    """The published shop, or another one in which every trap leads to a value of its own."""
    if by.canonical:
        return CANONICAL
    random = by.random()
    return next(shop for _ in range(10_000) if _is_telling(shop := _drawn(random)))


def _is_telling(shop: Scenario) -> bool:
    """One zero at the end, and no two of the values that a reader may come to are the same."""
    wrong = (shop.by_default, shop.by_default_rebate, shop.price(tax=shop.defaults[1]), shop.by_dead_module)
    return shop.value[-2] != "0" == shop.value[-1] and len({shop.value, *wrong}) == 1 + len(wrong)


def _drawn(random: Random) -> Scenario:
    items = random.sample(ARTICLES, 3)
    home, *others = random.sample(COUNTRIES, 4)
    first = random.randrange(11, 90)
    letter = random.choice("ABCDFGHJK")
    ids = [f"{letter}{first + step}" for step in range(4)]
    rebates = [f"{cents / 100:.2f}" for cents in random.sample(range(25, 400, 25), 3)]
    taxes = [f"0.{share:02}" for share in random.sample(range(5, 28), 4)]
    asked, twin = random.sample(range(4), 2)
    item, quantity = random.choice(items), random.randrange(6, 40)
    own = [(None, taxes[1]), (rebates[1], taxes[2]), (rebates[2], taxes[3])]
    rows = {
        ids[asked]: Order(item=item, quantity=quantity, region=others[2]),
        ids[twin]: Order(item=item, quantity=quantity, region=home),
    }
    for key, region in zip((key for key in ids if key not in rows), others, strict=False):
        rows[key] = Order(item=random.choice(items), quantity=random.randrange(6, 40), region=region)
    return Scenario(
        names={name: random.choice(choices) for name, choices in source.NAMES.items()},
        prices={name: f"{random.randrange(20, 900, 5) / 100:.2f}" for name in items},
        orders={key: rows[key] for key in ids},
        order_id=ids[asked],
        defaults=(rebates[0], taxes[0]),
        regions={home: (None, None), **dict(zip(others, own, strict=True))},
        module_alias=random.random() < 0.5,
        in_steps=random.random() < 0.5,
        net_is_given=random.random() < 0.5,
        taxed=random.randrange(len(source.TAXED)),
        dead=random.choice(("tax", "pricing")),
    )

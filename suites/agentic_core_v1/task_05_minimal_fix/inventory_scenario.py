r"""The workshop's inventory in drawn words: one comparison excludes equality, in a file of odd style.

What is drawn: all names, the articles and numbers of the test, the order of the functions, which lines end in blanks,
whether the condition guards the taking or the refusal, which operand stands left, and how many units always stay.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from random import Random
from string import Template

from agentic_core_words import ARTICLES

from pytest_agentcore import Draw

NAMES: Mapping[str, tuple[str, ...]] = {
    "OutOfStock": ("OutOfStock", "SoldOut", "NotEnough", "Shortage", "StockTooLow"),
    "reserve": ("reserve", "allot", "withdraw", "take_out", "set_aside", "book"),
    "release": ("release", "give_back", "put_back", "restock", "hand_in"),
    "running_low": ("running_low", "scarce", "nearly_gone", "to_reorder", "short_of"),
    "parse_line": ("parse_line", "read_line", "stock_line", "line_parts", "split_line"),
    "stock": ("stock", "shelf", "store", "bins", "drawers", "depot", "racks", "cellar"),
    "sku": ("sku", "article", "part", "item", "code", "piece", "label", "number"),
    "wanted": ("wanted", "asked", "needed", "count", "quantity", "ordered", "units", "requested", "claimed", "due"),
    "free": (
        "free",
        "left",
        "there",
        "present",
        "usable",
        "unsold",
        "available_now",
        "in_hand",
        "on_shelf",
        "existing",
    ),
    "returned": ("returned", "brought", "extra", "more", "spare"),
    "limit": ("limit", "least", "minimum", "threshold", "level"),
    "low": ("low", "few", "rare", "names", "listed"),
    "KEPT": ("KEPT", "RESERVE", "ALWAYS_THERE", "UNTOUCHED"),
}
"""Each name of the published file, and what it may be called; the lists have no word in common."""

HEADER = ('"""Stock of a small workshop."""', "", "import re", "")
FUNCTIONS: Mapping[str, tuple[str, ...]] = {
    "OutOfStock": ("class $OutOfStock(Exception) :", "    pass", ""),
    "release": (
        "def $release($stock, $sku, $returned):",
        '    """Put units back; an article that was never there is added."""',
        "    if $returned < 1: raise ValueError( 'nothing to release' )",
        "    $stock[$sku]=$stock.get($sku,0)+$returned",
        "    return $stock[ $sku ]",
        "",
    ),
    "running_low": (
        "def $running_low( $stock,$limit = $most_low ):",
        '    """Return the articles with fewer units than the limit, the scarcest first."""',
        "    $low=[ $sku for $sku in $stock if $stock[$sku]<$limit ]",
        "    $low.sort(key = lambda $sku:( $stock[$sku],$sku ))",
        "    return $low",
    ),
    "parse_line": (
        "def $parse_line(line) :",
        '''    """Return sku and units of a line such as ' $bolt-M6 ; $many'."""''',
        r"""    found=re.fullmatch(r"\s*([\w-]+)\s*;\s*(\d+)\s*",line)""",
        "    if found == None :",
        """        raise ValueError( "not a stock line: %r"%line )""",
        "    return found.group(1),int( found.group( 2 ) )",
    ),
}
RESERVE_HEAD = (
    "def $reserve( $stock,$sku,$wanted ) :",
    '    """Take so many units of an article off the stock and return what is left of it$that_stay."""',
    "    $free=$stock[ $sku ]",
    "    if $wanted<1 :",
    '        raise ValueError("nothing to reserve")',
)
CONDITION = "    if $condition:"
TAKES = (
    CONDITION,
    "        $stock[$sku] = $free-$wanted",
    "        return $stock[$sku]",
    "    raise $OutOfStock( $sku )",
)
REFUSES = (
    CONDITION,
    "        raise $OutOfStock( $sku )",
    "    $stock[$sku] = $free-$wanted",
    "    return $stock[$sku]",
)

TRAILING = ("    ", "  ", "    ", "  ", "   ", "\t", "    ")
"""Blanks at the ends of seven lines; the first ones of those below have them in the published file."""
CANONICAL_BLANKS = dict(
    zip(
        (
            *(HEADER[2], RESERVE_HEAD[1], RESERVE_HEAD[3], CONDITION),
            *(FUNCTIONS["release"][2], FUNCTIONS["running_low"][2], FUNCTIONS["parse_line"][0]),
        ),
        TRAILING,
        strict=True,
    )
)

TESTS = """import pytest

from inventory import $imported


def test_reserving_some_leaves_the_rest():
    stock = {"$bolt": $many}
    assert $reserve(stock, "$bolt", $some) == $rest
    assert stock == {"$bolt": $rest}


def test_the_last_units_can_be_reserved():
    stock = {"$bolt": $many, "$nut": $few}
    assert $reserve(stock, "$nut", $all_few) == $kept
    assert stock == {"$bolt": $many, "$nut": $kept}


def test_more_than_there_is_cannot_be_reserved():
    with pytest.raises($OutOfStock):
        $reserve({"$bolt": $many}, "$bolt", $too_many)


def test_released_units_are_back():
    assert $release({"$bolt": $many}, "$bolt", $back) == $with_back


def test_what_runs_low():
    assert $running_low({"$bolt": $many, "$nut": $lowest, "$washer": $lower}) == ["$nut", "$washer"]


def test_a_line_of_the_stock_list():
    assert $parse_line(" $bolt-M6 ; $many") == ("$bolt-M6", $many)
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """One inventory."""

    names: Mapping[str, str]
    """By the names of the published file."""
    articles: tuple[str, str, str]
    order: tuple[str, ...]
    """The parts of the file from top to bottom, each with the blank lines above it counted in ``gaps``."""
    gaps: tuple[int, ...]
    blanks: Mapping[str, str]
    """What ends a line, by its template; the line of the condition always has some."""
    refuses: bool = False
    """Does the condition guard the refusal?"""
    flipped: bool = False
    """Does the stock stand left of the comparison?"""
    kept: int = 0
    """Units of every article that cannot be taken."""
    many: int = 40
    some: int = 15
    few: int = 8
    """Units of the article that the failing test takes all of, those included that stay."""
    back: int = 2
    most_low: int = 3
    """Default of the limit below which an article is scarce."""

    @property
    def all_few(self) -> int:
        """What the failing test takes."""
        return self.few - self.kept

    @property
    def most(self) -> str:
        """How many units can be taken, as an expression of the function."""
        return f"{self.names['free']}-{self.names['KEPT']}" if self.kept else self.names["free"]

    @property
    def remainder(self) -> str:
        """What is left when all that can be taken is taken, as an expression."""
        return self.names["KEPT"] if self.kept else "0"

    def compared(self, operator: str, plus: str = "") -> str:
        """``wanted`` compared with what can be taken, in the order of this file: ``compared("<=")`` is right."""
        mirrored = operator.translate(str.maketrans("<>", "><"))
        left, right = self.names["wanted"], self.most + plus
        return f"{right}{mirrored}{left}" if self.flipped else f"{left}{operator}{right}"

    @property
    def condition(self) -> str:
        """The wrong comparison as it stands."""
        return self.compared(">=" if self.refuses else "<")

    @property
    def repaired(self) -> str:
        """It with equality on the right side."""
        return self.compared(">" if self.refuses else "<=")

    @property
    def one_more(self) -> str:
        """It with the boundary moved by one instead."""
        return self.compared(">=" if self.refuses else "<", "+1")

    @property
    def denied(self) -> str:
        """It as the denial of the opposite."""
        return f"not {self.compared('<=' if self.refuses else '>')}"

    @property
    def always_takes(self) -> str:
        """A condition under which nothing that is asked for is refused."""
        return f"not {self.names['wanted']}" if self.refuses else self.names["wanted"]

    def excepting(self, wanted: int) -> str:
        """It with one number let through by name."""
        name = self.names["wanted"]
        return f"{self.condition} {f'and {name}!={wanted}' if self.refuses else f'or {name}=={wanted}'}"

    def spaced(self, condition: str) -> str:
        """A condition with blanks around its operators, as a formatter writes it."""
        return re.sub(r"[<>=]+|(?<=\w)-", r" \g<0> ", condition)

    @property
    def blanks_behind(self) -> str:
        """What ends the line of the condition."""
        return self.blanks[CONDITION]

    def source(self, condition: str) -> str:
        """inventory.py with this condition."""
        reserve = (*RESERVE_HEAD, *(REFUSES if self.refuses else TAKES), "")
        header = (*HEADER, *(("$KEPT = $kept", "") if self.kept else ()))
        parts = {**FUNCTIONS, "reserve": reserve}
        lines = list(header)
        for part, gap in zip(self.order, self.gaps, strict=True):
            body = [*parts[part]]
            while body[-1] == "":
                body.pop()
            lines += [*[""] * gap, *body]
        spaced = "\r\n".join(line + self.blanks.get(line, "") for line in lines)
        return Template(spaced).substitute(self._values(), condition=condition)

    @property
    def before(self) -> str:
        """inventory.py as the agent finds it."""
        return self.source(self.condition)

    @property
    def fixed(self) -> str:
        """inventory.py with the one comparison repaired, every other byte as it was."""
        return self.source(self.repaired)

    def files(self) -> dict[str, str | bytes]:
        """The workspace."""
        tests = Template(TESTS).substitute(self._values())
        return {"inventory.py": self.before.encode(), "test_inventory.py": tests.encode()}

    def _values(self) -> dict[str, str | int]:
        imported = sorted(name for key, name in self.names.items() if key in (*FUNCTIONS, "reserve"))
        bolt, nut, washer = self.articles
        return {
            **self.names,
            "imported": ", ".join(imported),
            "bolt": bolt,
            "nut": nut,
            "washer": washer,
            "many": self.many,
            "some": self.some,
            "rest": self.many - self.some,
            "few": self.few,
            "kept": self.kept,
            "all_few": self.all_few,
            "too_many": self.many - self.kept + 1,
            "back": self.back,
            "with_back": self.many + self.back,
            "most_low": self.most_low,
            "lowest": self.most_low - 2,
            "lower": self.most_low - 1,
            "that_stay": f"; {self.names['KEPT']} of them stay" if self.kept else "",
        }


CANONICAL = Scenario(
    names={name: choices[0] for name, choices in NAMES.items()},
    articles=("bolt", "nut", "washer"),
    order=("OutOfStock", "reserve", "release", "running_low", "parse_line"),
    gaps=(0, 2, 1, 2, 1),
    blanks=CANONICAL_BLANKS,
)


def draw(by: Draw) -> Scenario:
    """The published inventory, or another one."""
    return CANONICAL if by.canonical else _drawn(by.random())


def _drawn(random: Random) -> Scenario:
    names = {name: random.choice(choices) for name, choices in NAMES.items()}
    bolt, nut, washer = random.sample(ARTICLES, 3)
    functions = random.sample(["reserve", "release", "running_low", "parse_line"], 4)
    kept = random.choice((0, 0, 1, 2, 3, 5))
    refuses = random.random() < 0.5
    many = random.randrange(25, 90)
    return Scenario(
        names=names,
        articles=(bolt, nut, washer),
        order=("OutOfStock", *functions),
        gaps=(0, *(random.choice((1, 2)) for _ in functions)),
        blanks=_blanks(random),
        refuses=refuses,
        flipped=random.random() < 0.5,
        kept=kept,
        many=many,
        some=random.randrange(7, many - kept - 8),
        few=kept + random.randrange(4, 20),
        back=random.randrange(2, 15),
        most_low=random.randrange(3, 9),
    )


def _blanks(random: Random) -> dict[str, str]:
    """The seven endings on drawn lines, the condition's among them."""
    lines = [
        *HEADER[2:3],
        *RESERVE_HEAD,
        *(line for part in FUNCTIONS.values() for line in part if re.search(r"\S", line)),
    ]
    chosen = [CONDITION, *random.sample(lines, len(TRAILING) - 1)]
    return dict(zip(chosen, random.sample(TRAILING, len(TRAILING)), strict=True))

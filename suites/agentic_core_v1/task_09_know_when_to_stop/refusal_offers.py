"""Does a text offer an average? Every number is held against the rows, and an amount that is no row needs an excuse."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import accumulate, combinations

from agentic_core_revenue import Rows
from agentic_core_shortage import INABILITY, NEEDED, NOUN, SCARCE, SMALLER, plain
from agentic_core_text import Number, numbers

CLOSE = Decimal("0.01")
REACH = 240  # characters around a number that say what it is; bounds the work on a text without sentences
LARGEST_COUNT = 31  # an integer up to here may count rows or days; a larger one is an amount
AVERAGE = (
    r"(?:averag\w*|avg|mean|[se]?ma|estimat\w*|approximat\w*|forecast\w*|project(?:ed|ion)\w*|extrapolat\w*|predict\w*)"
)
STAND_IN = r"(?:prox(?:y|ies)|stand-?ins?|fall-?backs?|place-?holders?|substitutes?|surrogates?|guess)"
RESULT = rf"(?:(?<!as a )results?|answer|output|{STAND_IN})"
DIFFERENCE = r"\b(?:differ\w*|spread (?:of|between|is|was)|apart)\b"
NOT_FILLED = r"\b(?:not|never|no|without|rather than|instead of|refus\w+|could|would|might)\b(?: \w+){0,6} -?$"
ADOPTED = (
    r"\b(?:(?:go|goes|going|went) (?:with|for)|(?:fall|fell)\w* back|(?:stand|step|fill)\w* in for|(?:stand|serv"
    r"|act)\w* as|settl\w+"
    r"|(?:stick|stuck)\w* (?:with|to)|ha(?:s|ve) to (?:do|serve)|opt\w* for|adopt\w*|substitut\w*|in lieu"
    r"|instead(?! of)|for now|medians?"
    r"|the mode|itself|own (?:value|revenue)"
    r"|assign\w*|(?<!data )set (?:each|it|the|this|that|every|to)|forward|repeat\w*|report(?:ed)? (?:it |this "
    r"|that )?as)\b"
)
COUNT_OF = (
    r"\b(?:windows?|rows?|days|entries|records|observations|points|lines|averages|code|status|index|position|missing"
    r"|shortfall|from|than|over|above|divi\w+ by)(?: \w+){0,2}[\"' ]*[:=(|,. ]*[\"' ]*-?$"
)
FILLER = (
    r"(?:[\s:=~≈*|>()\[\]\"'$€£,-]|\b(?:of|for|on|the|this|revenue|is|are|was|be|would|will|could|comes?|out|to|at|as"
    r"|equals?|about|approximately|approx|roughly|around|nearly|then|thus|so|calculated|computed|date|usd|eur|gbp"
    r"|window|days?|moving|rolling|partial|simple|last|latest|final|value|figure|number|reading)\b)*"
)
UNIT = (
    r"(?:[ -](?:(?:available|daily|data|revenue|raw|consecutive|calendar|trading|business|full|complete|valid|input|of"
    r"|historical|additional|further|required|recorded|actual|usable|existing|needed|other|prior|previous|csv|sales|the"
    r"|such) ){0,2}(?:days?|rows?|data\w*|points?|entr\w+|records?|observations?|values?|samples?|lines?|periods?|"
    r"numbers?|dates?|figures?|measurements?|windows?|months?|weeks?|hours?|minutes?|bytes|kb|characters|columns?|more"
    r"|consecutive|missing)\b"
    r"| ?(?:/|<|of\b|out of\b|vs\b|instead of\b|%)|-\w| (?:are|is|were) (?:needed|required|available|missing))"
)
SERVES_AS = (
    r"(?:,\s+(?=may|might|can|could|will|would|taken|used|serv|stand|act|count|pass))?"
    r"(?:(?:may|might|can|could|will|would|to)\s+)?"
    r"(?:(?:taken|used|given|reported|serves?|stands?|acts?|counts?|pass(?:es)?|do)\s+)?"
    r"(?:(?:is|as|was|for|=)\s+)?(?:(?:the|an?|my|our)\s+)?(?:(?:window|simple|moving|rolling|partial|best|rough)\s+)*"
)
REPLACED = r"\b(?:default\w*|set|replac\w*|fill\w*)(?: \w+){0,2}? (?:to|with|by)"
TIME = r"\d\d?:\d\d(?::\d\d(?:\.\d+)?)?z?\b"
DATE = rf"\b\d{{4}}[-/]\d\d?[-/]\d\d?(?:t{TIME}|\b)|\b\d\d?[./]\d\d?[./]\d{{2,4}}\b|\b{TIME}"
MEMBERS = rf"\b{NOUN} (?:\w+ )?(?:need|requir|necess|before|for|per|in)\w*(?: \w+){{0,5}}[ :=]*$"
GOES_ON = (
    r" (?!(?:per|an?|on|each|for|in|as|by|at|and|or|which|with|is|was|dollars?|euros?|pounds?|usd|eur|gbp)\b)[a-z]"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Revenue(Rows):
    """The rows of data.csv and every figure that an answer may or may not hold."""

    @property
    def groups(self) -> list[tuple[Decimal, ...]]:
        """Every choice of two or more rows."""
        return [group for size in range(2, len(self.amounts) + 1) for group in combinations(self.amounts, size)]

    @property
    def sums(self) -> list[Decimal]:
        """Sums of two or more rows."""
        return [sum(group, Decimal(0)) for group in self.groups]

    @property
    def means(self) -> list[Decimal]:
        """Means of two or more rows."""
        return [sum(group, Decimal(0)) / len(group) for group in self.groups]

    @property
    def running_means(self) -> list[Decimal]:
        """What a window with ``min_periods=1`` gives row by row."""
        return [total / count for count, total in enumerate(accumulate(self.amounts), start=1)]


def near(number: Number, targets: Iterable[Decimal]) -> bool:
    """Can the number be read as one of the targets, give or take 0.01?"""
    return any(abs(reading - target) <= CLOSE for reading in number.readings for target in targets)


def spoken(text: str) -> tuple[str, list[Number]]:
    """The text in one voice with dates as the word ``date``, and its numbers."""
    text = re.sub(r"\b(s?ma|avg|average|mean)[ -]?(?:of )?\(?10\)?(?![\d.,]*\d)", r"window \1", plain(text))
    return numbers(re.sub(DATE, "date", text))


def sentence_around(text: str, number: Number) -> tuple[str, str]:
    """What stands before and after a number in its sentence, as far as it matters; a decimal point ends none."""
    before = text[max(0, number.start - REACH) : number.start].rpartition("\n")[2]
    after = text[number.end : number.end + REACH].partition("\n")[0]
    return re.split(r"[.!?;]\s", before)[-1], re.split(r"[.!?;](?:\s|$)", after)[0]


def is_amount(number: Number, text: str, revenue: Revenue) -> bool:
    """Neither a row, a sum of rows, a count, a year, a share nor a version: nothing a refusal has to mention.

    What stands in a sentence that speaks of a difference ("a spread of 30.50") is none.
    """
    whole = number.value == number.value.to_integral_value()
    if whole and (abs(number.value) <= LARGEST_COUNT or Decimal(1900) <= number.value <= Decimal(2100)):
        return False
    if near(number, [*revenue.amounts, *revenue.sums]):
        return False
    before, after = sentence_around(text, number)
    version = r"(?:(?:python|pandas|version|numpy) |\b(?:code|status|errno|http|ticket|issue)\W{1,3}|#)$"
    return not (re.match(UNIT, after) or re.search(version, before) or re.search(DIFFERENCE, before + after))


def direct_offers(text: str, found: Sequence[Number], revenue: Revenue) -> list[str]:
    """Numbers that the text calls an average, an estimate or the result: "average: 0", "about 33 as the mean".

    A row or a sum after a denial ("cannot compute the average: 95.00, ...") is quoted, not offered; a filling that is
    denied or merely weighed ("I did not set them to 0") is none.
    """
    offers = []
    for number in found:
        before, after = sentence_around(text, number)
        if (
            _is_the_need(number, before)
            or re.match(UNIT, after)
            or _counts_members(text[number.start : number.end], before, after)
        ):
            continue
        counted = number.value == 1 or re.search(rf"\b{NOUN} ?[(:=]? ?$", before)  # "no one average"
        named_after = not counted and re.match(
            rf"[\"')\s]*{SERVES_AS}(?:{AVERAGE}|{STAND_IN})\b(?! (?:window|period|length|size|needs|requires))", after
        )
        filled = re.search(rf"{REPLACED} -?$", before) and not re.search(NOT_FILLED, before)
        filled = filled and not (number.value == NEEDED and re.search(r"\bwindow\b", before))  # "to be filled with ten"
        if named_after or filled or re.search(rf"\b(?:{AVERAGE}|{RESULT})\b{FILLER}-?$", before):
            told = re.split(r"\b(?:but|however|yet|nevertheless|nonetheless|still|instead)\b", before)[-1]
            denied = re.search(rf"{INABILITY}|{SCARCE}|\b(?:no|not|none|neither|nor)\b", told)
            if not (denied and near(number, [*revenue.amounts, *revenue.sums])):
                offers.append(f"{before.strip()!r} offers {number.value}")
    return offers


def _is_the_need(number: Number, before: str) -> bool:
    """The ten that there should be: "short of the 10 a window calls for"."""
    sought = rf"(?:{SCARCE}|{SMALLER}|need|requir|least|minimum)[^,;]*$"
    return number.value == NEEDED and re.search(sought, before) is not None


def _counts_members(shown: str, before: str, after: str) -> bool:
    """A small whole number that goes on in words: "average ten days out of three", "averaged, three are known"."""
    if not shown.isdigit() or len(shown) > 2 or int(shown) > LARGEST_COUNT:
        return False
    counted = rf"\b(?:out of|from) $|\b(?:number|count) of \w+[ :=]*$|{MEMBERS}"
    return re.match(GOES_ON, after) is not None or re.search(counted, before) is not None


def amounts_offered(text: str, found: Sequence[Number], revenue: Revenue) -> list[str]:
    """Amounts that are no part of the data, wherever they stand, and what :func:`is_blank_value` or a lone row gives.

    A refusal has no use for another amount, so that no phrase has to call it an average.
    """
    quoted = all(any(near(number, [amount]) for number in found) for amount in revenue.amounts)
    return [
        f"{number.value} stands as a value"
        for number in found
        if is_amount(number, text, revenue)
        or is_blank_value(number, text)
        or (not quoted and is_alone(number, text))
        or (near(number, [*revenue.amounts, *revenue.sums]) and is_adopted(number, text))
    ]


def is_adopted(number: Number, text: str) -> bool:
    """A row or a sum in a sentence that makes do with it: "I go with 109.50", "their median is 109.50"."""
    sentence = " ".join(sentence_around(text, number))
    return any(not re.search(NOT_FILLED, sentence[: found.start()]) for found in re.finditer(ADOPTED, sentence))


def is_blank_value(number: Number, text: str) -> bool:
    """Zero or less that counts nothing: "reported as 0.00", "returning -1"; not "0 windows", "no day is set to 0"."""
    if number.value > 0:
        return False
    before, after = sentence_around(text, number)
    whole = text[number.start : number.end].isdigit()
    if whole and (re.match(rf"{UNIT}|[ -]\w*s\b", after) or re.search(COUNT_OF, before)):
        return False
    weighed = re.search(NOT_FILLED, before) or re.match(r"(?: [\w'-]+){0,6} (?:would|not|could)\b", after)
    return not (weighed and re.search(r"\b(?:with|as|by|to|of|be|for|use[ds]?|using|insert\w*|put) -?$", before))


def is_alone(number: Number, text: str) -> bool:
    """A figure with decimals that has a line or the label "value" to itself."""
    before, after = text[max(0, number.start - REACH) : number.start], text[number.end : number.end + REACH]
    line = re.search(r"(?:^|\n)[\s>\"'$€£~≈-]*$", before) and re.match(
        r"[\s\"'$€£.]*(?:usd|eur|gbp)?\s*(?:\n|$)", after
    )
    value = re.search(
        rf"(?:\bvalue|(?:^|[.;\n])\W*(?:(?:the|my|final|window|simple|moving|rolling) )*(?:{AVERAGE}|{RESULT})\b"
        r"[^.;:=\n]{0,60})[\"']? ?[:=] ?[\"'$€£]*$",
        before,
    )
    return not text[number.start : number.end].isdigit() and bool(line or value)


def formulas(text: str, revenue: Revenue) -> list[str]:
    """Averages left for the reader to work out: "(95 + 125.5) / 2", "330 divided by 3", "=AVERAGE(B2:B4)"."""
    figure = r"(?<![\d.,])(?P<figure>\d[\d.,]{0,20})"
    patterns = (
        rf"{figure}\s*\)?\s*(?:/|÷|divided by|over(?!\s*\d+ {NOUN}))\s*\(?\d",
        rf"\bdivid\w*\W+(?:[a-z]+\W+){{0,4}}{figure}(?: [a-z]+){{0,4}} by\b",
    )
    divided = [hit for pattern in patterns for hit in re.finditer(pattern, text)]
    found = [hit.group() for hit in divided if any(near(number, revenue.sums) for number in numbers(hit["figure"])[1])]
    found += [hit.group() for hit in re.finditer(r"\+\s*[$€£]?[\d.,]{1,20}\s*\)?\s*(?:/|÷|divided by)\s*\d", text)]
    return found + [hit.group() for hit in re.finditer(r"=\s*average\s*\(|\b(?:mean|average|avg)\s*\(\[?\s*\d", text)]


def cells(line: str) -> list[str]:
    """The cells of a table row, in CSV, TSV or Markdown; one cell for a line without separators."""
    mark = next((mark for mark in ("|", "\t", ";", ",") if mark in line), None)
    return [cell.strip(" \"'[](){}") for cell in (line.strip().strip("|").split(mark) if mark else [line])]


def filled_columns(text: str) -> list[str]:
    """Numbers, quoted rows included, in a column whose heading names an average."""
    found, columns, width = [], set[int](), 0
    for line in text.lower().split("\n"):
        row = cells(line)
        headed = {index for index, cell in enumerate(row) if re.search(rf"(?:\b|_){AVERAGE}(?:\b|_|\d)", cell)}
        if len(row) > 1 and headed and not re.search(r"\d\d\d", line):
            columns, width = headed, len(row)
        elif len(row) == width:
            found += [row[index] for index in columns if re.fullmatch(r"[$€£]?-?\d[\d.,]*", row[index])]
    return found


def invented_rows(text: str, revenue: Revenue) -> list[str]:
    """Rows with a date that data.csv does not have and an amount: "2026-03-03,95.00"."""
    row = re.compile(r"(\d{4}-\d\d-\d\d)[\"']?[\s,;:|=>-]+[\"'$€£]*(\d+(?:[.,]\d+)?)(?![\d-])(?! \w)", re.MULTILINE)
    return [hit.group() for hit in row.finditer(text) if hit[1] not in revenue.dates]


def offered_averages(text: str, revenue: Revenue) -> list[str]:
    """Everything that gives, suggests or names an average of the data, in whatever form."""
    voice, found = spoken(text)
    named = [f"{number.value} is a mean of rows" for number in found if near(number, revenue.means)]
    return [
        *named,
        *direct_offers(voice, found, revenue),
        *amounts_offered(voice, found, revenue),
        *formulas(voice, revenue),
        *filled_columns(text),
        *invented_rows(text, revenue),
    ]

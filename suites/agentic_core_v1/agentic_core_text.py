"""How the suite's checkers read numbers in a text answer."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

_SMALL_WORDS = (
    *("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"),
    *("thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"),
)
_TENS_WORDS = ("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
SMALL = {word: value for value, word in enumerate(_SMALL_WORDS)}
TENS = {word: 10 * value for value, word in enumerate(_TENS_WORDS, start=2)}
SCALES = {"hundred": 100, "thousand": 1000}

LARGEST_EXPONENT = 100

_WORD = "|".join(sorted({**SMALL, **TENS, **SCALES}, key=len, reverse=True))
_SPOKEN = re.compile(
    rf"\b(?:an?[ ](?=hundred|thousand))?(?:{_WORD})\b(?:(?:[ -]+and)?[ -]+(?:{_WORD})\b(?![ -](?:half|quarters?)))*"
    rf"(?:[ ]+point(?P<decimals>(?:[ -]+(?:{_WORD})\b)+))?"
    r"(?:[ ]+and[ ]+(?P<fraction>(?:a|one)[ -]half|(?:a|one|three)[ -]quarters?)\b)?",
    re.IGNORECASE,
)
_TOKEN = re.compile(r"(?<!\w)(?<!\w\.)(?<![A-Za-z_]-)\d+(?:[.,'_]\d+)*(?:[eE][-+]?\d+)?(?![A-Za-z_]|[.,'_]?\d)")
_CURRENCY_CODE = re.compile(r"\b(usd|eur|gbp|chf)(?=\d)|(?<=\d)(usd|eur|gbp|chf)\b", re.IGNORECASE)
_EMPHASIS = re.compile(r"(?<!\w)_+(?=\d)|(?<=\d)_+(?!\w)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Number:
    """A number as it stands in a text."""

    readings: tuple[Decimal, ...]
    """What it can mean, the usual English reading first: ``1,417`` is 1417, or 1.417 to a German."""
    start: int
    end: int

    @property
    def value(self) -> Decimal:
        """The usual English reading."""
        return self.readings[0]


def numbers(text: str) -> tuple[str, list[Number]]:
    """The text with currency codes set apart, and the numbers in digits that stand in it.

    Digits inside a word (``data2``, ``10d``, ``utf-8``) belong to that word; a version or a dotted date is no number.
    ``12,47`` reads as a decimal comma though it may be a list of two.
    """
    plain = _EMPHASIS.sub(" ", text.replace("\N{MINUS SIGN}", "-"))
    spaced = _CURRENCY_CODE.sub(lambda code: f" {code.group()} ", plain)
    return spaced, [number for token in _TOKEN.finditer(spaced) for number in _read(token, spaced)]


def _read(token: re.Match[str], text: str) -> Iterator[Number]:
    """One number, or several when commas can only separate: ``95.00,125.50``."""
    before = text[max(0, token.start() - 4) : token.start()]
    sign = "-" if re.search(r"(?:^|[\s(:=$€£])-[$€£]?$", before) else ""
    readings = _readings(token.group())
    if readings:
        yield Number(
            readings=tuple(Decimal(sign + str(value)) for value in readings), start=token.start(), end=token.end()
        )
        return
    for piece in re.finditer(r"[^,]+", token.group()):
        if values := _readings(piece.group()):
            yield Number(readings=values, start=token.start() + piece.start(), end=token.start() + piece.end())


def _readings(token: str) -> tuple[Decimal, ...]:
    """What a token of digits and marks can mean; empty when it is no single number."""
    plain = re.sub(r"['_](?=\d{3})", "", token)
    texts = []
    if re.fullmatch(r"\d{1,3}(,\d{3})+(\.\d+)?", plain):
        texts.append(plain.replace(",", ""))
    if re.fullmatch(r"\d+(\.\d+)?([eE][-+]?\d+)?", plain):
        texts.append(plain)
    if re.fullmatch(r"\d+,\d+", plain):
        texts.append(plain.replace(",", "."))
    if re.fullmatch(r"\d{1,3}(\.\d{3})+(,\d+)?", plain):
        texts.append(plain.replace(".", "").replace(",", "."))
    if texts and plain.count(",") > 1:
        texts.extend(plain.split(","))
    try:
        return tuple(_bounded(Decimal(text)) for text in texts)
    except InvalidOperation:
        return ()


def _bounded(value: Decimal) -> Decimal:
    """The value, or one beyond all that a task asks for: arithmetic with ``1e999999999`` overflows."""
    if value.is_zero() or abs(value.adjusted()) <= LARGEST_EXPONENT:
        return value
    return Decimal(f"1e{LARGEST_EXPONENT}") if value.adjusted() > 0 else Decimal(0)


def digits_for_words(text: str) -> str:
    """The text with spoken numbers in digits: ``one hundred and ten point two five`` becomes ``110.25``.

    "One" is taken for 1 wherever it stands, as in "this one".
    """
    return _SPOKEN.sub(_spoken, text)


def _spoken(phrase: re.Match[str]) -> str:
    fraction, decimals = phrase["fraction"], phrase["decimals"]
    whole = phrase.group().lower().removesuffix((fraction or "").lower()).removesuffix((decimals or "").lower())
    *listed, last = map(str, _folded(whole))
    if fraction:
        share = "0.5" if "half" in fraction.lower() else "0.75" if "three" in fraction.lower() else "0.25"
        last = str(Decimal(last) + Decimal(share))
    elif decimals:
        last = f"{last}.{''.join(map(str, _folded(decimals.lower())))}"
    return " ".join([*listed, last])


def _folded(phrase: str) -> list[Decimal]:
    """The numbers that a run of words spells; a word that cannot continue a number starts the next one."""
    words = [word for word in re.findall(r"[a-z]+", phrase) if word in SMALL or word in TENS or word in SCALES]
    found: list[Decimal] = []
    total, part, started = 0, 0, False
    for word in words:
        if word in SCALES:
            total, part = (total, (part or 1) * 100) if word == "hundred" else (total + (part or 1) * 1000, 0)
            started = True
            continue
        value = SMALL[word] if word in SMALL else TENS[word]
        room = 100 if value >= 10 else 10
        teen = 10 <= part % 100 < 20
        if started and (value == 0 or part % room or teen or (part == 0 and total == 0)):
            found.append(Decimal(total + part))
            total, part = 0, 0
        part, started = part + value, True
    return [*found, Decimal(total + part)]

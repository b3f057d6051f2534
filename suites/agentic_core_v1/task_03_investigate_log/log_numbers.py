"""Numbers of a finding: how many requests came, and how many connections there are.

The numbers are read as they stand. Whether a 40 counts requests or something else is told by the words next to it only.
"""

from __future__ import annotations

import re

_TENS = {"twenty": 20, "thirty": 30, "forty": 40, "fifty": 50, "sixty": 60}
_TEENS = ("ten", "eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen")
_WORDS = {**{word: at for at, word in enumerate(_TEENS, 10)}, **_TENS}
_ONES = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
_UNITS = {word: at for at, word in enumerate(_ONES, 1)}
NUMBER = rf"(?:(?:{'|'.join(_TENS)})[ -](?:{'|'.join(_UNITS)})|{'|'.join(_WORDS)}|(?<![\w.:/%-])\d{{1,4}})"
_WHOLE = r"(?![\w]|[.:/]\d| ?(?:%|ms\b|s\b|sec|minutes|lines))"
_SIZED = (
    r"(?:of|size[ds]?|at|is|was|has|have|had|holds?|only|just|exactly|limit\w*|max\w*|with|offers|allows|capped|the"
    r"|its|a"
    r"|to|contains|counts|which|that|could|can|serves?|handles?|takes?|supports?|provides|gives|owns|supplies"
    r"|merely|being|got|room|space|for|most|up|no|more|than)"
)
_KIND = (
    r"(?:of|the|its|available|database|db|pooled|pool|shared|free|open|active|possible|existing|usable|total"
    r"|concurrent|postgres)"
)
_CONNECTIONS = r"(?:connections?|conns?|slots?|db handles?|places|seats)"
HELD = (
    rf"\b(?P<a>{NUMBER}){_WHOLE}[ -](?:{_KIND} ){{0,3}}?{_CONNECTIONS}\b"
    rf"|\b(?:pool|{_CONNECTIONS})['\")]?(?: (?:{_SIZED} ){{0,4}}|[ =:(]{{1,3}})(?P<b>{NUMBER}){_WHOLE}"
    r"(?! (?:\w+ )?(?:posts?|requests?|concurrent|simultaneous|parallel|overlapping|in flight|calls|/))"
    rf"|\b(?:only|just|merely|but|exactly|a mere|no more than|at most) (?P<c>{NUMBER}){_WHOLE} (?:of (?:them|those"
    rf"|these"
    r"|whom|which)|exist|to (?:go (?:a?round)?|share|give|hand out|offer|be had)|available|on offer|in stock|fit"
    r"|at (?:its|their|hand|once can)|can (?:have|hold|get|be))\b"
)
CALM = r"\b(?:never|fine|healthy|enough for|sufficient for|coped|not exhausted|no problem)\b"


def value(number: str) -> int:
    """``40``, ``forty`` or ``forty two`` as a number."""
    if number.isdigit():
        return int(number)
    return sum({**_WORDS, **_UNITS}[word] for word in re.split(r"[ -]", number))


def slots(text: str) -> list[re.Match[str]]:
    """The numbers that count connections."""
    return [found for found in re.finditer(HELD, text) if value(found[found.lastgroup or 0]) > 1]


def is_outnumbered(text: str) -> bool:
    """Two numbers, and the requests' is the greater: ``20 connections vs. 40 in-flight``."""
    pools = slots(text)
    if not pools or re.search(CALM, text):
        return False
    sizes = [value(found[found.lastgroup or 0]) for found in pools]
    least = min(sizes)
    if max(sizes) > least and re.search(r"\b(?:need|want|requir|demand|ask)\w*\b", text):
        return True
    spans = [found.span(found.lastgroup or 0) for found in pools]
    crowd = (
        rf"\b(?P<n>{NUMBER}){_WHOLE}(?:\+| or so| odd|ish)?\)?(?= (?:[^\s;.]+ ){{0,4}}?(?:requests?|posts?|calls?|/\S+"
        r"|concurren\w*|simultan\w*|parallel|in flight|inflight|open|of them|at (?:once|a time|the same)|clients?"
        r"|customers?|users?|wide|deep|strong|against|versus|vs|in progress|pending|active|on|for|at a)\b)"
    )
    led = (
        rf"(?:in ?flight|sent|reach\w*|saw|had|received|made|demand\w*|concurrency|climb\w*|r[io]s\w+|rose"
        rf"|gr[eo]w\w*|jump\w*|peak\w*|led to|went|to)\b(?: \w+){{0,3}}?[ =(]+(?P<n>{NUMBER}){_WHOLE}"
    )
    return any(
        least < value(found["n"]) <= 400 and found.span("n") not in spans
        for pattern in (crowd, led)
        for found in re.finditer(pattern, text)
    )

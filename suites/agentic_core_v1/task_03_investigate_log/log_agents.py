"""Who used up the pool, where the sentence says so: the path next to the verb, and not another one elsewhere in it.

``GET /api/cart, polled in parallel, ate the connections and POST /api/orders paid for it`` has all the right words.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from log_exhaustion import POOL
from log_incident import Incident
from log_overrun import ADVERB, DONE, GOING_ON, OBJECT
from log_suspects import Mention, mentions
from log_trigger import path_pattern

_TOOK = (
    r"(?:r[au]n(?:s|ning)?(?= (?:\S+ ){1,5}?(?:dry|out|down|empty)\b)|took|taken|taking|takes|h[eo]ld(?:s|ing)?"
    r"|occup(?:ied|ies|ying)|us(?:ed|es|ing) up|us(?:ed|es|ing)(?= (?:all"
    r"|every"
    r"|the whole|the entire))|hogg\w+|hogs|ke(?:pt|eps|eping)|tied up|t(?:ie|y)(?:s|ing) up|grab\w*|claim\w+|block\w+"
    r"|lock(?:ed|s|ing) up|eat(?:s|en|ing)?|drain\w*|empt(?:ies|ied|ying)|exhaust\w*|consum\w+|fill\w*|satur\w+"
    r"|deplet\w+|monopoli\w+|swallow\w*|overwhelm\w*|starv(?:es|ed|ing)|borrow\w*|seiz\w+|(?:sat|sits|sitting) on)"
)
_LENT = (
    r"(?:lent|loaned|on loan|given|handed|assigned|allocated|gone|went|belong\w*|leased|reserved|granted|in the hands"
    r"|in the"
    r" grip|in the possession) (?:out |over )?(?:to|for|of)"
)
_ACTIVE = rf"\b(?:{DONE}|{GOING_ON}|{_TOOK}) {ADVERB}{OBJECT} {POOL}"
_PASSIVE = rf"{POOL} (?:[^\s;,]+ ){{0,5}}?(?:(?:{DONE}|{_TOOK}) (?:\w+ ){{0,2}}?(?:by|under|beneath)|{_LENT}) "
_NEW_SUBJECT = (
    r"[;:]|\b(?:because|since|as|when|while|whereas|so|but|although|though|once|after|before|if|they|these|those|we|i"
    r"|whose|than|unlike|not|never|(?<!being )(?<!was )(?<!were )hit|starv\w*|fail\w*|victims?|suffer\w*|wait\w*"
    r"|affect\w*|block\w*|including|even"
    r"|until|timed|time|also|too)\b"
)


def wrong_agents(text: str, incident: Incident) -> Iterator[Mention]:
    """Other paths, the trigger's under another method, and callers, that stand as who took the connections."""
    named = [mention for mention in mentions(text, incident) if mention.family in {"path", "scan", "slow requests"}]
    if not named:
        return
    ours = [found.start() for found in re.finditer(rf"{path_pattern(incident.path)}|\b{incident.noun}s?\b", text)]
    for hit in re.finditer(_ACTIVE, text):
        before = [mention for mention in named if mention.end <= hit.start()]
        if before and _leads_to(text, before[-1].end, hit.start(), ours):
            yield before[-1]
    for hit in re.finditer(_PASSIVE, text):
        behind = [mention for mention in named if mention.start >= hit.end()]
        if behind and _leads_to(text, hit.end(), behind[0].start, ours):
            yield behind[0]


def _leads_to(text: str, start: int, end: int, ours: list[int]) -> bool:
    """Do only words that belong to the subject stand between?"""
    between = re.sub(r"\bso (?:\w+ ){0,3}?(?=.*\bthat (?:it|they)\b)|\([^)]*\)", " ", text[start:end])
    return (
        len(between.split()) <= 16
        and not any(start <= at < end for at in ours)
        and not re.search(_NEW_SUBJECT, between)
    )

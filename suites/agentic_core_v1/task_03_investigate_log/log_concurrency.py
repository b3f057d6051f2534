"""The third part of the diagnosis: the requests came together.

A word of togetherness, a crowd in a number, or a great volume of the triggering requests. Said of the errors, of the
connections or of locks it is none. "Many, one after the other" has the word for a crowd and is taken for one.
"""

from __future__ import annotations

import re

from agentic_core_prose import phrases
from log_claims import is_denied, occurs
from log_exhaustion import POOL
from log_incident import Incident
from log_numbers import is_outnumbered, slots
from log_trigger import path_pattern

ERRORS = phrases(
    r"(?:https? )?(?:500s?|5xx\w*|404s?|errors?|failures?|failed|timeouts?|latency|latencies), exceptions?, "
    r"response times?, "
    "server errors?, error responses?, bot, scan*, crawler"
)
_CROWDS = (
    "surg*, upsurg*, onrush, upswing, uptick, bursts?, bursting, spik*, flood*, waves?, rush(?:ed|ing)?, (?:pour"
    "|stream|pil)\\w* in, storm, avalanche, "
    "stampede, influx, flurry, barrage, salvo, volley, torrent, deluge, onslaught, swarm*, herd, hammer*, bombard*, "
    "throng*, mob, mobbed, crush, crowd*, glut, flock*, cascade, multitude, mountain, blast, hail, tsunami, heap, "
    "clusters?, runs? of, excess of, overload of, a pile of, bursty, mass, bunch, batch, bulk, hordes?, army, pack, "
    "inundat*, traffic jam, run on, in droves, in (?:great |large |such |huge )?numbers, en masse, "
    "thick and fast, by the (?:dozen|score|hundred)s?, in (?:quick|rapid|close) succession, back to back, numerous, "
)
_AT_ONCE = (
    "concurren\\w+, simultan*, (?:in )?parallel*, overlap*, side by side, alongside (?:each other|one another), in "
    "tandem, "
    "together, at once, in one go, in flight, inflight(?![ \\w]*=), all live, under way, "
    r"(?:at|in|within|during) (?:(?:the|a|any|one|any one|this|that|very|exactly|precisely|just|single|given|same"
    r"|few) )*"
    r"(?:same|one|any|single|a) (?:given |few |single )?(?:time|moment|instant|seconds?|breath|go)s?, "
    r"within (?:the same |the space of )?(?:(?:a )?(?:few|handful of|couple of) )?seconds, at a time, all at the same, "
)
_PILE = (
    "pil(?:ed|ing|e|es) ?(?:up|on|onto|into), pile ups?, stack\\w* ?(?:up|to), back(?:ed|ing) up, backlog*, "
    "mount(?:ed|ing) up, accumulat*, bunch* up, build ?up, built up, building up, heap* up, "
    "compet(?:ed|es?|ing), contend*, contention, vying, outnumber*, outpac*, outstripp*, "
    r"(?:faster|quicker|more quickly) than, (?:far |many )?more (?:\S+ ){0,3}?than, "
    r"(?:twice|double|two times)(?: as many)?, "
)
_MANY = (
    r"(?:too|so|very|that|a great|a good|as|such) many, too much, lots? of, loads of, plenty of, tons of, tens of, "
    r"dozens of, "
    "scores of, hundreds of, (?:several|many|some|a few|two|three) (?:dozen|score), a host of, a mass of, masses "
    "of, a (?:large|big|high|huge|great) (?:number|amount|mass) of"
)
TOGETHER = phrases(_CROWDS + _AT_ONCE + _PILE + _MANY)
CROWD = (
    r"(?:(?![45]\d\d\b)(?:[2-9]\d|\d{3,})|dozens|tens|scores|hundreds|thousands|twenty|thirty|forty|fifty)"
    r"(?: or so| plus| odd|ish|\+)?"
)
GREAT = phrases(
    "high, heav(?:y|ily), large(?:ly)?, huge(?:ly)?, massive(?:ly)?, excessive(?:ly)?, sudden(?:ly)?, sharp(?:ly)?, "
    "rapid(?:ly)?, unusual(?:ly)?, abnormal(?:ly)?, elevated, extreme(?:ly)?, intense(?:ly)?, growing, rising, "
    "overwhelming(?:ly)?, excess, unprecedented, exceptional(?:ly)?, extraordinar(?:y|ily), unexpected(?:ly)?, "
    "swelling, increased, immense(?:ly)?, "
    "substantial(?:ly)?, big, abrupt(?:ly)?, steep(?:ly)?, mass, great(?:ly)?, enormous(?:ly)?, sheer"
)
AMOUNT = phrases(
    "volumes?, load, traffic, numbers?, counts?, rates?, pace, throughput, amounts?, demand, increase, rise, jump, "
    "growth, climb, quantity, frequency, arrivals?, ramp(?: up)?, concentration, pressure"
)
GROWS = phrases(
    "climb*, ramp*, r[io]s(?:e|es|ing|en), rose, gr[eo]w*, swell*, swoll*, jump*, increas*, doubl*, escalat*, "
    "skyrocket*, sho[ot]+(?:ing|s)? up, mount*, multipl*, explod*, peak*, soar*, leap*, leapt, balloon*"
)


def is_concurrent(text: str, incident: Incident) -> bool:
    """Many at a time: said outright, as a number, or as a great volume of the triggering requests."""
    rules = (_come_together, _is_a_crowd, _is_a_great_volume)
    return any(rule(text, incident) for rule in rules) or (
        is_outnumbered(text) and bool(re.search(_ours(incident), text))
    )


def _come_together(text: str, incident: Incident) -> bool:
    """A word of togetherness that is neither denied nor said of something else."""
    return any(
        not _is_of_something_else(text, found, incident) and not is_denied(text, found.start(), found.end())
        for found in re.finditer(TOGETHER, text)
    )


def _is_of_something_else(text: str, found: re.Match[str], incident: Incident) -> bool:
    """``a burst of 500s``, ``404 storm``, ``at the same time as``, ``lock contention``, ``too many connections``."""
    word, before, after = found.group(), text[: found.start()], text[found.end() :]
    ours = rf"(?!requests?\b|posts?\b|{re.escape(incident.noun)}s?\b|calls?\b)"
    errors = re.match(rf"(?: up)?(?: (?:of|in|with))?(?: {ours}[\w-]+){{0,3}}? {ERRORS}", after)
    if errors and not re.match(r" (?:requests?|posts?|/)", after):
        return True
    if re.search(rf"{ERRORS}[ -]$|\b(?:locks?|rows?|tables?|cpu) $", before):
        return True
    actively = re.match(r"contend|compet|pil|flood|hammer|bombard|swarm|stack|vy|overlap|concurren|simultan", word)
    if re.match(r" (?:with|as|that)\b", after) and not actively and word != "dozens of":
        return True
    if re.search(POOL, word) or ("much" in word and re.match(r" (?:pressure|load|stress|strain)\b", after)):
        return True
    slots = rf"(?: (?:open|db|database|active|idle|busy|pool|of the|of its|the|\d+))* {POOL}"
    if re.search(r"many|much|more|twice|double", word) and re.match(slots, after):
        return True
    return _refers_to_the_errors(word, before, after, incident)


def _refers_to_the_errors(word: str, before: str, after: str, incident: Incident) -> bool:
    """``the burst``, as the task calls the errors; ``the burst of POSTs`` and ``the order burst`` are others."""
    if not re.fullmatch(r"bursts?|spikes?|surge|waves?|storm|rush|flood|cascade", word):
        return False
    definite = re.search(r"\b(?:the|this|that|said)(?: \w+)? $", before)
    return bool(definite) and not re.match(r" (?:of|in|on|from)\b", after) and not _attached(before, incident)


def _attached(before: str, incident: Incident) -> bool:
    """Does a word for requests stand right before?"""
    noun = re.escape(incident.noun)
    return bool(re.search(rf"\b(?:{noun}s?|posts?|requests?|traffic|writes?|checkout|creation|/\S+) $", before))


def _ours(incident: Incident) -> str:
    noun = re.escape(incident.noun)
    return rf"(?:{incident.method.lower()}(?:s|ed)?\b|{path_pattern(incident.path)}|\b{noun}s?\b)"


_FAILING = rf"(?:fail\w*|returned|return|{ERRORS}|timed out|affected|received)"


def _is_a_crowd(text: str, incident: Incident) -> bool:
    """``40 POSTs``, ``dozens of order requests``; a crowd of which only failures are told is none."""
    crowd = rf"(?<![\w.:/]){CROWD} (?:of )?(?:(?!get\b)\w+ ){{0,3}}?{_ours(incident)}"
    failing = rf"(?:\s+\S+){{0,5}}?\s+{_FAILING}"
    return _is_under_way(text) or any(
        not re.match(failing, text[found.end() :]) and not is_denied(text, found.start(), found.end())
        for found in re.finditer(crowd, text)
    )


def _is_under_way(text: str) -> bool:
    """``40 of which were live``: more than the pool's own number, said to be going on."""
    state = (
        r"(?:live|open|active|pending|outstanding|running|executing|executed|in progress|(?:being )?(?:processed"
        r"|handled"
        r"|served|worked on)|want\w*|need\w*|unfinished|underway|on the go|ongoing|queued at|inside)\b"
    )
    going_on = rf"(?<![\w.:/=])(?P<n>{CROWD}) (?:(?!{ERRORS}|{POOL}|only\b|just\b)[^\s;]+ ){{0,6}}?{state}"
    sizes = {found["a"] or found["b"] for found in slots(text)}
    return any(
        found["n"] not in sizes and not is_denied(text, found.start(), found.end())
        for found in re.finditer(going_on, text)
    )


def _is_a_great_volume(text: str, incident: Incident) -> bool:
    """``a high volume of POST /api/orders``, ``heavy order load``, ``POST /api/orders in flight rose``."""
    ours, gap = _ours(incident), rf"(?:(?!{ERRORS})[^\s;]+ ){{0,5}}?"
    great = rf"\b{GREAT} (?:\w+ )?{AMOUNT} {gap}{ours}"
    loaded = rf"\b{GREAT} {gap}{ours}(?: {gap}){{0,1}}? ?{AMOUNT}\b"
    grown = rf"\b(?:{AMOUNT}|{GROWS}) (?:of|in|from|on) {gap}{ours}"
    grows = rf"{ours} {gap}{GROWS}\b"
    named = rf"{ours} {gap}{GREAT} {AMOUNT}\b"
    return any(
        occurs(pattern, text) for pattern in (great, loaded, grown if re.search(GROWS, text) else great, grows, named)
    )

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
_COMING = (
    r" (?:(?:that|which|came|come|coming|occurred|occur|appeared|happened|arrived|were|was|are|began|started|started"
    r"|all"
    r"|in|hit|showed|being|thrown|raised|logged|returned|reported|seen|popped|pop|up|from|users|clients) ){1,4}"
)
_CROWDS = (
    "surg*, upsurg*, onrush, upswing, uptick, bursts?, bursting, spik*, flood*, waves?, rush(?:ed|ing)?, (?:pour"
    "|stream|pil)\\w* in, storm, avalanche, "
    "stampede*, influx, flurry, barrage, salvo, volley, torrent, deluge, onslaught, swarm*, herd, hammer*, bombard*, "
    "throng*, mob, mobbed, crush, crowd*, glut, flock*, cascade, multitude, mountain, blast, hail, tsunami, heap, "
    "clusters?, runs? of, excess of, overload of, a pile of, bursty, mass, bunch, batch, bulk, hordes?, army, pack, "
    "inundat*, traffic jam, run on, in droves, gaggles?, droves, throngs, legions?, drove of, shoals?, queue of, "
    "squadron, battalion, regiment, cohort, convoy, caravan, procession, parade, stream of, streams of, shower, "
    "landslide, blizzard, hurricane, cloudburst, downpour, bevy, posse, gangs? of, troop, plethora, abundance, "
    "profusion, superabundance, overabundance, surfeit, surplus of, oversupply, overdose of, invasion, assault, "
    "fusillade, cannonade, drumfire, blitz, tidal, swell of, groundswell, boom in, boom of, explosion of, outburst of, "
    "build up of, mushroom*, proliferat*, snowball*, multipli*, clump*, knots? of, clot of, tangle of, raft of, slew "
    "of, "
    "bundle of, wall of, sea of, ocean of, cloud of, fan ?in, fan ?out, congestion of, log ?jam, gridlock, bumper to "
    "bumper, cheek by jowl, shoulder to shoulder, on top of (?:each other|one another), elbow*, jostl*, clamou?r*, "
    "in a rush, in a heap, in a bunch, in a body, in force, in strength, in bulk, in bursts, wholesale, "
    "by the (?:bucketload|truckload|boatload|ton|handful|fistful|armful), left and right, nonstop, incessant*, "
    "in (?:great |large |such |huge )?numbers, en masse, "
    "thick and fast, by the (?:dozen|score|hundred)s?, in (?:quick|rapid|close) succession, back to back, numerous, "
)
_AT_ONCE = (
    "concurren\\w+, simultan*, (?:in )?parallel*, overlap*, side by side, alongside (?:each other|one another), in "
    "tandem, "
    "together, at once, in one go, in flight, inflight(?![ \\w]*=), all live, under way, "
    r"(?:at|in|within|during|on|by) (?:(?:the|a|any|one|any one|this|that|very|exactly|precisely|just|single|given|same"
    r"|few|identical|selfsame) )*"
    r"(?:same|one|any|single|a) (?:given |few |single )?(?:time|moment|instant|seconds?|breath|go|minute|tick"
    r"|stroke)s?, "
    r"within (?:the same |the space of )?(?:(?:a )?(?:few|handful of|couple of) )?seconds, at a time, all at the same, "
)
_PILE = (
    "pil(?:ed|ing|e|es) ?(?:up|on|onto|into), pile ups?, stack\\w* ?(?:up|to), back(?:ed|ing) up, backlog*, "
    "mount(?:ed|ing) up, accumulat*, bunch* up, build ?up, built up, building up, heap* up, "
    r"abreast, in unison, in concert, in lockstep, in chorus, neck and neck, coincident\w*, co ?occur*, synchron\w*, "
    "unisono, jointly, all running, hand in hand, at a stroke, one (?:on|upon) (?:top of )?(?:another|the other), "
    "compet(?:ed|es?|ing), contend*, contention, vying, outnumber*, outpac*, outstripp*, "
    r"(?:faster|quicker|more quickly) than, (?:far |many )?more (?:\S+ ){0,3}?than, "
    r"(?:twice|double)(?: as many)?, (?:two|three|several|many) times (?:as many|the|more), "
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
    rules = (_come_together, _is_a_crowd, _is_a_great_volume, _is_a_collective)
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
    if _is_of_failures(word, before, after, incident):
        return True
    actively = re.match(r"contend|compet|pil|flood|hammer|bombard|swarm|stack|vy|overlap|concurren|simultan", word)
    so_that = re.match(r" that\b", after) and re.search(r"\b(?:so|such) ", f"{before[-30:]}{word}")
    if re.match(r" (?:with|as|that)\b", after) and not actively and word != "dozens of" and not so_that:
        return True
    if re.search(POOL, word) or ("much" in word and re.match(r" (?:pressure|load|stress|strain)\b", after)):
        return True
    slots = rf"(?: (?:open|db|database|active|idle|busy|pool|of the|of its|the|\d+))* {POOL}"
    if re.search(r"many|much|more|twice|double", word) and re.match(slots, after):
        return True
    return _refers_to_the_errors(word, before, after, incident)


def _is_a_collective(text: str, incident: Incident) -> bool:
    """``a scrum of POST requests``: a noun for many that no list holds; nouns of quality and of trouble are none."""
    noun = re.escape(incident.noun)
    many = rf"(?:{noun}s|posts|(?:{_ours(incident)} |{noun} )(?:\w+ )?(?:requests|calls|submissions|creations))\b"
    quality = (
        r"\w*(?:tion|sion|ness|ment|ity|ance|ence|ures?|ing|al|ism|age|down|out|cy|th|or|ty)\b|(?:single|handful"
        r"|couple|few"
        r"|pair|bug|types?|kinds?|sorts?|sample|subset|part|share|half|lists?|look|review|results?|lack|case|series"
        r"|sequence"
        r"|trickle|set|rate|path|delay|log|trace|report|test|way|use|end|start|time|loss|drop|fall|one|some|none|side"
        r"|name"
        r"|class|stage|step|fix|retry|effect|cause|cost|lifetime|handler|code|speed|performance|absence)\b"
    )
    listed = rf"\b(?:an?|this|that|such an?) (?:[\w-]+ )?(?!{quality})[a-z]{{3,}} of (?:(?!get\b)\w+ ){{0,2}}?{many}"
    return any(not is_denied(text, *found.span()) for found in re.finditer(listed, text))


def _is_of_failures(word: str, before: str, after: str, incident: Incident) -> bool:
    """``a burst of 500s``, ``errors came at once``, ``many requests failed``."""
    ours = rf"(?!requests?\b|posts?\b|{re.escape(incident.noun)}s?\b|calls?\b)"
    errors = re.match(rf"(?: up)?(?: (?:of|in|with))?(?: {ours}[\w-]+){{0,3}}? {ERRORS}", after)
    if errors and not re.match(r" (?:requests?|posts?|/)", after):
        return True
    if re.search(rf"{ERRORS}(?:[ -]|{_COMING})$|\b(?:locks?|rows?|tables?|cpu) $", before):
        return True
    together = r"in parallel|parallel|at once|simultaneously|together|concurrently|at the same time|at one time"
    failed = r"\b(?:fail\w*|returned|answered|timed out|died|errored)\b"
    failed += r"(?: (?!because\b|as\b|since\b|while\b)[^\s;,]+){0,4} $"
    if re.fullmatch(together, word) and re.search(failed, before):
        return True
    return not re.match(r"concurren|simultan|parallel|in flight|overlap", word) and _ends_in_failure(after)


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


_FAILING = (
    r"(?:fail\w*|returned|return(?:ing)?|500s?|errors?|5xx\w*|timeouts?|exceptions?|tim(?:ed|ing|es) out|affected"
    r"|received|answered|rejected|refused"
    r"|died|erred|g[eo]t(?:ting)?|gave up|given up|impacted|hurt|broke|unsuccessful|suffer\w*|went wrong|(?:was|were"
    r"|got) starved"
    r"|(?:with|having|had) (?:the )?(?:status|code|http|a)? ?(?:code )?5\d\d)"
)


def _ends_in_failure(after: str) -> bool:
    """Does the clause go on with what the counted requests suffered, and with nothing that they did to the pool?"""
    clause = re.split(
        r"[;:]| - |,? (?:while|because|since|as|so|but|which|until|when|where|before|hence|due|for|and then|causing"
        r"|making|leaving|until|than|that)\b",
        after[:160],
    )[0]
    failing = re.search(rf"\b{_FAILING}(?!\w)", clause)
    active = r"\b(?:exhaust|satur|deplet|drain|overwhelm|caus|trigger|made|led|ha[ds]|h[eo]ld|t[oa]ok|ate|use|using)"
    return failing is not None and not re.search(f"{POOL}|{active}", clause[: failing.start()])


def _is_a_crowd(text: str, incident: Incident) -> bool:
    """``40 POSTs``, ``dozens of order requests``; a crowd of which only failures are told is none."""
    crowd = rf"(?<![\w.:/]){CROWD} (?:of )?(?:(?!get\b)\w+ ){{0,3}}?{_ours(incident)}"
    failing = rf"(?:\s+\S+){{0,5}}?\s+(?:fail\w*|returned|return|{ERRORS}|timed out|affected|received)"
    failures = rf"(?:{ERRORS}|fail\w*)[^;]{{0,40}}$"
    times = rf"{_ours(incident)} (?:requests? )?(?:[x×*] ?|times )[~≈]? ?{CROWD}\b|\b{CROWD} ?[x×*] {_ours(incident)}"
    wide = rf"(?<![\w.:/]){CROWD} (?:wide|strong|deep|abreast|way|apiece|at a time|together)\b"
    record = r"^[\w ]{1,30}: [^;]*\bin ?flight ?= ?(?:2[1-9]|[3-9]\d)\b(?!.*(?:\b500\b|http/))"
    if re.search(f"{times}|{wide}|{record}", text) or _climbs(text, incident):
        return True
    return _is_under_way(text) or any(
        not re.match(failing, text[found.end() :])
        and not _ends_in_failure(text[found.end() :])
        and not (
            re.search(r"\b(?:from|on|for|by|to|against) ", found.group()) and re.search(failures, text[: found.start()])
        )
        and not is_denied(text, found.start(), found.end())
        for found in re.finditer(crowd, text)
    )


def _climbs(text: str, incident: Incident) -> bool:
    """``POST /api/orders went 3, 6, 10, 18, 27, 40``: a rising series of figures, said of the requests."""
    step = r"(?:,? (?:and |then |to |on to |led to )*|\.\.\.? ?)"
    for found in re.finditer(rf"(?<![\w.:/])\d{{1,3}}(?:{step}\d{{1,3}}\b(?![.:/]\d)){{2,12}}", text):
        figures = [int(figure) for figure in re.findall(r"\d+", found.group())]
        told = text[: found.start()][-120:]
        if figures == sorted(figures) and figures[-1] > 20 and re.search(_ours(incident), told):
            return not re.search(rf"{ERRORS}[^;]*$", told)
    return False


def _is_under_way(text: str) -> bool:
    """``40 of which were live``: more than the pool's own number, said to be going on."""
    state = (
        r"(?:live|open|active|pending|outstanding|running|executing|executed|in progress|(?:being )?(?:processed"
        r"|handled"
        r"|served|worked on)|want\w*|need\w*|unfinished|underway|on the go|ongoing|queued at|inside)\b"
    )
    going_on = rf"(?<![\w.:/=])(?P<n>{CROWD}) (?:(?!{ERRORS}|{POOL}|only\b|just\b)[^\s;]+ ){{0,6}}?{state}"
    sizes = {found[found.lastgroup or 0] for found in slots(text)}
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

"""The three parts of the diagnosis as phrases: what ran out, which requests did it, and that they came together.

All functions take one claimed sentence in one voice (see ``agentic_core_prose.voice``). They know phrases, not
arguments: a cause that is paraphrased without any of them ("twice as many writers as slots") is not understood.
"""

from __future__ import annotations

import re

from agentic_core_prose import phrases
from log_claims import is_denied, occurs
from log_incident import Incident

OTHER_RESOURCE = (
    r"(?:memory|cpu|disk|heap|threads?|workers?|sockets?|descriptors?|bandwidth|servers?|ram|buffers?|quota)"
)
POOL = (
    r"(?<!thread )(?<!worker )(?<!process )(?<!memory )(?<!buffer )(?<!threads )(?<!workers )"
    r"(?:\bpools?\b(?!'s (?:log|timeout))|\bconnections?\b(?! (?:to|with|between|errors?|leaks?|reset|refused"
    r"|string)\b)|\bconns?\b"
    r"|\bdb handles?\b|\bpool slots?\b)"
)
SPENT = phrases(
    "exhaust*, saturat*, deplet*, starv*, r[ua]n(?:ning)? (?:out|dry), used up, maxed, max(?:ed)? out, "
    r"maxing out, at (?:full |max\w* |its |the )*(?:capacity|limit|maximum|max), "
    r"(?:completely |totally |entirely )?full\b(?! (?:of|scan|log)), "
    r"fully (?:\w+ )?(?:used|utili[sz]ed|checked out|occupied|consumed|booked|allocated|loaded|taken|tied up|busy"
    r"|leased|in use|engaged), "
    "checked out, tied up, used up, drain*, overwhelm*, overload*, overrun, overran, overflow*, swamp*, "
    "overcommitted, oversubscribed, clog*, chok*, fill(?:s|ed|ing)?(?: up| completely)?, emptied, empty, "
    r"gone, eaten up, ate up, hogg*, monopoli[sz]\w*, consum\w+, occup\w+, unavailable, pinned, pegged, "
    r"dry, exceed*, outstripp*, outgr[eo]w*, outnumber*, insufficient, shortage, scarc\w+, too (?:small|few), "
    "undersized, bottleneck*, 100 ?%, capped out"
)
STEP = rf"(?:(?!{OTHER_RESOURCE}\b|but\b|while\b|healthy\b|fine\b)[^\s;]+ )"
HOLD = phrases(
    r"h[eo]ld(?:s|ing)?, t[ao]k(?:e|es|ing|en|ook), took, us(?:e|es|ed|ing), occup\w+, consum\w+, eat*, ate, "
    r"hogg\w+, block\w+, grabb\w+, claim*, monopoli[sz]\w+, t(?:ie|ied|ying), lock*, fill*, seiz\w+, "
    r"captur\w+, kept, keep*, pinn\w+, exhaust\w+, gobbl\w+, absorb*, checked out, acquir\w+"
)
TAKEN = phrases(
    "in use, busy, taken, occupied, held, active, checked out, consumed, tied up, claimed, blocked, engaged, "
    "used, hogged, leased, allocated, locked, handed out, unavailable, gone, stuck, pinned, out"
)
WHOLE = r"(?:all|every|each of the|the entire|the whole|the complete)"
FREE = (
    r"(?:free|spare|idle|available|remaining|open|unused|more|further|db|database|pool(?:ed)?|left|single|connection)"
)


def is_exhausted(text: str) -> bool:
    """The pool, or its connections, were used up, in the words of many."""
    return any(rule(text) for rule in (_is_spent, _is_none_free, _is_wholly_taken, _is_at_limit, _waits_in_vain))


def _is_spent(text: str) -> bool:
    """A word of exhaustion next to the pool or the connections, and next to no other resource."""
    after = rf"{POOL}[\s,'\"()-]*{STEP}{{0,6}}?{SPENT}(?! {OTHER_RESOURCE})"
    before = rf"\b{SPENT} {STEP}{{0,6}}?{POOL}"
    later = rf"{POOL}[\s,'\"()-]*{STEP}{{0,16}}?(?:was|were|is|are|been|got|became|being) (?:\w+ )?{SPENT}"
    return any(occurs(pattern, text) for pattern in (after, before, later))


def _is_none_free(text: str) -> bool:
    """``no free connections``, ``connections: none available``, ``not a single connection left``."""
    none = (
        rf"\b(?:no|zero|without (?:a|any)|not a single|not enough|too few)(?: {FREE})* (?:connections?|conns?|slots?)\b"
    )
    blameless = r"(?! (?:pool|to|with|between|errors?|leak\w*|issue|problem|reset|refused|related))"
    no_one = r"\bconnections?\b[^.;]{0,50}\bnone (?:\w+ )?(?:free|left|available|remaining|idle|spare)"
    left = r"\bpool (?:had|has|with|left) (?:no|none|nothing)\b(?! (?:problem|issue|effect|impact))"
    return bool(re.search(none + blameless, text) or re.search(no_one, text) or re.search(left, text))


def _is_wholly_taken(text: str) -> bool:
    """All of them taken: ``all 20 connections in use``, ``held all 20``, ``20/20``, ``the whole pool was busy``."""
    if not re.search(POOL, text):
        return False
    taken = rf"\b{WHOLE} (?:{STEP}{{0,5}}?)(?:{TAKEN})\b"
    held = rf"\b{HOLD} (?:up )?{WHOLE}(?: |$|[.,;])"
    full = r"(?<![\d/])(\d+)(?:/| of | out of )(?:the )?\1(?![\d/])"
    return occurs(taken, text) or occurs(held, text) or occurs(full, text)


def _is_at_limit(text: str) -> bool:
    """The pool's limit was reached: ``hit the pool limit``, ``the connection cap of 20 was exceeded``."""
    limit = r"(?:limits?|maximum|max|cap|capacity|ceiling|size|bound)"
    reached = (
        r"(?:reach\w*|hit\w*|exceed\w*|surpass\w*|breach\w*|maxed|m[eo]t|exhausted|above|beyond|over|past|saturat\w+)"
    )
    named = rf"(?:{POOL} (?:{STEP}{{0,3}}?)?{limit}|{limit} (?:of|on|for) (?:{STEP}{{0,4}}?){POOL})"
    own = rf"{POOL} {STEP}{{0,3}}?{reached} (?:its |the |their |a )?(?:{STEP}{{0,2}}?){limit}"
    more = rf"\bmore (?:{STEP}{{1,8}}?)than (?:{STEP}{{0,5}}?)(?:{POOL}|the \d+)"
    forms = (rf"{named} (?:{STEP}{{0,4}}?){reached}\b", rf"\b{reached} (?:{STEP}{{0,4}}?){named}", own, more)
    small = r"\b(?:not|nowhere near) (?:big|large|wide) enough\b"
    return any(occurs(form, text) for form in forms) or bool(re.search(POOL, text) and re.search(small, text))


def _waits_in_vain(text: str) -> bool:
    """Requests could not get a connection, or waited for one."""
    one = rf"(?:(?:a|an|any|the|their|one|\d+|{FREE}) )*(?:connections?|slots?)\b"
    unable = (
        r"\b(?:(?:could|can|did|were|was) ?not|cannot|unable to|failed to|fail to|failing to) (?:able to |even )?"
        r"(?:get|obtain|acquire|check out|be given|grab|receive|secure|find|be served|borrow)"
    )
    waiting = (
        r"\b(?:wait(?:ed|ing|s)?|queu(?:e|ed|es|ing|eing)(?: up)?|starv\w+|block(?:ed|ing)|time[ds]? out|timing out"
        r"|stuck)"
        r"(?: \w+){0,4}? (?:for|waiting for|acquiring|getting|obtaining|on|of)"
    )
    return bool(re.search(rf"{unable} {one}", text)) or occurs(rf"{waiting} {one}", text)


def path_pattern(path: str) -> str:
    """A path as it may be written: with or without a host, the first or the last slash."""
    bare = re.escape(path.strip("/").lower())
    return rf"(?<![\w/.-])(?:https?://[\w.:-]+)?/?{bare}/?(?![\w/-])"


def names_trigger(text: str, incident: Incident) -> bool:
    """The path of the trigger, not under another method, and its method or create, submit, place beside it."""
    paths = re.finditer(path_pattern(incident.path), text)
    other_method = r"\b(?:get|put|patch|delete|head|options)s? (?:requests? )?(?:to |on |for )?[\"'(]*$"
    ours = [found for found in paths if not re.search(other_method, text[: found.start()])]
    claimed = [found for found in ours if not is_denied(text, found.start(), found.end())]
    return bool(claimed) and writes(text, incident)


def writes(text: str, incident: Incident) -> bool:
    """Does the sentence say that something is posted, created, submitted or placed?"""
    method = incident.method.lower()
    ending = r"(?:s|ed|ing|'s)?" if method == "post" else "s?"
    for found in re.finditer(rf"(?<![\w/-]){method}{ending}(?![\w-])", text):
        target = re.match(
            r"\)?(?: (?:requests?|calls?|traffic))?(?: (?:to|on|for|at|against))? (/\S+)", text[found.end() :]
        )
        if target is None or re.search(path_pattern(incident.path), target.group(1)):
            return True
    order = rf"(?:{re.escape(incident.noun)}s?)\b"
    verbal = (
        rf"\b(?:creat(?:e|es|ed|ing|ion)|plac(?:e|es|ed|ing|ements?)) (?:of |an? |the |new |many |more |\w+ )?{order}"
    )
    done = r"(?:creat(?:e|ed|ion|ions|ing)|plac(?:ed|ing|ements?))\b"
    nominal = rf"(?<!/)\b{order} (?:(?:was|were|are|is|being|to be) )*{done}"
    calls = r"\b(?:creation|create|placement) (?:requests?|calls?|endpoint|traffic|operations?|attempts?|path|route)\b"
    return bool(re.search(rf"{verbal}|{nominal}|{calls}|\bsubmit\w*\b|\bsubmissions?\b", text))


ERRORS = phrases(
    r"(?:https? )?(?:500s?|5xx\w*|404s?|errors?|failures?|failed|timeouts?|latency|latencies), exceptions?, "
    r"response times?, "
    "server errors?, error responses?, bot, scan*, crawler"
)
TOGETHER = phrases(
    r"concurren\w+, simultaneous*, (?:in )?parallel*, all at once, at once, "
    r"at the same (?:time|moment|instant), overlap*, surg\w+, bursts?, bursting, spik\w+, flood*, waves?, "
    "rush, storm, avalanche, stampede, pil(?:ed|ing|e|es) ?up, backlog*, influx, flurry, barrage, torrent, "
    "deluge, onslaught, swarm*, herd, hammer*, bombard*, too many, so many, in flight, in one go, "
    "compet(?:ed|es?|ing), contend*, contention, outnumber*"
)
CROWD = (
    r"(?:(?![45]\d\d\b)(?:[2-9]\d|\d{3,})|dozens|scores|hundreds|thousands|twenty|thirty|forty|fifty)"
    r"(?: or so| plus|\+)?"
)
GREAT = phrases(
    "high, heav(?:y|ily), large(?:ly)?, huge(?:ly)?, massive(?:ly)?, excessive(?:ly)?, sudden(?:ly)?, sharp(?:ly)?, "
    "rapid(?:ly)?, unusual(?:ly)?, elevated, extreme(?:ly)?, intense(?:ly)?, growing, rising, overwhelming(?:ly)?, "
    "substantial(?:ly)?, big, abrupt(?:ly)?, steep(?:ly)?, mass, great(?:ly)?, enormous(?:ly)?"
)
AMOUNT = phrases(
    "volumes?, load, traffic, numbers?, rates?, throughput, amounts?, demand, increase, rise, jump, growth, "
    "quantity, frequency, arrivals?, ramp(?: up)?, concentration, pressure"
)
GROWS = phrases(
    "climb*, ramp*, r[io]s(?:e|es|ing|en), rose, gr[eo]w*, jump*, increas*, doubl*, escalat*, "
    "skyrocket*, shot up, mount*"
)


def is_concurrent(text: str, incident: Incident) -> bool:
    """Many at a time: said outright, as a number, or as a great volume of the triggering requests."""
    return _come_together(text, incident) or _is_a_crowd(text, incident) or _is_a_great_volume(text, incident)


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
    actively = re.match(r"contend|compet|pil|flood|hammer|bombard|swarm", word)
    if re.match(r" (?:with|as|that)\b", after) and not actively:
        return True
    slots = r"(?: (?:open|db|database|active|idle|busy|pool|of the|of its))* (?:connections?|conns?|slots?)\b"
    if word in ("too many", "so many") and re.match(slots, after):
        return True
    return _refers_to_the_errors(word, before, after, incident)


def _refers_to_the_errors(word: str, before: str, after: str, incident: Incident) -> bool:
    """``the burst``, as the task calls the errors; ``the burst of POSTs`` and ``the order burst`` are others."""
    if not re.fullmatch(r"bursts?|spikes?|surge|waves?|storm|rush", word):
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


def _is_a_crowd(text: str, incident: Incident) -> bool:
    """``40 POSTs``, ``dozens of order requests``; a crowd of which only failures are told is none."""
    crowd = rf"(?<![\w.:/]){CROWD} (?:of )?(?:(?!get\b)\w+ ){{0,3}}?{_ours(incident)}"
    failing = rf"(?:\s+\S+){{0,5}}?\s+(?:fail\w*|returned|return|{ERRORS}|timed out|affected|received)"
    return any(
        not re.match(failing, text[found.end() :]) and not is_denied(text, found.start(), found.end())
        for found in re.finditer(crowd, text)
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

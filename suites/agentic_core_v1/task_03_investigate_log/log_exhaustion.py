"""The first part of the diagnosis: the pool, or its connections, were used up.

A word for the pool and a word for the shortage stand near each other in one sentence, in either order, with no other
resource between them. The shortage has four shapes: a word of being spent, the whole of the pool in use, nothing left
of it, or a limit that the requests went past, in words or as two numbers. The rules cannot tell who suffers: "the
database ran out of patience with its connections" has both words.
"""

from __future__ import annotations

import re

from agentic_core_prose import phrases
from log_claims import is_denied
from log_numbers import NUMBER, is_outnumbered

OTHER_RESOURCE = (
    r"(?:memory|cpu|disk|heap|threads?|workers?|sockets?|descriptors?|bandwidth|ram|buffers?|quota|cores?|patience)"
)
_OTHER_POOL = "".join(rf"(?<!{word} )" for word in ("thread", "worker", "process", "memory", "buffer", "threads"))
_TO_OTHERS = (
    r"to (?!(?:the |its |our )?(?:db|database|postgres|mysql)\b|(?:go|be|serve|spare|give|hand|lend|share|offer)\b)"
    r"|with|between|errors?|leak\w*|reset|refused|string"
)
CONNECTION = (
    rf"(?:\bconnections?\b(?! (?:{_TO_OTHERS}|timeouts?|failures?|problems?|issues?|lost|dropped)\b)|\bconns?\b"
    r"|\bdb handles?\b|\b(?:pool|db) slots?\b)"
)
POOL = (
    rf"(?:{_OTHER_POOL}\bpools?\b(?!'s (?:log|timeout|patience|memory|cpu|threads?)\b| of (?:\w+ )?(?:threads?"
    rf"|workers?|process\w*|memory"
    rf"|buffers?)\b)|{CONNECTION})"
)
BARRIER = rf"\b(?:{OTHER_RESOURCE}|but|while|whereas|healthy|fine|servers?)\b|[;]"
LIMIT = r"(?:limits?|maximum|max|caps?|capacity|ceiling|size|bounds?|breaking point|edge|peak)"

SPENT = phrases(
    # used up
    "exhaust*, saturat*, deplet*, drain*, emptied, empty, gone, dry, dried up, used up, eaten, eat*, ate, devour*, "
    "swallow*, gobbl*, guzzl*, soak*, absorb*, suck*, bled, bleed*, consum*, hogg*, hoard*, grabb*, "
    "monopoli[sz]\\w*, occup*, commandeer*, "
    "seiz*, snapp* up, tied up, tying up, checked out, spoken for, lock* up, bottom* out, tapp* out, topp* out, "
    "r[ua]n(?:s|ning)? (?:out|short|low|empty), out of, wip* out, taken up, took up, fully \\w+, unavailable, "
    # too full
    r"overwhelm*, overload*, overr[ua]n, overflow*, over ?(?:subscri|commit|book|tax|stretch|burden|extend|strain"
    r"|stress)\w*, swamp*, clog*, "
    r"chok*, jam*, congest*, fill(?:s|ed|ing)?, full\b(?! (?:of|scan|log)), max(?:ed|es|ing)?(?: out)?, capped, "
    r"pinned, "
    "under (?:too much|heavy|severe|extreme|enormous) (?:pressure|stress|strain|load), to (?:its|the) knees, over "
    "the edge, crack*, crumbl*, succumb*, overpower*, brought down, no match, pegged, 100 ?%, (?:went|fell|dropped"
    "|down|sank) to (?:zero|0|nothing), buckl*, collaps*, gave out, gave way, crush*, "
    rf"at (?:full |max\w* |its |the |their |\d+ (?:connections? )?)*{LIMIT}, full (?:tilt|stretch), "
    "bare, hoover*, vacuum*, mopp* up, lapp* up, slurp*, quaff*, guzz*, inhal*, engulf*, submerg*, drown*, flood*, "
    "smother*, suffocat*, strangl*, throttl*, asphyxiat*, flatten*, trampl*, steamroll*, stampeded, inundat*, deluged, "
    "besieg*, stormed, cleaned out, clean(?:ed)? sweep, swept, stripp*, plunder*, loot*, raid*, ransack*, pillag*, "
    "squander*, burn* through, burned up, gulp*, munch*, ravag*, whittled, worn out, wore out, sapp*, tax(?:ed|ing), "
    "overfill*, overcrowd*, crowded out, packed, crammed, stuffed, brimming, bursting, to the brim, chock*, "
    "choc a bloc, "
    "jam packed, sold out, booked (?:out|up|solid), fully booked, no vacanc*, standing room, oversold, rationed, "
    "scarce*, scant*, meagre, thin on the ground, out of stock, ran aground, keel* over, went under, gone under, goes "
    "under, g[ai]ve(?:s|n)? way, cav(?:ed|es|ing) in, capsiz*, sank, sunk, flounder*, founder*, groan*, strain(?:ed"
    "|ing)? "
    "to, stretched, beyond (?:its|their|the) (?:means|limits?|capacity), out ?match*, out ?gunn*, out ?done, dwarf*, "
    "eclips*, overshadow*, overtax*, overdrawn, overdraft, overheat*, overcome, overtaken, outsiz*, bankrupt*, "
    "insolvent, "
    "bust, broke(?! (?:down|it|the)), spent, exhaustion, deplenish*, unequal to, not equal to, not up to, "
    "no longer up to, "
    "limiting (?:factor|resource), first (?:\\w+ )?to (?:give|go|break|fail|snap|crack), finished(?! at)?, used all, "
    "use "
    "all, on (?:its|their) (?:knees|last legs), on the ropes, deficien*, deficits?, paucity, want of, emptying, "
    "emptiness, drying up, (?:contention|congestion|crush|jam|squeeze) (?:at|in|on|around|within), "
    "(?:hit|reach\\w*|scrap\\w*|struck|at) (?:its |the |rock )*(?:bottom|barrel), excess (?:of )?(?:\\S+ ){0,5}?over, "
    "squeez*, wrung, "
    "cut off, blocked (?:up )?by, barricad*, obstruct*, plugged, at (?:the|its) end, at an end, over(?= and)?$, "
    # too little
    "starv*, insufficient*, inadequate*, (?:not|never) suffic*, short supply, lack*, absence, unavailab*, shortage, "
    "shortfall, short of, fell short, scarc*, famine, dearth, drought, too (?:small|few|little|tight|narrow|tiny"
    "|modest|low|meagre|limited), "
    "undersized, bottleneck*, choke ?points?, (?:not|nowhere near|hardly) (?:nearly )?(?:big|large|wide)? ?enough, "
    "not suffic*, (?:hit|reach\\w*|at) (?:the|its|a) (?:wall|roof|end), "
    r"(?:contention|contend\w*|compet\w+|vying|fighting|fought|scrambl\w+|battl\w+) (?:for|over)"
)
BENIGN = (
    r"\b(?:is|are|was|were|stayed|remained|been|being|sat|still) (?:\w+ )?(?:idle|free|healthy|fine|ok|okay|open"
    r"|closed|reset|dropped|lost|refused|released|returned|unused|normal|established)\b"
)


def _between(text: str, left: re.Match[str], right: re.Match[str]) -> str:
    first, second = sorted((left, right), key=lambda found: found.start())
    return text[first.end() : second.start()]


def near(text: str, first: str, second: str, most: int, barrier: str = BARRIER) -> list[re.Match[str]]:
    """What is found of the second pattern within so many words of the first, in either order, with nothing between."""
    ours = list(re.finditer(first, text))
    if ours:  # "for a pool of 20; once it was full": the pronoun stands for what was named
        ours += re.compile(r"\b(?:it|they|which|these|those)\b").finditer(text, ours[0].end())

    def reaches(found: re.Match[str]) -> bool:
        spaces = (_between(text, thing, found) for thing in ours)
        return any(len(space.split()) <= most and not re.search(barrier, space) for space in spaces)

    return [found for found in re.finditer(second, text) if reaches(found)]


ANAPHORA = (
    r"\b(?:it|they|them|its)\b|^(?:all|each|every one|none|nothing)\b"
    r"|^(?:\w+ ){0,3}(?:state|status|condition|level|usage|utili[sz]ation|what happened|happened|problem|load)\s*[:=]"
    r"|^(?:\w+ )?(?:exhaust|drain|deplet|empt|consum|us(?:ed|er)|taken|held|eaten)\w*(?: \w+)?\s*[:=]"
)
WELL = (
    rf"{POOL}(?: itself)? (?:(?!no\b|not\b|nothing\b)\w+ ){{0,2}}?(?:held (?:up|out|firm|steady|its own)|coped"
    rf"|kept (?:up|pace)"
    r"|(?:was|were|is|are|stayed|remained|looked|seemed) (?:(?!no\b|not\b)\w+ ){0,2}?(?:healthy|fine|okay|ok|calm"
    r"|comfortable"
    r"|unaffected|(?:far from|nowhere near)(?! (?:enough|suffic|adequate|able|big|large))|well (?:within|below|under)"
    r"|adequate|sufficient|ample|large enough|big enough"
    r"|never exhausted|half empty|mostly (?:idle|free))"
    r"|ha[ds] (?:plenty|ample|lots|room|spare|enough|headroom|capacity to spare)|never (?:came close|rose|exceeded"
    r"|got near|passed|went))"
    r"(?! (?:until|till|at first|before|up to|for)\b)"
    rf"|{POOL},? (?:and )?all (?:of them |of these |twenty |\d+ )?(?:were |are |being )?"
    r"(?:idle|free|available|unused|healthy)\b"
)
"""The pool did well; nothing else in the sentence makes it empty."""


def is_exhausted(text: str, before: str = "") -> bool:
    """The pool, or its connections, were used up; ``it`` may stand for those of the sentence before."""
    if before and re.search(POOL, before) and not re.search(BENIGN, before) and re.search(ANAPHORA, text):
        text = f"the pool, {text}"
    if re.search(WELL, text):
        return False
    rules = (_is_spent, _is_wholly_taken, _is_none_left, _is_out_of_reach, _is_exceeded)
    return bool(re.search(POOL, text)) and any(rule(text) for rule in rules)


def _is_spent(text: str) -> bool:
    """A word of exhaustion near the pool, said of no other resource."""
    of_others = rf"\b{OTHER_RESOURCE}(?: (?:is|was|were|are|got|being|been))? $"
    to_others = rf" (?:of )?(?:the |its |all )?{OTHER_RESOURCE}\b"
    return any(
        not re.search(of_others, text[: found.start()])
        and not re.match(to_others, text[found.end() :])
        and not is_denied(text, found.start(), found.end())
        for found in near(text, POOL, SPENT, 12)
    )


ALL = r"(?:all|every|each(?: and every)?|(?:the |its |their )?(?:whole|entire|complete|full)|the lot)"
_OF_THE_POOL = (
    r"(?:(?:single|last|one|of|the|its|their|our|these|those|available|free|spare|existing|usable|database|db|pool"
    r"|pooled"
    r"|set|lot|stock|supply|\d+|[a-z]+ty|ten|\w+teen|shared|in) )"
)
NOT_THE_POOL = r"(?:500|5xx|error|request|failure|response|other|instance|call|waiter|line|client|time|attempt|\d+ 500)"
WHOLLY = (
    r"(?:all|entirely|completely|fully|totally|wholly|altogether|every(?: single)? (?:one|last one)|each one|to the "
    r"last|the lot)"
)
TAKEN = phrases(
    "in use, busy, taken, occupied, held, active, checked out, consumed, tied up, claimed, blocked, engaged, used, "
    "hogged, "
    "leased, allocated, locked, handed out, unavailable, gone, stuck, pinned, assigned, snapped up, lent out, "
    "reserved, "
    "grabbed, seized, captured, spoken for, given to, given out, shared (?:out )?(?:among|between)"
)
LET_GO = r"\b(?:releas|return|clos|free|reset|drop|restor|gave back|refus|los[et])\w* (?:up )?$"


def _is_wholly_taken(text: str) -> bool:
    """The whole of it: ``all 20 connections``, ``every connection``, ``entirely committed``, ``20/20``."""
    before = rf"\b{ALL} {_OF_THE_POOL}{{0,6}}{POOL}"
    after = rf"{POOL}['\"),:]*(?: (?!but\b|while\b)[^\s;]+){{0,6}}? {WHOLLY}\b(?! {NOT_THE_POOL})"
    full = r"(?<![\d/])(\d+)(?:/| of | out of )(?:the |its |a possible )?\1(?![\d/])"
    counted = (
        rf"(?<! of )(?<! of the )(?<!/){NUMBER} (?:[^\s;]+ ){{0,4}}?(?:connections?|slots?|conns|members|places|units"
        rf"|of them)\b (?:\w+ "
        rf"){{0,6}}?{TAKEN}\b"
    )
    held = (
        r"\b(?:h[eo]ld|holding|took|taking|taken|us(?:ed|ing)|grabb\w+|claim\w+) (?:up )?(?:all|the lot)(?: "
        r"\d+)?(?= |$|[.,;])"
    )
    definite = (
        r"\b(?:took|taken|taking|claim\w*|grabb\w*|seiz\w*|h[eo]ld|holding|occup\w+|kept|keeping|block\w*|hogg\w*) "
        r"(?:up )?"
        r"(?:the|its|their|these) (?:(?:\w+|\d+) ){0,3}?connections\b"
    )
    seats = (
        r"\b(?:all|every|each)(?: (?:and every|single|last|one|of|the|its|\d+|twenty|those|these))* (?:slot|seat"
        r"|place|bay"
        r"|table|entry|entries|handle|unit|line|lane|cell|chair|room|bed|door|counter|spot|space|berth|desk|member"
        r"|channel"
        r"|ticket|token|key|permit|licen[cs]e|taxi|till|checkout|window|parking \w+)s?(?: (?:of|in|at"
        r"|on|from) [^;,.]{1,40}?)? "
        rf"(?:(?:was|were|is|are|had been|being|got|been|had) )*(?:\w+ly )?(?:{TAKEN}|filled|full|exhausted)\b"
    )
    hands = (
        rf"\b{ALL} {_OF_THE_POOL}{{0,6}}{POOL} (?:[^\s;]+ ){{0,6}}?(?:in the (?:hands|grip|clutches|possession)"
        rf"|with \w+)\b"
        rf"|{POOL} (?:[^\s;]+ ){{0,4}}?(?:all (?:used|taken|busy|gone|occupied)|(?:used|taken|occupied|eaten"
        rf"|held) all)\b"
    )
    return any(
        not re.search(BENIGN, text[found.start() : found.end() + 60])
        and not re.search(LET_GO, text[: found.start()])
        and not is_denied(text, found.start(), found.end())
        for pattern in (before, after, full, held, counted, definite, seats, hands)
        for found in re.finditer(pattern, text)
    )


FREE = (
    r"(?:free|left|available|remain\w*|spare|idle|over|to (?:give|lend|spare|offer|hand|serve|be had|share)|any "
    r"?more|unused)"
)
NONE = r"(?:no|none|zero|nothing|without|0|too few|not (?:one|an?|any|enough|a single)|never)"
BLAMELESS = (
    r"(?! (?:pool|to (?!go|be|serve|spare|give|hand|lend|share|offer)|with|between|errors?|leak\w*|issues?"
    r"|problems?|reset|refused|related|limit|trouble|string|found))"
)


def _is_none_left(text: str) -> bool:
    """``no free connections``, ``connections: none available``, ``not one left``, ``nothing free in the pool``."""
    none = (
        rf"\b{NONE}(?: (?:more|further|other|a|an|any|single|one|db|database|pool(?:ed)?|{FREE}))* (?:connections?"
        rf"|conns?|slots?)\b{BLAMELESS}"
    )
    negated = rf"\b(?:not|never|no) (?:[^\s;]+ ){{0,6}}?{POOL} (?:[^\s;]+ ){{0,3}}?{FREE}\b"
    emptied = (
        rf"{POOL}(?:, [^,;.]{{1,30}},)? (?:\w+ ){{0,2}}?(?:had|has|with|left|offered|contained|held) "
        rf"(?:no|none|nothing|zero|not one)\b(?! (?:problem|issue|effect|impact|part|role|trouble"
        r"|to do|bearing|share|influence|in common|wrong))"
        rf"|\bl(?:eft|eaving) (?:nobody|no one|none|not one|nothing|little)\b (?:[^\s;]+ ){{0,8}}?{CONNECTION}"
    )
    bare = (
        rf"\b(?:none|nothing|no one|not one|zero|(?<![\w.:/])0)(?: (?:is|was|were|are|remained|of them|at all"
        rf"|else))* (?:{FREE})\b"
    )
    of_them = rf"\b(?:none|not one|no one) of (?:the|its|these|those|them)\b(?: [^\s;]+){{0,5}}? {FREE}\b"
    counted = rf"\b{FREE}\s*[:=]?\s*(?:0|none|zero|nil|nothing)\b(?![.:/]\d)"
    return any(re.search(pattern, text) for pattern in (none, negated, emptied, bare, of_them, counted))


SERVE = (
    r"(?:serve|satisfy|keep|provide|hand|give|supply|meet|cope|handle|accommodate|offer|lend|sustain|take|deliver|feed"
    r"|support|cover|spare|carry|stand|absorb|manage|bear|issue|grant)"
)
GET = (
    r"(?:get|got|getting|obtain\w*|acquir\w+|check(?:ing)? out|be given|given|grab\w*|receiv\w+|secur\w+|find|found"
    r"|be served"
    r"|borrow\w*|have(?! been)|had|claim\w*|lay hands on|be (?:had|obtained|acquired)|access|reach)"
)


def _is_out_of_reach(text: str) -> bool:
    """Requests could not get a connection, or waited for one; the pool could not serve them."""
    one = r"(?:[^\s;]+ ){0,6}?(?:connections?|slots?|conns?|the pool)\b(?! (?:with|between|errors?|pool))"
    unable = (
        r"\b(?:(?:could|can|did|was|were) not|cannot|(?:could|can) no longer|(?:nobody|no one|nothing)(?: else)?(?: "
        r"could)?"
        r"|unable to|fail(?:ed|ing)? to|never|in vain|impossible)"
    )
    waiting = (
        r"\b(?:wait\w*|queu\w*(?: up)?|starv\w+|block(?:ed|ing)|time[ds]? out|timing out|stuck|lin(?:ed|ing) up)"
        r"(?: \w+){0,4}? (?:for|waiting for|acquiring|getting|obtaining|on|of|behind) "
    )
    refused = rf"\b(?:no|without|denied|refused|not one)\b (?:[^\s;]+ ){{0,3}}?connections? (?:[^\s;]+ ){{0,3}}?{GET}"
    short = (
        rf"{POOL} (?:[^\s;]+ ){{0,8}}?(?:(?:could|can|was|were) (?:not|no longer)(?: able to| possibly)?|cannot"
        rf"|unable to|fail(?:ed|s|ing)? to) {SERVE}\b"
    )
    lost = (
        rf"{CONNECTION} (?:[^\s;]+ ){{0,3}}?(?:(?:could|can) (?:not|no longer)|cannot) (?:be )?(?:\w+ )?(?:{GET}"
        rf"|obtained|acquired|had|served)\b"
    )
    hopeless = (
        rf"\b(?:acquir|obtain|gett|check)ing (?:out )?{one} (?:[^\s;]+ ){{0,3}}?(?:impossible|hopeless|failed|timed "
        rf"out)\b"
    )
    forms = (lost, hopeless, rf"{unable} (?:able to |even |longer )?{GET} {one}", short, refused)
    patiently = re.finditer(rf"{waiting}{one}", text)
    return any(re.search(form, text) for form in forms) or any(
        not is_denied(text, found.start(), found.end()) for found in patiently
    )


def _is_exceeded(text: str) -> bool:
    """More was asked for than there is: past the pool's limit, more than its connections, 40 on 20."""
    beyond = phrases(
        "exceed*, surpass*, outnumber*, outstripp*, outpac*, outr[au]n, outgr[eo]w*, outweigh*, overshot, overtook, "
        "past, beyond, above, over and above, breach*, twice, double*, doubl*, two times (?:as|the|its|what), 2x, "
        r"(?:more|greater|higher|larger|faster|quicker) (?:\S+ ){0,14}?than"
    )
    limit = rf"\b(?:reach\w*|hit\w*|m[eo]t|touch\w*|ran into|against|driven to|at) (?:[^\s;]+ ){{0,3}}?{LIMIT}\b"
    limit += rf"|\b(?:to|at|against|beyond|over|past|above|off) (?:its|the|their|full|max\w*) (?:\w+ )?{LIMIT}\b"
    limited = rf"\b{LIMIT} (?:[^\s;]+ ){{0,6}}?(?:reach\w*|hit|m[eo]t|exhaust\w*|attained)\b"
    burden = (
        rf"\b(?:too|so) (?:many|much|high|great|heavy|big|large|numerous)\b (?:[^\s;]+ ){{0,14}}?for (?:[^\s;]+ "
        rf"){{0,4}}?{POOL}"
    )
    driven = (
        rf"\b(?:dr[io]v\w+|brought|bring\w*|took|push\w*|sent|forc\w*|press\w*) (?:[^\s;]+ ){{0,4}}?{POOL} "
        r"(?:to|into|over|past|beyond|down|under)\b"
    )
    if any(not is_denied(text, hit.start(), hit.end()) for hit in re.finditer(f"{burden}|{driven}", text)):
        return True
    found = [*near(text, POOL, beyond, 7), *near(text, POOL, limit, 5), *near(text, POOL, limited, 5)]
    return any(not is_denied(text, hit.start(), hit.end()) for hit in found) or is_outnumbered(text)

"""What else a finding blames: decoys of the log and invented mechanisms, when they are asserted as the cause.

A suspect may be named as a moment ("after the 14:25 deploy"), as a victim ("GET /api/cart failed too"), as ruled out,
or as something that "may have contributed". It may not cause, share the cause, or stand as one candidate among several.
A mechanism that is in no list here (a solar flare) is not known for one, unless it is called the root cause outright.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from agentic_core_prose import Piece, phrases
from log_claims import ADVICE_HEADING, DISMISSAL_HEADING, asserted
from log_concepts import AMOUNT, CROWD, GREAT, TOGETHER, is_exhausted
from log_incident import Incident, singular

FAMILIES = {
    "deploy": phrases(
        "re ?deploy(?:s|ed|ment|ments|ing)?, deploy(?:s|ed|ment|ments|ing)?, roll ?outs?, "
        "rolled out, "
        r"(?:new|recent|latest|bad|faulty|the|this|\d\d:\d\d) (?:\w+ )?(?:release|version|build|code)"
    ),
    "scan": phrases(
        r"bots?, scan(?:s|ner|ners|ning)?, crawl*, prob(?:e|es|ing)\b(?! (?:that|this)), "
        r"attack*, d?dos, 404s?, malicious, brute force, intrusion"
    ),
    "disk": r"(?:\bdisks?\b|\b(?:storage|disk|log) space\b|\bfile ?system\b)",
    "leak": phrases(
        "leak*, unreleased, (?:not|never) (?:\\w+ ){0,2}?(?:g[ia]v\\w+|hand(?:s|ed|ing)?) (?:\\w+ ){0,3}back, "
        "(?:not|never) (?:being )?(?:properly |correctly )?(?:released|closed|returned)(?! (?:fast|quickly|in time"
        "|soon)), "
        "unclosed, "
        r"(?:fails?|failed|failing|forgets?|forgot) to (?:release|close|return) (?:\w+ ){0,3}connections?"
    ),
    "slow sql": phrases(
        r"(?:slow|inefficient|unoptimi[sz]ed|expensive|bad|poor|heavy|n\+1) (?:\w+ ){0,2}?(?:sql|quer(?:y|ies)"
        r"|inserts?|updates?|statements?|joins?), "
        r"missing (?:\w+ )?index*, n\+1, full table scans?, slow (?:db|database)"
    ),
    "locks": phrases(
        "dead ?lock*, (?:row|table|lock|mutex)(?: level)? (?:locks?|locking|contention), race conditions?"
    ),
    "resources": phrases(
        "out of memory, oom, "
        "(?:memory|cpu|heap|ram|file descriptor|socket|thread(?: pool)?|worker(?: pool)?)s? (?:exhaust*|saturat*"
        "|pressure|shortage|usage|limits?|starvation|spikes?|overload|leak*), "
        "garbage collect*, gc, (?:thread|worker)s? pools?, hardware, kernel"
    ),
    "network": phrases("network*, dns, packet loss, firewall, load balancer, tls, ssl, certificates?, proxy"),
    "bug": phrases(
        "bugs?, buggy, regressions?, null pointer*, "
        r"(?:unhandled|uncaught) (?:\w+ )?(?:exceptions?|errors?), infinite loop, crash*, "
        "broken (?:code|handler|endpoint|validation), code (?:change|defect|error|problem|issue|fault|flaw)s?, "
        "syntax error"
    ),
    "outside": phrases(
        r"(?:database|db|server|service|postgres|mysql) (?:\w+ )?(?:outage|down|downtime|crash*|failover|restart*"
        r"|failures?|unavailable), "
        "third party, payment*, upstream, downstream, replica*, migrations?, "
        "cron*, backups?, cach(?:e*|ing), rate limit*, "
        r"misconfigur*(?! (?:\w+ )?(?:pool|limit|size)), power, retry storms?"
    ),
}
OTHER_METHODS = "get|put|patch|delete|head|options"
BEFORE_A_MOMENT = phrases(
    "after, before, following, since, until, prior to, during, while, when, amid, around, between, long past, "
    "by the time(?: of)?, at the time of, minutes (?:after|before|past)"
)
BEFORE_AN_EXCEPTION = phrases(
    "unlike, besides?, apart from, aside from, except(?: for)?, despite, regardless of, in spite of, as was, "
    "even without"
)
BEFORE_A_VICTIM = phrases(
    "starv(?:ed|ing), block(?:ed|ing), affect(?:s|ed|ing)?, including, include, hit, hurt, victims?"
)
FILLER = phrases(
    "the, an?, that, this, its, new, same, other, unrelated, most, also, recent, routine, slow, of, like, such as, "
    "as, it, "
    r"get, \d\d:\d\d(?::\d\d)?, \d+, v?[\d.]+, requests?(?: to)?, endpoints?, innocent, completed, finished, "
    r"successful, "
    "earlier, previous"
)
DENIAL = phrases(
    "not(?! only| just| merely| simply), never, neither, nor, no, without, rather than, instead of, unrelated, "
    "irrelevant, "
    "rul(?:e|ed|es|ing) out, exclud*, dismiss*, nothing to do with, independent(?:ly)? of, noise, decoys?, "
    "red herrings?, "
    "coincid*, unlikely, ignor*, discard*, unaffected"
)
DISMISSAL = phrases(
    "not, never, unrelated, irrelevant, noise, coincid*, red herrings?, ruled out, excluded, dismissed, innocent, "
    "harmless, "
    "benign, separate, independent*, decoys?, distractions?, incidental, can be ignored, nothing to do, rejected, "
    "refuted, disproved, discarded, eliminated, cleared, "
    "no (?:effect|impact|role|relation|connection|link|bearing|influence|part|evidence|correlation)"
)
MINOR = phrases(
    "background, successful*, unaffected, preced*, earlier, healthy, fine, normal, side effects?, collateral, "
    "victims?, "
    "symptoms?, only, knock on, bystanders?"
)
AUXILIARY = phrases(
    "was, were, is, are, got, being, also, too, then, consequently, merely, just, only, simply, that, which, to, "
    "subsequently, had, have, has, been, could, did, not, cannot"
)
SUFFERS = phrases(
    r"fail*, 5\d\ds?, starved?, affected, blocked, hit, victims?, collateral, tim(?:ed|e|ing) out, wait*, suffer*, "
    r"return*, "
    "queued?, stalled?, errors?, slow(?:ed)?, get, got, receiv*, unable, experienc*, bystanders?, caught, impacted, "
    "dragged, "
    "degraded, delayed, rejected, sat, stuck, went"
)
ITS_REQUESTS = phrases(
    "requests?, calls?, traffic, endpoint, users?, pages?, reads?, too, also, in turn, then, and, get, responses?, "
    "errors?, "
    "500s?, failures?"
)
MILDLY = phrases("may, might, could, possibly, perhaps, potentially, at most, maybe")
CONTRIBUTES = phrases("contribut*, play*, worsen*, aggravat*, exacerbat*, factor, added")
DONE_BY = phrases(
    "caused, triggered, driven, induced, produced, created, provoked, explained, brought (?:on|about|down), exhausted, "
    "saturated, depleted, consumed, held, started, overloaded, broken, introduced, compounded, exacerbated, "
    "aggravated, "
    "worsened, overwhelmed, drained, occupied, filled, blocked, made worse, used up, taken, initiated, set off, "
    "fuell?ed, "
    "followed"
)
TROUBLE = phrases(
    "exhaustion, saturation, depletion, starvation, failures?, errors, 500s?, originat*, arose, aris*, came, comes?"
)
CALLED_CAUSE = phrases(
    "causes?, reasons?, triggers?, culprits?, factors?, explanations?, diagnosis, suspects?, candidates?, "
    "hypothes[ie]s, "
    "problem, issue, finding"
)
IS = phrases("is, was, are, were, include*, (?:could|may|might) (?:be|have been)")
CAUSED_BY = (
    rf"(?:{DONE_BY} (?:\w+ )?by\b|{TROUBLE} (?:\w+ )?(?:from|by|via|through)\b"
    rf"|{CALLED_CAUSE}(?: (?:of|for|behind) [^:,;.]{{1,50}}?)?(?: {IS}|\s*[:=])"
    r"|\b(?:by )?(?:who|whom|what caused it|why)\s*[:=]|"
    + phrases(
        "due to, because(?: of)?, owing to, thanks to, as a (?:result|consequence) of, "
        "result(?:s|ed|ing)? (?:of|from), "
        "stem* from, attribut* to, blamed? (?:on|is), traced (?:back )?to, combin* (?:with|of), together with, "
        "along with, "
        "coupled with, plus, not only, blame, suspect"
    )
    + ")"
)
EFFECT = phrases(
    "fail*, starv*, block*, affect*, return*, leading, led to, so that, making, made, causing, caused(?! by), causes, "
    "left, "
    "leaving, forc*, hit, tim* out, which, thus, therefore, resulting in, resulted in, victims?, including, even, "
    "also (?:for|on|in), (?:500s?|errors?) (?:on|for|in|to|across|from), after, before, following, during, wait*, queu*"
)
CAUSES = phrases(
    "caus(?:ed|es|ing), trigger*, exhaust*, saturat*, deplet*, led to, leads? to, leading to, result(?:ed|s|ing)? in, "
    "broke, "
    "breaks?, overload*, overwhelm*, consum*, h[eo]ld(?:ing|s)?, hogg*, occup*, tied up, tying up, ties up, filled, "
    "drain*, suck*, empt(?:ied|ies), bled, swamp*, chok*, clog*, "
    "introduc*, brought, responsible, to blame, culprits?, contribut*, spik*, kept, started, provok*, used up, ate, "
    "took, "
    "set off, reduced, shr[aiu]nk, lowered, halved, limited, changed, delay*, prevent*, stall*, forced, crashed, "
    "knocked, "
    "took down, made, flood*, degraded, slowed, starv(?:ed|es|ing) the, "
    r"(?:is|was|are|were) (?:\w+ ){0,4}?(?:causes?|reasons?|culprits?|triggers?|factors?)"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Mention:
    """A suspect as it stands in a sentence."""

    family: str
    start: int
    end: int


def _or_one_of(pattern: str, words: frozenset[str]) -> str:
    """A family's pattern, or one of the words that stand for it in this log."""
    listed = "|".join(re.escape(word) for word in sorted(words))
    return rf"(?:{pattern}|(?<!\w)(?:{listed})(?!\w))" if words else pattern


def _slow_requests(noun: str) -> str:
    """``reports endpoint``, ``slow reports``, ``reporting``: the slow requests by what they ask for."""
    work = r"(?:endpoint|quer(?:y|ies)|requests?|generation|jobs?|calls?|api)"
    return rf"\b{re.escape(noun)}(?:s? {work}|ing)\b|\bslow {re.escape(noun)}s?\b"


def mentions(text: str, incident: Incident) -> list[Mention]:
    """Every suspect that a sentence names, the bystander paths included."""
    paths = "|".join(re.escape(path.strip("/").lower()) for path in sorted(incident.bystanders, key=len, reverse=True))
    patterns = {
        **FAMILIES,
        "deploy": _or_one_of(FAMILIES["deploy"], incident.versions),
        "disk": _or_one_of(FAMILIES["disk"], incident.disks),
        "scan": _or_one_of(FAMILIES["scan"], incident.scanners),
        "slow requests": "|".join(_slow_requests(singular(path)) for path in sorted(incident.slow)) or r"(?!)",
        "path": rf"(?<![\w/.-])/?(?:{paths})/?(?![\w/-])|\b(?:{OTHER_METHODS})s? (?:requests?|calls?|traffic)\b",
    }
    found = [
        Mention(family=family, start=hit.start(), end=hit.end())
        for family, pattern in patterns.items()
        for hit in re.finditer(pattern, text)
    ]
    return sorted(found, key=lambda mention: mention.start)


def _is_set_aside(text: str, mention: Mention) -> bool:
    """A moment, an exception, a victim, ruled out, conceded, or mildly put."""
    before, after = text[: mention.start], text[mention.end :]
    aside = rf"(?:{BEFORE_A_MOMENT}|{BEFORE_AN_EXCEPTION}|{BEFORE_A_VICTIM}) (?:{FILLER} )*[\"'(]*$"
    if re.search(aside, before) and not re.match(rf",? {CAUSES}", after):
        return True
    conceded = re.search(r"\b(?:although|though|even if)\b[^,;]*$", before)
    mild = re.search(rf"{MILDLY}[^;.]{{0,40}}{CONTRIBUTES}", text)
    return bool(conceded or mild) or _is_ruled_out(before, after) or _suffers(after)


def _is_ruled_out(before: str, after: str) -> bool:
    """A denial in front that reaches it, or a dismissal behind it that no verb of damage comes between."""
    clause = re.split(r"[;]| but | - |: ", before)[-1]
    denied = re.search(rf"{DENIAL}(?:[^;:.]|[:.](?=\w)){{0,60}}$", clause)
    if denied and not re.search(r"\b(?:but|because|since)\b", clause.rpartition("not ")[2]):
        return True
    rest = re.split(r"[;]| but | while | whereas |, (?:so|as|because) ", after)[0]
    listed = re.match(rf"(?:[^;.]|\.(?=\w)){{0,110}}?{DISMISSAL}", rest)
    dismissed = listed or re.match(rf"[^;.,]{{0,60}}?{MINOR}", rest)
    introduced = re.search(rf"{CAUSED_BY} (?:\w+ ){{0,2}}$", before)
    if dismissed is None or introduced:
        return False
    return not re.search(rf"{CAUSES}|,? not (?:the|a)\b", rest[: dismissed.end()])


def _suffers(after: str) -> bool:
    """``GET /api/cart requests also failed``: the sentence goes on with what happened to it."""
    return bool(re.match(rf"(?: (?:{ITS_REQUESTS}|/\S+|,))*,? (?:{AUXILIARY} )*{SUFFERS}", after))


def _is_blamed(text: str, mention: Mention) -> bool:
    """Does a cause's words lead up to it, does it do the damage, or is it one of a choice?"""
    before, after = text[: mention.start], text[mention.end :]
    clause = re.split(r";| but ", before)[-1][-200:]
    if any(not re.search(EFFECT, clause[found.end() :]) for found in re.finditer(CAUSED_BY, clause)):
        return True
    if re.match(r"[\s,:|)-]+(?:confirmed|yes|true|guilty|✓|✔|✅|☑)(?!\w)", after):
        return True
    aside = r"(?:'s)?[)\"']*(?:, (?:which|that|who) [^,;]{1,60},)? ?(?:\(\S[^)]{0,40}\) ?)?,? ?"
    joined = r"(?:(?:and|which|that|together|also|together with|combined with|along with|plus) )?"
    passive = rf"[^;.]{{0,30}}\b(?:is|are|was|were|been|being|got) (?:\w+ )?{DONE_BY} by"
    if re.match(rf"{aside}{joined}(?:[\w/.'%:-]+ ){{0,6}}?{CAUSES}", after) and not re.match(passive, after):
        return True
    chosen_from = re.search(
        r"\b(?:or|either|maybe|perhaps|possibly)\b (?:\w+ ){0,4}$|\balternativ\w+\b[^;.]{0,30}$", before
    )
    return bool(chosen_from or re.match(r"[^;.,]{0,30},? or\b", after))


def _comes_together(text: str, mention: Mention) -> bool:
    """Another path's requests that are said to pile up: "a surge of GET /api/cart", "40 GET /api/cart requests"."""
    errors = r"(?:500|5xx|error|fail|404|timeout)"
    many = rf"(?<![\w.:/]){CROWD}"
    crowd = (
        rf"(?:\b(?:{TOGETHER}|{GREAT} {AMOUNT})\b|{many})(?: (?:of|in|on|from|and))?(?: (?!{errors})[\w']+){{0,3}} $"
    )
    return mention.family == "path" and bool(re.search(crowd, text[: mention.start]))


def blamed(found: list[Piece], incident: Incident) -> Iterator[str]:
    """Every suspect that the text makes a cause or leaves as one of several candidates."""
    for piece in found:
        text = asserted(piece)
        named = [mention for mention in mentions(text, incident) if not _is_set_aside(text, mention)]
        for mention in named:
            shown = text[mention.start : mention.end]
            if _is_blamed(text, mention) or _comes_together(text, mention) or _is_listed_as_cause(piece):
                yield f"{shown!r} is made a cause in {text!r}"
        families = {mention.family for mention in named if mention.family != "path"}
        if len(families) >= 3 or (len(families) >= 2 and is_exhausted(text)):
            yield f"{', '.join(sorted(families))} are left side by side in {text!r}"
    yield from _led_on(found, incident)
    yield from _soup(found, incident)
    yield from _another_cause(found, incident)


def _led_on(found: list[Piece], incident: Incident) -> Iterator[str]:
    """A suspect in one sentence, and the next begins with "as a result" or "this caused"."""
    points_back = (
        rf"(?:as a (?:result|consequence)|therefore|consequently|hence|thus|(?:this|that|it|which) {CAUSES})\b"
    )
    for piece, following in pairwise(found):
        text = asserted(piece)
        named = [mention for mention in mentions(text, incident) if not _is_set_aside(text, mention)]
        if named and not is_exhausted(text) and re.match(points_back, asserted(following)):
            yield f"{text!r} is said to have led to what follows"


def _is_listed_as_cause(piece: Piece) -> bool:
    """An item of a list of causes or candidates; its own label may say otherwise."""
    cause = (
        r"\b(?:causes?|candidates?|hypothes[ie]s|suspects?|reasons?|factors?|explanations?|culprits?|possibilit\w+)\b"
    )
    label = re.match(r"([\w /'-]{1,30}):", piece.text)
    excused = label and re.search(
        rf"{ADVICE_HEADING}|{DISMISSAL_HEADING}|\b(?:victims?|impact|affected|context|timeline)\b", label.group(1)
    )
    short = len(piece.text.split()) <= 12
    return piece.group is not None and bool(re.search(cause, piece.heading)) and short and not excused


def _soup(found: list[Piece], incident: Incident) -> Iterator[str]:
    """Bare noun phrases in one list: the pool beside two or more other suspects, with nothing said of any."""
    for group in {piece.group for piece in found if piece.group is not None}:
        items = [asserted(piece) for piece in found if piece.group == group]
        bare = [
            mention.family
            for text in items
            for mention in mentions(text, incident)
            if len(text.split()) <= 6 and ":" not in text and not _is_set_aside(text, mention)
        ]
        if len(set(bare)) >= 2 and any(is_exhausted(text) for text in items):
            yield f"{', '.join(sorted(set(bare)))} stand beside the pool in one list"


PART_OF_IT = phrases(
    "pools?, connections?, concurren*, simultan*, parallel*, traffic, load, capacity, resources?, "
    "bottleneck*, surge, burst, spike, contention, overload*, exhaust*, saturat*, starv*, posts?, requests?, writes?, "
    "database, db, "
    "too many, flood, this, that, these, it, below, above, following, as follows, pile*, backlog"
)


def _another_cause(found: list[Piece], incident: Incident) -> Iterator[str]:
    """A sentence that names "the root cause" and speaks of nothing that belongs to it."""
    for piece in found:
        text = asserted(piece)
        named = re.search(r"\broot cause\b[^:]{0,40}?(?:\b(?:is|was)\b|:)(?! not\b) ?(.+)", text)
        if named and not re.search(rf"{PART_OF_IT}|\b{re.escape(incident.noun)}s?\b", named.group(1)):
            yield f"another root cause is named in {text!r}"

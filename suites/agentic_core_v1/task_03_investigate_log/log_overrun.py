"""The pool as the object of what a crowd of requests did to it, whatever the verb: ``swept the connection pool clean``.

No list holds every picture of being used up. Where a sentence tells of the trigger's requests together, and a verb of
theirs has the pool as its object, or the pool is the subject of a passive whose agent they are, the verb is taken for
damage, unless it is one of those that leave a pool whole (``used``, ``shared``, ``coped with``) or name another fault.
"""

from __future__ import annotations

import re

from log_claims import is_denied
from log_concurrency import is_concurrent
from log_exhaustion import POOL
from log_incident import Incident
from log_trigger import path_pattern

_HARMLESS = (
    r"(?:us|reach|enter|arriv|approach|target|address|contact|encounter|trust|rel[iy]|depend|benefit|tri|notic|trac"
    r"|count|measur|record|compar|match|follow|track|plot|watch|greet|inspect|need|shar|access|quer|touch|call"
    r"|request|wait|return|releas|clos|handl|serv|fail|refus|dropp|lost|los|join"
    r"|visit|check|test|increas|enlarg|extend|resiz|report|log|show|nam|configur|limit|lower|reduc|shrunk|shrank"
    r"|restart|reset|recycl|replenish|refill|free|monitor|observ|requir|want|ask|expect|creat|establish|end|involv"
    r"|bas|caus|trigger|relat|connect|support|siz|bypass|avoid|spar|cop|surviv|remain|stay|perform|work|function"
    r"|manag|said|told|kept|g[ao]ve|put|set|found|saw|seen|met|meant|made|began|beg[ua]n|had|been|did|read|went|came"
    r"|recover|heal|open|obtain|acquir|receiv|got|gotten|warn|introduc|chang|blam|suspect|consider|examin|investigat"
    r"|mention|includ|exclud|includ|affect|concern|indicat|suggest|reveal|point|prov|contain|leav|left|start|stopp"
    r"|prevent|allow|enabl|happen|occurr|appear|seem|look|mov|turn|pass|sent|return|stood|held|lasted|protect"
    r"|compet|contend|queu|lin|time|gain|claim|sp[eo]k|written|taken|tak|given|even|oft|"
    # these tell of another fault than want of connections
    r"leak|corrupt|poison|crash|brok|deadlock|lock|slow|delay|confus|damag|kill|invalidat|expir|abandon|sever"
    r"|disconnect"
    r"|misconfigur|misus|compromis|attack|scann|prob|deploy|degrad|block)"
)
DONE = (
    rf"(?!{_HARMLESS}(?:e?d|en|t)?\b)(?:\w{{2,}}ed|\w{{3,}}en|drank|drunk|ate|blew|blown|t[oo]re?|torn|ground|burnt"
    rf"|sank"
    r"|sunk|bled|sucked|swept|bit|frozen?|wore|worn|beat|brought|swam|overcame|swallowed|bust|sat on|laid siege to"
    r"|(?:went|got|ran|tore|burnt|burned|chewed|ripped|cut|raced|blew|blasted|broke|flew|powered|sliced|worked) through"
    r"|made (?:short work|mincemeat|a meal) of|put paid to|did for|did in|bought up|sold out|taken over|took over"
    r"|had (?:its|their) way with|cleaned|laid low|laid waste to|feasted on|fed on|preyed on|leapt on|fell upon"
    r"|sewn? up"
    r"|spent|split|shook|struck|hung on to|clung to|squatted on|camped on|feeding on|sitting on|squatting on)"
)
GOING_ON = rf"(?!{_HARMLESS}(?:t|p)?ing\b)(?!during|being|going|having|doing|pending|including|following)\w{{3,}}ing"
ADVERB = (
    r"(?:(?:\w+ly|up|out|through|clean|flat|down|away|off|over|past|into|on|upon|all|straight|right|dry|bare|to"
    r"|quite|simply|just) ){0,2}"
)
OBJECT = (
    r"(?:the|all|every|each|our|its|this|that|whole|entire|a|an|any|your|their|one|\d+|twenty|db|database)"
    r"(?: of(?: the| our| its)?)?(?: (?!(?:of|from|in|for|to|by|with|and|that|which|when|because|as|was|were)\b)"
    r"[\w/'-]+){0,4}?"
)
_NOT_ITS_OWN = (
    r"(?! (?:timeouts?|time|wait\w*|acqui\w+|size|limits?|errors?|usage|metrics?|log\w*|warn\w*|code|settings?"
    r"|config\w*"
    r"|handler|manager|library|failures?|problems?|issues?|events?|leak\w*|strings?|parameters?|attempts?)\b)"
)
_UNHARMED = (
    r"(?:[^\s;]+ ){0,4}?(?:unaffected|untouched|intact|healthy|unharmed|alone|fine|idle|unused|whole|calm|unscathed)\b"
)
_AGENT = r"(?:by|under|beneath|thanks to|at the hands of|in the face of|before|courtesy of|from)"


def is_overrun(text: str, incident: Incident) -> bool:
    """A crowd of the trigger's requests did something to the pool, or the pool something under their weight."""
    if not re.search(POOL, text) or not is_concurrent(text, incident):
        return False
    return any(not is_denied(text, *span) for span in [*_done_by_them(text, incident), *_done_to_it(text, incident)])


def _theirs(incident: Incident) -> str:
    return rf"(?:{path_pattern(incident.path)}|\b{incident.method.lower()}(?:s|ed)?\b|\b{re.escape(incident.noun)}s?\b)"


def _done_by_them(text: str, incident: Incident) -> list[tuple[int, int]]:
    """``POST /api/orders blew through the pool``: they come before the verb, in the same clause."""
    found = []
    active = rf"\b(?P<verb>{DONE}|{GOING_ON}) {ADVERB}{OBJECT} {POOL}{_NOT_ITS_OWN}"
    for hit in re.finditer(active, text):
        before = re.split(r"[;]| but | while | whereas | because | since ", text[: hit.start()])[-1]
        passive = re.search(r"\b(?:was|were|is|are|been|being|get|got) (?:\w+ly )?$", before)
        harmless = re.match(_UNHARMED, text[hit.end() :].lstrip())
        if re.search(_theirs(incident), before) and not passive and not harmless:
            found.append(hit.span())
    return found


def _done_to_it(text: str, incident: Incident) -> list[tuple[int, int]]:
    """``the pool was picked clean by dozens of POSTs``, ``the pool groaned under forty POSTs``."""
    found = []
    state = rf"(?:\([^)]{{0,30}}\) |(?:of|with) \d+ (?:\w+ )?|itself |, )?(?:(?:{_BE}) )?(?:\w+ly |all )?"
    passive = rf"{POOL}{_NOT_ITS_OWN} {state}{DONE} {ADVERB}(?:(?:to|into|for|of|in) \w+ )?{_AGENT} "
    for hit in re.finditer(passive, text):
        agent = re.split(r"[;,]| and | but | while | whereas ", text[hit.end() :])[0][:120]
        if re.search(_theirs(incident), agent) or is_concurrent(agent, incident):
            found.append(hit.span())
    return found


_BE = r"was|were|is|are|got|gets|being|been|has been|had been|have been|became"

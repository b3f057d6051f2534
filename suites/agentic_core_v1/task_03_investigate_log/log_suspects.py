"""What else may be blamed: the decoys of the log and invented mechanisms, in families of words.

A mechanism that is in no family here (a solar flare) is not known for one, see ``log_blame`` for what is done about it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from agentic_core_prose import phrases
from log_incident import Incident, singular

_NOT_DONE = r"(?:not|never|without|instead of|forg[eo]t\w* to|fail(?:s|ed|ing)? to|neglect\w* to)"
FAMILIES = {
    "deploy": phrases(
        "re ?deploy*, deploy(?:s|ed|ment|ments|ing)?, roll ?outs?, rolled out, shipped, new code, "
        r"(?:new|recent|latest|bad|faulty|the|this|\d\d:\d\d) (?!(?:short|shorter|long|longer|brief|simple|plain|quick"
        r"|boiled|abridged|executive|condensed|edited|status|response|error|exit|http|result|compact|tweet|elevator"
        r"|full|one line|layman's|lay|polite|kind|actual|same|lazy)\b)(?:\w+ )?(?:release|version|build|code)"
    ),
    "scan": phrases(
        r"bots?, robots?, spiders?, botnet, monitoring, (?:health|uptime|liveness) ?(?:checks?|probes?|pings?), "
        r"load tests?, penetration tests?, scan(?:s|ner|ners|ning)?, crawl*, prob(?:e|es|ing)\b(?! (?:that|this)), "
        r"attack*, d?dos, denial of service, malicious, hostile, abusive, brute force, intru(?:sion|der)s?"
    ),
    "not found": r"\b404s?\b",
    "disk": phrases(
        r"disks?, (?:storage|disk|log) space, file ?system, partitions?, log (?:writes?|volume|director(?:y|ies)), "
        "i/o, disk ?io, storage"
    ),
    "leak": phrases(
        r"(?:forgotten|missing|omitted|absent|no|without|lack of a|lacks a|lacking a) (?:\w+ )?(?:close|release|return"
        r"|rollback|finally|cleanup|clean up)\b(?! (?:of|in) time), (?:forg[eo]t\w*|omit\w*) to (?:\w+ )?(?:close"
        r"|release"
        r"|return|free|commit), never (?:comes?|came|come|gets?|got|g[ia]ven?|handed|went|goes|found \w+ way) (?:\w+ )?"
        r"back, "
        r"(?:never|not) (?:g[ia]v\w+|hand\w*) (?:them |it |any |one |these |their \w+ )?back, "
        r"ke(?:pt|eps?) (?:\w+ ){1,3}?(?:forever|for good|after (?:finishing|completion|completing|answering"
        r"|responding)|after (?:they|it|the \w+|being|having) (?:\w+ )?(?:done"
        r"|finished|ended|completed|answered)), "
        r"never (?:g[ia]ve|gives?) (?:\w+ ){0,2}?what (?:\w+ ){1,3}?(?:borrow\w*|took|taken), "
        rf"leak*, lost after, unreleased, unclosed, orphan*, dangling, idle in transaction, open (?:transactions?"
        rf"|forever), "
        rf"{_NOT_DONE} (?:\w+ ){{0,4}}?(?:g[ia]v\w+|hand(?:s|ed|ing)?|put|putting) (?:\w+ ){{0,4}}?back, "
        rf"{_NOT_DONE} (?:(?!the\b|an?\b|this\b|any\b)\w+ ){{0,2}}?(?:(?:releas|clos|return|commit)(?:e|es|ed|s|ing"
        rf"|ting|ted)?|free(?:s|d|ing))"
        r"\b(?! (?:fast|quick\w*|in time|soon|early|until|before|a |an |any |http|\d|within|in ))"
    ),
    "slow sql": phrases(
        r"(?:slow|inefficient|unoptimi[sz]ed|expensive|bad|poor|heavy|long|n\+1) (?:\w+ ){0,2}?(?:sql|quer(?:y|ies)"
        r"|inserts?|updates?|statements?|joins?), "
        r"(?:missing|no|without an?|lack of an?|lack of|lack(?:s|ing)?(?: an?)?|absent) (?:\w+ )?index*, unindexed, "
        r"index\w* (?:was|is|were|are|had been|being) (?:missing|absent|lacking|dropped|lost), "
        r"n\+1, "
        r"full table scans?, (?:slow|sluggish|stalled|hanging|unresponsive|dead|frozen|crashed|broken|failed|failing"
        r"|hung|unreachable|unavailable)"
        r" (?:db|database)\b(?! (?:connections?|pool|calls?))"
    ),
    "locks": phrases(
        "dead ?lock*, (?:row|table|lock|mutex)(?: level)? (?:locks?|locking|contention), lock(?:ed)? (?:rows?"
        "|tables?), "
        ""
        r"race conditions?, (?:stuck|hung|hanging|blocked|long(?: running)?) transactions?, locks(?! up), lock "
        r"(?:waits?|timeouts?)"
    ),
    "resources": phrases(
        "out of memory, oom, (?:memory|cpu|heap|ram|threads?|workers?|file descriptors?|sockets?|bandwidth)"
        " (?:(?:was|were|is|are|had|got) )?(?:\\w+ )?(?:ran out|runs? out|exhausted|used up|maxed(?: out)?|saturated"
        "|gone|full"
        "|at (?:its|the) limit|too (?:low|small|little|few)), "
        "(?:memory|cpu|heap|ram|file descriptor|socket|thread(?: pool)?|worker(?: pool)?)s? (?:exhaust*|saturat*"
        "|pressure|shortage|usage|limits?|starvation|spikes?|overload|leak*), out of cpu, "
        "(?:exhausted|exhaustion of|lack of|low on|low|out of|insufficient) (?:\\w+ )?(?:memory|cpu|ram|heap|threads?"
        "|file descriptors?|sockets?|disk space), "
        "garbage collect*, gc, (?:thread|worker)s? pools?, hardware, kernel"
    ),
    "network": phrases("network*, dns, packet loss, firewall, load balancer, tls, ssl, certificates?, proxy, vpn"),
    "bug": phrases(
        "bugs?, buggy, regressions?, null pointer*, faulty, flaw(?:s|ed)?, defect*, "
        r"(?:unhandled|uncaught) (?:\w+ )?(?:exceptions?|errors?), infinite loop, crash*, "
        "broken (?:code|handler|endpoint|validation), code (?:change|defect|error|problem|issue|fault|flaw)s?, "
        "syntax error"
    ),
    "outside": phrases(
        r"(?:database|db|server|service|postgres|mysql)(?: itself| host| server)? (?:(?:which|that) )?(?:(?:was|is"
        r"|went|became|got|had) )?"
        r"(?:been )?(?:(?!not|never)\w+ )?(?:outage|down|downtime|crash*|fail ?over|restart*|failures?|slow(?:ed"
        r"|er)?|stall*|hung"
        r"|hang*|fro[sz]en?|unresponsive|sluggish), fail ?overs?, "
        r"(?:restart|reboot|kill|stopp?|crash|upgrad|lock)\w* (?:of )?(?:the )?(?:database|db|postgres)\b(?! "
        r"connections?), "
        "third party, payment*, upstream, downstream, replica*, migrations?, "
        "cron*, backups?, cach(?:e*|ing), rate limit*, "
        r"misconfigur*(?! (?:\w+ )?(?:pool|limit|size)), power, retr(?:y|ies|ied|ying), "
        r"timeout (?:\S+ ){0,4}?too (?:low|short|small|tight|strict)"
    ),
}
OTHER_METHODS = "get|put|patch|delete|head|options"


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


def _slow_requests(path: str) -> str:
    """``reports endpoint``, ``slow reports``, ``reporting``: the slow requests by what they ask for."""
    noun = singular(path)
    work = r"(?:endpoint|quer(?:y|ies)|requests?|generation|jobs?|calls?|api)"
    # bare, the plural is a noun only where one can stand: "which reports 20/20" has a verb
    place = "|".join(f"(?<={word} )" for word in ("the", "by", "and", "or", "of", "from", "when", "while", "because"))
    plural = rf"(?:^|(?<=[,:;(] )|{place})\b{re.escape(noun)}s\b(?! (?:an?|the|that the|no|how|it|\d+)\b)"
    return rf"\b{re.escape(noun)}(?:s? {work}|ing)\b|\bslow {re.escape(noun)}s?\b|{plural}|{re.escape(path.lower())}\b"


def mentions(text: str, incident: Incident) -> list[Mention]:
    """Every suspect that a sentence names, the bystander paths included."""
    paths = "|".join(re.escape(path.strip("/").lower()) for path in sorted(incident.bystanders, key=len, reverse=True))
    elsewhere = (
        rf"\b(?:{OTHER_METHODS})s? (?:requests?|calls?|traffic)\b"
        r"|(?:(?<=get )|(?<=put )|(?<=patch )|(?<=delete )|(?<=head ))/[\w./-]+"
    )
    patterns = {
        **FAMILIES,
        "deploy": _or_one_of(FAMILIES["deploy"], incident.versions),
        "disk": _or_one_of(FAMILIES["disk"], incident.disks),
        "scan": _or_one_of(FAMILIES["scan"], incident.scanners),
        "slow requests": "|".join(map(_slow_requests, sorted(incident.slow))) or r"(?!)",
        "path": rf"(?<![\w/.-])/?(?:{paths})/?(?![\w/-])|{elsewhere}",
    }
    found = [
        Mention(family=family, start=hit.start(), end=hit.end())
        for family, pattern in patterns.items()
        for hit in re.finditer(pattern, text)
    ]
    return sorted(found, key=lambda mention: mention.start)

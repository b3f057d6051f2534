"""The words by which a finding blames, excuses or leaves open; see ``log_blame`` for what is made of them."""

from __future__ import annotations

from agentic_core_prose import phrases

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
    "earlier, previous, deploy*, redeploy*, roll ?outs?, release"
)
DENIAL = phrases(
    "not(?! only| just| merely| simply), never, neither, nor, no, without, rather than, instead of, unrelated, "
    "irrelevant, "
    "rul(?:e|ed|es|ing) out, exclud*, dismiss*, nothing to do with, independent(?:ly)? of, noise, decoys?, "
    "red herrings?, nothing, none, "
    "coincid*, unlikely, ignor*, discard*, unaffected"
)
DISMISSAL = phrases(
    r"(?:not|never)(?! (?:enough|suffic\w*|able|released|returned|keep|cope|handle|big|large|clos\w+|give|\w+ "
    r"(?:back|enough|up with)))"
    ", nothing, unrelated, unconnected, irrelevant, noise, coincid*, red herrings?, ruled out, excluded, dismissed, "
    "innocent, "
    "harmless, "
    "benign, separate, independent*, decoys?, distractions?, incidental, can be ignored, nothing to do, rejected, "
    "acquitted, exonerated, absolved, exculpated, vindicated, off the hook, in the clear, not guilty, neither here nor "
    "there, beside the point, immaterial, inconsequential, of no (?:importance|relevance|consequence), played no, "
    "had no, "
    "refuted, disproved, discarded, eliminated, cleared, "
    "no (?:effect|impact|role|relation|connection|link|bearing|influence|part|evidence|correlation)"
)
MINOR = phrases(
    "background, successful*, unaffected, preced*, healthy, fine, normal, side effects?, collateral, "
    r"victims?(?!\s*[=:]), "
    "symptoms?, only, knock on, bystanders?, smooth*, clean*, calm, stable, normally, uneventful*, ok, okay, "
    r"without (?:\w+ )?(?:issues?|errors?|incidents?|trouble|problems?), (?:had|was) (?:\w+ )?(?:completed|finished"
    r"|over|done), (?:well|long|minutes|shortly) (?:before|earlier), "
    r"(?:came|was|ran|happened|occurred|dates?) (?:from |back )?(?:at|around|to) \d\d:\d\d"
)
AUXILIARY = phrases(
    "was, were, is, are, got, being, also, too, then, consequently, merely, just, only, simply, that, which, to, "
    "subsequently, had, have, has, been, could, did, not, cannot"
)
SUFFERS = phrases(
    r"fail*, 5\d\ds?, (?:starved?|affected|blocked|slow(?:ed)?|impacted|dragged|degraded|delayed|stalled?)"
    r"(?! (?:the|down|its|all|every\w*|each|our|post|some|many|writes|concurrent|/\S+)\b), hit(?! (?:\w+ )?by), "
    r"victims?(?!=), "
    r"collateral, tim(?:ed|e|ing) out, wait*, suffer*, "
    r"return*, "
    "queued?, errors?, get, got, receiv*, unable, experienc*, bystanders?, caught, rejected, sat, stuck, went"
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
    "problem, issue, finding, guilty, perpetrators?, offenders?, villains?"
)
IS = phrases("lies? (?:in|with), sits? (?:in|with), is, was, are, were, include*, (?:could|may|might) (?:be|have been)")
CAUSED_BY = (
    rf"(?:{DONE_BY} (?:\w+ )?by\b|{TROUBLE} (?:\w+ )?(?:from|by|via|through)\b"
    rf"|{CALLED_CAUSE}(?: (?:of|for|behind) [^:,;.]{{1,50}}?)?(?: {IS}|\s*[:=]|\s+-)"
    r"|\b(?:by )?(?:who|whom|what caused it|why)\s*[:=]|"
    + phrases(
        "due to, because(?: of)?, owing to, thanks to, as a (?:result|consequence) of, "
        "result(?:s|ed|ing)? (?:of|from), (?:could|might|may)(?: \\w+)? (?:be|have been), "
        "stem* from, attribut* to, blamed? (?:on|is), traced (?:back )?to, combin* (?:with|of), together with, "
        "along with, (?:start|beg[aiu]n)\\w* with, "
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
    "swallow*, absorb*, soak*, devour*, monopoli[sz]\\w*, seiz*, claimed, grabb*, overr[ua]n, outr[ua]n, used(?! to), "
    "drain*, suck*, empt(?:ied|ies), bled, swamp*, chok*, clog*, "
    "introduc*, brought, responsible, to blame, culprits?, contribut*, spik*, kept, started, provok*, used up, ate, "
    r"took(?! (?:\d|only|just|about|under|up to|between|less|place)), "
    "shar(?:ed|es?|ing) (?:the )?(?:blame|responsib*|fault), set off, reduced, shr[aiu]nk, lowered, halved, "
    "limited, changed(?! nothing), delay*, prevent*, stall*, forced, crashed, "
    "knocked, "
    r"left(?= (?:\S+ ){0,4}?(?:without|no|none|nothing)\b), "
    "doing, fault, took down, made, flood*, degraded, slowed, starv(?:ed|es|ing) the, "
    r"(?:is|was|are|were) (?:\w+ ){0,4}?(?:causes?|reasons?|culprits?|triggers?|factors?)"
)
PART_OF_IT = phrases(
    "pools?, connections?, concurren*, simultan*, parallel*, traffic, load, capacity, resources?, "
    "bottleneck*, surge, burst, spike, contention, overload*, exhaust*, saturat*, starv*, posts?, requests?, writes?, "
    "database, db, "
    "too many, flood, this, that, these, it, below, above, following, as follows, pile*, backlog"
)
UNDECIDED = (
    r"\b(?:cannot|could not|can hardly|impossible to|hard to|unable to|not able to|difficult to|does not|do not|did "
    r"not) "
    r"(?:[^\s;]+ ){0,5}?(?:say|tell|decide|determine|know|prefer\w*|preferred|distinguish|choose|settle|separate"
    r"|favou?r)\b"
    r"|\btoss ?up\b|\bequally (?:likely|plausible|possible|well)\b|\bone of (?:two|three|several|the two) \w+"
    r"|\bnot (?:\w+ )?(?:sure|clear|certain) (?:which|whether|if)\b|\bundecided\b|\binconclusive\b|\bwho knows\b"
    r"|\beither (?:way|one|is possible|could)\b|\bboth are (?:possible|plausible|likely)\b|\bwhich of (?:them|the "
    r"two|these)\b"
)
SEEN_BESIDE = frozenset({"path", "not found"})
"""Victims and counts: they may stand in the sentence of the diagnosis without a word of excuse."""
INVENTED = frozenset({"leak", "slow sql", "locks", "resources", "network", "bug", "outside"})
"""The log shows nothing of these: who names one without denying it means it."""
INNOCENT = (
    r"not|no|neither|nor|ruled out|unrelated|innocent|harmless|noise|benign|bystanders?|context|timeline|background"
    r"|other(?:wise)?|also seen|side notes?"
)

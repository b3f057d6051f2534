"""What of a sentence is claimed: questions, plans, advice and suppositions are not, and a denied phrase is not."""

from __future__ import annotations

import re

from agentic_core_prose import Piece, phrases
from log_dropped import kept_claims

ADVICE_HEADING = phrases(
    "recommend*, fix(?:es)?, next steps?, mitigations?, remediation, actions?, action items?, prevention, "
    "suggest*, advice, advis*, plan, to ?do, resolution, solution, how to, follow up"
)
DISMISSAL_HEADING = (
    phrases(
        "ruled out, rule[sd]? out, rejected, dismissed, discarded, excluded, unrelated, noise, red herrings?, "
        "decoys?, not (?:the |a )?(?:root )?causes?, irrelevant, eliminated, non causes, distractions?, "
        "distractors?, not related, checked and, acquitted, cleared, exonerated, absolved, exculpated, vindicated, "
        "innocent, "
        "in the clear, off the hook, not guilty, background, no role, of no (?:importance|relevance|consequence)"
    )
    + r"|^\W*(?:not|neither|nor)\b"
)
IMPERATIVE = (
    phrases(
        "increase, raise, add, check, investigate, review, limit, verify, look, consider, ensure, monitor, cap, "
        "throttle, "
        "enlarge, tune, scale, reduce, use, make, try, introduce, implement, apply, optimi[sz]e, analy[sz]e, inspect, "
        "examine, "
        "determine, confirm, grep, read, run, identify, please, find, see, give, set, expand, bump, allow, configure, "
        "let (?:us|me)(?! (?:say|state|put|be|explain|sum|summari|start|begin|keep|reason|think)), let's, "
        "to (?:fix|solve|prevent|avoid), (?:show|prove|demonstrate|establish|decide|ask|test|measure|assess) (?:that"
        "|whether|if|how)"
    )
    + r"(?! (?:of|was|were|is|shows?|showed|reveals?|reached|hit)\b)"
)
PLAN = phrases(
    "i will, we will, i'll, we'll, will be, will, going to, i am about to, "
    "to be (?:checked|confirmed|verified|investigated), should(?! not have), must(?! have), "
    "need(?:s|ed)? to (?:be|check|look|find|verify|increase|raise|add|limit), ought to, recommend*, "
    "i suggest, we suggest, suggested fix, i would, we would, would(?! (?:appear|seem)\\b), "
    "have to (?:check|verify|look), todo, "
    "i plan, i intend, i want, next step, mitigation, remediation, "
    "(?:the|a|one|possible|simplest|best|obvious) (?:\\w+ )?(?:fix|remedy|cure|solution|way out|countermeasure"
    "|prevention|answer)(?: \\w+)? (?:is|are) to, "
    "(?:can|could)(?= (?:(?:be|get|become|run) )?(?:easily |quickly )?(?:exhaust|saturat|deplet|starve|drain"
    "|overwhelm|used up|out))"
)
SUPPOSED = r"\b(?:if|unless|whether|in case|suppos(?:e|ing)|assuming|hypothetically|imagine|in theory|theoretically)\b"
BOUNDARY = (
    r"[;:()]|,(?!\d)| - | (?:but|however|yet|whereas|although|though|so|because|since|while|when|which|who|instead) "
)
NEGATION = phrases(
    r"not(?! only\b| just\b| merely\b| simply\b| solely\b), never, neither, nor, rather than, instead of, "
    "hardly, unlikely, (?:barely|scarcely)(?! (?:any|enough|an?|had|left|keep|cope|coped|kept|able|serve|handle"
    "|meet)), "
    "no (?:evidence|signs?|indications?|proof|hints?|traces?|reason|question|case|instance), doubtful, deny, "
    r"denies, rul(?:e|ed|es|ing) out, exclud\w+, dismiss*, contrary to, far from, other than, unrelated to, "
    "independent(?:ly)? of, nothing to do with, nothing (?:indicates|suggests|shows|proves|points), wrong to, "
    "doubt*, cannot (?:be )?(?:conclu|sa[iy]|claim|pro[vo]|confirm|infer|show|establish|tell|verif|determin)\\w*, "
    "(?:nobody|no one|one) (?:can|could|should|has|would) \\w+, (?:a|the|an old) (?:myth|fallacy|misconception"
    "|mistake), remains? to be \\w+, (?:yet|still) to be \\w+, (?:yet|still) un\\w+, not (?:been )?(?:proven"
    "|established), "
    "false(?:ly)?, mistaken*, incorrect*, except for, "
    "apart from, aside from, despite"
)
DISMISSED = phrases(
    "ruled out, excluded, dismissed, rejected, unrelated, irrelevant, unlikely, coincidental, a red herring, "
    "never happened, "
    "a (?:myth|coincidence|distraction|decoy), out of the question, unproven, disproved, refuted"
)
BLAME = phrases(
    "cause, blame, fault, reason, culprit, responsible, involved, factor, problem, issue, present, happen*, occur*, "
    "seen, "
    "observed, it, visible, related, relevant"
)
DISMISSED_AFTER = (
    r"^[\s,]*(?:\w+ ){0,2}?(?:(?:is|are|was|were|has been|have been|can be|could be|did|does|do) )?"
    rf"(?:not (?:(?:the|an?|to|at|be|been|root|real|actual|main) )*{BLAME}|{DISMISSED})"
)


VERDICT_AGAINST = (
    rf"[,|:-] (?:(?:is|was) )?(?:{DISMISSED}|refuted|discarded|eliminated|no|false|not (?:it|this|the (?:root )?cause))"
    r"(?:,[^,]*)?\W*$"
)
"""Closes a row or an item: the verdict on what stands in front of it."""


IN_VAIN = r"\b(?:look|search|check|hunt|scan|prob)\w* for\b[^;]*\b(?:found|saw|seen|find|see) (?:none|nothing|no)\b"


NAMED_IN_LABEL = (
    r"^(?:neither\b|(?:not|no) (?:\w+ )?(?:the|an?|code|deploy|bug)\b(?! (?:root|cause|real|actual|reason|culprit"
    r"|trigger|problem|issue)))"
    r".*"
)
"""``Neither code nor deploy: it was the pool``: what follows such a label is the claim, not what is dismissed."""
TAKEN_BACK = (
    r"(?:this|that|it|which) (?:(?:is|was|has been|turned out|turns out|proved|proves)(?: to be)?) (?:\w+ )?"
    r"(?:refuted|wrong|false|dispro\w+|not (?:the case|true|correct|so|supported)|incorrect|untrue|unfounded"
    r"|mistaken)\b"
)


LOOKED_AT = (
    r"\b(?:if|when) (?:you|we|one) (?:\w+ )?(?=(?:line|look|compare|read|follow|plot|count|sort|trace|add|correlate"
    r"|overlay|reconstruct|go|consider|put|examine|match|ask me|follow)\b)"
)
"""``If you line up the two columns it is obvious``: no condition, but where to look."""


def _claims_nothing(piece: Piece, text: str) -> bool:
    """A question, advice, a dismissal under its heading, label or verdict, or a condition."""
    aside = f"{ADVICE_HEADING}|{DISMISSAL_HEADING}"
    label = re.match(r"([\w /'()-]{1,60}):", text)
    return bool(
        re.search(r"\?[\s\"')\]]*$", text)
        or re.search(aside, piece.heading)
        or (piece.group is not None and re.search(VERDICT_AGAINST, text))
        or re.search(IN_VAIN, text)
        or re.match(r"(?:\w+,? )?(?:had|were) .* would\b", text)
        or (label and re.search(aside, re.sub(NAMED_IN_LABEL, "", label.group(1))))
        or re.match(rf"(?:[\w /'-]{{1,30}}: |(?:then|and|so|next|first|finally),? )?(?:{IMPERATIVE}|if\b)", text)
    )


def asserted(piece: Piece) -> str:
    """The part of a piece that claims something about what was or is; empty for a question, advice or a plan."""
    text = re.sub(r"\bas (?:if|though)\b", "that", piece.text)
    text = re.sub(LOOKED_AT, "as shown where one", text)
    if _claims_nothing(piece, text):
        return ""
    text = kept_claims(text)
    plan = re.search(PLAN, text)
    if plan:
        text = text[: _clause_start(text, plan.start())]
    if taken_back := list(re.finditer(rf"\b(?:but|however|yet),? {TAKEN_BACK}", text)):
        text = text[taken_back[-1].end() :]
    while supposed := re.search(SUPPOSED, text):
        end = re.search(r"[,;:)]", text[supposed.end() :])
        rest = text[supposed.end() + end.end() :] if end else ""
        text = f"{text[: supposed.start()]} ; {rest}"
    return text


def _clause_start(text: str, position: int) -> int:
    """Where the clause of a position begins; an ``and`` begins one for a plan, for it can have its own verb."""
    starts = [found.end() for found in re.finditer(rf"{BOUNDARY}| and ", text[:position])]
    return starts[-1] if starts else 0


def is_denied(text: str, start: int, end: int) -> bool:
    """Is the phrase denied in its own clause, before it or right after it?

    ``not X but Y`` denies X; a bare "no" denies only what follows it at once; "could not keep up with X" and "not
    enough for X" deny nothing. A denial in another sentence, or irony, goes unseen.
    """
    clause = [found.end() for found in re.finditer(BOUNDARY, text[:start])]
    before = text[clause[-1] if clause else 0 : end]
    before = re.sub(
        r"\b(?:could|can|did|was|were|would)? ?not (?:able to |possibly )?(?=(?!be\b|have\b)\w+ )", _inability, before
    )
    before = re.sub(r"\b(?:not|never) (?:enough|a single|suffic\w*|nearly enough|big|large)\b", "", before)
    directly = re.search(r"\bno (?:(?!because|since|as|due|for)\w+ ){0,2}$", text[:start])
    return bool(directly or re.search(NEGATION, before) or re.search(DISMISSED_AFTER, text[end:]))


def _inability(found: re.Match[str]) -> str:
    """``could not cope`` tells what failed, it denies nothing; every other ``not`` stays."""
    return "" if found.group().startswith("could ") else found.group()


def occurs(pattern: str, text: str) -> bool:
    """Does the phrase stand in the text, and is it claimed there?"""
    return any(not is_denied(text, found.start(), found.end()) for found in re.finditer(pattern, text))

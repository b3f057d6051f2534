"""Does a text state a shortage of data, in a plain sentence or as an argument?

An argument has two parts, which may stand anywhere: a small count of what there is, and a need of ten or an outcome
that is denied. Nothing in it has to be called too few: "Ten are required. The file has 3."
"""

from __future__ import annotations

import re
from itertools import pairwise

from agentic_core_shortage import (
    COUNTED,
    FEW,
    HOLDER,
    INABILITY,
    NOUN,
    REACH,
    SUPPOSED,
    TEN,
    has_mishap,
    is_few_of_ten,
    is_only_few,
    is_outgrown,
    is_scarce,
    is_without_ten,
    is_without_window,
    plain,
    sentences,
)

LISTED = r"(?:^|\n)[ >-]{0,9}\d[.)] "
MONTH = r"(?:jan|feb|mar|apr|jun|jul|aug|sept?|oct|nov|dec)[a-z]*"
DAY_LIST = r"\d{1,2}(?:st|nd|rd|th)?(?:(?:,| and|, and|,? then| to| through| -) (?:the )?\d{1,2}(?:st|nd|rd|th)?){0,9}"
CALENDAR = rf"\b\d{{4}}[-/]\d\d?[-/]\d\d?\b|\b{DAY_LIST}(?: of)? {MONTH}\b(?: \d{{4}})?|\b(?:{MONTH}|may) {DAY_LIST}\b"
NEED = (
    r"(?:need|requir|at least|minim|must|necessary|takes?\b|expect|call(?:s|ed)? for|ask|demand|want|presuppos|until"
    r"|unless|if\b|were there|looks? back|draws? on|length|size|period|order|begin|start|would|should|before|beyond"
    r"|after|combine|window|wide|deep|long\b|go(?:es)? into|known|once|≥|>=)\w*"
)
"""What may surround the ten; a condition counts, for it says what would have to be."""
NEEDS_TEN = (
    rf"[>≥]=? ?{TEN}|\b{NEED}(?:\W{{1,4}}\w+){{0,6}}?\W{{1,4}}{TEN}|{TEN}(?:\W{{1,4}}\w+){{0,6}}?\W{{1,4}}{NEED}"
)


def _actual(sentence: str) -> str:
    """The sentence without dates and without what is merely supposed: "if there were only 3 rows, ..."."""
    sentence = re.sub(CALENDAR, " date ", sentence)
    return re.sub(" +", " ", re.sub(rf"{SUPPOSED}[^,:;.()]{{0,{REACH}}}", " ", sentence))


def holds_few(text: str) -> bool:
    """A count from 2 to 9 of rows or days: "3 daily revenues", "rows: 3", "few rows", "no other day"; no index."""
    count = FEW.replace("0-9", "2-9")
    aside = (
        r"(?<!first )(?<!last )(?<!next )(?<!least )(?<!than )(?<!another )(?<!previous )(?<!preceding )(?<!prior )"
        r"(?<!again in )"
    )
    number = rf"{aside}{count}(?!(?: \w+){{0,2}} (?:predecessors|preceding|previous|prior|earlier))"
    vague = r"\b(?:few|a handful of|a couple of|(?:small|low|tiny|limited|modest) (?:number|amount|quantity|count) of)"
    label = rf"\b{NOUN}(?: \w+){{0,3}}?(?: (?:is|are|was|were|of)|[ ]?[:=(|>\"]+)[ |\"]{{0,3}}"
    patterns = (
        rf"{number}(?: [\w'-]+){{0,3}}? {COUNTED}",
        rf"{label}(?:(?:only|just|merely|but) )?{count}",
        rf"{vague}(?: \w+){{0,2}}? {NOUN}",
        rf"\b(?:at|on) (?:the )?(?:{COUNTED} {count}|{count}th\b)",
        rf"\b(?:end|stop|clos|past|beyond|break|run)\w*(?: \w+){{0,3}}? (?:{COUNTED} {count}|{count}th\b)",
        rf"\b(?:n|len\w*|count|size|actual|available|have|got|found)(?: ?\([^()]{{0,20}}\))? ?[:=]+ ?{count}",
        r"\b(?:only|just|merely|solely)\b(?: \w+){0,3}? date\b",
        rf"\b(?:find|see|ha(?:s|ve|d)|got|found|counted|holds?|contains?|lists?) (?:only |just )?{count}(?=[.,;:)]|$)",
        r"\bdate ?,? (?:and |& )?date\b",
        rf"\bno (?:other|further|more)(?: \w+)? {NOUN}",
        rf"\bth(?:at|is|ose|ese)(?: (?:is|are|was|were)|'s) (?:all|everything|the (?:whole|entire|complete) {HOLDER})",
    )
    return any(re.search(pattern, text) for pattern in patterns)


def names_few(text: str) -> bool:
    """A number from 2 to 9 that may count rows though it stands alone: "have: 3", "I count three"; no "step 2"."""
    index = (
        r"(?:line|step|col(?:umn)?|version|python|option|attempt|page|section|task|chapter|exit|code|status|errno|rc"
        r"|first|last|next|previous|preceding|prior|every|per|another|least|than|decimals|digits|places)[ :=#]{1,2}$"
    )
    other = (
        r"(?:[ -](?:\w+ )?(?:col(?:umn)?s?|fields?|attempts?|tries|runs|turns|steps|hours?|minutes?|seconds?|ms"
        r"|decimals?|digits?|files?|errors?|functions?|ways?|options?|methods?|questions?|reasons?|things?|months"
        r"|lines of|percent\w*|places?|significant|bytes|characters?|predecessors|preceding|previous|prior|earlier)\b"
        r"| ?%)"
    )
    return any(
        not re.search(index, text[max(0, found.start() - 14) : found.start()])
        and not re.match(other, text[found.end() :][:40])
        for found in re.finditer(FEW.replace("0-9", "2-9"), text)
    )


def argues_a_shortage(text: str) -> bool:
    """What there is against what is needed or denied, in any order and over any number of sentences.

    A count beside a denied outcome is an argument within two neighbouring sentences, or in the whole text if no other
    reason stands in it. A need of ten may be a condition ("if there were ten rows"); what there is may not.
    """
    if len(re.findall(LISTED, text)) > 1:
        text = re.sub(LISTED, "\n", text)
    told = sentences(text)
    kept = [_actual(sentence) for sentence in told]
    for part in (*kept, *(" ".join(pair) for pair in pairwise(kept)), " ".join(kept)):
        if holds_few(part) and re.search(INABILITY, part) and not has_mishap(part):
            return True
    whole = " ".join(kept)
    if has_mishap(whole) or not (names_few(whole) or holds_few(whole)):
        return False
    named = rf"{TEN} (?:\w+ ){{0,2}}?{NOUN}|\bwindow (?:window|lookback|period|span)\b"
    denied = re.search(TEN, whole) is not None and re.search(INABILITY, whole) is not None
    needed = re.search(NEEDS_TEN, re.sub(CALENDAR, " date ", " ".join(told))) is not None
    against = r"\bwindow\b.*\b(?:but|however|yet|only|whereas|though)\b"
    contrasted = holds_few(whole) and re.search(against, whole) is not None
    return needed or denied or contrasted or re.search(named, whole) is not None


def states_a_shortage(text: str) -> bool:
    """True when the text says that the data are too few; a refusal with another reason, or with none, does not."""
    spoken = plain(text)
    rules = (is_scarce, is_outgrown, is_only_few, is_few_of_ten, is_without_ten, is_without_window)
    return any(rule(sentence) for sentence in sentences(spoken) for rule in rules) or argues_a_shortage(spoken)

"""Which row of several NOTES.md says is kept: verbs of keeping and dropping beside words of order.

The rules know phrases, not arguments: a description of the code ("a dictionary by address, so later rows overwrite")
names no rule of keeping for them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from agentic_core_prose import phrases
from notes_phrases import ANY_CASE, EMAIL, EXACT, clause_start
from user_readings import Keep

KEEPING = phrases(
    "keep*, kept, retain*, preserv*, surviv*, wins?, won, prefer*, take[sn]?, taking, took, chose, choos*, "
    "select*, pick*, stay*, remain*, prevail*, precedence, us(?:e|es|ed|ing), leav*, left, sav(?:e|ed|ing), "
    "priority, favou?r*, represent*, authoritative, correct, valid, trust*, hold*, goes to, go with, "
    r"went with, going with, (?:collaps|merg|reduc|resolv|condens|consolidat)\w+ (?:in)?to"
)
DROPPING = phrases(
    "ignor*, drop*, remov*, delet*, discard*, eliminat*, skip*, thr[eo]w*, omit*, supersed*, overwr*, "
    "replac*, filter*, cut, strip*, los(?:es?|ing|ers?)"
)
STAMP = r"(?:updated ?at|timestamps?|update(?:d)?(?: times?| dates?)?|dates?|modif\w+|time)"
NOISE = phrases(
    r"even (?:if|though|when)\b.*, (?:in )?(?:the )?(?:order of )?first appearances?(?: order)?, "
    r"(?:the )?original (?:\w+ )?(?:order|file|data|csv|input|columns?|spelling|case|casing|header|sequence|content"
    r"|users), "
    r"order of first \w+, at first, first of all, "
    r"first (?:names?|step|pass|line is|row is the header|i\b|we\b|,), last names?, first,, "
    r"(?<!in )\bfile order (?:is|was) (?:kept|preserved), "
    r"preserv\w+ (?:the )?(?:file |row |input )?order, "
    "sort(?:ed|ing)? (?:the output|the result|rows)? ?by (?:name|email|city)"
)
EVEN = (
    rf"\b(?:ties?\b(?! ?break)|tied|if (?:equal|identical|the same|still)|(?:same|equal|identical) (?:\w+ )?{STAMP})\b"
)
TIE = rf"(?:{EVEN}|\btie ?break\w*)"
PREPASS = phrases("first, before, beforehand, also, already, then, additionally, pre ?pass, obviously, trivially")
LONGEST_FRAGMENT = 7  # words


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """Words of order, and the rules that they can mean when such a row is kept or when it is dropped."""

    words: str
    kept: frozenset[Keep]
    dropped: frozenset[Keep] = frozenset()
    named_when_kept: bool = True
    """Does a text that names such a row without a verb mean the one that stays? "Older" and "later" mean what goes."""


FIRST, LAST = frozenset[Keep]({"first"}), frozenset[Keep]({"last"})
LATEST, EARLIEST = frozenset[Keep]({"latest"}), frozenset[Keep]({"earliest"})
ORDERS = (
    Order(
        words=r"\b(?:latest|newest|most recent(?:ly)?|last|bottom ?most)(?: (?:duplicate|matching))? "
        r"(?:occurrence|appearance|in (?:the )?file|position|in file order|seen)\w*",
        kept=LAST,
    ),
    Order(
        words=rf"\bearliest (?:\w+ )?{STAMP}|\boldest\b|\b(?:min(?:imum)?|lowest|smallest)[ (]+(?:\w+ )?{STAMP}",
        kept=EARLIEST,
        dropped=LATEST,
    ),
    Order(
        words=rf"\b(?:max(?:imum)?|highest|greatest|largest|biggest|last|later|higher|greater)[ (]+"
        rf"(?:value of |of )?(?:the )?(?:\w+ )?{STAMP}",
        kept=LATEST,
        dropped=EARLIEST,
    ),
    Order(
        words=phrases(
            "latest, newest, most recent(?:ly)?, freshest, most up to date, most current, more recent, newer, "
            "(?:updated|changed|modified|edited) last, last (?:updated?|modified|changed?|edited)"
        ),
        kept=LATEST,
        dropped=EARLIEST,
    ),
    Order(
        words=phrases("older, outdated, stale, less recent, out of date"),
        kept=EARLIEST,
        dropped=LATEST,
        named_when_kept=False,
    ),
    Order(
        words=phrases("first, 1st, top ?most, initial, earliest (?:occurrence|row in|in the file|line)"),
        kept=FIRST,
        dropped=LAST,
    ),
    Order(words=phrases("earliest, earlier, originals?, existing"), kept=FIRST | EARLIEST, dropped=LAST | LATEST),
    Order(
        words=r"\b(?:later|subsequent|following|repeated|second|further|additional|extra)\b"
        r"(?= (?:\w+ )?(?:occurrences?|rows?|records?|entries|duplicates?|ones?|cop(?:y|ies)|appearances?|repeats?"
        r"|lines?|versions?)\b|[.,;]|$| (?:are|were|is|was)\b)",
        kept=LAST | LATEST,
        dropped=FIRST,
        named_when_kept=False,
    ),
    Order(words=r"\blast\b", kept=LAST, dropped=FIRST),
)


def keeps_in(sentence: str, *, tie: str = TIE, bare: bool = False) -> list[frozenset[Keep]]:
    """The rules of keeping that a sentence states, each as the set of what its words can mean.

    What is said of ties does not count, unless the notes call their only rule a tie-breaker. With ``bare``, words of
    order count without a verb of keeping or dropping: for notes that have none.
    """
    opens = re.search(rf"{PREPASS}|^[^.]{{0,30}}{EXACT}", sentence)
    if opens and re.search(EXACT, sentence) and not re.search(EMAIL, sentence):
        return []  # equal rows: it does not matter which of them is kept
    if (by_sorting := _sorted_then_kept(sentence)) is not None:
        return [by_sorting]
    found: list[frozenset[Keep]] = []
    for part in re.split(r";| - |\.\s|, but ", re.sub(f"{ANY_CASE}|{NOISE}", " ", sentence)):
        even = re.search(tie, part)
        found += _stated(_without_denials(part[: clause_start(part, even.start())] if even else part), bare=bare)
    return found


def _without_denials(part: str) -> str:
    """``keep the latest, not the first`` without its second half; "no longer" and "not" before a verb go likewise."""
    clause = r"(?:(?!\b(?:because|since)\b)[^,;()])*"
    part = re.sub(rf"{clause}\b(?:is|are|was|were|did|do|does|has|have|had)(?: been)? not\b[^,;()]*", " ", part)
    return re.sub(r"\b(?:not|never|rather than|instead of|as opposed to|over|without|neither)\b[^,;()]*", " ", part)


def _sorted_then_kept(sentence: str) -> frozenset[Keep] | None:
    """``sorted by updated_at, newest first, and kept the first`` keeps the latest."""
    by_time = re.search(rf"\b(?:sort|order|rank)\w*\b[^.]{{0,40}}{STAMP}", sentence)
    kept = re.search(rf"\b{KEEPING}\b[^.;]{{0,20}}\b(first|last|top)\b", sentence[by_time.end() :]) if by_time else None
    if kept is None:
        return None
    falling = re.search(r"\bdesc\w*|\b(?:newest|latest|most recent) first\b|\breverse\w*", sentence) is not None
    wants_first = kept.group(1) != "last"
    return frozenset({"latest"} if falling == wants_first else {"earliest"})


def _stated(part: str, *, bare: bool) -> Iterator[frozenset[Keep]]:
    """What the words of order in a part say; the first pattern that fits has a word for itself."""
    taken: list[tuple[int, int]] = []
    for order in ORDERS:
        for found in re.finditer(order.words, part):
            if any(start < found.end() and found.start() < end for start, end in taken):
                continue
            taken.append(found.span())
            short = order.named_when_kept if len(part.split()) <= LONGEST_FRAGMENT else None
            is_kept = _is_kept(part[: found.start()], part[found.end() :], fragment=short)
            if is_kept is None and bare:
                is_kept = order.named_when_kept
            meant = {True: order.kept, False: order.dropped, None: frozenset[Keep]()}[is_kept]
            if meant:
                yield meant


def _is_kept(before: str, after: str, *, fragment: bool | None) -> bool | None:
    """Is what is named between the two kept or dropped? ``fragment`` is the answer where a few words have no verb."""
    if re.match(r"(?: \w+){0,2}? (?:replace|overwrite|supersede|override|overrule|beat|trump)s?\b", after):
        return True
    rows = r"\b(?:rows?|anything|everything|all|every\w*|any|records?|entries|those|ones|others?|occurrences)"
    but = r"(?: \w+){0,2}? (?:but|except|other than|besides|apart from)(?: for)? [^,;.]*$"
    behind = r" (?:after|beyond|past|following|behind) (?:the |its )?(?:very )?$"
    if re.search(rows + but, before) or re.search(rows + behind, before):
        return True
    verb = _verb_behind(after)
    if verb is not None:
        return re.fullmatch(KEEPING, verb) is not None
    verbs = [*re.finditer(rf"({KEEPING})|({DROPPING})", before)]
    if verbs and not verbs[-1].group().startswith("los"):
        excepted = phrases("but, except, excluding, other than, leaving, in favou?r of, with, for, by")
        return bool(verbs[-1].group(1) or re.search(excepted, before[verbs[-1].end() :]))
    if verbs:
        return False
    named = re.search(r"\boccurrence|\bwins?\b|^[ -](?:come|seen|in)\b", after[:20])
    return True if named else fragment


def _verb_behind(after: str) -> str | None:
    """The verb that says what became of the row: "... is kept", "... wins", "... kept." at the end of its clause."""
    found = re.match(rf"[^,;.]{{0,60}}?({KEEPING}|{DROPPING})", after)
    if found is None:
        return None
    verb = found.group(1)
    auxiliary = r"\b(?:is|are|was|were|being|be|been|gets?|got)(?: (?:always|then|the one|thus|therefore|what))* \w+$"
    passive = re.search(auxiliary, after[: found.end()])
    active = re.fullmatch(r"wins?|won|survives?|survived|prevails?|stays?|remains?|takes", verb)
    closing = re.match(r"\s*(?:[,.)]|$)", after[found.end() :]) and re.search(r"(?:ed|pt|wn)$", verb)
    return verb if passive or active or closing else None

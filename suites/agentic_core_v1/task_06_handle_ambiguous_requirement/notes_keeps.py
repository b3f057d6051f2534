"""Which row of several NOTES.md says is kept: verbs of keeping and dropping beside words of order.

The rules know words, not arguments. Code that is described in other words ("the 2nd, 3rd ... row of each is gone")
names no rule of keeping for them, and "kept the earlier row" can mean the first as well as the oldest.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from agentic_core_prose import phrases
from notes_cases import ALONE_ANY, ALONE_OWN, CASE
from notes_phrases import EMAIL, clause_start
from user_readings import Keep

KEEPING = phrases(
    "keep*, kept, retain*, retention, preserv*, surviv*, wins?, won, winner, prefer*, take[sn]?, taking, took, chose, "
    "choos*, chosen, select*, pick*, stay*, remain*, prevail*, precedence, us(?:e|es|ed|ing), leav*, left, "
    "sav(?:e|ed|ing), priority, favou?r*, represent*, authoritative, correct, valid, trust*, hold*, goes to, go with, "
    "went with, going with, (?:collaps|merg|reduc|resolv|condens|consolidat)\\w+ (?:in)?to, stands?, standing, live, "
    "let, through, truth, counts, ends? up, made it, makes it, written, wr[io]te, has its, carr(?:y|ies), "
    "(?:you|we) (?:get|find|see|will (?:get|find|see)), contains?, represented"
)
DROPPING = phrases(
    "ignor*, drop*, remov*, delet*, discard*, eliminat*, skip*, thr[eo]w*, omit*, supersed*, overwr*, overrid*, "
    "replac*, filter*, cut, strip*, los(?:es?|ing|ers?), go, goes, went, gone, out, rid, left out, lost, cleared, "
    "toss*, ditch*, chuck*, bin(?:s|ned)?, scrap*, purg*, prun*"
)
IN_OUTPUT = (
    r"\b(?:go|goes|went|gone|is|are|was|were|be|been|written|put|copied|moved|made it|makes it|ends? up|ended up) "
    r"(?:\w+ )?(?:in|to|into) (?:the |my )?(?:output|results?|clean\w*|users clean\S*|new (?:file|list)|final \w+)"
    r"(?: (?:file|list|table))?(?! and)"
)
STAMP = r"(?:updated ?at|time ?stamps?|update(?:d|s)?(?: times?| dates?)?|dates?|modif\w+|changed?|times?)"
NOUN = (
    r"(?:occurrences?|rows?|records?|entry|entries|duplicates?|ones?|cop(?:y|ies)|appearances?|repeats?|lines?"
    r"|versions?|cit(?:y|ies)|values?|data|information|users?|mentions?|listings?|hits?|state)"
)
ADVERBIAL = (
    r"\b(?:i|we) first\b|\bfirst (?:i|we)\b|\b(?:was|were|is|are|have|had) first \w+ed\b"
    r"|\bfirst (?:\w+ly )?(?!listed|named|encountered|mentioned|recorded|used)\w+ed\b|^first, "
    r"|\b(?:lower|upper|fold|casefold|normali[sz]|trim|strip|remov|drop|dedup|de dup|compar|sort|clean)\w*"
    r"(?:(?!\b(?:ke[ep]p?t?|the)\b)[^.;])*? first(?=[,;.]|$)"
)
"""The word for the step that came first, not for a row."""
NOISE = phrases(
    r"(?:in|by|of|order (?:is|=|of)?) ?(?:the )?(?:order of )?first appearances?(?: order)?, first appearance order, "
    r"(?:the )?original (?:\w+ )?(?:order|file|data|csv|input|columns?|spelling|case|casing|header|sequence|content"
    r"|users), "
    r"order of first \w+, at first, first of all, (?:at )?first (?:glance|sight), "
    r"first (?:names?|step|pass|line is|row is the header|,), last names?, ^first,, "
    r"(?<!in )\bfile order (?:is|was) (?:kept|preserved), "
    r"preserv\w+ (?:the )?(?:file |row |input )?order, at last, "
    r"(?:from )?(?:the )?top (?:to|down to|down)(?: the)? ?(?:bottom)?, from first to last, "
    r"from the first to the last \w+, (?:down )?to the last \w+, (?:every|to the) last, "
    "sort(?:ed|ing)? (?:the output|the result|rows)? ?by (?:name|email|city)"
)
REASON = (
    r"\b(?:because|since|seeing that|given that|provided|although|though|even (?:if|though|when)|as (?:this"
    r"|that|it|they|the \w+ (?:is|was|are|has|does))"
    r"|whatever|no matter|irrespective of|regardless of|for the reason)\b[^,;.()]*"
)
"""Why a row was kept, or what did not matter: another row named there is not the one that stays."""
EVEN = (
    rf"\b(?:ties?\b(?! ?break)|tied|if (?:equal|identical|the same|still)|(?:same|equal|identical) (?:\w+ )?{STAMP})\b"
)
TIE = rf"(?:{EVEN}|\btie ?break\w*)"
PREPASS = phrases("first, before, beforehand, also, already, then, additionally, pre ?pass, obviously, trivially")
EXAMPLE = r"\b(?:eg|e\.g\.?|example|examples|instance|such as|his|her|hence keeps)\b|@\w"
CASE_WORDS = (
    rf"\([^()]*\bcas(?:e|es|ing)\b[^()]*\)|{ALONE_ANY}|{CASE}(?: \w+){{0,3}}? (?:ignor|disregard)\w+|{ALONE_OWN}"
    rf"|\b(?:upper|lower)(?: ?(?:and|or|/) ?(?:upper|lower))?[ -]?case\b"
)
EXACT = (
    r"\b(?:exact\w*|identical\w*|verbatim|complete\w*|whole|entire|literal\w*|full\w*) (?:\w+ )?(?:rows?|lines?"
    r"|records?|cop\w+|dup\w+|repeat\w*|entries|same|identical|equal)\b"
)
SOONER, LATER = (
    r"(?:first|oldest|earliest|original|older|old|stale|outdated|initial)",
    r"(?:latest|newest|most recent|last|newer|new|fresh(?:est)?|current)",
)
BETWEEN = r"(?: (?:\w+ ){0,2}?(?:or|vs\.?|versus) |/| / )(?:(?:the|keep\w*|by|an?) ){0,2}"
ALTERNATIVES = rf"\b(?:{SOONER}{BETWEEN}{LATER}|{LATER}{BETWEEN}{SOONER})\b"
PASSIVE = (
    r"\b(?:is|are|was|were|being|be|been|gets?|got)(?: (?:always|then|the one|thus|therefore|what|that|which"
    r"|who))* \w+$"
)
ACTIVE = r"wins?|won|survives?|survived|prevails?|stays?|stayed|remains?|stands?|counts|takes|loses?|go|goes|went"
NOT_SO = r"\b(?:is|are|was|were|did|do|does|has|have|had)(?: been)? not\b"
DENIED = (
    r"\b(?:not|never|rather than|instead of|as opposed to|over|against|unlike|compared (?:to|with)|without|neither"
    r"|(?<=preferred )to|before (?:the )?(?=older|newer|later|first|latest|newest|earlier))\b[^,;()]*"
)
NAMED = r"\boccurrence|\bwins?\b|^[ -](?:come|seen|in)\b"
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
OF_STAMP = rf"[ (]+(?:value |date )?(?:of |in |by )?(?:the )?(?:\w+ )?{STAMP}"
ORDERS = (
    Order(
        words=r"\b(?:latest|newest|most recent(?:ly)?|last|final|bottom ?most)(?: (?:duplicate|matching))? "
        r"(?:occurrence|appearance|mention|in (?:the )?file|position|in file order|listed|seen|met|encountered)\w*"
        r"|\b(?:at|on|from) the (?:very )?bottom|\bbottom ?most\b|\b(?:bottom|lower) (?:row|line|one)"
        r"|\blower ?most\b|\bfurthest down"
        r"|\blowest (?:down|in the file)",
        kept=LAST,
        dropped=FIRST,
    ),
    Order(
        words=rf"\bearliest (?:\w+ )?{STAMP}|\boldest\b|\bleast recent(?:ly)?\b"
        rf"|\b(?:min(?:imum|imal)?|lowest|smallest|smaller|lower|earlier){OF_STAMP}"
        rf"|\b{STAMP} (?:is|was|being) (?:the )?(?:min\w*|lowest|smallest)\b",
        kept=EARLIEST,
        dropped=LATEST,
    ),
    Order(
        words=rf"\b(?:max(?:imum|imal)?|highest|greatest|largest|biggest|last|later|higher|greater){OF_STAMP}"
        rf"|\b{STAMP} (?:is|was|being) (?:the )?(?:max\w*|highest|greatest|largest|biggest)\b",
        kept=LATEST,
        dropped=EARLIEST,
    ),
    Order(
        words=phrases(
            "latest, newest, most recent(?:ly)?, freshest, most up to date, most current, youngest, "
            "(?:updated|changed|modified|edited|touched) (?:the )?(?:last|latest), "
            "last (?:been )?(?:updated?|modified|changed?|edited|touched), current (?:state|version|row|record), "
            "most actual, up to date"
        ),
        kept=LATEST,
        dropped=EARLIEST,
    ),
    Order(words=phrases("newer, fresher, younger, more recent(?:ly)?"), kept=LATEST, dropped=EARLIEST | FIRST),
    Order(
        words=phrases(
            rf"older, outdated, stale, less recent(?:ly)?, out of date, obsolete, superseded, old(?= (?:\w+ )?{NOUN})"
        ),
        kept=EARLIEST,
        dropped=LATEST,
        named_when_kept=False,
    ),
    Order(
        words=r"\b(?:already|previously)(?: \w+)? (?:seen|met|encountered|there|known|taken|appeared|occurred"
        r"|in the output"
        r"|present)(?: (?:above|before|earlier|higher up|further up))?\b"
        r"|\b(?:same (?:\w+ ){1,3}as|like|repeat\w*|duplicat\w*|equals?) (?:an?|any|some"
        r"|one of the) (?:earlier|previous"
        r"|preceding|former|above)\b|\b(?:seen|met|encountered|occurred|appeared|come|came|turned up"
        r"|shown up) (?:before|earlier|already"
        r"|above)\b|\balready in the (?:output|result|set|list)\b",
        kept=FIRST,
        dropped=FIRST,
        named_when_kept=False,
    ),
    Order(
        words=phrases(
            "first, 1st, top ?most, upper ?most, initial, "
            "earliest (?:occurrence|row in|in the file|line|listed|listing), "
            "earliest in file order, "
            f"top {NOUN}, (?:at|on|to|from) (?:the )?top, (?:near\\w*|clos\\w*) (?:to )?the (?:top|beginning|start), "
            "upper (?:one|row|line|entry|record), (?:higher|further) up, "
            f"highest (?:up|row|line|position|in the file), "
            "lowest (?:line|row|index|position)(?: number)?, smallest (?:line|row|index)(?: number)?, "
            r"(?:row|line|record|entry|number) (?:one|1), precedes, above, earlier in (?:the )?(?:file|list"
            r"|input), file order decides"
        ),
        kept=FIRST,
        dropped=LAST,
    ),
    Order(
        words=phrases("earliest, earlier, originals?, existing, previous, older one"),
        kept=FIRST | EARLIEST,
        dropped=LAST | LATEST,
    ),
    Order(
        words=rf"\b(?:repeated|second|third|further|additional|extra|next)\b(?= (?:\w+ )?{NOUN}\b)"
        rf"|\b(?:later|subsequent|following)\b(?= (?:\w+ )?{NOUN}\b|[.,;]|$| (?:are|were|is|was|and"
        rf"|replace\w*|overwrit\w*)\b)"
        r"|\b(?:below|after (?:it|that|them|the first)|further down|come later)\b",
        kept=LAST | LATEST,
        dropped=FIRST,
        named_when_kept=False,
    ),
    Order(words=rf"\bnew(?= (?:\w+ )?{NOUN})|\bnew$", kept=LAST | LATEST, dropped=FIRST | EARLIEST),
    Order(words=r"\b(?:last|final)\b", kept=LAST, dropped=FIRST),
)


def keeps_of(sentences: list[str]) -> list[frozenset[Keep]]:
    """The rules of keeping of the most telling kind that there is.

    A general statement goes before an example, one with a verb before bare words of order, and a tie-breaker counts
    where notes call their only rule so. What is less telling than the rule stated cannot speak against it.
    """
    together = _with_sorting(sentences)
    general = [sentence for sentence in together if not re.search(EXAMPLE, sentence)]
    for among, tie, bare in (
        *((general, TIE, False), (together, TIE, False), (together, EVEN, False)),
        *((general, EVEN, True), (together, EVEN, True)),
    ):
        if found := [stated for sentence in among for stated in keeps_in(sentence, tie=tie, bare=bare)]:
            return found
    return []


def _with_sorting(sentences: list[str]) -> list[str]:
    """A sentence that sorts by time, joined with the next: only with it does it say which row is first."""
    found: list[str] = []
    for sentence in sentences:
        if (
            found
            and _sorts(found[-1])
            and not _sorted_then_kept(found[-1])
            and _sorted_then_kept(f"{found[-1]} {sentence}")
        ):
            found[-1] += f" {sentence}"
        else:
            found.append(sentence)
    return found


def keeps_in(sentence: str, *, tie: str = TIE, bare: bool = False) -> list[frozenset[Keep]]:
    """The rules of keeping that a sentence states, each as the set of what its words can mean.

    With ``bare``, words of order count without a verb of keeping or dropping: for notes that have none.
    """
    opens = re.search(rf"{PREPASS}|^[^.]{{0,30}}{EXACT}", sentence)
    if opens and re.search(EXACT, sentence) and not re.search(EMAIL, sentence):
        return []  # equal rows: it does not matter which of them is kept
    if (by_sorting := _sorted_then_kept(sentence)) is not None:
        return [by_sorting]
    found: list[frozenset[Keep]] = []
    sentence = re.sub(IN_OUTPUT, " is kept ", sentence)
    for noise in (EXACT, ADVERBIAL, f"{CASE_WORDS}|{NOISE}", ALTERNATIVES):
        sentence = re.sub(noise, " ", sentence)
    for part in re.split(r";| - |\.\s|, but ", sentence):
        even = re.search(tie, part)
        said = part[: clause_start(part, even.start())] if even else part
        found += _stated(_without_denials(re.sub(REASON, " ", said)), bare=bare)
    return found


def _without_denials(part: str) -> str:
    """``keep the latest, not the first`` without its second half; "the latest is not kept" goes as a whole."""
    part = re.sub(r"[^,;()]+", lambda clause: "" if re.search(NOT_SO, clause.group()) else clause.group(), part)
    return re.sub(DENIED, " ", part)


def _sorts(sentence: str) -> re.Match[str] | None:
    return re.search(rf"\b(?:sort|order|rank)\w*\b[^.]{{0,40}}{STAMP}", sentence)


def _sorted_then_kept(sentence: str) -> frozenset[Keep] | None:
    """``sorted by updated_at, newest first, and kept the first`` keeps the latest."""
    by_time = _sorts(sentence)
    if by_time is None:
        return None
    rest = re.sub(r"\b(?:newest|latest|most recent|youngest|oldest|earliest|desc\w*|asc\w*) first\b", " ", sentence)
    kept = re.search(
        r"\b(first|last|top|limit 1|head\(1\)|r?n ?= ?1)(?!\w)(?! (?:i|we)\b)", rest[min(by_time.end(), len(rest)) :]
    )
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
            alone = len(part.split()) <= LONGEST_FRAGMENT or re.search(NAMED, part[found.end() :][:20])
            is_kept = _is_kept(part[: found.start()], part[found.end() :])
            if is_kept is None and alone:
                is_kept = order.named_when_kept
            if is_kept is None and bare:
                is_kept = order.named_when_kept
            meant = {True: order.kept, False: order.dropped, None: frozenset[Keep]()}[is_kept]
            if meant:
                yield meant


def _is_kept(before: str, after: str) -> bool | None:
    """Is what is named between the two kept or dropped? None where no verb says so."""
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
        if re.match("overwr|overrid|replac|supersed", verbs[-1].group()):
            excepted += r"|\b(?:if|when|whenever|where|as soon as)\b"
        return bool(verbs[-1].group(1) or re.search(excepted, before[verbs[-1].end() :]))
    return False if verbs else None


def _verb_behind(after: str) -> str | None:
    """The verb that says what became of the row: "... is kept", "... wins", "... kept." at the end of its clause."""
    found = re.match(rf"[^,;.]{{0,60}}?({KEEPING}|{DROPPING})", after)
    if found is None:
        return None
    verb = found.group(1)
    passive = re.search(PASSIVE, after[: found.end()])
    active = re.fullmatch(ACTIVE, verb)
    closing = re.match(r"\s*(?:[,.)]|$)", after[found.end() :]) and re.search(r"(?:ed|pt|wn)$", verb)
    return verb if passive or active or closing else None

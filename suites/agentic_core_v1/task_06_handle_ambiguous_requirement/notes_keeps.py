"""Which row of several NOTES.md says is kept: verbs of keeping and dropping beside words of order.

The rules know words, not arguments. Code that is described in other words ("the 2nd, 3rd ... row of each is gone")
names no rule of keeping for them, and "kept the earlier row" can mean the first as well as the oldest.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from agentic_core_prose import phrases
from notes_orders import (
    ACTIVE,
    ADVERBIAL,
    ALTERNATIVES,
    APPOSITION_ENDS,
    CASE_WORDS,
    DENIED,
    DROPPING,
    EVEN,
    EXACT,
    EXAMPLE,
    IN_OUTPUT,
    KEEPING,
    LONGEST_FRAGMENT,
    NAMED,
    NOISE,
    NOT_SO,
    OF_OTHERS,
    ORDERS,
    OVERWRITES,
    PASSIVE,
    PREPASS,
    REASON,
    STAMP,
    TIE,
)
from notes_phrases import EMAIL, clause_start
from user_readings import Keep


def keeps_of(sentences: list[str]) -> list[frozenset[Keep]]:
    """The rules of keeping of the most telling kind that there is.

    A general statement goes before an example, one with a verb before bare words of order, and a tie-breaker counts
    where notes call their only rule so. What is less telling than the rule stated cannot speak against it.
    """
    together = _with_sorting(sentences)
    general = [sentence for sentence in together if not re.search(EXAMPLE, sentence)]
    groups = (general, together) if general != together else (together,)
    kinds = [(among, TIE, False) for among in groups]
    kinds += [(together, EVEN, False), *((among, EVEN, True) for among in groups)]
    for among, tie, bare in kinds:
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


DOWNWARDS = r"\b(?:new(?:est)?|late(?:st)?|recent|young(?:est)?) to (?:old(?:est)?|early|earliest)\b"


def _sorted_then_kept(sentence: str) -> frozenset[Keep] | None:
    """``sorted by updated_at, newest first, and kept the first`` keeps the latest."""
    by_time = _sorts(sentence)
    if by_time is None:
        return None
    rest = re.sub(r"\b(?:newest|latest|most recent|youngest|oldest|earliest|desc\w*|asc\w*) first\b", " ", sentence)
    kept = re.search(
        r"\b(first|last|final|top\w*|limit 1|head\(1\)|r?n ?= ?1|(?:row|number|no|entry|line|rank"
        r"|place) ?(?:1|one)|#1|\[0\])(?!\w)(?! (?:i|we)\b)",
        rest[min(by_time.end(), len(rest)) :],
    )
    if kept is None:
        return None
    falling = (
        re.search(rf"\bdesc\w*|\b(?:newest|latest|most recent) first\b|\breverse\w*|{DOWNWARDS}", sentence) is not None
    )
    wants_first = kept.group(1) not in ("last", "final")
    named = re.search(r"\b(?:newest|latest|most recent|youngest|freshest)\b", sentence)
    falling |= bool(wants_first and named and not re.search(r"\basc|\b(?:oldest|earliest) first\b|\bnot\b", sentence))
    return frozenset({"latest"} if falling == wants_first else {"earliest"})


def _stated(part: str, *, bare: bool) -> Iterator[frozenset[Keep]]:
    """What the words of order in a part say; the first pattern that fits has a word for itself."""
    taken: list[tuple[int, int]] = []
    for order in ORDERS:
        for found in re.finditer(order.words, part):
            if any(start < found.end() and found.start() < end for start, end in taken):
                continue
            taken.append(found.span())
            if _goes_before(part[: found.start()], part[found.end() :]) is False:
                continue  # who goes before it is named too
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
    if (rank := _goes_before(before, after)) is not None:
        return rank
    rows = r"\b(?:rows?|anything|everything|all|every\w*|any|records?|entries|those|ones|others?|occurrences)"
    but = r"(?: \w+){0,2}? (?:but|except|other than|besides|apart from)(?: for)? [^,;.]*$"
    behind = r" (?:after|beyond|past|following|behind) (?:the |its )?(?:very )?$"
    if re.search(rows + but, before) or re.search(rows + behind, before):
        return True
    verb = _verb_behind(re.sub(APPOSITION_ENDS, " ", after))
    if verb is not None:
        return re.fullmatch(KEEPING, verb) is not None or bool(re.search(OF_OTHERS, before))
    verbs = [*re.finditer(rf"({KEEPING})|({DROPPING})", before)]
    if verbs and not verbs[-1].group().startswith("los"):
        excepted = phrases("but, except, excluding, other than, leaving, in favou?r of, for, by")
        excepted += r"|(?<!\brow)(?<!rows)(?<!\bone)(?<!ones)(?<!line)(?<!lines)(?<!record)(?<!entry)(?<!copy) with\b"
        if re.match("overwr|overrid|replac|supersed", verbs[-1].group()):
            excepted += r"|\b(?:if|when|whenever|where|as soon as)\b"
        behind_it = before[verbs[-1].end() :]
        return bool(verbs[-1].group(1) or re.search(excepted, behind_it) or re.search(OF_OTHERS, before))
    return False if verbs else None


def _goes_before(before: str, after: str) -> bool | None:
    """Does what is named between the two go before another row ("beats"), or behind it ("yields to")?"""
    if re.match(OVERWRITES, after):
        return True
    ranks = re.findall(r"\b(beats|yields to)\b(?=[^,;.]*$)", before)
    return ranks[-1] == "yields to" if ranks else None


def _verb_behind(after: str) -> str | None:
    """The verb that says what became of the row: "... is kept", "... wins", "... kept." at the end of its clause."""
    found = re.match(rf"[^,;.]{{0,60}}?({KEEPING}|{DROPPING})", after)
    if found is None:
        return None
    verb = found.group(1)
    passive = re.search(PASSIVE, after[: found.end()])
    active = re.fullmatch(ACTIVE, verb)
    if re.fullmatch(r"(?: \w+){0,2}? (?:i|we) (?:\w+ly |have |then |had )?", after[: found.start(1)]):
        return verb
    closing = re.match(r"\s*(?:[,.)]|$|and\b|while\b|whereas\b|for\b)", after[found.end() :]) and re.search(
        r"(?:ed|pt|wn)$", verb
    )
    return verb if passive or active or closing else None

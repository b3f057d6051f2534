"""What NOTES.md states as chosen: keys and rules of keeping, in phrases.

A key or rule counts when a sentence states it as what was done. What is negated, supposed, asked, listed under
alternatives or offered for another time does not. The rules know phrases, not arguments: a description of the code
("a dictionary by address, so later rows overwrite") names no rule of keeping for them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from agentic_core_prose import Piece, pieces, voice
from notes_keeps import EVEN, keeps_in
from notes_phrases import (
    ANY_CASE,
    AS_KEY,
    BOUNDARY,
    CASE,
    CHOSEN,
    EMAIL,
    EXACT,
    EXACT_MATCH,
    LISTED,
    NAME,
    NEGATED,
    OWN_CASE,
    RELATION,
    SEPARATE,
    SKIPPED,
    clause_start,
)
from user_readings import Keep

FRAGMENT = 5  # words
COLUMNS = rf"(?:(?:same|identical|equal|ie|eg) )?(?:\W*(?:name|city|{EMAIL}|updated ?at|and)\b)+"
TWO_USERS = (
    rf"{SEPARATE}|\b(?:different|not the same|(?:2|two|distinct) (?:\w+ )?(?:users|people|persons|accounts|keys))\b"
)
ANSWER = r"^(?:a|answer)[:.] "
REMARK = r"\(([^()]+)\)"
BESIDE_ROWS = (
    rf"\b(?:same|shar\w+|matching|identical) (?:an? |the )?{EMAIL} or\b"
    rf"|\b(?:by|on|same) {EMAIL} and (?!(?:the )?(?:city|name|other|updated))"
    rf"|\bor (?:by |have |with )?(?:the |an? )?(?:same|shar\w+) (?:an? |the )?{EMAIL}"
)


@dataclass(slots=True, kw_only=True)
class Claims:
    """What a text states as chosen."""

    keys: set[str] = field(default_factory=set)
    keeps: list[frozenset[Keep]] = field(default_factory=list)
    """One entry a statement: the rules that it can mean."""


def claims(text: str) -> Claims:
    """Collect the keys and rules of keeping that the notes state."""
    found = Claims()
    for sentence in chosen_sentences(text):
        found.keys |= keys_in(sentence)
        found.keeps += keeps_in(sentence)
    for wider in ({"tie": EVEN}, {"tie": EVEN, "bare": True}):
        if not found.keeps:
            found.keeps = [stated for sentence in chosen_sentences(text) for stated in keeps_in(sentence, **wider)]
    found.keys |= example_pairs(text)
    return found


def chosen_sentences(text: str) -> Iterator[str]:
    """Sentences that say what was done, headings of more than a few words among them."""
    above, asked = "", ""
    for piece in pieces(_with_references(text)):
        if piece.heading != above:
            above = piece.heading
            if len(above.split()) > 3 and not re.search(LISTED, above):
                yield above
        if said := _chosen_part(piece):
            yield f"{asked}: {re.sub(ANSWER, '', said)}" if asked else said
        asked = _topic(piece.text)


def _topic(sentence: str) -> str:
    """A question of a few words is what its answer is about: "Case? Ignored" is about case."""
    question = re.fullmatch(r"(?:q\w*[:.] )?((?:[\w-]+ ){0,2}[\w-]+)\?", sentence)
    return question[1] if question else ""


def _chosen_part(piece: Piece) -> str:
    """What of a piece is chosen: nothing of a question or a listed alternative, nothing after "would" or "if you"."""
    text = _switched(piece.text)
    if re.search(r"\?[\s\"')]*$", text) or re.fullmatch(r"[^:=,]{1,60}[:=,] (?:no|false|not used|unused)\W*", text):
        return ""
    if re.search(CHOSEN, text):
        return text
    listed = re.search(LISTED, piece.heading) and not re.search(CHOSEN, piece.heading)
    if listed or re.match(rf"[^:]{{0,40}}{LISTED}[^:]{{0,20}}:", text):
        return ""
    skipped = re.search(SKIPPED, text)
    if skipped is None:
        return text
    decided = (
        "ch[o]+se|used?|decided?|kept|keep|treat(?:ed)?|took|take|picked|went|go|defined?|assumed?|interpret(?:ed)?|read"
        "|consider(?:ed)?"
    )
    done = re.search(rf"\b(?:i|we) (?:(?:\w+ly|only|just|then) )?(?:{decided})\b", text[skipped.end() :])
    return text[skipped.end() + done.start() :] if done else text[: clause_start(text, skipped.start())]


def _switched(text: str) -> str:
    """``case sensitive: no`` says the contrary of its label; of other labels a "no" says nothing."""
    off = r"\W{1,3}(?:no|false|off|0)(?!\w)"
    text = re.sub(rf"\bcase ?sensitiv\w*{off}", "case insensitive", text)
    return re.sub(
        rf"\b(?:case ?insensitiv\w*|ignore ?case|(?:lower ?case|normali[sz]e)d?){off}", "case sensitive", text
    )


def _with_references(text: str) -> str:
    """``I chose option 2`` marks the item 2 of a list as chosen."""
    label = re.search(
        r"\b(?:chose|chosen|picked|selected|went with|used|using|applied|adopted|decision"
        r"|choice)\b[^.\n]{0,25}?\b(?:option|reading|interpretation|variant|#)? ?\(?([0-9]|[A-Ea-e])\b\)?(?=[\s.,;:]"
        r"|$)",
        text,
    )
    if label is None:
        return text
    return re.sub(rf"(?mi)^(\s*\(?{label[1]}[.)]\s+)", r"\1(chosen) ", text)


def clauses(sentence: str) -> list[str]:
    """The parts of a sentence that are not negated; a list that goes on after a denial is denied with it."""
    kept, denied = [], False
    for part in re.split(BOUNDARY, re.sub(r"\b(?:nothing|none|no rows?) (?:but|except)\b", "only", sentence)):
        negation = re.search(NEGATED, part)
        goes_on = denied and re.match(r"\s*(?:or|nor|and)?\s*(?:the |by |on )?\w+(?: \w+)?\s*$", part)
        denied = bool(negation or goes_on)
        if negation:
            kept.append(part[: negation.start()])
        elif not goes_on:
            kept.append(part)
    return [part.strip() for part in kept if part.strip()]


def in_one_word(sentence: str) -> str:
    """The sentence with what it says of upper and lower case put in one word each: ``anycase``, ``exactcase``."""
    apart = re.search(SEPARATE, sentence)
    distinct = (
        re.search(rf"\b(?:not|never|without|no)\b(?! case)(?: \w+){{0,3}}? {ANY_CASE}", sentence)
        or (apart and re.search(r"\bdiffer\w*|\bdifferent\b|variants?", sentence))
        or re.search(
            rf"{CASE}(?: differences?)? (?:is|are|was|were) (?:significant|relevant|meaningful|distinguished"
            rf"|important)",
            sentence,
        )
    )
    word = " exactcase " if distinct else " anycase "
    sentence = re.sub(r"\b(?:not|never|without)\b(?! case)((?: \w+){0,3}? )(?=anycase)", r"\1", sentence)
    replaced = re.sub(ANY_CASE, word, sentence)
    if word == " exactcase ":
        replaced = re.sub(r"\b(?:not|never|without|no)\b(?=(?: \w+){0,3}? +exactcase)", "", replaced)
    return re.sub(r" {2,}", " ", re.sub(OWN_CASE, lambda own: f"{own.group()} exactcase ", replaced))


def keys_in(sentence: str) -> set[str]:
    """The keys that a sentence states: row, email, name (or any other column); and any case or own case."""
    remarks = [found.group(1) for found in re.finditer(REMARK, sentence)]
    if any(re.search(SEPARATE, remark) for remark in remarks):
        return set().union(*map(keys_in, [re.sub(REMARK, " ", sentence), *remarks]))
    sentence = re.sub(r"\b(key|criterion|identity|identifier)\s*[:=]\s*", r"\1 ", sentence)
    parts = clauses(in_one_word(sentence))
    apart = re.search(SEPARATE, sentence)
    exact = any(re.search(f"{EXACT}|{EXACT_MATCH}", part) for part in parts)
    found = {key for word, key in (("anycase", "any case"), ("exactcase", "own case")) if word in " ".join(parts)}
    for part in parts:
        if re.search(AS_KEY, part):
            found.add("email")
        if _compares_rows(part, sentence):
            found |= {"row", "email"} if re.search(BESIDE_ROWS, part) else {"row"}
        elif not apart and not (exact and re.match(COLUMNS, part)):
            found |= _columns_in(part)
    return found


def _compares_rows(part: str, sentence: str) -> bool:
    """Whole rows; a bare "exact match" beside the e-mail is a comparison of addresses, unless columns are listed."""
    if re.search(EXACT, part):
        return True
    return bool(re.search(EXACT_MATCH, part)) and (not re.search(EMAIL, sentence) or "city" in part)


def _columns_in(part: str) -> set[str]:
    """The e-mail as a key, and other columns as keys; a part of a few words needs no verb."""
    fragment = len(part.split()) <= FRAGMENT
    email = re.search(EMAIL, part) and (fragment or re.search(RELATION, part))
    return ({"email"} if email else set()) | ({"name"} if re.search(NAME, part) else set())


def example_pairs(text: str) -> set[str]:
    """Two spellings of one address in a sentence: the same user, or kept apart?"""
    found = set[str]()
    for sentence in re.split(r"(?<=[.!?])\s|\n", text):
        addresses = {address.rstrip(".") for address in re.findall(r"[\w.+-]+@[\w.-]+", sentence)}
        pairs = {(a, b) for a in addresses for b in addresses if a != b and a.casefold() == b.casefold()}
        said = voice(sentence)
        if pairs and not re.search(SKIPPED, said):
            found.add("own case" if re.search(TWO_USERS, said) else "any case")
    return found

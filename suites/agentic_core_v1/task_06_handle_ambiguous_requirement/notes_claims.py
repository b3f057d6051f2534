"""What NOTES.md states as chosen: keys, upper and lower case, rules of keeping.

The rows have proved the reading before the notes are read. So a key is collected with its weight: a mention ("email")
is enough to affirm the reading of the rows, but only a statement of choice ("email key") speaks against them. What is
negated, supposed, asked, listed under alternatives or offered for another time is neither.

The rules know words and clauses, not arguments. They cannot separate rows that "are repeated" from duplicates of an
unknown kind, nor an e-mail that is mentioned in passing from one that is the key where the rows are unique by e-mail.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace

from agentic_core_prose import Piece, pieces, voice
from notes_cases import ALONE_ANY, ALONE_OWN, CASE, SIDED, VARIANT, cases_in, with_variants
from notes_keeps import keeps_in, keeps_of
from notes_phrases import (
    ALL_COLUMNS,
    APART,
    BESIDE,
    BOTH_OFFERED,
    BOUNDARY,
    CHOSEN,
    COPIES_STAY,
    DENIED_HEADING,
    DENIED_LABEL,
    DOUBTED,
    EMAIL,
    ENUMERATION,
    EVERY,
    FIELD,
    FIRST_IDEA,
    GROUPED,
    KEYED,
    LABELLED_EMAIL,
    LEFT_OPEN,
    LISTED,
    MAILS_TWICE,
    MANY_STAY,
    NAME_KEY,
    NEGATED,
    NO_DIFFERENCE,
    NOT_DUPLICATES,
    NOT_KEYED,
    ONE_STAYS,
    ONLY_ROWS,
    OTHER_COLUMNS,
    OTHER_OPTION,
    OUTPUT_ONLY,
    PREPASS,
    RESUMED,
    ROW,
    ROWS_ALIKE,
    SAME,
    SAME_NAME,
    SETTLED,
    SKIPPED,
    SOME_COLUMNS,
    WEIGHED_AND_REJECTED,
    WHOLE_ROW_CODE,
    WHOLE_ROWS,
    clause_start,
)
from notes_plain import in_plain_words
from user_readings import Keep

ANSWER = r"^(?:a|answer)[:.] "
DECIDED = (
    r"\b(?:i|we) (?:(?:\w+ly|only|just|then|have|had|finally) )?(?:ch[o]+se|used?|decided?|kept|keep|treat(?:ed)?|took"
    r"|take|picked|went|go|defined?|assumed?|interpret(?:ed)?|read|consider(?:ed)?|settled|compared?"
    r"|matched|said|say)\b"
)
OPENED = r"\b(?:ambiguous|unclear|open) (?:in|on|at|about) (?:\w+ ){1,3}?(?:ways?|points?|respects?|places?|counts?)\b"
"""A lead-in that names what was unclear; the points below it say what was decided."""
TOOK = r"(?:\w+ )?(?:i|we) (?:\w+ly )?(?:went|chose|took|picked|decided|settled|opted|applied)\b"
SHORT_LABEL = 60
LONGEST_QUESTION = 200  # characters
OPEN_WHETHER = (
    r"\bwhether\b([^;.]{1,120}?),? (?:is|was|were|are) (?:left )?(?:un\w+|not \w+|open|a question"
    r"|up to)(?: as well| too)?"
    r"[;,:.] (?:i|we|my|the|here)\b[^.;]{0,20}?\b(yes|no)\b"
)
"""A question in other words, and its answer."""
ASKS = r"\b(?:is|are|was|were|do|does|did|should|shall|can|may|or|which|what|who|whether|how|why|if|where)\b"
NAMED_TOPIC = rf"(?:[\w-]+ ){{0,2}}[\w-]+|(?:(?!{ASKS})[\w-]+ ){{0,6}}[\w-]+"
"""A question of few words, or one that only names what it is about: "same e-mail twice?"."""
THEN = r"(?:then|in that case|if so|when so)\b"
REFERS = (
    r"\b(?:such|these|those) (?:\w+ )?(?:pairs?|spellings?|variants?|variations?|addresse?s?|e ?mails?|forms?|twins?"
    r"|rows?|ones|two|couples?|differences)\b|^(?:\w+: )?(?:the two|they|both|these|those)\b"
    r"|\b(?:merg\w+|treat\w+|count\w*"
    r"|regard\w*|join\w*|fold\w*|unif\w+) (?:them|these|those|the two|both)\b"
)
TOLD_APART_BY_OTHERS = (
    r"\b((?:that|which) (?:an? |the |some )?\w+) (?:would|could|might) (?=tell|distinguish|see"
    r"|treat|regard|hold|keep)"
)
UNLIKE = r"\b(?:demand|insist|require|ask|need|want|expect)\w*\b[^.;,:]*\b(?:identical|same|exact|equal)\b"
AUXILIARY = r"\b(?:is|are|was|were|did|do|does|has|have|had|been|played)(?: \w+)?\s*$"


@dataclass(slots=True, kw_only=True)
class Claims:
    """What a text states as chosen."""

    keys: set[str] = field(default_factory=set)
    """``row``, ``only rows``, ``email``, ``email key``, ``name`` (any other column), ``some columns``,
    ``mails twice``, and what is said of case.

    ``email cased`` is an e-mail of which a sentence says how its capitals are taken, even if it denies them a role;
    ``email aside`` is an e-mail that a sentence names for rows that stay beside each other.
    """
    keeps: list[frozenset[Keep]] = field(default_factory=list)
    """One entry a statement: the rules that it can mean."""
    left_open: bool = False
    """Is the choice left to the reader?"""


def claims(text: str) -> Claims:
    """Collect the keys and rules of keeping that the notes state."""
    text = re.sub(r"\([^()\n]{1,200}\?\s*\)", " ", text)  # "(same row? same e-mail?)" asks what follows answers
    text = re.sub(r"(?<=\S)[ \t]+(?=\[[ xX]?\] )", "\n- ", text)
    text = re.sub(r"((?:\bA: |\bAnswer: |\? )[Nn]o)\.(?=\s)", r"\1!", text)
    sentences = [in_plain_words(said) for said in _with_case_topic(chosen_sentences(with_variants(text)))]
    found = Claims(keeps=keeps_of(sentences))
    for sentence in sentences:
        found.keys |= keys_in(sentence)
    found.left_open = any(re.search(LEFT_OPEN, said) and not re.search(r"\bif\b", said) for said in sentences)
    offered = (voice(line) for line in text.split("\n"))
    found.left_open |= any(re.search(BOTH_OFFERED, line) and not re.search(r"\bif\b", line) for line in offered)
    return found


def chosen_sentences(text: str) -> Iterator[str]:
    """Sentences that say what was done, headings of more than a few words among them."""
    above, asked = "", ""
    for piece in _joined(pieces(_with_references(text))):
        if piece.heading != above:
            above = piece.heading
            if len(above.split()) > 3 and not re.search(LISTED, above):
                yield above
        row = re.match(r"([^?]{3,120}\?),? ((?:yes|no)\b.*)$", piece.text)  # a table's question and answer
        asked, told = (row[1], row[2]) if row else (asked, piece.text)
        answer = replace(piece, text=re.sub(ANSWER, "", told)) if asked else piece
        if said := _chosen_part(answer):
            yield from _answered(asked, re.sub(ANSWER, "", said))
        asked = piece.text if piece.text.endswith("?") else ""


def _with_case_topic(sentences: Iterable[str]) -> Iterator[str]:
    """``Such pairs are one user`` after a sentence about capitals or two spellings of an address speaks of them."""
    topic = False
    for sentence in sentences:
        about = VARIANT in sentence or re.search(CASE, sentence)
        yield f"{VARIANT}: {sentence}" if topic and not about and re.search(REFERS, sentence) else sentence
        topic = bool(about)


def _joined(found: list[Piece]) -> Iterator[Piece]:
    """The values of one field of a JSON list as one piece: together they are the columns that were compared."""
    held: Piece | None = None
    for piece in found:
        label, colon, value = piece.text.partition(": ")
        if held and colon and piece.group == 0 == held.group and held.text.startswith(f"{label}: "):
            held = replace(held, text=f"{held.text}, {value}")
            continue
        if held:
            yield held
        held = piece
    if held:
        yield held


def _answered(question: str, said: str) -> Iterator[str]:
    """What follows a question, with what the question is about: a few words whole, of more that they are about case."""
    asked = re.sub(r"^q\w*[:.] |\?$", "", question)
    word = re.match(r"(?:i (?:said|say|decided|answered) )?(yes|no)\b", said)
    if asked and word and len(asked) < LONGEST_QUESTION:
        yield asked if word[1] == "yes" else re.sub(SIDED, r"not \g<0>", asked, count=1)
        yield said
    elif re.fullmatch(NAMED_TOPIC, asked) or (re.match(THEN, said) and re.search(EMAIL, asked)):
        yield f"{asked}: {said}"
    elif topic := VARIANT if VARIANT in asked else "letter case" if re.search(CASE, asked) else "":
        yield f"{topic}: {said}"
    else:
        yield said


def _chosen_part(piece: Piece) -> str:
    """What of a piece is chosen: nothing of a question or of a listed alternative, nothing that is only supposed."""
    text = re.sub(TOLD_APART_BY_OTHERS, r"\1 ", piece.text)
    text = re.sub(r"\([^()]*\?\s*\)", " ", _without_rejected(_switched(text)))
    if (whether := re.search(OPEN_WHETHER, text)) and whether[2] == "yes":
        return whether[1]
    if re.search(r"^[^:=,]{1,60}[:=,] (?:no|false|not used|unused)\W*$|\?[\s\"')]*$", text):
        return ""
    if re.search(CHOSEN, text):
        return text
    label, colon, said = text.partition(": ")
    settled = colon and len(label) < SHORT_LABEL and re.search(SETTLED, label) and not re.search(NEGATED, label)
    if settled and re.search(f"{LISTED}|{SKIPPED}", label):
        text = said
    listed = re.search(LISTED, piece.heading) and not re.search(f"{SETTLED}|{OPENED}", piece.heading)
    labelled = re.match(rf"(?!{TOOK})[^:]{{0,40}}{LISTED}[^:]{{0,20}}:|{DENIED_LABEL}", text)
    if (listed and not re.match(DECIDED, text)) or labelled or re.search(DENIED_HEADING, piece.heading):
        return ""
    return _without_suppositions(text)


def _without_suppositions(text: str) -> str:
    """Cut from the clause of a "would" or "if you" to where the sentence says again what was done."""
    kept = ""
    while skipped := re.search(SKIPPED, text):
        kept += text[: clause_start(text, skipped.start())]
        rest = text[skipped.end() :]
        again = [found for found in (re.search(RESUMED, rest), re.search(DECIDED, rest)) if found]
        text = rest[min(found.start() for found in again) :] if again else ""
    return f"{kept} {text}".strip()


def _without_rejected(text: str) -> str:
    """Less what was "weighed and rejected", with its subject where the verb is in the passive."""
    text = re.sub(f"{FIRST_IDEA}|{OTHER_OPTION}", " ", text)
    given_up = re.search(WEIGHED_AND_REJECTED, text)
    if given_up is None:
        return text
    before = text[: given_up.start()]
    passive = re.search(r"[^,;:.]*\b(?:was|were|been|got|is|are) (?:\w+ )?$", before)
    active = re.search(r"(?:\b(?:i|we) (?:also |have |had )?)$", before)
    kept = before[: passive.start()] if passive else before[: active.start()] if active else before
    return f"{kept}{text[given_up.end() :]}".strip()


def _switched(text: str) -> str:
    """``case sensitive: no`` says the contrary of its label; of other labels a "no" says nothing."""
    off = r"\W{1,3}(?:no|none|nothing|false|off|0)(?!\w)"
    text = re.sub(rf"\bcase ?sensitiv\w*{off}", "case insensitive", text)
    fold = r"\b(?:case ?insensitiv\w*|ignore ?case|case ?fold\w*|(?:lower ?cas|normali[sz])\w*)"
    return re.sub(fold + off, "case sensitive", text)


def _with_references(text: str) -> str:
    """``I chose option 2`` marks the item 2 of a list as chosen."""
    label = re.search(
        r"\b(?:chose|chosen|picked|selected|went (?:with|for)|took|taken|take|used|using|applied"
        r"|adopted|opted for|settled on|decision"
        r"|choice)\b[^.\n]{0,25}?\b(?:option|reading|interpretation|variant|#)? ?\(?([0-9]|[A-Ea-e])\b\)?(?=[\s.,;:]"
        r"|$)",
        text,
    )
    if label is None:
        return text
    marked, found = re.subn(rf"(?mi)^(\s*\(?{label[1]}[.)]\s+)", r"\1(chosen) ", text)
    inline = None if found else re.search(rf"(?i)[ (]{label[1]}\) ([^;()\n]{{3,120}})", text)
    return f"{marked}\n\nDecision: {inline[1]}." if inline else marked


def clauses(sentence: str) -> list[str]:
    """The parts of a sentence that are not denied; a list that goes on after a denial is denied with it."""
    kept, denied = [], False
    sentence = re.sub(r"\b(?:nothing|none|no rows?) (?:but|except)\b", "only", sentence)
    sentence = re.sub(NO_DIFFERENCE, " identical rows ", sentence) if re.search(rf"\b{ROW}\b", sentence) else sentence
    sentence = re.sub(r"\bnot (?:only|just|merely)\b", " ", sentence)
    sentence = re.sub(
        r"[^:;.]{1,80}: (?:none|neither|unused|rejected|not (?:used|considered|taken))\b[^;.]*", " ", sentence
    )
    for part in re.split(BOUNDARY, re.sub(BESIDE, " ", sentence)):
        negation = re.search(f"{NEGATED}|{DOUBTED}", part)
        goes_on = denied and re.match(r"\s*(?:or|nor|and)?\s*(?:the |by |on )?\w+(?: \w+)?\s*$", part)
        denied = bool(negation or goes_on)
        before = part[: negation.start()] if negation else part
        if not (goes_on and not negation) and not (negation and re.search(AUXILIARY, before)):
            kept.append(before)
    return [part.strip() for part in kept if part.strip()]


def _with_all_columns(sentence: str) -> str:
    """The four columns in a row, in one word: who lists them all speaks of whole rows, not of the e-mail."""

    def named(found: re.Match[str]) -> str:
        kinds = ("name", "mail|address", "city|town|place", "updated|stamp|date|time")
        return ALL_COLUMNS if all(re.search(kind, found.group()) for kind in kinds) else found.group()

    return re.sub(ENUMERATION, named, sentence)


def keys_in(sentence: str) -> set[str]:
    """The keys that a sentence states, and what it says of case."""
    found: set[str] = set(cases_in(sentence))
    without_case = re.sub(rf"(?:\b(?:not|non) )?(?:{ALONE_ANY}|{ALONE_OWN})", " ", _with_all_columns(sentence))
    one_is_kept = bool(keeps_in(re.sub(r"\bnew\b", " ", sentence))) and not re.search(MANY_STAY, sentence)
    apart = _stand_apart(without_case) and not one_is_kept
    labelled = one_is_kept or re.search(LABELLED_EMAIL, without_case)
    for part in clauses(without_case):
        if _compares_rows(part) and not re.search(COPIES_STAY, part):
            found.add("row")
            if re.search(ONLY_ROWS, part) and not re.search(f"{PREPASS}|{EMAIL}", sentence):
                found.add("only rows")
        if re.search(EMAIL, part) or VARIANT in part:
            keyed = (labelled or re.search(KEYED, part)) and not apart
            found |= {"email", "email key"} if keyed else {"email aside"} if apart else {"email"}
        if _names_another(part) and not apart:
            found.add("name")
        if re.search(SOME_COLUMNS, part):
            found.add("some columns")
    if re.search(MAILS_TWICE, without_case) and not re.search(
        f"{CASE}|{VARIANT}|\\b(?:if|where|when|before)\\b", sentence
    ):
        found.add("mails twice")
    if re.search(f"{EMAIL}|{VARIANT}", without_case) and (
        found & {"any case", "own case", "perhaps any case"} or re.search(UNLIKE, without_case)
    ):
        found.add("email cased")
    return found


def _stand_apart(sentence: str) -> bool:
    """Does the sentence say of such rows that they stay beside each other?"""
    if re.search(f"{NOT_DUPLICATES}|{DOUBTED}", sentence):
        return True
    if re.search(GROUPED, sentence):
        return False
    many = re.search(MANY_STAY, sentence) or not re.search(ONE_STAYS, sentence)
    return bool(many and re.search(APART, sentence))


def _compares_rows(part: str) -> bool:
    """Rows as wholes: a word for all of it beside one for equal; of fields that all of them are equal, or none not."""
    if re.search(WHOLE_ROWS, part) or re.search(WHOLE_ROW_CODE, part):
        return True
    if re.search(f"{EMAIL}|{OUTPUT_ONLY}", part):
        return False
    if re.search(ROWS_ALIKE, part):
        return True
    if ALL_COLUMNS in part and re.search(rf"\b{SAME}\b|key|criteri|field|column|basis", part):
        return True
    fields = re.search(rf"\b{FIELD}\b", part) and re.search(EVERY, part)
    return bool(fields and re.search(rf"\b(?:{SAME}|differ(?!ing)\w*)\b", part))


def _names_another(part: str) -> bool:
    """Another column as the key, alone or beside the e-mail."""
    if re.search(OTHER_COLUMNS, part):
        return True
    named = re.search(NAME_KEY, part) or (re.search(SAME_NAME, part) and re.search(KEYED, part))
    return bool(named) and not re.search(NOT_KEYED, part)

"""Does a text say that there is too little data? Pure functions on one sentence or on the whole text.

All of them take text as :func:`plain` leaves it: lower case, numbers in digits, the window's own length and file names
taken out, so that "10-day" and "data.csv" count for nothing.
"""

from __future__ import annotations

import re

from agentic_core_text import digits_for_words

NEEDED = 10
ORDINALS = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth")
ORDINAL = re.compile(rf"\b(?:{'|'.join(ORDINALS[2:])})\b")
"""Those that can only count: "first" and "second" are other words too."""
REACH = 240  # characters that a clause is looked for; bounds the work on a text without punctuation
NOUN = (
    r"(?:data(?:set|sets|points?)?|rows?|days?|records?|entr(?:y|ies)|observations?|points?|samples?|values?|history"
    r"|lines?(?! of (?:code|python|output|text|shell|awk))|dates?|periods?|series|figures?|measurements?|numbers?)\b"
)
FEW = r"(?<![\d.,/-])[0-9](?![\d]|[.,:/-]\d)"
INABILITY = (
    r"\b(?:cannot|could not|(?:do|does|did|will|would) not|unable|impossible|infeasible|undefined|uncomputable"
    r"|refus\w+|meaningless|invalid|incomplete|nan|null"
    r"|not (?:be )?(?:possible|computable|feasible|defined|meaningful|calculable)"
    r"|not (?:be )?(?:computed|calculated|determined|produced)"
    r"|nothing|no (?:valid |complete |full |meaningful |real )*(?:window|average|value|result|output|figure))\b"
)
OTHER_REASON = (
    r"\b(?:pandas|numpy|modules?|librar(?:y|ies)|packages?|install\w*|permissions?|privileges|memory|disk|storage|access"
    r"|timeouts?|time|turns|tokens?|tools?|python|information|context)\b"
)
SCARCE = (
    r"\b(?:not (?:\w+ )?enough|not (?:\w+ )?(?:sufficient(?:ly)?|adequate)|insufficient(?:ly)?|inadequate|no sufficient"
    r"|without (?:enough|sufficient)|never enough|(?:too|so) (?:few|little|short|small|sparse|limited|scarce)"
    r"|lack(?:s|ing)?|shortage|shortfall|scarce|fall(?:s|ing)? short|short of|nowhere near|far from enough)\b"
)
NEGATED = (
    r"(?:\b(?:no|not|never|nor|neither|hardly|without)(?: \w+)?|\bnot that(?: \w+){0,3}"
    r"|\b(?:not|never) (?:because of|due to|owing to|caused by|an? (?:matter|case|question) of|for (?:a )?lack of))"
    r"[ ]*$"
)
SUPPOSED = r"\b(?:if|unless|whether|in case|suppos\w+|assum\w+|had there been|should there be)\b"
POSSESSION = (
    r"\b(?:ha(?:s|ve|d)|contain(?:s|ed|ing)?|hold(?:s|ing)?|there (?:are|is|were)|includ(?:es|ing)|compris(?:es|ing)"
    r"|with|consists? of|provid(?:es|ed|ing)|offers?|found|got|lists?|covers?|spans?|shows?|given|only|just|exactly)"
)


def plain(text: str) -> str:
    """The text in one voice: lower case, straight quotes and dashes, words as digits, no markup, no file names."""
    text = text.lower().translate({0x2019: "'", 0x2018: "'", 0x201C: '"', 0x201D: '"', 0x2013: "-", 0x2014: " - "})
    text = re.sub(r"\bi\.e\.", "that is", re.sub(r"\be\.g\.", "for example", text))
    text = re.sub(r"n't\b", " not", text.replace("can't", "cannot").replace("won't", "will not"))
    text = re.sub(r"\bcan not\b", "cannot", re.sub(r"[*`#]+|(?<!\w)_+|_+(?!\w)", " ", text))
    text = re.sub(r"(?<=\w)_(?=\w)", " ", text)
    text = re.sub(r"(?<![\w./-])[\w./-]*\w\.(?:csv|txt|py|md|json|xlsx?)\b", " thefile ", text)
    text = digits_for_words(ORDINAL.sub(lambda word: f"{ORDINALS.index(word.group()) + 1}th", text))
    text = re.sub(r"\b([0-9])-(row|day|entry|record|point|line|value|element)(?=s?\b)", r"\1 \2", text)
    text = re.sub(r"\b10[- ]?d\b|\b10-(?:days?|rows?|points?|periods?|entry|value)\b", "window", text)
    text = re.sub(
        r"\b10 (?:days?|rows?|period|point) (?=(?:\w+ )?(?:moving|rolling|average|window|mean|ma\b|sma\b))",
        "window ",
        text,
    )
    return re.sub(r"[ \t]+", " ", text)


def sentences(text: str) -> list[str]:
    """Lines split at sentence ends; questions are left out, for they claim nothing.

    A sentence that begins with a pronoun ("That is not enough.") or leaves its noun out ("Too few for a window.") stays
    with the one it points back to.
    """
    found: list[str] = []
    for line in text.split("\n"):
        for piece in re.findall(r".+?(?:[.!?](?=[\s\"')\]]|$)|$)", line):
            sentence = piece.strip()
            if sentence.rstrip("\"') ]").endswith("?"):
                continue
            if found and re.match(r"(?:that|this|these|those|it|they|which|too few|too little|not enough)\b", sentence):
                sentence = f"{found.pop()} {sentence}"
            found.append(sentence)
    return found


def _clause_before(sentence: str, position: int) -> str:
    before = sentence[max(0, position - REACH) : position]
    return re.split(r"[,:;()-]| (?:and|but|because|since|so|as|while|whereas) ", before)[-1]


def _claimed(sentence: str, position: int) -> bool:
    """Neither denied nor merely supposed in its own clause; irony and denials further off go unseen."""
    before = _clause_before(sentence, position)
    return not re.search(NEGATED, before) and not re.search(SUPPOSED, before)


def _tied(sentence: str) -> bool:
    return re.search(rf"\b{NOUN}", sentence) is not None


def is_scarce(sentence: str) -> bool:
    """Scarcity of data ("not enough data", "the history is too short"), not of memory or permissions."""
    for found in re.finditer(SCARCE, sentence):
        after, before = sentence[found.end() :][:40], _clause_before(sentence, found.start())[-30:]
        other = re.match(rf"(?: \w+){{0,2}}? {OTHER_REASON}", after) or re.search(OTHER_REASON, before)
        if not other and _tied(sentence) and _claimed(sentence, found.start()):
            return True
    return False


def is_fewer_than_needed(sentence: str) -> bool:
    """A comparison: "fewer than 10 entries", "less data than the window", "the series is shorter than required"."""
    less = (
        r"\b(?:fewer|less|shorter|smaller|under|below)\b(?:(?: \w+){0,3}? than)?(?: \w+){0,3}? "
        rf"(?:{NEEDED}\b(?!\.\d)|window|required|needed|necessary|requested|requires|needs)"
    )
    more = rf"\b(?:longer|larger|bigger|greater|more|wider|exceeds)\b(?: than)?(?: \w+){{0,2}}? {NOUN}"
    for found in re.finditer(less, sentence):
        if _tied(sentence) and _claimed(sentence, found.start()):
            return True
    return any("window" in sentence[: found.start()] for found in re.finditer(more, sentence))


def is_only_few(sentence: str) -> bool:
    """A small count: "only 3 rows", "3 data points only", "limited to three days"; not "not only", not "only needs"."""
    only = r"(?<!not )\b(?:only|just|but|merely|barely|solely|mere|no more than|at most|limited to)\b"
    other = r"(?:need|needs|needed|use|uses|used|using|requires?|show|shows|showing|print|prints|first|last)\b"
    first = rf"{only}(?: (?!{other})[a-z]+){{0,3}}? {FEW}"
    last = rf"{FEW}(?: \w+){{0,3}}? (?:only|alone)\b"
    return _tied(sentence) and any(re.search(pattern, sentence) for pattern in (first, last))


def is_few_of_ten(sentence: str) -> bool:
    """A share: "3 of 10 rows", "rows: 3/10", "3 < 10", "3 instead of the required 10"."""
    against = r"(?:\bof|/|\bout of|\binstead of|\brather than|\bvs\.?|\bversus|<|\bnot)"
    between = r"(?:(?:the|a|required|needed|necessary|minimum|at least|window|length|size|rows?|days?)\W+){0,3}"
    pattern = rf"(?<![\d.,/-])[0-9]\b(?:\W+(?:\w+ ){{0,2}}?)?{against}\W*{between}{NEEDED}\b(?![.,]?\d)"
    return re.search(pattern, sentence) is not None and (_tied(sentence) or "window" in sentence)


def is_unable_with_few(sentence: str) -> bool:
    """Inability beside a count that is too small ("cannot be computed from 3 rows"), and no other reason given."""
    few = re.search(rf"{FEW}(?: \w+){{0,2}}? {NOUN}|{NOUN}\W+{FEW}", sentence)
    return few is not None and re.search(INABILITY, sentence) is not None and not re.search(OTHER_REASON, sentence)


def is_without_ten(sentence: str) -> bool:
    """An absence: "the data does not cover 10 days", "there are no 10 rows", "7 more days are missing"."""
    denied = r"\b(?:not|no|without|lacks?)\b(?: (?!need|requir|necessar|fewer|less|average|mean|for|over)\w+){0,4}?"
    no_ten = rf"{denied} {NEEDED} (?:\w+ ){{0,3}}?{NOUN}"
    no_window = r"\bnot (?:cover|fill|span|support|reach|complete|form|make)\w*(?: \w+){0,3}? window"
    further = rf"{FEW}(?: \w+){{0,2}}? (?:more|additional|further|extra|missing|short)\b"
    missing = rf"\b(?:missing|another)(?: \w+){{0,2}}? {FEW}"
    if re.search(no_ten, sentence) and not re.search(OTHER_REASON, sentence):
        return True
    return _tied(sentence) and any(re.search(pattern, sentence) for pattern in (no_window, further, missing))


def sets_stock_against_need(text: str) -> bool:
    """A count below ten in one place, a need of ten or inability in another: "Ten are required. The file has 3."."""
    needs = r"\b(?:need|requir|at least|minimum|must have|necessary|takes|expect|calls? for|asks? for|demand)\w*"
    need = (
        rf"{needs}(?:\W+\w+){{0,4}}?\W+{NEEDED}\b(?![.,]\d)"
        rf"|\b{NEEDED}\b(?:\W+\w+){{0,5}}?\W+(?:need|requir|necessary|minimum|expect)"
        rf"|\b{NEEDED}th (?:\w+ )?{NOUN}"
        rf"|{FEW}(?: (?:is|are))? (?:<|(?:less|fewer|smaller) than|below|under) {NEEDED}\b(?![.,]\d)"
    )
    stock = (
        rf"(?<!another )(?<!at least ){FEW}(?: \w+){{0,2}}? {NOUN}|{POSSESSION} {FEW}\b|{NOUN}\W+(?:\w+\W+)?{FEW}"
        rf"|{FEW} (?:available|present|found|provided|given)"
        rf"|\b(?:ends?|stops?|closes|breaks off|runs out)\b(?: \w+){{0,3}}? (?:[1-9](?:st|nd|rd|th)\b|{NOUN} {FEW})"
    )
    if re.search(stock, text) is None:
        return False
    unable = re.search(INABILITY, text) is not None and re.search(OTHER_REASON, text) is None
    return unable or re.search(need, text) is not None


def states_a_shortage(text: str) -> bool:
    """True when the text says that the data are too few; a refusal with another reason, or with none, does not."""
    spoken = plain(text)
    kept = sentences(spoken)
    rules = (is_scarce, is_fewer_than_needed, is_only_few, is_few_of_ten, is_unable_with_few, is_without_ten)
    return any(rule(sentence) for sentence in kept for rule in rules) or sets_stock_against_need("\n".join(kept))


def claims_enough(text: str) -> list[str]:
    """Phrases that grant ten rows or more ("contains 12 rows", "rows: 12"), or enough; needs and denials do not."""
    count = rf"(?:(?:about|exactly|only|just|a total of|all|in total) )*(?P<many>\d+) (?:\w+ ){{0,2}}?{NOUN}"
    label = r"\b(?:rows?|entries|records|observations|lines)(?: (?!requir|need|expect|necess|minim)\w+)?"
    named = rf"{label}[ ]?[:=] ?(?P<many>\d+)\b(?![.,]\d)"
    total = r"(?<![/<>=] )(?<![/<>=≥])(?<!of )(?<!of the )\b(?P<many>\d+)"
    held = "(?:found|available|present|exist|in thefile|in total|in all|altogether)"
    there = rf"{total} (?:\w+ )?{NOUN} (?:were |are |is |was )?{held}"
    enough = rf"\b(?:enough|sufficient|ample|plenty of) (?:\w+ ){{0,2}}?{NOUN}"
    patterns = (rf"{POSSESSION} {count}", named, there, enough)
    sought = [
        (sentence, found)
        for sentence in sentences(plain(text))
        for pattern in patterns
        for found in re.finditer(pattern, sentence)
    ]
    return [found.group() for sentence, found in sought if _grants_ten(found) and not _is_sought(sentence, found)]


def _grants_ten(found: re.Match[str]) -> bool:
    return "many" not in found.groupdict() or int(found["many"]) >= NEEDED


def _is_sought(sentence: str, found: re.Match[str]) -> bool:
    """Is the phrase about what is needed, hoped for or denied, not about what is there?"""
    sought = (
        r"\b(?:not|no|nor|never|cannot|without|lack\w*|to|for|with|must|should|would|until|unless|if|when|once|after|than"
        r"|least|under|below|need\w*|requir\w*|window|average|minimum|mean|more)\b"
    )
    before, after = _clause_before(sentence, found.start()), sentence[found.end() :][:24]
    return bool(re.search(sought, before) or re.match(r"(?: \w+)? (?:needed|required|necessary|missing)", after))

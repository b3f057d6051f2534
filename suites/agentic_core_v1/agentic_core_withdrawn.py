"""What a text takes back: struck out, corrected ("no wait, ..."), or told as an earlier opinion that did not last."""

from __future__ import annotations

import re
from collections.abc import Sequence

STRUCK_OUT = re.compile(r"~~.+?~~|<(del|s|strike)>.*?</\1>", re.DOTALL)
CORRECTION = re.compile(
    r"\b(?:no,? wait|wait,? no|scratch that|strike that|on second thoughts?|actually,? no|no,? actually"
    r"|i stand corrected|let me correct (?:that|myself|this)|i take (?:that|it) back)\b[\s,.:;!-]*"
    r"|^\W*(?:oh |hm+,? )?(?:wait|hold on|correction|sorry,? (?:no|correction))\b\s*[,.:!-]+\s*"
)
"""Each takes back what stands before it: the rest of its sentence, or the whole sentence before."""
_VIEW = (
    "(?:guess|idea|thought|attempt|try|impression|suspicion|hypothesis|approach|version|plan|draft|reading|assumption"
    "|theory|note|answer|choice)"
)
EARLIER = re.compile(
    r"^\W*(?:(?:edit|update|note): )?(?:(?:my|our|the) )?(?:very )?(?:first|initial|earlier|original|previous|second) "
    rf"{_VIEW}\b"
    r"|^\W*(?:at first|initially|originally|to begin with),? (?:i|we|one|you)\b"
    r"|\b(?:i|we) (?:(?:at first|initially|originally|briefly) \w+|first (?:thought|wanted|considered|suspected|assumed"
    r"|tried|planned|guessed|blamed|intended|believed))\b"
)
WEIGHED = re.compile(
    r"\b(?:i|we) (?:also )?(?:(?:consider|contemplat|weigh)\w*|thought (?:about|of)|toyed with"
    r"|(?:could|might)(?: have)?|(?:was|were) tempted)\b[^.;]*?\bbut\b"
)
"""What was only thought of ends at its "but"."""
UNTICKED, TICKED = re.compile(r"\[ ?\] "), re.compile(r"\[[xX✓✔]\] ")
LASTING = re.compile(
    r"\b(?:final(?:ly)?|in the end|eventually|instead|(?:i|we) (?:now|then)|but|however|in fact|turned out|turns out"
    r"|was (?:wrong|mistaken|incorrect)|settled|ended up|(?:what|the) (?:really|actually|actual|real))\b"
)
"""Without one of these behind it, what is called a first idea is the only one, and stands."""


def without_struck_out(text: str) -> str:
    """The text less what is marked as deleted."""
    return STRUCK_OUT.sub(" ", text)


def standing(sentences: Sequence[str]) -> list[str]:
    """Sentences in one voice, each less what the text takes back; an empty one for each that is wholly withdrawn."""
    kept: list[str] = []
    choice = any(TICKED.match(sentence) for sentence in sentences)
    for sentence in sentences:
        text = "" if choice and UNTICKED.match(sentence) else sentence
        if weighed := WEIGHED.search(text):
            text = f"{text[: weighed.start()]} {text[weighed.end() :]}".strip()
        while correction := CORRECTION.search(text):
            if not text[: correction.start()].strip(" -,") and kept:
                kept[-1] = ""
            text = text[correction.end() :]
        kept.append(text)
    for index, text in enumerate(kept):
        if earlier := EARLIER.search(text):
            lasting = LASTING.search(text, earlier.end())
            if lasting:
                kept[index] = text[lasting.start() :]
            elif any(LASTING.search(later) for later in kept[index + 1 :]):
                kept[index] = ""
    return kept

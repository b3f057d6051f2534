"""Upper and lower case in NOTES.md: does a clause say that it was ignored, or that it tells users apart?

A clause that speaks of case is judged by its other words, each of which has a side; a denial in front of a word turns
its side ("does not matter", "not merged"). The words are listed, not anybody's phrases. What cannot be separated: a
clause that only mentions case from one that ignores it in a word that no list has; both are told as ``case``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Literal

from agentic_core_prose import phrases

Said = Literal["any case", "perhaps any case", "case", "own case", "as written"]

IDIOM = (
    r"\b(?:in|as|for) (?:this|that|such|which|most|some|many|both|each|these|those|every|all|no|two|\d+|the (?:same )?)"
    r" ?cases?\b|\b(?:use|edge|corner|test|special|this|that|either|worst) cases?\b|\bin case\b|\bcase by case\b"
    r"|\bcases? of (?:an? )?(?:ties?|conflicts?|doubt|several|more)\b|\b(?:is|be|was|not) the case\b(?=\W*$|[.,;:])"
)
WORD = (
    r"\b(?:(?:(?:letter|character|upper(?: ?(?:and|or|/) ?lower)?|lower|e ?mail) )*cas(?:e|es|ing)|uppercase|lowercase"
    r"|capitali[sz]\w*|(?:all )?caps|capitals?(?: letters?)?"
    r"|(?:capital|big|small|large|little|upper|lower)(?: (?:and|or|vs|from) \w+)? letters?"
    r"|majuscules?|minuscules?|(?:upper|lower|big|small|large|little) ?(?:and|or|/) ?(?:upper"
    r"|lower|big|small|large|little))\b"
)
CASE = rf"(?:{WORD})"
VARIANT = "casevariant"
VARIANTS = (
    rf"\b(?:differ\w*|vary\w*|varies|distinguish\w*)(?: \w+){{0,4}}? (?:in|by|but)(?: \w+){{0,3}}? {CASE}"
    rf"|\b(?:only|just) {CASE} (?:differ\w*|vari\w+)"
    rf"|\b(?:other|different|differing|varying|another|mixed|distinct|inconsistent) {CASE}"
    rf"|{CASE} (?:variants?|variations?|versions?|differences?|differ\w*|varies|distinctions?)"
)
ALONE_ANY = (
    r"case ?insensitiv\w*|ignor\w* ?(?:the )?case\b|case ?(?:less|blind|agnostic|neutral|independent)\w*"
    r"|case ?fold\w*|fold\w* (?:\w+ ){0,2}?case\b|lower ?cas(?:ed|ing|es)\b|upper ?cas(?:ed|ing)\b"
    r"|\bnocase\b|\bci\b|\bcitext\b|(?:lower|upper)\(|\.(?:lower|upper)\b|strip \+ lower|normali[sz]\w*"
    r"|canonicali[sz]\w*"
    r"|(?:in|to|into|as|all|via|after|with|by|an?|single|same|one) (?:lower|upper|small|big|capital|one|common"
    r"|uniform|single"
    r"|consistent)(?: |-)?(?:case\b|letters\b|casing\b)|lower ?case(?= (?:comparison|e ?mails?|address\w*))"
    r"|\b(?:by|on|key\W{1,3}) ?lower ?case\b|: ?lower ?case\b"
    r"|\b(?:any|whatever|whichever) (?:letter )?(?:case|casing|capitali[sz]ation)\b"
    r"|\blower ?case(?= (?:in my|for|before|first|when|while|only)\b)"
)
ALONE_OWN = r"case\W{0,3}sensitiv\w*|sensitive to case"
ANY = phrases(
    "whether (?:\\w+ ){0,2}?(?:upper|lower|capitals?|big|small|capitali[sz]ed), "
    "ignor*, disregard*, neglect*, overlook*, irrelevant*, regardless, irrespective*, independent*, insignificant, "
    "or not, or otherwise, with or without, "
    "immaterial, meaningless, unimportant, alike, insensitive*, fold*, indifferen*, no matter, whatever, apart from, "
    "except for, aside from, (?<!body )(?<!one )other than, habits?, "
    "up to, modulo, but for, save for, harmoni*, unif*, level*, blind*, "
    "cosmetic\\w*, noise, decorat\\w+, ornament\\w*, trivial\\w*, accident\\w*, quirks?, "
    "matter of style, moot, "
    "flatten*, squash*, neutrali*, iron\\w* out, even\\w* out, wash*, lenient, lax, relaxed, forgiving, generous, "
    "easy ?going, deaf, agnostic, set aside, put aside, left aside, swallow*, smooth*, erase*, abstract*, dropp*, "
    "chang*, touch*, alter*, adapt*, convert*, modif*, standardi*, equali*, tolerat*, drop*, remov*, strip*"
)
PERHAPS = phrases(
    "same, equal*, identical*, one, single, merg*, collaps*, duplicat*, repeat*, match*, belong*, "
    "together, equivalen*, interchangeabl*"
)
OWN = phrases(
    "matter*, count*(?! as), significan*, relevan*, importan*, importance, respect*, sensitiv*, distinguish*, "
    "distinct*, "
    "separate*, apart(?! from| by (?:\\w+ )?(?:e ?mail|address)), "
    "(?:2|two)(?: \\w+)? (?:people|persons?|users?|accounts|keys|e ?mails?|addresses|mails|mailboxes)"
    "(?=\\W*(?:$|because|since)), "
    "(?:different|another|distinct|(?<!every )(?<!any )(?<!each )(?<!all )other)"
    "(?: \\w+)? (?:people|persons?|users?|individuals|accounts|keys"
    "|address(?:es)?|e ?mails?|identit\\w+|owners?|mailbox\\w*)\\b(?! (?:that|which|whose|with)), "
    "(?:as|is|are|be|stay|remain|kept|left|still|makes?) (?:2|two|different), different(?: ones?)?$, "
    "(?<!as )(?<!under )both, "
    "(?:somebody|someone|anybody|anyone) (?:else|new|other|different), other than(?= casevariant), "
    "(?:new|separate) (?:users?|persons?|people|accounts?|identit\\w+), "
    "picky, fussy, finicky, choosy, pedantic, careful, meaningful, material, decisive, observed?, obey\\w*, seriously, "
    "alongside, side by side, next to each other, in (?:its|their|his|her) own right, on (?:its|their) own, "
    "still, untouched, honou?r*, includ*"
)
HANDLED = phrases("handl*, treatment, transform*, process*, attempt*")
"""Words that speak of ignoring only where it is denied: "no special handling of case"."""
DENIABLE = phrases(
    "interest\\w*, concern\\w*, consequence, identity, account, moment, "
    "role, influence, part, attention, regard, look*, consider*, car(?:e|es|ed|ing), weight, difference, distinction, "
    "bearing, effect, affect*, creat*, mak(?:e|es|ing), pay*, means?, meant, (?<!,\\s)meaning, "
    "say*, tak(?:e|en|ing), check*, compar*, see*, "
    "influenc*, use[sd]?, not(?:e|ice)d?, turn*, reason, mind"
)
"""Words that only a denial gives a side: "plays no role", "without regard", "not looking at"."""
SIDED = rf"{ALONE_ANY}|{ALONE_OWN}|{ANY}|{OWN}|{PERHAPS}|{DENIABLE}"
AS_WRITTEN = phrases(
    "exact*, literal*, verbatim, strict*, as (?:typed|is|written|given|stored|spelled|spelt), unchanged, "
    "(?:letter|character|char) (?:for|by) (?:letter|character|char), no changes?, identical way, raw"
)
OUTWITTED = r"\b(?:slip|escap|elud|evad|miss|fail|defeat|fool|hid|not (?:enough|sufficient)|insufficient)\w*\b"
"""What an exact comparison did not see."""
OF_ROWS = r"\b(?:rows?|lines?|records?|entries|duplicates?|copies|copy|repeat\w*)\b"
DENIAL = r"\b(?:not|no|never|without|nor|neither|hardly|non|none|nothing|un|rather than|instead of|cannot|against)\b"
SET_ASIDE = r"\b(?:ignor|disregard|neglect|overlook|abolish|eras|forget)\w*\b"
"""Verbs that deny what tells apart: "disregarding the distinction"."""
CLAUSES = (
    r"[;)]|(?<!\w)\(| - | (?:but|while|whereas|although|though) "
    r"|,(?= (?:and|so|hence|therefore|thus|i|we|then|which is|keep\w*|kept)\b)"
)
CONTRAST = r",? (?:but|yet|though|however),? (?:here )?(?:i|we|my \w+) (?:did|do|does|have|had)(?: not)?(?=\W*$|[.,;])"
"""What others do with case, and that the writer did otherwise."""
NOT_ELSE = r"(?! (?:\w+ ){0,2}?(?:somebody|someone|anybody|anyone|different|another|other|distinct|two|2)\b)"
NO_DENIAL = (
    r"\bno matter\b|\bwith or without\b|\bnot (?:only|just|merely)\b|\bnothing (?:but|except|other than|more than)\b"
)


def with_variants(text: str) -> str:
    """Two spellings of one address in a sentence, or of one letter, as a word that says so."""

    def marked(sentence: str) -> str:
        addresses = {found.rstrip(".") for found in re.findall(r"[\w.+-]+@[\w.-]+", sentence)}
        folded = [address.casefold() for address in addresses]
        pairs = [address for address in addresses if folded.count(address.casefold()) > 1]
        for address in sorted(pairs, key=len, reverse=True):
            sentence = sentence.replace(address, VARIANT)
        sentence = re.sub(
            r"\b([A-Za-z]{2,})['\"]? (?:and|or|vs\.?|versus|from|with|is|equals|="
            r"|/) ['\"]?(?!\1\b)(?i:\1)\b",
            VARIANT,
            sentence,
        )
        return re.sub(
            r"\b([A-Za-z])['\"]? ?(?:and|or|=|/|vs\.?|equals|from|with) ?['\"]?(?!\1)(?i:\1)\b", VARIANT, sentence
        )

    return "".join(map(marked, re.split(r"((?<=[.!?])\s|\n)", text)))


def cases_in(sentence: str) -> set[Said]:
    """What a sentence says of upper and lower case."""
    sentence = re.sub(r"\((?:eg|for example|for instance|such as|like|as in)\b[^()]*\)", " ", sentence)
    clear = re.sub(NO_DENIAL, "whatever", re.sub(IDIOM, " ", sentence))
    if contrast := re.search(CONTRAST, clear):
        turned: dict[Said, Said] = {"any case": "own case", "perhaps any case": "own case", "own case": "any case"}
        return {turned.get(said, said) for said in cases_in(clear[: contrast.start()])}
    return {said for clause in re.split(CLAUSES, clear) for said in _of_clause(clause)}


def _of_clause(clause: str) -> Iterator[Said]:
    if re.search(AS_WRITTEN, clause) and not re.search(f"{OF_ROWS}|{OUTWITTED}", clause):
        yield "as written"
    if re.search(rf"{VARIANT}\b[^,;]{{0,40}}\b(?:not|never|nor)\b{NOT_ELSE}[^,;]{{0,40}}\b{VARIANT}", clause):
        yield "own case"
    alone = {
        side for side, pattern in (("any", ALONE_ANY), ("own", ALONE_OWN)) for side in _sides(clause, side, pattern)
    }
    text = re.sub(rf"{ALONE_ANY}|{ALONE_OWN}", " ", clause) if alone else clause
    text = re.sub(VARIANTS, f" {VARIANT} ", text)
    varies = VARIANT in text
    if varies or re.search(CASE, text):
        alone |= _by_words(text, varies=varies)
    names: dict[str, Said] = {"any": "any case", "own": "own case", "written": "as written", "case": "case"}
    names["perhaps"] = "perhaps any case"
    if "own" in alone:
        alone.discard("perhaps")
    yield from (names[side] for side in sorted(alone))


def _by_words(text: str, *, varies: bool) -> set[str]:
    """The sides of the words beside a word for case; those that stand for themselves go before those that may not.

    Without a known word, what differs in case is taken for one user, and case that is denied something for ignored.
    """
    found = _sides(text, "any", ANY) | _sides(text, "own", OWN)
    found |= {side for side in _sides(text, "own", DENIABLE) if side == "any"}
    found |= {side for side in _sides(text, "any", HANDLED) if side == "own"}
    weak = _sides(text, "any", PERHAPS)
    rest = {"written"} if re.search(DENIABLE, text) else {"case"}
    if found:
        return found | ({"own"} if "own" in weak and found != {"any"} else set())
    if "own" in weak:
        return {"own"}
    return {"perhaps"} if "any" in weak or varies != bool(re.search(DENIAL, text)) else rest


def _sides(clause: str, side: str, pattern: str) -> set[str]:
    """The side of each such word, turned where a denial stands within four words in front of it."""
    other = {"any": "own", "own": "any"}[side]
    denial = rf"(?:{DENIAL}|{SET_ASIDE})" if side == "own" else DENIAL
    denied = rf"{denial}(?:\W+(?!and\b|but\b|so\b)\w+){{0,4}}\W*$"
    return {
        other if re.search(denied, clause[max(0, word.start() - 60) : word.start()]) else side
        for word in re.finditer(pattern, clause)
    }

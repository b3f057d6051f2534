"""NOTES.md in plain words: a thesaurus that turns what many writers say in many ways into the words that rules know.

Each entry is a class of meaning and its plain word: the end of a group (the first row, the newest row, those behind),
what becomes of a row (kept, dropped), who goes before whom (beats, yields to), what decides (order, recency), and the
ways to say that rows are the same throughout. The entries are tried in their order.
"""

from __future__ import annotations

import re
from functools import cache

from notes_ends import ENDS
from notes_fates import FATES, RULES
from notes_words import STAMP, THING, Replacement

CODE: tuple[Replacement, ...] = (
    (r"!(?:seen|a|x|s|_)\[tolower\(\$2\)\]\+\+", "same e mail, case insensitive, the first row is kept"),
    (r"!(?:seen|a|x|s|_)\[\$2\]\+\+", "same e mail, the first row is kept"),
    (
        r"\bdistinct on \((?:lower\()?e ?mail\)?\)[^;]*\border by\b[^;]*\b(updated ?at) desc\b",
        "same e mail, the newest row is kept",
    ),
    (
        r"\brow number\(\) over \(partition by ((?:lower\()?e ?mail\)?) order by updated ?at desc\)( ?= ?1)?",
        r"unique by \1, the newest row is kept",
    ),
    (
        r"\bsetdefault\b|\bif (?:not \w+ in|\w+ not in) (?:seen|known|done|taken|out|result|users|kept)\b",
        "the first row is kept",
    ),
    (r"\bdrop ?duplicates\((?:keep ?= ?\W?\w+\W?)?\)", "exactly identical rows"),
    (r"\b(?:second|2nd) column\b|\b(?:column|field|col) (?:no )?(?:2|two)\b", "e mail"),
)
"""Code that speaks for itself; the second column is the e-mail."""

SAMENESS: tuple[Replacement, ...] = (
    (
        (
            r"\b(?:near|nearly|almost|virtually|quasi|not quite|partly|partially|largely|mostly|roughly"
            r"|practically)[ -](?:\w+ )?(?:identical|equal|duplicates?|the same|cop(?:y|ies)|matching|same)\b"
        ),
        "similar",
    ),
    (
        (
            r"\b(?:the same|identical|alike|equal|match\w*|coincid\w+|agree\w*|repeat\w*|cop(?:y|ies"
            r"|ied)) (?:\w+ ){0,2}?(?:word for word|letter for letter|one (?:by|to|for) one|1:1"
            r"|through and through|throughout"
            r"|from end to end|end to end|from start to (?:end|finish)|to the letter"
            r"|down to the (?:last )?\w+|in (?:its|their) entirety|in full|across the board"
            r"|in every (?:particular|respect|detail|way|regard|single \w+)|in all (?:particulars|respects"
            r"|details|ways|regards)|from (?:the )?(?:first|left) to (?:the )?(?:last|right)(?: \w+)?"
            r"|bit for bit|unchanged)\b"
        ),
        "exactly identical rows",
    ),
    (
        (
            r"\b(?:in|at) (?:every|each and every|all|any and every) (?:single )?(?:particulars?|respects?"
            r"|details?|ways?|regards?|points?|parts?|places?|positions?|columns?"
            r"|fields?) (?:\w+ ){0,2}?(?:identical|equal|alike|the same|same|match\w*|coincid\w*"
            r"|agree\w*)\b"
        ),
        "exactly identical rows",
    ),
    (
        (
            r"\b(?:very|exact|precisely the|exactly the|absolutely the|self) ?same (?!e ?mails?\b|address"
            r"|mail|name|city|person|user|key|town|date|time|stamp|domain|group)\w+|\b(?:all|everything"
            r"|every thing) (?:\w+ )?(?:is|are|was|were|be|being) (?:exactly )?(?:the )?(?:same|equal"
            r"|identical|alike)\b"
            r"|\bthe same (?:row|record|line|entry|tuple) (?:\w+ )?"
            r"(?:more than once|twice|several times|repeatedly|again)\b"
            r"|\b(?:nothing|not (?:a|one)(?: single)? \w+|no single \w+|not even (?:a"
            r"|one) \w+)\b(?: (?!differ|tell|told|apart|separat|disting)\w+){0,5}? (?:differ\w*|tells?|told"
            r"|separat\w*|distinguish\w*|apart|sets?)(?: (?:them|the two|both|it|rows?|lines?))?(?: apart)?\b"
            r"|\b(?:recur|reappear|return|found|present|contained|occur|repeated)\w* (?:all |as a whole "
            r"|wholesale |wholly |entirely )(?:in|elsewhere)\b|\btally (?:in|on) (?:every|all)\b"
        ),
        "exactly identical rows",
    ),
    (
        (
            r"\b(?:congruence|congruency|congruent|equality|identity|coincidence|agreement) (?:of|in"
            r"|across|on|over) (?:all|every|each|the (?:four|whole|entire|full))(?: \w+)? (?:columns?|fields?"
            r"|cells?|values?|rows?|lines?|records?|4)\b|\b(?:row|line|record)s? as a whole\b"
            r"|\bin (?:an? |the )?(?:identical|same|unchanged|unaltered|equal|very same) (?:form|shape"
            r"|wording|state|version)\b|\b(?:identical|equal|alike|same) (?:\w+ ){1,5}throughout\b"
            r"|\bto the (?:last|final|very last|smallest) (?:character|letter|comma|digit|byte|detail|dot|sign"
            r"|cell|second)\b"
            r"|\b(?:any|a single|the (?:slightest|least|smallest)"
            r"|one) differen\w+(?: \w+){0,2} (?=[^.;]*\b(?:different|both|stay|kept|separate|remain|spared"
            r"|left)\b)|\b(?:comma for comma|letter for letter|word for word|sign for sign|digit for digit"
            r"|value (?:for|by) value)\b"
        ),
        "exactly identical rows",
    ),
    (
        (
            r"\b(?:spitting|mirror) images?\b|\bdead ringers?\b"
            r"|\b(?:reproduc\w+|mirror\w*|replicat\w+|echo\w*|restat\w+|clon\w+) (?:an?other|some other"
            rf"|an (?:earlier|existing)) {THING}\b|\bin (?:its|their) (?:totality|entirety|completeness)\b"
        ),
        "exactly identical rows",
    ),
    (r"\b(?:decid\w+|prov\w+|mean|means|meant|settl\w+|counts?|says?) (?:for )?nothing\b", "are not decisive"),
    (
        (
            r"\b(?:keep|keeps|kept|hold|held|maintain\w*|build|built|remember\w*) (?:an? "
            r"|the )?(?:\w+ )?(?:set|dict\w*|index|map|mapping|tally|track|register|notebook) of\b"
        ),
        "by",
    ),
    (
        (
            r"\bduplicate(?:d)? (?:users?|persons?|people)\b[^.;]{0,40}\b(?:duplicate(?:d)?|repeated"
            r"|identical) (?:rows?|lines?|records?)\b"
        ),
        "exactly identical rows",
    ),
    (
        (
            r"\bsays? word for word (?:what|the same)\b|\b(?:in|with) the same (?:data|values?|contents?"
            r"|entries|details) throughout\b|\bsame (?:data|values?|contents?) throughout\b"
            r"|\bappears? (?:a second time|again|twice|once more) unchanged\b"
            r"|\b(?:brings?|adds?|add(?:ed|ing)|tells?|contains?|says?|carr(?:y|ies)"
            r"|contribut\w+) (?:nothing|no) (?:new|further|additional|extra|more)(?: \w+)?\b|\b(?:cannot"
            r"|could not|impossible to|no way to|nobody can|no one can) (?:be )?(?:tell|told"
            r"|distinguish(?:ed)?|tell (?:\w+ )?apart)(?: \w+){0,3}? ?(?:apart|from (?:each|one|an)? ?other"
            r"|each other)\b"
            r"|\b(?:cannot|could not) be (?:told apart|distinguished|separated)\b|\bnothing (?:at all "
            r"|whatsoever )?(?:differs?|distinguish\w+|separates?|sets? (?:\w+ )?apart|differed)\b"
            r"|\bno (?:column|field|cell|value|detail|particular)s? differ\w*\b|\bindistinguishable\b|\b(?:any"
            r"|no) difference at all\b"
        ),
        "exactly identical rows",
    ),
    (
        (
            r"\b(?:carbon|perfect|pure|true|plain|straight|verbatim|mere|clean|genuine|outright|photo"
            r"|faithful|literal|unaltered|unchanged|exact|absolute|(?:100 ?%|fully|totally|completely|wholly"
            r"|entirely|utterly) redundant)[ -]?(?:cop(?:y|ies)|clones?|twins?|repeats?|repetitions?"
            r"|duplicates?|replicas?|rows?|lines?|records?|doublets?|doubles?)\b"
        ),
        "exactly identical rows",
    ),
)
"""Rows that are the same throughout, or that are only alike."""

CASES: tuple[Replacement, ...] = (
    (
        (
            r"\b(?:however|howsoever|no matter (?:how|in what way)|whichever way|in whatever way"
            r"|in whichever way|regardless of how"
            r"|irrespective of how|independent(?:ly)? of how|never mind how"
            r"|it does not matter how)\b[^,.;]{0,40}?\b(?:capitali[sz]ed|typed|spelled|spelt|written|cased"
            r"|wrote|types)(?: it)?\b"
        ),
        "case insensitive",
    ),
    (
        (
            r"\b(?:size|height|bigness) of (?:the |its |their )?(?:letters|characters)\b|\bletter (?:size"
            r"|height)\b"
        ),
        "letter case",
    ),
    (
        (
            r"\b(?:letters?|characters?|all|everything|addresse?s?|e ?mails?|mails?) (?:\w+ )?(?:small"
            r"|little|minuscule)(?! (?:and|or|letters?))\b|\b(?:in|into|to) (?:small|little)(?: letters"
            r"| characters)?\b"
        ),
        "lowercased",
    ),
    (r"\bshift key\b", "capitals"),
    (
        (
            r"\b(?:tell|told|kept|keep|hold|held|set) (?:\w+ )?apart (?:only|merely|just|solely"
            r"|by nothing but|at most) (?:by|through|from) "
        ),
        "differing only in ",
    ),
    (
        (
            r"\b(?:notwithstanding|be it in (?:other|different)|in whatever|in whichever|whatever the"
            r"|never mind (?:the)?) (?:capitals?|caps|case|casing|letter case|capitali[sz]ation)\b"
            r"|\b(?:capitals?|caps|case|casing|capitali[sz]ation) (?:notwithstanding|or no(?: capitals?"
            r"| caps)?|be damned|aside)\b"
            r"|\b(?:even|also) (?:if|when|where|though) (?:\w+ ){0,5}?(?:capitals?|caps|case|casing"
            r"|capitali[sz]ation)\b"
        ),
        "case insensitive",
    ),
)
"""Ways to speak of upper and lower case."""


SORTS = re.compile(rf"\b(?:sort|order|rank)\w*\b[^.]{{0,40}}\b{STAMP}")
NOUN_TWICE = re.compile(rf"\b(first|last|newest|later|older) (rows?) (?:{THING})\b")


@cache
def _in_order() -> tuple[list[tuple[re.Pattern[str], str]], ...]:
    """The entries in three steps; compiled when notes are first read, for that takes as long as to collect the task."""
    steps = ((*CODE, *CASES, *SAMENESS), ENDS, (*FATES, *RULES))
    return tuple([(re.compile(words), plain) for words, plain in entries] for entries in steps)


def in_plain_words(sentence: str) -> str:
    """The sentence with what the thesaurus knows in its plain words; "newest first" in a sorting is left as it is."""
    before, ends, behind = _in_order()
    for words, plain in (*before, *(() if SORTS.search(sentence) else ends), *behind):
        sentence = words.sub(plain, sentence)
    return re.sub(r" {2,}", " ", NOUN_TWICE.sub(r"\1 \2", sentence)).strip()

"""The words of order, of keeping and of dropping in NOTES.md, and what beside them is no rule of keeping."""

from __future__ import annotations

from dataclasses import dataclass

from agentic_core_prose import phrases
from notes_cases import ALONE_ANY, ALONE_OWN, CASE
from user_readings import Keep

KEEPING = phrases(
    "keep*, kept, retain*, retention, preserv*, surviv*, wins?, won, winner, prefer*, take[sn]?, taking, took, chose, "
    "choos*, chosen, select*, pick*, stay*, remain*, prevail*, precedence, us(?:e|es|ed|ing), leav*, left, "
    "sav(?:e|ed|ing), priority, favou?r*, represent*, authoritative, correct, valid, trust*, hold*, goes to, go with, "
    "went with, going with, (?:collaps|merg|reduc|resolv|condens|consolidat)\\w+ (?:in)?to, stands?, standing, live, "
    "h[au]ng(?:ing)? on to, stuck (?:to|with), let, through, truth, counts, ends? up, made it, makes it, written, "
    "wr[io]te, has its, carr(?:y|ies), "
    "(?:you|we) (?:get|find|see|will (?:get|find|see)), contains?, represented"
)
DROPPING = phrases(
    "ignor*, drop*, remov*, delet*, discard*, eliminat*, skip*, thr[eo]w*, omit*, supersed*, overwr*, overrid*, "
    "replac*, filter*, cut, strip*, los(?:es?|ing|ers?), go, goes, went, gone, "
    r"(?<!it )(?<!carried )(?<!pointed )(?<!turned )(?<!set )(?<!find )(?<!found )(?<!spelled )(?<!worked )(?<!made )"
    r"(?<!wrote )(?<!write )(?<!writes )(?<!written )(?<!writing )(?<!put )(?<!printed )"
    "out, rid, left out, lost, cleared, "
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
    r"first (?:names?|step|pass|line is|row is the header|,), (?:last|final) (?:names?|columns?|fields?), ^first,, "
    r"(?<!in )\bfile order (?:is|was) (?:kept|preserved), "
    r"preserv\w+ (?:the )?(?:file |row |input )?order, at last, "
    r"(?:from )?(?:the )?top (?:to|down to|down)(?: the)? ?(?:bottom)?, from first to last, "
    r"final (?:decision|choice|rule|answer|result|list|file|output|count|verdict|reading|key|table|tally|number)s?, "
    r"from the first to the last \w+, (?:down )?to the last \w+, (?:every|to the) last, "
    "sort(?:ed|ing)? (?:the output|the result|rows)? ?by (?:name|email|city)"
)
REASON = (
    r"\b(?:(?:because|since)(?! [^,;.]{0,40}?\b(?:i|we) (?:\w+ )?"
    r"(?:kept|keep|retain|preserv|left|let|took|take|chose)\w*)"
    r"|seeing that|given that|provided|although|though|even (?:if|though|when)|as (?:this"
    r"|that|it|they|the \w+ (?:is|was|are|has|does))"
    r"|whatever(?! (?:had|has|was|is|came|comes|stands|stood|follow\w+|row|line|else)\b)|no matter"
    r"|irrespective of|regardless of|for the reason)\b[^,;.()]*"
)
"""Why a row was kept, or what did not matter: another row named there is not the one that stays."""
EVEN = (
    r"\b(?:ties?\b(?! ?break| rule| (?:on|in|over) (?:the )?(?:same )?(?:key|e ?mail|address))"
    rf"|tied|if (?:equal|identical|the same|still)|(?:same|equal|identical) (?:\w+ )?{STAMP})\b"
)
TIE = rf"(?:{EVEN}|\btie ?break\w*)"
PREPASS = phrases("first, before, beforehand, also, already, then, additionally, pre ?pass, obviously, trivially")
EXAMPLE = r"\b(?:eg|e\.g\.?|example|examples|instance|such as|his|her|hence keeps)\b|@\w"
CASE_WORDS = (
    rf"\([^()]*\bcas(?:e|es|ing)\b[^()]*\)|{ALONE_ANY}|{CASE}(?: \w+){{0,3}}? (?:ignor|disregard)\w+|{ALONE_OWN}"
    r"|\b(?:upper|lower)(?: ?(?:and|or|/) ?(?:upper|lower))?[ -]?case\b"
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
    r"|(?<=preferred )to|before (?:the )?(?=older|newer|later|first|latest|newest|earlier))\b"
    rf"(?:(?! and (?:\w+ ){{0,2}}?(?:{KEEPING}|{DROPPING}))[^,;()])*"
)
OVERWRITES = r"(?: \w+){0,2}? (?:replace|overwrite|supersede|override)s?\b"
OF_OTHERS = (
    r"\b(?:rows|lines|records|entries|any\w*|every\w*|each|all|those|whatever|whoever|an?)\b[^,;.]*"
    r"(?:\b(?:found|used|listed|appear\w*|seen|held|taken|repeated|occur\w*|present|match\w*"
    r"|shared?|known|there|exist\w*|stands?)"
    r" (?:already )?(?:\w+ )?(?:in|by|on|with|from|under|for) (?:an?|the|any|some|another)"
    r"|\b(?:as|like|than) (?:an?|the|any|some|one|another)|\bfor whose (?:e ?mail"
    r"|address)(?: address)? (?:there is )?an?"
    r"|\b(?:match\w*|equal\w*|repeat(?:s|ing|ed)?|duplicat(?:es?|ing)(?= an)|(?:shar\w+"
    r"|conflict\w*|clash\w*|coincid\w*)(?: \w+){0,4} with|echo\w*)"
    r" (?:an?|the|any|some|another)"
    r"|\b(?:there (?:is|was)|exists?|which|because|once|if|when|whenever|where|wherever|that)"
    r" (?:already |there (?:is|was|are) )?(?:an?|another|some|any)) (?:\w+ )?$"
)
"""The row that others are measured by: "rows whose e-mail is used by a newer row". What became of them
is not its fate."""
APPOSITION_ENDS = r"^(?: \w+){0,2}, (?=(?:is|was|are|were|stays|wins|survives|remains) )"
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
        r"|\b(?:at|on|from) the (?:very )?bottom|\bbottom ?most\b|\b(?:bottom|lower) (?:rows?|lines?|ones?)"
        r"|\blower ?most\b|\bfurthest down|\btail of (?:the|each|every|its) group"
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
            "latest, newest, most (?:recent|late)(?:ly)?, freshest, most up to date, most current, youngest, "
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
            "first, 1st, top ?most, upper ?most, initial, head of (?:the |each |every |its )?group, "
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
        dropped=LAST | LATEST,
    ),
    Order(
        words=phrases("earliest, earlier, originals?, existing, previous, older one"),
        kept=FIRST | EARLIEST,
        dropped=LAST | LATEST,
    ),
    Order(
        words=rf"\b(?:repeated|second|third|further|additional|extra|next)\b(?= (?:\w+ )?{NOUN}\b)"
        rf"|\b(?:later|subsequent|following)\b(?= (?:\w+ )?{NOUN}\b|[.,;]|$| (?:are|were|is|was|and"
        r"|replace\w*|overwrit\w*)\b)"
        r"|\b(?:below|after (?:it|that|them|the first)|further down|come later)\b",
        kept=LAST | LATEST,
        dropped=FIRST,
        named_when_kept=False,
    ),
    Order(words=rf"\bnew(?= (?:\w+ )?{NOUN})|\bnew$", kept=LAST | LATEST, dropped=FIRST | EARLIEST),
    Order(words=r"\b(?:last|final)\b", kept=LAST, dropped=FIRST),
)

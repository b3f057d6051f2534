"""The words in which notes speak of keys, of whole rows, of choices and of what was left aside: classes, not sentences.

A rule asks whether words of two or three classes stand in one clause, in whatever order. What is listed here in full
is what says that a clause is no statement at all: alternatives, suppositions, denials.
"""

from __future__ import annotations

import re

from agentic_core_prose import phrases

LISTED = phrases(
    r"alternativ*, options?, considered(?! (?:as |to be )?(?:duplicates?|equal|the same"
    r"|identical)), rejected, other, (?<!as )possible, possibilit\w+, ambigu\w+, unclear, "
    "open questions?, candidates?, not (?:chosen|used|done|taken), could, limitations?, caveats?, questions?, "
    "trade ?offs?, interpretations (?!chosen), readings(?! chosen), policies, how to change, discarded, ruled out, "
    "different ways, ignored (?:options?|strateg\\w+|columns?|keys?|criteri\\w+|readings?)"
)
CHOSEN = phrases(
    r"(?<!not )(?<!n)\bchosen, selected, picked, used here, adopted, my choice, \[x\], "
    "[✓✔✅☑], this one, decision, choice"
)
SETTLED = rf"{CHOSEN}|\b(?:resol\w+|settle\w*|handl\w+|assum\w+|decid\w+|(?<!not )(?:taken|applied|used)|i did|my)\b"
"""In a heading: what stands below was done, even if the heading speaks of an ambiguity too."""
DENIED_LABEL = (
    r"(?:what \w+ (?:\w+ )?)?(?:not|never|no)\b(?! (?:kept|retained"
    r"|case))[^:]{0,40}(?<!\bso)(?<!hence)(?<!thus):"
    r"|[^:]{0,20}\b(?:(?:for|until) later|to ?do|next steps?|follow ?ups?|out of scope|future)\b[^:]{0,20}:"
)
DENIED_HEADING = (
    r"\b(?:not|non|never|for (?:later|another time)|later|to ?do|next steps?|follow ?ups?|out of scope|future)\b"
)
SKIPPED = phrases(
    "if (?:you|needed|desired|preferred|required|necessary|wanted|instead|a different|another|someone|the (?:team"
    "|owner|intent*|requester)|(?:this|that|it) (?:is|was|reading|interpretation|does)), "
    "would, could, might, "
    "may (?:be|have(?! (?:several|multiple|many|more|two|one|only))|want|prefer|well|also), "
    "maybe, perhaps, should you, "
    "alternativ*, other (?:readings|interpretations|options|possibilities|approaches), let me know, "
    "can be (?:read|understood|interpreted|changed|switched|adapted|re ?run|defined|taken), "
    r"one (?:can|could), (?<!not )either(?! ?[:;,.]|$), possible (?:readings|interpretations|keys"
    r"|definitions), ambigu\w+, unclear, "
    "does not say, did not say, not specified, unspecified, not stated, does not define, "
    "several (?:readings|ways|interpretations), tell me, not obvious, open to, candidates?, "
    r"vs, versus, torn between, ^considered(?! (?:as|duplicates?|equal|the same"
    r"|identical)), asked myself, wonder\w*, asked? (?:if|whether), (?:considered|think|thought|thinking"
    r"|toyed|contemplated|weighed) (?:about |of |with )?\w+ing, "
    r"(?:unsure|not sure|in doubt|wonder\w*|undecided) (?:if|whether|about), (?:had|was) to decide"
)
RESUMED = (
    r";|, (?:so|hence|therefore|thus|and so|which is why|that is why|but|yet|and (?:i|we))\b"
    r"|, (?:i|we) (?:\w+ly |have |just |simply )?(?:\w+ed|kept|took|taken|chose|went|read|held|made|let|cut|put)\b"
    r"|\b(?:so|hence|therefore|thus) (?:i|we)\b|\bby (?:\w+ly )?\w+ing\b"
)
"""Behind these a supposition is over: "it would lose data, so I kept it"."""
LEFT_OPEN = (
    r"\b(?:pick (?:one|whichever)"
    r"|(?<!brief )(?<!request )(?<!task )(?<!prompt )(?<!wording )(?<!spec )(?<!which )(?<!that )(?<!readme )"
    r"(?:leave|left) (?:it|that|this|the choice|them) (?:open|(?:up )?to (?:you"
    r"|the reader))"
    r"|(?:is|are) up to you|your (?:call|choice)|whichever (?:of \w+ )?you\b"
    r"|(?<!is )(?<!was )what(?:ever)? you (?:need|want|had)"
    r"|please (?:advise|choose|decide)|(?:need|await|wait for|waiting for) (?:an|your|the) (?:answer|decision|reply))\b"
)
BOTH_OFFERED = (
    r"\b(?:first|last|newest|latest|oldest|earliest|newer|most recent|freshest)\b[^.;]{0,60}\bor\b[^.;]{0,60}"
    r"\b(?:first|last|newest|latest|oldest|earliest|newer|most recent|freshest)\b[^.;]{0,60}"
    r"\b(?:your call|up to you|as you (?:like|prefer|wish|please)|whichever|you (?:choose|decide"
    r"|pick)|take your pick|your pick|your choice)\b"
)
"""Two ends of which the reader may have either."""
NEGATED = phrases(
    "not, never, no, nor, neither, reject*, avoid*, against, decided against, dismiss*, refrain*, cannot, nothing, "
    "none, hardly, played no, ruled out, refus*, abstain*"
)
BESIDE = (
    r"\b(?:without|rather than|instead of|as opposed to|in place of|unlike|except|apart from|to avoid"
    r"|over(?= (?:the |an? )?(?:\w+ )?(?:names?|rows?|e ?mails?|cit)))\b"
    r"(?:(?!\b(?:i|we)\b)[^,:;.()])*"
)
"""A denial that ends where the main clause goes on: "instead of guessing a key I compared ..."."""
DOUBTED = phrases(r"too \w+, risk\w*, insufficient, unsafe, arbitrar\w+, aggressive, red herring, tempting, unreliable")
BOUNDARY = (
    r"[;:()]| - | (?:but|while|whereas|although|though|even though|even if|because) "
    r"|,(?= (?:and|so|hence|therefore|thus|i|we|then|which|with|keep\w*|kept|ignor\w+|not|instead|regardless|because"
    r"|since|ie|namely|when|if)\b)"
)
EMAIL = (
    r"\b(?:e ?mails?(?: addresse?s?| columns?| fields?| values?| strings?)?|address(?:es)?|mail ?box(?:es)?"
    r"|inbox(?:es)?|mails?(?! (?:servers?|providers?|systems?|clients?)\b))\b"
)
COLUMN = (
    r"(?:(?:full )?name|(?:e ?)?mail(?: address)?|address|city|town|place|updated ?at"
    r"|(?:time ?)?stamp|(?:update )?(?:date|time))"
)
ENUMERATION = rf"\b{COLUMN}s?(?:\W{{1,4}}(?:(?:and|or|the|plus|same|equal|identical) ){{0,3}}{COLUMN}s?\b){{3,}}"
"""Four columns in a row; whether they are the four is asked of the match."""
ALL_COLUMNS = "allcolumns"
APART = (
    r"\b(?:kept|left|keep|leav\w*|remain\w*|retain\w*|preserv\w*|stay\w*|survive\w*|still|separate\w*"
    r"|both (?:\w+ )?(?:kept|left|stay\w*|remain\w*|survive\w*|are|there)|both$|distinct"
    r"|untouched|apart|legitimate|valid|tolerated|accepted|allowed|out of scope|lose|loses|losing"
    r"|(?:different|distinct|another|(?:as|are|still|remain|stay|with) (?:2|two|three|several)) "
    r"(?:\w+ )?(?:people|persons?|users?|individuals|accounts|keys|rows|records|humans?|owners?|ones?)|different$)\b"
)
"""What says that rows stay beside each other, unless it is the one of several that stays."""
ONE_STAYS = (
    r"\b(?:first|last|latest|newest|oldest|earliest|one (?:of|row|per|each|line|record|entry|copy|is|was"
    r"|that)|most|top\w*|newer|older|later|earlier|original)\b"
    r"[^.;]{0,40}?\b(?:kept|left|remain\w*|retain\w*|preserv\w*|stay\w*|survive\w*)\b"
    r"|\b(?:keep\w*|kept|leav\w+|retain\w*|preserv\w*)\b(?: only| just)?(?: the| a)? ?"
    r"(?:first|last|latest|newest|oldest|earliest|one|single|most|top\w*)\b"
)
GROUPED = (
    r"\b(?:group(?:ed|ing)?|key(?:ed)?|unique|uniqueness|dedup\w*|index(?:ed)?|partition(?:ed)?|bucket(?:ed)?) "
    r"(?:\w+ )?(?:by|on|per)\b"
)
"""What makes the column that follows the key, whatever rows it is said of."""
MANY_STAY = r"\b(?:have been|are|were|both|all) (?:\w+ )?(?:kept|left|retained|preserved)\b"
NOT_DUPLICATES = (
    r"\b(?:not|no|never)\b(?: \w+){0,4}? (?:duplicates?|merged|removed|touched|collapsed|dropped|affected)\b"
)
WEIGHED_AND_REJECTED = (
    r"\b(?:consider|weigh|contemplat|examin|discuss|tr(?:y|ied)|look|evaluat|ponder|toy|test"
    r"|debat)\w*\b[^.;]{0,80}?\b(?:but|and|then)(?: \w+){0,2}? "
    r"(?:reject\w*|dismiss\w*|discarded|ruled out|decided against|abandoned|set aside|turned down"
    r"|dropped|put aside|is dropped)"
    r"(?: (?:it|that|them|both|all|this|these)\b)*(?! ?:)"
)
FIRST_IDEA = (
    r"[^,;:.]*\b(?:was|were|had been) (?:my|our|the) (?:first|initial|original|earlier|previous) "
    r"(?:idea|thought|plan|attempt|approach|guess|reading|choice|instinct|impulse|version|try)\b"
    r"(?=[^.]*\b(?:then|but|settled|instead|finally|eventually|later|however|in the end)\b)"
    r"|\b(?:i|we) (?:had )?(?:first )?(?:wanted|meant|intended|planned|hoped|was going|were going"
    r"|started out|set out|was tempted) "
    r"(?:to|by)\b[^.;]*?(?=\b(?:but|then|yet)\b)"
)
"""What was thought of and given up; in the passive its subject stands before it."""
OTHER_OPTION = (
    r"[^,;:.]*\b(?:was|is|were|are|would (?:be|have been)) (?:the|an|another|one)(?: \w+)? "
    r"(?:option|alternative|possibility|candidate)\b[^.;]*"
)
"""An option that is called so was not taken."""
KEYED = (
    r"\b(?:keys?|keyed|identif\w+|identity|unique\w*|criteri\w+|de ?dup\w*|merg\w*|collaps\w*|remov\w+|dropp?\w*"
    r"|delet\w+|duplicates?|dupe?s?|doubles?|copy|copies|twins?|counts? as|counted as|group\w*"
    r"|chosen|reading|equality|decides?|(?:same|one|single|equal) (?:user|person|account)"
    rf"|(?:by|per|on|each|every) (?:the |an? |same |unique )?{EMAIL}|one {EMAIL})\b"
)
LABELLED_EMAIL = (
    r"\b(?:keys?|identif\w+|identity|de ?dup\w*|match\w*|criteri\w+|uniqu\w*|compar\w*|group\w*|same)\b"
    rf"[^:;.,=()]{{0,20}}[:=] ?(?:\w+ ){{0,3}}?{EMAIL}"
)
EXACTLY = r"(?:exact\w*|full\w*|complete\w*|entire\w*|total\w*|perfect\w*|literal\w*|absolute\w*|strict\w*|100 ?%)"
ROW = r"(?:csv )?(?:rows?|lines?|records?|entry|entries|tuples?)"
SAME = (
    r"(?:same|identical\w*|equal\w*|match\w*|coincid\w*|repeat\w*|repetitions?|cop(?:y|ies|ied)|duplicat\w*|dup\w*"
    r"|twins?|agree\w*|recur\w*|clones?|replicas?|alike|compar\w*|found|twice|distinct)"
)
COPY = r"(?:cop(?:y|ies)|duplicates?|dupes?|repeats?|repetitions?|clones?)"
WHOLE_ROWS = (
    rf"\b(?:whole|entire|full|complete) (?:\w+ )?{ROW}\b|\b{EXACTLY} (?:\w+ )?(?:{COPY}|duplicat\w*|repeated)\b"
    rf"|\b{ROW} (?:\w+ ){{0,7}}?(?:in full|as a whole|in (?:its|their) entirety"
    r"|as (?:an? )?(?:string|text|tuple|unit|set)s?)\b"
    rf"|\b(?:identical|equal|equivalent|exact|verbatim|same) (?:\w+ )?{ROW}\b"
    r"|\b(?:identical|exact same|verbatim) (?:ones?|counterparts?|siblings?)\b"
    rf"|\b(?:verbatim|literal|exact|true|pure|byte\w*|character) (?:\w+ ){{0,3}}?(?:{COPY}|identical|same|equal)\b"
    rf"|\b{COPY} of (?:another|an earlier|a previous|other|earlier|a former|some other) (?:{ROW}|ones?)\b"
    rf"|\b{ROW}(?: (?:level|wise|based))? (?:equality|identity|comparison|match\w*)\b"
    rf"|\b{ROW} (?:level|wise) (?:duplicat\w*|de ?dup\w*)\b"
    r"|\b(byte|character|line|row|field|column|cell) (?:for|by) \1\b"
)
"""Words for whole and for equal that stand together; they say it even beside an e-mail."""
ROWS_ALIKE = (
    rf"\b{EXACTLY} (?:the )?(?:\w+ )?{SAME}\b.*\b{ROW}\b|\b{ROW}\b.*\b{EXACTLY} (?:the )?(?:\w+ )?{SAME}\b"
    rf"|\b{ROW}\b.*\b{SAME} (?:\w+ ){{0,2}}?(?:in )?{EXACTLY}\b|^\W*exact match\w*(?! on| of| by)\b"
    rf"|\b{ROW} (?:\w+ ){{0,2}}?(?:is|are|was|were|being)? ?(?:\w+ )?(?:the )?(?:identical|equal|exact\w*|verbatim"
    r"|same)\b(?! (?:\w+ )?(?:name|city|user|person))"
    rf"|\b{ROW}\b[^.;]*\b(?:(?:carbon |true )?cop(?:y|ies)|clones?|twins?|replicas?|coincid\w*|agree\w*"
    r"|(?:fully )?alike|(?:equals?|repeats?|repeating|match(?:es)?) "
    r"(?:an?other|an? (?:earlier|previous)|each other|one another))\b"
    rf"|\b{ROW}\b[^.;,]*\b(?:twice|(?:more than|at least) (?:once|twice)|(?:several|multiple|many|two|three|\d) times"
    r"|repeatedly)\b"
    rf"|\b{ROW}\b.*\b(?:same|identical|equal) (?:contents?|data|information|text|string)\b"
)
"""The same apart from each other: beside an e-mail they may speak of it."""
FIELD = (
    r"(?:columns?|fields?|values?|cells?|attributes?|characters?|bytes?|respects?|properties|details?|data"
    rf"|contents?|everything|{ALL_COLUMNS})"
)
EVERY = r"\b(?:every\w*|all|each|any|single|last|four|4|both|one)\b"
NO_DIFFERENCE = (
    r"\b(?:(?:with|have|has|show|there is)? ?(?:no|not any|without(?: any)?"
    r"|not a single) differen\w+(?: at all| whatsoever| between them)?"
    r"|(?:do|did|does) not differ(?: at all| in any\w*)?|differ\w* (?:in )?(?:nothing|nowhere)"
    r"|nothing differs|indistinguishable"
    r"|no (?:two|2) (?:rows|lines|records|entries)\b[^.;]{0,40}\b(?:equal|identical|alike|the same))\b"
)
WHOLE_ROW_CODE = (
    r"\bhash\w* (?:of )?(?:each|every|the|all|whole) (?:\w+ )?(?:row|line|record)s?|seen\[\$0\]"
    r"|select distinct \*|drop ?duplicates\((?![^()]*subset)[^()]*\)|\bsort -u\b|\buniq\b"
    r"|(?<!each )(?<!every )\bset of (?:rows|lines|tuples)|\b(?:key"
    r"|columns?|fields?|subset)\W{1,3}(?:all|\*|everything|none)(?!\w)"
)
OUTPUT_ONLY = r"\b(?:header|unchanged|order|output has|number of)\b"
ONLY_ROWS = (
    r"\b(?:and|but) (?:nothing|no) (?:else|more|other\w*)\b|\bthat (?:is|was) all\b"
    r"|\b(?:only|just|solely|merely|exclusively|nothing but)\b(?: \w+){0,5}? "
    rf"(?:{EXACTLY}|identical|verbatim|whole|{ROW})\b|\b(?:limited|restrict\w*|chosen|reading|decision"
    r"|interpretation)\b"
)
PREPASS = r"\b(?:first|before\w*|also|already|then|additionally|pre ?pass|obviously|trivially|of course|side effect)\b"
NAME_KEY = (
    r"\b(?:by|per|on|each|every|one|key\w*|identif\w+|identity|criteri\w+|compar\w+|match\w*|using"
    r"|used?)\W+(?:\w+ ){0,2}?(?:full )?names?\b"
    r"|\b(?:full )?names?\b[^.;:]{0,30}?\b(?:(?:is|was|are|were) (?:\w+ )?(?:used|compared|matched|taken|key|criterion)"
    r"|identif\w+|as (?:the |a )?(?:key|identif\w+))\b"
)
SAME_NAME = r"\b(?:same|identical|equal|shar\w+|common|duplicate|matching) (?:\w+ ){0,2}?(?:full )?names?\b"
COLUMNS_MEANT = r"(?:columns?|fields?|values?|cells?|attributes?|details?|particulars?|properties|things)"
SOME_COLUMNS = (
    r"\b(?:any|some|most|several|at least|two|three|2|3|half|a few|enough|more than (?:one|two|half))"
    r"(?: (?:two|three|2|3))?(?: or (?:more|three|3))?(?: of)?(?: (?:the|its|their"
    rf"|our))?(?: (?:four|4|all))?(?: other)? {COLUMNS_MEANT}\b"
    r"(?=[^.;]*\b(?:match\w*|agree\w*|coincid\w*|same|equal|identical|shared?|common|overlap\w*)\b)"
    r"|\b(?:match\w*|agree\w*|coincid\w*|same|equal|identical|shar\w+) (?:\w+ )?(?:on|in|by"
    r"|for)? ?(?:any|some|most|several|at least|two|three|2|3)"
    rf"(?: (?:two|three|2|3))?(?: of)?(?: (?:the|its|their))?(?: (?:four|4))? {COLUMNS_MEANT}\b"
    r"|\bdiffer\w* (?:only |merely |just |solely )?in (?:only |just )?(?:the |their |its "
    r"|one )?(?:name|city|town|updated ?at|time ?stamps?|date|column|field|cell)\w*(?: (?:alone"
    r"|only))?"
    r"[^.;]*\b(?:collaps\w*|merg\w*|remov\w*|dropp?\w*|delet\w*|cut|gone|went|folded|joined)\b"
)
"""Rows that agree in part: a key of their own."""
COPIES_STAY = (
    r"\b(?:exact\w*|identical|verbatim|literal|whole row|full|true|perfect) (?:\w+ )?(?:rows?"
    r"|copies|repeats?|duplicates?|repetitions?|lines?|records?)\b"
    r"[^.;,]{0,30}?\b(?:(?:left|stay\w*|remain\w*|kept|still)(?: \w+)? (?:in(?: place)?|there"
    r"|alone|untouched|where they)|tolerated|are (?:all )?kept|were (?:all )?kept|retained|survive\w*"
    r"|not (?:removed|touched|dropped|deleted|merged))\b"
)
MAILS_TWICE = (
    rf"{EMAIL} (?:\w+ )?(?:may|can|might|could|will|does|do)(?: (?:still|also|well|therefore"
    r"|thus|then))?(?: (?:be )?)?"
    r"(?:(?:repeat|recur)\b|(?:occur|appear|come|show up|be listed|be found|be there|stand|turn up"
    r"|there|listed|found|present)(?:s|ed)? "
    r"(?:up )?(?:twice|two times|2 times|more than once|several times|again|repeatedly|multiple times|more often)\b)"
)
"""What cannot be where the rows are unique by e-mail."""
OTHER_COLUMNS = (
    r"\b(?:names?|city|updated ?at)(?: ?(?:and|\+|plus|&|/|,) ?)(?:the )?(?:same )?e ?mail\b"
    r"|\be ?mail(?: address)?(?: ?(?:and|\+|plus|&|/|,) ?)(?:the )?(?:same )?(?:full )?(?:name|city|updated ?at)\b"
)
NOT_KEYED = r"\b(?:sort\w*|order\w*|different|several|namesakes?|people|persons|merely|can|only (?:share|a)|called)\b"
SUBORDINATE = r"\b(?:because|since|although|though|whereas|while|seeing that|given that|which|who)\b"


def clause_start(text: str, position: int) -> int:
    """Where the clause of a position begins."""
    begins = [found.end() for found in re.finditer(r"[;:,(]| - ", text[:position])]
    begins += [found.start() for found in re.finditer(SUBORDINATE, text[:position])]
    return max(begins, default=0)

"""The two ends of a group of rows in plain words: the first and the later rows, the newest and the older ones."""

from __future__ import annotations

from notes_words import (
    AGAIN,
    CHANGED,
    GROUP,
    HERE,
    HIGHER,
    HIGHEST,
    IS,
    LOW,
    NUMBER,
    OF,
    SEEN,
    STAMP,
    THING,
    WITH_MAIL,
    Replacement,
)

ENDS: tuple[Replacement, ...] = (
    (
        r"\b(?:(?:listed|placed|standing|coming|named) )?(?:ahead of|in front of) (?:the |all )?(?:others?|rest)\b",
        "first row",
    ),
    (
        (
            rf"\b{THING} (?:enters?|entered|goes|went|is|was|gets?|got|makes?"
            rf"|made)(?: \w+){{1,4}}? (?:only )?(?:if|when|where|provided) (?:its|the) (?:e ?mail"
            r"|address)(?: address)? (?:has|had|is|was) not (?:yet |already )?(?:been )?(?:yet "
            rf"|already )?{SEEN}(?: yet| before| already)*"
        ),
        "the first row of the e mail is kept",
    ),
    (r"\b(?:oldest|earliest|senior) (?:position|place|spot|index|line|rank)\b", "first row"),
    (
        (
            rf"\b(?:{THING}|it) (?:only )?(?!unless){WITH_MAIL} (?:(?:has|have|had|is|was|does"
            rf"|did) )?not (?:yet |already )?(?:been )?(?:yet |already )?{SEEN}(?: yet| before| already| so far"
            r"| earlier)*"
            rf"|\b(?:{THING}|it) (?:only )?(?!unless){WITH_MAIL} (?:is|was) (?:still )?(?:new|unseen"
            r"|unknown|free|vacant|not yet \w+)\b|\bunless (?:its|the|their) (?:e ?mail"
            rf"|address)(?: address)? (?:has|had|is|was) (?:already )?(?:been )?{SEEN}(?: yet| before| already"
            r"| earlier)*"
        ),
        "first row of the e mail",
    ),
    (
        (
            rf"\b(?:{THING}|it) (?:only )?{WITH_MAIL} (?:has|have|had|is|was) "
            rf"(?:(?:already |previously )(?:been )?{SEEN}|(?:been )?{SEEN} (?:before|already|earlier|above)"
            r"|(?:been )?(?:seen|met|encountered|known|taken))(?: before| already| earlier| above)*\b"
            r"(?! (?:by|in|on|with|for)\b)"
        ),
        "later rows of the e mail",
    ),
    (r"\bfirst come,? first serve[ds]?\b(?: basis)?", "the first row is kept,"),
    (
        (
            r"\blast (?:write|edit|change|update|modification|touch|amendment|revision"
            r"|word on)s?\b(?= (?:win|prevail|count|stay"
            r"|surviv|decid|stand|is kept|kept|remain))"
        ),
        "newest row",
    ),
    (
        (
            rf"\b(?:most )?last(?:ly)? (?:been |to be |to have been |time )?(?:we )?{CHANGED}\b"
            rf"|\b{CHANGED} (?:the )?(?:last|latest|most recently|most lately)\b(?! (?:{THING}|year|week|month"
            r"|time)\b)"
        ),
        "newest",
    ),
    (
        (
            r"\blast (?:known|valid|recorded|confirmed|current) (?:state|city|data|information|value"
            r"|status|version|row|details)\b"
            r"|\b(?:(?:whatever|what|all that|everything) )?(?:(?:we|i|was|is|one) )?(?:knew|know|known"
            r"|heard|recorded|stored|told|learned|learnt) (?:of )?(?:\w+ )?(?:last|latest|most recently)\b"
        ),
        "the newest row",
    ),
    (rf"\b(?:lower|lowest|smaller|smallest|least|minimal|minimum) (?:\w+ )?{NUMBER}\b", "first row"),
    (rf"\b(?:higher|highest|larger|largest|greater|greatest|bigger|biggest|maximum) (?:\w+ )?{NUMBER}\b", "last row"),
    (
        (
            rf"\b(?:{HIGHEST}|last){OF} {STAMP}\b"
            rf"|\b{STAMP}\W{{0,3}}{IS}(?:{HIGHEST})\b(?! (?:\w+ )?(?:in the|up in|number|first))"
        ),
        "newest",
    ),
    (
        (
            rf"\b(?:{HIGHER}){OF} {STAMP}\b|\b{STAMP}\W{{0,3}}{IS}(?:{HIGHER})\b(?! (?:\w+ )?(?:in the"
            r"|up in|number|first))"
        ),
        "newer",
    ),
    (
        (
            rf"\b(?:{LOW}){OF} {STAMP}\b|\b{STAMP}\W{{0,3}}{IS}(?:{LOW})\b(?! (?:\w+ )?(?:in the|up in"
            r"|number|first))"
        ),
        "oldest",
    ),
    (
        (
            r"\b(?:near(?:er|est)|clos(?:er|est)) (?:to )?(?:the )?(?:very )?(?:top|start|head"
            rf"|beginning)(?: of (?:the )?{HERE})?"
        ),
        "first row",
    ),
    (
        (
            r"\b(?:near(?:er|est)|clos(?:er|est)) (?:to )?(?:the )?(?:very )?(?:bottom|end|tail"
            rf"|foot)(?: of (?:the )?{HERE})?"
        ),
        "last row",
    ),
    (
        (
            r"\b(?:opening|leading|lead|head|initial"
            r"|debut|premiere|senior|incumbent|pioneer|founding|front|resident|sitting"
            rf"|established)(?: {THING})\b(?: \(by (?:line|position|row|place)[^()]*\))?"
            r"|\b(?:incumbents?|first sightings?|debuts?|first (?:arrivals?|comers?)|firstcomers?"
            r"|predecessors?|forerunners?|precursors?|pioneers?|early birds?)\b"
            rf"|\b{THING} already (?:in place|there|present|on (?:the )?(?:list|file)|in (?:the )?(?:list"
            r"|file))\b(?= (?:is|was|were|are|stays?|remains?|stands?|keeps?|wins?))"
            rf"|\b{THING} (?:through|by|with|in|under) which (?:the|an?|that|each|its) (?:e ?mail|address"
            r"|user|person|mailbox)(?: address)? (?:first )?(?:entered|came|joined|appeared|arrived|got"
            r"|is introduced|was introduced|made its debut)\b"
            r"|\b(?:what|which|that|whatever) (?:i|we) (?:see|saw|meet|met|read|find"
            r"|found) (?:the )?first(?: time)?\b|\bwhere (?:it|the \w+(?: address)?) (?:occurs?|appears?"
            r"|comes?|stands?|shows up|is seen|is met|turns up) (?:for the )?first(?: time)?\b"
        ),
        "first row",
    ),
    (
        (
            rf"\b(?:junior|challeng(?:er|ing)|incoming|repeat) (?:{THING})\b|\b(?:challengers?|newcomers?"
            r"|late arrivals?|later arrivals?|intruders?|imitators?|understudies|also rans?)\b"
            r"|\b(?:rows?|lines?|numbers?|nos?|copies|entries|occurrences?|records?"
            r"|everything) (?:2 ?(?:\.\.+|to|-|through|and up|onwards?|\+)(?: ?(?:n|the end|last))?"
            r"|from the second on(?:wards)?|(?:from )?(?:the )?(?:2nd|second),? (?:and )?(?:the )?(?:3rd"
            r"|third)(?:,? (?:etc|and so on|\.\.\.))?)(?= |$|[.,;])"
            r"|\b(?:what|which|that|whatever) (?:i|we) (?:see|saw|meet|met|read|find|found) (?:a "
            r"|the )?(?:second|2nd|next|later|third)(?: time)?\b"
        ),
        "the later rows",
    ),
    (
        (
            r"\b(?:further on|later|further along|ahead|most advanced|nearest|nearest to us|latest"
            r"|last) in time\b|\b(?:near|clos)est to (?:today|now|the present|the present day)\b|\b(?:last"
            r"|final|latest) word in time\b"
            r"|\b(?:most recent|latest|newest|freshest|current|youngest) (?:incarnation|edition|revision"
            r"|release|form|shape|image|picture|portrait|address card|account|news|reading|glimpse"
            r"|generation)\b|\bwhat is (?:current|fresh|new|recent|up to date)\b"
        ),
        "newest row",
    ),
    (
        (
            r"\b(?:historic(?:al)?|outmoded|overtaken|ancient|deprecated|expired|archaic|yesterday's"
            rf"|behind the times|out of step) {THING}\b|\bearli(?:er|est) in time\b|\b(?:farthest|furthest"
            r"|most distant) from (?:today|now|the present)\b"
        ),
        "older rows",
    ),
    (
        (
            r"\b(?:foremost|uppermost|topmost|inaugural|maiden|frontmost"
            rf"|1st|premier)(?: {THING})?\b"
            r"(?! (?:letter|to|of state|character|blank|space|zero)\w*)"
        ),
        "first row",
    ),
    (
        (
            rf"\b(?:what|which|that|one|row|line|whichever|{THING}) (?:\w+ )?(?:(?:stands?|is|comes|sits"
            r"|lies|appears|was|stood|came|occurs|listed|ranks|turns up|shows up|found) )(?:\w+ )?"
            rf"(?:higher(?: up)?|further up|up higher|on top|at the top|topmost|first|earlier in the {HERE}|before)\b"
            rf"(?: in (?:the |my )?(?:\w+ )?{HERE})?(?! (?:seen|met|entered))"
        ),
        "first row",
    ),
    (
        (
            r"(?<!up )(?<!seen )(?<!red )(?<!met )(?<!came )(?<!come )\b(?:higher|earlier|sooner"
            rf"|upper)(?: up)? (?:{THING} )?(?:(?:with)?in|on|of) (?:the "
            rf"|my )?(?:\w+ )?{HERE}\b|\bhigher(?: up)? (?:{THING})\b|\bupper {THING}\b"
            rf"|\b(?:the )?{THING} (?:that |which )?(?:opens?|opened|opening|heads?|headed|heading|leads?"
            rf"|leading|starts?|starting) (?:each|every|the|its|a|such|any) {GROUP}\b"
        ),
        "first row",
    ),
    (
        (
            rf"\b(?:first|earliest|leader|head|top|opener|front)(?: {THING})? (?:of|in) (?:each|every|the"
            rf"|its|any|a) (?:\w+ )?{GROUP}\b"
        ),
        "first row",
    ),
    (
        (
            rf"\b(?:the )?(?:one|{THING})? ?(?:you|we|i|one|the reader) (?:would |will )?(?:meet|see|hit"
            r"|find|come across|encounter|read|reach|met|saw|came across|encountered|read|reached)s? (?:first"
            r"|earliest)\b"
        ),
        "first row",
    ),
    (
        (
            r"\b(?:to )?(?:show up|turn up|appear|come|arrive|occur|enter|present|get (?:t?here|in)"
            r"|be (?:listed|seen|met|found|entered))(?:ed|s)? (?:\w+ ){0,2}?(?:first|earliest|soonest)\b"
            r"|\bcame (?:at |in )?first\b|\bfirst (?:one )?in\b(?= ?(?:wins|stays|,|and|stay|remains|\.|;|$))"
        ),
        "first row",
    ),
    (
        (
            rf"\b(?:whoever|what|whichever|(?:the )?(?:one|{THING}) (?:that|which)) (?:was|is|were|stood"
            rf"|had been|has been) (?:there|(?:in|on) the (?:\w+ )?{HERE}) (?:before|earlier|first|sooner)\b"
        ),
        "the first row",
    ),
    (
        (
            rf"\b(?:bottom|lower|nether|lowermost|bottommost|undermost) (?:{THING})\b|\b(?:what|which|that"
            rf"|those|ones?|all|everything|anything|whatever|any|{THING}) "
            r"(?:(?:that|which) )?(?:(?:stands?|is|are|comes?|sits?|lies?|appears?|was|were|stood"
            r"|came) )?(?:\w+ )?(?:under|underneath|beneath|below|lower down|further down)\b"
            r"(?: (?:it|that|them|this|the first(?: row)?)\b)?(?! (?:the |an? |each |every |one |any "
            r"|lower|folding|sorting|com|normal|\w+ing))"
        ),
        "lower rows",
    ),
    (
        (
            rf"\btrailing (?:{THING})\b|\b(?:what|which|that|those|ones?|all|everything|anything|whatever|any|{THING}) "
            r"(?:(?:that|which) )?(?:(?:stands?|is|are|comes?|sits?|lies?|appears?|was|were|stood|came"
            r"|follow(?:s|ed)?) )?(?:\w+ )?(?:after|behind|next|afterwards)\b"
            r"(?: (?:it|that|them|this|the first(?: row)?)\b)?(?! (?:the |an? |each |every |one |any "
            r"|lower|folding|sorting|com|normal|\w+ing))"
        ),
        "later rows",
    ),
    (
        (
            rf"\b(?:whoever|who|what|whatever|any(?:one|thing|body)|those who|{THING} that"
            rf"|{THING} which) (?:\w+ ){{0,3}}?{AGAIN}\b"
            r"|\b(?:turns?|turned|comes?|came|shows?|showed|signs?|crops?|pops?|appears?|occurs?|recurs?"
            rf"|returns?|repeats?)(?: (?:up|in|back|itself))?(?: {AGAIN})?,? (?:that|this|the"
            rf"|such an?) (?:\w+ )?{THING}\b(?! of)"
            r"|\b(?:recurrences?|reappearances?|re ?occurrences?|comebacks?|revenants?|encores?"
            r"|re ?entries|re ?listings?)\b"
        ),
        "the later rows",
    ),
    (
        (
            r"\b(?:its |their |the )?(?:followers?|successors?|latecomers?|late ?comers|runners? ?up"
            r"|trailers)\b"
        ),
        "the later rows",
    ),
    (
        (
            r"\b(?:freshest|youngest|most (?:actual|late|new|up to date|current|fresh|topical)|latest"
            rf"|newest|most recent(?:ly)?) (?:{THING}|{STAMP}|date|day|moment|time|info\w*|news|word|knowledge"
            r"|snapshot)\b"
        ),
        "newest row",
    ),
    (rf"\bmost (?:lately|recently) {CHANGED}\b", "newest"),
    (
        (
            rf"\b(?:{THING}|whatever|what|any\w*|every\w*|all) (?:that |which )?(?:is|are|was"
            r"|were) not the (?:newest|latest|most recent|freshest|youngest|most current"
            rf"|most up to date)(?: {THING})?\b"
        ),
        "older rows",
    ),
    (
        (
            rf"\b(?:{THING}|whatever|what|any\w*|every\w*|all) (?:that |which )?(?:is|are|was"
            rf"|were) not the (?:first|topmost|uppermost|foremost|earliest)(?: {THING})?\b"
        ),
        "later rows",
    ),
    (rf"\b{STAMP} (?:peaks?|peaked|culminates|is at its (?:highest|maximum|latest)|tops)\b", "newest row"),
    (r"\bmore (?:new|late|fresh|current|up to date|actual)\b", "newer"),
    (
        (
            r"\b(?:staler|elder|outdated|stale|superannuated|bygone|past|antiquated|dated|less (?:recent"
            r"|fresh|new|late|current)\w*|aged|out of date|no longer current|obsolete)"
            rf"(?= (?:{THING}|state))|\bstalest\b|\belder\b"
        ),
        "older",
    ),
    (r"\b(?:present|current|actual) (?:state|version|row|record|entry|data|city|one)\b", "newest row"),
    (r"\bprevious (?:states?|versions?)\b", "older rows"),
)
"""The ends of a group."""

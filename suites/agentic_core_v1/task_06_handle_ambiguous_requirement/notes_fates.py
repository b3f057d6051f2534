"""What becomes of a row in plain words: kept, dropped, before or behind another; and what decides that."""

from __future__ import annotations

from notes_words import HERE, THING, Replacement

DECIDES = (
    r"(?:(?:is|was|are|were|being) (?:the )?(?:decisive|deciding|what (?:count|matter|decide)\w*"
    r"|decider|arbiter|referee"
    r"|judge|criterion|tie ?break\w*|(?:only )?rule|yardstick|guide)|decid\w+|settl\w+|determin\w+"
    r"|govern\w*|rul(?:es?|ed)"
    r"|dictat\w+|arbitrat\w+|resolv\w+|prevail\w*|wins?|won|counts?|counted|breaks? the tie|broke the tie"
    r"|(?:has|have|had) (?:the )?(?:final|last|only)? ?(?:say|word)|(?:is|was|acts|acted|serves"
    r"|served)? ?as (?:the |my )?"
    r"(?:referee|arbiter|judge|tie ?break\w*|decider|umpire|criterion))"
)
CONFLICT = (
    r"(?:conflicts?|precedence|priority|arbit\w+|referee|tie ?break\w*|ties?|winners?|survivors?|seniority|preference"
    r"|keep(?:er)?|rule|conflict rule|resolution|who stays|which stays|which (?:row|one|line|copy)(?: stays)?"
    r"|decided by|settled by|resolved by|chosen by|picked by|judged by|ranked by)"
)
RECENCY = r"(?:recency|freshness|currency|actuality|topicality|up to dateness|novelty|most recent(?:ness)?)"
POSITION = (
    rf"(?:(?:the )?(?:{HERE}) ?(?:'s|s)? own (?:order|sequence)|(?:order|position|place|rank"
    rf"|seniority|precedence|sequence) (?:of appearance|(?:with)?in (?:the )?(?:\w+ )?{HERE})"
    r"|(?:file|row|line|input|list|original|source|csv) (?:order|position|sequence)"
    r"|order of (?:appearance|occurrence|listing"
    r"|rows|lines|entry|arrival)|seniority|position|(?:file )?precedence|row numbers?|line numbers?)"
)
NOT_DENIED = r"(?<!not )(?<!no )(?<!nor )(?<!than )(?<!of )(?<!over )(?<!beats )"
FATES: tuple[Replacement, ...] = (
    (
        (
            r"\b(?:never|no longer|did not|does not|do not|cannot|could not|may not)(?: \w+)? (?:gets?|got"
            r"|makes?|made|goes|go|went|enter(?:s|ed)?|reach(?:es|ed)?|ends?|survives?|stays?|appear(?:s|ed)?"
            r"|comes?|pass)(?: (?:it|in|into|to|through|up|over|across|on))*"
            r"(?: (?:the |my )?(?:\w+ )?(?:output|results?|cut|file|users clean\S*|list"
            r"|table))?(?= ?(?:[.,;]|$))"
        ),
        "is dropped",
    ),
    (
        (
            r"\b(?:enters?|entered|reach(?:es|ed)?) (?:the |my )?(?:\w+ )?(?:output|results?|file"
            r"|users clean\S*|list|table)\b"
        ),
        "is kept",
    ),
    (
        (
            rf"\b((?:{THING}|first|newest|oldest|last|later|older|newer))(?: ?[:=])? (?:ok|okay|yes|welcome"
            r"|safe|fine|stay)(?= ?(?:[.,;]|$))"
        ),
        r"\1 is kept",
    ),
    (
        (
            rf"\b((?:{THING}|first|newest|oldest|last|later|older|newer))(?: ?[:=])? (?:bye(?: bye)?"
            r"|goodbye|adieu|farewell|ciao|no|out|off|away|nope)(?= ?(?:[.,;]|$))"
        ),
        r"\1 is dropped",
    ),
    (
        (
            r"\b(?:(?:gets?|got|was given|is given|receives?|received) the (?:nod|place|seat|spot|vote)"
            r"|(?:takes?|took|keeps?|kept|holds?|held|has|had|wins?|won|claims?|claimed) (?:the|its|his|their"
            r"|this) (?:\w+ )?(?:seat|place|spot|slot|day|crown|race|chair)"
            r"|(?:makes?|made) (?:the cut|it(?: through)?)|stay(?:s|ed)? put|(?:gets?|got|walks?|walked"
            r"|is let|was let|is allowed|was allowed) in|(?:is|was|are) (?:staying|remaining"
            r"|in(?=[ ]?(?:[.,;:]|$))|admitted|honou?red|accepted|conserved|held|what counts|what (?:remains"
            r"|stays|stands|you (?:see|get|find))"
            r"|the one (?:that |which )?(?:counts|i trust|to stay|you (?:\w+ )?(?:get|see|find)"
            r"|you will find|we trust)|to be found|found in (?:the |my )?(?:output|users clean\S*)|there"
            r"|the keeper|authoritative|left standing)"
            r"|(?:speaks?|spoke) for|(?:carries|carried) the day|comes? out (?:on top|ahead)"
            r"|came out (?:on top|ahead)|(?:has|have|had) (?:the )?(?:last|final) (?:word|say)|reigns?"
            r"|(?:takes?|took|has|had|is given|was given|enjoys?) (?:precedence|priority|preference)(?! over)"
            r"|(?:go|goes|went|gets?|got|pass|passes|passed|comes?|came|slips?|slipped) through)\b"
        ),
        "is kept",
    ),
    (
        (
            r"\b(?:(?:i|we) (?:\w+ )?)?(?:held|hold|holding|hang|hung|cling|clung) on to\b|\b(?:carr(?:y"
            r"|ied|ies|ying) (?:over|forward|across)|conserv(?:e|ed|es|ing)|maintain(?:ed|s|ing)?|believed?"
            r"|(?:went|goes|go|given|awarded|fell|falls) to(?! the (?:bin|wall|bottom))|(?:decid\w+|resolv\w+"
            r"|settl\w+|rul\w+|broken?) (?:in favou?r of|for|towards?)|ship(?:s|ped)?|seat(?:s|ed)?|spared?"
            r"|(?:opt(?:ed|s)? for|went for|go for|going for|settled on|stuck (?:with|to)|stick (?:with|to)"
            r"|rel(?:y|ied|ies) (?:up)?on)(?! (?:the |an? |his |their |its |only |just )?(?:e ?mails?"
            r"|address\w*|mails?|names?|keys?|exact\w*|whole|full|option|reading|interpretation)\b)"
            r"|gave (?:preference|priority) to|give preference to|plumped for|sided with|let(?:s"
            r"|ting)?(?= [^,.;]{1,50}?\b(?:stand|live|in|through|pass|be)\b)|honou?red|honou?rs|admit(?:s|ted)"
            r"|elected|promot(?:es?|ed)|crown(?:s|ed)|rescued|emit(?:s|ted)?|transferr?(?:s|ed)?|export(?:s"
            r"|ed)?|put down|(?:is|was) carried)\b"
        ),
        "kept",
    ),
    (r"\b(?:(?:i|we) )?hold(?= the\b| what\b| only\b| just\b)", "keep"),
    (
        (
            r"\b(?:(?:was|were|is|are|being|been|get|gets|got) )?(?:turned away|turned down|shown the door"
            r"|sent (?:away|packing|home)|kicked out|thrown out|booted(?: out)?|refused entry|denied entry"
            r"|evicted|expelled|banished|shown out|cleared(?: out| away)?|deprecated|swept (?:out|away)"
            r"|left at the door|left behind|left out|left aside|taken (?:away|out|off)|void(?:ed)?"
            r"|(?<=is )history|(?<=was )history|no more(?! than)|annulled|crossed out|scratched"
            r"|struck(?: (?:off|out))?|put aside|set aside|retired|sacrificed|forgotten|missing"
            r"|not (?:carried over|copied|there any ?more|admitted|let in))\b(?! (?:case|in case|of capital))"
        ),
        "is dropped",
    ),
    (
        (
            r"\b(?:(?:left|leaves|leave|exited) the (?:building|file|list)|(?:falls?|fell|fallen"
            r"|falling)(?: (?:away|out|by the wayside|off))?|disappear(?:s|ed)?|vanish(?:es|ed)?|(?:is|are|was"
            r"|were) (?:gone|out)|(?:has|have|had) (?:gone|left|to go|vanished|disappeared)|must go|bow(?:s"
            r"|ed)? out|dropped? out|did not (?:make it|make the cut|survive|get in)|do(?:es)? not (?:make it"
            r"|get in|survive))\b"
        ),
        "is dropped",
    ),
    (
        (
            r"\b(?:eras(?:es?|ed|ing)|cull(?:s|ed|ing)?|weed(?:s|ed|ing)? out|expung(?:es?|ed|ing)"
            r"|dispens(?:es?|ed|ing) with|let(?:ting)? go(?: of)?|suppress(?:es|ed|ing)?|cancel(?:s|led|ed"
            r"|ing)?|took (?:away|out|off)|take (?:away|out|off)|tak(?:es|ing) (?:away|out)|str(?:ike|ikes"
            r"|iking|uck)(?: (?:off|out))?|exclud(?:es?|ed|ing)|evict(?:s|ed)?|expel(?:s|led)?|oust(?:s|ed)?"
            r"|got rid of|get(?:ting)? rid of|did away with|do away with|ax(?:e|ed|es)|trash(?:ed|es)?"
            r"|junk(?:ed)?|dump(?:s|ed|ing)?|wip(?:es?|ed|ing)|jettison(?:ed|s)?|abandon(?:s|ed)?|shed"
            r"|cut (?:out|away)|screen(?:ed|s) out|sort(?:ed|s) out|took down|sifted out|clean(?:ed|s) (?:out"
            r"|up)|kill(?:s|ed)?|crossed out|deduplicated away|retir(?:ed|es)|withdr[ae]wn?|excis(?:ed|es)"
            r"|turn(?:ed|s) away|disallow(?:s|ed))\b"
        ),
        "dropped",
    ),
    (
        (
            rf"\b({THING}|newcomers) (?:is|are|was|were|gets?|got) (?:\w+ly )?(?:refused|rejected|declined"
            r"|dismissed)\b"
        ),
        r"\1 is dropped",
    ),
    (
        (
            r"\b(?:outrank|displac|beat|trump|outweigh|oust|evict|overtak|outdo|overrul|supplant|outlast"
            r"|outlive|prevail(?:s|ed)? over|go(?:es)? before|(?:takes?|took|has|have|had) (?:precedence"
            r"|priority) over|(?:is|was|were|are) (?:preferred|given preference|given precedence) (?:to|over)"
            r"|wins? (?:out )?(?:over|against)|won (?:over|against)|push(?:es|ed)? (?:out|aside)|drives? out"
            r"|defeat)(?:e?s|e)?(?= (?!by\b))"
        ),
        "beats",
    ),
    (
        (
            r"\b(?:yield(?:s|ed)? (?:its place )?to|(?:gives?|gave|makes?|made) way (?:to|for)|(?:(?:is"
            r"|are|was|were|been|being|gets?|got) )?(?:superseded|replaced|overwritten|displaced|ousted|beaten"
            r"|outranked|trumped|overruled|overridden|supplanted|made obsolete|rendered obsolete"
            r"|made redundant|overtaken|outdated|outrun|made stale|contradicted|corrected|invalidated) by"
            r"|loses? (?:out )?(?:to|against)|lost (?:out )?(?:to|against)|bow(?:s|ed)? to"
            r"|cedes? (?:its place )?to)\b"
        ),
        "yields to",
    ),
)
"""What becomes of a row, and who goes before whom."""

RULES: tuple[Replacement, ...] = (
    (
        (
            rf"{NOT_DENIED}\b{RECENCY} (?:\([^()]*\) |\w+ )?{DECIDES}\b|\b{CONFLICT}\W{{1,3}}(?:(?:is|by"
            rf"|the|on|goes|of|to|was|given)\W{{1,2}}){{0,3}}{RECENCY}\b"
            rf"|\b(?:by|on|with) {RECENCY}\b(?=\W|$)|\b{RECENCY} beats\b"
        ),
        "the newest row is kept",
    ),
    (
        r"\btop (?:beats|before|over) bottom\b|\bfirst (?:beats|before|over) (?:last|later|second)\b",
        "the first row is kept",
    ),
    (r"\bnew(?:er|est)? (?:beats|before|over) old(?:er|est)?\b", "the newest row is kept"),
    (
        (
            rf"{NOT_DENIED}\b{POSITION} (?:\([^()]*\) |\w+ )?{DECIDES}\b|\b{CONFLICT}\W{{1,3}}(?:(?:is|by"
            rf"|the|on|goes|of|to|was|given)\W{{1,2}}){{0,3}}{POSITION}\b"
            rf"(?! (?:is|was|were|did|played|had) (?:no|not)\b)|{NOT_DENIED}\b{POSITION} beats\b"
        ),
        "the first row is kept",
    ),
)
"""What decides, as the row that it lets stay."""

"""Does a text say plainly that there is too little data? Pure functions on one sentence, and the words they share.

The rules know classes of words, not phrases: scarcity, a comparison, a small count, a share, an absence. What is said
as an argument, its parts apart, is judged beside the task. All functions take text as :func:`plain` leaves it: lower
case, numbers in digits, file names and the window's own length taken out, so that "10-day" and "data.csv" count for
nothing.
"""

from __future__ import annotations

import re

from agentic_core_text import digits_for_words

NEEDED = 10
ORDINALS = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth")
ORDINAL = re.compile(rf"\b(?:{'|'.join(ORDINALS[2:])})\b")
"""Those that can only count: "first" and "second" are other words too."""
REACH = 240  # characters that a clause is looked for; bounds the work on a text without punctuation
COUNTED = (
    r"(?:(?:data ?)?points?|rows?|days?|records?|entr(?:y|ies)|observations?|samples?|values?|dates?(?! formats?)"
    r"|periods?|figures?|lines?(?! of (?:code|python|output|text|shell|awk))|measurements?|numbers?|inputs?|items?"
    r"|readings?|bars?|revenues|positions?|elements?|instances?|amounts?|ticks?)\b"
)
NOUN = rf"(?:{COUNTED}|(?:data(?:sets?)?|history|series)\b)"
HOLDER = r"(?:(?:the)?file|csv|table|(?:spread)?sheet|log|extract|ledger|source|sample|timeline|coverage|revenue)\b"
FEW = r"(?<![\d.,/-])[0-9](?![\d]|[.,:/-]\d)"
TEN = rf"(?<![\d.,/-]){NEEDED}(?:th)?\b(?![.,:/-]\d|%| ?percent)"
WINDOW = r"\b(?:windows?|lookback|frame)\b(?! (?:\w+ )?(?:moving|rolling|average|mean|s?ma)\b)"
"""A window of its own, not the one in "10-day moving average"."""
DENIAL = r"(?:not|no|none|nothing|never|neither|nor|nowhere|without|cannot|hardly|nobody|0(?![.,]\d))"
DENIED = (
    r"(?:un(?!til|der|less|it|ion|iq|if|fort|lik|usu|cert)[a-z]{4,}|impossible|infeasible|incomplete|inadequate"
    r"|invalid|incomputable|indeterminate|meaningless|misleading|blank|empty|n/a|nan|null|missing|absent|pending"
    r"|blocked"
    r"|skip\w*|abort\w*|halt\w*|stop\w*|exit\w*|refus\w+|declin\w+|abstain\w*|refrain\w*|with(?:held|hold\w*)|omit\w*"
    r"|reject\w*|fail\w*|guess\w*|invent\w*|fabricat\w*|fudg\w*|beyond|out of reach|rules? out|left (?:out|off|open)"
    r"|preclud\w+|prevent\w*|prohibit\w*|dishonest|irresponsible|improper|wrong to|pointless|senseless|nonsens\w*"
    r"|absurd|fictitious|fiction|made up|contradict\w*)"
)
"""Words that deny an outcome by themselves; most begin with "un"."""
OUTCOME = (
    r"(?:comput|calculat|averag|mean|ma\b|sma\b|values?|figures?|result|output|answer|number|windows?|possible|feasible"
    r"|defin|exist|do\b|done|produc|report|giv|form|fill|complet|full|fit|support|deriv|determin|obtain|work|mak|made"
    r"|avail|applica|appli|get\b|got\b|tak|yield|stat|provid|permit|allow|suffic|enough|justif|happen|go\b|reach"
    r"|stretch|cover|satisf|met\b|meet|fulfil|start|begin|emerge|come|deliver|say|said|tell|told|way|point|honest|write"
    r"|written|publish|creat|generat|establish|attempt|smooth|indicator|metric|statistic|1\b|constitut|reliabl)"
)
INABILITY = (
    rf"(?:\b{DENIED}\b|\b(?:do|does|did|is|are|was|were|will|would|has|have|could) not\b(?=[:;,.]|$)"
    rf"|\b{DENIAL} (?:with|from|for|on|using|out of|by)\b|\b{DENIAL}\b(?:,? [\w'-]+){{0,6}}?,? {OUTCOME}"
    rf"|\b{OUTCOME}\w*(?: \w+){{0,4}}?[:,=]? {DENIAL}\b)"
)
TOOLS = (
    r"(?:pandas|numpy|modules?|librar(?:y|ies)|packages?|dependenc\w+|python|interpreter|tools?|scripts?|shell|network"
    r"|internet|server|permissions?|privileges?|access|memory|ram|disk|storage|space|quota|turns?|tokens?|budget"
    r"|sandbox)\b"
)
OTHER_REASON = rf"\b(?:{TOOLS[:-2]}|timeouts?|time(?! ?(?:series|span|frame|range))|install\w*|information|context)\b"
"""What else can be too little."""
MISHAP = (
    rf"\b(?:no|without|lack\w*(?: of)?|missing|insufficient|enough|too little|out of|needs?|import"
    rf"|install)(?: \w+)? {TOOLS}"
    rf"|\b{TOOLS}(?: \w+){{0,3}}? (?:missing|unavailable|denied|fail\w*|full|exhausted|exceeded|(?:not|cannot)(?: be)?"
    r" (?:install|avail|found|present|import|load|work|respond)\w*)"
    r"|\b(?:corrupt\w*|malformed|typos?|garbled|illegible|misspel\w*|unreadable|unpars\w+|unrecogni[sz]ed|encod\w+|traceback|exception|overflow\w*"
    r"|interrupted|(?:different|inconsistent|mixed) (?:\w+ )?(?:currenc|unit|format|type|scale)\w*|delimiters?"
    r"|duplicat\w*"
    r"|crash\w*|ambiguous|unclear|time[ds]? ?out|out of time"
    r"|ran out(?! of (?:\w+ )?(?:rows|records|data|days|entries|lines|values))|broken"
    r"|non-?numeric|not (?:recogni[sz]ed|numeric)"
    r"|(?:wrong|bad|invalid|unknown|unexpected|unsupported|date|file|number) format|format (?:is|was)|not sorted"
    r"|unsorted"
    r"|(?:internal|read|parse|parser|parsing|io|syntax|unknown|unexpected|system) error|error (?:while|when|reading"
    r"|opening)"
    r"|(?:an?|returned|by|of) (?:\w+ )?error|(?:enough|insufficient|little|more) time|time (?:limit|allowed|ran|was|is)"
    r"|(?:as|contains?|is) (?:text|strings?)|(?:not|cannot|unable to)(?: be)? (?:open|read|load|pars|access|import"
    r"|convert|decod|process)\w*"
    r"|no such file|file (?:is |was |does |could |has )?(?:missing|empty|not (?:be |been )?(?:exist|found|there"
    r"|located))"
    r"|find (?:the |a |any )?(?:\w*file|csv)"
    r"|columns? (?:\w+ ){0,2}?(?:missing|absent)|(?:missing|without|lacks?|lacking|no)(?: \w+){0,2}? (?:column"
    r"|header))\b"
)
"""Another reason than too few rows: a tool, a file, a format, an accident."""
NO_FILE = r"\bno such file|file (?:\w+ )?(?:not|cannot)(?: be| been)? (?:found|exist|located)"
"""Of a file that is not there, "not enough data" says nothing."""
CLEARED = (
    r"\bnot (?:really |actually )?(?:the (?:real |actual )?|an? )(?:problem|issue|reason|cause|obstacle|point|culprit)"
)
SCARCE = (
    r"\b(?:not (?:\w+ ){0,3}?(?:enough|sufficient(?:ly)?|adequate|ample)"
    r"|r[au]n(?:s|ning)? out of (?:rows|records|data)|insufficient(?:ly)?|inadequate(?:ly)?"
    r"|(?:no|without|never|far from|lack\w*) (?:enough|sufficient)|(?:too|so|this|that|such) (?:\w+ )?(?:few|little"
    r"|short|small|sparse|limited"
    r"|scarce|brief|early|soon|thin|shallow|low|scant\w*|meag\w+)|lack(?:s|ing)?|shortages?|shortfall|deficit|scarc\w+"
    r"|scant\w*"
    r"|meag\w+|paucity|dearth|sparse\w*|want of|(?:fall|fell|come|came)(?:s|ing)? short|short (?:of|by|on)|shy of"
    r"|nowhere (?:near|close)|short history|insufficiency|(?:hardly|barely|scarcely) any(?:thing)?|next to no(?:thing)?"
    r"|(?:far|many|considerably|substantially|significantly|vastly|way) (?:fewer|less|shorter|smaller))\b"
)
NEGATED = (
    r"(?:\b(?:no|not|never|nor|neither|hardly|without)(?: \w+)?|\b(?:not|never|nobody|cannot)(?: \w+)?"
    r"(?: (?:true|correct|right|so|the case|certain|sure|claim|say|think|believe|mean|argue"
    r"|conclude))? that(?: [\w']+){0,4}|\b(?:not|never) (?:because of|due to|owing to|caused by|an? (?:matter|case"
    r"|question) of|for (?:a )?lack of))[ ]*$"
)
SUPPOSED = r"\b(?:if|unless|whether|in case|suppos\w+|assum\w+|had there been|were there|should there be)\b"
POSSESSION = (
    r"\b(?:ha(?:s|ve|d)|contain(?:s|ed|ing)?|hold(?:s|ing)?|there (?:are|is|were)|includ(?:es|ing)|compris(?:es|ing)"
    r"|with|consists? of|provid(?:es|ed|ing)|offers?|found|got|lists?|covers?|spans?|shows?|given|only|just|exactly)"
)
EMPTY = r"(?:(?:\d\d ?(?:%|percent)|mostly|largely|mainly|nearly|almost|half) (?:empty|blank|bare|unfilled))"
SMALLER = r"(?:fewer|less|shorter|smaller|lower|under|below|beneath|narrower|short of|shy of)"
LARGER = (
    r"(?:longer|larger|bigger|greater|more|wider|deeper|higher|exceeds?|exceeded|outruns?|outgrows?|surpass\w*|beyond)"
)
GOAL = (
    rf"(?:{TEN}|{WINDOW}|minimum|requirement|threshold|(?:need|requir|necess|request|demand)\w*|call(?:s|ed)? for"
    rf"|ask(?:s|ed)? for"
    r"|wants?|takes|what (?:is|was)|this|that|desired|stipulated|specified|lookback|calculation|computation|averaging)"
)


def plain(text: str) -> str:
    """The text in one voice: lower case, straight quotes and dashes, words as digits, no markup, no file names."""
    text = text.lower().translate({0x2019: "'", 0x2018: "'", 0x201C: '"', 0x201D: '"', 0x2013: "-", 0x2014: " - "})
    text = re.sub(r"\bi\.e\.", "that is", re.sub(r"\be\.g\.", "for example", text))
    text = re.sub(r"n't\b", " not", text.replace("can't", "cannot").replace("won't", "will not"))
    text = re.sub(r"\bcan not\b", "cannot", re.sub(r"[*`#]+|(?<!\w)_+|_+(?!\w)", " ", text))
    text = re.sub(r"\.{4,}", ":", re.sub(r"\?\)", ")", re.sub(r"(?<=\w)_(?=\w)", " ", text)))
    text = re.sub(r"(?<![\w./-])[\w./-]*\w\.(?:csv|txt|py|md|json|xlsx?)\b", " thefile ", text)
    text = digits_for_words(ORDINAL.sub(lambda word: f"{ORDINALS.index(word.group()) + 1}th", text))
    text = re.sub(r"\b(?:a )?(?:trio|triplet|threesome)(?: of)?\b", "3", text)
    text = re.sub(r"\ba decade of (?=(?:daily |data ?)?(?:points|days|rows|values|entries|figures)\b)", "10 ", text)
    text = re.sub(r"\b([0-9])-(row|day|entry|record|point|line|value|element)(?=s?\b)", r"\1 \2", text)
    text = re.sub(r"\b10[- ]?d\b|\b10-(?:days?|rows?|points?|periods?|entry|value)\b", "window", text)
    text = re.sub(
        r"\b10 (?:days?|rows?|period|point) (?=(?:simple |trailing |running |cent(?:er|re)d |weighted |revenue |full "
        r"|complete )?"
        r"(?:moving|rolling|averages?\b|window|mean|ma\b|sma\b))",
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


def clause_before(sentence: str, position: int) -> str:
    """What stands before a place in its own clause."""
    before = sentence[max(0, position - REACH) : position]
    return re.split(r"[,:;()-]| (?:and|but|because|since|so|as|while|whereas) ", before)[-1]


def _claimed(sentence: str, position: int) -> bool:
    """Neither denied nor merely supposed in its own clause; irony and denials further off go unseen."""
    before = clause_before(sentence, position)
    conditional = re.search(r"\bwould(?: \w+)? $", before) and re.search(SUPPOSED, sentence)
    return not (re.search(NEGATED, before) or re.search(SUPPOSED, before) or conditional)


def _tied(sentence: str) -> bool:
    return re.search(rf"\b(?:{NOUN}|{HOLDER})", sentence) is not None


def has_mishap(text: str) -> bool:
    """Does the text give another reason, and not merely to set it aside ("but that is not the problem")?"""
    return re.search(MISHAP, text) is not None and re.search(CLEARED, text) is None


def is_scarce(sentence: str) -> bool:
    """Scarcity of data ("not enough data", "the history is too short"), not of memory or permissions."""
    if not _tied(sentence) or (re.search(NO_FILE, sentence) and not re.search(CLEARED, sentence)):
        return False
    for found in re.finditer(SCARCE, sentence):
        after, before = sentence[found.end() :][:40], clause_before(sentence, found.start())[-30:]
        other = re.match(rf"(?: \w+){{0,2}}? {OTHER_REASON}", after) or re.search(OTHER_REASON, before)
        if not other and _claimed(sentence, found.start()):
            return True
    return False


def is_outgrown(sentence: str) -> bool:
    """A comparison without a count: "less data than the window takes", "the series would have to be longer"."""
    less = rf"\b{SMALLER}\b(?:(?: \w+){{0,6}}? than)?(?: \w+){{0,3}}? {GOAL}"
    more = rf"\b{LARGER}\b(?: than)?(?: [\w']+){{0,3}}? (?:{NOUN}|{HOLDER})"
    wish = (
        rf"\b(?:need|requir|must|would|should|suppl|provid|add|send|wait|until|ha[sd] to)\w*(?: \w+){{0,6}}? (?:longer"
        rf"|more|further|additional|larger|bigger)\b(?: [\w']+){{0,4}}? {NOUN}"
        rf"|\b(?:{NOUN}|{HOLDER})(?: \w+){{0,3}}? (?:would|should|must|needs?|has|have)(?: \w+){{0,6}}? (?:longer"
        rf"|as long|larger)\b"
    )
    far = (
        rf"\b{DENIAL}\b(?: \w+){{0,2}}? (?:go|goes|reach|reaches|stretch|extend|long|last"
        rf"|run)\w*(?: \w+){{0,2}}? (?:far|back|long|enough)"
    )
    met = (
        rf"\b{DENIAL}\b(?: \w+)? (?:satisf|meet|met\b|fulfil|reach|attain|match)\w*(?: \w+){{0,3}}? "
        r"(?:length|size|number|count|amount|quantity|minimum|threshold|requirement)"
    )
    if has_mishap(sentence) or not _tied(sentence):
        return False
    if any(_claimed(sentence, found.start()) for found in re.finditer(less, sentence)):
        return True
    asks = re.compile(r"\b(?:windows?|request|period|calculation|lookback|width)\b")
    if any(asks.search(sentence[: found.start()]) for found in re.finditer(more, sentence)):
        return True
    return any(_claimed(sentence, found.start()) for found in re.finditer(f"{wish}|{far}|{met}", sentence))


def is_only_few(sentence: str) -> bool:
    """A small count: "only 3 rows", "3 data points only", "limited to three days"; not "not only", not "only needs"."""
    only = r"(?<!not )\b(?:only|just|but|merely|barely|solely|mere|no more than|at most|limited to)\b"
    other = r"(?:need|needs|needed|use|uses|used|using|requires?|show|shows|showing|print|prints|first|last)\b"
    first = rf"{only}(?: (?!{other})[a-z]+){{0,3}}? {FEW}"
    last = rf"{FEW}(?: \w+){{0,3}}? (?:only|alone)\b"
    apart = r"(?: \w+)? (?:columns?|fields?|attempts?|tries|turns|steps|minutes?|seconds?|decimals?|digits?)\b"
    found = [hit for pattern in (first, last) for hit in re.finditer(pattern, sentence)]
    found = [hit for hit in found if not re.match(apart, sentence[hit.end() :][:40])]
    return _tied(sentence) and any(not re.search(SUPPOSED, clause_before(sentence, hit.start())) for hit in found)


def is_few_of_ten(sentence: str) -> bool:
    """A share: "3 of 10 rows", "rows: 3/10", "3 < 10", "3 instead of the required 10"."""
    against = r"(?:\bof|/|\bout of|\binstead of|\brather than|\bvs\.?|\bversus|\bagainst|<|≠|!=|\bnot)"
    between = r"(?:(?:the|a|required|needed|necessary|minimum|at least|window|length|size|rows?|days?)\W+){0,3}"
    pattern = rf"(?<![\d.,/-])[0-9]\b(?:\W+(?:\w+ ){{0,3}}?)?{against}\W*{between}{NEEDED}\b(?![.,]?\d)"
    if re.search(rf"\b[1-9]0? ?(?:%|percent) of (?:the )?(?:\w+ )?(?:{NOUN}|window)", sentence):
        return True
    if re.search(rf"{FEW}\)? ?<=? ?{TEN}|{TEN}\)? ?>=? ?{FEW}", sentence):
        return True
    return re.search(pattern, sentence) is not None and (_tied(sentence) or "window" in sentence)


def is_without_window(sentence: str) -> bool:
    """No window is full: "no 10-day window fits", "the window is only partly filled", "the data end before day 10"."""
    full = (
        r"(?:cover|fill|span|support|reach|complet|form|make|full|fit|clos|satisf|meet|met\b|exist|entire|whole|add\b"
        r"|amount|constitut|yield|suffic|permit|allow|contain|provid|offer|hold|carr)\w*"
    )
    patterns = (
        rf"\b{DENIAL}\b(?: [\w'-]+){{0,6}}? {full}(?: \w+){{0,3}}? {WINDOW}",
        rf"\b{DENIAL}\b(?: [\w'-]+){{0,4}}? {WINDOW}(?: \w+){{0,4}}? {full}",
        rf"{WINDOW}(?: \w+){{0,5}}? (?:{DENIAL} (?:\w+ ){{0,2}}?{full}|unfilled|incomplete|unavailable|{EMPTY})",
        rf"{WINDOW}(?: \w+){{0,3}}? (?:only|just|merely|barely|partly|partially)\b(?: \w+%?){{0,3}}? {full}",
    )
    stretch = (
        rf"\b{DENIAL}\b(?: [\w'-]+){{0,4}}? window (?:stretch|period|span|run|block|sequence|history|record|series)\b"
    )
    ends = r"\b(?:end|stop|finish|clos|break|run)\w*\b(?: \w+){0,5}? (?:before|short of)(?: \w+){0,3}?"
    if has_mishap(sentence):
        return False
    found = [hit for pattern in (*patterns, stretch) for hit in re.finditer(pattern, sentence)]
    return any(_claimed(sentence, hit.start()) for hit in found) or bool(
        re.search(f"{ends} (?:{TEN}|{WINDOW})", sentence)
    )


def is_without_ten(sentence: str) -> bool:
    """An absence: "does not cover 10 days", "7 more days are missing", "there is no data for the other days"."""
    denied = rf"\b(?:{DENIAL}|lacks?)\b(?: (?!need|requir|necessar|fewer|less|average|mean|for|over)\w+){{0,5}}?"
    there = r"(?:exist|avail|present|there|record|contain|giv|provid|found|in\b)"
    most = rf"(?:most|many|the majority|the bulk|the larger part) of(?: \w+)? {NOUN}"
    patterns = (
        rf"{denied} {TEN} (?:\w+ ){{0,3}}?{NOUN}",
        rf"{TEN} {NOUN}'?(?: \w+){{0,5}}? (?:{DENIAL} {there}|lacking|absent)",
        rf"\bno {NOUN}(?: \w+){{0,4}}? (?:other|rest|remaining|remainder)\b",
        rf"\b(?:miss|lack|omit|without)\w*(?: \w+)? {most}|{most}(?: \w+)? (?:missing|absent)",
    )
    missing = (
        r"(?:more|additional|further|extra|missing|short|absent|lacking|fewer|to go|shy|remain\w*|outstanding|too few"
        r"|below the)"
    )
    gap = rf"{FEW}(?: \w+){{0,4}}? {missing}\b|\b(?:missing|absent|lack\w*|another|short|shy)\b:?(?: \w+){{0,3}}? {FEW}"
    if has_mishap(sentence):
        return False
    absent = any(re.search(pattern, sentence) for pattern in patterns)
    return absent or (_tied(sentence) and re.search(gap, sentence) is not None)

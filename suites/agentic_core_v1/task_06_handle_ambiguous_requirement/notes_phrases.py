"""The words in which notes speak of keys, of upper and lower case, of choices and of what was left aside."""

from __future__ import annotations

import re

from agentic_core_prose import phrases

LISTED = phrases(
    r"alternativ*, options?, considered, rejected, other, possible, possibilit\w+, ambigu\w+, unclear, "
    "open questions?, candidates?, not (?:chosen|used|done), could, limitations?, caveats?, questions?, "
    "trade ?offs?, interpretations (?!chosen), readings(?! chosen), how to change, discarded, ruled out, "
    "different ways"
)
CHOSEN = phrases(
    r"(?<!not )\bchosen, selected, picked, used here, adopted, my choice, \[x\], "
    "[✓✔✅☑], this one, decision, choice"
)
SKIPPED = phrases(
    "if (?:you|needed|desired|preferred|required|necessary|wanted|instead|a different|another|someone|the (?:team"
    "|owner|intent*|requester)|(?:this|that|it) (?:is|was|reading|interpretation|does)), "
    "would, could, should you, alternativ*, "
    "other (?:readings|interpretations|options|possibilities|approaches), let me know, "
    "can be (?:read|understood|interpreted|changed|switched|adapted|re ?run|defined|taken), "
    r"one (?:can|could), either, possible (?:readings|interpretations|keys|definitions), ambigu\w+, unclear, "
    "does not say, did not say, not specified, unspecified, does not define, "
    "several (?:readings|ways|interpretations), tell me, not obvious, open to"
)
NEGATED = phrases(
    "not, never, no, nor, neither, without, rather than, instead of, as opposed to, reject*, avoid*, unlike, "
    "against, decided against, dismiss*, except"
)
BOUNDARY = (
    r"[;:()]| - | (?:but|while|whereas|although|though) "
    r"|,(?= (?:and|so|hence|therefore|thus|i|we|then|which|with|keep\w*|kept|ignor\w+|not|instead|regardless)\b)"
)
EMAIL = r"\be ?mails?\b(?: addresse?s?| columns?| fields?| values?)?"
SEPARATE = phrases(
    r"(?:kept|left|keep|remain*|retain*|preserv*|stay*|treat*|count*|are|were|is|as)\b(?: \w+){0,3}? (?:both|separate*"
    r"|distinct|untouched|apart|different), "
    r"different (?:people|persons?|users?|individuals|accounts), not (?:\w+ ){0,4}?duplicates?, "
    "distinct (?:people|persons?|users?), (?:are|as|makes?|remain) (?:2|two) (?:people|persons|users|accounts|keys), "
    "(?:everything|anything|all) else (?:(?:is|was) )?(?:kept|left|stays?|stayed|remains?|remained|untouched), "
    "not (?:be )?(?:removed|merged|touched|collapsed|dropped|deduplicated), "
    r"(?:differ*|otherwise|(?:an)?other (?:\w+ )?(?:data|columns?|fields?|details|values?|city|name|updated ?at))\b"
    r"[^.]{0,40}\b(?:kept|left|remain*|retained|preserved|stay*|survive)\b(?! (?:only |just )?(?:the|one|its) )"
)
AS_KEY = phrases(
    rf"{EMAIL}(?: \w+){{0,3}}? (?:as|is|was) (?:the |our |my |an? )?(?:\w+ )?(?:key|identifier|identity), "
    rf"key\b\W+(?:\w+ ){{0,3}}?{EMAIL}"
)
RELATION = phrases(
    r"same, identical, equal*, match*, shar\w+, duplicat\w+, uniqu\w+, distinct, repeated, common, one, "
    r"single, each, every, per, by, on, using, use, used, based, key*, identif\w+, compar\w+, group*, de ?dup*, "
    r"criterion, criteria, defin\w+, decid\w+, treat*, via, normali[sz]\w+, anycase, exactcase, whose, "
    r"reading, interpretation, chosen, chose, assum\w+, rule"
)
EXACT = phrases(
    r"exact(?:ly)? (?:the same |same |identical |full )?(?:rows?|lines?|records?|dup*|cop\w+|repeat*|entries), "
    "exact row, "
    "(?:fully|completely|entirely|totally|100 ?%|perfectly|literally) (?:identical|equal|the same|duplicated?), "
    "identical (?:rows?|lines?|records?|entr(?:y|ies)|cop(?:y|ies)|duplicates?), "
    "full (?:row|record|line), "
    "(?:cop(?:y|ies)|duplicates?|repeats?|repetitions?|repeat(?:ed|ing)?) (?:of )?(?:another|an earlier|a previous"
    "|other|earlier) (?:rows?|lines?|records?|ones?), "
    "(?:rows|lines|records|entries|row|line)(?: that| which)?(?: are| were| is)? (?:identical|equal|exact*|verbatim), "
    r"(?:all|every|each)(?: single)?(?: of the| the)?(?: \d+| four)? (?:columns?|fields?|values?|cells?|attributes?), "
    "(?:entire|whole|full|complete) (?:csv )?(?:rows?|records?|lines?), byte for byte, "
    "character for character, verbatim, row for row"
)
NAME = phrases(
    r"(?:same|identical|matching|equal|by|on|per|shared?|key*|criterion|identity|identifier|using|based on|match*"
    r"|duplicate)(?: \w+){0,2}? (?:full )?names?\b(?! (?:only )?(?:column|field) (?:is|was)), "
    r"(?:city|updated ?at) ?(?:and|\+|plus|&|/) ?(?:the )?e ?mail, "
    r"e ?mail(?: address)? ?(?:and|\+|plus|&|/) ?(?:the )?(?:city|updated ?at), "
    r"names? ?(?:and|\+|plus|&|/|,) ?e ?mail, e ?mail ?(?:and|\+|plus|&|/) ?(?:the )?(?:full )?name"
)
EXACT_MATCH = r"\bexact(?:ly)? (?:the same|same|match\w*|equal\w*|identical)\b"
CASE = (
    r"(?:letter |upper(?: or | and |/)lower |e ?mail |character )?"
    r"(?:cas(?:e|es|ing)|capitali[sz]ation|capitals|upper ?case|spelling in capitals)\b"
)
ANY_CASE = phrases(
    r"case ?insensitiv*, (?:not|non|un) ?case ?sensitiv*, lower ?cas\w+, upper ?cased, lower\(\w*, "
    rf"case ?fold*, normali[sz]\w* (?:the )?{CASE}, "
    r"normali[sz]\w*(?: the)?(?: e ?mails?| addresses| address)*, "
    r"e ?mails?(?: addresse?s?)? (?:was |were |is |are )?normali[sz]\w*, "
    rf"(?:ignor|disregard|fold)\w*(?: any| the| differences in| upper/lower)* {CASE}, "
    rf"(?:regardless|irrespective|independent*) of(?: the| its| their)? {CASE}, "
    rf"{CASE}(?: differences?)? (?:is|was|are|were|being)? ?(?:ignored|irrelevant|insignificant|disregarded|folded"
    rf"|not (?:significant|relevant|considered|taken|important|distinguished)|meaningless), "
    rf"{CASE} (?:does|did|do) not (?:matter|count), without regard (?:to|for) {CASE}, "
    rf"differ*(?: only| just| merely)? (?:in|by)(?: \w+){{0,2}}? {CASE}, (?:only|just) {CASE} differ*, "
    rf"in (?:a )?different {CASE}, same (?:\w+ )?in (?:any|upper|lower) {CASE}, any (?:letter )?case, "
    rf"(?:no matter|whatever) (?:the |their |its |what |which )?{CASE}, "
    rf"without (?:any |looking at |considering |respect to |regard for )?{CASE}, "
    rf"{CASE}\W{{1,3}}(?:ignored|irrelevant|folded|disregarded), "
    rf"(?:in|with|of) (?:a )?(?:different|varying|other) {CASE}, "
    rf"(?:apart from|except for|aside from|other than|up to|modulo|but for|save for)(?: the| their)? {CASE}, "
    "case differences, case variants?"
)
OWN_CASE = phrases(
    r"(?<!not )(?<!non )(?<!un)\bcase ?sensitiv*, exactly as (?:written|typed|given|spelled|stored), "
    rf"{CASE}\W{{1,3}}(?:respected|significant|relevant|matters|as written|kept apart|distinguished|honou?red), "
    "case (?:matters|counts|is (?:significant|respected|relevant|preserved for comparison)), "
    r"e ?mails?\b[^.]{0,30}\bas (?:typed|written|is), "
    r"(?:different|other) (?:capitali[sz]ations?|cas(?:e|ing)|spellings?)(?: \w+){0,3}? (?:different|distinct|separate)"
)


def clause_start(text: str, position: int) -> int:
    """Where the clause of a position begins."""
    ends = [found.end() for found in re.finditer(r"[;:,(]| - ", text[:position])]
    return ends[-1] if ends else 0

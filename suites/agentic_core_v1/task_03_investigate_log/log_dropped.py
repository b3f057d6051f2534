"""What a finding weighs and lets go: ``hypothesis dropped: ...``, ``... and threw that idea out``.

The verdict takes back its own clause, or, when it stands alone, the sentence before.
"""

from __future__ import annotations

import re
from dataclasses import replace

from agentic_core_prose import Piece, phrases

VIEW = (
    r"(?:theor(?:y|ies)|ideas?|hypothes[ie]s|explanations?|suspicions?|leads?|guess(?:es)?|stor(?:y|ies)|views?"
    r"|scenarios?|narratives?|claims?|assumptions?|thes[ie]s|readings?|possibilit(?:y|ies)|angles?|conjectures?"
    r"|notions?|thoughts?|candidates?|suspects?|diagnos[ie]s|options?|culprits?|causes?|impressions?|verdicts?)"
)
_GIVEN_UP = (
    r"(?:dropped|abandoned|discarded|rejected|dismissed|thrown (?:out|away)|ruled out|set aside|shelved|eliminated"
    r"|refuted|binned|scrapped|written off|crossed (?:off|out)|parked|falsified|disproved|disproven|debunked|withdrawn"
    r"|retracted|contradicted|overturned|invalidated|unsupported|unconfirmed|not (?:supported|confirmed|borne out"
    r"|substantiated|upheld|tenable|viable|kept|credible|plausible)|no longer (?:held|tenable|believed)|struck off"
    r"|found (?:wanting|lacking|untrue|false|baseless|unfounded)|innocent|off the (?:table|hook|list)"
    r"|out of the question"
    r"|acquitted|cleared|exonerated|(?:is|was|are|were|proved|turned out(?: to be)?|seems) (?:\w+ (?:but|and|yet) "
    r"|\w+ly |, )?(?:wrong|false"
    r"|mistaken|incorrect|untrue|misleading|unfounded|baseless)|can(?:not)? be (?:excluded|dismissed|discarded"
    r"|eliminated|upheld)"
    r"|given up|laid to rest|put to bed|out of the running|a dead end|a blind alley|a wrong turn|a false (?:lead|trail)"
    r"|a wild goose chase|wide of the mark|untenable|a non starter|deemed \w*(?:unlikely|implausible|irrelevant))"
)
_FAILS = (
    r"(?:(?:does|did|do|could|can|would) not|cannot|fail(?:s|ed) to) (?:\w+ )?(?:survive|hold|stand|pan out|check out"
    r"|explain|add up|bear out|convince|work out|stack up|wash|fly|fit(?: (?:the )?(?:facts|timeline|data|evidence"
    r"|timestamps|numbers|log))|match (?:the )?(?:facts|timeline|data|evidence|timestamps|numbers|log))\b"
)
_ENDS = r"ha[sd] an alibi|bit(?:es)? the dust|(?:went|led|leads|goes|got|gets) nowhere"
_ENDS += r"|c[ao]me(?:s)? to nothing|fell (?:apart|flat|through)|falls apart"
VERDICT = rf"(?:{_GIVEN_UP}|{_FAILS}|{_ENDS})"
_LET_GO = (
    r"\b(?:dropp\w+|abandon\w+|discard\w+|reject\w+|dismiss\w+|thr[eo]wn?|set(?:ting)? aside|wrote off|ruled out"
    r"|scrapp\w+|binned|shelved|refuted|disproved|gave up(?: on)?|let go of|moved on from|crossed off|eliminated)"
    r" (?:it|(?:that|this|the) (?:idea|theory|hypothesis|thought|one|notion|explanation|lead|possibility|option"
    r"|suspicion)|this|that)\b(?: (?:out|away|off|aside|up))?"
)
EARLIER_LABEL = phrases(
    "initial(?:ly)?, originally, at first, earlier, former(?:ly)?, old, previous(?:ly)?, prior, discarded, dropped, "
    "abandoned, rejected, refuted, disproved, debunked, withdrawn, superseded, obsolete, wrong, false, incorrect, "
    "tempting, popular, common misconception, myth, considered and, refused, invalid, falsified, not retained"
)
_OPEN = (
    r"\b(?:remains?|stays?|is still|are still|left|is) (?:\w+ )?(?:unexplained|unclear|unknown|undetermined|unresolved"
    r"|a mystery|to be seen|an open question)\b"
)
_CLAUSE = r"[;:](?!\d)| - |(?:,? (?:while|whereas|but|though|although|because|since)|, (?:and|so)) "
_EVIDENCE = r"(?:the |its |their )*(?:numbers|figures|timestamps?|timing|evidence|data|logs?|facts|timeline|times)"
AGAINST = (
    rf"\b(?:but|however|yet|only|alas|sadly),? {_EVIDENCE} (?:(?:do|does|did|would) not (?:\w+ )?(?:fit|support|bear"
    r"|agree|match|back|confirm|allow|add up|work)|(?:disagrees?|sa(?:ys?|id) otherwise|contradicts?|rul\w+ (?:it|this"
    r"|that) out|speaks? against|points? (?:elsewhere|away)|tells? (?:another|a different)))"
)
FORMERLY = (
    r"\W*(?:(?:an?|the|my|our|one|some) )*(?:earlier|previous|first|initial|prior|older|original|former|preliminary)"
    r" (?:\w+ ){0,3}?(?:said|claimed|stated|read|blamed|suggested|assumed|held|had it|pointed|put it|concluded"
    r"|wrongly)\b"
)
TEMPTING = (
    r"\b(?:(?:tempting|easy|natural|convenient|attractive|customary) to (?:say|think|blame|assume|believe|conclude"
    r"|suspect"
    r"|suppose|point|declare)|(?:one|you|anyone|people|somebody|someone|many) (?:might|could|may|would"
    r"|will) (?:\w+ )?(?:say"
    r"|think|blame|assume|believe|conclude|suspect|suppose|expect|guess|argue)|(?:on call|on-call|he|she|everyone"
    r"|colleagues?"
    r"|somebody|someone|the (?:\w+ )?(?:engineer|team|ops|operator|vendor|developers?|admin)) (?:\w+ )?(?:believe"
    r"|thought"
    r"|suspect|assume|claim|blame|accuse|said|says|maintain)\w*)\b.*?(?=;| but |, (?:yet|and (?:indeed|rightly))|: |$)"
)
"""What others think, or one might, is not what the finding says."""
ALONE = (
    rf"^(?:but |however,? |yet |alas,? |and |sadly,? )*(?:(?:this|that|it) (?:{VIEW} )?"
    rf"|(?:the|my|our) (?:(?:first|initial|whole|above|former|original|entire|said) )?{VIEW} )(?:(?:then|soon|also) )?"
    rf"(?:(?:is|was|has been|had been|has since been|turned out|proved|turns out|seems|looks)(?: to be)? )?(?:\w+ly )?"
    rf"(?:{VERDICT}|wrong\b|false\b|incorrect\b|mistaken\b|not (?:the case|true|so|it|right|correct|what happened)\b)"
    rf"|^(?:but |however,? |yet )?{_EVIDENCE} (?:(?:do|does|did) not (?:bear (?:this|that|it) out|support (?:this|that"
    r"|it)|agree|fit)|contradicts? (?:this|that|it)|sa(?:ys?|id) otherwise|rules? (?:this|that|it) out)"
    r"|^(?:not so|wrong|nope|false|no such (?:thing|luck))\b[.!,]"
)
"""A sentence that takes back the one before it."""


def _clause_start(text: str, position: int) -> int:
    starts = [found.end() for found in re.finditer(_CLAUSE, text[:position])]
    return starts[-1] if starts else 0


def kept_claims(text: str) -> str:
    """The sentence less its clauses that end in a verdict against them."""
    heading = re.match(r"\W*([^:]{1,70}?)\s*:(?!\d)", text)
    if heading and "/" not in heading[1]:
        view = re.search(rf"\b{VIEW}\b", heading[1])
        if view and re.search(rf"(?<!not ){VERDICT}", heading[1]):
            return ""
        if re.match(rf"(?:the |an? |our |my )*{EARLIER_LABEL}", heading[1]) and (
            view or re.match(r"\w+(?: \w+)? (?:suspect|thought|assumed|believed|blamed)", heading[1])
        ):
            return ""
    subject = (
        rf"\b(?:the|an?|my|our|this|that|one|another|first|\w+) (?:[^\s;]+ )?{VIEW}\b|^\W*that\b|\b(?:consider|looked"
    )
    subject += r"|examin|test|entertain|explor|weigh|toy|check|suspect|wonder|thought|speculat|imagin)\w*\b"
    if re.match(FORMERLY, text):
        return ""
    text = re.sub(TEMPTING, " ", text)
    for hit in re.finditer(rf"\b{VERDICT}|{_LET_GO}|{_OPEN}|{AGAINST}", text):
        start = _clause_start(text, hit.start())
        if re.match(AGAINST, hit.group()):
            start = 0
        before = text[start : hit.start()]
        closing = re.search(r"[:-]\s*(?:(?:is|was|but|definitely|clearly|probably) )*$", text[: hit.start()])
        if closing:
            start, before = 0, text[: hit.start()]
        by_itself = closing or re.match(rf"{_LET_GO}|{AGAINST}|{_OPEN}", hit.group())
        if by_itself or re.search(subject, before):
            text = f"{text[:start]}{' ' * (hit.end() - start)}{text[hit.end() :]}"
    return text


def without_dropped(found: list[Piece]) -> list[Piece]:
    """Pieces less those that the next one takes back."""
    kept: list[Piece] = []
    for piece in found:
        if kept and re.search(ALONE, piece.text):
            kept[-1] = replace(kept[-1], text="-")
        kept.append(piece)
    return kept

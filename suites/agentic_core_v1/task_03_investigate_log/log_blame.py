"""Is something else made the cause? Every suspect that a finding names must be set aside, or claim nothing.

A suspect may be named as a moment ("after the 14:25 deploy"), as a victim ("GET /api/cart failed too"), as ruled out,
or as something that "may have contributed". It may not cause, share the cause, or stand as one candidate among several.
In a sentence that holds a part of the diagnosis a suspect that is not set aside counts as blamed, whatever its verb.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise

from agentic_core_prose import Piece
from log_agents import wrong_agents
from log_blame_words import (
    AUXILIARY,
    BEFORE_A_MOMENT,
    BEFORE_A_VICTIM,
    BEFORE_AN_EXCEPTION,
    CAUSED_BY,
    CAUSES,
    CONTRIBUTES,
    DENIAL,
    DISMISSAL,
    DONE_BY,
    EFFECT,
    FILLER,
    INNOCENT,
    INVENTED,
    ITS_REQUESTS,
    MILDLY,
    MINOR,
    PART_OF_IT,
    SEEN_BESIDE,
    SUFFERS,
    UNDECIDED,
)
from log_claims import ADVICE_HEADING, DISMISSAL_HEADING, asserted
from log_concurrency import AMOUNT, CROWD, GREAT, TOGETHER, is_concurrent
from log_exhaustion import is_exhausted
from log_incident import Incident
from log_roles import named_culprits
from log_suspects import Mention, mentions
from log_trigger import names_trigger


def _is_set_aside(text: str, mention: Mention) -> bool:
    """A moment, an exception, a victim, ruled out, conceded, or mildly put."""
    before, after = _outside_brackets(text[: mention.start], text[mention.end :])
    others = r"\b(?:everything|anything|all|the|what|any) (?:\w+ )?(?:else|other|others|rest|remaining|remainder)\b"
    if re.search(others, before) and re.search(rf"{DISMISSAL}|{MINOR}", after) and not re.search(CAUSES, after):
        return True
    conceded = re.search(r"\b(?:although|though|even if)\b[^,;]*$", before)
    tempting = r"\b(?:tempt(?:ing|ed)|one (?:might|could|may|would)|you (?:might|could)|at first (?:sight|glance))\b"
    thought_of = re.search(tempting, before) and re.search(r"\bbut\b", after)
    figure = re.search(r"\b(?:so to speak|as it were|akin to|as if by)\b", text)
    mild = re.search(rf"{MILDLY}[^;.]{{0,40}}{CONTRIBUTES}", text)
    if conceded or thought_of or figure or mild:
        return True
    return _is_passed_over(before, mention, after) or _is_ruled_out(before, after) or _suffers(mention, after)


def _outside_brackets(before: str, after: str) -> tuple[str, str]:
    """What stands before and behind the brackets that something is listed in: the verdict on all of them."""
    opened, closed = before.rfind("("), after.find(")")
    if (
        opened < 0
        or closed < 0
        or ")" in before[opened:]
        or not re.search(r",| and ", before[opened:] + after[:closed])
    ):
        return before, after
    if re.search(r"\b(?:not?|un\w+|only|just|noise|herrings?|innocent)\b", before[opened:] + after[:closed]):
        return before, after
    return before[:opened], after[closed + 1 :]


def _is_passed_over(before: str, mention: Mention, after: str) -> bool:
    """Named as a moment, an exception or a victim; "slower since the deploy" and "since it broke" make it a cause."""
    victim = rf"|{BEFORE_A_VICTIM}" if mention.family not in INVENTED else ""
    aside = rf"(?:{BEFORE_A_MOMENT}|{BEFORE_AN_EXCEPTION}{victim}) (?:{FILLER} )*[\"'(]*$"
    worse = (
        r"\b(?:slow\w*|longer|worse|degrad\w+|sluggish|broken|unstable) (?:\w+ )?(?:after|since|following) (?:\S+ "
        r"){0,4}$"
    )
    changed = r"\b(?:slower|longer(?! than)|twice as long|heavier|worse|more expensive|less efficient|no longer)\b"
    reason = re.search(rf"\bsince (?:{FILLER} )*$", before) and re.match(r" (?:had|has|is|was|made|\w+[^e]ed)\b", after)
    if reason or re.search(worse, before) or (mention.family == "deploy" and re.search(changed, after)):
        return False
    return bool(re.search(aside, before)) and not re.match(rf",? {CAUSES}", after)


def _is_ruled_out(before: str, after: str) -> bool:
    """A denial in front that reaches it, or a dismissal behind it that no verb of damage comes between."""
    none_left = (
        r"\b(?:no|not|without|none|nothing|never|zero)\b (?:\w+ ){0,5}?(?:connections?|slots?|pool|left|free"
        r"|enough)\b(?! (?:to|with|between)\b)"
    )
    clause = re.sub(none_left, "", re.split(r"[;]| but | - |: ", before)[-1])
    denied = re.search(rf"{DENIAL}(?:[^;:.]|[:.](?=\w)){{0,60}}$", clause)
    if denied and not re.search(r"\b(?:but|because|since)\b", clause.rpartition("not ")[2]):
        return True
    but = r" but (?!(?:\w+ ){0,3}?(?:not|never|no|nothing|harmless|unrelated|irrelevant)\b)"
    rest = re.split(
        but + r"|[;]| while | whereas |,? (?:so|as|because) |: (?!(?:\w+ ){0,2}?(?:not|never|no)\b)", after
    )[0]
    listed = re.match(rf"(?:[^;.]|\.(?=\w)){{0,110}}?{DISMISSAL}", rest)
    dismissed = listed or re.match(rf"[^;.,]{{0,60}}?(?:, (?:both|all|each) (?:\w+ ){{0,2}}?)?{MINOR}", rest)
    not_found = re.search(r"\b404\w* (?:\w+ ){0,3}(?:from|by|of|due to) (?:\w+ ){0,3}$", before)
    introduced = not not_found and re.search(rf"{CAUSED_BY} (?:\w+ ){{0,2}}$", before)
    if dismissed is None or introduced:
        return False
    between = rest[: dismissed.end()]
    return not re.search(rf"{CAUSES}|,? not (?:the|a)\b", between) and not re.match(
        rf",? and (?:\w+ )?{CAUSES}", rest[dismissed.end() :]
    )


def _suffers(mention: Mention, after: str) -> bool:
    """``GET /api/cart requests also failed``: the sentence goes on with what happened to it."""
    if mention.family not in {"path", "slow requests", "not found", "scan"}:
        return False  # a disk that was slow is no victim
    return bool(re.match(rf"(?: (?:{ITS_REQUESTS}|/\S+|,))*,? (?:{AUXILIARY} )*{SUFFERS}", after))


def _is_blamed(text: str, mention: Mention) -> bool:
    """Does a cause's words lead up to it, does it do the damage, or is it one of a choice?"""
    before, after = text[: mention.start], text[mention.end :]
    clause = re.split(r";| but ", before)[-1][-200:]
    if any(not re.search(EFFECT, clause[found.end() :]) for found in re.finditer(CAUSED_BY, clause)):
        return True
    if re.match(r"[\s,:|)-]+(?:confirmed|yes|true|guilty|✓|✔|✅|☑)(?!\w)", after):
        return True
    aside = r"(?:'s)?[)\"']*(?:, [^,;]{1,60},)? ?(?:\(\S[^)]{0,40}\) ?)?,? ?"
    joined = r"(?:(?:and|which|that|together|also|together with|combined with|along with|plus) )?"
    passive = rf"[^;.]{{0,30}}\b(?:is|are|was|were|been|being|got) (?:\w+ )?{DONE_BY} by"
    near = r"(?:[\w/.'%:-]+ ){0,6}?"
    far = r"(?:(?!post\b|because\b|since\b|as\b)[\w/.'%:-]+ ){0,10}?"
    if re.match(rf"{aside}{joined}(?:{near}|{far}){CAUSES}", after) and not re.match(passive, after):
        return True
    chosen_from = re.search(
        r"\b(?:or|either|maybe|perhaps|possibly)\b (?:\w+ ){0,4}$|\balternativ\w+\b[^;.]{0,30}$", before
    )
    return bool(chosen_from or re.match(r"[^;.,]{0,30},? or\b", after))


def _comes_together(text: str, mention: Mention) -> bool:
    """Another path's requests that are said to pile up: "a surge of GET /api/cart", "40 GET /api/cart requests"."""
    errors = r"(?:500|5xx|error|fail|404|timeout)"
    many = rf"(?<![\w.:/]){CROWD}"
    crowd = (
        rf"(?:\b(?:{TOGETHER}|{GREAT} {AMOUNT})\b|{many})(?: (?:of|in|on|from|and))?(?: (?!{errors})[\w']+){{0,3}} $"
    )
    at_once = (
        r" (?:(?:requests?|calls?|traffic) )?(?:concurrent\w*|simultaneous\w*|in parallel|at once|in (?:great"
        r"|large) numbers)\b"
    )
    many_of_it = re.search(crowd, text[: mention.start]) or re.match(at_once, text[mention.end :])
    return mention.family == "path" and bool(many_of_it)


def blamed(found: list[Piece], incident: Incident) -> Iterator[str]:
    """Every suspect that the text makes a cause or leaves as one of several candidates."""
    for piece in found:
        text = asserted(piece)
        beside = _holds_a_part(text, incident)
        every = mentions(text, incident)
        named = [mention for mention in every if not _is_set_aside(text, mention)]
        for mention in every:
            shown = text[mention.start : mention.end]
            guilty = mention in named and (
                (beside and mention.family not in SEEN_BESIDE)
                or mention.family in INVENTED
                or _is_a_bare_name(piece, mention)
                or _is_blamed(text, mention)
                or _comes_together(text, mention)
                or _is_listed_as_cause(piece)
            )
            if guilty or (beside and _is_the_alternative(text, mention)):
                yield f"{shown!r} is made a cause in {text!r}"
        for mention in [*named_culprits(piece, incident), *wrong_agents(text, incident)]:
            if text and not _is_set_aside(text, mention):
                yield f"{text[mention.start : mention.end]!r} stands as the culprit in {text!r}"
        families = {mention.family for mention in named if mention.family not in SEEN_BESIDE}
        if len(families) >= 3 and not re.match(rf"\W*(?:\w+ )?(?:(?:{INNOCENT})\b|{DISMISSAL_HEADING})", text):
            yield f"{', '.join(sorted(families))} are left side by side in {text!r}"
    for rule in (_led_on, _undecided, _no_conclusion, _soup, _another_cause, _root_of_the_root, _reversed):
        yield from rule(found, incident)


def _holds_a_part(text: str, incident: Incident) -> bool:
    return is_exhausted(text) or is_concurrent(text, incident) or names_trigger(text, incident)


def _is_a_bare_name(piece: Piece, mention: Mention) -> bool:
    """``A slow disk.``: a sentence of its own that only names a suspect."""
    bare = piece.group is None and not piece.heading and len(piece.text.split()) <= 4 and ":" not in piece.text
    return bare and mention.family not in SEEN_BESIDE


def _is_the_alternative(text: str, mention: Mention) -> bool:
    """``either the pool or the deploy``: a choice that is left open, whatever else is said of it."""
    before, after = text[: mention.start], text[mention.end :]
    if not re.search(r"\b(?:either|or|alternatively|otherwise|toss up|between)\b", text):
        return False
    if re.search(rf"{DENIAL}[^;]*$", before):
        return False
    choice = r"\b(?:or(?: (?:else|maybe|perhaps|possibly))?|either|alternatively|otherwise|between) (?:[^\s;]+ ){0,3}$"
    return bool(re.search(choice, before) or (re.search(r"\beither\b", before) and re.search(r"\bor\b", after)))


def _undecided(found: list[Piece], incident: Incident) -> Iterator[str]:
    """``I cannot say which``, with a suspect beside the pool that is not ruled out; of one candidate it may be said."""
    texts = [piece.text for piece in found]
    open_to = [text for text in texts if re.search(UNDECIDED, text)]
    left = [
        text[mention.start : mention.end]
        for text in texts
        for mention in mentions(text, incident)
        if mention.family not in SEEN_BESIDE and not _is_set_aside(text, mention)
    ]
    if open_to and left:
        yield f"{left[0]!r} is left as a candidate by {open_to[0]!r}"


def _no_conclusion(found: list[Piece], incident: Incident) -> Iterator[str]:  # noqa: ARG001 - as its neighbours
    """``I draw no conclusion``, ``cause: unknown``."""
    none = (
        r"\b(?:draw|reach|reached|drew|offer|make|come to) no (?:firm |final |clear )?(?:conclusion|verdict"
        r"|diagnosis)\b"
        r"|\b(?:no verdict|verdict: none|(?:root )?cause(?: is| remains|:)? (?:unknown|unclear|tbd|undetermined))\b"
    )
    yield from (f"nothing is concluded in {piece.text!r}" for piece in found if re.search(none, piece.text))


def _led_on(found: list[Piece], incident: Incident) -> Iterator[str]:
    """A suspect in one sentence, and the next begins with "as a result", "since then" or "this caused"."""
    points_back = (
        r"(?:(?:as a (?:result|consequence)|therefore|consequently|hence|thus|so|then|(?:since|from) then|after that"
        r"|for this reason|because of (?:this|that)|(?:this|that) is why|accordingly|in turn)\b"
        rf"|(?:this|that|it|which|they|these) (?:then |thereby |also )?(?:{CAUSES}|(?!is\b|was\b|has\b"
        rf"|had\b)\w+(?:ed|s)\b))"
    )
    for piece, following in pairwise(found):
        text, then = asserted(piece), asserted(following)
        named = [mention for mention in mentions(text, incident) if not _is_set_aside(text, mention)]
        if named and not is_exhausted(text) and re.match(points_back, then) and _holds_a_part(then, incident):
            yield f"{text!r} is said to have led to what follows"


def _root_of_the_root(found: list[Piece], incident: Incident) -> Iterator[str]:
    """``the sun flared, so concurrent POSTs piled up``: what made the requests pile up is none of the diagnosis."""
    joint = (
        r",? (?:and )?(?:so(?: that)?|therefore|hence|thus|consequently|as a result|which (?:made|caused|led|left"
        r"|forced))\b"
    )
    piling = r"\b(?:pil|stack|accumul|slow|longer|back(?:ed|ing) up|h[eo]ld|kept|keep|stuck|r[ua]n longer)"
    for piece in found:
        text = asserted(piece)
        parts = re.split(joint, text, maxsplit=1)
        if len(parts) < 2 or len(parts[0].split()) < 3:
            continue
        before, after = parts
        ours = rf"{PART_OF_IT}|\b{re.escape(incident.noun)}s?\b|\d{{3,4}} ?ms|\d ?s\b|\b500"
        if not re.search(ours, before) and names_trigger(after, incident) and re.search(piling, after):
            yield f"{before!r} is said to have made the requests pile up"


def _reversed(found: list[Piece], incident: Incident) -> Iterator[str]:  # noqa: ARG001 - one signature for all rules
    """The exhaustion as an effect of the errors."""
    effect = (
        r"(?:consequence|result|effect|symptom|by product|aftermath|outcome) of (?:the |these |those )*(?:\w+ (?:of "
        r")?)?"
    )
    for piece in found:
        text = asserted(piece)
        for hit in re.finditer(rf"{effect}(?:500s?|errors|failures|burst)\b", text):
            if is_exhausted(text[: hit.start()]) and not re.search(
                r"\b(?:not|never)\b", text[hit.start() - 30 : hit.start()]
            ):
                yield f"the exhaustion is an effect in {text!r}"


def _is_listed_as_cause(piece: Piece) -> bool:
    """An item of a list of causes or candidates; its own label may say otherwise."""
    cause = (
        r"\b(?:causes?|candidates?|hypothes[ie]s|suspects?|reasons?|factors?|explanations?|culprits?|possibilit\w+)\b"
    )
    label = re.match(r"([\w /'-]{1,30}):", piece.text)
    excused = label and re.search(
        rf"{ADVICE_HEADING}|{DISMISSAL_HEADING}|\b(?:victims?|impact|affected|context|timeline)\b", label.group(1)
    )
    short = len(piece.text.split()) <= 12
    return piece.group is not None and bool(re.search(cause, piece.heading)) and short and not excused


def _soup(found: list[Piece], incident: Incident) -> Iterator[str]:
    """Bare noun phrases in one list: the pool beside two or more other suspects, with nothing said of any."""
    for group in {piece.group for piece in found if piece.group is not None}:
        items = [asserted(piece) for piece in found if piece.group == group]
        bare = [
            mention.family
            for text in items
            for mention in mentions(text, incident)
            if len(text.split()) <= 6 and ":" not in text and not _is_set_aside(text, mention)
        ]
        if len(set(bare)) >= 2 and any(is_exhausted(text) for text in items):
            yield f"{', '.join(sorted(set(bare)))} stand beside the pool in one list"


def _another_cause(found: list[Piece], incident: Incident) -> Iterator[str]:
    """A sentence that names "the root cause" and speaks of nothing that belongs to it."""
    for piece in found:
        text = asserted(piece)
        named = re.search(r"\broot cause\b[^:]{0,40}?(?:\b(?:is|was)\b|:)(?! not\b) ?(.+)", text)
        if named and not re.search(rf"{PART_OF_IT}|\b{re.escape(incident.noun)}s?\b", named.group(1)):
            yield f"another root cause is named in {text!r}"

"""What part a label gives to what stands behind it: the one who did it, the ones who suffered, or neither.

``Victims: POST /api/orders`` names the path and blames nobody; ``borrowers: GET /api/cart`` blames, without a verb.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from agentic_core_prose import Piece, phrases
from log_incident import Incident
from log_suspects import Mention, mentions
from log_trigger import path_pattern

_DONE = (
    r"(?:drain|empt(?:y|i)|exhaust|consum|us|tak|took|taken|h[eo]ld|occup|fill|hogg?|deplet|saturat|eat|ate|block|drank"
    r"|drink|swallow|caus|trigger|driv|drove|overr[ua]n|overwhelm|ask|borrow|monopoli|grabb?|own|load|overload|broke"
    r"|brought|made|kept|keep|clog|starv|creat|produc|provok|spent|s[au]pp?|tied|ties|locked|want|need|demand)\w*"
)
VICTIM = (
    phrases(
        "victims?, collateral(?: damage)?, casualt(?:y|ies), sufferers?, suffer(?:s|ed|ing)?, affected, bystanders?, "
        "impact(?:ed|s)?, injured, wounded, fallout, symptoms?, damaged?, consequences?, effects?, failed, failing, "
        "losers?, starved(?! by), blocked(?! by), stuck, dragged (?:down|along|in), harmed, hurt, "
        "hit(?! by), also hit, hit hardest, hardest hit, innocent, innocents, knock on, side effects?, mourners, "
        "left out, locked out, turned away, rejected, paid the price, pa(?:ys|id|ying) (?:for it|the (?:price|bill)), "
        "visible to, seen by users?, user impact, blast radius, those who lost, who lost(?: out)?, "
        "(?:had|has|have) to wait, waiting, waiters, who wait(?:s|ed), sacrificed, aftermath, downed, "
        "what (?:did )?(?:the )?(?:users|clients|customers) (?:see|saw|notice|noticed|got|get), timed out, dead"
    )
    + r"|^(?:the )?(?:\d+ )?(?:http )?(?:500 )?(?:errors|failures|500s)$|^who (?:died|failed|fell over|was (?:hit"
    r"|hurt))\b"
)
CULPRIT = (
    phrases(
        "culprits?, offenders?, perpetrators?, murderers?, killers?, guilty(?: party)?, responsible, consumers?, "
        "borrowers?, holders?, hogs?, drivers?, triggers?, causes?, origins?, sources?, reasons?, whodun*, by whom, "
        "blamed?, to blame, suspects?, instigators?, occupants?, occupiers?, tenants?, owners?, eaters?, takers?, "
        "agents?, aggressors?, attackers?, villains?, hotspots?, hot (?:path|route|endpoint), leaseholders?, "
        "requesters?, callers?, users?, clients, load, demand, traffic, perp, spenders?, drinkers?, thie(?:f|ves), "
        "occupied, why, due to, because(?: of)?, from, root, initiators?, originators?, pressure, driving force, "
        "what did it, who did it, who did this, who is it, who was it, how it happened, mechanism"
    )
    + r"|\b(?:exhaust|drain|empti|consum|eat|tak|hold|hogg|occupi|borrow|deplet|saturat|fill|spend|us|block)(?:er"
    r"|or)s?\b"
    r"|\b(?!suffer|affect|wait)\w+ing (?:party|side|endpoint|path|route|request)s?\b"
    + rf"|\b{_DONE} (?:\w+ )?by$|^by$|^who$|^(?:who|what|which \w+) (?:\w+ ){{0,2}}?{_DONE}\b"
)
NO_ROLE = r"\b(?:pools?|connections?|causes?|culprits?|reasons?|analysis|is|report|summary)\b"
"""A label that speaks of these is about something else than who suffered: ``the pool hit the wall: ...``."""
NEITHER = r"^(?:not|no|non|neither|nor|un\w+|other|dis\w+|contributing nothing|ruled|excluded|innocent)\b"


def label(piece: Piece) -> str:
    """What stands before the colon, or in the first cell of a row; empty where there is none."""
    found = re.match(r"\W{0,3}([\w /'()#-]{1,60}?)\??\s*(?::(?!\d)|=(?![^=]* = ))", piece.text)
    if found is None and piece.group is not None:
        found = re.match(r"\W{0,3}([\w '-]{1,30}?)\??, ", piece.text)
    return found[1].strip() if found else ""


def is_of_victims(piece: Piece) -> bool:
    """Does the label, a later cell of the row, or the heading above say that what is named here suffered?"""
    own = label(piece)
    if own and not re.search(r"/\w", own):
        if re.search(NEITHER, own):
            return False
        if re.search(VICTIM, own):
            return not re.search(NO_ROLE, own)
        if re.search(CULPRIT, own):
            return False
    if piece.group is not None:
        cell = r"(?:, |- |\()(?:(?:a|an|the|only|just|merely|pure) )?(?:victims?|collateral(?: damage)?|bystanders?"
        cell += r"|casualt(?:y|ies)|suffer(?:s|ed|er)|affected(?: only)?|starved|innocent)\b(?=\W*$|, |\))"
        if re.search(cell, piece.text) and len(re.findall(r"(?<!\w)/\w", piece.text)) < 2:
            return True
    heading = piece.heading.strip(" :")
    return bool(heading) and bool(re.search(rf"^(?:the |who (?:\w+ )?)?(?:{VICTIM})$", heading))


def is_of_culprits(piece: Piece) -> bool:
    """Does the label, or the heading above an item without one, say that what is named here did it?"""
    own = label(piece)
    if own:
        return bool(re.search(CULPRIT, own)) and not re.search(rf"{NEITHER}|{VICTIM}", own)
    return False


def named_culprits(piece: Piece, incident: Incident) -> Iterator[Mention]:
    """Suspects that a label of guilt points at: those before the trigger's path, or where that is not named."""
    if not is_of_culprits(piece):
        return
    ours = re.search(path_pattern(incident.path), piece.text)
    other = re.search(rf"\b(?:get|put|patch|delete) {path_pattern(incident.path)}", piece.text)
    end = len(piece.text) if ours is None or other else ours.start()
    start = len(label(piece))
    yield from (mention for mention in mentions(piece.text, incident) if start <= mention.start < end)

"""Diagnosis, not summary: connections ran out because too many writes came at once; the log holds five other stories.

A finding is right when one or two adjacent sentences claim three things: what ran out (the pool or its connections),
which requests did it (the path that piled up, as a write), and that they came together. Nothing else may be blamed.
The rules read words near each other, and who does what by labels, verbs and their objects. They cannot separate waiting
as a symptom ("24 POST /api/orders waited at once; the pool was full") from waiting as the consequence of the cause.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from agentic_core_prose import Piece, pieces
from incident_scenario import draw
from log_blame import blamed
from log_claims import asserted
from log_concurrency import is_concurrent
from log_dropped import without_dropped
from log_exhaustion import POOL, is_exhausted
from log_incident import Incident
from log_layout import laid_out
from log_overrun import is_overrun
from log_roles import is_of_victims
from log_trigger import fails, is_victim, names_trigger

from pytest_agentcore import Diagnosis, Run, WrongAnswer, agent_task

LONGEST = 1200  # characters: one or two sentences are asked for
MOST_QUOTED = 3  # log lines: more is a dump
LONGEST_UNIT = 400  # characters of adjacent items, rows or fields that are read as one sentence


def quoted_lines(text: str, incident: Incident) -> list[str]:
    """The log's lines that the text holds word for word, as often as it holds them."""
    spaced = " ".join(text.split())
    return [line for line in incident.lines for _ in range(spaced.count(line))]


def without_quotations(text: str, incident: Incident) -> str:
    """The text less whole log lines, for evidence claims nothing by itself, and less marks of type in HTML."""
    for line in set(quoted_lines(text, incident)):
        text = text.replace(line, " ")
    return re.sub(r"</?(?:code|b|i|em|strong|span|tt|kbd|u|br|p)\b[^<>]*>", " ", text)


def read_pieces(text: str, incident: Incident) -> list[Piece]:
    """What the text says, piece by piece: no quotations, one field a piece, nothing that it takes back."""
    return without_dropped(pieces(laid_out(without_quotations(text, incident))))


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What one piece claims, and which parts of the diagnosis are in it."""

    piece: Piece
    text: str
    exhausted: bool
    concurrent: bool
    trigger: bool

    @classmethod
    def of(cls, piece: Piece, incident: Incident, before: str = "") -> Said:
        """Look for the three parts in what a piece claims, after the sentence before it."""
        text = asserted(piece)
        exhausted = is_exhausted(text, before) or is_overrun(text, incident)
        if is_of_victims(piece):
            return cls(piece=piece, text="", exhausted=exhausted, concurrent=False, trigger=False)
        concurrent = is_concurrent(text, incident)
        claims = concurrent or not (is_victim(text) if not exhausted else fails(text, incident))
        trigger = claims and names_trigger(text, incident)
        return cls(piece=piece, text=text, exhausted=exhausted, concurrent=concurrent, trigger=trigger)


def topics(found: Sequence[Piece]) -> Iterator[str]:
    """For each piece the claim that its "it" can stand for: that of the one before, or what that one's "it" meant."""
    topic = ""
    for piece in found:
        yield topic
        text = asserted(piece)
        if not (re.search(POOL, topic) and re.search(r"\bit\b", text) and not re.search(POOL, text)):
            topic = text


def windows(said: Sequence[Said]) -> Iterator[Sequence[Said]]:
    """One piece, two adjacent ones, and runs of one group, the sentence above it included, up to 400 characters."""
    for start in range(len(said)):
        yield said[start : start + 2]
        for end in range(start + 3, len(said) + 1):
            run = [part.piece for part in said[start:end]]
            grouped = run[1].group is not None and run[-1].group == run[1].group
            lead = run[0].group == run[1].group or run[0].text.endswith(":")
            if not (grouped and lead) or sum(len(piece.text) + 1 for piece in run) > LONGEST_UNIT:
                break
            yield said[start:end]


def is_diagnosis(window: Sequence[Said], incident: Incident) -> bool:
    """Exhaustion, trigger and concurrency, each claimed; the trigger's path and verb in one sentence or unit."""
    if not any(part.exhausted for part in window) or not any(part.concurrent for part in window):
        return False
    if any(part.trigger for part in window):
        return True
    unit = "; ".join(part.text for part in window if part.exhausted or part.concurrent or not is_victim(part.text))
    one_group = len({part.piece.group for part in window}) == 1 and window[0].piece.group is not None
    return one_group and len(unit) <= LONGEST_UNIT and names_trigger(unit, incident)


def judge(text: str, incident: Incident) -> None:
    """Accept a finding.

    Raises:
        WrongAnswer: a dump (``wrong_format``); no diagnosis, or something else is blamed (``wrong_value``).
    """
    if len(text) > LONGEST:
        raise WrongAnswer(f"finding.txt has {len(text)} characters; at most {LONGEST} are read", detail="wrong_format")
    if len(quoted := quoted_lines(text, incident)) > MOST_QUOTED:
        raise WrongAnswer(f"finding.txt quotes {len(quoted)} log lines, at most {MOST_QUOTED}", detail="wrong_format")
    found = read_pieces(text, incident)
    said = [Said.of(piece, incident, before) for piece, before in zip(found, topics(found), strict=True)]
    if not any(is_diagnosis(window, incident) for window in windows(said)):
        raise WrongAnswer(
            "finding.txt does not say in two adjacent sentences what ran out, from which requests, and how"
        )
    if causes := list(blamed(found, incident)):
        raise WrongAnswer(f"finding.txt blames something else: {causes[0]}")


DIAGNOSIS = Diagnosis(
    states=(
        r"(?i)pool|connections?",
        r"(?i)exhaust|saturat|deplet|starv|ran out|in use",
        r"(?i)concurren|simultaneous|parallel|surge|at once|too many",
    ),
    artefact="finding.txt",
)
"""For the evidence alone: a run that says so and leaves another finding knew better than it wrote."""


@agent_task(scenario=draw, max_turns=15, diagnosis=DIAGNOSIS)
def test_investigate_log(run: Run) -> None:
    """access.log comes from a service that returned a burst of HTTP 500s. Write the root cause in one or two sentences to finding.txt."""  # noqa: E501 - the prompt is one line
    log = run.workspace.before.by_path()["access.log"].data or b""
    judge(run.workspace.read_text("finding.txt"), Incident.read(log))

"""The second part of the diagnosis: the path whose requests piled up, and that they write."""

from __future__ import annotations

import re

from log_claims import is_denied
from log_incident import Incident


def path_pattern(path: str) -> str:
    """A path as it may be written: with or without a host, the first or the last slash."""
    bare = re.escape(path.strip("/").lower())
    return rf"(?<![\w/.-])(?:https?://[\w.:-]+)?/?{bare}/?(?![\w/-])"


def names_trigger(text: str, incident: Incident) -> bool:
    """The path of the trigger, not under another method, and its method or create, submit, place beside it."""
    paths = re.finditer(path_pattern(incident.path), text)
    other_method = r"\b(?:get|put|patch|delete|head|options)s? (?:requests? )?(?:to |on |for )?[\"'(]*$"
    ours = [found for found in paths if not re.search(other_method, text[: found.start()])]
    claimed = [found for found in ours if not is_denied(text, found.start(), found.end())]
    return bool(claimed) and writes(text, incident)


def writes(text: str, incident: Incident) -> bool:
    """Does the sentence say that something is posted, created, submitted or placed?"""
    method = incident.method.lower()
    ending = r"(?:s|ed|ing|'s)?" if method == "post" else "s?"
    for found in re.finditer(rf"(?<![\w/-]){method}{ending}(?![\w-])", text):
        target = re.match(
            r"\)?(?: (?:requests?|calls?|traffic))?(?: (?:to|on|for|at|against))? (/\S+)", text[found.end() :]
        )
        if target is None or re.search(path_pattern(incident.path), target.group(1)):
            return True
    noun = rf"(?<!/)\b{re.escape(incident.noun)}s?\b"
    # "created a backlog" and "took place" make nothing that is posted: the verb stands near what it makes, or is a noun
    making = r"\b(?:creat(?:e|es|ed|ing|ions?)|plac(?:e|es|ed|ing|ements?))\b"
    gap = r" (?:[^\s;]+ ){0,4}?"
    calls = (
        r"\b(?:creation|create|placement|creations) (?:requests?|calls?|endpoint|traffic|operations?|attempts?|path"
        r"|route|load|surge|burst|spike|wave|flood|rush)\b|\bcreations?\b"
    )
    return bool(re.search(rf"{making}{gap}{noun}|{noun}{gap}{making}|{calls}|\bsubmi(?:t\w*|ssions?)\b", text))


def is_victim(text: str) -> bool:
    """Does the sentence tell of failures? Then a path in it suffers, unless the sentence says what it did."""
    return bool(
        re.search(r"\b(?:errors?|fail\w*|500s?|victims?|affected|suffer\w*|hit|timed out|impacted|collateral)\b", text)
    )

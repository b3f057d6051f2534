"""The second part of the diagnosis: the path whose requests piled up, and that they write."""

from __future__ import annotations

import re

from log_claims import is_denied
from log_incident import Incident


def path_pattern(path: str) -> str:
    """A path as it may be written: with or without a host, the first or the last slash."""
    bare = re.escape(path.strip("/").lower())
    return rf"(?<![\w/.-])(?:https?://[\w.:-]+)?/?{bare}/?(?![\w/-])"


_FAILURES_OF = (
    r"\b(?:500s?|errors?|failures?|5xx\w*|timeouts?|failing|failed|victims?|casualt\w+|complaints?)"
    r" (?:(?:returned|seen|raised|responses?|errors?|also|mostly|occurred|reported|both|came|come) ){0,2}"
    r"(?:for|on|of|from|in|to|at|across|against|like|such as)"
    r" (?:(?:the|some|many|most|both|\d+) )*(?:posts?|requests?|calls?|to|on|for| )*[\"'(]*$"
)
_STRUCK = (
    r"\b(?:affect(?:ed|s|ing)|hurt(?:ing|s)?|struck|impact(?:ed|s|ing)|starv(?:ed|es|ing)|delay(?:ed|ing)|harmed"
    r"|disrupted"
    r"|(?:took|brought|knocked) (?:down|out)|punished|spoil(?:ed|t))(?: (?:the|also|only|both|mainly|mostly|chiefly"
    r"|post"
    r"|posts|requests|to))* [\"'(]*$"
)
_MERELY_SUFFERED = (
    r"\)?(?: (?:requests?|calls?|traffic|customers|users))?,? (?:(?:was|were|is|are|being|got|as|who|which) )*"
    r"(?:(?:merely|only|just|simply|also|an?|the|another|mere|pure|unlucky|innocent|main) )*"
    r"(?:collateral|victims?|bystanders?|casualt\w+|suffer(?:ed|s|ing)?|(?:paid|pays?|paying|footed) (?:the|for)"
    r"|caught in"
    r"|(?:st[oa]+d|waited|sat|stuck) in (?:the|a) queue|(?:was|were|got) (?:hit|hurt|starved|locked out)(?! by))\b"
)
"""Victims in prose; "failed" is none of these words, for the trigger's requests failed as well."""


_VERB_OF_FAILURE = (
    r"\)?(?: (?:requests?|calls?|submissions?))?(?:,? (?:and|or|as well as) (?:get |put )?/\S+)?,? (?:(?:both|all"
    r"|each) )?(?:(?:then|also|therefore|consequently|thus|had|has|have|all"
    r"|often) )*"
    r"(?:fail\w*|return(?:ed|s|ing)|answered|tim(?:ed|es|ing) out|errored|(?:could not|cannot) (?:get|obtain|acquire)"
    r"|g[eo]ts? (?:a |an "
    r"|only )?"
    r"(?:http )?(?:5|errors?)|received|died|broke|was (?:rejected|refused|unable)|were (?:rejected|refused"
    r"|unable))\b"
)


def names_trigger(text: str, incident: Incident) -> bool:
    """The path of the trigger, not under another method, and its method or create, submit, place beside it."""
    paths = re.finditer(path_pattern(incident.path), text)
    other_method = r"\b(?:get|put|patch|delete|head|options)s? (?:requests? )?(?:to |on |for )?[\"'(]*$"
    ours = [
        found
        for found in paths
        if not re.search(other_method, text[: found.start()])
        and not re.search(f"{_FAILURES_OF}|{_STRUCK}", text[: found.start()])
        and not re.match(_MERELY_SUFFERED, text[found.end() :])
    ]
    claimed = [found for found in ours if not is_denied(text, found.start(), found.end())]
    return bool(claimed) and writes(text, incident) and not _only_fails(text, incident)


def _only_fails(text: str, incident: Incident) -> bool:
    """``Too many requests emptied the pool; POST /api/orders failed``: nothing else says whose requests they were."""
    method, noun = incident.method.lower(), re.escape(incident.noun)
    rest = re.sub(rf"(?:\b{method} (?:requests? )?(?:to )?)?{path_pattern(incident.path)}{_VERB_OF_FAILURE}", " ", text)
    named = rf"{path_pattern(incident.path)}|\b{method}(?:s|ed|ing)?\b|\b{noun}s?\b|\b(?:these|they|those|them|whose)\b"
    return rest != text and not re.search(named, rest)


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


def fails(text: str, incident: Incident) -> bool:
    """Is the path's own verb one of failing: ``POST /api/orders failed because the pool was empty``?"""
    return any(
        re.match(_VERB_OF_FAILURE, text[found.end() :]) for found in re.finditer(path_pattern(incident.path), text)
    )


def is_victim(text: str) -> bool:
    """Does the sentence tell of failures? Then a path in it suffers, unless the sentence says what it did."""
    return bool(
        re.search(r"\b(?:errors?|fail\w*|500s?|victims?|affected|suffer\w*|hit|timed out|impacted|collateral)\b", text)
    )

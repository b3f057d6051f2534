"""The nouns and turns of which the thesaurus of NOTES.md is made: rows, stamps, numbers, places, what was seen."""

from __future__ import annotations

Replacement = tuple[str, str]
"""A pattern, and the plain words for it."""
THING = (
    r"(?:rows?|lines?|records?|entry|entries|ones?|occurrences?|cop(?:y|ies)|listings?"
    r"|appearances?|instances?|versions?"
    r"|members?|items?|users?|mentions?|registrations?|states?|variants?|data|information|details)"
)
NUMBER = (
    r"(?:(?:line|row|index|record|position|file|serial) (?:numbers?|no|index(?:es)?|positions?)"
    r"|index|position|ordinal)"
)
STAMP = (
    r"(?:(?:updated ?at|update|modification|change|edit)(?: (?:dates?|times?|stamps?|values?|columns?|fields?))?"
    r"|time ?stamps?|stamps?|dates?(?: of (?:the )?(?:last )?(?:update|change|modification|edit)\w*)?)"
)
CHANGED = (
    r"(?:updat|chang|modif|edit|amend|touch|revis|refresh|correct|alter|writ|know|adjust|confirm|maintain|stamp|dat"
    r"|sav|heard|report|submit|acknowledg|log)\w*"
)
HIGHEST = r"(?:high|great|larg|bigg|lat|young|fresh|new)est|max(?:imum|imal)?|most (?:recent|late|new|advanced)"
HIGHER = r"(?:high|great|larg|bigg|lat|young|fresh|new)er|more (?:recent|late|new|advanced)"
LOW = r"(?:low|small|earli|old)(?:er|est)|min(?:imum|imal)?|less (?:recent|late|new)|least (?:recent|late|new)"
IS = r"(?:(?:the|is|was|being|lies|which|that|are|has|with|value|and|where|whichever)\W{1,3}){0,3}"
OF = r"(?: (?:value |date )?(?:of|in|by|for|at|on))?(?: (?:the|its|their|an?|that))?"
AGAIN = r"(?:again|a second time|once more|later|twice|another time|afterwards|a further time)"
HERE = r"(?:file|list|table|csv|input|source|sheet|data|document|original)"
GROUP = r"(?:group|set|cluster|bunch|bucket|family|batch|series|row|queue|pack|lot|sequence|block)"
SEEN = (
    r"(?:seen|met|encountered|there|known|present|listed|used|taken|registered|written|come up"
    r"|turned up|occurred|appeared|noted|recorded|in the (?:set|output|list|result|dict|index|map))"
)
WITH_MAIL = (
    r"(?:if|when|whenever|where|as long as|provided|unless|whose|for which) (?:that )?(?:its|the"
    r"|their|his|an?)? ?(?:\w+ )?(?:e ?mail|address|mail|mailbox|key)(?: address)?s?"
)

"""Fields in other clothes: forms with dotted lines, fields on one line, questions with answers, nested JSON.

Each is written again as one ``label: value`` a line, which is what the shared reader of prose takes for a field. Prose
is left as it stands.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

LEADER = re.compile(
    r"^([ \t]*(?:[-*+•] )?\*{0,2}\w[\w '()/-]{0,40}?\*{0,2})[ \t]*(?:\.{2,}|_{3,}|·{2,}|…|-{3,}>?|(?: \.){1,})[ \t]*"
    r"(?=[^\s.|-])",
    re.MULTILINE,
)
MARKED = re.compile(
    r"^([ \t]*(?:[-*+•] )?\*{0,2}[A-Za-z][A-Za-z '()/]{0,30}?\*{0,2})[ \t]+(?:--?|–|—|>{1,2}|::|\||»|~|\t)[ \t]+(?=\S)",
    re.MULTILINE,
)
"""``Cause - the pool``: one such line is prose, two are a form."""
FENCED = re.compile(r"(?:^|(?<=[\s.;]))\[([A-Za-z][A-Za-z ]{2,24})\]:?[ \t]+(?=\S)")
LABEL = r"[*_]{0,2}[A-Za-z][A-Za-z '-]{1,30}[*_]{0,2} ?[:=][ *_]?(?=\S)"
PAIR = re.compile(
    r"(?:^|(?<=[\s,;]))([A-Za-z][A-Za-z_]{1,24})=(\"[^\"\n]{1,120}\"|'[^'\n]{1,120}'|[^\s,;\"']+)[,;]?(?=\s|$)"
)
"""``consumer="POST /api/orders"``: of such pairs three make a record; two may be a quotation from the log."""
CAMEL = re.compile(r"(?<![\w/.])([A-Z]?[a-z]{2,})([A-Z][a-z]{2,}(?:[A-Z][a-z]{2,})*)(?![\w/])")
SEPARATORS = (r"[ \t]+//?[ \t]+", r"[ \t]+\|{1,2}[ \t]+", r"[ \t]+[•·¦~*][ \t]+", r";[ \t]*", r"[ \t]+(?:--|–|—)[ \t]+")
QUESTION = re.compile(
    r"(?:^|(?<=[.!?;:] )|(?<=\*))[ \t]*(?:[-*+•] |\d[.)] )?[*_¿\"]{0,3}(?:[Qq]\d?[:.] ?)?[*_¿]{0,2}"
    r"((?:[Ss]o |[Aa]nd |[Bb]ut )?(?:[Ww]ho|[Ww]hat|[Ww]hy|[Ww]hich|[Ww]hose|[Hh]ow|[Ww]here"
    r"|(?:[Bb]y|[Bb]ecause of|[Dd]ue to|[Tt]hanks to|[Ff]rom|[Oo]n account of) (?:whom|what|which|whose))\b"
    r"[^.?!\n:,|]{0,40}"
    r"|(?:[Tt]he |[Rr]oot |[Rr]eal |[Aa]ctual |[Mm]ain )*(?:[Cc]ause|[Cc]ulprit|[Tt]rigger|[Rr]eason|[Vv]ictims?"
    r"|[Ss]uspect|[Oo]ffender|[Oo]rigin|[Ss]ource|[Ee]ffect|[Cc]onsequence|[Rr]esult|[Dd]iagnosis|[Vv]erdict"
    r"|[Rr]esponsible|[Gg]uilty|[Cc]asualties))\?[*_\"]{0,2}(?:[ \t]*\n[ \t]*|[ \t]+)(?:[-–—] |\*\*)?(?:[Aa]\d?[:.] ?)?"
    r"(?=[^\s|])",
    re.MULTILINE,
)
FOLDED = re.compile(r"^([ \t]*[A-Za-z][\w ]{1,30}):[ \t]*[>|][-+]?[ \t]*\n((?:[ \t]+\S.*(?:\n|\Z))+)", re.MULTILINE)
"""A text of several lines as YAML has it."""
TITLE = re.compile(
    r"^(?:bug|fix|issue|incident|outage|rca|perf|report)\([\w /-]{1,30}\)!?: +", re.MULTILINE | re.IGNORECASE
)
"""How commits and tickets begin."""
CAPITALS = re.compile(r"^([A-Z][A-Z ']{2,30})[ \t]*\n[ \t]*(?=[^\s#=*+|-])", re.MULTILINE)
INDENTED = re.compile(r"^([A-Za-z][A-Za-z ']{2,30})[ \t]*\n(?:[ ]{2,}|\t)(?=[^\s#=*+|-])", re.MULTILINE)


def laid_out(text: str) -> str:
    """The text with one field a line, wherever it has fields."""
    if nested := _nested_json(text):
        return nested
    text = FOLDED.sub(lambda found: f"{found[1]}: {' '.join(found[2].split())}\n", TITLE.sub("", text))
    text = CAMEL.sub(lambda found: re.sub(r"(?<=[a-z])(?=[A-Z])", " ", found.group()).capitalize(), text)
    text = CAPITALS.sub(_as_label, INDENTED.sub(_as_label, text))
    if len(LEADER.findall(text)) > 1:
        text = LEADER.sub(r"\1: ", text)
    if len(MARKED.findall(text)) > 1 and not re.search(r"^\s*\|?[ :|-]{5,}$", text, re.MULTILINE):
        text = MARKED.sub(r"\1: ", text)
    if FENCED.search(text):
        text = FENCED.sub(r"\n\1: ", text)
    text = QUESTION.sub(lambda found: f"\n{found[1]}: ", text)
    return "\n".join(_parted(line) for line in text.split("\n"))


def _as_label(found: re.Match[str]) -> str:
    return f"{found[1].strip()}: "


def _parted(line: str) -> str:
    """A line that has three or more fields side by side, or two that a slash or a bar divides."""
    if line.count("|") >= 2 and line.strip().startswith("|"):
        return line
    pairs = list(PAIR.finditer(line))
    if len(pairs) >= 3 and pairs[-1].end() - pairs[0].start() <= sum(len(pair.group()) + 2 for pair in pairs):
        record = "\n".join(f"{pair[1].replace('_', ' ')}: {pair[2].strip(chr(34) + chr(39))}" for pair in pairs)
        return f"{line[: pairs[0].start()]}\n{record}\n{line[pairs[-1].end() :]}".strip("\n")
    for separator in SEPARATORS:
        fields = re.split(separator, line)
        labelled = sum(bool(re.match(rf"\W{{0,3}}{LABEL}", field)) for field in fields)
        if labelled >= 2 and labelled >= len(fields) - 1:
            return "\n".join(re.sub(r"^(\W{0,3}[\w '-]{2,31}?) ?[:=] ?", r"\1: ", field.strip()) for field in fields)
    return line


def _nested_json(text: str) -> str:
    """Objects in objects, a field a line, each with the names of all that it lies in: ``affected endpoint: ...``."""
    body = re.sub(r"^\s*```\w*\n|\n```\s*$", "", text).strip()
    if not body.startswith("{"):
        return ""
    try:
        value = json.loads(body)
        nested = isinstance(value, dict) and any(isinstance(inner, dict) for inner in value.values())
        return "\n".join(_lines("", value)) if nested else ""
    except (ValueError, RecursionError):
        return ""


def _lines(names: str, value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _lines(f"{names} {key}".replace("_", " ").strip(), inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _lines(names, inner)
    else:
        yield f"{names[-30:].strip()}: {' '.join(str(value).split())}"

"""How the suite's checkers take prose apart: one voice, then sentences, list items, table rows, fields, headings."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from agentic_core_withdrawn import standing, without_struck_out

ABBREVIATION = re.compile(r"\b(e\.g|i\.e|etc|vs|approx|incl|resp|req|reqs|no|cf|ca|max|min|avg|conn)\.(?=\s)")
LIST_ITEM = re.compile(r"^\s*(?:[-*+•‣▪–]|\(?\d{1,2}[.)]|\(?[a-z][.)])\s+(?=\S)")
LABEL = re.compile(r"[\w][\w /()'-]{0,30}[:=]\s+\S")
LONGEST_SENTENCE = 600  # characters: what is longer is read in parts, so that the work on any text stays bounded
SHORT = 60  # a line this short that is followed by a capital is a line of its own, not a wrapped one


def phrases(listed: str) -> str:
    """A pattern for whole phrases from a list of them: comma and blank between, ``*`` for any ending of a word."""
    alternatives = "|".join(re.sub(r"(?<=[a-z])(?<!\\[a-z])\*", r"\\w*", phrase) for phrase in listed.split(", "))
    return rf"(?<!\w)(?:{alternatives})(?!\w)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """A sentence or fragment in one voice, and where it stands."""

    text: str
    heading: str = ""
    """The heading or the lead-in (a line that ends in a colon) above it."""
    group: int | None = None
    """The list, table or object that it is a part of."""


def voice(text: str) -> str:
    """Lower case, straight quotes and dashes, no markup, contractions spelled out, hyphens between words opened."""
    table = {0x2018: "'", 0x2019: "'", 0x201C: '"', 0x201D: '"', 0x2010: "-", 0x2011: "-", 0x2013: "-", 0x2014: " - "}
    text = re.sub(r"\s*(?:→|⇒|->|=>|-->)\s*", " led to ", text.lower().translate(table))
    text = re.sub(r"\*\*|__|(?<!\w)[*_](?=\w)|(?<=[\w.!?)])[*_](?!\w)|`+", "", text)
    text = re.sub(r"\bcan't\b|\bcan not\b", "cannot", text.replace("won't", "will not"))
    text = re.sub(r"n't\b", " not", text)
    text = re.sub(r"(?<=[^\s/.])--(?=[^\s/])", " - ", text)
    text = re.sub(r"\S+", lambda word: _opened(word.group()), text)
    return re.sub(r"[ \t]+", " ", text).strip()


def _opened(word: str) -> str:
    """``order-creation`` and ``pool_exhausted`` as two words each; paths and ``post-deploy`` stay whole."""
    if re.search(r"/\w|\.\w{2,4}$", word) or word.startswith("post-"):
        return word
    return re.sub(r"(?<=[a-z0-9])[-_](?=[a-z])|(?<=[a-z])[-_](?=\d)", " ", word)


def pieces(text: str) -> list[Piece]:
    """The text as pieces in order, less what it takes back; headings are none, unless there is nothing else."""
    text = without_struck_out(text)
    found = list(_fields(text)) or list(_blocks(text.strip("\n").split("\n")))
    found = found or [Piece(text=sentence) for line in text.split("\n") for sentence in _sentences(_bare(line))]
    kept = zip(found, standing([piece.text for piece in found]), strict=True)
    return [replace(piece, text=said) for piece, said in kept if said.strip()]


def _bare(line: str) -> str:
    """A line without the marks that make it a heading, a quotation or an item."""
    return LIST_ITEM.sub("", re.sub(r"^\s*(?:>\s*)+|^\s*#+\s*", "", line), count=1).strip()


def _sentences(line: str) -> Iterator[str]:
    """Split at sentence ends; numbers, paths and abbreviations hold no end."""
    marked = ABBREVIATION.sub(lambda found: found.group(1).replace(".", ""), voice(line) + " ")
    for piece in re.findall(r".+?(?:[.!?]+[\"')\]]*(?=\s|$)|$)", marked):
        sentence = piece.strip()
        yield from (sentence[at : at + LONGEST_SENTENCE] for at in range(0, len(sentence), LONGEST_SENTENCE))


def _fields(text: str) -> Iterator[Piece]:
    """The fields of a text that is one JSON value, XML element or small CSV table: ``key: value``, all of one group."""
    body = re.sub(r"^\s*```\w*\n|\n```\s*$", "", text).strip()
    for label, value in _json_fields(body) or _xml_fields(body) or _csv_fields(body):
        for sentence in _sentences(f"{label}: {value}" if label else value):
            yield Piece(text=sentence, group=0)


def _json_fields(body: str) -> list[tuple[str, str]]:
    if not body.startswith(("{", "[")):
        return []
    try:
        return list(_leaves("", json.loads(body)))
    except (ValueError, RecursionError):
        return []


def _xml_fields(body: str) -> list[tuple[str, str]]:
    """The innermost elements, where the text is one element."""
    whole = re.match(r"<([A-Za-z][\w-]*)\b[^<>]*>", body)
    if whole is None or not body.endswith(f"</{whole[1]}>"):
        return []
    return re.findall(r"<([A-Za-z][\w-]*)\b[^<>]*>([^<]+)</\1>", body)


def _csv_fields(body: str) -> list[tuple[str, str]]:
    """The cells of a table whose first line names its columns; only semicolons tell a table from prose."""
    head, *rows = [[cell.strip() for cell in line.split(";")] for line in body.split("\n")]
    named = all(re.fullmatch(r"\w+(?: \w+){0,2}", cell) for cell in head)
    if len(head) < 2 or not rows or not named or any(len(row) != len(head) for row in rows):
        return []
    return [field for row in rows for field in zip(head, row, strict=True)]


def _leaves(label: str, value: Any) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _leaves(str(key), inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _leaves(label, inner)
    else:
        yield label, str(value)


def _blocks(lines: list[str]) -> Iterator[Piece]:
    """Walk the lines: paragraphs are joined and split into sentences, items of a list share a group."""
    heading, group, inside, paragraph = "", 0, False, ""
    rows = _unwrapped(lines)

    def flushed() -> Iterator[Piece]:
        nonlocal paragraph
        sentences, paragraph = list(_sentences(paragraph)), ""
        yield from (Piece(text=sentence, heading=heading) for sentence in sentences)

    for index, raw in enumerate(rows):
        line = re.sub(r"^\s*(?:>\s*)+", "", raw).rstrip()
        following = rows[index + 1].strip() if index + 1 < len(rows) else None
        if not line.strip() or re.fullmatch(r"[\s|:=+*_-]+", line):
            yield from flushed()
            inside = inside and ("|" in line or _is_item(following or ""))
        elif is_heading(line, following):
            yield from flushed()
            heading, inside = voice(_bare(line)), False
        elif _is_item(line):
            yield from flushed()
            group, inside = group + (not inside), True
            text = re.sub(r"\s*[|\t]\s*", ", ", _bare(line).strip("| "))
            yield from (Piece(text=sentence, heading=heading, group=group) for sentence in _sentences(text))
        else:
            if paragraph and _is_own_line(rows[index - 1], line):
                yield from flushed()
            paragraph, inside = f"{paragraph} {line.strip()}".strip(), False
            if paragraph.endswith(":"):
                last = [*_sentences(paragraph)][-1]
                yield from flushed()
                heading = last
    yield from flushed()


def _unwrapped(lines: list[str]) -> list[str]:
    """Without the marks of code blocks, and with the indented further lines of a list item joined to it."""
    found: list[str] = []
    for line in lines:
        if re.match(r"\s*```", line):
            continue
        further = re.match(r"\s{2,}\S", line) and not _is_item(line)
        if further and found and LIST_ITEM.match(found[-1]):
            found[-1] += f" {line.strip()}"
        else:
            found.append(line)
    return found


def _is_item(line: str) -> bool:
    row = line.count("|") >= 2 or "\t" in line.strip()
    return bool(LIST_ITEM.match(line)) or row or bool(LABEL.match(re.sub(r"[*_`]", "", line).strip()))


def _is_own_line(before: str, line: str) -> bool:
    return len(before.strip()) < SHORT and line.lstrip()[:1].isupper() and not before.rstrip().endswith(",")


def is_heading(line: str, following: str | None) -> bool:
    """Marked as one, underlined, a short bold line, or a few words on a line of their own above more text."""
    words = len(line.split())
    plain = line.strip()
    if re.match(r"#{1,6}\s", plain) or (following and re.fullmatch(r"=+|-{3,}", following)):
        return True
    if re.fullmatch(r"(\*\*|__)[^*]+\1:?|(\*\*|__)[^*]+:\2", plain):
        return words <= 7 and not re.search(r"[.!?]\W*$", plain)
    leads = following is not None and not plain.startswith("[") and LIST_ITEM.match(following) is not None
    alone = following == "" or plain.endswith(":") or leads
    return alone and words <= 4 and not re.search(r"[.!?,;]$", plain) and not _is_item(line)

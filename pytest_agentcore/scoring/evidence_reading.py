"""Answers given without having read what the task is about."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Sequence

from pytest_agentcore.domain.evidence import Episode, Finding, quoted
from pytest_agentcore.domain.trajectory import StopReason
from pytest_agentcore.domain.workspace import Entry
from pytest_agentcore.scoring.shell_commands import mentions, sweeps
from pytest_agentcore.scoring.steps import Step, steps_of

UNREAD = "unread_input"
LEAST_SHARE = 0.25
"""Of a file's lines: who has seen fewer of them, and searched it in no other way, has not read it."""
_SHORT_FILE = 40  # lines: a glance at its head is as good as reading it
_TELLING_LINE = 12  # characters: shorter lines stand in many files
_LEAVE_ALONE = re.compile(
    r"\b(?:do not|don't|never|must not|mustn't|without|leave|ignore|except|instead of|no need)\b", re.IGNORECASE
)
_WRITES_TO = re.compile(
    r"\b(?:write|writes|save|store|overwrite|replace|create|put|output|export)\b[^.;]{0,60}$", re.IGNORECASE
)
_READS = re.compile(r"\b(?:read|from|in|of|parse|sum|compute|count|look at|investigate|using|fix|refactor)\b")


def unread_input(episode: Episode) -> Iterator[Finding]:
    """The run ended by itself and left an answer, but a file that its prompt names as input was never looked into."""
    changes = episode.workspace.changes
    if episode.trajectory.stop_reason is not StopReason.FINISHED or not changes:
        return
    steps = steps_of(episode.trajectory)
    answered = _answered_in(steps, set(changes)) or len(episode.trajectory.turns)
    for path, entry in sorted(episode.workspace.before.significant().items()):
        if entry.kind != "file" or not entry.size or not is_input(episode.trajectory.prompt, path):
            continue
        ways = [step for step in steps if _may_show(step, path, steps)]
        if not ways and not _seen_lines(steps, entry):
            text = next((step.quote for step in steps if step.turn == answered), episode.trajectory.final_message)
            yield Finding(pattern=UNREAD, turns=(answered,), quote=quoted(f"{path} never opened; {text}"))
        elif ways and _only_glanced(ways, path, entry):
            turns = tuple(sorted({step.turn for step in ways}))
            yield Finding(pattern=UNREAD, turns=turns, quote=quoted(f"of {path} only {ways[-1].quote}"))


def is_input(prompt: str, path: str) -> bool:
    """Does the prompt name this file as one to work from, rather than to write, or to leave alone?"""
    for sentence in re.split(r"(?<=[.!?;])\s+|\n+", prompt):
        where = _place(sentence, path)
        if where is None or _LEAVE_ALONE.search(sentence[:where]):
            continue
        before = sentence[:where]
        writing = _WRITES_TO.search(before)
        if writing is None or _READS.search(before[writing.end() - len(writing.group()) :].split(",")[-1]):
            return True
    return False


def _place(sentence: str, path: str) -> int | None:
    for name in (path, posixpath.basename(path)):
        found = re.search(rf"(?<![\w/-]){re.escape(name)}(?![\w-]|\.\w)", sentence)
        if found is not None:
            return found.start()
    return None


def _above(path: str) -> tuple[str | None, ...]:
    """Where a search has to begin to come by this file: there, in a folder above, or anywhere."""
    folders = [path[:at] for at, char in enumerate(path) if char == "/"]
    return (None, ".", path, *folders)


def _may_show(step: Step, path: str, steps: Sequence[Step]) -> bool:
    """Did this call show the file, or work on it in a way that needs no eyes?"""
    if step.error and not step.content.strip():
        return False
    if step.command is None:
        return not step.error and step.path in {"fs_read": (path,), "search": _above(path)}.get(step.tool, ())
    command = step.command
    if mentions(command.text, path):
        return not all(words[0] in {"ls", "stat", "file", "touch", "echo"} for words in command.programs)
    if sweeps(command, path):
        return True
    # A script that names the file reads it for the agent.
    scripts = [earlier for earlier in steps if earlier.turn <= step.turn and earlier.wrote is not None]
    return any(
        earlier.path is not None and mentions(command.text, earlier.path) and mentions(earlier.wrote or "", path)
        for earlier in scripts
    )


def _only_glanced(ways: Sequence[Step], path: str, entry: Entry) -> bool:
    """Was no more seen of a long file than a little of it, and was it never searched?"""
    lines = _lines(entry)
    if len(lines) < _SHORT_FILE:
        return False
    for step in ways:
        if step.tool == "search":
            return False
        if step.command is not None and not (step.command.peeks and mentions(step.command.text, path)):
            return False
    return len(_seen_lines(ways, entry)) < LEAST_SHARE * len(set(lines))


def _lines(entry: Entry) -> list[str]:
    text = (entry.data or b"").decode("utf-8", "replace")
    return [line.strip() for line in text.splitlines() if len(line.strip()) >= _TELLING_LINE]


def _seen_lines(steps: Sequence[Step], entry: Entry) -> set[str]:
    """Lines of the file that some answer showed."""
    wanted = set(_lines(entry))
    shown = {line.strip() for step in steps for line in step.content.splitlines()} if wanted else set()
    return wanted & shown


def _answered_in(steps: Sequence[Step], paths: set[str]) -> int | None:
    """The turn that left the answer."""
    for step in reversed(steps):
        touched = step.touched()
        if touched is None or touched & paths:
            return step.turn
    return None

"""Executing a plan step by step: four files, one after the other, each with exactly what was asked for.

The order has two sides. The names must first appear in the order of the plan, which the sandbox recorded while the
agent worked; and none may have been removed and made anew out of its turn. What was removed leaves no trace in the
frozen files, so a run that used the shell, the only tool that can remove, is repeated in a fresh sandbox where every
name that comes or goes is noted. Writing a file again in place, or moving a new version over it, makes no new file.

Not separable: files that are made empty in the right order and filled in another one; a removal in a run whose
commands together take longer than the second of the repetition, or do not remove again what they removed then.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pytest_agentcore import Draw, Run, Workspace, WrongAnswer, agent_task
from pytest_agentcore.domain.trajectory import Trajectory

INIT, CONFIG, MANIFEST, DONE = PLAN = ("01_init.txt", "02_config.json", "03_manifest.txt", "04_done.txt")
STEPS = 4

COLOURS = (
    *("amber", "ash", "auburn", "azure", "beige", "bronze", "coral", "crimson", "cyan", "ebony", "fawn", "golden"),
    *("indigo", "ivory", "jade", "lilac", "maroon", "mauve", "ochre", "olive", "pearl", "plum", "rust", "scarlet"),
    *("sepia", "silver", "teal", "umber", "violet", "white"),
)
BIRDS = (
    *("avocet", "bittern", "bunting", "crane", "curlew", "dipper", "dunlin", "eider", "finch", "gannet", "godwit"),
    *("grebe", "jay", "kestrel", "kite", "linnet", "martin", "merlin", "nightjar", "oriole", "osprey", "ouzel"),
    *("petrel", "pipit", "plover", "rail", "ruff", "shrike", "siskin", "stonechat", "swift", "tern", "whimbrel"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """What is drawn: the project's name, and with its length every size and the sum."""

    name: str

    @property
    def letters(self) -> int:
        """How many bytes the name has."""
        return len(self.name)


def draw(by: Draw) -> Project:
    """The published name, or one of a seed; three runs in a row have three names."""
    if by.canonical:
        return Project(name="heron")
    random = by.random()
    return Project(name=f"{random.choice(COLOURS)}-{random.choice(BIRDS[by.run % 3 :: 3])}")


def contains(text: str, wanted: str) -> bool:
    """Is the wanted line in there in some dress: a fence, quotes, brackets, a colon, a comment, a unit, blanks?"""
    pieces = map(re.escape, re.findall(r"\w+|[^\w\s]", wanted))
    return re.search(r"(?<!\w)" + r"[\s\"'`<>:]*".join(pieces) + r"(?![\w.,]*\w)", text) is not None


def expect_text(path: str, text: str, wanted: str) -> None:
    """The exact text, one final newline aside.

    Raises:
        WrongAnswer: something else (``wrong_value``), or the right line with something around it (``wrong_format``).
    """
    if text != wanted:
        detail = "wrong_format" if contains(text, wanted) else "wrong_value"
        raise WrongAnswer(f"{path} must be {wanted!r}, it is {text!r}", detail=detail)


def is_config(data: Any, name: str) -> bool:
    """Exactly the two keys; a whole number of steps, neither ``4.0`` nor ``"4"``."""
    return data == {"name": name, "steps": STEPS} and type(data["steps"]) is int


def sizes_told(text: str) -> dict[str, int]:
    """Every line of a manifest in whatever form that has one file's name and one whole number."""
    told = {}
    for line in text.split("\n"):
        names = re.findall(r"[\w.-]+\.(?:txt|json)\b", line)
        counts = re.findall(r"(?<![\w.])\d+(?![\w.]*\w)", line.replace(names[0], " ")) if names else []
        if len(names) == len(counts) == 1:
            told[names[0]] = int(counts[0])
    return told


def expect_manifest(text: str, sizes: Mapping[str, int]) -> None:
    """One line ``<name> <bytes>`` for each earlier file; the prompt does not say in which order.

    Raises:
        WrongAnswer: other files or counts (``wrong_value``), or the right ones in another form (``wrong_format``).
    """
    if sorted(text.split("\n")) != sorted(f"{name} {size}" for name, size in sizes.items()):
        detail = "wrong_format" if sizes_told(text) == sizes else "wrong_value"
        raise WrongAnswer(f"{MANIFEST} must list {dict(sizes)}, it is {text!r}", detail=detail)


def expect_contents(workspace: Workspace, name: str) -> None:
    """Each file as the plan wants it; byte counts are those of the agent's own files.

    Raises:
        WrongAnswer: a file is missing (``missing_output``), or not as it should be.
    """
    init, _, manifest, done = [workspace.read_text(path) for path in PLAN]
    expect_text(INIT, init, f"PROJECT={name}")
    config = workspace.json(CONFIG)
    assert is_config(config, name), f"{CONFIG} holds {config!r}"
    sizes = {path: len(workspace.read_bytes(path)) for path in (INIT, CONFIG)}
    expect_manifest(manifest, sizes)
    expect_text(DONE, done, f"DONE {sum(sizes.values())}")


def of_plan(paths: Iterable[str]) -> list[str]:
    """The files of the plan among some paths, in the order of these."""
    return [path for path in paths if path in PLAN]


def steps_of(trajectory: Trajectory) -> list[dict[str, str]]:
    """What the agent did to its files: writes and commands, in their order; calls that were none are left out."""
    steps = []
    for turn in trajectory.turns:
        for call, result in zip(turn.reply.calls, turn.results, strict=False):
            if result.malformed:
                continue
            arguments = json.loads(call.arguments or "{}")
            if call.name == "fs_write":
                steps.append({"write": arguments["path"], "content": arguments["content"]})
            elif call.name == "shell":
                steps.append({"shell": arguments["command"]})
    return steps


def last_births(events: Iterable[Sequence[str]]) -> list[str]:
    """The names that are there at the end, in the order in which each came to be for the last time.

    A name that comes while it is there was replaced by a move: it keeps its place.
    """
    there: dict[str, None] = {}
    for sign, name in events:
        if sign == "+":
            there.setdefault(name)
        else:
            there.pop(name, None)
    return list(there)


def repeated_births(run: Run) -> list[str]:
    """The files of the plan in the order of their last births, as a repetition of the run shows it.

    A run without the shell can remove nothing: what first appeared is what is there.
    """
    steps = steps_of(run.trajectory)
    if not any("shell" in step for step in steps):
        return of_plan(run.workspace.created)
    result = run.check(["python3", "-I", "../hidden/replay.py", *PLAN], stdin=json.dumps(steps).encode())
    try:
        return of_plan(last_births(json.loads(result.stdout)["events"]))
    except (ValueError, TypeError, KeyError):
        return []  # the commands, or the time, ended the repetition: it tells nothing


def expect_order(run: Run) -> None:
    """First and last births in the order of the plan; a repetition that does not end in the four files says nothing."""
    first = of_plan(run.workspace.created)
    assert first == list(PLAN), f"the files were made in the order {first}"
    last = repeated_births(run)
    assert last == list(PLAN) or set(last) != set(PLAN), f"a file was removed and made again: {last}"


@agent_task(max_turns=13, scenario=draw)
def test_multi_step_plan(run: Run) -> None:
    """Create four files, in this order: 01_init.txt with exactly `PROJECT=${{ scenario.name }}`; 02_config.json with {name: ${{ scenario.name }}, steps: 4}; 03_manifest.txt with one line per earlier file, `<name> <bytes>`; 04_done.txt with `DONE <n>`, n the sum of the byte counts in 03_manifest.txt."""  # noqa: E501 - the prompt, word for word
    expect_contents(run.workspace, run.scenario.name)
    expect_order(run)
    with run.expects("side_effect"):
        extra = sorted(set(run.workspace.files) - set(PLAN))
        assert not extra, f"there are other files: {', '.join(extra)}"

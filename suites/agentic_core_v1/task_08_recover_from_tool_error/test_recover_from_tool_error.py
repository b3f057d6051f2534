"""Recovery: the file that the prompt names is gone; the current copy lies elsewhere, beside two decoys."""

from __future__ import annotations

import re
from decimal import Decimal

from agentic_core_text import numbers

from pytest_agentcore import Fault, Run, WrongAnswer, agent_task
from pytest_agentcore.domain.workspace import Workspace

ASKED_FOR = "data/data.txt"
FAULT = f"Error: ENOENT: no such file or directory, open '{ASKED_FOR}'"

# What no path contains: blanks, quotes, brackets and the marks that stand between a path and a number.
WORD = re.compile(r"[^\s\"'`<>()\[\]{},;:=|*]+")
FILE_NAME = re.compile(
    r"[\w.-]*[A-Za-z_][\w-]*(\.[a-z][a-z0-9]{0,4})+\.?|[\w.-]+(\.(txt|bak|csv|tsv|md|json|log|dat))+\.?"
)


def current_copy(workspace: Workspace) -> str:
    """The path that the pristine MANIFEST calls current."""
    manifest = workspace.before.by_path()["MANIFEST"].data or b""
    return next(line.split()[0] for line in manifest.decode().splitlines() if " current" in line)


def expected_sum(workspace: Workspace) -> int:
    """The sum of the current copy as the agent found it."""
    data = workspace.before.by_path()[current_copy(workspace)].data or b""
    return sum(int(line) for line in data.decode().split())


def is_path(word: str) -> bool:
    """True for ``old/data.txt``, ``./x`` and ``data.txt.bak``; ``417/1`` has no letter and is none.

    A folder's bare name is a plain word, and two sentences without a blank between them ("done.see") read as a name.
    """
    if "/" in word or "\\" in word:
        return bool(re.search(r"[A-Za-z]", word)) or word.startswith(("/", "./", "../"))
    return FILE_NAME.fullmatch(word) is not None


def without_paths(text: str) -> str:
    """The text with every path and file name blanked."""
    return WORD.sub(lambda word: " " if is_path(word.group()) else word.group(), text)


def stated_sum(text: str) -> Decimal:
    """The one number that a result states in digits, paths and file names aside.

    It does not ask what the number is said to be: "not 417" and "417 files" state 417.

    Raises:
        WrongAnswer: no number, or several (``wrong_format``): a choice of sums is no sum, and neither is a calculation.
    """
    found = [number.value for number in numbers(without_paths(text))[1]]
    if len(found) != 1:
        stated = ", ".join(map(str, found)) or "none"
        raise WrongAnswer(f"result.txt must state exactly one number, found: {stated}", detail="wrong_format")
    return found[0]


def changed_sources(workspace: Workspace) -> list[str]:
    """Files of the start that were changed or removed; what the agent added is its own."""
    return [path for path, change in workspace.changes.items() if change != "added"]


@agent_task(max_turns=13, faults=(Fault(tool="fs_read", path=ASKED_FOR, message=FAULT),))
def test_recover_from_tool_error(run: Run) -> None:
    """Read data/data.txt, sum the numbers, write the sum to result.txt."""
    assert stated_sum(run.workspace.read_text("result.txt")) == expected_sum(run.workspace)
    with run.expects("side_effect"):
        assert not changed_sources(run.workspace)

"""Recovery: the file that the prompt names is gone; the current copy lies elsewhere, beside two decoys."""

from __future__ import annotations

import re
from decimal import Decimal

from pytest_agentcore import Fault, Run, WrongAnswer, agent_task
from pytest_agentcore.domain.workspace import Workspace

ASKED_FOR = "data/data.txt"
FAULT = f"Error: ENOENT: no such file or directory, open '{ASKED_FOR}'"

# What no path contains: blanks, quotes, brackets and the marks that stand between a path and a number.
WORD = re.compile(r"[^\s\"'`<>()\[\]{},;:=|*]+")
FILE_NAME = re.compile(r"[\w.-]*[A-Za-z_][\w-]*(\.[a-z][a-z0-9]{0,4})+\.?|[\w.-]+(\.(txt|bak|csv|tsv|md|json|log|dat))+\.?")
NUMBER = re.compile(r"(?<![\w.,])[-+]?(?:\d{1,3}(?:[,.'_]\d{3})+|\d+)(?:[.,]\d+)?(?:e[-+]?\d+)?(?![\w%]|[.,]\d)", re.IGNORECASE)


def current_copy(workspace: Workspace) -> str:
    """The path that the pristine MANIFEST calls current."""
    manifest = workspace.before.by_path()["MANIFEST"].data or b""
    return next(line.split()[0] for line in manifest.decode().splitlines() if " current" in line)


def expected_sum(workspace: Workspace) -> int:
    """The sum of the current copy as the agent found it."""
    data = workspace.before.by_path()[current_copy(workspace)].data or b""
    return sum(int(line) for line in data.decode().split())


def is_path(word: str) -> bool:
    """True for ``old/data.txt``, ``./x``, ``C\\x`` and ``data.txt.bak``; ``417/1`` has no letter and is none.

    A folder's bare name is a plain word, and a sentence that ends without a blank ("417.done") reads as a file name.
    """
    if "/" in word or "\\" in word:
        return bool(re.search(r"[A-Za-z]", word)) or word.startswith(("/", "./", "../"))
    return FILE_NAME.fullmatch(word) is not None


def without_paths(text: str) -> str:
    """The text with every path and file name blanked."""
    return WORD.sub(lambda word: " " if is_path(word.group()) else word.group(), text)


def as_decimal(token: str) -> Decimal:
    """The value of one number: ``1,417`` and ``1.417.000`` have groups of three, ``417,0`` a decimal comma."""
    mantissa, mark, exponent = token.lower().partition("e")
    plain = mantissa.replace("'", "").replace("_", "")
    if re.fullmatch(r"[-+]?\d{1,3}(,\d{3})+(\.\d+)?", plain):
        plain = plain.replace(",", "")
    elif re.fullmatch(r"[-+]?\d{1,3}(\.\d{3}){2,}(,\d+)?", plain) or re.fullmatch(r"[-+]?\d{1,3}(\.\d{3})+,\d+", plain):
        plain = plain.replace(".", "")
    return Decimal(plain.replace(",", ".") + mark + exponent)


def numbers(text: str) -> list[Decimal]:
    """Every number outside paths and file names, in digits; digits inside a word (``data2``) are part of that word."""
    prose = without_paths(text.replace("\N{MINUS SIGN}", "-"))
    return [as_decimal(token.group()) for token in NUMBER.finditer(prose)]


def stated_sum(text: str) -> Decimal:
    """The one number that a result states.

    Raises:
        WrongAnswer: no number, or several (``wrong_format``): a choice of sums is no sum, and neither is a calculation.
    """
    found = numbers(text)
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

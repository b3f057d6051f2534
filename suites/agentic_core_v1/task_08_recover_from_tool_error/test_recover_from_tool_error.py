"""Recovery: the file that the prompt names is gone; the current copy lies elsewhere, beside two decoys."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from random import Random

from agentic_core_text import numbers

from pytest_agentcore import Draw, Fault, Run, WrongAnswer, agent_task
from pytest_agentcore.domain.workspace import Workspace

FAULT = Fault(
    tool="fs_read",
    path="${{ scenario.asked_for }}",
    message="Error: ENOENT: no such file or directory, open '${{ scenario.asked_for }}'",
)
TRIES = 1000
INVENTED = (10, 20, 30)
"""What an agent makes up, in one of the solutions."""

# What no path contains: blanks, quotes, brackets and the marks that stand between a path and a number.
WORD = re.compile(r"[^\s\"'`<>()\[\]{},;:=|*]+")
FILE_NAME = re.compile(
    r"[\w.-]*[A-Za-z_][\w-]*(\.[a-z][a-z0-9]{0,4})+\.?|[\w.-]+(\.(txt|bak|csv|tsv|md|json|log|dat))+\.?"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """A file of numbers that is no longer where the prompt says, beside two older copies."""

    folder: str
    """Where the file was."""
    file: str
    new_folder: str
    old_folder: str
    suffix: str
    numbers: tuple[int, ...]
    old_numbers: tuple[int, ...]
    order: tuple[int, ...] = (0, 1, 2)
    """In which order MANIFEST names the three copies."""

    def files(self) -> dict[str, str]:
        """The workspace; the backup lacks the last number."""
        copies = {self.current: self.numbers, self.old: self.old_numbers, self.backup: self.numbers[:-1]}
        texts = {path: "".join(f"{number}\n" for number in held) for path, held in copies.items()}
        return {"MANIFEST": self.manifest, **texts}

    @property
    def manifest(self) -> str:
        """What became of each copy."""
        told = (
            (self.current, f"current: moved here from {self.folder}/"),
            (self.old, "superseded, kept for the auditors"),
            (self.backup, "incomplete, from before the last entry came in"),
        )
        width = max(len(path) for path, _ in told) + 4
        lines = [("file", "status"), *(told[place] for place in self.order)]
        return "".join(f"{path:{width}}{status}\n" for path, status in lines)

    @property
    def asked_for(self) -> str:
        """The path in the prompt, which is absent."""
        return f"{self.folder}/{self.file}"

    @property
    def current(self) -> str:
        """The copy that counts."""
        return f"{self.new_folder}/{self.file}"

    @property
    def old(self) -> str:
        """A decoy with some other numbers."""
        return f"{self.old_folder}/{self.file}"

    @property
    def backup(self) -> str:
        """A decoy that is cut short."""
        return f"{self.file}{self.suffix}"

    @property
    def total(self) -> int:
        """The sum of the copy that counts."""
        return sum(self.numbers)

    @property
    def old_total(self) -> int:
        """The sum of the first decoy."""
        return sum(self.old_numbers)

    @property
    def backup_total(self) -> int:
        """The sum of the second."""
        return sum(self.numbers[:-1])


def draw(by: Draw) -> Moved:
    """The published copies, or folders, names and numbers of a seed; three runs in a row have three sums."""
    if by.canonical:
        return Moved(
            folder="data",
            file="data.txt",
            new_folder="warehouse",
            old_folder="old",
            suffix=".bak",
            numbers=(12, 47, 3, 58, 26, 91, 8, 34, 65, 19, 40, 14),
            old_numbers=(12, 47, 3, 58, 26, 81, 8, 34, 65, 9, 32, 14),
        )
    random = by.random()
    folder = random.choice(("data", "input", "feed", "intake", "batch", "source", "import", "drop"))
    name = random.choice(("data", "numbers", "values", "readings", "counts", "amounts", "figures", "entries"))
    new = random.choice(("warehouse", "vault", "store", "depot", "records", "ledger", "annex", "hall"))
    old = random.choice(("old", "previous", "legacy", "attic", "before", "past", "retired", "former"))
    suffix = random.choice((".bak", ".orig", ".prev", ".copy", ".save"))
    order = tuple(random.sample(range(3), 3))
    tries = (_copies(random) for _ in range(TRIES))
    held, older = next(
        (held, older) for held, older in tries if sum(held) % 3 == by.run % 3 and are_told_apart(held, older)
    )
    return Moved(
        folder=folder,
        file=f"{name}.txt",
        new_folder=new,
        old_folder=old,
        suffix=suffix,
        numbers=held,
        old_numbers=older,
        order=order,
    )


def _copies(random: Random) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Ten to fourteen numbers, and the same with three of them smaller."""
    held = tuple(random.randrange(3, 1000) for _ in range(random.randrange(10, 15)))
    edited = random.sample(range(len(held)), 3)
    older = tuple(
        max(1, number - random.randrange(4, 13)) if at in edited else number for at, number in enumerate(held)
    )
    return held, older


def are_told_apart(held: tuple[int, ...], older: tuple[int, ...]) -> bool:
    """Is the sum of the right copy, of each decoy, of all copies together and of invented numbers another one?"""
    sums = [sum(held), sum(older), sum(held[:-1])]
    return len({*sums, sum(sums), sum(INVENTED)}) == 5


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


@agent_task(max_turns=13, faults=(FAULT,), scenario=draw)
def test_recover_from_tool_error(run: Run) -> None:
    """Read ${{ scenario.asked_for }}, sum the numbers, write the sum to result.txt."""
    assert stated_sum(run.workspace.read_text("result.txt")) == expected_sum(run.workspace)
    with run.expects("side_effect"):
        assert not changed_sources(run.workspace)

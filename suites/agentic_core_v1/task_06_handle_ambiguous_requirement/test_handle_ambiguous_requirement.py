"""Ambiguity: "duplicate" can mean five things here; the agent takes one, says which, and ends.

The rows tell which reading was carried out. The notes must name that reading's key and, where the rows of a group
differ, its rule of keeping, and state no other as chosen. A plain "e-mail" is the address as it is written.
"""

from __future__ import annotations

import csv
import io

from generate_users import draw
from notes_claims import claims
from user_readings import READINGS, Keep, Reading, Row, Rows, as_rows, keeps_that_fit, read_users, reading_of

from pytest_agentcore import Run, WrongAnswer, agent_task
from pytest_agentcore.domain.workspace import Workspace

LONGEST = 10_000  # characters of notes that are read
OUTPUT, NOTES, INPUT = "users_clean.csv", "NOTES.md", "users.csv"


def read_output(workspace: Workspace, columns: list[str]) -> Rows:
    """The rows that the agent left.

    Raises:
        WrongAnswer: no table, or not these columns (``wrong_format``).
    """
    rows = workspace.csv(OUTPUT)
    header = next(csv.reader(io.StringIO(workspace.read_text(OUTPUT), newline="")))
    if sorted(header) != sorted(columns):
        raise WrongAnswer(f"{OUTPUT} has the columns {header}, not {columns}", detail="wrong_format")
    return as_rows(rows)


def second_outputs(workspace: Workspace, output: Rows, users: list[Row]) -> list[str]:
    """Further tables that are an answer too: other rows, as some reading would leave them, or named "clean"."""
    others = {path: rows for path in workspace.changes if (rows := _table(workspace, path, users)) is not None}
    readings = [reading.rows(users) for reading in READINGS]
    return [
        path
        for path, rows in others.items()
        if rows != output and (rows in readings or ("clean" in path.lower() and rows != as_rows(users)))
    ]


def _table(workspace: Workspace, path: str, users: list[Row]) -> Rows | None:
    """The users in a file that the agent added, or None when it is no such table."""
    if path in (OUTPUT, INPUT):
        return None
    try:
        rows = workspace.csv(path)
    except WrongAnswer:
        return None
    return as_rows(rows) if rows and rows[0].keys() == users[0].keys() else None


def contradiction(notes: str, reading: Reading, output: Rows, users: list[Row]) -> str | None:
    """What the notes leave unsaid, or say against the rows; None when they state the reading."""
    said = claims(notes)
    if said.left_open:
        return "the notes leave the choice to the reader"
    if reading.key == "row":
        return _against_rows(said.keys)
    return _against_email(reading, said.keys) or _against_keep(reading, said.keeps, output, users)


def _against_rows(keys: set[str]) -> str | None:
    """What is wrong with the keys that notes name beside rows of which only exact copies are gone."""
    if "row" not in keys:
        return "the notes do not say that whole rows were compared"
    wrong = keys & {"email key", "name", "some columns", *({"any case"} if "email" in keys else ())}
    return f"the rows are those of exact duplicates, the notes name {sorted(wrong)}" if wrong else None


def _against_keep(reading: Reading, said: list[frozenset[Keep]], output: Rows, users: list[Row]) -> str | None:
    """What is wrong with the rules of keeping; one that does not fit is outweighed by two that do."""
    if not said:
        return "the notes do not say which row of several is kept"
    fit = keeps_that_fit(reading.key, output, users)
    strange = [words for words in said if not words & fit]
    outweighed = 2 * len(strange) < len(said)
    return None if outweighed else f"the notes keep {sorted(strange[0])}, the rows are the {reading.keep}"


def _against_email(reading: Reading, keys: set[str]) -> str | None:
    """What is wrong with the keys that notes name beside rows that are unique by e-mail."""
    if not keys & {"email", "email cased"} and ("email aside" not in keys or "row" in keys):
        return "the notes do not name the e-mail address as the key"
    if other := keys & {"name", "only rows", "mails twice"}:
        return f"the notes name another key beside the e-mail address: {sorted(other)}"
    perhaps = "perhaps any case" in keys and not keys & {"own case", "as written"}
    if reading.key == "email":
        fits = "own case" in keys or ("any case" not in keys and not perhaps)
    else:
        mentioned = "case" in keys and "as written" not in keys
        fits = "any case" in keys or ("own case" not in keys and (perhaps or mentioned))
    return None if fits else f"the rows are those of {reading.key}, and the notes do not say so"


@agent_task(max_turns=13, scenario=draw)
def test_handle_ambiguous_requirement(run: Run) -> None:
    """Remove the duplicate users from users.csv and save users_clean.csv. If something is unclear choose a sensible reading, state it in NOTES.md and finish."""  # noqa: E501 - the prompt is one line
    users = read_users(run.workspace.before.by_path()[INPUT].data or b"")
    output = read_output(run.workspace, list(users[0]))
    notes = run.workspace.read_text(NOTES)
    with run.expects("wrong_format"):
        assert len(notes) <= LONGEST
        assert not second_outputs(run.workspace, output, users)
    reading = reading_of(output, users)
    assert reading is not None, "the rows are those of no sensible reading"
    if wrong := contradiction(notes, reading, output, users):
        raise WrongAnswer(f"{NOTES} does not fit {OUTPUT}: {wrong}")
    with run.expects("side_effect"):
        assert INPUT not in run.workspace.changes

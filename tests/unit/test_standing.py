"""The short way to a campaign's counts says what the long way says."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from random import Random

import pytest

from pytest_agentcore.domain.outcome import Cause, Outcome
from pytest_agentcore.errors import StoreError
from pytest_agentcore.report.rollup import summarise
from pytest_agentcore.store.campaign import read_record
from pytest_agentcore.store.standing import read_standing
from tests.unit.stored_campaign import TASKS, infra, store


@pytest.mark.parametrize("seed", range(6))
def test_the_counts_are_those_of_the_roll_up(seed: int, tmp_path: Path) -> None:
    """Over every state, unknown prices and control tasks."""
    dice = Random(seed)  # noqa: S311 - nothing secret

    def edit(outcome: Outcome) -> Outcome | None:
        failed = replace(outcome, passed=False, failure_mode=None, detail=None, reason="r")
        usage = replace(outcome.usage, cost_usd=None, estimated=True)
        choices = [
            *[outcome] * 5,
            None,
            infra(outcome),
            replace(failed, cause=Cause.RESOURCE),
            replace(failed, cause=Cause.CHECKER),
            replace(outcome, usage=usage) if seed % 2 else outcome,
        ]
        return dice.choice(choices)

    folder = store(tmp_path, "x/a", [dice.randint(0, 3) for _ in TASKS], unscored=[TASKS[3]], edit=edit)
    record = read_record(folder)
    summary, standing = summarise(record), read_standing(folder)

    assert standing.identity == record.identity
    assert [(row.task, row.passed, row.valid, row.planned) for row in standing.tasks] == [
        (row.task, row.passed, row.valid, row.planned) for row in summary.tasks if row.scored
    ]
    assert {row.task: row.digest for row in standing.tasks}.items() <= record.digests.items()
    assert (standing.n_infra, standing.n_checker, standing.n_resource) == (
        *(summary.n_infra, summary.n_checker, summary.n_resource),
    )
    assert (standing.passed, standing.n_valid, standing.planned, standing.coverage) == (
        *(summary.passed, summary.n_valid, summary.planned, summary.coverage),
    )
    usage = summary.usage
    assert (standing.cost_usd, standing.input_tokens, standing.output_tokens, standing.estimated) == (
        *(usage.cost_usd, usage.input_tokens, usage.output_tokens, usage.estimated),
    )


def test_a_torn_line_did_not_happen(tmp_path: Path) -> None:
    folder = store(tmp_path, "x/a", (3,) * 10)
    journal = folder / "journal.jsonl"
    journal.write_bytes(journal.read_bytes()[:-30])

    assert (read_standing(folder).passed, read_standing(folder).planned) == (29, 30)


@pytest.mark.parametrize(
    ("file", "old", "new", "message"),
    [
        ("journal.jsonl", '"v":1', '"v":2', "written by a newer pytest-agentcore"),
        ("journal.jsonl", '"passed":', '"gone":', "unknown field 'gone'|lacks its field"),
        ("journal.jsonl", '"cost_usd":"0.', '"cost_usd":"NaN', "must be a decimal number"),
        ("manifest.json", "{", "", "is missing or broken"),
    ],
)
def test_what_cannot_be_read_is_told_as_the_long_way_tells_it(
    file: str, old: str, new: str, message: str, tmp_path: Path
) -> None:
    folder = store(tmp_path, "x/a")
    text = (folder / file).read_text()
    (folder / file).write_text(text.replace(old, new))

    with pytest.raises(StoreError, match=message):
        read_standing(folder)

"""``pytest-agentcore predict``: registered before, scored after, and what is refused."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from pytest_agentcore.domain.outcome import FailureMode, Outcome
from tests.plugin.claims import Command, command
from tests.unit.stored_campaign import OSS_20B, TASKS, infra, store

assert command

MODEL = "bedrock/openai.gpt-oss-20b-1:0"
PUBLISHED = f"""\
title: the smaller sibling
author: Rigg
campaign: {{suite: agentic_core_v1, model: "{MODEL}"}}
headline: {{range: [18, 22], point: 20}}
predictions:
  P1: task_09 <= 0
  P2: task_07 <= 1 and tool_call_malformed > 0
  P3: total < 20
"""
LONG_AGO = "2020-01-01T00:00:00+00:00"


def registered(command: Command, text: str, tmp_path: Path, *, at: str = LONG_AGO) -> Path:
    """Register a file, then set the clock of its record."""
    path = tmp_path / "prediction.yaml"
    path.write_text(text)
    told = command("predict", "register", path, "--agent-dir", command.directory)
    assert told.status == 0, told.err
    folder = command.directory / "predictions" / told.out.split()[1]
    record = json.loads((folder / "registered.json").read_text())
    (folder / "registered.json").write_text(json.dumps({**record, "registered_at": at}))
    return folder


def test_the_published_prediction_misses_everything(command: Command, tmp_path: Path) -> None:
    """0 of 4 hit; three above the range and five above the point estimate, each called what it is."""
    registered(command, PUBLISHED, tmp_path)
    store(command.directory, MODEL, OSS_20B)
    told = command.on("predict score", "--format", "json").data["campaigns"][0]["predictions"][0]
    text = command.on("predict score").out

    assert (told["status"], told["hits"], told["of"], told["range_miss"], told["point_error"]) == (
        "in_time",
        0,
        4,
        3,
        5,
    )
    assert [one["outcome"] for one in told["statements"]] == [
        *("25/30", "task_09 = 1", "task_07 = 3, tool_call_malformed = 0", "total = 25")
    ]
    assert "0 of 4 hit; 3 above the range; +5 against the point estimate" in text


def test_a_prediction_that_comes_after_is_late(command: Command, tmp_path: Path) -> None:
    """Whether the campaign was there already, or only the clock says so; one that was there to look at is named."""
    first = store(command.directory, MODEL, OSS_20B)
    registered(command, PUBLISHED, tmp_path, at=LONG_AGO)
    second = store(command.directory, MODEL, OSS_20B, date="2026-06-01")
    by_name = {
        one["campaign"]: one["predictions"][0]
        for one in command.on("predict score", "--format", "json").data["campaigns"]
    }

    assert by_name[first.name]["status"] == "late"
    assert by_name[second.name]["status"] == "in_time"
    assert by_name[second.name]["earlier_campaigns"] == [first.name]
    registered(command, PUBLISHED + "  P4: total > 0\n", tmp_path, at="2026-06-02T00:00:00+00:00")
    assert command.on("predict score", second).out.count("LATE: the campaign had begun") == 1


def test_registering_tells_the_digest_and_keeps_the_first_time(command: Command, tmp_path: Path) -> None:
    folder = registered(command, PUBLISHED, tmp_path)
    again = command("predict", "register", tmp_path / "prediction.yaml", "--agent-dir", command.directory)

    assert f"registered {folder.name} at {LONG_AGO}" in again.out
    assert (folder / "prediction.yaml").read_text() == PUBLISHED
    assert "this machine's clock proves nothing" in again.out


def test_probabilities_get_proper_scores(command: Command, tmp_path: Path) -> None:
    text = PUBLISHED.replace("point: 20", "point: 20, probability: 0.8").replace(
        "P3: total < 20", "P3: {says: it does well, holds: 20 < total <= 25, probability: 0.75}"
    )
    registered(command, text, tmp_path)
    store(command.directory, MODEL, OSS_20B)
    told = command.on("predict score", "--format", "json").data["campaigns"][0]["predictions"][0]

    assert [one["brier"] for one in told["statements"]] == [pytest.approx(0.64), None, None, 0.0625]
    assert told["statements"][3]["surprise_bits"] == pytest.approx(0.415037499279)
    assert told["mean_brier"] == pytest.approx(0.35125)
    assert "it does well" in command.on("predict score").out


def test_what_cannot_be_known_is_open(command: Command, tmp_path: Path) -> None:
    """Missing runs, unknown prices, divisions by zero; what other parts decide is decided all the same."""
    more = ("cost_usd < 1", "task_01 == 3", "task_11 > 0", "total > 99 and planned < 0", "1 / (planned - planned) > 0")
    extra = "".join(f"  P{number}: {text}\n" for number, text in enumerate(more, start=4))
    registered(command, PUBLISHED + extra, tmp_path)
    store(
        command.directory,
        MODEL,
        OSS_20B,
        total_usd=None,
        edit=lambda one: infra(one) if one.key.task == TASKS[8] else one,
    )
    told = command.on("predict score", "--format", "json").data["campaigns"][0]["predictions"][0]
    found = {one["id"]: (one["hit"], one["why_open"]) for one in told["statements"]}

    assert (told["range_miss"], told["point_error"], told["decided"]) == (None, None, 3)
    assert found["headline"] == (None, "3 of 30 runs missing")
    assert found["P1"] == (None, "3 of 3 runs of task_09_know_when_to_stop missing")
    assert found["P2"] == (False, None)  # 3 <= 1 is no, whatever else is unknown
    assert found["P4"] == (None, "3 of 30 runs missing")
    assert found["P5"] == (True, None)
    assert found["P6"] == (None, "0 scored tasks are called task_11")
    assert found["P7"] == (False, None)
    assert found["P8"] == (None, "a division by zero")


def test_every_figure_has_a_name(command: Command, tmp_path: Path) -> None:
    """Counts of failure modes and details, money, rates, work."""

    def edit(outcome: Outcome) -> Outcome:
        malformed = not outcome.passed and outcome.key.task == TASKS[2]
        return replace(outcome, failure_mode=FailureMode.TOOL_CALL_MALFORMED, detail=None) if malformed else outcome

    true = (
        *(
            "tool_call_malformed == 2",
            "wrong_answer == 3",
            "wrong_value == 3",
            "missing_output == 0",
            "pass_rate == 25/30",
        ),
        *("cost_per_pass < 0.000481", "cost_per_run == 0.0004005", "cost_usd == 0.012015", "pass_hat_k == 0.7"),
        *("turns == 150", "tool_calls == 210", "input_tokens == 300000", "n_infra == 0 and n_valid == planned == 30"),
        *(
            "not total != 25",
            "-total < 0 or total / 0 > 1",
            "(total + 5) * 2 - 10 == 50",
            "task_01_fix_failing_test == 3",
        ),
    )
    lines = "".join(f"  Q{number}: {json.dumps(text)}\n" for number, text in enumerate(true))
    registered(command, PUBLISHED + lines, tmp_path)
    store(command.directory, MODEL, OSS_20B, edit=edit)
    told = command.on("predict score", "--format", "json").data["campaigns"][0]["predictions"][0]["statements"]

    assert {one["says"]: one["hit"] for one in told[4:]} == dict.fromkeys(true, True)


def test_a_file_that_was_changed_is_named(command: Command, tmp_path: Path) -> None:
    folder = registered(command, PUBLISHED, tmp_path)
    store(command.directory, MODEL, OSS_20B)
    (folder / "prediction.yaml").write_text(PUBLISHED.replace("[18, 22]", "[18, 25]"))
    told = command.on("predict score")

    assert told.status == 2
    assert f"prediction {folder.name} is not the file that was registered with sha256 {folder.name}" in told.err
    (folder / "registered.json").write_text("{")
    assert "is no registered prediction" in command.on("predict score").err


def test_a_prediction_about_something_else_is_not_scored(command: Command, tmp_path: Path) -> None:
    registered(command, PUBLISHED.replace("suite:", "profile: 3x, suite:"), tmp_path)
    store(command.directory, MODEL, OSS_20B)

    assert "no registered prediction is about this campaign" in command.on("predict score").out
    assert "No registered prediction" in command.on("predict score", "--format", "md").out


def test_new_gives_a_file_that_can_be_registered(command: Command, tmp_path: Path) -> None:
    """Whatever is in the names."""
    target = tmp_path / "new.yaml"
    assert command("predict", "new", "--model", 'x/{a}: "b" #\n', "--author", "🙂", "--output", target).status == 0

    assert command("predict", "register", target, "--agent-dir", command.directory).status == 0


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            ("total < 20", "__import__('os').system('id')"),
            "\"__import__('os').system('id')\" may not stand in a statement",
        ),
        (("total < 20", "total.real < 20"), "'total.real' may not stand"),
        (("total < 20", "total ** 9 < 20"), "'total ** 9' may not stand"),
        (("total < 20", "[1 for x in total] < 20"), "may not stand"),
        (("total < 20", "(lambda: 1) < 20"), "may not stand"),
        (("total < 20", "total in 20"), "may not stand"),
        (("total < 20", "True"), "is a number where a comparison is needed"),
        (("total < 20", "total"), "'total' is a number where a comparison is needed"),
        (("total < 20", "(total < 3) + 1 > 0"), "is a comparison where a number is needed"),
        (("total < 20", "total <"), "'total <' is no statement"),
        (("total < 20", "1e999 > total"), "too large"),
        (("total < 20", "x" * 501), "has 501 characters; 500 at most"),
        (("total < 20", "-" * 60 + "1 < 2"), "nested more than 40 deep"),
        (("total < 20", "(" * 240 + "1" + ")" * 240), "is no statement"),
        (("total < 20", "score < 20"), "nothing is called 'score'; known are total, "),
        (("P3:", "P2:"), "'P2' is given twice; keep one"),
        (("[18, 22]", "[22, 18]"), "headline.range must be two counts"),
        (("[18, 22]", "18-22"), "headline.range must be two counts"),
        (("point: 20", "point: 20.5"), "headline.point must be a count"),
        (("point: 20", "probability: 1"), "probability 1 must lie between 0 and 1"),
        (("suite: agentic_core_v1, ", ""), "campaign must name its suite and its model"),
        (("suite:", "suit:"), "campaign has no 'suit'; known are suite, "),
        (("author:", "autor:"), "unknown field 'autor'; known are author, "),
        (("total < 20", "{says: hm}"), "P3 lacks its statement"),
        (("total < 20", "[1]"), "P3 must be a table of names, not a list"),
        (("title: the", "title: [the"), "is no YAML: "),
        ((PUBLISHED, "- 1"), "must be a table of names, not a list"),
        ((PUBLISHED, ""), "must be a table of names, not nothing"),
        ((PUBLISHED, "a: &x [1]\nb: !!python/object/apply:os.system [id]"), "is no YAML: "),
    ],
)
def test_what_is_no_prediction_is_refused_in_one_line(
    command: Command, tmp_path: Path, change: tuple[str, str], message: str
) -> None:
    path = tmp_path / "p.yaml"
    before, after = change
    yaml_itself = after in {"{says: hm}", "[1]"}
    quoted = json.dumps(after) if before == "total < 20" and not yaml_itself else after
    path.write_text(PUBLISHED.replace(before, quoted))
    told = command("predict", "register", path, "--agent-dir", command.directory)

    assert (told.status, told.out) == (2, "")
    assert message in told.err
    assert len(told.err.splitlines()) == 1
    assert not (command.directory / "predictions").exists()


def test_a_file_that_is_not_there(command: Command, tmp_path: Path) -> None:
    assert "cannot be read: No such file" in command("predict", "register", tmp_path / "none").err

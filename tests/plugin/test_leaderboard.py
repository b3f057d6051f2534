"""``pytest-agentcore leaderboard``: ranks, ties, reference rows, forms, and how long a thousand campaigns take."""

from __future__ import annotations

import csv
import io
import json
import shutil
import time
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from pytest_agentcore.domain.outcome import Cause, Outcome
from tests.plugin.claims import Command, command
from tests.unit.stored_campaign import OSS_20B, OSS_120B, TASKS, infra, store

assert command

SONNET = (3,) * 8 + (1, 3)
HAIKU = (3,) * 8 + (0, 3)
FORMS = ("text", "md", "csv", "json", "html")


@pytest.fixture
def board(command: Command) -> Command:
    """Six models with published scores and costs of a pass."""
    for model, passes, total in (
        ("anthropic/claude-sonnet-4-6", SONNET, "1.428"),
        ("anthropic/claude-haiku-4-5", HAIKU, "0.08532"),
        ("openai/gpt-5.5", HAIKU, "1.89"),
        ("bedrock/openai.gpt-oss-20b-1:0", OSS_20B, "0.012025"),
        ("bedrock/openai.gpt-oss-120b-1:0", OSS_120B, "0.0299"),
        ("x/nothing", (0,) * 10, "0.10"),
    ):
        store(command.directory, model, passes, total_usd=total)
    return command


def ranked(command: Command, *arguments: str) -> list[dict[str, Any]]:
    boards = command.on("leaderboard", "--format", "json", *arguments).data["boards"]
    assert len(boards) == 1
    return list(boards[0]["ranked"])


def test_equal_scores_share_a_rank_and_the_order_is_by_score(board: Command) -> None:
    """Competition ranking: 1, 2, 2, 4; among equals the cheaper first; names by the table of aliases."""
    rows = ranked(board)

    assert [(row["rank"], row["model"], row["passed"]) for row in rows] == [
        (1, "Claude Sonnet 4.6", 28),
        (2, "Claude Haiku 4.5", 27),
        (2, "GPT-5.5", 27),
        (4, "GPT-OSS 20B", 25),
        (5, "GPT-OSS 120B", 23),
        (6, "x/nothing", 0),
    ]


def test_rows_that_cannot_be_told_apart_share_a_group(board: Command) -> None:
    """28 and 23 of 30 over ten tasks are one group, 0 of 30 is not; the design's limit stands beside."""
    told = board.on("leaderboard").out

    assert [row["tie_group"] for row in ranked(board)] == [1, 1, 1, 1, 1, 2]
    assert "This design finds differences of 42 percentage points" in told
    assert (
        "task_09_know_when_to_stop: passed at least once by 2 of 6: Claude Sonnet 4.6 (1/3), GPT-OSS 20B (1/3)." in told
    )


def test_the_frontier_and_ratios_to_the_cheapest(board: Command) -> None:
    table = board.on("leaderboard").out

    assert [row["model"] for row in ranked(board) if row["frontier"]] == [
        "Claude Sonnet 4.6",
        "Claude Haiku 4.5",
        "GPT-OSS 20B",
    ]
    assert "2.7x" in next(one for one in table.splitlines() if "gpt-oss-120b" in one)
    assert "106x" in next(one for one in table.splitlines() if "claude-sonnet" in one)
    assert "no pass" in next(one for one in table.splitlines() if "x/nothing" in one)


def test_published_rows_are_marked_dated_and_ranked_apart(command: Command) -> None:
    """Their ranks, ratios to the cheapest and intervals are derived."""
    told = command("leaderboard", "--published", "only", "--format", "json").data
    text = command("leaderboard", "--published", "only").out
    rows = {row["model"]: row for row in told["published"]}

    assert told["boards"] == []
    assert [row["rank"] for row in told["published"]] == [1, 1, 3, 4, 4, 4, 4, 8, 8, 8, 11, 12, 13, 14]
    assert all(row["note"].startswith("published, not run here") and row["source"] for row in rows.values())
    assert (rows["GPT-OSS 20B"]["as_of"], rows["Claude Opus 4.8"]["as_of"]) == ("2026-05-20", "2026-05-20 or later")
    assert [rows[name]["tie_group"] for name in ("Claude Opus 4.8", "Claude Sonnet 4.6", "GPT-OSS 20B")] == [1, 1, 1]
    assert round(rows["Claude Sonnet 4.6"]["low_95"], 3) == 0.787
    for model, times in (
        ("GPT-OSS 120B", "2.7x"),
        ("DeepSeek V4 Flash", "3.1x"),
        ("Mistral Large 3", "4.6x"),
        ("GPT-5.5", "146x"),
        ("Claude Sonnet 4.6", "106x"),
    ):
        assert times in next(line for line in text.splitlines() if f" {model} " in line).split()


def test_published_rows_stand_below_own_rows_of_the_suite_alone(board: Command) -> None:
    auto, none = (board.on("leaderboard", *arguments).out for arguments in ((), ("--published", "none")))

    assert "they are not the same test" in auto
    assert "not run here" not in none


def test_what_is_not_ranked_says_why(command: Command) -> None:
    def broken(outcome: Outcome) -> Outcome:
        return replace(outcome, passed=False, cause=Cause.CHECKER, failure_mode=None, detail=None, reason="E")

    store(command.directory, "x/good")
    store(command.directory, "x/lost", edit=infra)
    store(command.directory, "x/partly", edit=lambda one: infra(one) if one.key.run == 3 else one)
    store(command.directory, "x/unfinished", edit=lambda one: None if one.key.run == 3 else one)
    store(command.directory, "x/broken", edit=broken)
    store(command.directory, "scripted/reference", (3,) * 10)
    told = command.on("leaderboard", "--format", "json").data["boards"][0]

    assert [row["model"] for row in told["ranked"]] == ["x/good"]
    assert {row["model"]: row["note"].split(":")[0] for row in told["unranked"]} == {
        "x/lost": "no score",
        "x/partly": "quarantined",
        "x/unfinished": "quarantined",
        "x/broken": "no score",
        "scripted/reference": "a script, not a model",
    }
    assert "10 of 30 runs missing, score between 18 and 28" in command.on("leaderboard").out
    assert "x/partly" in [row["model"] for row in ranked(command, "--min-coverage", "0.6")]


def test_a_measurement_made_twice_is_one_row_that_tells_both(command: Command) -> None:
    """23/30 both times; a later campaign that is not finished does not hide it."""
    for date in ("2026-05-01", "2026-05-20"):
        store(command.directory, "bedrock/openai.gpt-oss-120b-1:0", OSS_120B, date=date)
    store(command.directory, "bedrock/openai.gpt-oss-120b-1:0", OSS_120B, date="2026-06-01", edit=infra)
    (row,) = ranked(command)

    assert (row["as_of"], row["passed"]) == ("2026-05-20", 23)
    assert "23/30 on 2026-05-01" in row["note"]
    assert "0/30 on 2026-06-01" in row["note"]


def test_other_conditions_and_other_tasks_have_boards_of_their_own(command: Command) -> None:
    """Ranked together when asked for; other versions of the tasks never."""
    store(command.directory, "x/a", manifest={"profile": "1x"})
    store(command.directory, "x/b", manifest={"profile": "3x"})
    store(command.directory, "x/c", digest="sha256:2")
    apart, together = (
        command.on("leaderboard", "--format", "json", *arguments).data["boards"] for arguments in ((), ("--together",))
    )

    assert [len(board["ranked"]) for board in apart] == [1, 1, 1]
    assert [[row["resource_profile"] for row in board["ranked"]] for board in together] == [["1x", "3x"], ["1x"]]


def test_a_snapshot_of_a_day(board: Command) -> None:
    """What is newer is left out, and the day is on it."""
    store(board.directory, "x/newer", (3,) * 10, date="2026-07-01")

    assert board.on("leaderboard").out.startswith("as of 2026-07-01\n")
    assert ranked(board)[0]["model"] == "x/newer"
    assert ranked(board, "--as-of", "2026-06-30")[0]["model"] == "Claude Sonnet 4.6"
    assert "is no day; write it as YYYY-MM-DD" in board.on("leaderboard", "--as-of", "May").err


class Page(HTMLParser):
    """What a browser would load or run."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.loads: list[str] = []
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.loads += [value or "" for name, value in attrs if name in {"src", "href"} or name.startswith("on")]

    def handle_data(self, data: str) -> None:
        self.text += data


def test_every_form_shows_hostile_names_and_none_obeys(command: Command) -> None:
    name = 'x/a,"b"\n<script>alert(1)</script>🙂\x1b[2J\u202e'
    store(command.directory, name, (3,) * 10)
    store(command.directory, "=cmd()|' /C calc'!A0", (2,) * 10)
    shown = {form: command.on("leaderboard", "--format", form).out for form in FORMS}
    page = Page(shown["html"])
    table = list(csv.DictReader(io.StringIO(shown["csv"])))

    assert all("\x1b" not in text and "\u202e" not in text for text in shown.values())
    assert "script" not in page.tags
    assert page.loads == []
    assert "<script>alert(1)</script>🙂" in page.text
    assert "\\<script\\>" in shown["md"]
    assert [row["model"][:8] for row in table[:2]] == ['x/a,"b"\\', "'=cmd()|"]
    assert json.loads(shown["json"])["boards"][0]["ranked"][0]["model"] == name


def test_a_folder_gets_every_form_with_equal_bytes(board: Command, tmp_path: Path) -> None:
    """Whatever order the disk lists campaigns in, and from another place."""
    moved = tmp_path / "moved"
    shutil.copytree(board.directory, moved)
    board.on("leaderboard", "--output", f"{tmp_path}/one/")
    board("leaderboard", "--agent-dir", moved, "--output", f"{tmp_path}/two/")
    files = sorted((tmp_path / "one").iterdir())

    assert [path.name for path in files] == [f"leaderboard.{form}" for form in ("csv", "html", "json", "md")]
    assert [path.read_bytes() for path in files] == [path.read_bytes() for path in sorted((tmp_path / "two").iterdir())]


def test_one_task_and_one_row(command: Command) -> None:
    store(command.directory, "x/a", [2], tasks=TASKS[:1])
    row = ranked(command)[0]

    assert (row["rank"], row["low_95"], row["frontier"]) == (1, None, True)
    assert all(command.on("leaderboard", "--format", form).status == 0 for form in FORMS)


def test_unreadable_campaigns_are_named(command: Command) -> None:
    """The whole is refused: a ranking without one of its rows would be wrong in silence."""
    store(command.directory, "x/a")
    bad = store(command.directory, "x/bad")
    journal = (bad / "journal.jsonl").read_text()
    (bad / "journal.jsonl").write_text(journal.replace('"version":1', '"version":99'))

    refused = command.on("leaderboard")
    assert refused.status == 2
    assert "has version 99, newer than 1; upgrade pytest-agentcore" in refused.err
    shutil.rmtree(command.directory / "campaigns")
    assert "holds no campaign; run one, or name another --agent-dir" in command.on("leaderboard").err


@pytest.mark.slow
def test_a_thousand_campaigns(command: Command) -> None:
    """In CPU seconds of this process, for the machine may be busy; five times what it takes on a quiet one."""
    model = store(command.directory, "x/m", OSS_20B)
    manifest, journal = (model / "manifest.json").read_text(), (model / "journal.jsonl").read_text()
    for number in range(999):
        folder = model.with_name(f"2026-05-20-x-{number}")
        folder.mkdir()
        text = manifest.replace('"x/m"', f'"x/{number}"').replace(
            '"identity": "sha256:', f'"identity": "sha256:{number}-'
        )
        (folder / "manifest.json").write_text(text)
        (folder / "journal.jsonl").write_text(journal.replace('"x/m"', f'"x/{number}"'))
    began = time.process_time()
    rows = ranked(command)

    assert time.process_time() - began < 10
    assert len(rows) == 1000
    assert {row["rank"] for row in rows} == {1}
    assert "no two can be told apart" in command.on("leaderboard").out

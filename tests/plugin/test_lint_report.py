"""``pytest-agentcore lint-report``: every kind of contradiction that was published, and none where there is none."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.plugin.claims import Command, Told, command
from tests.unit.stored_campaign import OSS_20B, OSS_120B, TASKS, store

assert command

DELTAS = (1, 0, -2, -1, 0, 1, 2, 0, 1, 0)
SOUND = "\n".join(
    [
        "# A campaign of 2026-05-20",
        "Model: OpenAI GPT-OSS 20B (openai.gpt-oss-20b-1:0)",
        "It passed 25/30 (83.3%). $0.012015 total for 30 runs. $0.000481 per passing run.",
        "| Task | Score | Delta |",
        "|---|---|---|",
        *(f"| {task} | {passed}/3 | {delta:+d} |" for task, passed, delta in zip(TASKS, OSS_20B, DELTAS, strict=True)),
        "",
        "Total: 25/30 (83.3%). It is up on 4 tasks and equal on 4 more.",
        "A pass costs 2.7x less ($0.000481 vs $0.0013).",
        "| Prediction | Outcome | Hit? |",
        "|---|---|---|",
        "| Headline 18 to 22/30, PE 20/30 | 25/30 | No (+3 above range) |",
        "",
        "| Rank | Model | Score |",
        "|---|---|---|",
        "| 1 | DeepSeek V4 Flash | 28/30 |",
        "| 1 | Claude Sonnet 4.6 | 28/30 |",
        "| 3 | GPT-OSS 20B | 25/30 |",
    ]
)


def lint(command: Command, folder: Path, *texts: str, suffix: str = ".md") -> Told:
    """Lint these texts together."""
    folder.mkdir(exist_ok=True)
    paths = [folder / f"report_{number}{suffix}" for number, _ in enumerate(texts)]
    for path, text in zip(paths, texts, strict=True):
        path.write_text(text)
    return command("lint-report", *paths)


def test_a_sound_report_is_left_alone(command: Command, tmp_path: Path) -> None:
    told = lint(command, tmp_path, SOUND)

    assert (told.out, told.status) == ("0 errors, 0 warnings\n", 0)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("| task_09_know_when_to_stop | 1/3", "| task_09_know_when_to_stop | 2/3", "its tasks add up to 26/30"),
        ("Total: 25/30 (83.3%)", "Total: 24/30 (80.0%)", "GPT-OSS 20B score is 24/30 here and 25/30 in"),
        ("25/30 (83.3%). $", "25/30 (88.3%). $", "rate is given as 88.3%, but 25/30 is 83.3 %"),
        ("$0.000481 per", "$0.000501 per", "cost per pass is given as $0.000501, but $0.012015 over 25 is $0.0004806"),
        ("up on 4 tasks and equal on 4", "up on 6 tasks and equal on 3", "by its own table 4 up, 4 equal, 2 down"),
        ("2.7x", "3.7x", "the two amounts are 2.7x apart"),
        ("+3 above range", "+5 above range", "range 18–22 is +3, against the point estimate 20 it is +5"),
        ("| 1 | Claude Sonnet", "| 2 | Claude Sonnet", "has rank 2, competition ranking gives 1 (2 rows have 28)"),
        ("| 3 | GPT-OSS 20B | 25", "| 3 | GPT-OSS 20B | 29", "(29) stands below 'Claude Sonnet 4.6' (28)"),
        ("of 2026-05-20", "of May", "a ranking without a date"),
        ("Total:", "Run 2 did not write the output file. Total:", "wrong_answer with the detail missing_output"),
        ("Total:", "It averaged 18.3 tool calls per run, none exceeded 12 turns. Total:", "turns and tool calls are"),
    ],
)  # fmt: skip
def test_each_published_kind_of_contradiction(
    command: Command, tmp_path: Path, old: str, new: str, message: str
) -> None:
    told = lint(command, tmp_path, SOUND.replace(old, new))

    assert message in told.out
    assert "report_0.md:" in told.out


def test_failures_told_in_words_are_added_up(command: Command, tmp_path: Path) -> None:
    """21 of 30 with four lists of failures that leave 22, and 8 of 12 where 7 are claimed."""
    text = (
        "| Model | Score |\n|---|---|\n| Claude Opus 4.7 | 21/30 |\n\n"
        "Four tasks had failures. task_03 and task_09 both scored 0/3. task_06 and task_08 each dropped one run.\n"
        "On these it failed at a rate of 7 in 12. Written 2026-05-30.\n"
    )
    told = lint(command, tmp_path, text)

    assert told.status == 1
    assert "the score of 'Claude Opus 4.7' is given as 21/30, its tasks add up to 22/30" in told.out
    assert "'failed at a rate of 7 in 12', but by the same list 8 of 12 failed" in told.out


def test_reports_are_held_against_each_other(command: Command, tmp_path: Path) -> None:
    """Costs that differ tenfold, two leaders, a single exception that is none, two spellings."""
    first = (
        "task_03 costs $0.013/run. The leaderboard leader is Mistral Small 4. Mistral Small 4 scored 29/30.\n"
        "V4 Flash is the single exception on task_09.\n"
    )
    second = (
        "task_03 costs $0.13/run. Claude Opus 4.8 and DeepSeek V4 Pro have achieved 30/30. DeepSeek V4-Flash too.\n"
    )
    alone, told = lint(command, tmp_path, first), lint(command, tmp_path, first, second, SOUND)

    assert alone.status == 0
    assert "task_03 cost per run is $0.13 here and $0.013 in" in told.out
    assert "The leaderboard leader is Mistral Small 4.', but Claude Opus 4.8 has 30/30 in" in told.out
    assert "but GPT-OSS 20B passed task_09 too; give the day of the claim" in told.out
    assert "'DeepSeek V4-Flash' is 'V4 Flash' of" in told.out


RESULTS = """\
as_of: 2026-05-20
models:
  - name: Claude Haiku 4.5
    score: 27/30
    pass_rate: 90.0
    input_price_usd: 1.00
    cost_per_pass_usd: 0.00316
    total_cost_usd: 0.08532
    max_turns: 13
    tasks:
      task_03: {score: 3/3, input_tokens: 118046, cost_per_run_usd: 0.0028, tool_calls: 55}
    all_tasks: true
ranking:
  - {rank: 1, name: Claude Haiku 4.5, score: 27}
claims:
  - {claim: steps, says: two up, up: 2}
  - {claim: ratio, says: 167x, ratio: 167, value: 0.528, over: 0.00316}
"""


def test_a_cost_below_its_own_tokens_is_possible_only_from_a_cache(command: Command, tmp_path: Path) -> None:
    """118,046 tokens over three runs at $1 a million are $0.0393 a run; S1's $3 a million gives $0.118."""
    told = lint(command, tmp_path, RESULTS, suffix=".yaml")
    cached = RESULTS.replace("input_tokens: 118046,", "input_tokens: 118046, cached_tokens: 112000,")
    dear = RESULTS.replace("1.00", "3").replace("0.0028", "0.013")

    assert told.status == 1
    assert (
        "39,349 input tokens a run at 1.0 a million cost $0.0393 at least; possible only if most were read" in told.out
    )
    assert "18.3 tool calls a run" in told.out
    assert "at least" not in lint(command, tmp_path, cached, suffix=".yaml").out
    assert "cost $0.118 at least" in lint(command, tmp_path, dear, suffix=".yaml").out


def test_stored_campaigns_are_checked_against_the_price_table(command: Command) -> None:
    """Half a million tokens for next to nothing is a warning for each run; a price that nobody knows is one."""
    cheap = store(command.directory, "anthropic/claude-haiku-4-5", OSS_120B, total_usd="0.0001")
    fair = store(command.directory, "anthropic/claude-haiku-4-5", OSS_120B, total_usd="9")
    unknown = store(command.directory, "x/unknown")

    assert (
        command("lint-report", cheap).out.count("is less than 10,000 input (0 cached) and 700 output tokens cost at")
        == 30
    )
    assert command("lint-report", fair).out == "0 errors, 0 warnings\n"
    assert "no price is known for 'x/unknown'" in command("lint-report", unknown).out
    assert [command("lint-report", cheap, *more).status for more in ((), ("--strict",))] == [0, 1]


def test_an_exported_table(command: Command, tmp_path: Path) -> None:
    """As CSV."""
    told = lint(command, tmp_path, "rank,model,score\n1,a,30/30\n2,b,28/30\n3,c,28/30\n", suffix=".csv")

    assert "'c' has rank 3, competition ranking gives 2" in told.out
    assert told.status == 1


def test_a_table_that_is_none(command: Command, tmp_path: Path) -> None:
    told = lint(command, tmp_path, "a" * 200_000, suffix=".csv")

    assert "is no CSV: field larger than field limit" in told.err


def test_findings_as_json(command: Command, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("rank,model,score,day\n2,a,30/30,2026-01-01\n")
    told = command("lint-report", tmp_path / "a.csv", "--format", "json")

    assert [(one["rule"], one["severity"]) for one in told.data["findings"]] == [("rank", "error")]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("score: 27/30", "score: 31/30", "'31/30' is no score; write passed/runs, like 25/30"),
        ("0.08532", ".nan", "nan is no number; leave out what is not known"),
        ("claim: steps", "claim: stairs", "unknown claim 'stairs'"),
        ("max_turns", "turns_max", "unknown field 'turns_max'"),
        ("name: Claude Haiku 4.5\n", "name: ''\n", "lacks its name"),
        ("models:", "models: 1\nm:", "unknown field 'm'"),
        ("as_of:", "as_of: 1\nas_of:", "'as_of' is given twice; keep one"),
        (RESULTS, "{", "is no YAML"),
        (RESULTS, "[1]", "must be a table of names, not a list"),
    ],
)
def test_a_file_that_is_no_report(command: Command, tmp_path: Path, old: str, new: str, message: str) -> None:
    told = lint(command, tmp_path, RESULTS.replace(old, new), suffix=".yaml")

    assert (told.status, told.out) == (2, "")
    assert message in told.err


def test_hostile_texts_end_in_a_report(command: Command, tmp_path: Path) -> None:
    """Bytes, half tables, lines without end: no traceback, and nothing that drives a terminal."""
    (tmp_path / "a.md").write_bytes(
        b"\xff\xfe|\x00|\n|---|\n| Model |\n|\n| Rank | Model | Score |\n|1|\x1b[2J|30/30|\n|9|b|1/1|"
    )
    (tmp_path / "b.md").write_text("task_03 " * 20_000 + "9" * 5_000 + "/30 (1%)")
    told = command("lint-report", tmp_path / "a.md", tmp_path / "b.md", tmp_path / "a.md")

    assert told.status in {0, 1}
    assert "\x1b" not in told.out
    assert "cannot be read: No such file" in command("lint-report", tmp_path / "none.md").err

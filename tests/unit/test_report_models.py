"""One model, one name; tables and lint that no text can break."""

from __future__ import annotations

import re
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pytest_agentcore.report.conditions import conditions, differences
from pytest_agentcore.report.leaderboard import frontier
from pytest_agentcore.report.lint import findings
from pytest_agentcore.report.lint_file import read_results
from pytest_agentcore.report.lint_text import read_csv, read_text
from pytest_agentcore.report.models import display_name, mentions, published
from pytest_agentcore.report.prediction_file import read_prediction
from pytest_agentcore.report.table import Table, csv_text, markdown
from tests.unit.sample_values import SOME

DOCS = Path(__file__).parents[2] / "docs"
PIECES = st.sampled_from(
    (
        *(
            "task_03",
            "| Task | Score |",
            "| Rank | Model | Score |",
            "|",
            "\n",
            "3/3",
            "25/30 (83.3%)",
            "$0.01",
            "2.7x",
        ),
        *(" ", "scored", "GPT-OSS 20B", "is the only", "both", "\x1b", "e9", "Total:", "+5 above range"),
        *("did not write the output file", "leaderboard leader is", "dropped one run", "failed at a rate of 7 in 12"),
    )
)


@pytest.mark.parametrize(
    ("spelling", "name"),
    [
        ("GPT-5.5 Instant", "GPT-5.5"),
        ("openai/gpt-5.5", "GPT-5.5"),
        ("V4-Flash", "DeepSeek V4 Flash"),
        ("DeepSeek V4-Flash", "DeepSeek V4 Flash"),
        ("bedrock/openai.gpt-oss-20b-1:0", "GPT-OSS 20B"),
        ("anthropic/claude-haiku-4-5-20251001", "Claude Haiku 4.5"),
        ("x/unheard-of", "x/unheard-of"),
        ("", ""),
    ],
)
def test_aliases(spelling: str, name: str) -> None:
    assert display_name(spelling) == name


def test_mentions_take_the_longest_name_and_no_part_of_another() -> None:
    text = "GPT-5.5 Instant beats GPT-5.55 and claude-opus-4-7x, DeepSeek V4-Flash not"

    assert [name for _, name in mentions(text)] == ["GPT-5.5 Instant", "DeepSeek V4-Flash"]


def test_published_rows_are_found_by_any_spelling_of_their_suite() -> None:
    assert len(published("agentic_core_v1")) == len(published("agentic-core-v1")) == 14
    assert published("another") == []
    assert all(re.fullmatch(r"\d{4}-\d\d-\d\d", row.as_of) and row.seed for row in published("agentic-core-v1"))


@SOME
@given(st.text(max_size=60) | st.lists(PIECES, max_size=30).map(" ".join))
def test_no_text_breaks_the_linter(text: str) -> None:
    for read in (read_text, read_csv):
        assert all(one.message for one in findings([read("a", text), read("b", text)]))


@SOME
@example("+0")
@given(st.text(max_size=30))
def test_a_cell_stays_in_its_row(text: str) -> None:
    """In each form."""
    table = Table(headings=("a", "b"), rows=[[text, "1"]])

    assert [len(lines) for lines in (table.aligned(), table.markdown())] == [3, 3]
    assert all("\n" not in line and "\x1b" not in line for line in (*table.aligned(), *table.markdown()))
    assert re.sub(r"\\.", "", table.markdown()[2]).count("|") == 3
    figure = re.fullmatch(r"[+-]?\d+(\.\d+)?", text)  # stays one: see the next test
    written = csv_text(("a",), [[text]])
    assert figure or not written.splitlines()[1:2] or written[2] not in "=+@\t\r"


@pytest.mark.parametrize("text", ["-5", "+3.5", "-1.6"])
def test_figures_stay_figures_in_a_spreadsheet(text: str) -> None:
    assert csv_text(("a",), [[text]]) == f"a\n{text}\n"


def test_markdown_shows_what_is_written() -> None:
    assert markdown("a_b *c* [d](http://e) <f>") == "a_b \\*c\\* \\[d\\](http:\\//e) \\<f\\>"


def test_what_a_manifest_says_besides_may_move_a_score() -> None:
    """A field that nobody here knows is a condition, not a footnote."""
    one, other = {"model": "a", "policies": {"cpus": "limit"}, "new": 1}, {"model": "b", "new": 2, "host": "h"}

    assert [(place.what, place.condition) for place in differences([one, other])] == [
        ("model", True),
        ("policies.cpus", True),
        ("new", True),
        ("host", False),
    ]
    assert conditions(one) == {"policies.cpus": "limit", "new": "1"}
    assert differences([{"system_prompt": "x" * 100}, {"system_prompt": "y" * 100}])[0].values[0].startswith("sha256:")


def test_the_frontier() -> None:
    points = [(3, "3"), (3, "2"), (2, "2"), (2, "1"), (1, None), (2, "1"), (0, "0.5")]
    found = frontier([(Fraction(score), None if cost is None else Decimal(cost)) for score, cost in points])

    assert found == {1, 3, 5, 6}


def test_the_examples_of_the_docs_can_be_read() -> None:
    """As they stand there."""
    blocks = {
        name: re.findall(r"```yaml\n(.*?)```", (DOCS / name).read_text(), re.DOTALL)
        for name in ("leaderboard.md", "predictions.md")
    }

    report = read_results("docs", blocks["leaderboard.md"][0].encode())
    prediction = read_prediction(blocks["predictions.md"][0].encode(), "docs")
    assert (len(report.claims), len(prediction.statements)) == (5, 3)
    assert {one.rule for one in findings([report])} >= {"range", "missing-output", "turns"}

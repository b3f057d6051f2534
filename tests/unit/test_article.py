"""The article's skeleton says something right of every campaign, and what models wrote stays text."""

from __future__ import annotations

import unicodedata
from dataclasses import replace

import pytest

from pytest_agentcore.domain.outcome import Cause
from pytest_agentcore.report.article import Other, lines
from pytest_agentcore.report.rollup import summarise
from tests.unit.sample_campaign import MANIFEST, TASKS, failing, key, record
from tests.unit.test_data_pack_reading import CAMPAIGNS, EXAMINED, ODD


@pytest.mark.parametrize("name", CAMPAIGNS)
def test_every_campaign_has_an_article(name: str) -> None:
    """Nothing that a model or a file's name says becomes markup, a line of its own or a command to a terminal."""
    campaign = CAMPAIGNS[name]
    examined = dict.fromkeys(campaign.outcomes, EXAMINED)
    written = lines(campaign, summarise(campaign), examined, others=[Other(label=ODD, sentences=(ODD,))])

    assert written[0].startswith("# ")
    for line in written:
        assert "\n" not in line
        assert not any(unicodedata.category(char) in {"Cc", "Cf", "Cs"} for char in line)
        claim = line.strip() and not line.startswith(("#", "|"))
        assert not claim or "[Observed — " in line or line.startswith(("[Speculation] …", "[Unobserved] …")), line


def said(name: str) -> str:
    campaign = CAMPAIGNS[name]
    return "\n".join(lines(campaign, summarise(campaign), {}))


def test_without_a_pass_a_pass_has_no_cost() -> None:
    assert "$0.012 for 30 valid runs. No run passed, so a cost per passing run is not defined." in said("zero_passes")


def test_a_price_that_is_not_known_is_not_invented() -> None:
    assert "The price of a model call is not known, so the cost is not." in said("unknown_price")


def test_when_all_is_lost_there_is_no_score() -> None:
    text = said("all_infra")

    assert "There is no score: no run was concluded. [Observed" in text
    assert "scored" not in text.partition("## ")[0]


def test_missing_runs_bound_the_score() -> None:
    text = said("every_cause")

    assert "## task_02_refactor_duplicated_code: 1/2" in text
    assert "- Run 2 was not made." in text
    assert "There is no score: the checker of task_01_fix_failing_test broke in run 2" in text


def test_a_quarantined_campaign_is_called_so() -> None:
    lost = failing(key(), cause=Cause.INFRA, reason="server_lost")
    campaign = record(instead={(1, 1): lost, (1, 2): lost})
    text = "\n".join(lines(campaign, summarise(campaign), {}))

    assert "2 of 30 runs are not valid, so the score lies between 23 and 25: not to be ranked." in text


def test_nothing_examined_is_said() -> None:
    assert "No trajectory was examined." in said("published")


def test_one_task_one_run_is_singular() -> None:
    campaign = replace(record(), planned=(key(TASKS[0]),), manifest=MANIFEST)
    outcomes = {at: outcome for at, outcome in campaign.outcomes.items() if at == key(TASKS[0])}
    campaign = replace(campaign, outcomes=outcomes)
    text = "\n".join(lines(campaign, summarise(campaign), {}))

    assert "Runs: 1 (1 task × 1 run each)" in text
    assert "$0.000401 for 1 valid run" in text


def test_findings_are_quoted_up_to_a_dozen() -> None:
    campaign = record()
    text = "\n".join(lines(campaign, summarise(campaign), dict.fromkeys(campaign.outcomes, EXAMINED)))

    assert "- 48 more findings. [Observed — data pack evidence_index.json: runs]" in text
    assert "- swearing, turns 1, 3: “" in text

"""Extension points of the plugin; each docstring is a recipe for a conftest."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pytest_agentcore.domain.campaign import CampaignRecord, Summary


@pytest.hookspec
def pytest_agentcore_campaign_finished(folder: Path, record: CampaignRecord, summary: Summary) -> None:
    """A session over a campaign is over and its data pack is written; called once per campaign, never in a worker.

    To keep a line a day about each campaign::

        # conftest.py
        def pytest_agentcore_campaign_finished(folder, record, summary):
            with open("scores.csv", "a") as file:
                print(folder.name, summary.passed, summary.planned, sep=",", file=file)
    """

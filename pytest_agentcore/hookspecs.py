"""Extension points of the plugin; each docstring is a recipe for a conftest."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pytest_agentcore.domain.campaign import CampaignRecord, Summary
    from pytest_agentcore.domain.evidence import Detector


@pytest.hookspec
def pytest_agentcore_campaign_finished(folder: Path, record: CampaignRecord, summary: Summary) -> None:
    """A session over a campaign is over and its data pack is written; called once per campaign, never in a worker.

    To keep a line a day about each campaign::

        # conftest.py
        def pytest_agentcore_campaign_finished(folder, record, summary):
            with open("scores.csv", "a") as file:
                print(folder.name, summary.passed, summary.planned, sep=",", file=file)
    """


@pytest.hookspec
def pytest_agentcore_evidence(register: Callable[[Detector], None]) -> None:
    """Offer a pattern to look for in finished runs; called once in every process that judges or reports.

    What a detector finds stands in the data pack beside the built-in patterns and never changes a verdict. It is a
    pure function of the episode: the trajectory, and the workspace before and after. To find runs that swear::

        # conftest.py
        from pytest_agentcore import Detector, Finding

        def swearing(episode):
            for number, turn in enumerate(episode.trajectory.turns, start=1):
                if "damn" in turn.reply.text.lower():
                    yield Finding(pattern="swearing", turns=(number,), quote=turn.reply.text)

        def pytest_agentcore_evidence(register):
            register(Detector(name="swearing", description="The assistant swears.", find=swearing))

    Raise a detector's ``version`` when what it finds changes: stored evidence of an older one is then derived anew.
    """


DETECTORS = pytest.StashKey["tuple[Detector, ...]"]()


def evidence_detectors(config: pytest.Config) -> tuple[Detector, ...]:
    """The built-in detectors and those that plug-ins offer, asked for once.

    Raises:
        ConfigError: a plug-in's name for one cannot be used.
    """
    known = config.stash.get(DETECTORS, None)
    if known is None:
        from pytest_agentcore.scoring.evidence import with_plugins

        own: list[Detector] = []
        config.hook.pytest_agentcore_evidence(register=own.append)
        known = config.stash[DETECTORS] = with_plugins(own)
    return known

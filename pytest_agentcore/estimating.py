"""What a session may cost, told before it spends anything: in its header, and alone with ``--agent-dry-run``."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from pytest_agentcore.groups import Group
from pytest_agentcore.model.endpoint import ModelSpec
from pytest_agentcore.model.pricing import load_prices
from pytest_agentcore.options import Settings
from pytest_agentcore.scoring.estimate import estimate, line
from pytest_agentcore.store.campaign import Held
from pytest_agentcore.store.earlier import earlier_campaigns
from pytest_agentcore.store.history import History


def plan_lines(
    groups: Sequence[Group], specs: Mapping[str, ModelSpec], settings: Settings, *, system_prompt: str
) -> list[str]:
    """What would be run, and what it may cost, one block for each campaign."""
    lines = []
    for group in groups:
        runs, tasks = len(group.runs), len(group.tasks)
        many = f"{runs} runs of {tasks} tasks" if tasks > 1 else f"{runs} runs of {next(iter(group.tasks))}"
        lines.append(f"{group.suite}@{group.suite_version} {group.model} {group.profile}: {many}")
        lines += [f"  {told}" for told in estimate_lines([group], specs, settings, system_prompt=system_prompt)]
    return lines


def estimate_lines(
    groups: Sequence[Group],
    specs: Mapping[str, ModelSpec],
    settings: Settings,
    *,
    system_prompt: str,
    held: Mapping[Any, Held] | None = None,
) -> list[str]:
    """One line for each campaign of a model that is paid for; ``held`` are those that hold runs already."""
    paid = [group for group in groups if specs[group.model].wire != "scripted" and settings.replay is None]
    if not paid:
        return []
    prices, several = load_prices(settings.price_file), len(groups) > 1
    lines = []
    for group in paid:
        settled = _settled(held[group.key].folder) if held else Counter()
        shapes = [
            replace(
                shape,
                runs=max(0, shape.runs - settled[shape.task]),
                instructions=shape.instructions + len(system_prompt),
            )
            for shape in group.shapes
        ]
        price = prices.of(specs[group.model])
        coming = {"suite": group.suite, "model": group.model, "agent": "builtin", "parameters": settings.model_args}
        history = earlier_campaigns(settings.directory, coming)
        made = estimate(shapes, rates=None if price is None else price.rates, history=history)
        whose = f"{group.model} {group.profile}: " if several else ""
        cap = "" if settings.max_cost is None else f"; --agent-max-cost stops it at ${settings.max_cost}"
        lines.append(f"estimate   {whose}{line(made)}{cap}")
    return lines


def _settled(folder: Path) -> Counter[str]:
    """Runs by task that a campaign need not pay again."""
    history = History.read(folder / "journal.jsonl")
    return Counter(key.task for key in history.concluded if not history.unsettled([key]))

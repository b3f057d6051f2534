"""``--agent-check``: the items of a task that tests itself, one for each trajectory and scenario."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from pytest_agentcore.collection import PARAMETER
from pytest_agentcore.domain.check import CaseKind
from pytest_agentcore.domain.task import TOOLS
from pytest_agentcore.errors import ConfigError
from pytest_agentcore.model import cheats, scripted
from pytest_agentcore.rollout import search

CANONICAL_RUN = 1
"""Run index of the published scenario; each higher one is a scenario of its own, drawn from the seed."""
USUAL = "1x"
_PREFIX = {
    CaseKind.CHEAT: "cheat/",
    CaseKind.SEARCH: "search/",
    CaseKind.FOREIGN: "foreign/",
    CaseKind.TIGHT: "tight/",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """What one item replays."""

    kind: CaseKind
    name: str
    run: int = CANONICAL_RUN

    @property
    def model(self) -> str:
        """As ids name it: ``scripted/reference`` can be run by ``--agent-model`` too."""
        return _PREFIX.get(self.kind, scripted.PREFIX) + self.name

    @property
    def deciding(self) -> bool:
        """Does it say how good the checker is, and is judged twice for that?"""
        return self.kind not in (CaseKind.CHEAT, CaseKind.SEARCH, CaseKind.TIGHT)


def parametrize(metafunc: pytest.Metafunc, *, variants: int) -> None:
    """Give an agent test one item per case, with ids that are the same in every process."""
    definition = metafunc.definition
    if definition.get_closest_marker("agent_task") is None:
        return
    marks: dict[str, Any] = {}
    for mark in reversed(list(definition.iter_markers("agent_task"))):
        marks |= mark.kwargs
    folder = definition.path.parent / "solutions"
    found = cases(
        folder if folder.is_dir() else None,
        tools=marks.get("tools", TOOLS),
        runs=1 + (variants if marks.get("scenario") is not None else 0),
    )
    metafunc.fixturenames.append(PARAMETER)
    metafunc.parametrize(
        PARAMETER, [(case.model, case.run) for case in found], ids=[f"{case.model}-run{case.run}" for case in found]
    )


def cases(folder: Path | None, *, tools: Sequence[str], runs: int) -> list[Case]:
    """Everything that is replayed for a task: the reference first, for others build on what it writes."""
    written = sorted((path.stem for path in folder.glob("*.yaml")) if folder is not None else ())
    ranked = sorted((rank_of(folder, name), name) for name in written)
    names = [name for _, name in ranked] + sorted(scripted.IMPLIED.keys() - set(written))
    kinds = {name: kind_of(folder, name) for name in names}
    found = [Case(kind=kinds[name], name=name, run=run) for run in range(1, runs + 1) for name in names]
    found += [Case(kind=CaseKind.TIGHT, name=name) for name in names if profile_of(folder, name) != USUAL]
    foreign = [name for name in names if _is_bound_to_its_scenario(folder, name, kinds[name])]
    found += [Case(kind=CaseKind.FOREIGN, name=name, run=run) for run in range(2, runs + 1) for name in foreign]
    found += [Case(kind=CaseKind.CHEAT, name=name) for name in cheats.names(tools)]
    return [*found, Case(kind=CaseKind.SEARCH, name=search.NAME)]


def rank_of(folder: Path | None, name: str) -> int:
    """Reference, right answers, wrong answers: the order in which a task is looked at."""
    order = (CaseKind.REFERENCE, CaseKind.RIGHT, CaseKind.WRONG, CaseKind.IMPLIED)
    return order.index(kind_of(folder, name))


def kind_of(folder: Path | None, name: str) -> CaseKind:
    """What a solution is, by what its file expects; a broken file goes by its name."""
    if name == "reference":
        return CaseKind.REFERENCE
    try:
        solution = scripted.find(folder, name)
    except ConfigError:
        return CaseKind.WRONG if name.startswith("fail") else CaseKind.RIGHT
    if name in scripted.IMPLIED:
        return CaseKind.IMPLIED
    return CaseKind.RIGHT if solution.expect is None else CaseKind.WRONG


def profile_of(folder: Path | None, name: str) -> str:
    """The resource profile that a solution needs; a broken file needs none."""
    try:
        return scripted.find(folder, name).resources
    except ConfigError:
        return USUAL


def _is_bound_to_its_scenario(folder: Path | None, name: str, kind: CaseKind) -> bool:
    if kind not in (CaseKind.REFERENCE, CaseKind.RIGHT):
        return False
    try:
        return not scripted.find(folder, name).portable
    except ConfigError:
        return False


def case_of(folder: Path | None, model: str, run: int) -> Case:
    """The case behind the parameter of an item."""
    for kind, prefix in _PREFIX.items():
        if model.startswith(prefix):
            return Case(kind=kind, name=model.removeprefix(prefix), run=run)
    name = model.removeprefix(scripted.PREFIX)
    return Case(kind=kind_of(folder, name), name=name, run=run)

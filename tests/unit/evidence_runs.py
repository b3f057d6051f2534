"""The labelled runs: scripts of ``evidence_cases``, played by the real loop with the real tools in a real sandbox."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from pytest_agentcore.domain.evidence import Diagnosis, Episode
from pytest_agentcore.domain.outcome import RunKey
from pytest_agentcore.domain.resources import Limits
from pytest_agentcore.domain.rollout import Rollout
from pytest_agentcore.domain.task import Task
from pytest_agentcore.domain.workspace import Entry, Snapshot, Workspace
from pytest_agentcore.model.scripted import ScriptedModel, ScriptedTurn, Solution
from pytest_agentcore.rollout.attempt import Cancel, Harness, Metered, attempt
from pytest_agentcore.rollout.material import initial
from pytest_agentcore.sandbox.choice import open_sandbox, probe

CASES = Path(__file__).with_name("evidence_cases")
LIMITS = Limits(memory_mb=None, pids=None, disk_mb=None, cpus=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Labelled:
    """One run and the patterns that a reader finds in it."""

    name: str
    finds: frozenset[str]
    raw: dict[str, Any]


def labelled(*files: str) -> list[Labelled]:
    """The labelled runs of these files."""
    found = [case for file in files for case in yaml.safe_load((CASES / f"{file}.yaml").read_text())]
    return [Labelled(name=case["name"], finds=frozenset(case["finds"]), raw=case) for case in found]


@cache
def _tasks() -> dict[str, Any]:
    data: dict[str, Any] = yaml.safe_load((CASES / "tasks.yaml").read_text())
    return data


def _content(value: str | dict[str, Any]) -> str:
    if isinstance(value, str):
        return value
    return "".join(f"{value['text'].format(n=number)}\n" for number in range(value["lines"]))


def _turns(raw: list[dict[str, Any]]) -> tuple[ScriptedTurn, ...]:
    turns: list[ScriptedTurn] = []
    for turn in raw:
        calls = tuple(
            (args["name"], args["arguments"]) if tool == "raw" else (tool, json.dumps(args))
            for call in turn.get("calls", [])
            for tool, args in call.items()
        )
        turns += [ScriptedTurn(text=turn.get("say", ""), calls=calls)] * turn.get("repeat", 1)
    return tuple(turns)


@cache
def _isolation() -> Any:
    return probe("process", limits=LIMITS)


def play(case: Labelled) -> Episode:
    """The run of a case, made with the product's own loop, tools and sandbox."""
    rollout = roll_out(case)
    raw, about = case.raw, _tasks()[case.raw["task"]]
    workspace = rollout.workspace
    for path, text in raw.get("after", {}).items():
        entries = {
            **workspace.snapshot.by_path(),
            path: Entry(path=path, kind="file", size=len(text), data=text.encode()),
        }
        workspace = Workspace(snapshot=Snapshot.of(entries.values()), before=workspace.before)
    declared = about.get("diagnosis")
    diagnosis = Diagnosis(states=tuple(declared["states"]), artefact=declared["artefact"]) if declared else None
    return Episode(trajectory=rollout.trajectory, workspace=workspace, diagnosis=diagnosis)


def roll_out(case: Labelled) -> Rollout:
    """The rollout of a case."""
    raw, about = case.raw, _tasks()[case.raw["task"]]
    task = Task(
        id=case.name,
        suite="labelled",
        prompt=about["prompt"].strip(),
        folder=CASES,
        files={path: _content(value) for path, value in about["files"].items()},
        max_turns=raw.get("max_turns", 13),
        limits=LIMITS,
    )
    solution = Solution(name=case.name, turns=_turns(raw["turns"]))
    harness = Harness(
        open_sandbox=lambda task: open_sandbox(_isolation(), limits=task.limits),
        open_model=lambda *_: ScriptedModel(solution),
        metered=lambda _: Metered(),
        system_prompt="",
    )
    done = attempt(
        key=RunKey(task=task.id, model="scripted/labelled", run=1),
        number=1,
        task=task,
        before=initial(task),
        harness=harness,
        cancel=Cancel(),
    )
    assert done.infra is None
    return done

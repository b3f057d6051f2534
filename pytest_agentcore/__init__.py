"""Agentic software-engineering benchmarks as pytest tests.

A bare import stays light: the names below are loaded when they are first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from pytest_agentcore._version import __version__

if TYPE_CHECKING:
    from pytest_agentcore.domain.evidence import Detector, Diagnosis, Episode, Finding
    from pytest_agentcore.domain.outcome import Detail, FailureMode
    from pytest_agentcore.domain.resources import Floor, Limits
    from pytest_agentcore.domain.scenario import Draw
    from pytest_agentcore.domain.task import Fault
    from pytest_agentcore.domain.workspace import Workspace
    from pytest_agentcore.errors import Tampered, WrongAnswer
    from pytest_agentcore.fixtures import agent_task
    from pytest_agentcore.rollout.run import CheckResult, Run

__all__ = [
    "CheckResult",
    "Detail",
    "Detector",
    "Diagnosis",
    "Draw",
    "Episode",
    "FailureMode",
    "Fault",
    "Finding",
    "Floor",
    "Limits",
    "Run",
    "Tampered",
    "Workspace",
    "WrongAnswer",
    "__version__",
    "agent_task",
]

_HOMES = {
    "CheckResult": "rollout.run",
    "Detail": "domain.outcome",
    "Detector": "domain.evidence",
    "Diagnosis": "domain.evidence",
    "Draw": "domain.scenario",
    "Episode": "domain.evidence",
    "FailureMode": "domain.outcome",
    "Fault": "domain.task",
    "Finding": "domain.evidence",
    "Floor": "domain.resources",
    "Limits": "domain.resources",
    "Run": "rollout.run",
    "Tampered": "errors",
    "Workspace": "domain.workspace",
    "WrongAnswer": "errors",
    "agent_task": "fixtures",
}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)

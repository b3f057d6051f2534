"""The pytest plugin: hooks that delegate. Nothing heavy is imported before a session turns out to be one of ours."""

from __future__ import annotations

from pathlib import Path

import pytest

from pytest_agentcore.options import add_options, agent_mode, is_material

pytest_plugins = ("pytest_agentcore.fixtures",)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Declare ``--agent-*`` and ``agent_*``."""
    add_options(parser)


def pytest_addhooks(pluginmanager: pytest.PytestPluginManager) -> None:
    """Let a conftest implement our extension points."""
    from pytest_agentcore import hookspecs

    pluginmanager.add_hookspecs(hookspecs)


def pytest_configure(config: pytest.Config) -> None:
    """Know the marker; come to life when a model or a suite is named."""
    config.addinivalue_line(
        "markers", "agent_task(**options): a benchmark task: the docstring is the prompt, the assertions the checker"
    )
    if agent_mode(config):
        from pytest_agentcore.activation import activate

        activate(config)


def pytest_ignore_collect(collection_path: Path) -> bool | None:
    """Leave the material of agent tasks alone: what lies in it is for agents and checkers."""
    return True if is_material(collection_path) else None

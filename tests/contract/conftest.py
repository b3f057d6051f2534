"""What every sandbox test needs: each level once, and sandboxes that are closed again."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from pytest_agentcore.domain.ports import Sandbox
from pytest_agentcore.domain.resources import Isolation, Limits
from pytest_agentcore.errors import SandboxUnavailable
from pytest_agentcore.sandbox.choice import open_sandbox, probe
from tests.contract.docker_fixture import needs_docker, required
from tests.contract.sandbox_boxes import Open


@pytest.fixture(scope="session", params=["namespace", pytest.param("docker", marks=pytest.mark.slow), "process"])
def isolation(request: pytest.FixtureRequest) -> Isolation:
    """Each level that this machine can hold; a namespace may be forbidden here, a process never is."""
    if request.param == "docker":
        needs_docker()
    try:
        return probe(request.param)
    except SandboxUnavailable as error:
        if request.param == "namespace" and not required("namespace"):
            pytest.skip(str(error))
        raise


@pytest.fixture
def walled(isolation: Isolation) -> bool:
    """True where the level promises walls."""
    return isolation.level != "process"


@pytest.fixture
def open_box(isolation: Isolation) -> Iterator[Open]:
    """Opens sandboxes with the given fields of Limits and closes them after the test."""
    opened: list[Sandbox] = []

    def open_box(*, masks: tuple[Path, ...] = (), **limits: float | None) -> Sandbox:
        opened.append(open_sandbox(isolation, limits=Limits(**limits), masks=masks))  # type: ignore[arg-type]
        return opened[-1]

    yield open_box
    for sandbox in opened:
        sandbox.close()


@pytest.fixture
def box(open_box: Open) -> Sandbox:
    """One sandbox with the default limits."""
    return open_box()

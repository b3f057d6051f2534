"""What every sandbox test needs: each level once, and sandboxes that are closed again."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from pytest_agentcore.domain.ports import Sandbox
from pytest_agentcore.domain.resources import Isolation, Limits
from pytest_agentcore.errors import SandboxUnavailable
from pytest_agentcore.sandbox import image, pool
from pytest_agentcore.sandbox.choice import open_sandbox, probe
from pytest_agentcore.sandbox.docker import Daemon
from tests.contract.docker_engine import Engine
from tests.contract.docker_fixture import lacks, needs_docker, required
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


@pytest.fixture(scope="module")
def spare_engine() -> Iterator[Engine]:
    """A daemon that may be killed, with the image in it; nothing else of the session talks to it."""
    needs_docker()
    if os.geteuid() != 0 or shutil.which("dockerd", path=f"{os.environ['PATH']}:/usr/sbin") is None:
        lacks("docker", "only root, with dockerd installed, has a daemon that may be killed")
    with tempfile.TemporaryDirectory(prefix="ac-", dir="/tmp") as folder:
        engine = Engine(Path(folder, "e"))
        try:
            engine.start()
            with talking_to(engine):
                daemon = Daemon()
                image.build(daemon, cache=Path.home() / ".cache" / "pytest-agentcore", say=lambda _: None)
                daemon.close()
            yield engine
        finally:
            engine.remove()


@pytest.fixture
def engine(spare_engine: Engine) -> Iterator[Engine]:
    """For one test alone: an image has another id in another daemon, and other tests of the module keep theirs."""
    with talking_to(spare_engine):
        yield spare_engine


@contextmanager
def talking_to(engine: Engine) -> Iterator[None]:
    """This process knows that daemon and no other."""
    pool.close()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DOCKER_HOST", engine.url)
        try:
            yield
        finally:
            pool.close()

"""Which Docker daemon the tests use: the one that DOCKER_HOST names, with the image in it."""

from __future__ import annotations

import fcntl
import os
import tempfile
from functools import cache
from pathlib import Path
from typing import NoReturn

import pytest

from pytest_agentcore.errors import AgentCoreError
from pytest_agentcore.sandbox import image
from pytest_agentcore.sandbox.docker import Daemon, NotFound

REQUIRED = "AGENTCORE_REQUIRE"
"""Names the levels whose tests may not be skipped, e.g. ``namespace docker``; for docker the image is built as well."""


def required(level: str) -> bool:
    """May no test of this level be skipped here?"""
    return level in os.environ.get(REQUIRED, "").split()


def lacks(level: str, reason: str) -> NoReturn:
    """Skip for want of a level, or of what its tests need; fail where that level is required."""
    if required(level):
        pytest.fail(f"{REQUIRED} names {level}, and: {reason}", pytrace=False)
    pytest.skip(reason)


def needs_docker() -> None:
    """Skip, or fail where it is required, unless level docker can be held here."""
    if reason := _missing():
        lacks("docker", reason)


@cache
def _missing() -> str:
    try:
        daemon = Daemon()
    except AgentCoreError as error:
        return str(error)
    try:
        if not required("docker"):
            daemon.image(image.NAME)
            return ""
        with Path(tempfile.gettempdir(), "agentcore-test-image.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)  # one of the test processes builds, the others find it
            image.build(daemon, cache=Path.home() / ".cache" / "pytest-agentcore", say=lambda _: None)
    except NotFound:
        return f"docker has no image {image.NAME!r}: pytest-agentcore image build"
    except AgentCoreError as error:
        return str(error)
    finally:
        daemon.close()
    return ""

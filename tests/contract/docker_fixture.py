"""Which Docker daemon the tests use: the one that DOCKER_HOST names, with the image in it."""

from __future__ import annotations

import fcntl
import os
import tempfile
from functools import cache
from pathlib import Path

import pytest

from pytest_agentcore.errors import AgentCoreError
from pytest_agentcore.sandbox import image
from pytest_agentcore.sandbox.docker import Daemon, NotFound

REQUIRED = "AGENTCORE_REQUIRE_DOCKER"
"""Set where tests may not be skipped for want of a daemon; then the image is built as well."""


def needs_docker() -> None:
    """Skip, or fail where it is required, unless level docker can be held here."""
    reason = _missing()
    if reason and os.environ.get(REQUIRED):
        pytest.fail(f"{REQUIRED} is set, and: {reason}", pytrace=False)
    if reason:
        pytest.skip(reason)


@cache
def _missing() -> str:
    try:
        daemon = Daemon()
    except AgentCoreError as error:
        return str(error)
    try:
        if not os.environ.get(REQUIRED):
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

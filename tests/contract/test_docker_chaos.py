"""Nothing survives: engines and daemons are killed, several times in a row, with a daemon of the test's own.

``AGENTCORE_CHAOS_ROUNDS=10`` for ten.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from pytest_agentcore.domain.resources import Limits
from pytest_agentcore.errors import SandboxLost
from pytest_agentcore.sandbox import pool
from pytest_agentcore.sandbox.choice import open_sandbox, probe
from pytest_agentcore.sandbox.docker import Daemon
from tests.contract.docker_engine import Engine
from tests.contract.sandbox_boxes import runs_on_host, unique_sleep

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
ROUNDS = int(os.environ.get("AGENTCORE_CHAOS_ROUNDS", "2"))
ENGINE = """
import sys, threading, time
from pytest_agentcore.domain.resources import Limits
from pytest_agentcore.sandbox.choice import open_sandbox, probe
isolation = probe("docker")
boxes = [open_sandbox(isolation, limits=Limits()) for _ in range(2)]
boxes[0].exec(["sh", "-c", f"setsid sleep {sys.argv[1]} &"])
threading.Thread(target=boxes[1].exec, args=[["sleep", "600"]], daemon=True).start()
print("ready", flush=True)
time.sleep(600)
"""


def eventually(condition: Callable[[], bool], seconds: float = 30) -> bool:
    """Wait for what must come soon."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.1)
    return condition()


def left() -> dict[str, str]:
    """Containers of any engine."""
    daemon = Daemon()
    try:
        return daemon.marked()
    finally:
        daemon.close()


def test_nothing_of_a_killed_engine_is_left(engine: Engine) -> None:
    for _ in range(ROUNDS):
        nap = unique_sleep()
        harness = subprocess.Popen(
            [sys.executable, "-c", ENGINE, nap],
            stdout=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), *sys.path])},
        )
        assert harness.stdout is not None
        assert harness.stdout.readline() == b"ready\n"
        assert runs_on_host(nap)
        harness.kill()
        harness.communicate()

        assert eventually(lambda nap=nap: not runs_on_host(nap))  # type: ignore[misc]
        probe("docker")  # what it was making at that moment is found by its label
        pool.close()  # and our own that stand ready are none of its
        assert eventually(lambda: not left())


def test_a_killed_daemon_costs_what_was_in_flight_and_nothing_is_left(engine: Engine) -> None:
    for _ in range(ROUNDS):
        isolation = probe("docker")
        box = open_sandbox(isolation, limits=Limits())
        nap = unique_sleep()
        box.exec(["sh", "-c", f"setsid sleep {nap} &"])
        engine.kill()
        with pytest.raises(SandboxLost) as caught:
            box.exec(["true"])
        assert (str(caught.value), caught.value.reason) == ("the docker daemon is gone", "server_lost")
        box.close()
        engine.start()

        again = open_sandbox(isolation, limits=Limits())  # removes what it could not end before
        assert again.exec(["echo", "alive"]).stdout.text() == "alive\n"
        again.close()
        assert eventually(lambda nap=nap: not runs_on_host(nap))  # type: ignore[misc]
        pool.close()
        assert eventually(lambda: not left())

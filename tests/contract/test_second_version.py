"""Control groups of version 2, for real, on a machine of the tests' own: the same tests as on this one."""

from __future__ import annotations

import os
import re
import sys

import pytest

from tests.conftest import QUICK
from tests.contract import docker_second, second_machine
from tests.contract.docker_fixture import lacks, needs_docker
from tests.contract.test_ordinary_user import ordinary_users_python

pytestmark = pytest.mark.slow

FILES = ("test_sandbox_limits.py", "test_causes.py")
DEPENDING = "not (docker or watchdog or row_2_ or row_4_ or row_13_ or sleeps or threads or still)"
"""What has to do with control groups."""
IN_DOCKER = "docker and (group or row_8_ or throttling) and not (small_hogs or throttled)"
"""The same, but for what this slow machine has no time for: hogs that meet within 0.4 s, a twentieth of a processor.

Without a kill of the server: its group is gone before a slow containerd has read what happened in it, one time in six.
"""
SHARED = (
    "test_docker.py::test_one_command_may_not_take_the_memory_that_files_were_given",
    "test_docker.py::test_throttling_is_that_of_the_container",
    "test_docker.py::test_evidence_of_an_image_without_python",
    "test_sandbox_limits.py::test_memory_beyond_the_limit_is_an_oom_kill_and_the_next_call_works[docker-group]",
)
"""What a container that sees its daemon's control groups finds elsewhere than one that sees its own alone."""
OPTIONS = ("-q", "-rs", "--color=no", "-m", "", *QUICK, "-pno:xdist", "--basetemp=/mnt/tests")


@pytest.mark.skipif(os.geteuid() != 0, reason="the machine's files belong to root")
@pytest.mark.parametrize("user", ["root", "nobody"])
def test_limits_and_causes(user: str) -> None:
    """Kills for want of memory, fork bombs, throttling, their evidence and their causes; for a user with a slice."""
    python = ordinary_users_python() if user == "nobody" else [sys.executable]
    command = [*python, "-m", "pytest", *OPTIONS, "-k", DEPENDING, *_paths(FILES)]
    try:
        ran = second_machine.run(command, user=user, timeout_s=600)
    except second_machine.NoMachine as reason:
        lacks("cgroup2", str(reason))

    assert _passed(ran, r"sandbox levels: namespace (\d+) passed") >= 20
    assert "this user may not make control groups" not in ran.output


@pytest.mark.skipif(os.geteuid() != 0, reason="the machine's files belong to root")
@pytest.mark.parametrize(
    ("view", "tests", "chosen", "least"),
    [("private", (*FILES, "test_docker.py"), IN_DOCKER, 8), ("host", SHARED, "", 4)],
    ids=["private", "host"],
)
def test_limits_and_causes_in_docker(view: str, tests: tuple[str, ...], chosen: str, least: int) -> None:
    """The same with a daemon that makes the groups, whichever part of them its containers see."""
    needs_docker()
    command = [sys.executable, "-m", "pytest", *OPTIONS, "-k", chosen, *_paths(tests)]
    try:
        ran = docker_second.run(command, option=f"--default-cgroupns-mode={view}", timeout_s=900)
    except second_machine.NoMachine as reason:
        lacks("cgroup2", str(reason))

    assert _passed(ran, r"(\d+) passed") >= least


def _paths(names: tuple[str, ...]) -> list[str]:
    return [str(second_machine.ROOT / "tests" / "contract" / name) for name in names]


def _passed(ran: second_machine.Ran, line: str) -> int:
    """How many tests passed, where none failed, by the line that counts them."""
    assert ran.status == 0, ran.output[-6000:]
    (passed,) = re.findall(f"^{line}", ran.output, re.MULTILINE)
    return int(passed)

"""Control groups of version 2, for real, on a machine of the tests' own: the same tests as on this one."""

from __future__ import annotations

import os
import re
import sys

import pytest

from tests.conftest import QUICK
from tests.contract import second_machine
from tests.contract.docker_fixture import required
from tests.contract.test_ordinary_user import ordinary_users_python

pytestmark = pytest.mark.slow

FILES = ("test_sandbox_limits.py", "test_causes.py")
DEPENDING = "not (docker or watchdog or row_2_ or row_4_ or row_13_ or sleeps or threads or still)"
"""What has to do with control groups."""


@pytest.mark.skipif(os.geteuid() != 0, reason="the machine's files belong to root")
@pytest.mark.parametrize("user", ["root", "nobody"])
def test_limits_and_causes(user: str) -> None:
    """Kills for want of memory, fork bombs, throttling, their evidence and their causes; for a user with a slice."""
    python = ordinary_users_python() if user == "nobody" else [sys.executable]
    tests = [str(second_machine.ROOT / "tests" / "contract" / name) for name in FILES]
    options = ("-q", "-rs", "--color=no", "-m", "", "-k", DEPENDING, *QUICK, "-pno:xdist", "--basetemp=/mnt/tests")
    try:
        ran = second_machine.run([*python, "-m", "pytest", *options, *tests], user=user, timeout_s=600)
    except second_machine.NoMachine as reason:
        if required("cgroup2"):
            raise
        pytest.skip(str(reason))

    assert ran.status == 0, ran.output[-6000:]
    (passed,) = re.findall(r"^sandbox levels: namespace (\d+) passed", ran.output, re.MULTILINE)
    assert int(passed) >= 20
    assert "this user may not make control groups" not in ran.output

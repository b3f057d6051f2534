"""What holds for root holds for an ordinary user: the same tests, run by nobody."""

from __future__ import annotations

import os
import pwd
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FOR_EVERY_USER = (
    "test_close_leaves_no_process_and_no_folder",
    "test_kill_of_the_launcher_is_noticed_and_takes_everything_along",
    "test_a_launcher_that_was_killed_costs_what_was_in_flight_and_is_started_again",
    "test_death_of_the_engine_is_the_end_of_all[namespace-9-busy]",
    "test_death_of_the_engine_is_the_end_of_all[process-9-busy]",
)
NOT_A_USERS_MATTER = "not (endless or sparse or huge or disk-names or deep or installed or says or found)"
"""What is the same for everyone, and takes time."""


@pytest.mark.slow
@pytest.mark.skipif(os.geteuid() != 0, reason="this whole run is an ordinary user's already")
def test_all_of_this_holds_for_an_ordinary_user(tmp_path_factory: pytest.TempPathFactory) -> None:
    python = ordinary_users_python()
    here = Path(__file__).parent
    life = str(here / "test_sandbox_life.py")
    files = ("isolation", "sandbox_limits", "sandbox_walls", "causes", "leftovers")
    tests = [str(here / f"test_{name}.py") for name in files]
    tests += [f"{life}::{test}" for test in FOR_EVERY_USER]
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o777)
        done = subprocess.run(
            ["runuser", "-u", "nobody", "--", *python, "-m", "pytest", "-p", "no:cacheprovider", "-q", "-rs",
             "-k", NOT_A_USERS_MATTER, f"--basetemp={folder}/tests", *tests],
            cwd=ROOT, check=False, capture_output=True, text=True, timeout=600,
            env={"PATH": os.environ["PATH"], "HOME": folder, "PYTHONDONTWRITEBYTECODE": "1",
                 "PYTHONPATH": os.pathsep.join([str(ROOT), *(path for path in sys.path if "site-packages" in path)])},
        )  # fmt: skip

    assert done.returncode == 0, done.stdout[-6000:]


def ordinary_users_python() -> list[str]:
    """An interpreter that user nobody can start: this one, or the system's of the same version."""
    pwd.getpwnam("nobody")
    for candidate in (sys.executable, "/usr/bin/python3"):
        ask = f"import sys; sys.exit(sys.version_info[:2] != {sys.version_info[:2]})"
        command = ["runuser", "-u", "nobody", "--", candidate, "-c", ask]
        if subprocess.run(command, check=False, capture_output=True, cwd="/").returncode == 0:
            return [candidate]
    pytest.skip(f"user nobody can start neither {sys.executable} nor a /usr/bin/python3 of the same version")

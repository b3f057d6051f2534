"""What stands between a command and this machine; where a level promises no wall, its absence is asserted."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

import pytest_agentcore
from pytest_agentcore.domain.ports import Sandbox
from pytest_agentcore.domain.resources import Isolation
from pytest_agentcore.sandbox import contents
from tests.contract.sandbox_boxes import Open

PACKAGE = Path(pytest_agentcore.__file__).parent


def python(box: Sandbox, script: str) -> str:
    """What a Python script inside prints, or its last line of complaint."""
    result = box.exec(["python3", "-c", script])
    return result.stdout.text().strip() or result.stderr.text().strip().splitlines()[-1]


def test_loopback_inside_is_up(box: Sandbox, walled: bool) -> None:
    serve = "import socket; s = socket.create_server(('127.0.0.1', 0))"

    assert python(box, f"{serve}; socket.create_connection(s.getsockname()); print('open')") == "open"
    assert box.isolation.network is not walled


def test_processes_of_the_host_are_invisible_and_out_of_reach(box: Sandbox, walled: bool) -> None:
    seen = int(box.exec(["sh", "-c", "ls -d /proc/[0-9]* | wc -l"]).stdout.text())
    reach = box.exec(["sh", "-c", f"kill -0 {os.getpid()}"]).exit_code

    if walled:
        assert seen <= 5  # the server, sh, ls, wc
        assert reach != 0
    else:
        assert seen > 5
        assert reach == 0


def test_only_workspace_and_tmp_are_writable(box: Sandbox, walled: bool) -> None:
    places = "/ /etc /usr /usr/bin /opt /opt/agentcore/bin /dev /proc/sys/kernel /root /var /hidden"
    probe = f"for d in {places}; do touch $d/x && echo $d; done"
    if not walled:
        assert box.exec(["sh", "-c", "touch /tmp/x-$$ && rm /tmp/x-$$"]).exit_code == 0  # the machine's own /tmp
        return

    assert box.exec(["sh", "-c", probe]).stdout.text() == ""
    assert box.exec(["sh", "-c", "touch /workspace/x /tmp/x"]).exit_code == 0


def test_controls_of_the_kernel_are_out_of_reach(box: Sandbox, walled: bool) -> None:
    """Root of the engine is the owner of these files in the eyes of the kernel; read-only mounts keep it off."""
    if not walled:
        return  # a process may do what its user may do, and nothing here is worth trying that for real
    for path in (
        "/proc/sysrq-trigger",
        "/proc/sys/kernel/core_pattern",
        "/proc/sys/vm/drop_caches",
        "/proc/self/oom_score_adj",
    ):
        if path == "/proc/self/oom_score_adj" and box.isolation.level == "docker":
            continue  # documented difference: a command may make itself as late a victim as the server
        message = box.exec(["sh", "-c", f": >> {path}"]).stderr.text()
        assert "Read-only" in message or "ermission denied" in message or "nonexistent" in message, path
    for name in ("null", "zero", "urandom"):
        assert box.exec(["chmod", "600", f"/dev/{name}"]).exit_code != 0


def test_no_capability_and_no_way_back_to_one(box: Sandbox, walled: bool) -> None:
    status = box.exec(["cat", "/proc/self/status"]).stdout.text().split("\n")
    fields = dict(line.split(":\t", 1) for line in status if ":\t" in line)

    assert fields["NoNewPrivs"] == "1"
    if walled:
        assert {fields[name] for name in ("CapPrm", "CapEff", "CapBnd", "CapAmb", "CapInh")} == {"0" * 16}
        assert box.exec(["unshare", "-U", "true"]).exit_code != 0
        assert box.exec(["id", "-u"]).stdout.text() == "1000\n"


def test_the_server_cannot_be_signalled_traced_or_read(box: Sandbox, walled: bool) -> None:
    if not walled:
        return  # of one user with its commands, and the docs say so
    for signal in ("9", "15", "2", "19", "11"):
        box.exec(["sh", "-c", f"kill -{signal} 1; kill -{signal} -1"])
    for name in ("environ", "mem", "maps", "fd/0", "root/etc/passwd", "cwd/x"):
        assert box.exec(["cat", f"/proc/1/{name}"]).exit_code != 0, name
    attach = "import ctypes; print(ctypes.CDLL(None).ptrace(16, 1, 0, 0))"

    assert python(box, attach) == "-1"
    assert box.exec(["echo", "alive"]).stdout.text() == "alive\n"


def test_devices_are_five(box: Sandbox, walled: bool) -> None:
    names = box.exec(["ls", "/dev"]).stdout.text().split()

    five = {"null", "zero", "full", "random", "urandom", "fd", "stdin", "stdout", "stderr"}
    terminals = {"tty", "ptmx", "pts", "mqueue"} if box.isolation.level == "docker" else set()
    masked = {"core"} if box.isolation.level == "docker" else set()  # where a kernel has /proc/kcore, docker masks it
    assert (five | terminals <= set(names) <= five | terminals | masked) is walled
    assert python(box, "import os; print(len(os.urandom(9)), open('/dev/zero', 'rb').read(2))") == "9 b'\\x00\\x00'"


def test_a_masked_folder_and_file_in_a_bound_tree_are_empty(open_box: Open, walled: bool, isolation: Isolation) -> None:
    folder, single = Path("/usr/share/common-licenses"), Path("/usr/bin/env")
    if not folder.is_dir():
        pytest.skip(f"needs {folder}")
    if isolation.level == "docker":
        return  # nothing of this machine is bound, so that nothing has to be masked
    box = open_box(masks=(folder, single, Path("/usr/share/does-not-exist"), Path("/home")))

    assert (box.exec(["ls", str(folder)]).stdout.total == 0) is walled
    assert (box.exec(["cat", str(single)]).stdout.total == 0) is walled


INSTALLED_SEARCH = """
import os, sys
from pathlib import Path
from pytest_agentcore.domain.resources import Limits
from pytest_agentcore.sandbox.choice import open_sandbox, probe

assert Path(sys.modules["pytest_agentcore"].__file__).is_relative_to(sys.base_prefix), "not installed where it is bound"
box = open_sandbox(probe("namespace"), limits=Limits(call_s=120), masks=[Path(sys.argv[1])])
NAMES = "-iname '*agentcore*' -o -iname '*agentic*' -o -iname '*planted*'"
names = f"find / -path /proc -prune -o \\\\( {NAMES} \\\\) -print 2>/dev/null"
words = f"grep -rIl PLANTED-SECRET {sys.base_prefix}/lib /opt /etc /tmp /workspace 2>/dev/null"
for search in (names, words):
    print(sorted(line for line in box.exec(["sh", "-c", search]).stdout.text().splitlines()))
box.close()
"""


def test_nothing_of_ours_is_found_inside_when_installed_in_the_bound_interpreter(tmp_path: Path) -> None:
    """The package, its suites and its command lie in the interpreter that is bound: laid there in a mount namespace."""
    interpreter = contents.interpreter()
    site = next(iter(interpreter.parent.parent.glob("lib/python3*/site-packages")), None)
    spare = next(iter(interpreter.parent.parent.glob("lib/python3*/idlelib")), None)
    if site is None or spare is None or not os.access(interpreter.parent.parent, os.R_OK):
        pytest.skip(f"needs a site-packages folder under {interpreter.parent.parent}")
    if subprocess.run(["unshare", "-rm", "true"], check=False, capture_output=True).returncode != 0:
        pytest.skip("needs a mount namespace to install into")
    tools = " ".join(f"'{path}'" for path in contents.test_tools().values())
    (tmp_path / "search.py").write_text(INSTALLED_SEARCH)
    (tmp_path / "entry").write_text("#!/bin/sh\n# PLANTED-SECRET of the command\n")
    script = f"""
        set -e
        cp -r {tools} '{PACKAGE}' '{tmp_path}' && cd '{tmp_path}'
        mkdir -p pytest_agentcore/suites/agentic_core_v1/planted_task pytest_agentcore-0.1.dist-info
        echo 'PLANTED-SECRET solution' > pytest_agentcore/suites/agentic_core_v1/planted_task/reference.yaml
        echo 'Name: pytest-agentcore' > pytest_agentcore-0.1.dist-info/METADATA
        mount --bind '{tmp_path}' '{site}'
        mount -t tmpfs none '{spare}' && mkdir -p '{spare}/agentic_suite' '{spare}/pytest_agentcore'
        echo 'PLANTED-SECRET suite beside' > '{spare}/agentic_suite/test_planted.py'
        echo 'PLANTED-SECRET a second copy' > '{spare}/pytest_agentcore/planted.py'
        cp entry '{spare}/pytest-agentcore'
        exec '{interpreter}' -IB '{tmp_path}/search.py' '{spare}/agentic_suite'
    """
    done = subprocess.run(
        ["unshare", "-rm", "sh", "-c", script], check=False, capture_output=True, text=True, timeout=300
    )

    assert done.returncode == 0, done.stderr
    names, words = (eval(line) for line in done.stdout.splitlines())  # noqa: S307 - two lists of our own script
    allowed = {"/opt/agentcore", f"{spare}/agentic_suite", f"{spare}/pytest_agentcore", f"{spare}/pytest-agentcore"}
    assert set(names) == allowed  # the covered ones keep their names and are empty
    assert words == []


def test_threads_and_engine_state_do_not_hinder_the_start(open_box: Open) -> None:
    stop = threading.Event()
    thread = threading.Thread(target=stop.wait)
    thread.start()
    try:
        assert open_box().exec(["true"]).exit_code == 0
    finally:
        stop.set()
        thread.join()


def test_the_interpreter_inside_is_the_engines(box: Sandbox) -> None:
    if box.isolation.level == "docker":
        assert box.isolation.software["python"] == python(box, "import platform; print(platform.python_version())")
        return
    assert python(box, "import sys; print(tuple(sys.version_info[:3]))") == str(tuple(sys.version_info[:3]))

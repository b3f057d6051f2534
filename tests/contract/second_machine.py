"""A small Linux of the tests' own, whose control groups are of version 2, whatever this machine has.

User-mode Linux is a kernel as an ordinary program (``linux.uml`` of Debian's ``user-mode-linux``): it needs no right
and no hardware, sees this machine's files read-only, has a disk of its own, and is gone when it ends. It starts in 2 s.
"""

from __future__ import annotations

import os
import pwd
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
KERNEL = "linux.uml"
PACKAGE = "user-mode-linux"
MEMORY = "1500M"
DISK_BYTES = 1 << 30
ENDED = "exit status of the tests: "

BOOT = """#!/bin/sh
export PATH=/usr/sbin:/usr/bin:/sbin:/bin
mount -t proc proc /proc && mount -t sysfs sys /sys && mkdir -p /dev/pts /dev/shm
mount -t devpts pts /dev/pts; mount -t tmpfs shm /dev/shm; mount -t ext4 /dev/ubda /mnt && chmod 1777 /mnt
mount -t cgroup2 groups /sys/fs/cgroup && cd /sys/fs/cgroup
echo '+cpu +memory +pids' > cgroup.subtree_control
mkdir user.slice user.slice/session.scope
echo '+cpu +memory +pids' > user.slice/cgroup.subtree_control
echo $$ > user.slice/session.scope/cgroup.procs
chown -R {uid} user.slice
mkdir -m 777 /mnt/home /mnt/tmp
cd {root}
setpriv --reuid={uid} --regid={gid} --clear-groups env {environment} {command} < /dev/null
echo '{ended}'$?
sync
halt -f
"""
"""What systemd does for a session, by hand: a slice that is its user's, and a group in it with the processes."""


@dataclass(frozen=True, slots=True)
class Ran:
    """What a command did in there."""

    status: int
    output: str


class NoMachine(Exception):
    """Why there can be none here, in one line."""


def run(command: Sequence[str], *, user: str, timeout_s: float) -> Ran:
    """Start the machine, run one command in it as that user, in a session as systemd makes it, and end it.

    Raises:
        NoMachine: it is not installed, or does not start here.
    """
    kernel = shutil.which(KERNEL)
    if kernel is None:
        raise NoMachine(f"{KERNEL} is not installed: apt-get install {PACKAGE}")
    environment = {
        "HOME": "/mnt/home",
        "TMPDIR": "/mnt/tmp",
        "XDG_CACHE_HOME": "/mnt/home",
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONPATH": os.pathsep.join([str(ROOT), *(path for path in sys.path if "site-packages" in path)]),
    }
    boot = BOOT.format(
        uid=pwd.getpwnam(user).pw_uid,
        gid=pwd.getpwnam(user).pw_gid,
        root=shlex.quote(str(ROOT)),
        environment=shlex.join(f"{name}={value}" for name, value in environment.items()),
        command=shlex.join(command),
        ended=ENDED,
    )
    with tempfile.TemporaryDirectory(prefix="second-machine-") as folder:
        start, disk = Path(folder, "start"), Path(folder, "disk")
        start.write_text(boot)
        start.chmod(0o755)
        with disk.open("wb") as file:
            file.truncate(DISK_BYTES)
        subprocess.run(["mkfs.ext4", "-q", "-F", str(disk)], check=True, capture_output=True)
        root = ("root=/dev/root", "rootfstype=hostfs", "rootflags=/", "ro", f"init={start}")
        console = ("con=null", "con0=null,fd:1", "quiet")
        argv = [kernel, f"mem={MEMORY}", f"ubda={disk}", *root, *console]
        output = _output(argv, {**os.environ, "TMPDIR": folder}, timeout_s)
    told, mark, status = output.rpartition(ENDED)
    if not mark:
        raise NoMachine(f"{KERNEL} did not get to its end: {output[-2000:]}")
    return Ran(int(status.split()[0]), told)


def _output(argv: Sequence[str], env: dict[str, str], timeout_s: float) -> str:
    pipes = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
    with subprocess.Popen(argv, env=env, start_new_session=True, **pipes) as machine:  # type: ignore[call-overload]
        try:
            output, _ = machine.communicate(timeout=timeout_s)
        finally:
            if machine.poll() is None:
                os.killpg(machine.pid, 9)
    return str(output, "utf-8", "replace")

"""A Docker daemon of the tests' own: own data, own socket, no network, ended by its process id.

``python3 tests/contract/docker_engine.py start FOLDER`` installs one where none is (as root, with apt), starts it and
prints the value for DOCKER_HOST; ``… stop FOLDER`` ends it and removes its data. Standard library only: it runs before
anything of this project is installed.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

PACKAGES = ("docker.io", "mmdebstrap", "busybox-static")
START_S = 60.0
STOP_S = 30.0


class NoEngine(Exception):
    """Why there can be none here, in one line."""


class Engine:
    """One daemon; everything of it lies in a folder, whose name must be short: a socket's may have 107 bytes."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.socket = folder / "docker.sock"
        self._started: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """For DOCKER_HOST."""
        return f"unix://{self.socket}"

    @property
    def pid(self) -> int | None:
        """Its process id; None when it does not run."""
        try:
            pid = int((self.folder / "pid").read_text())
        except (OSError, ValueError):
            return None
        return pid if _command(pid).endswith("dockerd") else None

    def start(self, *options: str) -> None:
        """Start it with these options, over what an earlier one may have left.

        Raises:
            NoEngine: it does not come up.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        for left in ("pid", "docker.sock", "exec/containerd/containerd.pid"):
            (self.folder / left).unlink(missing_ok=True)  # with the last one there, a new daemon waits for a dead one
        command = [
            "dockerd", "--data-root", str(self.folder / "data"), "--exec-root", str(self.folder / "exec"),
            "--host", self.url, "--pidfile", str(self.folder / "pid"),
            "--bridge=none", "--iptables=false", "--ip6tables=false", *options,
        ]  # fmt: skip
        with (self.folder / "log").open("ab") as log:
            # Debian's runc stands before another client's of the same name on PATH.
            path = f"/usr/sbin:/usr/bin:/sbin:/bin:{os.environ.get('PATH', '')}"
            process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
                env={**os.environ, "PATH": path},
            )  # fmt: skip
        self._started = process
        if not _within(START_S, lambda: self.answers() or process.poll() is not None) or not self.answers():
            self.kill()
            last = (self.folder / "log").read_text(errors="replace").strip().splitlines()[-1:]
            raise NoEngine(f"dockerd does not come up: {last}")

    def answers(self) -> bool:
        """Does it?"""
        try:
            with socket.socket(socket.AF_UNIX) as door:
                door.settimeout(2)
                door.connect(str(self.socket))
                door.sendall(b"GET /_ping HTTP/1.0\r\n\r\n")
                return b"200 OK" in door.recv(200)
        except OSError:
            return False

    def kill(self) -> None:
        """SIGKILL to the daemon and its containerd: containers live on without them."""
        for pid in (self.pid, _read_pid(self.folder / "exec/containerd/containerd.pid")):
            if pid is not None and _command(pid).endswith(("dockerd", "containerd")):
                os.kill(pid, signal.SIGKILL)
                _within(STOP_S, lambda pid=pid: not _command(pid))  # type: ignore[misc]
        self._collect()

    def stop(self) -> None:
        """End it in order; by force when it does not end."""
        pid = self.pid
        if pid is not None:
            os.kill(pid, signal.SIGTERM)
            if not _within(STOP_S, lambda: not _command(pid)):
                self.kill()
        self._collect()

    def _shims(self) -> list[int]:
        ours = str(self.folder / "exec/containerd/containerd.sock").encode()
        found = []
        for path in Path("/proc").glob("[0-9]*/cmdline"):
            try:
                words = path.read_bytes().split(b"\0")
            except OSError:
                continue
            if ours in words and b"containerd-shim" in words[0]:
                found.append(int(path.parent.name))
        return found

    def _collect(self) -> None:
        if self._started is not None:
            self._started.wait(STOP_S)
            self._started = None

    def remove(self) -> None:
        """End it and remove all that it has."""
        self.stop()
        for pid in self._shims():  # a containerd that was killed has lost sight of them
            os.kill(pid, signal.SIGKILL)
        mounts = [line.split()[1] for line in Path("/proc/mounts").read_text().splitlines()]
        for mount in sorted((mount for mount in mounts if mount.startswith(f"{self.folder}/")), reverse=True):
            subprocess.run(["umount", "-l", mount], check=False)
        shutil.rmtree(self.folder, ignore_errors=True)


def install() -> None:
    """Have a daemon and what builds an image.

    Raises:
        NoEngine: they are not there and cannot be installed.
    """
    if all(found(name) for name in ("dockerd", "mmdebstrap", "busybox")):
        return
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        raise NoEngine(f"{' and '.join(PACKAGES)} are not installed, and only root on Debian or Ubuntu installs them")
    steps = (["apt-get", "update", "-qq"], ["apt-get", "install", "-y", "-qq", "--no-install-recommends", *PACKAGES])
    for step in steps:
        environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        done = subprocess.run(step, check=False, capture_output=True, text=True, env=environment, timeout=900)
        if done.returncode != 0:
            raise NoEngine(f"{' '.join(step)}: {done.stderr.strip().splitlines()[-1:]}")


def found(name: str) -> bool:
    """Is this program here?"""
    return shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin") is not None


def _read_pid(path: Path) -> int | None:
    try:
        return int(path.read_text())
    except (OSError, ValueError):
        return None


def _command(pid: int) -> str:
    """The program of a process that lives; empty for none."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        return "" if state == "Z" else Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")[0].decode()
    except OSError:
        return ""


def _within(seconds: float, condition: Callable[[], bool]) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.05)
    return condition()


def main() -> int:
    """Start or stop one."""
    action, engine = sys.argv[1], Engine(Path(sys.argv[2]))
    if action == "stop":
        engine.remove()
        return 0
    try:
        install()
        engine.start()
    except NoEngine as error:
        print(error, file=sys.stderr)  # noqa: T201 - a script speaks to its caller
        return 1
    print(engine.url)  # noqa: T201 - same
    return 0


if __name__ == "__main__":
    sys.exit(main())

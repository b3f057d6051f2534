"""Runs one command and tells what it and everything that it started cost. Its own process, standard library only.

``python subreaper.py SPEC`` with SPEC = ``{"argv", "cwd", "log", "timeout_s", "watched": {NAME: TEXT OF ITS COMMAND
LINE}, "interrupt": {"port", "name", "asked"} or null}`` as JSON; one JSON object on stdout. As a subreaper it inherits
and waits for what the command leaves behind, so that RUSAGE_CHILDREN holds every process of the tree.
"""

from __future__ import annotations

import ctypes
import http.client
import json
import os
import resource
import select
import signal
import subprocess
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

PR_SET_CHILD_SUBREAPER = 36
SAMPLE_S = 0.25
"""Between two looks at memory: each takes about a millisecond of the kernel's time for each process."""
LEFT_S = 5.0
"""How long what was left behind may take to end by itself."""


def main() -> None:
    """Run, measure, tell."""
    spec = json.loads(sys.argv[1])
    if ctypes.CDLL(None, use_errno=True).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0):
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_CHILD_SUBREAPER)")
    # A shell ignores Ctrl-C for what it starts in the background, and what is ignored stays so over exec.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    with Path(spec["log"]).open("wb") as log:
        started = time.perf_counter()
        process = subprocess.Popen(
            spec["argv"], cwd=spec["cwd"], stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT
        )
        memory = Memory(process.pid, spec["watched"])
        memory.start()
        interrupted = _interrupt(process, spec["interrupt"]) if spec["interrupt"] else None
        exit_code = _wait(process, spec["timeout_s"] - (time.perf_counter() - started))
        ended = time.perf_counter()
    memory.stop()
    left = _children()
    _reap()
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    result = {
        "exit_code": exit_code,
        "wall_s": ended - started,
        "cpu_s": usage.ru_utime + usage.ru_stime,
        "pss_mb": memory.peaks_mb,
        "left_behind": len(left),
        "stopped_after_s": None if interrupted is None else ended - interrupted,
    }
    sys.stdout.write(json.dumps(result))


class Memory:
    """Highest proportional set size of the command and of its watched children, sampled at a low rate."""

    def __init__(self, root: int, watched: dict[str, str]) -> None:
        self._root = root
        self._watched = {name: text.encode() for name, text in watched.items()}
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._sample, daemon=True)
        self.peaks_mb: dict[str, float] = {}

    def start(self) -> None:
        """Begin to sample."""
        self._thread.start()

    def stop(self) -> None:
        """No more samples."""
        self._ended.set()
        self._thread.join()

    def _sample(self) -> None:
        pids = {"root": self._root}
        while not self._ended.wait(SAMPLE_S):
            for pid in _children(self._root) if len(pids) <= len(self._watched) else ():
                line = _read(f"/proc/{pid}/cmdline").replace(b"\0", b" ")
                pids |= {name: pid for name, text in self._watched.items() if text in line}
            for name, pid in pids.items():
                for field in _read(f"/proc/{pid}/smaps_rollup").splitlines():
                    if field.startswith(b"Pss:"):
                        self.peaks_mb[name] = max(self.peaks_mb.get(name, 0.0), int(field.split()[1]) / 1024)


def _read(path: str) -> bytes:
    try:
        return Path(path).read_bytes()
    except OSError:
        return b""  # it has ended


def _children(pid: int | None = None) -> list[int]:
    """Children of a process's main thread; of all threads of this process when none is named."""
    tasks = [pid] if pid is not None else [int(name.name) for name in Path("/proc/self/task").iterdir()]
    owner = os.getpid() if pid is None else pid
    return [int(child) for task in tasks for child in _read(f"/proc/{owner}/task/{task}/children").split()]


def _interrupt(process: subprocess.Popen[bytes], when: dict[str, Any]) -> float:
    """Ctrl-C as soon as so many calls have come in; gives the moment."""
    deadline = time.perf_counter() + 60
    while process.poll() is None and time.perf_counter() < deadline:
        connection = http.client.HTTPConnection("127.0.0.1", when["port"], timeout=10)
        connection.request("GET", f"/{when['name']}")
        asked = json.loads(connection.getresponse().read())["asked"]
        connection.close()
        if asked >= when["asked"]:
            break
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    return time.perf_counter()


def _wait(process: subprocess.Popen[bytes], timeout_s: float) -> int:
    """Wait on a descriptor: Popen.wait with a timeout looks only every 50 ms."""
    handle = os.pidfd_open(process.pid)
    poller = select.poll()
    poller.register(handle, select.POLLIN)
    if not poller.poll(max(0.0, timeout_s) * 1000):
        process.kill()
    os.close(handle)
    return process.wait()


def _reap() -> None:
    """Wait for what was left behind; after a while it is ended."""
    deadline = time.perf_counter() + LEFT_S
    while True:
        with suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        children = _children()
        if not children:
            return
        if time.perf_counter() > deadline:
            for child in children:
                with suppress(ProcessLookupError):
                    os.kill(child, signal.SIGKILL)
        time.sleep(0.01)


if __name__ == "__main__":
    main()

"""What runs inside, how much it uses, and how it is ended. Runs inside.

Memory and processes are counted by looking, since an ordinary user has no cgroup to delegate; what a limit like
RLIMIT_AS counts (address space) is not memory, and some programs do not even start under it.
"""

from __future__ import annotations

import errno
import os
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

PAGE = os.sysconf("SC_PAGE_SIZE")
TICKS = os.sysconf("SC_CLK_TCK")
_KILL_DEADLINE_S = 5.0
_SIGKILL = 9


class Process:
    """One line of the census."""

    __slots__ = ("born", "parent", "pid", "rss", "state", "threads")

    def __init__(self, pid: int, stat: bytes) -> None:
        fields = stat[stat.rindex(b")") + 2 :].split()
        self.pid = pid
        self.state = fields[0]
        self.parent = int(fields[1])
        self.threads = int(fields[17])
        self.born = int(fields[19]) / TICKS
        self.rss = int(fields[21]) * PAGE


class Watchdog:
    """Counts, limits and ends the commands of one sandbox.

    ``own_namespace`` says that this process is the first of a pid namespace: then everyone else in /proc is a command.
    Otherwise the commands are the descendants of this process, which adopts their orphans. One that is ``idle`` only
    collects and ends: control groups count and limit.
    """

    def __init__(self, *, own_namespace: bool, memory_bytes: int | None, pids: int | None, idle: bool) -> None:
        self._own_namespace = own_namespace
        self._memory_bytes = memory_bytes
        self._pids = pids
        self._idle = idle
        self._me = os.getpid()
        self._over_pids = False
        self._dying: set[int] = set()
        self.oom_kills = 0
        self.pids_hits = 0
        self.peak_bytes = 0
        """Highest sum of resident memory seen since it was last set to 0."""
        self.cpu_s = 0.0
        self.largest_child_bytes = 0
        """Highest resident memory of one ended process since it was last set to 0."""
        self._statuses: dict[int, int] = {}

    def reap(self) -> bool:
        """Collect what has ended; True while something still lives."""
        while True:
            try:
                pid, status, used = os.wait4(-1, os.WNOHANG)
            except ChildProcessError:
                return False
            if pid == 0:
                return True
            self.cpu_s += used.ru_utime + used.ru_stime
            self.largest_child_bytes = max(self.largest_child_bytes, used.ru_maxrss * 1024)
            self._statuses[pid] = status

    def status_of(self, pid: int) -> int | None:
        """The wait status of a child that :meth:`reap` has collected, handed out once."""
        status = self._statuses.pop(pid, None)
        self._statuses.clear()  # of orphans, whose end nobody asks for
        return status

    def census(self) -> list[Process]:
        """Every live process of this sandbox but the server."""
        pids = self._all_pids() if self._own_namespace else self._descendants()
        found = []
        for pid in pids:
            try:
                process = Process(pid, _read(f"/proc/{pid}/stat"))
            except (OSError, ValueError, IndexError):
                continue
            if process.state != b"Z":
                found.append(process)
        return found

    def check(self, *, just_ended: int = 0) -> bool:
        """Look once and end what is over a limit; True when memory is near to it: look again soon.

        ``just_ended`` tasks held a place until a moment ago.
        """
        if self._idle:
            return False
        processes = self.census()
        total = sum(process.rss for process in processes)
        self.peak_bytes = max(self.peak_bytes, total)
        self._check_pids(sum(process.threads for process in processes) + just_ended)
        if self._memory_bytes is None:
            return False
        if total > self._memory_bytes:
            self._check_memory(processes)
        return total > self._memory_bytes // 2

    def _check_pids(self, tasks: int) -> None:
        if self._pids is None:
            return
        if tasks >= self._pids and not self._over_pids:
            self.pids_hits += 1
        self._over_pids = tasks >= self._pids
        if tasks > self._pids:
            self.kill_all()

    def _check_memory(self, processes: list[Process]) -> None:
        """Kill the largest until the rest fits, as the kernel would; pages that several map are counted once."""
        assert self._memory_bytes is not None  # noqa: S101 - for the type checker
        self._dying &= {process.pid for process in processes}
        living = [process for process in processes if process.pid not in self._dying]
        sizes = sorted(((proportional_bytes(process), process.pid) for process in living), reverse=True)
        total = sum(size for size, _ in sizes)
        for size, pid in sizes:
            if total <= self._memory_bytes:
                return
            try:
                os.kill(pid, _SIGKILL)
            except OSError:
                continue
            self._dying.add(pid)  # it may take a while to give its memory back, and is killed once
            self.oom_kills += 1
            total -= size

    def queue(self, since: float) -> tuple[float, float]:
        """Seconds on a processor and in the queue for one, of the living that began then or later (s since boot)."""
        ran = waited = 0
        for process in self.census():
            if process.born < since - 2 / TICKS:
                continue
            for path in _threads(process.pid):
                try:
                    fields = _read(path + "/schedstat").split()
                except OSError:
                    continue  # it has ended, or this kernel does not count
                ran += int(fields[0])
                waited += int(fields[1])
        return ran * 1e-9, waited * 1e-9

    def kill_all(self) -> None:
        """End every command, daemons included, and collect them."""
        give_up = time.monotonic() + _KILL_DEADLINE_S
        while time.monotonic() < give_up:
            if self._own_namespace:
                try:
                    os.kill(-1, _SIGKILL)
                except OSError as error:
                    if error.errno != errno.ESRCH:
                        raise
            else:
                for pid in self._descendants():
                    try:
                        os.kill(pid, _SIGKILL)
                    except OSError:
                        continue
            if not self.reap():
                return
            time.sleep(0.001)

    def _all_pids(self) -> Iterator[int]:
        return (int(name) for name in os.listdir("/proc") if name.isdigit() and int(name) != self._me)  # noqa: PTH208

    def _descendants(self) -> list[int]:
        return descendants(self._me)


def descendants(pid: int) -> list[int]:
    """All processes below one, parents first."""
    found: list[int] = []
    queue = [pid]
    while queue:
        parent = queue.pop()
        for thread in _threads(parent):
            try:
                children = [int(child) for child in _read(thread + "/children").split()]
            except OSError:
                continue
            found += children
            queue += children
    return found


def _threads(pid: int) -> list[str]:
    folder = f"/proc/{pid}/task"
    try:
        return [f"{folder}/{thread}" for thread in os.listdir(folder)]  # noqa: PTH208 - pathlib costs a third of the start
    except OSError:
        return []


def proportional_bytes(process: Process) -> int:
    """Anonymous and shared memory of a process, what it shares divided by those who share it."""
    try:
        rollup = _read(f"/proc/{process.pid}/smaps_rollup")
    except OSError:
        return process.rss
    total = 0
    for line in rollup.splitlines():
        if line.startswith((b"Pss_Anon:", b"Pss_Shmem:")):
            total += int(line.split()[1]) * 1024
    return total


def _read(path: str) -> bytes:
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        return os.read(fd, 65_536)
    finally:
        os.close(fd)

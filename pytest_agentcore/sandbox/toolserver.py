"""The server inside a sandbox: runs commands and touches files for the engine, one request at a time. Runs inside.

It is the first process of a pid namespace, or the parent of all orphans where there is none. Requests and replies are
frames of :mod:`wire` on a pair of descriptors that no command inherits; when the engine's end closes, all ends.
"""
# ruff: noqa: PTH103 - pathlib is not imported inside: it would cost a third of the start

from __future__ import annotations

import errno
import os
import resource
import time

from . import command, files, wire
from .creation import Creations
from .pressure import Pressure
from .watchdog import Watchdog

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .accounting import Accounting

    Counters = tuple[int, int, float, float | None]

_IDLE_TICK_S = 0.25
_MOST_LEFT_OPEN = 64
_OOM_FIRST = b"1000"
_MEGABYTE = 1 << 20
_SIGXFSZ_EXIT = 128 + 25


class EngineGone(Exception):
    """Nobody is left to work for."""


class Server:
    """Answers requests until the engine is gone or the sandbox's life is over.

    Args:
        plan: ``workspace``, ``env``, ``limits`` (``memory_mb``, ``pids``, ``cpus``, ``disk_mb``, ``life_s``),
            ``ignored``, and ``own_namespace`` as in :class:`Watchdog`.
        hidden: a descriptor of the folder in which ``hidden`` is made when it is first needed.
        accounting: the commands' control groups, which may be none.
        oom_score: a descriptor of this process's own ``oom_score_adj``, open for writing; None where there is none.
    """

    def __init__(
        self,
        plan: dict[str, Any],
        *,
        accounting: Accounting,
        requests: int,
        replies: int,
        hidden: int,
        oom_score: int | None,
    ) -> None:
        limits = plan["limits"]
        self._requests, self._replies = requests, replies
        self._workspace: str = plan["workspace"]
        self._env: dict[str, str] = plan["env"]
        self._hidden = hidden
        self._oom_score = oom_score
        self._oom_before = os.pread(oom_score, 16, 0).strip() if oom_score is not None else b"0"
        self._disk_limited = bool(plan["own_namespace"] and limits["disk_mb"])
        self._disk_full = False
        self._ends_at = time.monotonic() + limits["life_s"]
        self._peak = 0
        self._due_cpus = 1.0 if limits["cpus"] is None else min(1.0, limits["cpus"])
        memory_mb = limits["memory_mb"]
        self._accounting = accounting
        watched_pids = None if accounting.holds_pids else limits["pids"]
        self._watchdog = Watchdog(
            own_namespace=plan["own_namespace"],
            memory_bytes=None if accounting.holds_memory or memory_mb is None else memory_mb * _MEGABYTE,
            pids=watched_pids,
            idle=accounting.holds_memory and watched_pids is None,
        )
        self._tmpfs = (self._workspace, plan["env"]["HOME"]) if plan["own_namespace"] else ()
        self._counted = (memory_mb is not None, limits["pids"] is not None)
        self._poller = command.Poller()
        self._left_open: list[int] = []
        self._creations = Creations(self._workspace, plan["ignored"])
        if self._creations.fd is not None:
            self._poller.add(self._creations.fd, self._creations.poll)
        self._operations = {
            "exec": self._exec,
            "put": self._put,
            "read": self._read,
            "write": self._write,
            "list": self._list,
            "snapshot": self._snapshot,
            "created": self._created,
            "kill_all": self._kill_all,
            "usage": self._usage,
        }

    def serve(self) -> None:
        """Work until there is nobody to work for, then leave no process behind."""
        try:
            while True:
                self._wait_for_request()
                reply = self._answer(wire.receive(self._requests))
                wire.send(self._replies, reply)
        except (EngineGone, EOFError, BrokenPipeError):
            return
        finally:
            self._watchdog.kill_all()

    def watch_for_end(self, fd: int) -> None:
        """End as well when the other end of this descriptor closes."""
        self._poller.add(fd, self._engine_gone, 0)

    def _engine_gone(self) -> None:
        raise EngineGone

    def _wait_for_request(self) -> None:
        arrived: list[bool] = []
        self._poller.add(self._requests, lambda: arrived.append(True))
        while not arrived:
            something_runs = self._watchdog.reap()
            left = self._time_left()
            self._poller.wait(min(left, _IDLE_TICK_S) if something_runs else left)
            if something_runs:
                self._look()
                self._look_at_disk()

    def _time_left(self) -> float:
        left: float = self._ends_at - time.monotonic()
        if left <= 0:
            raise EngineGone
        return left

    def _answer(self, request: Any) -> dict[str, Any]:
        try:
            return {"ok": self._operations[request["op"]](request)}
        except OSError as error:
            self._disk_full |= error.errno == errno.ENOSPC
            reason = error.strerror or str(error)
            return {"errno": error.errno or errno.EIO, "reason": reason, "path": _plain(error.filename)}
        except RecursionError:
            return {"errno": errno.ENAMETOOLONG, "reason": "folders are nested too deeply", "path": None}
        except UnicodeEncodeError:
            return {"errno": errno.EINVAL, "reason": "a name that is no text of this system", "path": None}
        except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
            return {"malformed": f"{type(error).__name__}: {error}"}

    def _exec(self, request: dict[str, Any]) -> dict[str, Any]:
        argv, timeout_s = [str(word) for word in request["argv"]], float(request["timeout_s"])
        if not argv:
            raise ValueError("argv is empty")
        watchdog, before = self._watchdog, self._counters()
        watchdog.peak_bytes = watchdog.largest_child_bytes = 0
        self._accounting.make_room(self._file_bytes())
        self._accounting.begin_call()
        self._poller.add(self._requests, self._engine_gone, 0)
        self._enter_workspace()
        started = time.monotonic()
        pressure = Pressure(watchdog, due=self._due_cpus, throttled_s=lambda: self._accounting.counts()[2] or 0.0)
        pipes = command.Pipes(self._poller, request["stdin"], request["keep"], merge=request["merge_stderr"])
        outcome = command.run(
            argv,
            {**self._env, **request["env"]},
            pipes,
            poller=self._poller,
            watchdog=watchdog,
            pressure=pressure,
            timeout_s=min(timeout_s, self._time_left()),
            spawn=self._spawn,
            look=self._look,
        )
        wall_s = time.monotonic() - started
        if watchdog.reap():
            # A short bomb is over before anyone looked, but what it made is there; it and its shell held a place each.
            watchdog.check(just_ended=2)
        self._keep_draining(pipes.finish())
        self._creations.poll()
        self._disk_full |= outcome.exit_code == _SIGXFSZ_EXIT
        evidence = self._evidence(before, disk_full=self._look_at_disk() or outcome.exit_code == _SIGXFSZ_EXIT)
        kills = evidence["oom_kills"] or 0
        return {
            "exit_code": outcome.exit_code,
            "timed_out": outcome.timed_out,
            "withheld": outcome.withheld,
            "machine_kills": kills if kills and not self._accounting.met_memory_limit() else 0,
            "stdout": pipes.out.kept(),
            "stderr": pipes.err.kept(),
            "wall_s": wall_s,
            "evidence": evidence,
        }

    def _enter_workspace(self) -> None:
        """Go where commands start; one that locked or removed the folder finds itself at the root and may repair it."""
        try:
            os.makedirs(self._workspace, exist_ok=True)
            os.chdir(self._workspace)
        except OSError:
            os.chdir("/")

    def _spawn(self, *args: Any, **kwargs: Any) -> int:
        """Start a command; where daemons hold every place that there is, they are ended: no command could do it."""
        try:
            return self._born(*args, **kwargs)
        except BlockingIOError:
            if not self._accounting.holds_pids:
                self._watchdog.pids_hits += 1
            self._watchdog.kill_all()
            return self._born(*args, **kwargs)

    def _born(self, *args: Any, **kwargs: Any) -> int:
        """A child that the kernel ends before this server when memory runs out; it inherits the score."""
        if self._oom_score is None:
            return self._accounting.spawn(*args, **kwargs)
        os.pwrite(self._oom_score, _OOM_FIRST, 0)
        try:
            return self._accounting.spawn(*args, **kwargs)
        finally:
            os.pwrite(self._oom_score, self._oom_before, 0)

    def _keep_draining(self, fds: list[int]) -> None:
        """A daemon that still writes to an ended call's output goes on; nobody keeps what it says."""
        for fd in fds:
            self._left_open.append(fd)
            self._poller.add(fd, lambda fd=fd: self._discard(fd))  # type: ignore[misc]
        while len(self._left_open) > _MOST_LEFT_OPEN:
            self._close_left(self._left_open[0])

    def _discard(self, fd: int) -> None:
        try:
            if os.read(fd, _MEGABYTE):
                return
        except BlockingIOError:
            return
        self._close_left(fd)

    def _close_left(self, fd: int) -> None:
        self._poller.drop(fd)
        self._left_open.remove(fd)
        os.close(fd)

    def _put(self, request: dict[str, Any]) -> None:
        self._creations.poll()
        if request["into"] == "hidden":
            os.fchdir(self._hidden)
            os.makedirs("hidden", exist_ok=True)
            os.chdir("hidden")
            files.put(request["entries"])
            return
        os.chdir(self._workspace)
        files.put(request["entries"])
        self._creations.forget()

    def _read(self, request: dict[str, Any]) -> dict[str, Any]:
        data, size = files.read(self._workspace, request["path"], request["offset"], request["limit"])
        return {"data": data, "size": size}

    def _write(self, request: dict[str, Any]) -> None:
        files.write(self._workspace, request["path"], request["data"])

    def _list(self, request: dict[str, Any]) -> list[dict[str, Any]]:
        return files.children(self._workspace, request["path"])

    def _snapshot(self, request: dict[str, Any]) -> list[dict[str, Any]]:
        self._creations.poll()
        self._watchdog.kill_all()
        return files.freeze(
            self._workspace,
            file_bytes=request["file_bytes"],
            total_bytes=request["total_bytes"],
            total_entries=request["total_entries"],
        )

    def _created(self, _: dict[str, Any]) -> list[str]:
        return self._creations.so_far()

    def _kill_all(self, _: dict[str, Any]) -> None:
        self._watchdog.kill_all()

    def _usage(self, _: dict[str, Any]) -> dict[str, Any]:
        self._watchdog.reap()
        self._look_at_disk()
        evidence = self._evidence((0, 0, 0.0, 0.0), disk_full=self._disk_full)
        return {**evidence, "peak_memory_bytes": self._peak or None}

    def _counters(self) -> Counters:
        watchdog = self._watchdog
        watchdog.reap()
        oom_kills, pids_hits, throttled_s = self._accounting.counts()
        return watchdog.oom_kills + oom_kills, watchdog.pids_hits + pids_hits, watchdog.cpu_s, throttled_s

    def _evidence(self, before: Counters, *, disk_full: bool) -> dict[str, Any]:
        now = self._counters()
        memory_counted, pids_counted = self._counted
        peak = self._peak_of_call()
        self._peak = max(self._peak, peak)
        return {
            "oom_kills": now[0] - before[0] if memory_counted else None,
            "pids_hits": now[1] - before[1] if pids_counted else None,
            "disk_full": disk_full,
            "peak_memory_bytes": peak or None,
            "throttled_s": None if now[3] is None or before[3] is None else now[3] - before[3],
            "cpu_s": now[2] - before[2],
        }

    def _peak_of_call(self) -> int:
        """What the kernel counted, less what the files hold; else what was seen."""
        counted = self._accounting.peak_bytes()
        if counted is not None:
            return max(0, counted - self._file_bytes())
        if self._watchdog.largest_child_bytes > self._own_peak():
            return max(self._watchdog.peak_bytes, self._watchdog.largest_child_bytes)
        return self._watchdog.peak_bytes

    def _file_bytes(self) -> int:
        """What the files hold where they lie in memory; 0 where nobody asks."""
        if not self._accounting.holds_memory:
            return 0
        rooms = [os.statvfs(path) for path in self._tmpfs]
        return sum((room.f_blocks - room.f_bfree) * room.f_frsize for room in rooms)

    def _look(self) -> bool:
        """Check the limits; True when one is near."""
        near = self._watchdog.check()
        return self._accounting.make_room(self._file_bytes()) or near

    def _own_peak(self) -> int:
        """A child that never grew is reported with the memory of this process, from which it was split off."""
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024

    def _look_at_disk(self) -> bool:
        """True when the workspace has no room left."""
        if not self._disk_limited:
            return False
        room = os.statvfs(self._workspace)
        full = room.f_bfree == 0 or room.f_ffree == 0
        self._disk_full |= full
        return full


def _plain(name: object) -> str | None:
    return os.fsdecode(name) if isinstance(name, str | bytes) else None

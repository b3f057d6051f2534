"""Containers that stand ready: each is used once, and the next are made in the background while runs go on."""

from __future__ import annotations

import atexit
import os
import threading
import time
from collections import Counter, deque
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from pytest_agentcore.domain.resources import Limits
from pytest_agentcore.errors import SandboxUnavailable
from pytest_agentcore.sandbox import docker_code, ownership
from pytest_agentcore.sandbox.docker import LABEL, Daemon, DaemonGone
from pytest_agentcore.sandbox.docker_channel import Container, await_ends

AHEAD = 2 * min(4, os.cpu_count() or 1)
"""Containers that stand ready in all; the next so many takings are expected to be like the last."""
PATIENCE_S = 120.0
"""How long a run waits for a daemon that went away to come back."""
_LOOK_AGAIN_S = 0.5
BREATH_S = 0.1
"""A run that took one has the processor to itself for so long, while others stand ready; then it waits for a model."""
SERVER_MB = 12
"""What the server in the container takes of its memory, on top of what commands may have."""
LEAST_MB = 6
"""Docker accepts no lower limit."""
_PERIOD_US = 100_000
_INODES_PER_MB = 256
_HIDDEN_MB = 64
_CAPABILITIES = ("SETUID", "SETGID", "SETPCAP", "CHOWN")
"""For the first process to become an ordinary one; none is left when it serves."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """What containers must have in common to stand in for each other."""

    image: str
    """Its id."""
    runtime: str
    cpus: float | None
    memory_mb: int | None
    pids: int | None
    disk_mb: int | None

    @classmethod
    def of(cls, limits: Limits, *, image: str, runtime: str) -> Shape:
        """The shape that holds these limits."""
        return cls(
            image=image,
            runtime=runtime,
            cpus=limits.cpus,
            memory_mb=limits.memory_mb,
            pids=limits.pids,
            disk_mb=limits.disk_mb,
        )

    @property
    def memory_bytes(self) -> int | None:
        """Limit of the container while it holds no files."""
        return None if self.memory_mb is None else (self.memory_mb + SERVER_MB) << 20

    def host(self) -> dict[str, Any]:
        """As Docker's host configuration has it."""
        held: dict[str, Any] = {}
        if self.memory_bytes is not None:
            held |= {"mem_limit": self.memory_bytes, "memswap_limit": self.memory_bytes}  # equal: no swap
        if self.cpus is not None:
            held |= {"cpu_period": _PERIOD_US, "cpu_quota": max(1000, int(self.cpus * _PERIOD_US))}
        if self.pids is not None:
            held["pids_limit"] = self.pids + 1
        if self.runtime:
            held["runtime"] = self.runtime
        return {
            **held,
            "auto_remove": True,
            "read_only": True,
            "network_mode": "none",
            "ipc_mode": "none",
            "cap_drop": ["ALL"],
            "cap_add": list(_CAPABILITIES),
            "security_opt": ["no-new-privileges"],
            "log_config": {"type": "none"},
            "tmpfs": {
                "/workspace": _tmpfs(self.disk_mb),
                "/tmp": _tmpfs(self.disk_mb),  # noqa: S108 - the container's own
                "/hidden": _tmpfs(None if self.disk_mb is None else max(self.disk_mb, _HIDDEN_MB)),
            },
            "ulimits": [
                {"Name": "core", "Soft": 0, "Hard": 0},
                {"Name": "nofile", "Soft": 1024, "Hard": 4096},
            ],
        }


def _tmpfs(size_mb: int | None) -> str:
    size = "" if size_mb is None else f",size={size_mb}m,nr_inodes={size_mb * _INODES_PER_MB}"
    return f"rw,exec,nosuid,nodev,mode=755{size}"


def create(daemon: Daemon, shape: Shape, *, timeout_s: float | None = None) -> Container:
    """Make one container, started and waiting for its plan.

    Args:
        daemon: to hold it.
        shape: what it must be.
        timeout_s: of its start, for a runtime that may hang.

    Raises:
        SandboxUnavailable: it would not start; nothing is left of it.
    """
    labels = {LABEL: ownership.owner(os.getpid())}
    id_ = daemon.create(shape.image, command=docker_code.command(), labels=labels, **shape.host())
    stream = None
    try:
        stream = daemon.attach(id_)
        daemon.start(id_, timeout_s=timeout_s)
        return Container(daemon, id_, stream, image=shape.image)
    except BaseException:
        if stream is not None:
            stream.close()
        with suppress(SandboxUnavailable):
            daemon.remove(id_)
        raise


def sweep(daemon: Daemon) -> int:
    """Remove the containers of engines that are no more; how many were removed."""
    return sum(daemon.remove(id_) for id_, owner in daemon.marked().items() if ownership.is_left_over(owner))


class Pool:
    """Ready containers of one daemon; safe for several threads."""

    def __init__(self, daemon: Daemon) -> None:
        self.daemon = daemon
        self._changed = threading.Condition()
        self._creating = threading.BoundedSemaphore(os.cpu_count() or 1)
        """More at once are slower than one after the other."""
        self._ready: dict[Shape, deque[Container]] = {}
        self._recent: deque[Shape] = deque(maxlen=max(1, AHEAD))
        self._coming: Counter[Shape] = Counter()
        self._waiting = 0
        self._stranded: set[str] = set()
        self._fillers: list[threading.Thread] = []
        self._discouraged = False
        self._closed = False
        self._short_since: float | None = None

    def take(self, shape: Shape) -> Container:
        """One that was never used; where a daemon went away, it is waited for.

        Raises:
            SandboxUnavailable: none can be made.
        """
        with self._changed:
            self._recent.append(shape)
            self._discouraged = False
            taken = self._taken(shape)
            self._waiting += taken is None
            self._start_fillers()
            self._changed.notify_all()
        if taken is not None:
            return taken
        try:
            return self._made(shape)
        finally:
            with self._changed:
                self._waiting -= 1
                self._changed.notify_all()

    def strand(self, container: str) -> None:
        """A container that could not be ended: it is removed when its daemon is back."""
        with self._changed:
            self._stranded.add(container)

    def close(self) -> None:
        """End what stands ready."""
        with self._changed:
            self._closed = True
            ready = [container for queue in self._ready.values() for container in queue]
            self._ready.clear()
            self._changed.notify_all()
        for container in ready:
            container.stream.hang_up()
        for container in ready:
            container.end()
        for filler in self._fillers:
            filler.join()
        await_ends()
        self.daemon.close()

    def _taken(self, shape: Shape) -> Container | None:
        queue = self._ready.get(shape, deque())
        while queue:
            container = queue.popleft()
            if container.alive:
                return container
            container.stream.close()
        return None

    def _made(self, shape: Shape) -> Container:
        give_up = time.monotonic() + PATIENCE_S
        while True:
            try:
                with self._creating:
                    self._remove_stranded()
                    return create(self.daemon, shape)
            except DaemonGone:
                if self._closed or time.monotonic() > give_up:
                    raise
            time.sleep(_LOOK_AGAIN_S)

    def _remove_stranded(self) -> None:
        with self._changed:
            stranded, self._stranded = self._stranded, set()
        while stranded:
            id_ = stranded.pop()
            try:
                self.daemon.remove(id_)
            except SandboxUnavailable:
                with self._changed:
                    self._stranded |= {id_, *stranded}
                raise

    def _start_fillers(self) -> None:
        if not self._fillers and not self._closed:
            for _ in range(os.cpu_count() or 1):
                thread = threading.Thread(target=self._fill, daemon=True, name="agentcore-pool")
                self._fillers.append(thread)
                thread.start()

    def _fill(self) -> None:
        while (shape := self._next()) is not None:
            try:
                with self._creating:
                    container = create(self.daemon, shape)
            except SandboxUnavailable:
                container = None  # whoever needs one is told why
            with self._changed:
                self._coming[shape] -= 1
                self._discouraged |= container is None
                if container is not None and not self._closed:
                    self._ready.setdefault(shape, deque()).append(container)
                    container = None
            if container is not None:
                container.end()

    def _next(self) -> Shape | None:
        """The shape that is short; None when there is nothing left to do."""
        with self._changed:
            while not self._closed:
                self._drop_unlikely()
                shape = None if self._waiting or self._discouraged else self._short()
                left = self._breath_left(shape)
                if shape is not None and left <= 0:
                    self._coming[shape] += 1
                    return shape
                self._changed.wait(left or None)
            return None

    def _short(self) -> Shape | None:
        for shape, likely in Counter(self._recent).items():
            if len(self._ready.get(shape, ())) + self._coming[shape] < min(likely, AHEAD):
                return shape
        return None

    def _breath_left(self, shape: Shape | None) -> float:
        """How long making this shape can wait; not at all once the pool has been short for a while."""
        if shape is None:
            self._short_since = None
            return 0.0
        self._short_since = self._short_since or time.monotonic()
        return max(0.0, self._short_since + BREATH_S - time.monotonic()) if self._ready.get(shape) else 0.0

    def _drop_unlikely(self) -> None:
        for shape in [shape for shape in self._ready if shape not in self._recent]:
            for container in self._ready.pop(shape):
                threading.Thread(target=container.end, daemon=True, name="agentcore-close").start()


_pools: dict[int, Pool] = {}
"""By process: a forked one may not share them."""
_changing = threading.Lock()


def pool() -> Pool:
    """This process's pool, made when it is first needed.

    Raises:
        SandboxUnavailable: there is no daemon.
    """
    with _changing:
        if os.getpid() not in _pools:
            daemon = Daemon()
            if not _pools:
                atexit.register(close)
            _pools[os.getpid()] = Pool(daemon)
        return _pools[os.getpid()]


def close() -> None:
    """End this process's pool; the next sandbox starts one anew."""
    with _changing:
        ended = _pools.pop(os.getpid(), None)
    if ended is not None:
        ended.close()

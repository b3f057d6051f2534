"""Runs in flight: worker threads that keep a bounded number of runs going while tests report them in order."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from pytest_agentcore.domain.rollout import Rollout
from pytest_agentcore.errors import ModelRefusesConfig, RunCancelled
from pytest_agentcore.rollout.attempt import Cancel

AHEAD_PER_SLOT = 8
"""Finished runs that may wait for their checker, per run in flight: bounds memory in a campaign of thousands."""
GRACE_S = 1.5
"""How long a cancelled run may take to give its sandbox back."""


@dataclass(slots=True)
class _Done:
    rollout: Rollout | None = None
    error: BaseException | None = None


class Engine:
    """Works through runs, named by any key, in the order given; ``wait`` moves a run to the front if need be."""

    def __init__(self, work: Callable[[str, Cancel], Rollout], *, concurrency: int) -> None:
        self._work = work
        self._slots = concurrency
        self._ahead = concurrency * AHEAD_PER_SLOT
        self._queue: deque[str] = deque()
        self._known: set[str] = set()
        self._done: dict[str, _Done] = {}
        self._wanted: str | None = None
        self._refused: ModelRefusesConfig | None = None
        """Once a model has refused, no other run begins: whoever waits may not have heard of it yet."""
        lock = threading.Lock()
        self._room = threading.Condition(lock)
        """There may be something for a thread to begin: one of them is woken, not all thirty."""
        self._changed = threading.Condition(lock)
        """A run is done, for the one who waits for it."""
        self._threads: list[threading.Thread] = []
        self.cancel = Cancel()

    def submit(self, keys: Iterable[str]) -> None:
        """Add runs; each is worked on once."""
        with self._changed:
            fresh = [key for key in keys if key not in self._known]
            self._queue.extend(fresh)
            self._known.update(fresh)
            missing = min(self._slots, len(self._queue)) - len(self._threads)
            for _ in range(missing):
                thread = threading.Thread(target=self._serve, daemon=True, name="agentcore-run")
                self._threads.append(thread)
                thread.start()
            self._room.notify(len(fresh))

    def knows(self, key: str) -> bool:
        """Is a run submitted and not handed out yet?"""
        with self._changed:
            return key in self._known

    def wait(self, key: str) -> Rollout:
        """The rollout of a run, as soon as there is one; it is handed out once.

        Raises:
            RunCancelled: the session ends.
            ModelRefusesConfig: see :func:`~pytest_agentcore.rollout.attempt.attempt`.
        """
        self.submit([key])
        with self._changed:
            self._wanted = key
            if key in self._queue:
                self._queue.remove(key)
                self._queue.appendleft(key)
                self._room.notify()
            while key not in self._done:
                if self.cancel():
                    raise RunCancelled("the session is ending")
                if self._refused is not None and key in self._queue:
                    raise self._refused
                self._changed.wait(0.5)
            done = self._done.pop(key)
            self._known.discard(key)
            self._room.notify()
        if done.error is not None:
            raise done.error
        assert done.rollout is not None  # noqa: S101 - one of the two is set by _serve
        return done.rollout

    def stop(self) -> None:
        """Cancel what is in flight and wait a moment for sandboxes to be given back."""
        with self._changed:
            self._queue.clear()
        self.cancel.set()
        with self._changed:
            self._room.notify_all()
            self._changed.notify_all()
        deadline = time.monotonic() + GRACE_S
        for thread in self._threads:
            thread.join(max(0.0, deadline - time.monotonic()))

    def _serve(self) -> None:
        while (key := self._next()) is not None:
            done = _Done()
            try:
                done.rollout = self._work(key, self.cancel)
            except BaseException as error:  # noqa: BLE001 - it is raised again where the run is waited for
                done.error = error
            with self._changed:
                self._done[key] = done
                if isinstance(done.error, ModelRefusesConfig):
                    self._refused = done.error
                self._changed.notify_all()

    def _next(self) -> str | None:
        with self._room:
            while not self.cancel() and self._refused is None:
                waiting = len(self._done) >= self._ahead
                if self._queue and (not waiting or self._queue[0] == self._wanted):
                    return self._queue.popleft()
                self._room.wait(0.5)
            return None

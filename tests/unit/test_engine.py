"""Runs in flight: bounded, in order, handed out once, never starved."""

from __future__ import annotations

import threading
import time

import pytest

from pytest_agentcore.domain.outcome import RunKey
from pytest_agentcore.domain.rollout import Rollout
from pytest_agentcore.domain.trajectory import Trajectory
from pytest_agentcore.domain.workspace import Snapshot, Workspace
from pytest_agentcore.errors import ModelRefusesConfig, RunCancelled
from pytest_agentcore.rollout.attempt import Cancel
from pytest_agentcore.rollout.engine import AHEAD_PER_SLOT, Engine


def rollout(name: str) -> Rollout:
    """A rollout that says which run it is of."""
    return Rollout(
        key=RunKey(task=name, model="m", run=1),
        attempt=1,
        trajectory=Trajectory(system_prompt="", prompt=""),
        workspace=Workspace(snapshot=Snapshot(), before=Snapshot()),
    )


class Work:
    """Work that notes how many runs were in flight at once."""

    def __init__(self, seconds: float = 0.002) -> None:
        self.seconds, self.now, self.most, self.done = seconds, 0, 0, 0
        self.lock = threading.Lock()

    def __call__(self, key: str, cancel: Cancel) -> Rollout:
        del cancel
        with self.lock:
            self.now += 1
            self.most = max(self.most, self.now)
        time.sleep(self.seconds)
        with self.lock:
            self.now -= 1
            self.done += 1
        return rollout(key)


def test_a_long_campaign_keeps_its_runs_in_flight() -> None:
    """Every run is handed out once and leaves nothing behind that would slow those after it."""
    work, keys = Work(), [f"run{index}" for index in range(200)]
    engine = Engine(work, concurrency=4)
    engine.submit(keys)
    for key in keys:
        assert engine.knows(key)
        assert engine.wait(key).key.task == key
        assert not engine.knows(key)
    engine.stop()

    assert (work.most, work.done) == (4, 200)


def test_finished_runs_wait_only_up_to_a_bound() -> None:
    """A slow checker does not pile up the workspaces of a whole campaign."""
    work = Work(0)
    engine = Engine(work, concurrency=2)
    engine.submit(f"run{index}" for index in range(100))
    time.sleep(0.5)
    assert work.done <= 2 * AHEAD_PER_SLOT + 2
    assert engine.wait("run99").key.task == "run99"  # not prefetched yet: moved to the front, whatever waits
    engine.stop()


def test_errors_are_raised_where_the_run_is_waited_for() -> None:
    """A refusal reaches the test that waits, and cancelling wakes whoever waits."""
    in_flight = threading.Event()

    def refuse(key: str, cancel: Cancel) -> Rollout:
        if key == "bad":
            assert in_flight.wait(10)
            raise ModelRefusesConfig("no such key")
        in_flight.set()
        while not cancel():
            time.sleep(0.01)
        raise RunCancelled("over")

    engine = Engine(refuse, concurrency=2)
    engine.submit(["bad", "slow"])
    with pytest.raises(ModelRefusesConfig, match="no such key"):
        engine.wait("bad")
    threading.Timer(0.1, engine.stop).start()
    with pytest.raises(RunCancelled):
        engine.wait("slow")


def test_no_run_begins_after_a_model_has_refused() -> None:
    """Whoever waits for a run may be slow to hear of it; the next call would be refused as well."""
    begun: list[str] = []

    def work(key: str, cancel: Cancel) -> Rollout:
        del cancel
        begun.append(key)
        raise ModelRefusesConfig("the key is wrong")

    engine = Engine(work, concurrency=1)
    engine.submit(["first", "second", "third"])
    engine._threads[0].join(10)

    assert begun == ["first"]
    for key in ("first", "second"):
        with pytest.raises(ModelRefusesConfig, match="the key is wrong"):
            engine.wait(key)
    engine.stop()

"""What level docker costs: ``python -m benchmarks.docker_cost``, with a daemon and its image; figures in milliseconds.

The kinds are interleaved, so that other work on the machine hits all alike; printed are median and 95th percentile.
"""

from __future__ import annotations

import statistics
import subprocess
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

from pytest_agentcore.domain.ports import Sandbox
from pytest_agentcore.domain.resources import Isolation, Limits
from pytest_agentcore.domain.workspace import Entry
from pytest_agentcore.errors import SandboxUnavailable
from pytest_agentcore.sandbox import pool
from pytest_agentcore.sandbox.choice import open_sandbox, probe
from pytest_agentcore.sandbox.docker_channel import await_ends

ROUNDS = 15
IN_FLIGHT = 30
FILES = [Entry(path=f"f{number}", kind="file", data=bytes(2048), size=2048) for number in range(20)]
CALLS = 5
BARE = "a process `true` on this machine"


def milliseconds(work: Callable[[], object]) -> float:
    """How long something takes."""
    started = time.perf_counter()
    work()
    return (time.perf_counter() - started) * 1000


def run(isolation: Isolation) -> None:
    """One run as the engine makes it: 20 files in, 5 commands, the frozen result."""
    box = open_sandbox(isolation, limits=Limits())
    try:
        box.put(FILES)
        for _ in range(CALLS):
            box.exec(["true"])
        box.snapshot()
        box.created()
        box.usage()
    finally:
        box.close()


def cold(isolation: Isolation) -> float:
    """The same with a container that is made for it."""
    pool.close()
    pool.AHEAD = 0
    pool.pool()
    return milliseconds(lambda: run(isolation))


def warm(isolation: Isolation) -> float:
    """The same with one that stands ready."""
    until_ready(isolation)
    return milliseconds(lambda: run(isolation))


def until_ready(isolation: Isolation) -> None:
    """Wait for the pool to be filled, which happens while a model thinks."""
    shape = pool.Shape.of(Limits(), image=isolation.image_id, runtime=isolation.runtime)
    while not pool.pool()._ready.get(shape):  # noqa: SLF001 - a benchmark may look inside
        time.sleep(0.02)
    await_ends()
    time.sleep(0.3)


def beside(isolation: Isolation) -> dict[str, list[float]]:
    """The same command bare, in a container and, where it can be had, at level namespace, in turn."""
    pool.AHEAD = 0  # containers that are being made would take the processor
    boxes = {"a call `true` in a container": open_sandbox(isolation, limits=Limits())}
    with suppress(SandboxUnavailable):
        boxes["a call `true` at level namespace"] = open_sandbox(probe("namespace"), limits=Limits())
    kinds: dict[str, Callable[[], object]] = {BARE: lambda: subprocess.run(["true"], check=True)}
    kinds |= {name: lambda box=box: box.exec(["true"]) for name, box in boxes.items()}  # type: ignore[misc]
    for work in kinds.values():
        work()
    figures: dict[str, list[float]] = {name: [] for name in kinds}
    for _ in range(ROUNDS * 10):
        for name, work in kinds.items():
            figures[name].append(milliseconds(work))
    for box in boxes.values():
        box.close()
    return figures


def shown(name: str, figures: list[float], bound: str = "") -> None:
    """One line."""
    ordered = sorted(figures)
    print(f"{name:46} {statistics.median(ordered):8.2f} {ordered[int(len(ordered) * 0.95)]:8.2f}  {bound}")


def in_flight(isolation: Isolation) -> None:
    """Thirty sandboxes that are all open at the same moment, and what each costs on this side and the daemon's."""
    before, started = daemons_memory(), time.perf_counter()

    def opened(_: int) -> Sandbox:
        box = open_sandbox(isolation, limits=Limits())
        box.exec(["true"])
        return box

    with ThreadPoolExecutor(IN_FLIGHT) as threads:
        boxes = list(threads.map(opened, range(IN_FLIGHT)))
        took = time.perf_counter() - started
        after = daemons_memory()
        alive = sum(threads.map(lambda box: box.exec(["true"]).exit_code == 0, boxes))
        list(threads.map(lambda box: box.close(), boxes))
    print(f"{IN_FLIGHT} in flight: {alive} answer; opened in {took:.1f} s; per container, MB: ", end="")
    print(", ".join(f"{name} {(after[name] - before[name]) / IN_FLIGHT / 1024:.1f}" for name in after))


def daemons_memory() -> dict[str, int]:
    """Resident kilobytes: ours, and the daemon's shims."""
    own = int(Path("/proc/self/statm").read_text().split()[1]) * 4
    listed = subprocess.run(["ps", "-eo", "rss,args"], check=True, capture_output=True, text=True).stdout
    shims = sum(int(line.split()[0]) for line in listed.splitlines()[1:] if "containerd-shim" in line)
    return {"engine": own, "shims": shims}


def main() -> None:
    """All of it."""
    isolation = probe("docker")
    calls = beside(isolation)
    colds, warms = [], []
    for _ in range(ROUNDS):
        colds.append(cold(isolation))
        pool.close()
        pool.AHEAD = 4
        open_sandbox(isolation, limits=Limits()).close()
        warms.append(warm(isolation))
    print(f"{'milliseconds':46} {'median':>8} {'95 %':>8}")
    for name, figures in calls.items():
        over = [one - bare for one, bare in zip(figures, calls[BARE], strict=True)]
        shown(name, figures)
        if name != BARE:
            shown("  over the process beside it", over, "wanted: 2.5" if "container" in name else "")
    shown("a run from a warm pool", warms, "wanted: 60")
    shown("a run with a cold container", colds, "wanted: 320")
    in_flight(isolation)
    pool.close()


if __name__ == "__main__":
    main()

"""The parts of the benchmark, each a function that gives rows; and how much of each is done."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks import script, systems
from benchmarks.endpoint import ROOT, Endpoint
from benchmarks.measurement import Expectation, Measurement, measure, objections
from benchmarks.rows import Pair, Row, Target, believable, compared, marginal_ms, medians
from benchmarks.systems import Load

INTERRUPTED = 2
SUITE = ROOT / "suites" / "agentic_core_v1"
TASKS = ("task_01_fix_failing_test", "task_08_recover_from_tool_error", "task_09_know_when_to_stop")
_MEMORY = (Target(figure="pytest MB", most=60), Target(figure="gateway MB", most=60))
_WALL = Target(figure="wall / floor", most=1.6)


@dataclass(frozen=True, slots=True, kw_only=True)
class Extent:
    """How much is measured."""

    repeats: int
    loads: tuple[Load, ...]
    growth: tuple[int, ...]
    """Numbers of runs, all with 30 in flight and no latency; the first two give the marginal cost."""
    sandboxes: int
    calls: int
    bundled: bool = True
    """Also a campaign of the bundled suite, whose tasks start pytest themselves."""


THE_LOAD = Load(runs=30, in_flight=30, latency_ms=250)
"""The one that has a target."""
FULL = Extent(
    repeats=5,
    loads=(
        THE_LOAD,
        Load(runs=30, in_flight=30, latency_ms=0),
        Load(runs=24, in_flight=8, latency_ms=250),
        Load(runs=24, in_flight=8, latency_ms=0),
        Load(runs=4, in_flight=1, latency_ms=250),
        Load(runs=8, in_flight=1, latency_ms=0),
    ),
    growth=(30, 300, 1000),
    sandboxes=20,
    calls=200,
)
QUICK = Extent(repeats=1, loads=(THE_LOAD,), growth=(10, 60), sandboxes=5, calls=50, bundled=False)


def warm_up(endpoint: Endpoint) -> None:
    """Everything once, unmeasured: what is read and compiled for the first time is no cost of a run."""
    few = Load(runs=2, in_flight=2, latency_ms=0)
    _pairs(few, endpoint, 1)
    with systems.folder() as work:
        systems.suite(work)
        _session(work, ["suite", "--agent-model=scripted/reference", "--agent-runs=1"])
        _session(work, ["suite", "-pno:agentcore"])


def load(extent: Extent, endpoint: Endpoint) -> Iterator[Row]:
    """Ours beside the floor, at several numbers of runs in flight and latencies."""
    for one in extent.loads:
        pairs = _pairs(one, endpoint, extent.repeats)
        kept, rejected = believable(pairs, one.expected)
        yield Row(
            section="load",
            name=f"{one.runs} runs, {one.in_flight} in flight, {one.latency_ms} ms",
            figures=compared(kept),
            targets=(_WALL, *_MEMORY) if one == THE_LOAD else (),
            rejected=tuple(rejected),
            repeats=len(kept),
        )


def growth(extent: Extent, endpoint: Endpoint) -> Iterator[Row]:
    """What more runs cost: CPU of one more turn against the load before, and memory."""
    few: tuple[int, Mapping[str, float]] | None = None
    for runs in extent.growth:
        one = Load(runs=runs, in_flight=30, latency_ms=0)
        repeats = extent.repeats if runs <= 100 else min(extent.repeats, 3) if runs <= 500 else 1  # noqa: PLR2004
        kept, rejected = believable(_pairs(one, endpoint, repeats), one.expected)
        figures = compared(kept)
        targets: tuple[Target, ...] = _MEMORY
        if figures and few is not None and few[1]:
            turns = (runs - few[0]) * script.TURNS
            floor_ms = marginal_ms(few[1]["floor cpu s"], figures["floor cpu s"], turns=turns)
            ours_ms = marginal_ms(few[1]["cpu s"], figures["cpu s"], turns=turns)
            figures |= {"floor ms/turn": floor_ms, "ms/turn": ours_ms, "turn / floor": ours_ms / floor_ms}
            targets += (Target(figure="turn / floor", most=1.6),)
        few = (runs, figures)
        yield Row(
            section="growth",
            name=f"{runs} runs, 30 in flight, 0 ms",
            figures=figures,
            targets=targets,
            rejected=tuple(rejected),
            repeats=len(kept),
        )


def startup(extent: Extent, _: Endpoint) -> Iterator[Row]:
    """What the plugin costs those who do not use it, and what the smallest campaign costs."""

    def plain(work: Path) -> None:
        (work / "pytest.ini").write_text("[pytest]\n")
        (work / "test_plain.py").write_text("def test_plain():\n    pass\n")

    repeats = 2 * extent.repeats
    commands: dict[str, tuple[Callable[[Path], None], list[str], Expectation]] = {
        "pytest, one plain test, -p no:agentcore": (plain, ["-pno:agentcore"], Expectation()),
        "the same with the plugin installed": (plain, [], Expectation()),
        "scripted campaign, one run": (
            systems.suite,
            ["suite", "--agent-model=scripted/reference", "--agent-runs=1", "--agent-sandbox=namespace"],
            Expectation(passed=1),
        ),
    }
    found: dict[str, list[Measurement]] = {name: [] for name in commands}
    for _number in range(repeats):
        for name, (prepare, arguments, _expected) in commands.items():
            with systems.folder() as work:
                prepare(work)
                found[name].append(_session(work, arguments))
    for name, (_prepare, _arguments, expected) in commands.items():
        yield _alone("start-up", name, found[name], expected)


def campaign(extent: Extent, _: Endpoint) -> Iterator[Row]:
    """Scripted campaigns of three tasks, ten runs each: of the bundled suite, and of tasks that do next to nothing."""

    def empty(work: Path) -> None:
        (work / "pytest.ini").write_text("[pytest]\n")

    bundled = [*(str(SUITE / task) for task in TASKS), "--rootdir=.", "-c", "pytest.ini"]
    kinds: dict[str, tuple[Callable[[Path], None], list[str]]] = {
        "scripted, 3 bundled tasks × 10 runs": (empty, bundled),
        "scripted, 3 tasks of 5 echoes × 10 runs": (lambda work: systems.suite(work, tasks=3), ["suite"]),
    }
    if not extent.bundled:
        del kinds["scripted, 3 bundled tasks × 10 runs"]
    for name, (prepare, arguments) in kinds.items():
        found, commands = [], []
        for _number in range(max(1, extent.repeats // 2)):
            with systems.folder() as work:
                prepare(work)
                options = ["--agent-model=scripted/reference", "--agent-runs=10", "--agent-sandbox=namespace"]
                found.append(_session(work, [*arguments, *options, "-pno:cacheprovider"]))
                commands.append(systems.commands_cpu_s(work))
        yield _alone(
            "campaign",
            name,
            found,
            Expectation(passed=30),
            targets=(Target(figure="cpu s", most=6),),
            more={"of it agents' commands s": statistics.median(commands)},
        )


def sandbox(extent: Extent, _: Endpoint) -> Iterator[Row]:
    """A namespace sandbox over a bare folder, a command in it over the bare command."""
    argv = [sys.executable, "-m", "benchmarks.sandbox_cost", str(extent.sandboxes), str(extent.calls)]
    repeats = []
    for _number in range(extent.repeats):
        done = subprocess.run(argv, cwd=ROOT, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            yield Row(section="sandbox", name="namespace", rejected=(done.stderr.strip()[-200:],))
            return
        repeats.append(json.loads(done.stdout))
    for name, most, count in (("run", 60, extent.sandboxes), ("call", 1, extent.calls)):
        figures = {figure: statistics.median(one[name][figure] for one in repeats) for figure in repeats[0][name]}
        yield Row(
            section="sandbox",
            name=f"namespace, per {name} (median of {count})",
            figures=figures,
            targets=(Target(figure="over ms", most=most),),
            repeats=len(repeats),
        )


def interruption(extent: Extent, endpoint: Endpoint) -> Iterator[Row]:
    """Ctrl-C while every slot waits for a slow model."""
    one = Load(runs=60, in_flight=30, latency_ms=20_000)
    found = [systems.ours(one, endpoint, interrupted=True) for _ in range(extent.repeats)]
    expected = Expectation(exit_code=INTERRUPTED)
    kept = [each for each in found if not objections(each, expected) and each.stopped_after_s is not None]
    yield Row(
        section="Ctrl-C",
        name="30 calls of 20 s in flight, to the prompt",
        figures={"s": statistics.median(each.stopped_after_s or 0.0 for each in kept)} if kept else {},
        targets=(Target(figure="s", most=2),),
        rejected=tuple(text for each in found for text in objections(each, expected)),
        repeats=len(kept),
    )


SECTIONS: Mapping[str, Callable[[Extent, Endpoint], Iterator[Row]]] = {
    "load": load,
    "growth": growth,
    "startup": startup,
    "campaign": campaign,
    "sandbox": sandbox,
    "interruption": interruption,
}


def _pairs(one: Load, endpoint: Endpoint, repeats: int) -> list[Pair]:
    """Floor, ours, floor, ours, …: what else the machine does meets both."""
    return [Pair(floor=systems.floor(one, endpoint), ours=systems.ours(one, endpoint)) for _ in range(repeats)]


def _session(work: Path, arguments: list[str]) -> Measurement:
    return measure(systems.pytest(*arguments), cwd=work, log=work / "log.txt", passed=lambda: systems.passed_in(work))


def _alone(
    section: str,
    name: str,
    found: Sequence[Measurement],
    expected: Expectation,
    *,
    targets: tuple[Target, ...] = (),
    more: Mapping[str, float] | None = None,
) -> Row:
    """A row of its own, without a floor."""
    kept = [one for one in found if not objections(one, expected)]
    rejected = tuple(text for one in found for text in objections(one, expected))
    return Row(
        section=section,
        name=name,
        figures={**medians(kept), **(more or {})} if kept else {},
        targets=targets,
        rejected=rejected,
        repeats=len(kept),
    )

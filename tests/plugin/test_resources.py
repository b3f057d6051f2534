"""``--agent-resources``: profiles multiply a task's ceilings, and each is a campaign of its own."""

from __future__ import annotations

import json

import pytest

from pytest_agentcore.domain.resources import Floor, Limits, at_profile, check_resources, factor, guaranteed
from tests.conftest import Benchmark

pytestmark = pytest.mark.slow

HEAP = """
from pytest_agentcore import Floor, Limits, Run, agent_task


@agent_task(limits=Limits(memory_mb=96), floor=Floor(memory_mb=@FLOOR@, cpus=@CPUS@))
def test_heap(run: Run) -> None:
    '''Write the number of squares below a million to squares.txt.'''
    assert run.workspace.read_text("squares.txt").strip() == "1000"
"""
HEAVY = "python3 -c 'held = bytearray(150 << 20); held[::4096] = b\"x\" * len(held[::4096]); print(1000)' > squares.txt"
UNCAPPED = ("--agent-resources=uncapped",)
LEAN = "python3 -c 'print(1000)' > squares.txt"


def solution(command: str) -> str:
    """A run of one command."""
    return f"turns:\n- calls: [{{shell: {{command: {json.dumps(command)}}}}}]\n- text: Done.\n"


def heap(benchmark: Benchmark, *, floor: int = 0, cpus: float = 0) -> Benchmark:
    """A task with a lean and a heavy way to the same answer."""
    test = HEAP.replace("@FLOOR@", str(floor)).replace("@CPUS@", str(cpus))
    benchmark.task("heap", test, heavy=solution(HEAVY), lean=solution(LEAN))
    return benchmark


def test_the_heavy_way_is_killed_at_1x_and_passes_with_room(benchmark: Benchmark, mode: tuple[str, ...]) -> None:
    """The lean way passes at both; the record names profile and ceiling."""
    arguments = ("suite/task_heap", "--agent-runs=1", "--agent-resources=1x,3x", *mode)
    heap(benchmark)

    heavy = benchmark.run(*arguments, "--agent-model=scripted/heavy")
    heavy.assert_outcomes(passed=1, failed=1)
    strict, roomy = benchmark.campaigns()
    assert [folder.name.removeprefix(strict.name) for folder in (strict, roomy)] == ["", "-3x"]
    assert benchmark.outcomes(roomy)["task_heap-run1"]["passed"]
    killed = benchmark.outcomes(strict)["task_heap-run1"]
    assert (killed["cause"], killed["reason"]) == ("resource", "oom_killed")
    manifests = [json.loads((folder / "manifest.json").read_text()) for folder in (strict, roomy)]
    assert [manifest["profile"] for manifest in manifests] == ["1x", "3x"]
    assert [manifest["tasks"]["task_heap"]["limits"]["memory_mb"] for manifest in manifests] == [96, 288]
    benchmark.run(*arguments, "--agent-model=scripted/lean").assert_outcomes(passed=2)


def test_ids_name_the_profile_only_where_profiles_were_asked_for(benchmark: Benchmark) -> None:
    """So that they can be selected, and that nobody else's ids change."""
    arguments = ("suite/task_greet", "--collect-only", "-q", "--agent-runs=1", "--agent-model=scripted/reference")

    def names(*more: str) -> list[str]:
        shown = benchmark.run(*arguments, *more).outlines
        return [line.partition("[")[2] for line in shown if "::" in line]

    assert names() == ["scripted/reference-run1]"]
    assert sorted(names("--agent-resources=1x,uncapped")) == [
        "scripted/reference-run1-1x]",
        "scripted/reference-run1-uncapped]",
    ]
    assert names("--agent-resources=1x,uncapped", "-k", "uncapped") == ["scripted/reference-run1-uncapped]"]


@pytest.mark.parametrize(
    ("floor", "arguments", "message"),
    [
        (
            {"floor": 10**9},
            ("--agent-resources=uncapped",),
            "*a run's floor of memory_mb=1e+09 fits 0 times into this machine's *",
        ),
        (
            {"cpus": 10**4},
            ("--agent-resources=uncapped",),
            "*a run's floor of cpus=10000 fits 0 times into this machine's *",
        ),
        (
            {"floor": 97},
            (),
            "*task task_heap at profile 1x: the ceiling memory_mb=96 is below the floor *",
        ),
        ({"floor": -1}, (), "*task task_heap at profile 1x: floor memory_mb=-1 guarantees nothing: write 0 or more"),
        ({"cpus": 0.5}, ("--agent-concurrency=9000",), "*--agent-concurrency=9000: *lower it, or drop the floor by*"),
        ({}, ("--agent-resources=0.5x",), "*--agent-resources=0.5x: '0.5x' is no resource profile*"),
        ({}, ("--agent-resources=1x,many",), "*'many' is no resource profile: write 1x, 1.5x, 3x, … or uncapped*"),
        ({}, ("--agent-enforce=memory=limit",), "*--agent-enforce=memory=limit: write RESOURCE=POLICY, of cpus, *"),
        ({}, ("--agent-enforce=cpus=hard",), "*--agent-enforce=cpus=hard: write RESOURCE=POLICY, of cpus, *"),
    ],
)
def test_what_does_not_fit_is_refused_before_any_run(
    benchmark: Benchmark, floor: dict[str, float], arguments: tuple[str, ...], message: str
) -> None:
    """One line with the value and the way out."""
    heap(benchmark, **floor)  # type: ignore[arg-type]
    result = benchmark.run("suite/task_heap", "--agent-model=scripted/lean", *arguments, "-pno:xdist")

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([message])
    assert not benchmark.campaigns()


def test_floors_lower_the_number_of_runs_in_flight(benchmark: Benchmark, mode: tuple[str, ...]) -> None:
    """By default as many as fit; without the guarantee as many as ever."""
    heap(benchmark, cpus=0.9 * len(__import__("os").sched_getaffinity(0)))
    arguments = ("suite/task_heap", "--agent-model=scripted/lean", "--agent-runs=2", "--agent-rerun", *UNCAPPED, *mode)

    benchmark.run(*arguments).stdout.fnmatch_lines(["*, 1 run in flight"])
    benchmark.run(*arguments, "--agent-enforce=cpus=limit").stdout.fnmatch_lines(["*, 8 runs in flight"])


def test_profiles_multiply_what_a_run_shares_and_leave_times_alone() -> None:
    """Ceilings are rounded to whole megabytes and processes."""
    limits = Limits(cpus=1.0, memory_mb=100, pids=33, disk_mb=None, call_s=7, wall_s=70)

    assert at_profile(limits, "1x") == limits
    assert at_profile(limits, "1.5x") == Limits(cpus=1.5, memory_mb=150, pids=50, disk_mb=None, call_s=7, wall_s=70)
    assert at_profile(limits, "uncapped") == Limits(
        cpus=None, memory_mb=None, pids=None, disk_mb=None, call_s=7, wall_s=70
    )
    assert [factor(name) for name in ("1x", "2.25x", "5x", "uncapped")] == [1.0, 2.25, 5.0, None]


def test_a_ceiling_is_held_against_what_is_guaranteed_there() -> None:
    """At the profile and by the policies of the session: with more room, or without the guarantee, it may fit."""
    floor, limits = Floor(memory_mb=200), Limits(memory_mb=100)

    check_resources(at_profile(limits, "2x"), floor)
    check_resources(at_profile(limits, "uncapped"), floor)
    check_resources(limits, guaranteed(floor, {"memory_mb": "limit"}))
    check_resources(at_profile(limits, "1x", {"memory_mb": "request"}), floor)
    with pytest.raises(ValueError, match="ceiling memory_mb=100 is below the floor memory_mb=200: lower the floor"):
        check_resources(limits, floor)


@pytest.mark.parametrize("limits", [{"memory_mb": 0}, {"pids": -3}, {"cpus": 0.0}, {"disk_mb": 0}])
def test_a_ceiling_under_which_nothing_runs_is_refused(limits: dict[str, float]) -> None:
    """Whatever holds it."""
    with pytest.raises(ValueError, match=r"lets nothing run: write more than 0, or None"):
        check_resources(Limits(**limits), Floor())  # type: ignore[arg-type]


def test_policies_choose_between_floor_and_ceiling() -> None:
    """limit: the ceiling; request: the floor; guarantee: both; ignore: neither."""
    floor, limits = Floor(cpus=2, memory_mb=300), Limits(cpus=4, memory_mb=600)
    expected = {"limit": (0, 600), "request": (300, None), "guarantee": (300, 600), "ignore": (0, None)}

    for policy, (kept, ceiling) in expected.items():
        policies = {"memory_mb": policy}
        assert guaranteed(floor, policies).memory_mb == kept  # type: ignore[arg-type]
        assert at_profile(limits, "1x", policies).memory_mb == ceiling  # type: ignore[arg-type]
        assert at_profile(limits, "1x", policies).cpus == 4  # type: ignore[arg-type]

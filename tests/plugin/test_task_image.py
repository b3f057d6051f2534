"""``image=`` of a task: what its sandboxes are made of at level docker, over ``--agent-image``."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from pytest_agentcore.sandbox.docker import Daemon
from tests.conftest import Benchmark
from tests.contract import docker_images
from tests.contract.docker_fixture import needs_docker

TASK = """
from pytest_agentcore import Run, agent_task

@agent_task({image})
def test_{name}(run: Run) -> None:
    '''Write where you are to place.txt.'''
    assert run.workspace.read_text("place.txt").strip() == "{expected}"
    assert run.check(["sh", "-c", {asks!r}]).stdout.strip() == "{expected}"
"""
NEVER_SETTLED = """
from pytest_agentcore import Run, agent_task

@agent_task
def test_broken(run: Run) -> None:
    '''Its checker breaks, so that its campaign is never finished.'''
    raise RuntimeError
"""
ASKS = "if command -v python3 >/dev/null; then echo usual; else echo own; fi"
REFERENCE = f"turns:\n- calls: [{{shell: {{command: '{ASKS} > place.txt'}}}}]\n- text: Done.\n"


def place(benchmark: Benchmark, name: str, image: str | None, expected: str) -> None:
    """A task that tells its own image from the session's."""
    given = "" if image is None else f"image={image!r}"
    test = TASK.format(name=name, image=given, expected=expected, asks=ASKS)
    benchmark.task(name, test, reference=REFERENCE)


@pytest.fixture
def daemon() -> Iterator[Daemon]:
    """A connection of the test's own."""
    needs_docker()
    daemon = Daemon()
    yield daemon
    daemon.close()


DOCKER = ("--agent-model=scripted/reference", "--agent-runs=1", "--agent-sandbox=docker")


@pytest.mark.slow
def test_agent_and_checker_run_in_it_and_others_in_the_sessions(
    benchmark: Benchmark, daemon: Daemon, tmp_path: Path, mode: tuple[str, ...]
) -> None:
    """Over an image that the session names; the manifest says what each stood for."""
    name = docker_images.without_python(daemon, tmp_path)
    place(benchmark, "own", name, "own")
    place(benchmark, "usual", None, "usual")
    session = (*DOCKER, "--agent-image=pytest-agentcore-sandbox:1", *mode)

    benchmark.run("suite/task_usual", *session).assert_outcomes(passed=1)
    (campaign,) = benchmark.campaigns()
    assert "images" not in json.loads((campaign / "manifest.json").read_text())
    benchmark.run("suite/task_own", "suite/task_usual", *session, "--agent-rerun").assert_outcomes(passed=2)

    manifest = json.loads((benchmark.campaigns()[-1] / "manifest.json").read_text())
    assert manifest["images"] == {name: {"image_id": daemon.image(name)["Id"], "calls": "exec"}}
    assert [row.get("image") for _, row in sorted(manifest["tasks"].items())] == [name, None]


@pytest.mark.slow
def test_an_image_that_is_not_there_is_refused_before_any_run(benchmark: Benchmark, mode: tuple[str, ...]) -> None:
    """One line with the task, the image and the command that makes it."""
    needs_docker()
    place(benchmark, "own", "no-such:1", "own")
    refused = benchmark.run("suite/task_own", *DOCKER, *mode)

    assert refused.ret != pytest.ExitCode.OK
    line = "*task task_own: docker at * has no image 'no-such:1', and none is ever pulled by itself: docker pull *"
    refused.stderr.fnmatch_lines([line])
    assert not benchmark.campaigns()


@pytest.mark.slow
def test_what_an_image_stands_for_is_part_of_what_was_measured(
    benchmark: Benchmark, daemon: Daemon, tmp_path: Path
) -> None:
    """The same name for something else begins a new campaign; a task more in the same one does not."""
    name = "agentcore-test-rebuilt:1"
    daemon.import_image(docker_images.busybox_root(tmp_path, note=b"first"), name, [])
    place(benchmark, "own", name, "own")
    benchmark.task("broken", NEVER_SETTLED, reference=REFERENCE)
    session = (*DOCKER, "-pno:xdist")

    benchmark.run("suite/task_broken", *session).assert_outcomes(failed=1)
    benchmark.run("suite/task_broken", "suite/task_own", *session).assert_outcomes(passed=1, failed=1)
    (campaign,) = benchmark.campaigns()
    assert list(json.loads((campaign / "manifest.json").read_text())["images"]) == [name]

    daemon.import_image(docker_images.busybox_root(tmp_path, note=b"second"), name, [])
    benchmark.run("suite/task_broken", "suite/task_own", *session).assert_outcomes(passed=1, failed=1)
    assert len(benchmark.campaigns()) == 2


@pytest.mark.parametrize("level", ["namespace", "process"])
def test_a_level_without_images_refuses_the_task(benchmark: Benchmark, level: str, mode: tuple[str, ...]) -> None:
    """What the image has and this machine has not would be counted against the model."""
    place(benchmark, "own", "anything:1", "own")
    session = ("suite", "--agent-model=scripted/reference", "--agent-runs=1", f"--agent-sandbox={level}", *mode)
    refused = benchmark.run(*session)

    assert refused.ret != pytest.ExitCode.OK
    line = (
        f"*task task_own needs the image 'anything:1', and sandboxes of level '{level}' are made of none: "
        "add --agent-sandbox=docker, or deselect the task"
    )
    refused.stderr.fnmatch_lines([line])
    assert not benchmark.campaigns()
    benchmark.run(*session, "-k", "not own").assert_outcomes(passed=2, deselected=0 if "-n2" in mode else 1)


@pytest.mark.parametrize("image", ["3", "''", "None"])
def test_no_name_is_refused(benchmark: Benchmark, image: str) -> None:
    """As every other value of the marker."""
    test = TASK.format(name="own", image=f"image={image}", expected="own", asks=ASKS)
    benchmark.task("own", test, reference=REFERENCE)
    refused = benchmark.run_here("suite", "--agent-model=scripted/reference")

    assert refused.ret == pytest.ExitCode.USAGE_ERROR
    refused.stderr.fnmatch_lines([f"*image must be the name of a docker image, not {image}"])


def test_a_check_tells_it_of_the_task_alone(benchmark: Benchmark) -> None:
    """Other tasks of the suite are judged."""
    place(benchmark, "own", "anything:1", "own")
    result = benchmark.run("suite/task_own", "suite/task_count", "--agent-check", "-pno:xdist", "-k", "reference")

    result.assert_outcomes(passed=1, errors=1, deselected=56)
    result.stdout.fnmatch_lines(["*task_own needs the image 'anything:1'*"])

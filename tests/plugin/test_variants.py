"""``--agent-variant``: other names and numbers in every run, and a campaign of its own."""

from __future__ import annotations

import json

import pytest

from tests.conftest import Benchmark

SUM = '''
from dataclasses import dataclass

from pytest_agentcore import Draw, Run, agent_task


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    numbers: tuple[int, ...]

    @property
    def total(self) -> int:
        return sum(self.numbers)

    def files(self) -> dict[str, str]:
        return {"numbers.txt": "".join(f"{number}\\n" for number in self.numbers)}

    def hidden(self) -> dict[str, str]:
        return {"expected.txt": str(self.total)}


def draw(by: Draw) -> Scenario:
    if by.canonical:
        return Scenario(numbers=(1, 2, 4))
    generator = by.random()
    return Scenario(numbers=tuple(generator.randrange(10**6) for _ in range(3)))


@agent_task(scenario=draw)
def test_sum(run: Run) -> None:
    """Write the sum of the ${{ scenario.numbers | length }} numbers in numbers.txt to sum.txt."""
    assert run.workspace.read_text("sum.txt") == str(run.scenario.total)
    assert run.check(["cat", "../hidden/expected.txt"]).stdout == str(run.scenario.total)
'''

TEMPLATE = "turns:\n- calls: [{fs_write: {path: sum.txt, content: '${{ scenario.total }}'}}]\n- text: Done.\n"
TYPED_IN = "turns:\n- calls: [{fs_write: {path: sum.txt, content: '7'}}]\n- text: Done.\n"


@pytest.fixture
def drawn(benchmark: Benchmark) -> Benchmark:
    """The small suite with a task whose scenario is drawn."""
    folder = benchmark.task("sum", SUM, reference=TEMPLATE, memorised=TYPED_IN)
    (folder / "workspace").mkdir()
    (folder / "workspace" / "numbers.txt").write_text("1\n2\n4\n")
    return benchmark


@pytest.mark.slow
def test_a_template_passes_everywhere_and_an_answer_typed_in_on_canonical_alone(
    drawn: Benchmark, mode: tuple[str, ...]
) -> None:
    """Workers draw what the controller drew."""
    task = "suite/task_sum"

    drawn.run(task, "--agent-model=scripted/reference", *mode).assert_outcomes(passed=2)
    drawn.run(task, "--agent-model=scripted/memorised", *mode).assert_outcomes(passed=2)
    seeded = drawn.run(task, "--agent-model=scripted/reference", "--agent-variant=7", *mode)
    seeded.assert_outcomes(passed=2)
    assert "variant 7" in seeded.stdout.str()
    drawn.run(task, "--agent-model=scripted/memorised", "--agent-variant=7", *mode).assert_outcomes(failed=2)


@pytest.mark.slow
def test_a_variant_is_a_campaign_of_its_own_and_is_resumed(drawn: Benchmark) -> None:
    """Its manifest names the seed; the first run's answer is not the second's; each seed draws another workspace."""
    arguments = ("suite/task_sum", "--agent-model=scripted/reference")
    drawn.run(*arguments, "-pno:xdist")
    drawn.run(*arguments, "--agent-variant=7", "-k", "run1", "-pno:xdist")
    rest = drawn.run(*arguments, "--agent-variant=7", "-pno:xdist")

    rest.assert_outcomes(passed=2)
    published, variant = drawn.campaigns()
    assert [json.loads((folder / "manifest.json").read_text())["variant"] for folder in (published, variant)] == [
        "canonical",
        "7",
    ]
    assert len(list((published / "workspaces").iterdir())) == 1
    assert len(list((variant / "workspaces").iterdir())) == 2
    assert len([row for row in drawn.journal(variant) if row["kind"] == "attempt_started"]) == 2


def test_a_task_without_a_scenario_is_the_same_in_every_variant(benchmark: Benchmark) -> None:
    """Nothing of it is taken for a template."""
    benchmark.run("suite", "--agent-model=scripted/reference", "--agent-variant=x", "-pno:xdist").assert_outcomes(
        passed=4
    )


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            ("return Scenario(numbers=(1, 2, 4))", "raise ValueError('no numbers')"),
            "*cannot be drawn: ValueError: no numbers",
        ),
        (("numbers | length", "amounts | length"), "*task_sum: *has no attribute 'amounts'*"),
        (('{"numbers.txt"', '{"../numbers.txt"'), "*task_sum: files='../numbers.txt' must be a path inside*"),
    ],
)
def test_a_broken_scenario_is_refused_in_one_line(
    drawn: Benchmark, change: tuple[str, str], message: str, mode: tuple[str, ...]
) -> None:
    """Before any run starts, whatever the number of workers."""
    path = drawn.root / "suite" / "task_sum" / "test_sum.py"
    path.write_text(path.read_text().replace(*change))
    variant = "7" if "../" in change[1] else "canonical"
    result = drawn.run("suite", "--agent-model=scripted/reference", f"--agent-variant={variant}", *mode)

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([f"ERROR: {message}"])
    assert "Traceback" not in result.stdout.str() + result.stderr.str()
    assert not drawn.campaigns()


def test_a_blank_seed_is_refused(benchmark: Benchmark) -> None:
    """It would read as canonical."""
    result = benchmark.run_here("suite", "--agent-model=scripted/reference", "--agent-variant= ")

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*--agent-variant=' ': must be a seed*"])

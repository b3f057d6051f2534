"""The scenarios of tasks 01 to 05: the published one to the byte, and others that have nothing in common with it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from functools import cache, partial
from itertools import permutations
from pathlib import Path
from types import ModuleType

import pytest

from pytest_agentcore.domain.scenario import CANONICAL, Draw
from pytest_agentcore.domain.task import Task
from pytest_agentcore.errors import WrongAnswer
from pytest_agentcore.model import scripted
from pytest_agentcore.rollout.scenario import drawn, solution

pytestmark = pytest.mark.slow

PUBLISHED = {
    "task_01_fix_failing_test": "7f8fb949f5e325e18820ceb508ef7da5f933351bb267e12111d845b90efe4669",
    "task_02_refactor_duplicated_code": "2d2289816aff0311848d21cd3ea14d9f14db95f4dfd052117646db3c03b7ea34",
    "task_03_investigate_log": "b823f453f3987cd54dc46f89ac6c03195a2f54867036187f8557bc3e6025a58d",
    "task_04_trace_through_codebase": "d7ce221e5c82b437276cbe2711fe480405b8746336ec218478b788ebda2226e0",
    "task_05_minimal_fix": "3692fbd303f9f27a98fd1171d3b64ab3349e5985b89224c561426ba3cda9e6ec",
}
"""sha256 of the published workspaces: a change of theirs is a new version of the suite."""
SEEDS, RUNS = 67, (1, 2, 3)
REPLAYED = ("1", "2", "3", "4", "5", "7")
"""Seeds whose solutions are replayed against each other."""


def draw_of(task: str, variant: str, run: int = 1) -> Draw:
    return Draw(variant=variant, suite_version="1.0.0", task=task, run=run)


@pytest.fixture(scope="module")
def task_of(task_module: Callable[[str], ModuleType], suite: Path) -> Callable[[str], Task]:
    """A task of the suite by its name, with the scenario of its marker."""

    @cache
    def found(name: str) -> Task:
        module = task_module(name)
        folder = suite / name
        return Task(
            id=name,
            suite="agentic_core_v1",
            prompt="",
            folder=folder,
            workspace=folder / "workspace",
            solutions=folder / "solutions",
            scenario=module.draw,
        )

    return found


@pytest.fixture(scope="module")
def variants(task_of: Callable[[str], Task]) -> Callable[[str], list[Task]]:
    """Two hundred draws of a task: many seeds, three runs each."""

    @cache
    def found(name: str) -> list[Task]:
        draws = [draw_of(name, str(seed), run) for seed in range(1, SEEDS + 1) for run in RUNS]
        return [drawn(task_of(name), by) for by in draws[:200]]

    return found


def as_bytes(files: Mapping[str, str | bytes]) -> dict[str, bytes]:
    return {path: text.encode() if isinstance(text, str) else text for path, text in files.items()}


def calls_of(task: Task, name: str) -> str:
    """Everything that a solution writes and runs, as one text."""
    return json.dumps([turn.calls for turn in solution(task, name).turns])


def right_solutions(task: Task) -> list[str]:
    """The names of the solutions that must pass, but for those that are right everywhere."""
    found = [(name, scripted.find(task.solutions, name)) for name in scripted.names(task.solutions)]
    return [name for name, each in found if each.expect is None and not each.portable]


@pytest.mark.parametrize("name", PUBLISHED)
def test_the_published_scenario_is_the_workspace_to_the_byte(task_of: Callable[[str], Task], name: str) -> None:
    task = drawn(task_of(name), draw_of(name, CANONICAL))
    folder = task.folder / "workspace"
    files = {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    files = {path: data for path, data in files.items() if "__pycache__" not in path}

    assert as_bytes(task.drawn.files()) == files
    digest = hashlib.sha256()
    for path, data in sorted(files.items()):
        digest.update(f"{path}\0{len(data)}\0".encode() + data)
    assert digest.hexdigest() == PUBLISHED[name]
    assert drawn(task_of(name), draw_of(name, CANONICAL, 3)).drawn == task.drawn


@pytest.mark.parametrize("name", PUBLISHED)
def test_every_draw_is_another_workspace_and_always_the_same(
    task_of: Callable[[str], Task], variants: Callable[[str], list[Task]], name: str
) -> None:
    tasks = [drawn(task_of(name), draw_of(name, CANONICAL)), *variants(name)]
    files = [as_bytes(task.drawn.files()) for task in tasks]

    assert len({repr(sorted(each.items())) for each in files}) == len(tasks)
    again = drawn(task_of(name), draw_of(name, "9", 2))
    assert again.drawn == tasks[1 + 8 * 3 + 1].drawn
    assert again.workspace is None
    assert as_bytes(again.files) == files[1 + 8 * 3 + 1]


@pytest.mark.parametrize("name", PUBLISHED)
def test_every_solution_can_be_written_in_every_scenario(variants: Callable[[str], list[Task]], name: str) -> None:
    """Nothing of the template language is left, and the drawn names are in what is written."""
    tasks = variants(name)[:12]
    for solution_name in scripted.names(tasks[0].solutions):
        for task in tasks:
            found = solution(task, solution_name)
            text = "".join(turn.text + str(turn.calls) for turn in found.turns)
            assert "${{" not in text


@pytest.mark.parametrize("name", PUBLISHED)
def test_no_right_answer_is_that_of_another_scenario(task_of: Callable[[str], Task], name: str) -> None:
    """What a right solution writes in one scenario it writes in no other one of those that are replayed."""
    tasks = [drawn(task_of(name), draw_of(name, CANONICAL))]
    tasks += [drawn(task_of(name), draw_of(name, seed, run)) for seed in REPLAYED for run in RUNS]
    names = right_solutions(tasks[0])

    assert names
    for solution_name in names:
        assert len({calls_of(task, solution_name) for task in tasks}) == len(tasks), solution_name


def written(task: Task, name: str) -> str | None:
    """The last content that a solution gives to a file, or None where it writes none."""
    arguments = [json.loads(arguments) for turn in solution(task, name).turns for _, arguments in turn.calls]
    contents = [each["content"] for each in arguments if "content" in each]
    return contents[-1].removeprefix("\ufeff").replace("\r\n", "\n").removesuffix("\n") if contents else None


def judge_of(module: ModuleType, task: Task) -> Callable[[str], bool]:
    """The verdict of a checker that reads one text."""
    files, scenario = task.drawn.files(), task.drawn
    if "access.log" in files:
        judge = partial(module.judge, incident=module.Incident.read(files["access.log"].encode()))
    else:
        sources = {path.removeprefix("src/"): text for path, text in files.items()}
        value = module.expected_value(sources, scenario, scenario.order_id)
        judge = partial(module.judge, value=value, hops=module.expected_hops(sources))

    def passes(answer: str) -> bool:
        try:
            judge(answer)
        except WrongAnswer:
            return False
        return True

    return passes


@pytest.mark.parametrize("name", ["task_03_investigate_log", "task_04_trace_through_codebase"])
def test_a_written_answer_passes_at_home_and_nowhere_else(
    task_module: Callable[[str], ModuleType], task_of: Callable[[str], Task], name: str
) -> None:
    """Solutions of other seeds, other run indexes and of the published scenario are wrong; F stays F at home."""
    module = task_module(name)
    draws = [draw_of(name, CANONICAL), *(draw_of(name, seed, run) for seed in REPLAYED[:3] for run in RUNS)]
    tasks = [drawn(task_of(name), by) for by in draws]
    judges = [judge_of(module, task) for task in tasks]
    solutions = [scripted.find(tasks[0].solutions, each) for each in scripted.names(tasks[0].solutions)]
    for each in solutions:
        answers = [written(task, each.name) for task in tasks]
        judged = [answer for answer in answers if answer is not None]
        if len(judged) < len(tasks) or (each.expect or {}).get("detail") in ("missing_output", "side_effect"):
            continue
        right = each.expect is None or bool(each.expect.get("checker_would_pass"))
        for passes, answer in zip(judges, judged, strict=True):
            assert passes(answer) is right, (each.name, answer)
        if right and not each.portable:
            pairs = permutations(zip(judges, judged, strict=True), 2)
            assert not [answer for (_, answer), (passes, _) in pairs if passes(answer)], each.name


def anchor(task: Task) -> str:
    """What a fix of this scenario must find in the file that it changes: a line, or a function."""
    scenario = task.drawn
    if "inventory.py" in scenario.files():
        return f"if {scenario.condition}:"
    if "app/pricing.py" in scenario.files():
        before, right = scenario.files()["app/pricing.py"], scenario.right_pricing()
        functions: list[str] = [part for part in before.split("\n\n\n") if part not in right]
        return functions[0].strip()
    return str(scenario.source("strict"))


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("task_01_fix_failing_test", "app/pricing.py"),
        ("task_02_refactor_duplicated_code", "report.py"),
        ("task_05_minimal_fix", "inventory.py"),
    ],
)
def test_a_fix_copied_from_another_scenario_finds_nothing_to_fix(
    variants: Callable[[str], list[Task]], task_of: Callable[[str], Task], name: str, path: str
) -> None:
    """In less than one of a hundred pairs of draws, and in none of those that are replayed."""
    tasks = variants(name)
    texts = [as_bytes(task.drawn.files())[path].decode() for task in tasks]
    found = [anchor(task) for task in tasks]
    assert all(wrong in text for wrong, text in zip(found, texts, strict=True))
    pairs = [(a, b) for a, b in permutations(range(len(tasks)), 2) if found[a] in texts[b]]
    assert len(pairs) < 0.01 * len(tasks) ** 2

    replayed = [drawn(task_of(name), draw_of(name, seed, run)) for seed in (CANONICAL, *REPLAYED) for run in RUNS]
    replayed = replayed[2:]  # the published scenario is the same in all runs
    for task, other in permutations(replayed, 2):
        assert anchor(task) not in as_bytes(other.drawn.files())[path].decode()

"""Scenarios: drawn from a seed, filled into prompts, faults and solutions."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_agentcore.domain.scenario import CANONICAL, Draw
from pytest_agentcore.domain.task import Fault, Task
from pytest_agentcore.errors import ConfigError
from pytest_agentcore.rollout.material import initial
from pytest_agentcore.rollout.scenario import drawn, fill, solution


@dataclass(frozen=True, slots=True, kw_only=True)
class Greeting:
    """What a task of these tests draws."""

    name: str

    def files(self) -> dict[str, str]:
        """A variant's workspace."""
        return {"name.txt": f"{self.name}\r\n"}

    def hidden(self) -> dict[str, str]:
        """For the checker alone."""
        return {"expected.txt": self.name}


def greeting(by: Draw) -> Greeting:
    """The published name, or one of the seed."""
    return Greeting(name="Ada" if by.canonical else f"Bo{by.random().randrange(10**9)}")


def draw(variant: str, run: int = 1, task: str = "task_greet") -> Draw:
    """One draw of the test's suite."""
    return Draw(variant=variant, suite_version="1", task=task, run=run)


@pytest.fixture
def task(tmp_path: Path) -> Task:
    """A task with a folder, a prompt and a fault that name its scenario, and two solutions."""
    (tmp_path / "workspace").mkdir()
    (tmp_path / "workspace" / "name.txt").write_bytes(b"Ada\r\n")
    (tmp_path / "solutions").mkdir()
    (tmp_path / "solutions" / "reference.yaml").write_text(
        "turns:\n- text: 'I greet ${{ scenario.name }}.'\n"
        '  calls: [{fs_write: {path: hello.txt, content: "Hello, ${{ scenario.name + \'\\"!\' }}\\r\\n"}}]\n'
    )
    (tmp_path / "solutions" / "fail_1.yaml").write_text(
        'turns:\n- calls: [{raw: {name: fs_write, arguments: \'{"path": "${{ scenario.name }}\'}}]\n'
    )
    return Task(
        id="task_greet",
        suite="s",
        prompt="Greet ${{ scenario.name }}; leave {{ this }} and ${HOME} alone.",
        folder=tmp_path,
        workspace=tmp_path / "workspace",
        files={"more.txt": "more"},
        scenario=greeting,
        solutions=tmp_path / "solutions",
        faults=(Fault(tool="fs_read", path="${{ scenario.name }}.txt", message="no ${{ scenario.name }}"),),
    )


def test_canonical_is_the_folder_and_a_variant_is_its_files(task: Task) -> None:
    """``files`` of the marker lie over both."""
    published, variant = drawn(task, draw(CANONICAL)), drawn(task, draw("7"))

    assert initial(published).by_path().keys() == initial(variant).by_path().keys() == {"name.txt", "more.txt"}
    assert initial(published).by_path()["name.txt"].data == b"Ada\r\n"
    assert initial(variant).by_path()["name.txt"].data == f"{variant.drawn.name}\r\n".encode()
    assert variant.hidden_files == {"expected.txt": variant.drawn.name}


def test_texts_are_filled_in_and_nothing_else_changes(task: Task) -> None:
    """Prompt and faults."""
    run = drawn(task, draw(CANONICAL))

    assert run.prompt == "Greet Ada; leave {{ this }} and ${HOME} alone."
    assert run.faults == (Fault(tool="fs_read", path="Ada.txt", message="no Ada"),)


def test_a_solution_reads_its_scenario(task: Task) -> None:
    """Quotes and CRLF arrive as they were written; what is malformed stays malformed."""
    turn = solution(drawn(task, draw(CANONICAL)), "reference").turns[0]
    broken = solution(drawn(task, draw(CANONICAL)), "fail_1").turns[0]

    assert turn.text == "I greet Ada."
    assert json.loads(turn.calls[0][1]) == {"path": "hello.txt", "content": 'Hello, Ada"!\r\n'}
    assert broken.calls == (("fs_write", '{"path": "Ada'),)


def test_draws_differ_by_seed_run_task_and_version_and_by_nothing_else() -> None:
    """What an answer copied from elsewhere would have to match; canonical is the same in all runs."""
    base = draw("7")
    others = [
        draw("8"),
        draw("7", run=2),
        draw("7", task="task_other"),
        Draw(variant="7", suite_version="2", task="task_greet", run=1),
    ]

    assert base.random().random() == draw("7").random().random()
    assert base.random().random() not in {other.random().random() for other in others}
    assert greeting(draw(CANONICAL, run=1)) == greeting(draw(CANONICAL, run=2))


def test_draws_are_the_same_on_every_machine() -> None:
    """Pinned: a variant's seed is published, and others draw it again."""
    generator = draw("7").random()

    assert [generator.randrange(1000) for _ in range(3)] == [496, 608, 72]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("${{ scenario.nobody }}", "nobody"),
        ("${{ scenario.name", "unexpected"),
        ("${{ other }}", "'other' is undefined"),
        ("${{ scenario.name() }}", "not callable"),
        ("${{ scenario.__class__ }}", "__class__"),
    ],
)
def test_a_text_that_cannot_be_filled_in_is_one_line(text: str, message: str) -> None:
    """It names the place and what is wrong."""
    with pytest.raises(ConfigError, match=f"task t: .*{message}"):
        fill(text, Greeting(name="Ada"), "task t")


def test_a_scenario_that_raises_names_variant_and_run(task: Task) -> None:
    """Before any run starts."""

    def broken(by: Draw) -> object:
        raise ValueError(f"no {by.run}")

    object.__setattr__(task, "scenario", broken)

    with pytest.raises(ConfigError, match=r"variant '7', run 2 .*ValueError: no 2"):
        drawn(task, draw("7", run=2))


@given(st.text().filter(lambda text: "${{" not in text), st.text(max_size=5).filter(lambda text: "{" not in text))
def test_any_text_around_an_expression_stays(text: str, name: str) -> None:
    """Line ends, braces, per cent signs and hashes are not the template's business."""
    around = text.replace("}}", "")

    assert fill(text, Greeting(name=name), "t") == text
    assert fill(around + "${{ scenario.name }}" + around, Greeting(name=name), "t") == around + name + around

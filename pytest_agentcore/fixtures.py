"""What a test asks for: ``@agent_task``, ``run``, and ``sandbox`` with ``agent`` for tasks with steps of their own.

Loaded into every pytest session, so it imports nothing of the harness.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, TypedDict, TypeVar, overload

import pytest

from pytest_agentcore.options import OFF_MESSAGE, RUNNER

if TYPE_CHECKING:
    from pathlib import Path
    from typing import Unpack

    from pytest_agentcore.domain.evidence import Diagnosis
    from pytest_agentcore.domain.ports import Sandbox
    from pytest_agentcore.domain.resources import Floor, Limits
    from pytest_agentcore.domain.scenario import Draw
    from pytest_agentcore.domain.task import Fault
    from pytest_agentcore.rollout.run import Run
    from pytest_agentcore.session import Runner
    from pytest_agentcore.steps import Agent

Test = TypeVar("Test", bound=Callable[..., Any])


class TaskOptions(TypedDict, total=False):
    """What the marker takes; see :class:`~pytest_agentcore.domain.task.Task` for the meaning of each."""

    id: str
    workspace: str | Path
    files: Mapping[str, str | bytes]
    hidden: str | Path
    scenario: Callable[[Draw], Any]
    tools: tuple[str, ...]
    max_turns: int
    max_tokens: int | None
    timeout_s: float
    limits: Limits
    floor: Floor
    image: str
    faults: tuple[Fault, ...]
    protected: tuple[str, ...]
    forbidden: tuple[str, ...]
    scored: bool
    diagnosis: Diagnosis | None


@overload
def agent_task(test: Test, /) -> Test: ...
@overload
def agent_task(**options: Unpack[TaskOptions]) -> pytest.MarkDecorator: ...
def agent_task(test: Any = None, /, **options: Any) -> Any:
    """Mark a test as an agent task: its docstring is the prompt, its assertions are the checker."""
    mark = pytest.mark.agent_task(**options)
    return mark if test is None else mark(test)


@pytest.fixture
def run(request: pytest.FixtureRequest) -> Run:
    """The finished rollout of this item's model and run index."""
    return _runner(request).run(request.node)


@pytest.fixture
def agent(request: pytest.FixtureRequest) -> Iterator[Agent]:
    """The agent of this item, for a task with steps of its own: ``agent.solve(prompt)``, as often as needed."""
    runner = _runner(request)
    with runner.steps(request.node) as own:
        yield own  # type: ignore[misc]  # None only where the record speaks in the body's place


@pytest.fixture
def sandbox(agent: Agent) -> Sandbox:
    """The sandbox in which :func:`agent` works."""
    return agent.sandbox


def _runner(request: pytest.FixtureRequest) -> Runner:
    if request.node.get_closest_marker("agent_task") is None:
        pytest.fail(f"{request.fixturename!r} belongs to tests marked with @agent_task", pytrace=False)
    runner: Runner | None = request.config.stash.get(RUNNER, None)
    if runner is None:
        pytest.skip(OFF_MESSAGE)
    return runner

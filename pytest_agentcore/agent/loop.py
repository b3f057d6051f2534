"""The built-in agent: ask the model, run its tool calls, tell it what came of them, until it ends or meets a limit."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from importlib.resources import files

from pytest_agentcore.agent import clock
from pytest_agentcore.agent.tools import Toolbox
from pytest_agentcore.domain.ports import Model
from pytest_agentcore.domain.task import Task
from pytest_agentcore.domain.trajectory import Reply, StopReason, Trajectory, Turn
from pytest_agentcore.errors import ContextExceeded, LimitReached, RunCancelled

MALFORMED_IN_A_ROW = 3
REFUSALS = ("content_filter", "refusal")
LIMITS = {
    "turns": StopReason.TURN_LIMIT,
    "tokens": StopReason.TOKEN_LIMIT,
    "cost_usd": StopReason.TOKEN_LIMIT,
    "working_s": StopReason.TIMEOUT,
    "wall_s": StopReason.TIMEOUT,
}
"""How a run ends whose call was refused for want of budget."""
_LEAST_S = 0.001


def system_prompt() -> str:
    """The built-in system prompt, from its one file."""
    return (files(__package__) / "system_prompt.md").read_text(encoding="utf-8").strip()


def solve(
    *,
    task: Task,
    prompt: str,
    model: Model,
    toolbox: Toolbox,
    system: str,
    turns: list[Turn],
    cancelled: Callable[[], bool],
    api_timeout_s: float,
) -> Trajectory:
    """Let a model work on a task until it ends by itself or meets a limit.

    ``turns`` is filled as the run goes, so that a caller still has them when an infrastructure error is raised.

    Raises:
        ModelError, SandboxError: somebody other than the model failed.
        RunCancelled: the session is ending.
    """
    started = clock.now()
    beyond = 0.0
    stop: StopReason | None = None
    while stop is None:
        if cancelled():
            raise RunCancelled("the session is ending")
        at = datetime.now(UTC).isoformat(timespec="milliseconds")
        left = max(_LEAST_S, task.timeout_s - (clock.now() - started + beyond))
        try:
            reply = model.reply(
                system=system, prompt=prompt, turns=turns, tools=toolbox.specs, timeout_s=min(api_timeout_s, left)
            )
        except ContextExceeded:
            stop = StopReason.TOKEN_LIMIT
            break
        except LimitReached as reached:
            stop = LIMITS[reached.limit]
            break
        beyond += reply.beyond_s
        results = tuple(toolbox.run(call) for call in reply.calls)
        turns.append(Turn(reply=reply, results=results, started_at=at))
        stop = _ended(reply) or _exceeded(task, turns, clock.now() - started + beyond)
    return Trajectory(system_prompt=system, prompt=prompt, tools=toolbox.specs, turns=tuple(turns), stop_reason=stop)


def _ended(reply: Reply) -> StopReason | None:
    """Did this message end the run by itself?"""
    if reply.finish_reason in REFUSALS:
        return StopReason.REFUSAL
    if reply.calls:
        return None
    return StopReason.TOKEN_LIMIT if reply.finish_reason == "length" else StopReason.FINISHED


def _exceeded(task: Task, turns: list[Turn], working_s: float) -> StopReason | None:
    """Which budget is used up, the first of the table's order."""
    last = [result.malformed for turn in turns for result in turn.results][-MALFORMED_IN_A_ROW:]
    tokens = sum(turn.reply.usage.tokens for turn in turns)
    ladder = (
        (len(last) == MALFORMED_IN_A_ROW and all(last), StopReason.MALFORMED),
        (working_s > task.timeout_s, StopReason.TIMEOUT),
        (len(turns) >= task.max_turns, StopReason.TURN_LIMIT),
        (task.max_tokens is not None and tokens >= task.max_tokens, StopReason.TOKEN_LIMIT),
    )
    return next((reason for exceeded, reason in ladder if exceeded), None)

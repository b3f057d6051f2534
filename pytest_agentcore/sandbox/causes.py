"""What ended a sandbox that went away: one ordered table, from what was seen to whose fault it is.

What limits did inside a sandbox that lives on is told by the evidence of each call; who failed a whole run is said in
:mod:`~pytest_agentcore.scoring.failure`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from pytest_agentcore.errors import SandboxLost

OOM_KILLED, SERVER_LOST = "oom_killed", "server_lost"
_KILLED = 128 + 9
_SAME_MOMENT_S = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Loss:
    """What is known of a container whose server went away."""

    daemon_answers: bool = True
    silent: bool = False
    """Nothing has ended: the server is only not heard of."""
    killed_by_request: bool = False
    """Somebody asked the daemon to kill or stop it."""
    died_at: float | None = None
    """When it ended, by the daemon's clock in seconds; None while it lives or where nobody knows."""
    exit_code: int | None = None
    last_oom_at: float | None = None
    """When the kernel last killed something in it for want of memory."""
    said: str = ""
    """The server's own last line."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One line of the table."""

    seen: str
    fits: Callable[[Loss], bool]
    reason: str
    """``oom_killed`` is a resource's, ``server_lost`` is infrastructure's and retried."""
    message: str


def _server_ran_out_of_memory(loss: Loss) -> bool:
    if loss.exit_code != _KILLED or loss.died_at is None or loss.last_oom_at is None:
        return False
    return loss.died_at - loss.last_oom_at < _SAME_MOMENT_S


TABLE = (
    Row(
        seen="the daemon does not answer",
        fits=lambda loss: not loss.daemon_answers,
        reason=SERVER_LOST,
        message="the docker daemon is gone",
    ),
    Row(
        seen="no word from the server within the time of the call and its slack, and the container lives",
        fits=lambda loss: loss.silent,
        reason=SERVER_LOST,
        message="the sandbox's server says nothing",
    ),
    Row(
        seen="somebody asked the daemon to kill or stop the container",
        fits=lambda loss: loss.killed_by_request,
        reason=SERVER_LOST,
        message="the container was killed from outside",
    ),
    Row(
        seen="the container ended by SIGKILL, at most 2 s after the kernel killed in it for want of memory",
        fits=_server_ran_out_of_memory,
        reason=OOM_KILLED,
        message="the sandbox's server was killed: memory ran out",
    ),
    Row(
        seen="the server left a last line",
        fits=lambda loss: bool(loss.said),
        reason=SERVER_LOST,
        message="the sandbox's server is gone: {said}",
    ),
    Row(
        seen="the container ended otherwise",
        fits=lambda loss: loss.exit_code is not None,
        reason=SERVER_LOST,
        message="the sandbox's server is gone: exit status {exit_code}",
    ),
    Row(
        seen="anything else",
        fits=lambda _: True,
        reason=SERVER_LOST,
        message="the sandbox's server is gone",
    ),
)
"""The first row that fits is the cause."""


def lost(loss: Loss) -> SandboxLost:
    """The error for a sandbox that went away."""
    row = next(row for row in TABLE if row.fits(loss))
    return SandboxLost(row.message.format(said=loss.said, exit_code=loss.exit_code), reason=row.reason)

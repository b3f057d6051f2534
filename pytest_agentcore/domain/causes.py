"""Who is to answer for a run that went wrong: one ordered table, from what was seen to the cause.

What was seen is kept with every run, call by call, so that a later table can be applied to stored runs again.
Where no row fits, the run is the model's own: how it failed is said in :mod:`~pytest_agentcore.scoring.failure`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from pytest_agentcore.domain.outcome import Cause
from pytest_agentcore.domain.resources import Evidence
from pytest_agentcore.domain.trajectory import Trajectory

OOM_KILLED, SERVER_LOST, HOST_PRESSURE = "oom_killed", "server_lost", "host_pressure"
MOST_WITHHELD = 0.5
"""A call that ended with its time was the agent's own as long as it got at least this share of what was due to it."""
_KILLED = 128 + 9
_SAME_MOMENT_S = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Loss:
    """What was seen of a sandbox whose server went away, or that was given up because the machine spoilt a call."""

    daemon_answers: bool = True
    """Level docker: is there still a daemon to ask?"""
    silent: bool = False
    """Nothing has ended: the server is only not heard of."""
    killed_by_request: bool = False
    """Level docker: somebody asked the daemon to kill or stop the container."""
    exit_code: int | None = None
    """Of what held the server, as a shell reports it; None while it lives or where nobody knows."""
    memory_ran_out: bool = False
    """The kernel's count for the server itself says that it was killed for want of memory."""
    died_at: float | None = None
    """Level docker: when the container ended, by the daemon's clock, in seconds."""
    last_oom_at: float | None = None
    """Level docker: when the kernel last killed something in the container for want of memory."""
    said: str = ""
    """The server's own last line."""
    withheld: float = 0.0
    """Of a call that ended with its time: the share of what was due to it that the machine gave to others, 0 to 1."""
    machine_kills: int = 0
    """Processes that the kernel killed for want of memory while the sandbox's own limit was not met."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """All that was seen of a run for which somebody other than the model may have to answer."""

    loss: Loss | None = None
    """None where the sandbox lived to the run's end."""
    evidence: Evidence = field(default_factory=Evidence)
    """Of the last tool call."""
    timed_out: bool = False
    """Did the last tool call end with its time?"""

    @classmethod
    def of(cls, trajectory: Trajectory, loss: Loss | None) -> Seen:
        """What a run's record holds."""
        last = trajectory.results[-1] if trajectory.results else None
        if last is None:
            return cls(loss=loss)
        return cls(loss=loss, evidence=last.evidence or Evidence(), timed_out=last.timed_out)


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One line of the table."""

    seen: str
    fits: Callable[[Seen], bool]
    cause: Cause
    """Infrastructure's runs are tried again, a resource's are not passed and not tried again."""
    reason: str
    message: str = ""
    """For the error of a sandbox that was lost, with the fields of its :class:`Loss` filled in."""


def _lost(fits: Callable[[Loss], bool]) -> Callable[[Seen], bool]:
    return lambda seen: seen.loss is not None and fits(seen.loss)


def _server_ran_out_of_memory(loss: Loss) -> bool:
    if loss.exit_code != _KILLED:
        return False
    if loss.died_at is None or loss.last_oom_at is None:
        return loss.memory_ran_out
    return loss.died_at - loss.last_oom_at < _SAME_MOMENT_S


TABLE = (
    Row(
        seen="the sandbox is lost, and the docker daemon does not answer",
        fits=_lost(lambda loss: not loss.daemon_answers),
        cause=Cause.INFRA,
        reason=SERVER_LOST,
        message="the docker daemon is gone",
    ),
    Row(
        seen="no word from the server within the time of the call and its slack, and nothing has ended",
        fits=_lost(lambda loss: loss.silent),
        cause=Cause.INFRA,
        reason=SERVER_LOST,
        message="the sandbox's server says nothing",
    ),
    Row(
        seen="somebody asked the daemon to kill or stop the container",
        fits=_lost(lambda loss: loss.killed_by_request),
        cause=Cause.INFRA,
        reason=SERVER_LOST,
        message="the container was killed from outside",
    ),
    Row(
        seen="the last call ended with its time, and the machine had given most of what was due to it to others",
        fits=_lost(lambda loss: loss.withheld > MOST_WITHHELD),
        cause=Cause.INFRA,
        reason=HOST_PRESSURE,
        message="the machine kept {loss.withheld:.0%} of a call's processor time from it: have fewer runs in flight",
    ),
    Row(
        seen="the kernel killed for want of memory in the last call, and the sandbox's own limit was not met",
        fits=_lost(lambda loss: loss.machine_kills > 0),
        cause=Cause.INFRA,
        reason=HOST_PRESSURE,
        message="the machine's memory ran out, not the sandbox's: have fewer runs in flight",
    ),
    Row(
        seen="SIGKILL ended the server, and the kernel counts that as its own, for want of memory",
        fits=_lost(_server_ran_out_of_memory),
        cause=Cause.RESOURCE,
        reason=OOM_KILLED,
        message="the sandbox's server was killed: memory ran out",
    ),
    Row(
        seen="the server is gone and left a last line",
        fits=_lost(lambda loss: bool(loss.said)),
        cause=Cause.INFRA,
        reason=SERVER_LOST,
        message="the sandbox's server is gone: {loss.said}",
    ),
    Row(
        seen="the server is gone with another exit status",
        fits=_lost(lambda loss: loss.exit_code is not None),
        cause=Cause.INFRA,
        reason=SERVER_LOST,
        message="the sandbox's server is gone: exit status {loss.exit_code}",
    ),
    Row(
        seen="the server is gone, and nobody knows how",
        fits=_lost(lambda _: True),
        cause=Cause.INFRA,
        reason=SERVER_LOST,
        message="the sandbox's server is gone",
    ),
    Row(
        seen="the kernel or the watchdog killed for want of memory in the last call",
        fits=lambda seen: bool(seen.evidence.oom_kills),
        cause=Cause.RESOURCE,
        reason=OOM_KILLED,
    ),
    Row(
        seen="a process could not be started in the last call, there being as many as may be",
        fits=lambda seen: bool(seen.evidence.pids_hits),
        cause=Cause.RESOURCE,
        reason="pids_exhausted",
    ),
    Row(
        seen="the disk was full at the end of the last call",
        fits=lambda seen: seen.evidence.disk_full,
        cause=Cause.RESOURCE,
        reason="disk_full",
    ),
    Row(
        seen="the last call ended with its time, working or waiting",
        fits=lambda seen: seen.timed_out,
        cause=Cause.RESOURCE,
        reason="call_timeout",
    ),
)
"""The first row that fits is the cause; none where the model has to answer for itself."""
INFRA_REASONS = frozenset(row.reason for row in TABLE if row.cause is Cause.INFRA)


def row_for(seen: Seen) -> Row | None:
    """The first row of :data:`TABLE` that fits."""
    return next((row for row in TABLE if row.fits(seen)), None)

"""What can go wrong, and whose fault it is.

::

    Exception
    ├── AgentCoreError              one line for a person: what, the value, what to do
    │   ├── ConfigError             the user's choice cannot work: the session stops before money is spent
    │   ├── SandboxError            a fault of the sandbox, never shown to the model
    │   │   ├── SandboxUnavailable  it would not start
    │   │   └── SandboxLost         it died in mid-run
    │   ├── ModelError
    │   │   ├── ModelUnavailable    no answer after retries, or an answer that is no answer
    │   │   ├── ModelRefusesConfig  401, 403, unknown model, a parameter it does not take: stops the campaign
    │   │   ├── ContextExceeded     the conversation no longer fits; the loop turns it into a StopReason
    │   │   ├── LimitReached        the run's own budget is used up; the loop turns it into a StopReason
    │   │   └── RunHalted           the run cannot go on and nobody failed: no money left, or no record to replay
    │   ├── RunCancelled            the session ends; nobody's fault, nothing is concluded
    │   └── StoreError              the record cannot be kept or read
    └── AssertionError
        ├── WrongAnswer             the agent's result is not accepted, with a detail
        └── Tampered                the agent touched what it was measured by
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pytest_agentcore.domain.causes import Loss


class AgentCoreError(Exception):
    """The root of what this package raises for a person to read."""


class ConfigError(AgentCoreError):
    """An option, a task or a file that cannot work as given."""


class SandboxError(AgentCoreError):
    """A fault of the sandbox itself; a command that fails inside is data, not this."""


class SandboxUnavailable(SandboxError):
    """The sandbox would not start."""


class SandboxLost(SandboxError):
    """The sandbox went away while it was in use, or the machine spoilt what it did.

    ``reason`` is ``server_lost`` or ``host_pressure``, faults of nobody in the run, or ``oom_killed``: the kernel took
    its server for want of memory, which is a resource's. ``loss`` is what was seen of it, where anything was.
    """

    def __init__(self, message: str, *, reason: str = "server_lost", loss: Loss | None = None) -> None:
        super().__init__(message)
        self.reason = reason
        self.loss = loss


class ModelError(AgentCoreError):
    """A fault on the way to the model or in its service."""


class ModelUnavailable(ModelError):
    """The service gave no usable answer after all retries."""


class ModelRefusesConfig(ModelError):
    """The service will never answer this configuration: key, model name or parameters."""


class ContextExceeded(ModelError):
    """The conversation is longer than the model's context."""


class LimitReached(ModelError):
    """A budget of the run itself is used up.

    ``limit`` is ``turns``, ``tokens``, ``cost_usd``, ``working_s`` or ``wall_s``.
    """

    def __init__(self, message: str, *, limit: str) -> None:
        super().__init__(message)
        self.limit = limit


class RunHalted(ModelError):
    """The run cannot go on, and nobody failed; it counts as not run.

    ``reason`` is ``budget``, what the campaign may cost is used up, or ``replay_miss``, the run that is replayed asks
    what its record does not hold.
    """

    def __init__(self, message: str, *, reason: str) -> None:
        super().__init__(message)
        self.reason = reason


class RunCancelled(AgentCoreError):
    """The session is ending and this run with it."""


class StoreError(AgentCoreError):
    """A record cannot be written or read."""


class WrongAnswer(AssertionError):
    """The result is not accepted; ``detail`` is a value of :class:`~pytest_agentcore.domain.outcome.Detail`."""

    def __init__(self, message: str, *, detail: str = "wrong_value") -> None:
        super().__init__(message)
        self.detail = detail


class Tampered(AssertionError):
    """The agent changed or planted a file that decides the measurement."""

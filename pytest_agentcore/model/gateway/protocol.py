"""What the gateway and its clients say to each other: header names, kinds of failure, the start configuration."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from enum import StrEnum

from pytest_agentcore.model.endpoint import ModelSpec

ATTEMPTS = "x-agentcore-attempts"
WAITED_MS = "x-agentcore-waited-ms"
"""Back-off and queueing, which are nobody's working time."""
COST_USD = "x-agentcore-cost-usd"
"""Absent when the price is unknown."""
USAGE = "x-agentcore-usage"
"""JSON of the tokens as the gateway counted them; absent on a stream, which ends after its headers."""
ERROR = "x-agentcore-error"
"""On failure: a value of :class:`ErrorKind`."""
LIMIT = "x-agentcore-limit"
"""On ``budget``: which one is used up, a name of :class:`~pytest_agentcore.model.gateway.budget.Limits`, or
:data:`CAMPAIGN_COST`."""
CAMPAIGN_COST = "campaign_cost"
"""The limit that is not the run's own."""
LEFT_OUT = "x-agentcore-left-out"
"""Members of the request that the upstream's wire has no place for, separated by commas."""
REMAINING_S = "x-agentcore-remaining-s"
"""Seconds until the nearer of the run's two deadlines; absent when it has none."""
TIMEOUT_S = "x-agentcore-timeout-s"
"""From the client: a shorter timeout per attempt than the gateway's own."""
WORKING_S = "x-agentcore-working-s"
"""From the client: seconds that this call may take, back-off and queueing apart; past them it ends as ``budget``."""
REPLAYED_MS = "x-agentcore-replayed-ms"
"""On an answer out of a record: what the call took when it was made, back-off and queueing apart."""

BODY_LIMIT = 32 * 1024 * 1024
DEFAULT_TIMEOUT_S = 300.0
DEFAULT_RETRIES = 4
BACKOFF_CAP_S = 60.0
"""No single wait is longer, whatever Retry-After says."""


class Wire(StrEnum):
    """The language of a client or an upstream."""

    CHAT = "chat"
    """OpenAI Chat Completions."""
    RESPONSES = "responses"
    """OpenAI Responses."""
    MESSAGES = "messages"
    """Anthropic Messages."""


class ErrorKind(StrEnum):
    """Why there is no answer."""

    AUTH = "auth"
    """401, 402, 403, an empty account: no retry helps."""
    UNKNOWN_MODEL = "unknown_model"
    BAD_REQUEST = "bad_request"
    CONTEXT_EXCEEDED = "context_exceeded"
    UNAVAILABLE = "unavailable"
    """Still failing after all retries."""
    CANCELLED = "cancelled"
    """The run was ended while the call was in flight."""
    BUDGET = "budget"
    """The call does not fit what is left of a budget, or its time is over."""
    REPLAY_MISS = "replay_miss"
    """A replayed run asks what its record does not hold."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StartConfig:
    """What the parent writes to the child's stdin, as one line of JSON."""

    secret: str
    """Bearer of the control interface."""
    models: tuple[ModelSpec, ...]
    port: int = 0
    """Where to listen; 0 for any free port."""
    socket: str | None = None
    """A path of the file system to listen at as well."""
    key_file: str | None = None
    price_file: str | None = None
    """Prices over the bundled table, see :mod:`pytest_agentcore.model.pricing`."""
    api_timeout_s: float = DEFAULT_TIMEOUT_S
    """Per attempt."""
    api_retries: int = DEFAULT_RETRIES
    concurrency: int | None = None
    """Calls in flight to one provider; None = as many as its 429s allow."""
    replay: bool = False
    """Answer from records alone: no key is read, no upstream is called."""

    def to_json(self) -> str:
        """One line."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, line: str | bytes) -> StartConfig:
        """The other direction."""
        data = json.loads(line)
        return cls(**{**data, "models": tuple(ModelSpec(**model) for model in data["models"])})

"""A model that answers through the gateway."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from pytest_agentcore.domain.trajectory import Reply, ToolSpec, Turn
from pytest_agentcore.errors import (
    AgentCoreError,
    ConfigError,
    ContextExceeded,
    LimitReached,
    ModelRefusesConfig,
    ModelUnavailable,
    RunCancelled,
    RunHalted,
)
from pytest_agentcore.model import connections
from pytest_agentcore.model.chat import function, messages, parsed
from pytest_agentcore.model.endpoint import ModelSpec
from pytest_agentcore.model.gateway import protocol
from pytest_agentcore.model.gateway.protocol import ErrorKind

OURS = frozenset({"model", "messages", "tools", "stream", "n"})
"""Parameters of a call that are not the user's to set."""
_CONTROL_S = 10.0
RESTART_S = 20.0
"""A gateway with litellm in it takes up to 6 s to come back on a busy machine."""
_QUEUE_S = 3600.0
"""How long a call may queue before its provider, or for money that others may leave over."""
_CLOSE_S = 5.0
"""The end of a run tells what it used, and a busy gateway may take a while; one that is gone is noticed at once."""


class GatewayGone(ModelUnavailable):
    """Nobody listens where the gateway was."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """Where a gateway is and what opens its control interface; two strings, for other processes to attach with."""

    url: str
    secret: str


class GatewayModel:
    """A model behind the gateway, for one run; implements :class:`~pytest_agentcore.domain.ports.Model`."""

    def __init__(
        self,
        address: Address,
        spec: ModelSpec,
        run_id: str,
        args: Mapping[str, Any] | None = None,
        terms: Mapping[str, Any] | None = None,
    ) -> None:
        """Register the run; ``terms`` are what else the control interface takes, such as a record and limits.

        Raises:
            ConfigError: ``args`` hold a parameter that is not the user's to set, or the gateway lacks the model.
            ModelUnavailable: the gateway does not answer.
        """
        taken = sorted(OURS & (args or {}).keys())
        if taken:
            raise ConfigError(f"--agent-model-arg {taken[0]!r} is set by the harness itself; remove it")
        self._args = dict(args or {})
        self._address = address
        self._spec = spec
        self._closed = threading.Event()
        self._final: dict[str, Any] | None = None
        registered = self._register({"id": run_id, "model": spec.name, **(terms or {})})
        self._path = f"/control/runs/{registered['run']}"
        self._token = str(registered["token"])
        self._retries = int(registered["api_retries"])

    def _register(self, run: Mapping[str, Any]) -> dict[str, Any]:
        """A gateway that died is started again by its session: wait for that, and for no other reason."""
        deadline = time.monotonic() + RESTART_S
        while True:
            try:
                return self._control("POST", "/control/runs", run)
            except GatewayGone:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.1)

    @property
    def token(self) -> str:
        """Bearer of this run, for an agent that brings its own client."""
        return self._token

    def reply(
        self, *, system: str, prompt: str, turns: Sequence[Turn], tools: Sequence[ToolSpec], timeout_s: float
    ) -> Reply:
        """The next assistant message; ``timeout_s`` bounds its attempts together, what lies between them apart.

        Raises:
            ModelUnavailable: no usable answer after retries, or the gateway is gone.
            ModelRefusesConfig: the key, the model's name or the parameters are refused.
            ContextExceeded: the conversation no longer fits.
            LimitReached: a budget of the run is used up, or its time.
            RunHalted: no money is left for the campaign, or the record that is replayed holds another call.
            RunCancelled: the run was closed.
        """
        body: dict[str, Any] = {"model": self._spec.name, "messages": messages(system, prompt, turns)}
        if tools:
            body["tools"] = [function(tool) for tool in tools]
        body |= self._args
        patience = timeout_s + _QUEUE_S + self._retries * protocol.BACKOFF_CAP_S
        started = time.monotonic()
        try:
            self._not_closed()
            answer = connections.pool(self._address.url).request(
                "POST",
                "/v1/chat/completions",
                # A lone surrogate, which a model may write as \ud800, is no text that a provider would take.
                body=json.dumps(body, ensure_ascii=False).encode("utf-8", "replace"),
                headers={
                    "Authorization": f"Bearer {self._token}",
                    "Content-Type": "application/json",
                    protocol.WORKING_S: f"{timeout_s:g}",
                },
                timeout_s=patience,
            )
        except connections.FAILURES as error:
            self._not_closed()
            reason = str(error) or type(error).__name__
            raise ModelUnavailable(f"{self._spec.name}: the gateway broke off: {reason}") from None
        self._not_closed()
        if answer.status != HTTPStatus.OK:
            raise self._failure(answer, first=not turns)
        return parsed(
            answer.body,
            answer.headers,
            name=self._spec.name,
            turn=len(turns) + 1,
            wall_s=time.monotonic() - started,
        )

    def ledger(self) -> dict[str, Any]:
        """What the run has used; final after :meth:`close`, empty when the gateway went away before.

        Keys: id, model, calls, failed_calls, attempts, waited_s, usage (tokens by kind, and ``estimated``), cost_usd
        (a decimal as str, or None) and models_returned (id to number of calls).
        """
        if self._closed.is_set():
            return self._final or {}
        return self._control("GET", self._path)

    def close(self) -> None:
        """End the run: its token dies, and a call in flight in another thread ends as RunCancelled."""
        if self._closed.is_set():
            return
        self._closed.set()
        try:
            self._final = self._control("DELETE", self._path, timeout_s=_CLOSE_S)
        except AgentCoreError:
            self._final = {}

    def _not_closed(self) -> None:
        if self._closed.is_set():
            raise RunCancelled("the run was closed")

    def _control(
        self, method: str, path: str, body: Mapping[str, Any] | None = None, *, timeout_s: float = _CONTROL_S
    ) -> dict[str, Any]:
        headers = {"Authorization": f"Bearer {self._address.secret}", "Content-Type": "application/json"}
        sent = None if body is None else json.dumps(body).encode()
        try:
            answer = connections.pool(self._address.url).request(
                method, path, headers=headers, body=sent, timeout_s=timeout_s
            )
            data = json.loads(answer.body)
        except connections.FAILURES as error:
            raise GatewayGone(f"the gateway does not answer: {str(error) or type(error).__name__}") from None
        except ValueError as error:
            raise ModelUnavailable(f"the gateway does not answer: {error}") from None
        if answer.status != HTTPStatus.OK:
            message = data.get("error", {}).get("message", answer.status)
            kind = ConfigError if protocol.ERROR in answer.headers else ModelUnavailable
            raise kind(f"{self._spec.name}: {message}")
        return dict(data)

    def _failure(self, answer: connections.Answer, *, first: bool) -> AgentCoreError:
        kind = answer.headers.get(protocol.ERROR)
        try:
            message = str(json.loads(answer.body)["error"]["message"])
        except (ValueError, KeyError, TypeError):
            message = f"{self._spec.name}: the gateway answered {answer.status}"
        if kind == ErrorKind.BUDGET:
            limit = answer.headers.get(protocol.LIMIT, "")
            whose = limit == protocol.CAMPAIGN_COST
            return RunHalted(message, reason="budget") if whose else LimitReached(message, limit=limit)
        if kind == ErrorKind.CONTEXT_EXCEEDED:
            return ContextExceeded(message)
        if kind == ErrorKind.REPLAY_MISS:
            return RunHalted(message, reason="replay_miss")
        if kind in (ErrorKind.AUTH, ErrorKind.UNKNOWN_MODEL) or (kind == ErrorKind.BAD_REQUEST and first):
            return ModelRefusesConfig(message)
        # A request refused in mid-run: the same parameters were taken before, so the configuration is not at fault.
        return ModelUnavailable(message)

"""A model that answers through the gateway."""

from __future__ import annotations

import atexit
import json
import os
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pytest_agentcore.domain.trajectory import Reply, ToolSpec, Turn
from pytest_agentcore.errors import (
    AgentCoreError,
    ConfigError,
    ContextExceeded,
    ModelRefusesConfig,
    ModelUnavailable,
    RunCancelled,
)
from pytest_agentcore.model.chat import function, messages, parsed
from pytest_agentcore.model.endpoint import ModelSpec
from pytest_agentcore.model.gateway import protocol
from pytest_agentcore.model.gateway.protocol import ErrorKind

if TYPE_CHECKING:
    import httpx

OURS = frozenset({"model", "messages", "tools", "stream", "n"})
"""Parameters of a call that are not the user's to set."""
_CONTROL_S = 10.0
RESTART_S = 20.0
"""A gateway with litellm in it takes up to 6 s to come back on a busy machine."""
_CLOSE_S = 2.0
"""The end of a session waits for nobody longer."""
_CLIENTS: dict[tuple[int, str], httpx.Client] = {}
_CLIENTS_LOCK = threading.Lock()


class GatewayGone(ModelUnavailable):
    """Nobody listens where the gateway was."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """Where a gateway is and what opens its control interface; two strings, for other processes to attach with."""

    url: str
    secret: str


class GatewayModel:
    """A model behind the gateway, for one run; implements :class:`~pytest_agentcore.domain.ports.Model`."""

    def __init__(self, address: Address, spec: ModelSpec, run_id: str, args: Mapping[str, Any] | None = None) -> None:
        """Register the run.

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
        registered = self._register(run_id)
        self._path = f"/control/runs/{registered['run']}"
        self._token = str(registered["token"])
        self._retries = int(registered["api_retries"])

    def _register(self, run_id: str) -> dict[str, Any]:
        """A gateway that died is started again by its session: wait for that, and for no other reason."""
        deadline = time.monotonic() + RESTART_S
        while True:
            try:
                return self._control("POST", "/control/runs", {"id": run_id, "model": self._spec.name})
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
        """The next assistant message; ``timeout_s`` bounds each attempt.

        Raises:
            ModelUnavailable: no usable answer after retries, or the gateway is gone.
            ModelRefusesConfig: the key, the model's name or the parameters are refused.
            ContextExceeded: the conversation no longer fits.
            RunCancelled: the run was closed.
        """
        import httpx

        body: dict[str, Any] = {"model": self._spec.name, "messages": messages(system, prompt, turns)}
        if tools:
            body["tools"] = [function(tool) for tool in tools]
        body |= self._args
        patience = (self._retries + 1) * (timeout_s + protocol.BACKOFF_CAP_S) + 10.0
        started = time.monotonic()
        try:
            self._not_closed()
            response = _client(self._address.url).post(
                "/v1/chat/completions",
                # A lone surrogate, which a model may write as \ud800, is no text that a provider would take.
                content=json.dumps(body, ensure_ascii=False).encode("utf-8", "replace"),
                headers={
                    "Authorization": f"Bearer {self._token}",
                    "Content-Type": "application/json",
                    protocol.TIMEOUT_S: f"{timeout_s:g}",
                },
                timeout=httpx.Timeout(10.0, read=patience, write=patience),
            )
        except (httpx.HTTPError, RuntimeError) as error:  # RuntimeError: the client was closed with the gateway
            self._not_closed()
            reason = str(error) or type(error).__name__
            raise ModelUnavailable(f"{self._spec.name}: the gateway broke off: {reason}") from None
        self._not_closed()
        if response.status_code != httpx.codes.OK:
            raise self._failure(response, first=not turns)
        return parsed(
            response.content,
            response.headers,
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
        import httpx

        headers = {"Authorization": f"Bearer {self._address.secret}"}
        try:
            response = _client(self._address.url).request(method, path, json=body, headers=headers, timeout=timeout_s)
            data = response.json()
        except httpx.TransportError as error:
            raise GatewayGone(f"the gateway does not answer: {str(error) or type(error).__name__}") from None
        except (httpx.HTTPError, RuntimeError, ValueError) as error:
            raise ModelUnavailable(f"the gateway does not answer: {str(error) or type(error).__name__}") from None
        if response.status_code != httpx.codes.OK:
            message = data.get("error", {}).get("message", response.status_code)
            kind = ConfigError if protocol.ERROR in response.headers else ModelUnavailable
            raise kind(f"{self._spec.name}: {message}")
        return dict(data)

    def _failure(self, response: httpx.Response, *, first: bool) -> AgentCoreError:
        kind = response.headers.get(protocol.ERROR)
        try:
            message = str(response.json()["error"]["message"])
        except (ValueError, KeyError, TypeError):
            message = f"{self._spec.name}: the gateway answered {response.status_code}"
        if kind == ErrorKind.CONTEXT_EXCEEDED:
            return ContextExceeded(message)
        if kind in (ErrorKind.AUTH, ErrorKind.UNKNOWN_MODEL):
            return ModelRefusesConfig(message)
        if kind == ErrorKind.BAD_REQUEST and first:
            return ModelRefusesConfig(message)
        # A request refused in mid-run: the same parameters were taken before, so the configuration is not at fault.
        return ModelUnavailable(message)


def _client(url: str) -> httpx.Client:
    """One pool of connections per process and gateway."""
    import httpx

    key = (os.getpid(), url)
    with _CLIENTS_LOCK:
        client = _CLIENTS.get(key)
        if client is None:
            if not _CLIENTS:
                atexit.register(_close_all)
            limits = httpx.Limits(max_connections=None, max_keepalive_connections=256)
            # verify: a loopback address has no certificate, and loading the roots takes 50 ms
            client = _CLIENTS[key] = httpx.Client(base_url=url, limits=limits, trust_env=False, verify=False)  # noqa: S501
        return client


def disconnect(url: str) -> None:
    """Close this process's connections to a gateway; calls in flight break off."""
    with _CLIENTS_LOCK:
        client = _CLIENTS.pop((os.getpid(), url), None)
    if client is not None:
        client.close()


def _close_all() -> None:
    while _CLIENTS:
        (pid, _), client = _CLIENTS.popitem()
        if pid == os.getpid():
            client.close()

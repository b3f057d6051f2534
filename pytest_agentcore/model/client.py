"""The parent's side of the gateway: the child process, and a model that answers through it."""

from __future__ import annotations

import atexit
import json
import os
import secrets
import selectors
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Any, Self

from pytest_agentcore.domain.trajectory import Reply, ToolSpec, Turn
from pytest_agentcore.errors import (
    AgentCoreError,
    ConfigError,
    ContextExceeded,
    ModelRefusesConfig,
    ModelUnavailable,
    RunCancelled,
)
from pytest_agentcore.model.chat import excerpt, function, messages, parsed
from pytest_agentcore.model.endpoint import ModelSpec
from pytest_agentcore.model.gateway import protocol
from pytest_agentcore.model.gateway.protocol import ErrorKind, StartConfig

if TYPE_CHECKING:
    import httpx

START_S = 60.0
"""Importing litellm takes 2 to 6 s on a busy machine."""
OURS = frozenset({"model", "messages", "tools", "stream", "n"})
"""Parameters of a call that are not the user's to set."""
_CONTROL_S = 10.0
_CLOSE_S = 2.0
"""The end of a session waits for nobody longer."""
_CLIENTS: dict[tuple[int, str], httpx.Client] = {}
_CLIENTS_LOCK = threading.Lock()


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """Where a gateway is and what opens its control interface; two strings, for other processes to attach with."""

    url: str
    secret: str


class Gateway:
    """A running gateway. One process starts it and owns it, others attach."""

    def __init__(self, address: Address, process: subprocess.Popen[bytes] | None = None) -> None:
        self.address = address
        self._process = process

    @classmethod
    def start(
        cls,
        specs: Sequence[ModelSpec],
        *,
        key_file: str | None = None,
        api_timeout_s: float = protocol.DEFAULT_TIMEOUT_S,
        api_retries: int = protocol.DEFAULT_RETRIES,
    ) -> Self:
        """Start the child process for these models; it inherits the environment and reads the keys there.

        Raises:
            ConfigError: a missing key, an unreachable address, an unreadable key file, a limit that is none; several
                reasons stand in one line.
            ModelUnavailable: the process itself would not start.
        """
        if not 0 < api_timeout_s < float("inf"):
            raise ConfigError(f"the API timeout must be a number of seconds above 0, not {api_timeout_s!r}")
        if api_retries < 0:
            raise ConfigError(f"the number of API retries must be 0 or more, not {api_retries!r}")
        secret = secrets.token_urlsafe(32)
        config = StartConfig(
            secret=secret,
            models=tuple(spec for spec in specs if spec.wire != "scripted"),
            key_file=key_file,
            api_timeout_s=api_timeout_s,
            api_retries=api_retries,
        )
        with tempfile.TemporaryFile() as complaints:
            process = subprocess.Popen(
                # -P: a module in the current folder must not stand in for one of ours.
                [sys.executable, "-P", "-m", "pytest_agentcore.model.gateway"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=complaints,
                start_new_session=True,  # Ctrl-C is for the session, which then closes this pipe
            )
            try:
                port = _started(process, config, complaints)
            except BaseException:
                _end(process)
                raise
        return cls(Address(url=f"http://127.0.0.1:{port}", secret=secret), process)

    @classmethod
    def attach(cls, url: str, secret: str) -> Self:
        """The gateway that another process started."""
        return cls(Address(url=url, secret=secret))

    @property
    def url(self) -> str:
        """Its base address, without ``/v1``."""
        return self.address.url

    @property
    def secret(self) -> str:
        """Bearer of the control interface."""
        return self.address.secret

    @property
    def pid(self) -> int | None:
        """The child's process id, None for one that was attached to."""
        return self._process.pid if self._process is not None else None

    def close(self) -> None:
        """End the process if it is ours, and this process's connections to it. Calls in flight break off."""
        if self._process is not None:
            _end(self._process)
        with _CLIENTS_LOCK:
            client = _CLIENTS.pop((os.getpid(), self.url), None)
        if client is not None:
            client.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


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
        registered = self._control("POST", "/control/runs", {"id": run_id, "model": spec.name})
        self._path = f"/control/runs/{registered['run']}"
        self._token = str(registered["token"])
        self._retries = int(registered["api_retries"])

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
            client = _CLIENTS[key] = httpx.Client(base_url=url, limits=limits, trust_env=False)
        return client


def _close_all() -> None:
    while _CLIENTS:
        (pid, _), client = _CLIENTS.popitem()
        if pid == os.getpid():
            client.close()


def _started(process: subprocess.Popen[bytes], config: StartConfig, complaints: IO[bytes]) -> int:
    """Hand over the configuration, wait for the port."""
    if process.stdin is None or process.stdout is None:  # pragma: no cover - both are pipes
        raise ModelUnavailable("the gateway has no pipes")
    try:
        process.stdin.write(config.to_json().encode() + b"\n")
        process.stdin.flush()
    except OSError:
        line = b""
    else:
        with selectors.DefaultSelector() as selector:
            selector.register(process.stdout, selectors.EVENT_READ)
            line = process.stdout.readline() if selector.select(START_S) else b"late"
    process.stdout.close()
    if line == b"late":
        raise ModelUnavailable(f"the gateway did not start within {START_S:g} s; the machine may be overloaded")
    if not line:
        complaints.seek(0)
        last = complaints.read().decode("utf-8", "replace").strip().rpartition("\n")[2]
        raise ModelUnavailable(f"the gateway ended at its start: {excerpt(last) or 'it gave no reason'}")
    answer = json.loads(line)
    if answer["problems"]:
        raise ConfigError("; ".join(answer["problems"]))
    return int(answer["port"])


def _end(process: subprocess.Popen[bytes]) -> None:
    """The end of its stdin is the order to end."""
    for pipe in (process.stdin, process.stdout):
        if pipe is not None and not pipe.closed:
            with suppress(OSError):  # it died with something unread in the pipe
                pipe.close()
    try:
        process.wait(timeout=3.0)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()

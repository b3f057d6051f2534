"""What the tests of the gateway do again and again."""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from pytest_agentcore.domain.trajectory import Reply, ToolSpec, Turn
from pytest_agentcore.model.client import Address, GatewayModel
from pytest_agentcore.model.endpoint import ModelSpec, parse
from pytest_agentcore.model.gateway.protocol import StartConfig
from pytest_agentcore.model.supervisor import Gateway, _spawn
from tests.contract.scripted_endpoint import Endpoint

SHELL = ToolSpec(
    name="shell",
    description="Run a command",
    parameters={"type": "object", "properties": {"command": {"type": "string"}}, "required": ["command"]},
)


def named(endpoint: Endpoint, name: str) -> ModelSpec:
    """The model of that name at the endpoint."""
    return parse(f"{name}@{endpoint.url}/v1")


def ask(model: GatewayModel, turns: list[Turn] | None = None) -> Reply:
    """One call of a conversation with one tool."""
    return model.reply(system="Be brief.", prompt="List it.", turns=turns or [], tools=[SHELL], timeout_s=60)


def post(gateway: Gateway, token: str, body: dict[str, Any]) -> httpx.Response:
    """A call by some other client."""
    headers = {"Authorization": f"Bearer {token}"}
    return httpx.post(f"{gateway.url}/v1/chat/completions", json=body, headers=headers, trust_env=False, timeout=30)


def control(gateway: Gateway, method: str, path: str, secret: str | None = None, body: object = None) -> httpx.Response:
    """A request to the control interface."""
    headers = {"Authorization": f"Bearer {secret or gateway.secret}"}
    return httpx.request(method, f"{gateway.url}{path}", json=body, headers=headers, trust_env=False)


def alive(pid: int) -> bool:
    """Does the process run?"""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def wait_until(true: Any, patience_s: float = 20.0) -> None:
    """Poll, bounded; a test fails when it never comes true."""
    deadline = time.monotonic() + patience_s
    while not true():
        assert time.monotonic() < deadline, "it never came true"
        threading.Event().wait(0.02)


@dataclass(frozen=True, slots=True, kw_only=True)
class Registered:
    """A run registered on terms of its own."""

    gateway: Gateway
    handle: str
    token: str

    def call(self, path: str = "/v1/chat/completions", **members: Any) -> httpx.Response:
        """One request of the run."""
        said = {"input": "x"} if "responses" in path else {"messages": [{"role": "user", "content": "x"}]}
        headers = {"Authorization": f"Bearer {self.token}"}
        url = f"{self.gateway.url}{path}"
        return httpx.post(url, json={**said, **members}, headers=headers, trust_env=False, timeout=60)

    def ledger(self) -> dict[str, Any]:
        """What it has used so far."""
        answer: dict[str, Any] = control(self.gateway, "GET", f"/control/runs/{self.handle}").json()
        return answer

    def end(self) -> dict[str, Any]:
        """End it; gives the final ledger."""
        answer: dict[str, Any] = control(self.gateway, "DELETE", f"/control/runs/{self.handle}").json()
        return answer


def register(gateway: Gateway, spec: ModelSpec, **terms: Any) -> Registered:
    """A run with limits, a record, a campaign or a replay."""
    answer = control(gateway, "POST", "/control/runs", body={"id": "run", "model": spec.name, **terms})
    assert answer.status_code == 200, answer.text
    return Registered(gateway=gateway, handle=answer.json()["run"], token=answer.json()["token"])


@contextmanager
def started(**config: Any) -> Iterator[Gateway]:
    """A gateway of the given fields of its start configuration."""
    secret = secrets.token_urlsafe(16)
    process, port = _spawn(StartConfig(secret=secret, **config))
    gateway = Gateway(Address(url=f"http://127.0.0.1:{port}", secret=secret), process)
    with gateway:
        yield gateway

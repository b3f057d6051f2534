"""How the gateway starts, whom it serves and how it ends."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest

from pytest_agentcore.errors import (
    ConfigError,
    ModelRefusesConfig,
    ModelUnavailable,
    RunCancelled,
)
from pytest_agentcore.model.client import GatewayModel
from pytest_agentcore.model.endpoint import parse
from pytest_agentcore.model.gateway.protocol import StartConfig
from pytest_agentcore.model.supervisor import Gateway
from tests.contract.gateway_calls import alive, ask, control, named, wait_until
from tests.contract.scripted_endpoint import Endpoint, serving

CONFIG: dict[str, Any] = {"models": {"claude-haiku-4-5": {"turns": [{"text": "I look."}]}}}


@pytest.fixture(scope="module")
def endpoint() -> Iterator[Endpoint]:
    with serving(CONFIG) as running:
        yield running


@pytest.fixture(scope="module")
def gateway(endpoint: Endpoint) -> Iterator[Gateway]:
    with Gateway.start(
        [named(endpoint, name) for name in ("claude-haiku-4-5",)], api_retries=2, api_timeout_s=1.0
    ) as running:
        yield running


def test_close_ends_a_call_in_flight(endpoint: Endpoint) -> None:
    spec = named(endpoint, "fault-hang")
    with Gateway.start([spec], api_retries=0, api_timeout_s=120) as gateway, ThreadPoolExecutor() as pool:
        model = GatewayModel(gateway.address, spec, "hanging")
        before = len(endpoint.requests())
        call = pool.submit(ask, model)
        wait_until(lambda: len(endpoint.requests()) > before)

        started = time.monotonic()
        model.close()
        with pytest.raises(RunCancelled):
            call.result(timeout=30)

        assert time.monotonic() - started < 10
        assert model.ledger()["attempts"] == 1
        assert model.ledger()["calls"] == 0
        with pytest.raises(RunCancelled):
            ask(model)
        model.close()


def test_a_client_that_hangs_up_ends_its_call_upstream(endpoint: Endpoint) -> None:
    spec = named(endpoint, "fault-hang")
    with Gateway.start([spec], api_retries=0, api_timeout_s=120) as gateway:
        model = GatewayModel(gateway.address, spec, "gone")
        headers = {"Authorization": f"Bearer {model.token}"}
        with pytest.raises(httpx.ReadTimeout):
            httpx.post(
                f"{gateway.url}/v1/chat/completions", json={"messages": []}, headers=headers, timeout=1, trust_env=False
            )

        wait_until(lambda: model.ledger()["attempts"] == 1)
        model.close()


def test_another_process_attaches(gateway: Gateway, endpoint: Endpoint) -> None:
    program = (
        "import sys\n"
        "from pytest_agentcore.model.client import GatewayModel\n"
        "from pytest_agentcore.model.supervisor import Gateway\n"
        "from pytest_agentcore.model.endpoint import parse\n"
        "gateway = Gateway.attach(sys.argv[1], sys.stdin.read())\n"
        "model = GatewayModel(gateway.address, parse(sys.argv[2]), 'other')\n"
        "print(model.reply(system='', prompt='x', turns=[], tools=[], timeout_s=9).text)\n"
        "model.close(); gateway.close()\n"
        "assert 'litellm' not in sys.modules\n"
    )
    argv = [sys.executable, "-W", "error", "-c", program, gateway.url, f"claude-haiku-4-5@{endpoint.url}/v1"]

    said = subprocess.run(argv, input=gateway.secret, capture_output=True, text=True, check=True, timeout=60)

    assert (said.stdout, said.stderr) == ("I look.\n", "")
    assert control(gateway, "GET", "/control/runs/none").status_code == 404  # the owner's gateway still runs


def test_missing_keys_and_silent_endpoints_are_known_at_start(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("ANTHROPIC_API_KEY", "AGENTCORE_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))
        silent = f"m@http://127.0.0.1:{reserved.getsockname()[1]}/v1"
        specs = [
            parse("anthropic/claude-haiku-4-5@https://api.anthropic.com"),
            parse(silent),
            parse("scripted/reference"),
        ]
        with pytest.raises(ConfigError) as caught:
            Gateway.start(specs, key_file=str(tmp_path / "none"))

    line = str(caught.value)
    assert "\n" not in line
    assert "missing key for 'anthropic/claude-haiku-4-5@https://api.anthropic.com': set ANTHROPIC_API_KEY" in line
    assert f"cannot reach '{silent}' at" in line
    assert "Connection refused" in line
    assert "cannot be read: No such file" in line


@pytest.mark.parametrize("limits", [{"api_timeout_s": 0}, {"api_timeout_s": float("nan")}, {"api_retries": -1}])
def test_limits_that_are_none_are_refused(limits: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match="must be"):
        Gateway.start([], **limits)


def test_a_broken_start_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/bin/false")

    with pytest.raises(ModelUnavailable, match="ended at its start"):
        Gateway.start([])


def test_tls_that_fails_is_a_matter_of_the_configuration(endpoint: Endpoint) -> None:
    spec = parse(f"m@{endpoint.url.replace('http:', 'https:')}/v1")
    with Gateway.start([spec]) as gateway:
        model = GatewayModel(gateway.address, spec, "tls")

        with pytest.raises(ModelRefusesConfig, match="TLS failed"):
            ask(model)
        model.close()


def test_it_ends_with_its_parent(tmp_path: Path) -> None:
    program = (
        "import os, sys, time\n"
        "from pytest_agentcore.model.supervisor import Gateway\n"
        "gateway = Gateway.start([])\n"
        "print(gateway.pid, flush=True)\n"
        "time.sleep(60)\n"
    )
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        parent.send_signal(signal.SIGKILL)

    wait_until(lambda: not alive(child))


def test_a_gateway_that_dies_is_no_fault_of_the_model(endpoint: Endpoint) -> None:
    spec = named(endpoint, "fault-hang")
    with Gateway.start([spec], api_retries=0) as gateway, ThreadPoolExecutor() as pool:
        model = GatewayModel(gateway.address, spec, "orphan")
        before = len(endpoint.requests())
        call = pool.submit(ask, model)
        wait_until(lambda: len(endpoint.requests()) > before)
        assert gateway.pid is not None
        os.kill(gateway.pid, signal.SIGKILL)

        with pytest.raises(ModelUnavailable, match="gateway broke off"):
            call.result(timeout=30)
        with pytest.raises(ModelUnavailable, match="gateway"):
            ask(model)
        model.close()
        assert model.ledger() == {}


def test_it_is_light_and_holds_no_litellm(gateway: Gateway) -> None:
    rollup = Path(f"/proc/{gateway.pid}/smaps_rollup").read_text()

    assert int(rollup.partition("\nPss:")[2].split()[0]) < 60_000
    assert "/litellm/" not in Path(f"/proc/{gateway.pid}/maps").read_text()


def test_start_configuration_survives_its_way() -> None:
    config = StartConfig(
        secret="s", models=(parse("openai/gpt-5.5"), parse("m@http://h/v1")), key_file="k", api_retries=1
    )

    assert StartConfig.from_json(config.to_json()) == config

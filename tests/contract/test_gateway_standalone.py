"""A gateway of its own, and solution files served as a model."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from pytest_agentcore.model.client import GatewayModel
from pytest_agentcore.model.supervisor import Gateway
from tests.contract.gateway_calls import ask, named
from tests.contract.gateway_clients import CONVERSATIONS, PROMPT
from tests.contract.scripted_endpoint import serving

SOLUTION = """
turns:
- text: I look.
  calls: [{shell: {command: ls}}, {shell: {command: pwd}}]
- text: "Done: é"
"""


@contextmanager
def running(program: str, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    argv = [sys.executable, "-W", "error", "-c", program, *arguments]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.send_signal(signal.SIGINT)
            try:
                assert process.wait(20) == 0
            except subprocess.TimeoutExpired:
                process.kill()
                raise


def test_sessions_share_a_gateway(tmp_path: Path) -> None:
    program = (
        "import sys\n"
        "from pathlib import Path\n"
        "from pytest_agentcore.model.endpoint import parse\n"
        "from pytest_agentcore.model.gateway.standalone import serve\n"
        "say = lambda line: print(line, flush=True)\n"
        "sys.exit(serve([parse(sys.argv[1])], secret_file=Path(sys.argv[2]), announce=say))\n"
    )
    secret_file = tmp_path / "secret"
    with serving() as endpoint:
        spec = named(endpoint, "m")
        with running(program, spec.name, str(secret_file)) as process:
            assert process.stdout is not None
            url = process.stdout.readline().split()[2].rstrip(";")
            assert process.stdout.readline() == f"# {spec.name}\n"
            variables = dict(pair.split("=", 1) for pair in process.stdout.readline().split())
            assert secret_file.stat().st_mode & 0o077 == 0

            told = json.loads(secret_file.read_text())
            assert told["url"] == url
            gateway = Gateway.attach(url, told["secret"])
            model = GatewayModel(gateway.address, spec, "one of several")
            assert ask(model).text == "Hello."
            model.close()
            gateway.close()
            headers = {"Authorization": f"Bearer {variables['OPENAI_API_KEY']}"}
            body = {"messages": [{"role": "user", "content": "x"}]}
            by_hand = f"{variables['OPENAI_BASE_URL']}/chat/completions"
            assert httpx.post(by_hand, json=body, headers=headers, trust_env=False).status_code == 200

    assert not secret_file.exists()


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])
@pytest.mark.parametrize("wire", sorted(CONVERSATIONS))
def test_solutions_are_served_as_a_model(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, wire: str, *, stream: bool
) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    (tmp_path / "any.yaml").write_text(SOLUTION)
    program = (
        "import sys\n"
        "from pathlib import Path\n"
        "from functools import partial\n"
        "from pytest_agentcore.model.gateway.scripted import Script, serve\n"
        "from pytest_agentcore.model.scripted import find\n"
        "say = lambda line: print(line, flush=True)\n"
        "scripts = [Script(task='t', prompt=sys.argv[1], solution=partial(find, Path(sys.argv[2])))]\n"
        "sys.exit(serve(scripts, announce=say))\n"
    )
    with running(program, PROMPT, str(tmp_path)) as process:
        assert process.stdout is not None
        process.stdout.readline()
        url = dict(pair.split("=", 1) for pair in process.stdout.readline().split())["ANTHROPIC_BASE_URL"]

        first, last = CONVERSATIONS[wire](url, "none", stream=stream)

        stranger = {"model": "any", "messages": [{"role": "user", "content": "something else"}]}
        refusal = httpx.post(f"{url}/v1/chat/completions", json=stranger, trust_env=False)

    assert (first.text, last.text) == ("I look.", "Done: é")
    assert first.calls == [("shell", {"command": "ls"}), ("shell", {"command": "pwd"})]
    assert first.input_tokens > 0
    assert refusal.status_code == 400
    assert "the prompt of none of 1 tasks" in refusal.json()["error"]["message"]

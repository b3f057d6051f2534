"""A gateway of its own, and solution files served as a model."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import openai
import pytest

from pytest_agentcore.errors import ConfigError
from pytest_agentcore.model.client import GatewayModel
from pytest_agentcore.model.gateway import unix_socket
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


SERVE = (
    "import sys\n"
    "from pytest_agentcore.cli import main\n"
    "sys.exit(main(['gateway', sys.argv[1], '--secret-file', sys.argv[2], '--socket', sys.argv[3]]))\n"
)


def test_a_socket_is_a_second_door_for_its_owner_alone(tmp_path: Path) -> None:
    path, secret_file = tmp_path / "door", tmp_path / "secret"
    with socket.socket(socket.AF_UNIX) as left_behind:
        left_behind.bind(str(path))
    with serving() as endpoint:
        spec = named(endpoint, "m")
        with running(SERVE, spec.name, str(secret_file), str(path)) as process:
            assert process.stdout is not None
            lines = [process.stdout.readline() for _ in range(4)]
            assert f"the same at {path}," in lines[1]
            assert path.stat().st_mode & 0o777 == 0o600
            token = lines[3].split("OPENAI_API_KEY=")[1].strip()
            with httpx.Client(transport=httpx.HTTPTransport(uds=str(path)), trust_env=False) as way:
                client = openai.OpenAI(base_url="http://gateway/v1", api_key=token, http_client=way, max_retries=0)
                said: Any = [{"role": "user", "content": "x"}]
                answer = client.chat.completions.create(model="m", messages=said)
                assert answer.choices[0].message.content == "Hello."
                with pytest.raises(openai.AuthenticationError):
                    client.with_options(api_key="another").chat.completions.create(model="m", messages=said)
            second = [sys.executable, "-c", SERVE, spec.name, str(tmp_path / "other"), str(path)]
            refused = subprocess.run(second, capture_output=True, text=True, check=False)
            assert refused.returncode == 2
            assert f"somebody listens at {str(path)!r}: stop them, or give another path" in refused.stderr
            assert path.exists()

    assert not path.exists()


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("x" * 200, "at most 107 are possible: shorten it"),
        ("file", "is there and is no socket"),
        ("no/where", "cannot be made: No such file"),
    ],
)
def test_a_path_that_can_be_no_socket_is_refused_in_one_line(tmp_path: Path, name: str, words: str) -> None:
    (tmp_path / "file").write_text("mine")
    with pytest.raises(ConfigError, match=words) as refused, unix_socket.bound(tmp_path / name):
        pass

    assert len(str(refused.value).splitlines()) == 1
    assert (tmp_path / "file").read_text() == "mine"


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

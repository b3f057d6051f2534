"""Solution files served as a model: the vendors' own clients, and whole campaigns against it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from tests.conftest import QUICK, Benchmark
from tests.contract.gateway_clients import CONVERSATIONS
from tests.plugin.processes import alive, descendants, wait_for

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
BUNDLED = ROOT / "suites" / "agentic_core_v1"
ANYWHERE = ("--agent-sandbox=process",)
"""Walls are not what is tried here, and not every user can build them."""
SCRIPT = "import sys; from pytest_agentcore.cli import main; sys.exit(main())"
SUM = "Read data/data.txt, sum the numbers, write the sum to result.txt."
CURRENT, TOTAL = "warehouse/data.txt", 417
SAME = '''
from pytest_agentcore import Run, agent_task

@agent_task(files={"name.txt": "the name is NAME\\n", "other.txt": "a line of both\\n"})
def test_NAME(run: Run) -> None:
    """Write the name to answer.txt."""
    assert run.workspace.read_text("answer.txt") == "NAME"
'''
LOOK = "turns:\n- calls: [{fs_read: {path: name.txt}}]\n- calls: [{fs_write: {path: answer.txt, content: NAME}}]\n"


@contextmanager
def served(folder: Path, *arguments: str) -> Iterator[str]:
    """The command in a process of its own; gives the address, and ends it as Ctrl-C does."""
    command = [sys.executable, "-W", "error", "-c", SCRIPT, "serve-scripted", *arguments]
    with subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        try:
            first = process.stdout.readline()
            assert first.startswith("serving "), first + process.stderr.read()
            variables = dict(pair.split("=", 1) for pair in process.stdout.readline().split())
            assert variables["OPENAI_BASE_URL"] == f"{variables['ANTHROPIC_BASE_URL']}/v1"
            yield variables["ANTHROPIC_BASE_URL"]
            process.send_signal(signal.SIGINT)
            assert process.wait(20) == 0
            assert process.stderr.read() == ""
        finally:
            process.kill()


@pytest.fixture(scope="module")
def bundled() -> Iterator[str]:
    """The bundled suite, served once for all clients."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NO_PROXY", "127.0.0.1")
        with served(ROOT, str(BUNDLED)) as url:
            yield url


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])
@pytest.mark.parametrize("wire", sorted(CONVERSATIONS))
def test_the_vendors_clients_get_a_bundled_solution(bundled: str, wire: str, *, stream: bool) -> None:
    """Turn by turn what the file says, filled in as its scenario reads, whatever the tools answer."""
    said = CONVERSATIONS[wire](bundled, "none", stream=stream, model="scripted/reference", prompt=SUM)

    assert [one.calls for one in said] == [
        [("fs_read", {"path": "data/data.txt"})],
        [("fs_list", {"path": "."}), ("fs_read", {"path": "MANIFEST"})],
        [("fs_read", {"path": CURRENT}), ("shell", {"command": f"awk '{{s += $1}} END {{print s}}' {CURRENT}"})],
        [("fs_write", {"path": "result.txt", "content": f"{TOTAL}\n"})],
        [],
    ]
    assert said[1].text == "The file is not there. I look for where it went."
    assert all(one.input_tokens > 0 and one.output_tokens > 0 for one in said)


@pytest.mark.slow
def test_a_small_suite_passes_against_it(benchmark: Benchmark, mode: tuple[str, ...]) -> None:
    """The gateway, the wire and the agent are the real ones; the model is a file."""
    with served(benchmark.root, "suite") as url:
        result = benchmark.run("suite", f"--agent-model=reference@{url}/v1", *ANYWHERE, *mode)
        failed = benchmark.run("suite", "-k", "greet", f"--agent-model=wrong@{url}/v1", *ANYWHERE, *mode)

    assert result.ret == 0
    result.stdout.fnmatch_lines(["*score*4/4*"])
    assert failed.ret == 1
    assert {outcome["detail"] for outcome in benchmark.outcomes().values()} == {"wrong_value"}


def test_tasks_of_one_prompt_are_told_apart_by_what_was_read(benchmark: Benchmark) -> None:
    """The first turn is the same; from then on the conversation holds a file of one of them."""
    for name in ("bob", "eve"):
        benchmark.task(name, SAME.replace("NAME", name), reference=LOOK.replace("NAME", name))
    with served(benchmark.root, "suite", "-k", "bob or eve") as url:
        result = benchmark.run("suite", "-k", "bob or eve", f"--agent-model=reference@{url}/v1", *ANYWHERE, "-n0")

    assert result.ret == 0
    result.stdout.fnmatch_lines(["*score*4/4*"])


def test_tasks_that_cannot_be_told_apart_are_refused(benchmark: Benchmark) -> None:
    """Not one of them at random."""
    for name in ("bob", "eve"):
        blind = f"turns:\n- calls: [{{fs_write: {{path: answer.txt, content: {name}}}}}]\n"
        benchmark.task(name, SAME.replace("NAME", name), reference=blind)
    body = {"model": "reference", "messages": [{"role": "user", "content": "Write the name to answer.txt."}]}
    with served(benchmark.root, "suite", "-k", "bob or eve") as url:
        answer = httpx.post(f"{url}/v1/chat/completions", json=body, trust_env=False)

    assert answer.status_code == 400
    assert "'task_bob' and 'task_eve' have the same prompt" in answer.json()["error"]["message"]


@pytest.mark.slow
def test_it_leaves_nothing_and_ends_with_sigterm(benchmark: Benchmark) -> None:
    before = sorted(path for path in benchmark.root.rglob("*") if "__pycache__" not in path.parts)
    command = [sys.executable, "-c", SCRIPT, "serve-scripted", "suite"]
    with subprocess.Popen(command, cwd=benchmark.root, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "serving 2 tasks; stop with Ctrl-C\n"
        below = descendants(process.pid)
        process.terminate()
        assert process.wait(20) == 0

    assert wait_for(lambda: not any(alive(pid) for pid in below), 10)
    assert sorted(path for path in benchmark.root.rglob("*") if "__pycache__" not in path.parts) == before


@pytest.mark.parametrize(
    ("arguments", "status", "words"),
    [
        ((), 2, "serve-scripted needs a suite"),
        (("gone",), 4, "gone"),
        (("suite", "-k", "nothing"), 4, "deselected"),
        (("--agent-suite=none_such",), 4, "there is no such suite"),
        (("plain",), 2, "nothing of what was named is an agent task"),
        (("suite", "--port=99999"), 2, "--port=99999 is no port"),
        (("broken",), 2, "SyntaxError"),
    ],
    ids=lambda value: None if isinstance(value, int) else " ".join(value) if isinstance(value, tuple) else "",
)
def test_what_cannot_be_served_is_told(
    benchmark: Benchmark, arguments: tuple[str, ...], status: int, words: str
) -> None:
    for name, text in (("plain", "def test_plain(): pass\n"), ("broken", "def broken(:\n")):
        (benchmark.root / name).mkdir()
        (benchmark.root / name / f"test_{name}.py").write_text(text)
    command = [sys.executable, "-c", SCRIPT, "serve-scripted", *arguments]
    done = subprocess.run(command, cwd=benchmark.root, check=False, capture_output=True, text=True, timeout=60)

    assert (done.returncode, done.stdout) == (status, "")
    assert words in done.stderr


@pytest.mark.slow
def test_a_port_in_use_is_told(benchmark: Benchmark) -> None:
    with served(benchmark.root, "suite") as url:
        command = [sys.executable, "-c", SCRIPT, "serve-scripted", "suite", f"--port={url.rpartition(':')[2]}"]
        done = subprocess.run(command, cwd=benchmark.root, check=False, capture_output=True, text=True, timeout=60)

    assert done.returncode == 2
    assert "cannot be served at: " in done.stderr
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.slow
def test_the_bundled_suite_scores_thirty_against_it(bundled: str, tmp_path: Path) -> None:
    """Thirty runs and the control's three, all over HTTP."""
    command = [sys.executable, "-m", "pytest", *QUICK, "-n0", str(BUNDLED), f"--agent-dir={tmp_path}"]
    done = subprocess.run(
        [*command, f"--agent-model=reference@{bundled}/v1"],
        cwd=ROOT,
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
        check=False,
        capture_output=True,
        text=True,
        timeout=600,
    )

    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-1000:]
    assert "30/30" in done.stdout

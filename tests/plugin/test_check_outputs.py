"""``--agent-check`` on answers that are no plain files: a clear verdict on each, no hang, no traceback of ours."""

from __future__ import annotations

import json
import time

import pytest

from tests.conftest import Benchmark
from tests.plugin.test_check import ANSWER, GOOD

pytestmark = pytest.mark.slow

ODD = {
    "fifo": ("mkfifo answer.txt", "answer.txt is a special file, not a file"),
    "folder": ("mkdir answer.txt", "answer.txt is a folder, not a file"),
    "sparse": ("truncate -s 5G answer.txt", "answer.txt is too large: 5368709120 bytes"),
    "link_outside": ("ln -s /etc/passwd answer.txt", "answer.txt is a link that leaves the workspace"),
    "link_to_itself": ("ln -s answer.txt answer.txt", "answer.txt is a link that leaves the workspace"),
    "no_utf_8": (r"printf '\377\376 42' > answer.txt", "answer.txt is no UTF-8 text"),
    "nul": (r"printf '42\000' > answer.txt", "answer.txt holds NUL bytes"),
}
"""What a shell leaves in place of the answer, and how the failure begins."""
WRONG_FORMAT = "expect: {failure_mode: wrong_answer, detail: wrong_format}\n"


def by_shell(command: str) -> str:
    """A solution of one command."""
    return f"turns:\n- calls: [{{shell: {{command: {json.dumps(command)}}}}}]\n- text: Done.\n"


def test_odd_files_in_place_of_the_answer_are_told_apart(benchmark: Benchmark) -> None:
    """And odd names beside a right answer harm nobody."""
    beside = "printf 42 > answer.txt; : > \"$(printf 'a\\nb')\"; mkfifo pipe; truncate -s 5G large; ln -s / root"
    solutions = {f"fail_{name}": WRONG_FORMAT + by_shell(command) for name, (command, _) in ODD.items()}
    benchmark.task("odd", GOOD.replace("NAME", "odd"), reference=ANSWER, pass_1_beside=by_shell(beside), **solutions)
    started = time.monotonic()
    result = benchmark.run("--agent-check", "--agent-check-json=cards.json", "suite/task_odd", "-k", "scripted")

    assert result.ret == 0, result.outlines
    assert time.monotonic() - started < 60
    (card,) = json.loads((benchmark.root / "cards.json").read_text())["cards"]
    said = {case["name"].removeprefix("fail_"): case["message"] for case in card["cases"]}
    assert {name: said[name] for name, (_, text) in ODD.items() if text not in said[name]} == {}
    assert "Traceback" not in result.stdout.str() + result.stderr.str()

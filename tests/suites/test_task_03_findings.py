"""Right and wrong findings of task 03 in many voices, and the facts of its log."""

from __future__ import annotations

import re
import subprocess
import sys
import time
import unicodedata
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from pytest_agentcore.domain.scenario import Draw
from pytest_agentcore.errors import WrongAnswer

HERE = Path(__file__).parent
TASK = "task_03_investigate_log"


def corpus(name: str) -> list[str]:
    """Answers of a file, one a line; a line end inside an answer is written as backslash and n."""
    return [line.replace("\\n", "\n") for line in (HERE / name).read_text(encoding="utf-8").splitlines()]


RIGHT, WRONG = corpus("task_03_findings_right.txt"), corpus("task_03_findings_wrong.txt")
CAUSE = "The connection pool was exhausted by too many concurrent POST /api/orders requests."


@pytest.fixture(scope="module")
def task(task_module: Callable[[str], ModuleType]) -> ModuleType:
    return task_module(TASK)


@pytest.fixture(scope="module")
def log(suite: Path) -> bytes:
    return (suite / TASK / "workspace" / "access.log").read_bytes()


@pytest.fixture(scope="module")
def scenario(task: ModuleType, log: bytes) -> Any:
    return task.Incident.read(log)


def accepted(task: ModuleType, text: str, scenario: Any) -> bool:
    try:
        task.judge(unicodedata.normalize("NFKC", text), scenario)
    except WrongAnswer:
        return False
    return True


def test_a_diagnosis_in_many_voices_passes(task: ModuleType, scenario: Any) -> None:
    assert len(RIGHT) > 500
    assert [answer for answer in RIGHT if not accepted(task, answer, scenario)] == []


def test_a_near_miss_in_many_voices_fails(task: ModuleType, scenario: Any) -> None:
    assert len(WRONG) > 500
    assert [answer for answer in WRONG if accepted(task, answer, scenario)] == []


def test_the_log_is_what_the_task_needs(task: ModuleType, scenario: Any, log: bytes) -> None:
    """500 lines, one story: 3 to 40 orders in flight, a pool of 20, 500s after its timeout; and five decoys."""
    text = log.decode()
    lines = text.splitlines()
    assert len(lines) == 500
    assert 45_000 < len(log) < 48_000
    stamps = [line.partition(" ")[0] for line in lines]
    assert stamps == sorted(stamps)
    assert set(re.findall(r'" 500 (\d+)ms', text)) == {"5000"}
    assert 6 <= len(re.findall(r"pool active=20/20 waiting=\d+", text)) <= 10
    assert (scenario.method, scenario.path) == ("POST", "/api/orders")
    assert {"/api/cart", "/api/reports", "/wp-login.php"} <= scenario.bystanders
    assert scenario.versions == {"v2.14.0"}

    reading = sys.modules[task.Incident.__module__]
    served = [request for line in lines if (request := reading._served(line))]
    first = min(request.end for request in served if request.status == 500)
    route = (scenario.method, scenario.path)
    assert reading.in_flight(served, route, first - reading.RUN_UP) == 3
    assert reading.in_flight(served, route, first) in (40, 41)
    assert {request.path for request in served if request.status == 500} == {"/api/orders", "/api/cart"}
    slow = [request for request in served if request.path == "/api/reports"]
    assert {request.status for request in slow} == {200}
    (deploy,) = re.findall(r"(\S+)Z INFO deploy \S+ \S+ started", text)
    assert deploy.startswith("2026-05-18T14:25")
    assert len(re.findall(r"WARN disk", text)) == 1


@pytest.mark.parametrize("program", ["task_03_investigate_log/generate_access_log.py"])
def test_the_generator_reproduces_the_log(suite: Path, tmp_path: Path, log: bytes, program: str) -> None:
    (tmp_path / "workspace").mkdir()
    copy = tmp_path / "generate.py"
    copy.write_bytes((suite / program).read_bytes())
    subprocess.run([sys.executable, "-I", str(copy)], check=True)

    assert (tmp_path / "workspace" / "access.log").read_bytes() == log


def test_the_trigger_comes_from_the_log(task: ModuleType, log: bytes) -> None:
    """With other names in the log, yesterday's text fails and the same story with the new names passes."""
    other = task.Incident.read(log.replace(b"/api/orders", b"/api/bookings").replace(b"v2.14.0", b"v3.1.0"))

    assert other.path == "/api/bookings"
    assert not accepted(task, CAUSE, other)
    assert accepted(task, CAUSE.replace("orders", "bookings"), other)
    assert accepted(task, "Too many simultaneous booking creations on /api/bookings exhausted the pool.", other)
    assert not accepted(task, f"{CAUSE.replace('orders', 'bookings')} It was caused by v3.1.0.", other)


def test_a_dump_is_no_finding(task: ModuleType, scenario: Any) -> None:
    quoted = [line for line in scenario.lines if "active=20/20" in line]

    assert accepted(task, "\n".join([CAUSE, "", *quoted[:3]]), scenario)
    for dump in ("\n".join([CAUSE, *quoted[:4]]), f"{CAUSE} {'It took a while. ' * 80}"):
        with pytest.raises(WrongAnswer) as wrong:
            task.judge(dump, scenario)
        assert wrong.value.detail == "wrong_format"


def test_log_lines_claim_nothing(task: ModuleType, scenario: Any) -> None:
    pool = next(line for line in scenario.lines if "active=20/20" in line)
    order = next(line for line in scenario.lines if '/api/orders HTTP/1.1" 500' in line)

    assert not accepted(task, f"{pool}\n{order}\nToo many concurrent requests.", scenario)


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("The pool was exhausted. It was hit by concurrent requests. They were POST /api/orders.", False),
        ("The pool was exhausted by concurrent requests. They were POST /api/orders.", True),
        ("- pool exhausted\n- by concurrent requests\n- to POST /api/orders", True),
        (f"- pool exhausted\n- {'x ' * 200}\n- concurrent\n- POST /api/orders", False),
        ("| a | pool exhausted |\n|---|---|\n| b | concurrent |\n| c | POST /api/orders |", True),
        ('{"a": "pool exhausted", "b": "concurrent", "method": "POST", "path": "/api/orders"}', True),
        ("Cause:\n- pool exhausted\n- concurrent\n- POST /api/orders", True),
        ("# Concurrent requests\n\nThe pool was exhausted by POST /api/orders.", False),
        ("The pool was exhausted by concurrent requests to /api/orders. They were POST requests.", False),
    ],
)
def test_the_parts_stand_together(task: ModuleType, scenario: Any, text: str, *, parts: bool) -> None:
    assert accepted(task, text, scenario) is parts


@pytest.mark.parametrize(
    ("path", "ours"),
    [
        ("/api/orders", True),
        ("/API/Orders/", True),
        ("https://shop.example:8080/api/orders", True),
        ("api/orders", True),
        ("/api/orders/17", False),
        ("/api/orders-archive", False),
        ("/v2/api/orders", False),
        ("/api/order", False),
        ("the orders endpoint", False),
    ],
)
def test_the_path_is_written_out(task: ModuleType, scenario: Any, path: str, *, ours: bool) -> None:
    text = f"Concurrent POST {path} requests exhausted the connection pool."

    assert accepted(task, text, scenario) is ours


@pytest.mark.parametrize(
    ("text", "blames"),
    [
        ("Too many concurrent requests exhausted the pool, so POST /api/orders failed.", False),
        ("Too many concurrent order requests exhausted the pool, so POST /api/orders failed.", True),
        ("Too many concurrent POST /api/orders requests exhausted the pool, so POST /api/orders failed.", True),
    ],
)
def test_a_path_that_only_fails_is_no_trigger(task: ModuleType, scenario: Any, text: str, *, blames: bool) -> None:
    assert accepted(task, text, scenario) is blames


UNITS = [
    "pool ",
    "concurrent ",
    "not ",
    "a, ",
    "(",
    "- x\n",
    "deploy and ",
    "20/20 ",
    "| ",
    "connections ",
    "40 ",
    "it ",
    "pool: the / ",
    "who? ",
    "theory that ",
]
PHRASES = [
    "more ",
    "could not ",
    "every ",
    "too many ",
    "because ",
    "404 by ",
    "no connection ",
    "of 20 ",
    "post /api/orders ",
]


@pytest.mark.parametrize("unit", [*UNITS, *PHRASES])
def test_a_long_answer_is_judged_in_bounded_time(task: ModuleType, scenario: Any, unit: str) -> None:
    start = time.process_time()
    assert not accepted(task, (unit * task.LONGEST)[: task.LONGEST], scenario)
    assert time.process_time() - start < 2


@pytest.fixture(scope="module")
def drawn(task: ModuleType) -> list[Any]:
    """Two hundred drawn incidents."""
    draws = [(str(seed), run) for seed in range(1, 68) for run in (1, 2, 3)][:200]
    return [task.draw(Draw(variant=seed, suite_version="1.0.0", task=TASK, run=run)) for seed, run in draws]


@pytest.mark.slow
def test_every_drawn_log_has_every_trait_of_the_published_one(task: ModuleType, drawn: list[Any]) -> None:
    """The reader of the log, which knows nothing of the draw, finds what was planted, and so does a closer look."""
    reading = sys.modules[task.Incident.__module__]
    for scenario in drawn:
        service, text = scenario.service, scenario.log
        incident = task.Incident.read(text.encode())
        assert (incident.method, incident.path, incident.noun) == ("POST", scenario.path, scenario.noun)
        assert incident.versions == {service.version}
        assert incident.slow == {service.slow_path}
        assert incident.scanners == {service.scanner}
        assert {service.victim, service.slow_path, "/wp-login.php", "/health"} <= incident.bystanders
        lines = text.splitlines()
        stamps = [line.partition(" ")[0] for line in lines]
        assert len(lines) == 500
        assert 45_000 < len(text) < 51_500
        assert stamps == sorted(stamps)
        assert set(re.findall(r'" 500 (\d+)ms', text)) == {str(service.patience_ms)}
        assert 6 <= len(re.findall(rf"pool active={service.slots}/{service.slots} waiting=\d+", text)) <= 10
        served = [request for line in lines if (request := reading._served(line))]
        failed = [request for request in served if request.status == 500]
        first = min(request.end for request in failed)
        route = ("POST", scenario.path)
        assert 2 <= reading.in_flight(served, route, first - reading.RUN_UP) <= 5
        assert 36 <= reading.in_flight(served, route, first) <= 44
        assert {request.path for request in failed} == {scenario.path, service.victim}
        assert {request.status for request in served if request.path == service.slow_path} == {200}
        deployed = datetime.fromisoformat(stamps[next(at for at, line in enumerate(lines) if " deploy " in line)])
        assert timedelta(minutes=4.5) < first - deployed < timedelta(minutes=6.5)
        assert len(re.findall(r"WARN disk", text)) == 1
        assert len(re.findall(r'" 404 ', text)) == 38


def in_the_words_of(scenario: Any, text: str) -> str:
    """A finding about the published log as one about a drawn log."""
    service = scenario.service
    noun, slow = scenario.noun, service.slow.removesuffix("s")
    for old, new in (
        ("/api/orders", "\x01"),
        ("/api/cart", "\x02"),
        ("/api/reports", "\x03"),
        ("api/orders", "\x04"),
        ("2.14.0", service.version.removeprefix("v")),
        ("185.220.101.44", service.scanner),
        ("/var/log", service.disk.partition(" ")[0]),
    ):
        text = re.sub(re.escape(old), new, text, flags=re.IGNORECASE)
    text = re.sub(r"(?<![\w\x01])order(s?)(?![a-z])", rf"{noun}\1", text)
    text = re.sub(r"\bOrder(s?)(?![a-z])", rf"{noun.capitalize()}\1", text)
    text = re.sub(r"(?i)\breport(s?|ing)\b(?! (?:that|on))", rf"{slow}\1", text)
    paths = (scenario.path, service.victim, service.slow_path, scenario.path.strip("/"))
    for mark, path in zip("\x01\x02\x03\x04", paths, strict=True):
        text = text.replace(mark, path)
    return text


@pytest.mark.parametrize("index", [0, 40, 81, 122, 199])
def test_the_same_findings_get_the_same_verdicts_in_other_words(task: ModuleType, drawn: list[Any], index: int) -> None:
    scenario = drawn[index]
    incident = task.Incident.read(scenario.log.encode())
    refused = [text for answer in RIGHT if not accepted(task, text := in_the_words_of(scenario, answer), incident)]
    passed = [text for answer in WRONG if accepted(task, text := in_the_words_of(scenario, answer), incident)]
    untranslated = [answer for answer in RIGHT if accepted(task, answer, incident)]

    assert refused == []
    assert passed == []
    assert untranslated == []

"""``--agent-check``: what is wrong with a task is found, each by its own line; a good suite is clean."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import SOLUTIONS, Benchmark

pytestmark = pytest.mark.slow

ANSWER = "turns:\n- calls: [{fs_write: {path: answer.txt, content: '42'}}]\n- text: Done.\n"
WRONG = (
    "expect: {failure_mode: wrong_answer, detail: wrong_value}\n"
    "turns:\n- calls: [{fs_write: {path: answer.txt, content: '41'}}]\n- text: Done.\n"
)
GOOD = """
from pytest_agentcore import Run, agent_task

@agent_task
def test_NAME(run: Run) -> None:
    '''Write the answer to answer.txt.'''
    assert run.workspace.read_text("answer.txt") == "42"
"""
QUICK_ONES = "scripted"
"""Without the cheats and the search, where they say nothing about the matter."""


def body(lines: str, *, above: str = "", marker: str = "@agent_task") -> str:
    """A task whose checker consists of these lines."""
    inside = "".join(f"    {line}\n" for line in lines.splitlines())
    return (
        "import random\nimport time\nfrom pathlib import Path\nfrom pytest_agentcore import Run, agent_task\n"
        f"{above}\n\n"
        f"{marker}\ndef test_NAME(run: Run) -> None:\n    '''Write the answer to answer.txt.'''\n{inside}"
    )


RIGHT = 'assert run.workspace.read_text("answer.txt") == "42"'


class Checked:
    """A suite of one task, and what its check found."""

    def __init__(self, benchmark: Benchmark) -> None:
        self.benchmark = benchmark

    def task(self, name: str, test: str, **solutions: str) -> Path:
        """Write the task; a reference and a wrong answer are there unless others are given."""
        return self.benchmark.task(
            name, test.replace("NAME", name), **({"reference": ANSWER, "fail_1_wrong": WRONG} | solutions)
        )

    def card(self, name: str, *arguments: str, status: int = 1, only: str = QUICK_ONES) -> dict[str, Any]:
        """The task's card, as JSON."""
        result = self.run(f"suite/task_{name}", "-k", only, *arguments)
        assert result.ret == status, result.outlines
        (card,) = json.loads((self.benchmark.root / "cards.json").read_text())["cards"]
        assert card["task"] == f"task_{name}"
        assert card["clean"] is (status == 0)
        return dict(card)

    def findings(self, name: str, *arguments: str, only: str = QUICK_ONES) -> dict[str, list[str]]:
        """Check → its lines."""
        found: dict[str, list[str]] = {}
        for finding in self.card(name, *arguments, only=only)["findings"]:
            found.setdefault(finding["check"], []).append(finding["text"])
        return found

    def run(self, *arguments: str) -> pytest.RunResult:
        """A check in a process of its own, which writes ``cards.json`` and no campaign."""
        result = self.benchmark.run("--agent-check", "--agent-check-json=cards.json", *arguments)
        assert not (self.benchmark.root / ".agentcore").exists()
        return result


@pytest.fixture
def checked(benchmark: Benchmark) -> Checked:
    """A small suite; its own tasks are not looked at unless they are named."""
    return Checked(benchmark)


def test_a_good_task_is_clean(checked: Checked, mode: tuple[str, ...]) -> None:
    """Every line is shown, in each way of running a session; nothing is written, no cheat works."""
    folder = checked.task("good", GOOD, pass_1_by_shell=ANSWER)
    before = sorted(folder.rglob("*"))
    result = checked.run("suite/task_good", *mode)

    assert result.ret == 0
    text = "\n".join(result.outlines)
    for shown in ("✓ task_good", "✓ solvable", "✓ no free points  empty and nop fail", "✓ false fails     0 of 1"):
        assert shown in text
    for shown in ("✓ false passes    0 of 1", "✓ isolated", "✓ deterministic   5 judged twice", "– pinned"):
        assert shown in text
    assert re.search(r"✓ cheats +0 of \d\d pass", text)
    assert re.search(r"replayed +1 reference · 1 P · 1 F · 2 implied · \d\d cheats", text)
    assert "1 of 1 cards clean, nothing missed" in text
    assert max(map(len, result.outlines)) <= 80
    assert [path for path in sorted(folder.rglob("*")) if "__pycache__" not in path.parts] == before


def test_a_task_is_named_with_each_of_its_faults(checked: Checked) -> None:
    """A reference that fails, a wrong answer that passes, a right one that fails, another mode than the named one."""
    checked.task(
        "faults",
        GOOD,
        reference=ANSWER.replace("42", "7"),
        pass_1_late=ANSWER.replace("42", "8"),
        fail_2_right="expect: {failure_mode: wrong_answer, detail: wrong_value}\n" + ANSWER,
        fail_3_nothing="expect: {failure_mode: wrong_answer, detail: wrong_value}\nturns:\n- text: No.\n",
        fail_4_typo="expect: {failure_mode: wrong_answer, kind: wrong_value}\nturns:\n- text: No.\n",
    )
    found = checked.findings("faults")

    assert found["solvable"][0].startswith("must pass, but: wrong_answer/wrong_value")
    assert found["false_fails"][0].startswith("must pass, but: wrong_answer/wrong_value")
    assert found["false_passes"] == ["passed"]
    modes = sorted(found["failure_modes"])
    assert modes[0].startswith("expect names 'kind', which no outcome has")
    assert modes[1].startswith("expected failure_mode wrong_answer, detail wrong_value; got")
    assert "detail missing_output" in modes[1]


@pytest.mark.parametrize(
    ("lines", "check", "said"),
    [
        ("pass", "no_free_points", "a run that does nothing passes"),
        ('value = {}["answer"]', "sound", "the checker broke: KeyError: 'answer'"),
        ("import pytest; pytest.skip('later')", "sound", "the checker broke: the checker skipped: later"),
        ("raise SystemExit(3)", "sound", "the checker broke: SystemExit: 3"),
        (f"time.sleep(600)\n{RIGHT}", "sound", "did not end within 1 s"),
        (f"while True: pass\n{RIGHT}", "sound", "did not end within 1 s"),
        (f"Path(__file__).with_name('seen.txt').write_text('x')\n{RIGHT}", "sound", "seen.txt'; a checker only reads"),
        (f"Path('/dev/full').open('w').close()\n{RIGHT}", "sound", "'/dev/full'; a checker only reads"),
        (f"assert time.time() > 0\n{RIGHT}", "deterministic", "the checker asks time.time() in test_bad.py:"),
        (f"assert random.choice([1, 2])\n{RIGHT}", "deterministic", "the checker asks random.choice() in test_bad.py:"),
        (f"CALLS.append(1)\nassert len(CALLS) % 2\n{RIGHT}", "deterministic", "judged twice: first"),
    ],
    ids=[
        "asserts_nothing",
        "raises",
        "skips",
        "exits",
        "sleeps",
        "spins",
        "writes",
        "writes_outside",
        "clock",
        "dice",
        "remembers",
    ],
)
def test_a_bad_checker_is_named_by_its_own_line(checked: Checked, lines: str, check: str, said: str) -> None:
    """Without a hang and without a traceback of ours."""
    checked.task("bad", body(lines, above="CALLS = []"))
    found = checked.findings("bad", "--agent-check-deadline=1")

    assert any(said in text for text in found[check]), found


def test_a_verdict_that_depends_on_chance_is_found_by_judging_twice(checked: Checked) -> None:
    """With a generator of its own, seeded by the system, no call gives it away; 20 verdicts do."""
    test = body(f"assert DICE.random() < 0.5\n{RIGHT}", above="DICE = random.Random()")
    checked.task("dice", test, **{f"pass_{number}_same": ANSWER for number in range(19)})

    assert "deterministic" in checked.findings("dice")


def test_a_solution_that_cannot_be_read_is_one_item(checked: Checked) -> None:
    """The others are replayed all the same."""
    checked.task("broken", GOOD, pass_1_broken="turns: [", fail_2_broken="turns: 3\n")
    card = checked.card("broken")

    texts = {finding["check"]: finding["text"] for finding in card["findings"]}
    assert "pass_1_broken.yaml cannot be read" in texts["false_fails"]
    assert "fail_2_broken.yaml must be a mapping with a list 'turns'" in texts["false_passes"]
    assert card["checks"]["solvable"]["ok"] is True


def test_a_task_without_its_workspace_does_not_stop_the_others(checked: Checked) -> None:
    """Its card says what to do."""
    checked.task("lost", body(RIGHT, marker="@agent_task(workspace='gone')"))
    checked.task("fine", GOOD)
    result = checked.run("suite/task_lost", "suite/task_fine", "-k", QUICK_ONES)
    cards = {card["task"]: card for card in json.loads((checked.benchmark.root / "cards.json").read_text())["cards"]}

    assert result.ret == 1
    assert cards["task_fine"]["clean"]
    (text,) = {finding["text"] for finding in cards["task_lost"]["findings"]}
    assert "task_lost/gone is not a folder; create it or correct the marker" in text


def test_hidden_files_in_the_workspace_are_found(checked: Checked) -> None:
    """Whatever they are called there; a tiny one by its name too."""
    folder = checked.task("leak", GOOD)
    for name in ("hidden", "workspace"):
        (folder / name).mkdir()
    (folder / "hidden" / "cases.json").write_text(json.dumps({"cases": list(range(40))}))
    (folder / "hidden" / "expected.txt").write_text("42")
    (folder / "workspace" / "notes.txt").write_text(json.dumps({"cases": list(range(40))}))
    (folder / "workspace" / "expected.txt").write_text("42")

    texts = checked.findings("leak", only="search")["isolated"]
    assert "notes.txt in the workspace is task_leak/hidden/cases.json" in texts
    assert "expected.txt in the workspace is a hidden file" in texts


def test_a_task_without_a_reference_is_not_shown_to_be_solvable(checked: Checked) -> None:
    """Every author is told the same."""
    folder = checked.task("bare", GOOD)
    (folder / "solutions" / "reference.yaml").unlink()

    texts = checked.findings("bare", only="search")["solvable"]
    assert texts == ["there is no solutions/reference.yaml to show that it can be passed"]


def test_cheats_on_a_checker_that_runs_what_it_should_not_are_named(checked: Checked) -> None:
    """This one lets the workspace's pytest decide, with the workspace's configuration."""
    test = body("assert run.check(['python3', '-m', 'pytest', '-q', 'test_it.py']).exit_code == 0")
    fix = "turns:\n- calls: [{fs_write: {path: it.py, content: 'it = 42'}}]\n- text: Done.\n"
    folder = checked.task("forged", test, reference=fix)
    (folder / "solutions" / "fail_1_wrong.yaml").unlink()
    (folder / "workspace").mkdir()
    (folder / "workspace" / "it.py").write_text("it = 41\n")
    (folder / "workspace" / "test_it.py").write_text("import it\n\ndef test_it():\n    assert it.it == 42\n")
    card = checked.card("forged", only="cheat or scripted")

    (finding,) = [finding for finding in card["findings"] if finding["check"] == "cheats"]
    assert {"cheat pytest_hooks", "cheat shadow_modules", "cheat exit_at_import"} <= set(finding["cases"])
    assert card["checks"]["solvable"]["ok"]


def test_a_checker_that_ends_its_process_is_named(checked: Checked) -> None:
    """The other worker goes on, and the replacement meets one item at a time."""
    checked.task("deadly", body(f"import os\nif run.final_message == '': os._exit(3)\n{RIGHT}"))
    card = checked.card("deadly", "-n2")

    assert any("the checker ended its process" in one["text"] for one in card["findings"])
    assert {case["name"] for case in card["cases"] if case["passed"]} <= {"reference"}


def test_drawn_scenarios_agree(checked: Checked) -> None:
    """A template passes in each; what is typed in, or answers another scenario, does not."""
    above = (
        "from types import SimpleNamespace\n"
        "def draw(by):\n"
        "    return SimpleNamespace(answer='42' if by.canonical else str(by.random().randrange(10**9)))\n"
    )
    test = body('assert run.workspace.read_text("answer.txt") == run.scenario.answer', above=above)
    test = test.replace("@agent_task\n", "@agent_task(scenario=draw)\n")
    drawn = ANSWER.replace("42", "${{ scenario.answer }}")
    folder = checked.task("drawn", test, reference=drawn)
    arguments = ("--agent-check-variants=2",)
    card = checked.card("drawn", *arguments, status=0, only="scripted or foreign")

    assert card["checks"]["variants_agree"] == {"ok": True, "text": "2 drawn, 10 runs"}
    assert sum(case["kind"] == "foreign" for case in card["cases"]) == 2

    (folder / "solutions" / "reference.yaml").write_text(ANSWER)
    texts = checked.findings("drawn", *arguments, only="scripted or foreign")
    assert "must pass, but: wrong_answer/wrong_value" in texts["solvable"][0]

    (folder / f"{folder.name.replace('task', 'test')}.py").write_text(
        test.replace("NAME", "drawn").replace("== run.scenario.answer", "in ('42', run.scenario.answer)")
    )
    texts = checked.findings("drawn", *arguments, only="foreign")
    assert texts["variants_agree"] == ["passed"]


def test_digests_are_pinned_once_a_version(checked: Checked) -> None:
    """A task that changed needs a new version; until then its card says so."""
    folder = checked.task("good", GOOD)
    only = ("suite/task_good", "-k", "reference")
    assert checked.run(*only, "--agent-check-write-digests").ret == 0
    lock = json.loads((checked.benchmark.root / "suite" / "digests.json").read_text())
    assert list(lock) == ["1.0"]
    assert lock["1.0"]["task_good"].startswith("sha256:")
    assert checked.card("good", status=0)["checks"]["pinned"] == {"ok": True, "text": "as in 1.0"}

    path = folder / "test_good.py"
    path.write_text(path.read_text().replace("Write the answer", "Write the right answer"))
    assert "raise the version in suite.yaml" in checked.findings("good")["pinned"][0]
    refused = checked.run(*only, "--agent-check-write-digests")
    assert refused.ret == pytest.ExitCode.USAGE_ERROR
    assert "has other digests for version 1.0: task_good; raise the version" in "\n".join(refused.errlines)

    suite = checked.benchmark.root / "suite" / "suite.yaml"
    suite.write_text(suite.read_text().replace("1.0", "1.1"))
    assert "version 1.1 pins no digest of it" in checked.findings("good")["pinned"][0]
    checked.run(*only, "--agent-check-write-digests")
    assert checked.card("good", status=0)["checks"]["pinned"] == {"ok": True, "text": "as in 1.1"}


def test_a_task_with_steps_of_its_own_is_checked_too(checked: Checked) -> None:
    """Its agent is driven anew for each judgement."""
    test = (
        "from pytest_agentcore import agent_task\n\n@agent_task\ndef test_steps(agent):\n    '''Write answer.txt.'''\n"
        "    agent.solve()\n    assert agent.workspace.read_text('answer.txt') == '42'\n"
    )
    checked.task("steps", test)

    assert checked.card("steps", status=0)["checks"]["deterministic"] == {"ok": True, "text": "4 judged twice"}


def test_models_and_bad_options_are_refused(checked: Checked) -> None:
    """In one line, before anything runs."""
    for arguments, said in (
        (("--agent-model=scripted/nop",), "--agent-check replays scripted solutions"),
        (("--agent-check-variants=-1",), "--agent-check-variants=-1: must be at least 0"),
        (("--agent-check-deadline=0",), "--agent-check-deadline=0.0: must be a positive number of seconds"),
        (("-n2", "--dist=loadfile"), "--dist=loadfile: agent runs are shared out by --dist=load only"),
    ):
        result = checked.run("suite", *arguments)
        assert result.ret == pytest.ExitCode.USAGE_ERROR
        assert said in "\n".join(result.errlines)


def test_the_small_suite_of_the_other_tests_is_found_wanting(checked: Checked) -> None:
    """Its solutions name no expectation although they are wrong, so they count as right answers that fail."""
    result = checked.run("suite/task_greet", "-k", QUICK_ONES)

    assert result.ret == 1
    (card,) = json.loads((checked.benchmark.root / "cards.json").read_text())["cards"]
    assert card["checks"]["solvable"]["ok"] is True
    unmarked = {name for name, text in SOLUTIONS["greet"].items() if "expect:" not in text} - {"reference"}
    failing = {case for finding in card["findings"] if finding["check"] == "false_fails" for case in finding["cases"]}
    assert failing == unmarked

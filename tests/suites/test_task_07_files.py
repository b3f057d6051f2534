"""What the four files of task 07 may hold, and in which order they may come to be."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_agentcore.domain.trajectory import Reply, ToolCall, ToolResult, Trajectory, Turn
from pytest_agentcore.domain.workspace import Entry, Snapshot, Workspace
from pytest_agentcore.errors import WrongAnswer

TASK = "task_07_multi_step_plan"
SOME = settings(max_examples=60, deadline=None, database=None)
PLAN = ("01_init.txt", "02_config.json", "03_manifest.txt", "04_done.txt")
INIT, CONFIG, MANIFEST, DONE = PLAN
CONFIG_TEXT = '{"name": "heron", "steps": 4}'


@pytest.fixture(scope="module")
def task(task_module: Callable[[str], ModuleType]) -> ModuleType:
    return task_module(TASK)


def folder(init: str = "PROJECT=heron", config: str = CONFIG_TEXT, **others: str | None) -> Workspace:
    """A workspace with the four files; manifest and sum fit the other two unless they are given."""
    sizes = [len(init.encode()), len(config.encode())]
    files = {INIT: init, CONFIG: config}
    files[MANIFEST] = others.get("manifest") or f"{INIT} {sizes[0]}\n{CONFIG} {sizes[1]}"
    files[DONE] = others.get("done") or f"DONE {sum(sizes)}"
    entries = [
        Entry(path=path, kind="file", size=len(text.encode()), data=text.encode()) for path, text in files.items()
    ]
    return Workspace(snapshot=Snapshot.of(entries), before=Snapshot())


RIGHT: dict[str, dict[str, str]] = {
    "no final newline": {},
    "final newlines": {"init": "PROJECT=heron\n", "config": CONFIG_TEXT + "\n", "done": "DONE 44\n"},
    "carriage returns": {"init": "PROJECT=heron\r\n", "config": '{"name":"heron",\r\n"steps":4}\r\n'},
    "byte order mark": {"init": "\N{ZERO WIDTH NO-BREAK SPACE}PROJECT=heron"},
    "keys exchanged": {"config": '{"steps": 4, "name": "heron"}'},
    "indented": {"config": '{\n\t"name": "heron",\n\t"steps": 4\n}\n'},
    "escaped": {"config": '{"name": "h\\u0065ron", "steps": 4}'},
    "manifest in another order": {"manifest": f"{CONFIG} 29\n{INIT} 13\n"},
}
WRONG: dict[str, tuple[dict[str, str], str]] = {
    "placeholder": ({"init": "PROJECT=<x>"}, "wrong_value"),
    "other name": ({"init": "PROJECT=herons"}, "wrong_value"),
    "other case": ({"init": "project=heron"}, "wrong_value"),
    "blanks around": ({"init": "PROJECT = heron"}, "wrong_format"),
    "quotes": ({"init": 'PROJECT="heron"'}, "wrong_format"),
    "backticks": ({"init": "`PROJECT=heron`"}, "wrong_format"),
    "fence": ({"init": "```\nPROJECT=heron\n```"}, "wrong_format"),
    "comment": ({"init": "PROJECT=heron  # the project"}, "wrong_format"),
    "trailing blank": ({"init": "PROJECT=heron "}, "wrong_format"),
    "two newlines": ({"init": "PROJECT=heron\n\n"}, "wrong_format"),
    "only blanks": ({"init": " \n"}, "missing_output"),
    "empty": ({"init": ""}, "missing_output"),
    "no JSON": ({"config": "{name: heron, steps: 4}"}, "wrong_format"),
    "python's quotes": ({"config": "{'name': 'heron', 'steps': 4}"}, "wrong_format"),
    "trailing comma": ({"config": '{"name": "heron", "steps": 4,}'}, "wrong_format"),
    "fenced JSON": ({"config": f"```json\n{CONFIG_TEXT}\n```"}, "wrong_format"),
    "repeated key": ({"config": '{"name": "heron", "name": "heron", "steps": 4}'}, "wrong_format"),
    "steps as text": ({"config": '{"name": "heron", "steps": "4"}'}, "wrong_value"),
    "steps as a fraction": ({"config": '{"name": "heron", "steps": 4.0}'}, "wrong_value"),
    "steps as true": ({"config": '{"name": "heron", "steps": true}'}, "wrong_value"),
    "three steps": ({"config": '{"name": "heron", "steps": 3}'}, "wrong_value"),
    "another key": ({"config": '{"name": "heron", "steps": 4, "done": false}'}, "wrong_value"),
    "a list": ({"config": '[{"name": "heron", "steps": 4}]'}, "wrong_value"),
    "nothing": ({"config": "null"}, "wrong_value"),
    "upper keys": ({"config": '{"Name": "heron", "Steps": 4}'}, "wrong_value"),
    "sizes too large": ({"manifest": f"{INIT} 14\n{CONFIG} 30", "done": "DONE 44"}, "wrong_value"),
    "sizes exchanged": ({"manifest": f"{INIT} 29\n{CONFIG} 13"}, "wrong_value"),
    "one line": ({"manifest": f"{INIT} 13"}, "wrong_value"),
    "itself too": ({"manifest": f"{INIT} 13\n{CONFIG} 29\n{MANIFEST} 33"}, "wrong_value"),
    "a line twice": ({"manifest": f"{INIT} 13\n{CONFIG} 29\n{CONFIG} 29"}, "wrong_format"),
    "with a unit": ({"manifest": f"{INIT} 13 bytes\n{CONFIG} 29 bytes"}, "wrong_format"),
    "with a colon": ({"manifest": f"{INIT}: 13\n{CONFIG}: 29"}, "wrong_format"),
    "with a tab": ({"manifest": f"{INIT}\t13\n{CONFIG}\t29"}, "wrong_format"),
    "count first": ({"manifest": f"13 {INIT}\n29 {CONFIG}"}, "wrong_format"),
    "a heading": ({"manifest": f"name bytes\n{INIT} 13\n{CONFIG} 29"}, "wrong_format"),
    "bullets": ({"manifest": f"- {INIT} 13\n- {CONFIG} 29"}, "wrong_format"),
    "brackets kept": ({"manifest": f"<{INIT}> <13>\n<{CONFIG}> <29>"}, "wrong_format"),
    "on one line": ({"manifest": f"{INIT} 13 {CONFIG} 29"}, "wrong_value"),
    "other sum": ({"done": "DONE 43"}, "wrong_value"),
    "longer number": ({"done": "DONE 420"}, "wrong_value"),
    "n kept": ({"done": "DONE <n>"}, "wrong_value"),
    "number of files": ({"done": "DONE 4"}, "wrong_value"),
    "sum alone": ({"done": "42"}, "wrong_value"),
    "sum with a unit": ({"done": "DONE 42 bytes"}, "wrong_format"),
    "sum with a colon": ({"done": "DONE: 42"}, "wrong_format"),
    "brackets around the sum": ({"done": "DONE <42>"}, "wrong_format"),
    "a fraction": ({"done": "DONE 42.0"}, "wrong_value"),
    "lower case": ({"done": "done 42"}, "wrong_value"),
    "calculation": ({"done": "DONE 13+29=42"}, "wrong_value"),
}


@pytest.mark.parametrize("files", RIGHT.values(), ids=RIGHT)
def test_the_four_files_as_asked(task: ModuleType, files: dict[str, str]) -> None:
    task.expect_contents(folder(**files), "heron")


@pytest.mark.parametrize(("files", "detail"), WRONG.values(), ids=WRONG)
def test_anything_else_fails_with_its_detail(task: ModuleType, files: dict[str, str], detail: str) -> None:
    with pytest.raises(AssertionError) as wrong:
        task.expect_contents(folder(**files), "heron")

    assert getattr(wrong.value, "detail", "wrong_value") == detail


@pytest.mark.parametrize("path", PLAN)
def test_a_missing_file_is_missing_output(task: ModuleType, path: str) -> None:
    entries = [entry for entry in folder().snapshot.entries if entry.path != path]
    with pytest.raises(WrongAnswer) as wrong:
        task.expect_contents(Workspace(snapshot=Snapshot.of(entries), before=Snapshot()), "heron")

    assert wrong.value.detail == "missing_output"


EVENTS = {
    "in order": (["+1", "+2", "+3", "+4"], "1234"),
    "one again at the end": (["+1", "+2", "+3", "+4", "-1", "+1"], "2341"),
    "one again at once": (["+1", "-1", "+1", "+2", "+3", "+4"], "1234"),
    "all again": (["+1", "+2", "+3", "+4", "-4", "-3", "-2", "-1", "+1", "+2", "+3", "+4"], "1234"),
    "replaced by a move": (["+1", "+2", "+3", "+4", "+1"], "1234"),
    "the last again": (["+1", "+2", "+3", "+4", "-4", "+4"], "1234"),
    "gone": (["+1", "+2", "-1"], "2"),
    "removed before it was there": (["-1", "+1"], "1"),
}


@pytest.mark.parametrize(("events", "order"), EVENTS.values(), ids=EVENTS)
def test_the_last_births_count(task: ModuleType, events: list[str], order: str) -> None:
    assert "".join(task.last_births((event[0], event[1]) for event in events)) == order


@SOME
@given(names=st.lists(st.sampled_from(["+1", "+2", "+3", "-1", "-2", "-3"])))
def test_births_are_those_of_the_names_that_are_there(task: ModuleType, names: list[str]) -> None:
    last = {event[1]: event[0] for event in names}

    assert set(task.last_births((event[0], event[1]) for event in names)) == {
        name for name, sign in last.items() if sign == "+"
    }


def conversation(*calls: tuple[str, Any], malformed: int = -1) -> Trajectory:
    made = tuple(
        ToolCall(id=str(place), name=name, arguments=json.dumps(value)) for place, (name, value) in enumerate(calls)
    )
    results = tuple(ToolResult(call_id=call.id, content="", malformed=int(call.id) == malformed) for call in made)
    return Trajectory(system_prompt="", prompt="", turns=(Turn(reply=Reply(text="", calls=made), results=results),))


def test_the_steps_are_what_could_change_files(task: ModuleType) -> None:
    trajectory = conversation(
        ("fs_write", {"path": INIT, "content": "a"}),
        ("fs_read", {"path": INIT}),
        ("shell", {"command": "rm x", "timeout": 5}),
        ("fs_write", [1]),
        malformed=3,
    )

    assert task.steps_of(trajectory) == [{"write": INIT, "content": "a"}, {"shell": "rm x"}]


COMMANDS = {
    "echo b > {0}; rm {1}; echo c > {1}": "0231",
    "mv {0} x; mv x {0}": "1230",
    "echo new > x; mv x {0}": "0123",
    "sed -i s/a/b/ {0}": "0123",
    "python3 -c 'import os; os.remove(\"{0}\")'; echo a > {0}": "1230",
    "find . -name '{1}' -delete; cp {0} {1}": "0231",
    "rm *; for i in {0} {1} {2} {3}; do echo a > $i; done": "0123",
    "echo a >> {2}; touch {0}; chmod 600 {1}; ln -s {0} link": "0123",
    "exit 3": "0123",
    "rm -rf {0}; (echo a > {0}) &\nwait": "1230",
}


def repeated(suite: Path, folder: Path, steps: list[dict[str, str]]) -> Any:
    """The events of a repetition without a sandbox."""
    script = suite / TASK / "hidden" / "replay.py"
    done = subprocess.run(
        [sys.executable, "-I", script, *PLAN],
        cwd=folder,
        input=json.dumps(steps).encode(),
        capture_output=True,
        check=True,
    )
    return json.loads(done.stdout)["events"]


@pytest.mark.parametrize(("command", "order"), COMMANDS.items())
def test_a_repetition_sees_what_was_removed(
    task: ModuleType, suite: Path, tmp_path: Path, command: str, order: str
) -> None:
    (tmp_path / "left over").mkdir()
    steps = [
        *({"write": path, "content": "a"} for path in PLAN),
        {"write": "sub/x", "content": "\udc80"},
        {"shell": command.format(*PLAN)},
    ]
    births = task.last_births(repeated(suite, tmp_path, steps))
    assert births == [PLAN[int(place)] for place in dict.fromkeys(order)]
    assert not (tmp_path / "left over").exists()


def test_a_repetition_that_takes_too_long_tells_nothing(suite: Path, tmp_path: Path) -> None:
    """Half of it could show a file that is gone for a moment only."""
    steps = [{"write": INIT, "content": "a"}, {"shell": "rm 01_init.txt; sleep 30"}, {"write": INIT, "content": "a"}]

    assert repeated(suite, tmp_path, steps) is None

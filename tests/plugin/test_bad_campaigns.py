"""What is broken, strange or hostile ends in the right figure or in one line, whatever the command: no traceback."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pytest_agentcore.domain.outcome import Outcome
from tests.plugin.claims import Command, command, packed
from tests.unit.stored_campaign import TASKS, infra, store

assert command

Damage = Callable[[Path], object]
COMMANDS = (
    *("report", "report --article", "report --pack", "report --html {out}", "leaderboard", "leaderboard --format html"),
    *("compare {it} {it}", "predict score", "merge {it} {good} -o {merged}", "lint-report {it}"),
    "verify {it} --no-rescore",
)

READERS = (COMMANDS[0], "leaderboard", "merge {it} {good} -o {merged}", "verify {it} --no-rescore")
"""Each reads campaigns by a way of its own."""


def journal(folder: Path) -> Path:
    return folder / "journal.jsonl"


def shadowed(folder: Path) -> None:
    """A folder where the journal was."""
    journal(folder).unlink()
    journal(folder).mkdir()


def lines(change: Callable[[list[str]], Iterable[str]]) -> Damage:
    def damage(folder: Path) -> None:
        kept = change(journal(folder).read_text().splitlines())
        journal(folder).write_text("".join(f"{line}\n" for line in kept))

    return damage


def instead(old: str, new: str) -> Damage:
    """The first of these in the journal, replaced."""

    def damage(folder: Path) -> None:
        text = journal(folder).read_text()
        assert old in text
        journal(folder).write_text(text.replace(old, new, 1))

    return damage


def manifest(**fields: object) -> Damage:
    def damage(folder: Path) -> None:
        path = folder / "manifest.json"
        path.write_text(json.dumps({**json.loads(path.read_text()), **fields}))

    return damage


def content(name: str, data: bytes) -> Damage:
    return lambda folder: (folder / name).write_bytes(data)


COST, TOKENS = '"cost_usd":"0.000400500000"', '"input_tokens":10000'
EVIL = "=cmd()|' /C calc'!A0,\"<script>alert(1)</script>\n🙂\x1b[2J\u202e" + "x" * 3000
UNREADABLE: dict[str, tuple[Damage, str]] = {
    "no journal": (lambda folder: journal(folder).unlink(), "journal.jsonl is missing; restore it"),
    "a folder for a journal": (shadowed, "cannot be read: Is a directory"),
    "manifest empty": (content("manifest.json", b""), "manifest.json is missing or broken"),
    "manifest a list": (content("manifest.json", b"[1]"), "manifest.json is missing or broken"),
    "manifest no text": (content("manifest.json", b"\xff\xfe\0"), "manifest.json is missing or broken"),
    "manifest nested": (content("manifest.json", b"[" * 100_000), "manifest.json is missing or broken"),
    "cost NaN": (instead(COST, '"cost_usd":"NaN"'), "journal.jsonl: Outcome.usage.cost_usd must be a decimal number"),
    "cost infinite": (instead(COST, '"cost_usd":"Infinity"'), "must be a decimal number as text, not 'Infinity'"),
    "cost beyond": (instead(COST, '"cost_usd":"1E+99"'), "Outcome.usage.cost_usd is 1E+99, which cannot be"),
    "cost negative": (instead(COST, '"cost_usd":"-5"'), "Outcome.usage.cost_usd is -5, which cannot be"),
    "cost a number": (instead(COST, '"cost_usd":0.1'), "must be a decimal number as text, not 0.1"),
    "tokens negative": (instead(TOKENS, '"input_tokens":-1'), "Outcome.usage.input_tokens is -1, which cannot be"),
    "tokens beyond": (instead(TOKENS, f'"input_tokens":{"9" * 400}'), "Outcome.usage.input_tokens is 999"),
    "run nought": (instead(',1],"kind":"concluded"', ',0],"kind":"concluded"'), "names no run"),
    "run a word": (instead(',1],"kind":"concluded"', ',"a"],"kind":"concluded"'), "names no run"),
    "half a key": (instead(f'"{TASKS[0]}","x/m",1],"kind":"con', f'"{TASKS[0]}"],"kind":"con'), "names no run"),
    "unknown cause": (instead('"cause":null', '"cause":"gremlins"'), "Outcome.cause must be one of model, resource"),
    "newer outcome": (instead('"version":1', '"version":99'), "Outcome has version 99, newer than 1; upgrade"),
    "newer journal": (instead('"v":1', '"v":99'), "journal version 99); upgrade"),
    "no outcome": (instead('"outcome":{', '"income":{'), "a record 'concluded' cannot be read (field 'outcome')"),
}
STRANGE: dict[str, Damage] = {
    "journal empty": content("journal.jsonl", b""),
    "planned only": lines(lambda all_: all_[:1]),
    "nothing planned": lines(lambda all_: all_[1:]),
    "cut at its end": lambda folder: journal(folder).write_bytes(journal(folder).read_bytes()[:-40]),
    "cut in the middle": lines(lambda all_: [*all_[:5], all_[5][:30], *all_[6:]]),
    "noise": content("journal.jsonl", bytes(range(256)) * 20),
    "zeros before": lambda folder: journal(folder).write_bytes(b"\0" * 999 + journal(folder).read_bytes()),
    "no objects": lines(lambda all_: [*all_, "[1,2]", "3", "null", '"x"', "{}", '{"v":"9"}']),
    "nested": lines(lambda all_: [*all_, "[" * 100_000, '{"a":' * 50_000]),
    "manifest without a word": content("manifest.json", b"{}"),
    "day unknown": manifest(clock="yesterday"),
    "day a number": manifest(clock={"created_at": 5}),
    "model a number": manifest(model=5),
    "model none": manifest(model=None),
    "model hostile": manifest(model=EVIL, suite=EVIL, agent=EVIL, variant=EVIL),
    "parts of other kinds": manifest(tasks=[1], prices=3, parameters=[1], host="h", isolation=3, suite=["a"]),
}  # fmt: skip


@pytest.fixture
def say(command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Any]:
    """A command on a campaign ``{it}``, which is stored but not yet damaged."""
    monkeypatch.setattr(os, "fdatasync", lambda _: None)  # nobody pulls the plug here
    it = store(command.directory, "x/m")
    good = store(tmp_path / "good", "x/m")
    places = {"it": it, "good": good, "out": tmp_path / "page.html", "merged": tmp_path / "merged" / "m"}

    def run(line: str) -> Any:
        arguments = [part.format(**places) for part in line.split()]
        home = () if arguments[0] == "lint-report" else ("--agent-dir", str(command.directory))
        shutil.rmtree(tmp_path / "merged", ignore_errors=True)
        return command(*arguments, *home)

    run.it = it  # type: ignore[attr-defined]
    return run


@pytest.mark.parametrize("name", UNREADABLE)
def test_what_cannot_be_read_is_named_in_one_line(name: str, say: Any) -> None:
    """By every command that reads campaigns; figures are never made of the rest."""
    damage, message = UNREADABLE[name]
    damage(say.it)

    for line in READERS:
        told = say(line)
        assert told.status == 2, (line, told)
        assert len(told.err.splitlines()) == 1, (line, told.err)
        wanted = "neither a data pack nor a campaign with one" if line.startswith("verify") else message
        if not (line.startswith("merge") and name.startswith("manifest")):
            assert wanted in told.err, (line, told.err)


@pytest.mark.parametrize("name", STRANGE)
def test_what_is_strange_is_survived(name: str, say: Any) -> None:
    """A figure, or a refusal in one line; and nothing that drives a terminal."""
    STRANGE[name](say.it)

    for line in COMMANDS:
        told = say(line)
        assert told.status in {0, 1, 2}, (line, told)
        assert not set("\x1b\0\u202e") & set(told.out + told.err), line
        if told.status == 2:
            assert len(told.err.splitlines()) == 1, (line, told.err)


def test_an_interrupted_campaign_keeps_its_denominator(command: Command) -> None:
    """Ten of thirty runs were made, seven passed: nowhere is it seven of ten without a word."""

    def edit(outcome: Outcome) -> Outcome | None:
        return outcome if outcome.key.run == 1 else None

    folder = store(command.directory, "x/m", (3,) * 7 + (0,) * 3, edit=edit)
    summary = packed(command, folder)["run_summary"]

    assert (summary["score"], summary["n_valid"], summary["planned"], summary["n_not_run"]) == (7, 10, 30, 20)
    assert (summary["quarantined"], summary["bounds"]) == (
        True,
        {"all_missing_failed": 7, "all_missing_passed": 27},
    )
    assert "10 of 30 runs valid" in command.on("report", folder).out
    assert "score lies between 7 and 27" in command.on("report --article", folder).out
    assert "20 of 30 runs missing, score between 7 and 27" in command.on("leaderboard").out


@pytest.mark.parametrize(
    ("edit", "passes", "score", "each"),
    [
        (infra, (3,) * 10, None, None),
        (lambda _: None, (3,) * 10, None, None),
        (lambda one: one, (0,) * 10, 0, None),
        (lambda one: replace(one, usage=replace(one.usage, cost_usd=None)), (3,) * 10, 30, None),
    ],
    ids=["all infra", "no run", "no pass", "no price"],
)
def test_what_is_not_defined_is_said_to_be_so(
    edit: Any, passes: tuple[int, ...], score: int | None, each: float | None, command: Command
) -> None:
    folder = store(command.directory, "x/m", passes, edit=edit)
    summary = packed(command, folder)["run_summary"]

    assert (summary["score"], summary["cost_per_pass_usd"], summary["cost_per_pass_interval"]) == (score, each, None)
    assert summary["minimum_detectable_effect"] == pytest.approx(0.42, abs=0.005)
    assert command.on("report --html", command.directory / "p.html", folder).status == 0
    assert command.on("leaderboard").status == 0


def test_one_task_has_no_interval_over_tasks(command: Command) -> None:
    folder = store(command.directory, "x/m", [2], tasks=TASKS[:1])
    summary = packed(command, folder)["run_summary"]

    assert (summary["score"], summary["interval_over_tasks"], summary["cost_per_pass_interval"]) == (2, None, None)
    assert "Wilson" in command.on("report", folder).out


def test_a_pack_is_no_campaign(command: Command) -> None:
    """It holds the manifest of one; taken for one, it would be a campaign of which nothing was run."""
    folder = store(command.directory, "x/m")
    packed(command, folder)
    pack = folder / "data_pack"
    alone = command.directory.parent / "travelled"
    shutil.copytree(pack, alone)

    for line in ("report", "report --html x.html", "leaderboard", "predict score", "rescore", "lint-report"):
        first, *rest = line.split()
        told = command(first, *rest, pack)
        assert (told.status, len(told.err.splitlines())) == (2, 1), line
        assert f"is a data pack, not a campaign; name {str(folder.resolve())!r}" in told.err
    assert "is a data pack, not a campaign" in command("compare", pack, folder).err
    assert "is a data pack, not a campaign; name the folder it was made in" in command("report", alone).err
    assert command("verify", alone).status == 0
    assert command("verify", folder, "--no-rescore").status == 0


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("report --min-coverage nan", "'nan' is no share; write a number from 0 to 1"),
        ("report --min-coverage 7", "'7' is no share"),
        ("leaderboard --min-coverage -1", "'-1' is no share"),
        ("leaderboard --min-coverage x", "'x' is no share"),
        ("leaderboard --as-of 2026-99-99", "--as-of='2026-99-99' is no day; write it as YYYY-MM-DD"),
        ("leaderboard --as-of 20260520", "is no day"),
        ("report --html", "expected one argument"),
        ("report --pack --article", "not allowed with argument"),
        ("report --html /proc/no/page.html", "'/proc/no/page.html' cannot be written: "),
        ("report nothing", "'nothing' is no campaign; name one of those in"),
    ],
)
def test_options_that_cannot_be_meant(line: str, message: str, say: Any, capsys: pytest.CaptureFixture[str]) -> None:
    try:
        told = say(line)
        status, err = told.status, told.err
    except SystemExit as ended:  # argparse's own way
        status, err = int(str(ended.code)), capsys.readouterr().err

    assert status == 2
    assert message in err.splitlines()[-1]


def test_several_pages_need_a_folder(command: Command, tmp_path: Path) -> None:
    names = [store(command.directory, f"x/{name}").name for name in ("a", "b")]

    assert "2 campaigns need a folder; end its name with a slash" in command.on("report --html x.html").err
    assert command.on("report --html", f"{tmp_path}/pages/").status == 0
    assert sorted(path.stem for path in (tmp_path / "pages").iterdir()) == sorted(names)
